/**
 * What the browser, and the address that the page came from, give and withhold.
 *
 * Two questions: what keeps the engine from running at all (`whyNoEngine`), and what is merely
 * missing (`withheld`). Both read a scope that they are given, so that they are tested without a
 * browser. Which backends can run is not asked here: the crate says that.
 *
 * @import { ErrorReport } from './protocol.js'
 */
import { reportOf } from './errors.js';

/** A module with one function, whose only instruction is one of SIMD's: `v128.const 0`. */
const SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, // The magic word and the version.
  1, 5, 1, 96, 0, 1, 123, // A type: nothing → v128.
  3, 2, 1, 0, // A function of that type.
  10, 22, 1, 20, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, // Its code.
);

/** Versions with SIMD and module workers alike, from caniuse.com. */
const NEWER = 'Use a newer browser: Chrome or Edge from version 91, Firefox from 114 or Safari from 16.4.';

/**
 * @typedef {object} Scope The parts of `globalThis` that are looked at.
 * @property {{ validate: (bytes: Uint8Array<ArrayBuffer>) => boolean }} [WebAssembly]
 * @property {unknown} [Worker]
 * @property {boolean} [isSecureContext]
 */

/** @param {Scope} [scope] @returns {ErrorReport | null} Why the engine cannot run in this browser, if so. */
export function whyNoEngine(scope = globalThis) {
  if (typeof scope.WebAssembly?.validate !== 'function') {
    return reportOf('no_wasm', 'This browser has no WebAssembly, in which the training engine runs.',
      'Allow WebAssembly for this page, where it was switched off, or use another browser.');
  }
  if (!scope.WebAssembly.validate(SIMD_MODULE)) {
    return reportOf('no_simd', 'This browser’s WebAssembly has no SIMD, which the training engine is built on.', NEWER);
  }
  return typeof scope.Worker === 'function' ? null : noModuleWorker();
}

/** Only the browser's own `Worker` shows whether it reads the type `module`. @returns {ErrorReport} */
export function noModuleWorker() {
  return reportOf('no_module_worker', 'This browser cannot run the training engine beside the page: it has no module workers.', NEWER);
}

/** @param {Scope} [scope] @returns {string | null} What is missing and how to get it, as sentences. */
export function withheld(scope = globalThis) {
  if (scope.isSecureContext !== false) return null;
  return 'This page came over plain http, so the browser withholds the graphics card and keeps nothing between visits. '
    + 'Training on the processor works all the same. Serve the page over https, or open it at localhost, to get both.';
}
