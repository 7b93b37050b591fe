/**
 * CIFAR-10's records as the page needs them: to look at, and to ask the network about.
 *
 * The page draws with these few lines so that images appear before the wasm module is compiled.
 * Whether bytes are what they should be is the crate's to say; here is looked at what drawing
 * needs (gzip by its first bytes, never by a header; whole records).
 */
import { PIXEL_BYTES, RECORD_BYTES } from '../protocol/protocol.js';

/** Pixels along one side of an image. */
export const SIDE = 32;

/** More than CIFAR-10 has would only fill the memory. */
const MOST_RECORDS = 60_000;
const MOST_BYTES = MOST_RECORDS * RECORD_BYTES;

/** The classes in the order of the labels, for what is shown before the engine says them. */
export const CLASS_NAMES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/** @param {Uint8Array} bytes */
const isGzip = (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The records in a file or shard, decompressed.
 * @param {Uint8Array<ArrayBuffer>} bytes Raw or gzip.
 * @param {number} [most] Bytes beyond which inflating ends with an error: a small file may unfold to gigabytes.
 * @returns {Promise<Uint8Array>}
 */
export async function openRecords(bytes, most = MOST_BYTES) {
  if (!isGzip(bytes)) return bytes;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  const chunks = [];
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    length += read.value.length;
    if (length > most) {
      void reader.cancel().catch(() => undefined);
      throw new RangeError('more bytes than CIFAR-10 has');
    }
    chunks.push(read.value);
  }
  return join(chunks, length);
}

/** @param {Uint8Array[]} chunks @param {number} length */
function join(chunks, length) {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
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
