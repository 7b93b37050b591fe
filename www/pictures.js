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
  const left = (picture.width - side) / 2;
  const top = (picture.height - side) / 2;
  const canvas = document.createElement('canvas');
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser has no canvas.');
  context.fillStyle = '#fff'; // Behind what is transparent.
  context.fillRect(0, 0, SIDE, SIDE);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, left, top, side, side, 0, 0, SIDE, SIDE);
  picture.close();
  return toPlanes(context.getImageData(0, 0, SIDE, SIDE).data);
}
