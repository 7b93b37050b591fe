/**
 * Numbers and times as a person reads them. Pure.
 *
 * Figures that tests and programs read too (accuracies, images per second) keep a plain point and
 * no separators.
 */

/** @param {number} value @returns {string} 1,563 */
export const count = (value) => value.toLocaleString('en');

/** @param {number} value @returns {string} Four decimals, as Keras logs them. */
export const figure = (value) => value.toFixed(4);

/** @param {number} share @returns {string} 61.2 % */
export const percent = (share) => `${(share * 100).toFixed(1)} %`;

/** @param {number} seconds @returns {string} */
export function duration(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 1) return 'under 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}

/** @param {number} ms @returns {string} */
export const milliseconds = (ms) => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms)));

/** @param {number} seconds @returns {string} */
export const seconds = (seconds) => (seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds)));

/** The tutorial's log line. @param {import('../protocol.js').EpochResult} row @param {number} epochs */
export function logLine(row, epochs) {
  return `Epoch ${row.epoch}/${epochs} — ${seconds(row.seconds)} s — ${milliseconds(row.step_ms)} ms/step — `
    + `accuracy: ${figure(row.accuracy)} — loss: ${figure(row.loss)} — `
    + `val_accuracy: ${figure(row.val_accuracy)} — val_loss: ${figure(row.val_loss)}`;
}
