/**
 * The errors that the page itself reports, each under a stable code.
 *
 * docs/errors.md says when each comes and what to do; a unit test holds the two together. The
 * crate's errors come over the border with a code, a sentence and a hint of their own
 * (src/error.rs); here is nothing of them.
 *
 * @import { ErrorReport } from './protocol.js'
 */

/** The worker has four of these as well, `busy`, `engine_failed`, `gpu_lost` and `not_loaded`; it imports nothing of the page. */
export const PAGE_CODES = /** @type {const} */ ([
  'busy', 'canvas_falsified', 'data_unavailable', 'engine_failed', 'gpu_lost', 'invalid_config', 'invalid_data', 'invalid_link',
  'invalid_picture', 'no_file', 'no_module_worker', 'no_origin', 'no_simd', 'no_wasm', 'not_loaded', 'worker_failed',
]);

/** @typedef {typeof PAGE_CODES[number]} PageCode */

/**
 * @param {PageCode} code
 * @param {string} message What happened, as a sentence.
 * @param {string} hint What to do next, as a sentence.
 * @returns {ErrorReport}
 */
export function reportOf(code, message, hint) {
  return { code, message, hint };
}

/** Why a file is not taken: `message` goes on from its name, `hint` is a sentence. */
export class Refusal extends Error {
  /** @param {string} message @param {string} hint @param {PageCode} [code] */
  constructor(message, hint, code = 'invalid_picture') {
    super(message);
    this.hint = hint;
    this.code = code;
  }
}

/** What was thrown, as the end of a sentence. @param {unknown} thrown */
export const wordsOf = (thrown) => (thrown instanceof Error ? thrown.message : String(thrown));
