/** What has to cross the network before the first training step, but for the data: sizes after brotli. */
import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

/** Pictures are compressed already. */
const STORED = /\.(gz|png)$/;
/** @type {Map<string, number>} */
const known = new Map();

/** As a host would serve it that compresses as well as brotli can. @param {string} file */
export function brotliBytes(file) {
  const held = known.get(file);
  if (held !== undefined) return held;
  const content = readFileSync(file);
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
  const bytes = STORED.test(file) ? content.length : brotliCompressSync(content, {
    params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: content.length },
  }).length;
  known.set(file, bytes);
  return bytes;
}

/**
 * @param {string[]} paths That a page asked for. @param {(path: string) => string | null} fileOf
 * @param {RegExp} ignored What belongs to the measurement or to the data.
 */
export function brotliTotal(paths, fileOf, ignored) {
  const files = [...new Set(paths)].filter((path) => !ignored.test(path)).map(fileOf);
  return files.reduce((sum, file) => sum + (file ? brotliBytes(file) : 0), 0);
}
