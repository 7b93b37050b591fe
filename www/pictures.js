/**
 * The visitor's own picture, made into what the network sees: the middle square, 32 × 32 pixels.
 *
 * It holds no state and does not ask the network.
 */
import { SIDE, toPlanes } from './records.js';

/**
 * @param {Blob} file
 * @returns {Promise<Uint8Array>} Red, green and blue planes.
 * @throws When the browser cannot read it as a picture.
 */
export async function shrinkPicture(file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const left = Math.floor((picture.width - side) / 2);
  const top = Math.floor((picture.height - side) / 2);
  // Cut before it is shrunk: drawing a part of a picture smaller lets what lies beside it bleed in.
  const square = await createImageBitmap(picture, left, top, side, side, {
    resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: 'high',
  });
  picture.close();
  const pixels = toPlanes(readPixels(square));
  square.close();
  return pixels;
}

/** @param {ImageBitmap} square Of 32 × 32 pixels. @returns {Uint8ClampedArray} RGBA, on white where it is transparent. */
function readPixels(square) {
  const canvas = document.createElement('canvas');
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser has no canvas.');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, SIDE, SIDE);
  context.drawImage(square, 0, 0);
  return context.getImageData(0, 0, SIDE, SIDE).data;
}
