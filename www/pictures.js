/**
 * The visitor's own picture, made into what the network sees: the middle square, 32 × 32 pixels.
 *
 * It holds no state and does not ask the network.
 */
import { SIDE, toPlanes } from './records.js';

/** A larger file is no picture that a page should hold. */
const MOST_BYTES = 100_000_000;
/** Decoding takes four bytes a pixel: 400 MB. */
const MOST_PIXELS = 100_000_000;

/**
 * Reads a picture's size without decoding it: a small file may unfold to gigabytes.
 * @param {Blob} file
 * @returns {Promise<HTMLImageElement>}
 */
async function openPicture(file) {
  if (file.size === 0) throw new Error('is empty');
  if (file.size > MOST_BYTES) throw new Error(`is too large a file: at most ${MOST_BYTES / 1e6} MB are read`);
  const picture = new Image();
  const url = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      picture.onload = resolve;
      picture.onerror = () => reject(new Error('cannot be read as a picture'));
      picture.src = url;
    });
  } finally {
    URL.revokeObjectURL(url);
  }
  const { naturalWidth: width, naturalHeight: height } = picture;
  if (width === 0 || height === 0) throw new Error('is empty');
  if (width * height > MOST_PIXELS) throw new Error(`is too large a picture: ${width} × ${height} pixels, and at most ${MOST_PIXELS / 1e6} million are read`);
  return picture;
}

/**
 * @param {Blob} file
 * @returns {Promise<Uint8Array>} Red, green and blue planes. Rejects with the end of a sentence.
 */
export async function shrinkPicture(file) {
  const picture = await openPicture(file);
  const side = Math.min(picture.naturalWidth, picture.naturalHeight);
  const left = Math.floor((picture.naturalWidth - side) / 2);
  const top = Math.floor((picture.naturalHeight - side) / 2);
  // Cut before it is shrunk: drawing a part of a picture smaller lets what lies beside it bleed in.
  const square = await createImageBitmap(picture, left, top, side, side, {
    resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: 'high',
  }).catch(() => {
    throw new Error('cannot be read as a picture');
  });
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
  if (!context) throw new Error('cannot be drawn: this browser has no canvas');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, SIDE, SIDE);
  context.drawImage(square, 0, 0);
  return context.getImageData(0, 0, SIDE, SIDE).data;
}
