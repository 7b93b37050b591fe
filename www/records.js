/**
 * CIFAR-10's records as the page needs them: to look at, and to ask the network about.
 *
 * The page draws with these few lines so that images appear before the wasm module is compiled.
 * Whether bytes are what they should be is the crate's to say. Here is looked at what drawing
 * needs (gzip by its first bytes, never by a header; whole records), and the labels of a visitor's
 * file: taking a file gives the trained network up, so a bad one is refused before that.
 */
import { CLASSES, PIXEL_BYTES, RECORD_BYTES } from './protocol.js';

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

/** @param {Uint8Array} records Decompressed. @returns {string | null} What is wrong with them; null if nothing is. */
export function problemOf(records) {
  if (records.length === 0) return 'is empty';
  if (isGzip(records)) return 'is compressed twice: unpack it once';
  if (records.length > MOST_BYTES) return `has more than the ${MOST_RECORDS.toLocaleString('en')} images of CIFAR-10`;
  const left = records.length % RECORD_BYTES;
  if (left !== 0) return `is cut short or is not CIFAR-10: ${left} bytes are left over after whole records of ${RECORD_BYTES} bytes`;
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    if (records[at] < CLASSES) continue;
    return `is not CIFAR-10: record ${at / RECORD_BYTES + 1} has the label ${records[at]}, and labels are 0 to ${CLASSES - 1}`;
  }
  return null;
}

/** A file of the visitor's, read and looked at. @typedef {{ file: File, bytes: Uint8Array<ArrayBuffer>, records: Uint8Array }} OpenedFile */

/**
 * Reads a file of the visitor's.
 * @param {File} file
 * @returns {Promise<OpenedFile>} Rejects with a sentence when it is not what it should be.
 */
export async function openFile(file) {
  const refuse = (/** @type {string} */ problem) => new Error(`“${file.name}” ${problem}.`);
  if (file.size > MOST_BYTES) throw refuse('is larger than all of CIFAR-10');
  const buffer = await file.arrayBuffer().catch(() => {
    throw refuse('cannot be read: it may be a folder, or it was moved');
  });
  const bytes = new Uint8Array(buffer);
  const records = await openRecords(bytes).catch((thrown) => {
    throw refuse(thrown instanceof RangeError ? 'unfolds to more than all of CIFAR-10' : 'is not a complete gzip file');
  });
  const problem = problemOf(records);
  if (problem) throw refuse(problem);
  return { file, bytes, records };
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
