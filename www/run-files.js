/**
 * A saved run as the visitor's file: told from other files by its name, and read.
 *
 * What is in it is the crate's to say (src/checkpoint.rs); here is only looked at what keeps a file
 * from being read at all.
 */

/** As the crate has it: the tutorial's run takes 1.5 MB. */
const MOST_BYTES = 64 * 2 ** 20;

/** @param {File} file @returns {boolean} */
export const isRunFile = (file) => file.name.toLowerCase().endsWith('.safetensors');

/**
 * @param {File} file
 * @returns {Promise<Uint8Array<ArrayBuffer>>} Rejects with the end of a sentence.
 */
export async function readRunFile(file) {
  if (file.size === 0) throw new Error('is empty');
  if (file.size > MOST_BYTES) throw new Error('is too large to be a saved run');
  const buffer = await file.arrayBuffer().catch(() => {
    throw new Error('cannot be read: it may be a folder, or it was moved');
  });
  return new Uint8Array(buffer);
}
