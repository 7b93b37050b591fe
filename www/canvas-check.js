/**
 * Whether a canvas answers with what was drawn on it. Some browsers alter what a page reads from one,
 * so that it cannot tell visitors apart: by a level here and there, or altogether.
 */

/** Along one side: enough pixels that a browser which alters some of them meets these too. */
const SIDE = 64;

/** A level more or less changes no answer; what replaces the picture is tens of levels off. */
const SLIGHT_LEVELS = 2;

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
  const most = written.reduce((worst, value, i) => Math.max(worst, Math.abs(value - read[i])), 0);
  if (most === 0) return 'true';
  return most <= SLIGHT_LEVELS ? 'slight' : 'false';
}
