/**
 * Whether a canvas answers with what was drawn on it. Some browsers alter what a page reads from one,
 * so that it cannot tell visitors apart: by a level here and there, or altogether.
 */

/** Along one side: enough pixels that a browser which alters some of them meets these too. */
const SIDE = 64;

/** A few levels here and there, a tenth of one in the mean, change no answer; what replaces the picture is tens off. */
const SLIGHT_MEAN_LEVELS = 1;

/** Colours all over the range, each channel in an order of its own. @returns {Uint8ClampedArray<ArrayBuffer>} RGBA. */
function pattern() {
  const rgba = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let i = 0; i < SIDE * SIDE; i += 1) rgba.set([(i * 37) & 255, (i * 91 + 60) & 255, (i * 151 + 7) & 255, 255], 4 * i);
  return rgba;
}

/**
 * @param {CanvasRenderingContext2D} context Of a canvas of at least 64 × 64 pixels; its corner is overwritten.
 * @returns {'true' | 'slight' | 'false'} What is read is what was written; almost; or something else.
 */
export function readsBack(context) {
  const written = pattern();
  context.putImageData(new ImageData(written, SIDE, SIDE), 0, 0);
  const read = context.getImageData(0, 0, SIDE, SIDE).data;
  const difference = written.reduce((sum, value, i) => sum + Math.abs(value - read[i]), 0);
  if (difference === 0) return 'true';
  return difference <= SLIGHT_MEAN_LEVELS * written.length ? 'slight' : 'false';
}
