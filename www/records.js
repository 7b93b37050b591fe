/**
 * CIFAR-10's records as the page needs them: to look at, and to ask the network about.
 *
 * The page draws with these few lines so that images appear before the wasm module is compiled.
 * Whether bytes are what they should be is the crate's to say; here only what drawing needs is
 * looked at: that they are gzip (by their first bytes, never by a header) and whole records.
 */
import { PIXEL_BYTES, RECORD_BYTES } from './protocol.js';

/** Pixels along one side of an image. */
export const SIDE = 32;

/** The classes in the order of the labels, for what is shown before the engine says them. */
export const CLASS_NAMES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/**
 * The records in a file or shard, decompressed.
 * @param {Uint8Array<ArrayBuffer>} bytes Raw or gzip.
 * @returns {Promise<Uint8Array>}
 */
export async function openRecords(bytes) {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {Uint8Array} records @returns {number} How many records there are. */
export function countRecords(records) {
  return Math.floor(records.length / RECORD_BYTES);
}

/** @param {Uint8Array} records @returns {boolean} Whether they are whole, and at least one. */
export function areWhole(records) {
  return records.length > 0 && records.length % RECORD_BYTES === 0;
}

/** @param {Uint8Array} records @param {number} index @returns {{ label: number, pixels: Uint8Array }} */
export function recordAt(records, index) {
  const start = index * RECORD_BYTES;
  return { label: records[start], pixels: records.slice(start + 1, start + 1 + PIXEL_BYTES) };
}

/**
 * Planes to what a canvas takes.
 * @param {Uint8Array} pixels Red, green and blue planes.
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGBA, row by row.
 */
export function toRgba(pixels) {
  const plane = SIDE * SIDE;
  const rgba = new Uint8ClampedArray(plane * 4);
  for (let i = 0; i < plane; i += 1) {
    rgba[i * 4] = pixels[i];
    rgba[i * 4 + 1] = pixels[plane + i];
    rgba[i * 4 + 2] = pixels[2 * plane + i];
    rgba[i * 4 + 3] = 255;
  }
  return rgba;
}

/**
 * What a canvas gives to planes.
 * @param {Uint8ClampedArray} rgba
 * @returns {Uint8Array} Red, green and blue planes.
 */
export function toPlanes(rgba) {
  const plane = SIDE * SIDE;
  const pixels = new Uint8Array(plane * 3);
  for (let i = 0; i < plane; i += 1) {
    pixels[i] = rgba[i * 4];
    pixels[plane + i] = rgba[i * 4 + 1];
    pixels[2 * plane + i] = rgba[i * 4 + 2];
  }
  return pixels;
}
