/**
 * Numbers and times as a person reads them. Pure.
 *
 * Figures that tests and programs read too (accuracies, images per second) keep a plain point and
 * no separators, up to a size that no figure of a sound run has.
 */

/**
 * A number with its separators, and with the noun in its number: 1,563; 1 image; 5,000 images.
 * @param {number} value @param {string} [noun] In the singular. @param {string} [plural]
 */
export function count(value, noun, plural = `${noun}s`) {
  const digits = value.toLocaleString('en');
  return noun ? `${digits} ${value === 1 ? noun : plural}` : digits;
}

/** From this size on four decimals say nothing and only make a number long. */
const LARGE = 100_000;
/** Above it, and below its inverse, only the power of ten can be read. */
const BEYOND_NAMES = 1e15;

/** @param {number} value @param {number} digits @returns {string} 2.5e15 */
const power = (value, digits) => value.toExponential(digits).replace('e+', 'e').replace(/\.?0+e/, 'e');

/** @param {number} value @param {number} decimals @returns {string} 11.04T */
function compact(value, decimals) {
  if (Math.abs(value) >= BEYOND_NAMES) return power(value, decimals);
  return value.toLocaleString('en', { notation: 'compact', maximumFractionDigits: decimals });
}

/** Four decimals, as Keras logs them; a large number by its name. @param {number} value @returns {string} 0.4110, 11.04T */
export const figure = (value) => (Math.abs(value) < LARGE || !Number.isFinite(value) ? value.toFixed(4) : compact(value, 2));

/** A number beside an axis, where there is room for six characters. @param {number} value @returns {string} 0.25, 1,500, 1T */
export function short(value) {
  const size = Math.abs(value);
  if (size >= 10_000) return compact(value, 1);
  if (size > 0 && size < 0.001) return power(value, 1);
  return Number(value.toPrecision(4)).toLocaleString('en', { maximumFractionDigits: 4 });
}

/** @param {number} share @returns {string} 61.2 % */
export const percent = (share) => `${(share * 100).toFixed(1)} %`;

/** One decimal, with a minus sign that is as wide as a digit. @param {number} value @returns {string} −8.4 */
export function decimal(value) {
  const digits = Math.abs(value).toFixed(1);
  return `${value < 0 && Number(digits) > 0 ? '−' : ''}${digits}`;
}

/** A number of points of accuracy. @param {number} value @returns {string} 8.4 points */
export const points = (value) => `${decimal(value)} points`;

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

/** A learning rate, to two digits. @param {number} value @returns {string} 0.00098 */
export const rate = (value) => String(Number(value.toPrecision(2)));

/** The tutorial's log line, and the last step's rate where a schedule moves it. @param {import('../../protocol/protocol.js').EpochResult} row @param {number} epochs */
export function logLine(row, epochs) {
  const lr = row.lr === undefined ? '' : ` — learning_rate: ${rate(row.lr)}`;
  return `Epoch ${row.epoch}/${epochs} — ${seconds(row.seconds)} s — ${milliseconds(row.step_ms)} ms/step — `
    + `accuracy: ${figure(row.accuracy)} — loss: ${figure(row.loss)} — `
    + `val_accuracy: ${figure(row.val_accuracy)} — val_loss: ${figure(row.val_loss)}${lr}`;
}
