/**
 * What the browser, and the address that the page came from, give and withhold.
 *
 * Three questions: what keeps the engine from running at all (`whyNoEngine`), what is merely
 * missing (`withheld`), and whether a file can be saved (`savingDoubts`). All read a scope that they are given, so that they are tested without a
 * browser. Which backends can run is not asked here: the crate says that.
 *
 * @import { ErrorReport } from '../protocol/protocol.js'
 */
import { reportOf } from '../protocol/errors.js';

/** A module with one function, whose only instruction is one of SIMD's: `v128.const 0`. */
const SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, // The magic word and the version.
  1, 5, 1, 96, 0, 1, 123, // A type: nothing → v128.
  3, 2, 1, 0, // A function of that type.
  10, 22, 1, 20, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, // Its code.
);

/** The same of relaxed SIMD: `f32x4.relaxed_madd` of three times `f32x4.splat (f32.const 0)`. */
const RELAXED_SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0,
  1, 5, 1, 96, 0, 1, 123,
  3, 2, 1, 0,
  10, 28, 1, 26, 0, 67, 0, 0, 0, 0, 253, 19, 67, 0, 0, 0, 0, 253, 19, 67, 0, 0, 0, 0, 253, 19, 253, 133, 2, 11,
);

/** Versions with SIMD and module workers alike, from caniuse.com. */
const NEWER = 'Use a newer browser: Chrome or Edge from version 91, Firefox from 114 or Safari from 16.4.';

/**
 * @typedef {object} Scope The parts of `globalThis` that are looked at.
 * @property {{ validate: (bytes: Uint8Array<ArrayBuffer>) => boolean }} [WebAssembly]
 * @property {unknown} [Worker]
 * @property {boolean} [isSecureContext]
 * @property {string} [origin]
 * @property {{ href: string }} [location]
 */

/** The page's address without its fragment, to be opened by itself. @param {{ location?: { href: string } }} scope */
const addressOf = ({ location }) => location?.href.replace(/#.*$/, '') ?? 'the page';

/** @param {Scope} [scope] @returns {ErrorReport | null} Why the engine cannot run in this browser, or at this place, if so. */
export function whyNoEngine(scope = globalThis) {
  if (scope.origin === 'null') {
    return reportOf('no_origin', 'Here the browser starts no training engine: the page lies in a sandboxed frame, or was not opened from a web server.',
      `Open ${addressOf(scope)} in a tab of its own.`);
  }
  if (typeof scope.WebAssembly?.validate !== 'function') {
    return reportOf('no_wasm', 'This browser has no WebAssembly, in which the training engine runs.',
      'Allow WebAssembly for this page, where it was switched off, or use another browser.');
  }
  if (!scope.WebAssembly.validate(SIMD_MODULE)) {
    return reportOf('no_simd', 'This browser’s WebAssembly has no SIMD, which the training engine is built on.', NEWER);
  }
  return typeof scope.Worker === 'function' ? null : noModuleWorker();
}

/** @param {Scope} [scope] @returns {boolean} Whether a module with relaxed SIMD's instructions is valid here. */
export function hasRelaxedSimd(scope = globalThis) {
  return scope.WebAssembly?.validate(RELAXED_SIMD_MODULE) === true;
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

/**
 * @typedef {object} FramedWindow The parts of `window` that tell of a frame around the page.
 * @property {FramedWindow} parent
 * @property {{ hasAttribute: (name: string) => boolean, sandbox: { contains: (word: string) => boolean } } | null} frameElement
 * @property {{ href: string }} location
 */

/** @param {FramedWindow} frame @returns {'allowed' | 'refused' | 'unknown'} Whether the frames around a page let files out. */
function downloadsIn(frame) {
  try {
    for (let each = frame; each.parent !== each; each = each.parent) {
      if (!each.frameElement) return 'unknown'; // The page around it is another origin's.
      if (each.frameElement.hasAttribute('sandbox') && !each.frameElement.sandbox.contains('allow-downloads')) return 'refused';
    }
    return 'allowed';
  } catch {
    return 'unknown';
  }
}

/**
 * What to say when a file is given to the visitor: a browser drops it without a word where a frame allows no downloads.
 * @param {string} name The file's.
 * @param {FramedWindow} [scope]
 * @returns {string | null} As sentences; null where nothing speaks against it.
 */
export function savingDoubts(name, scope = /** @type {any} */ (window)) {
  const downloads = downloadsIn(scope);
  if (downloads === 'allowed') return null;
  const way = `Open ${addressOf(scope)} in a tab of its own to save files.`;
  return downloads === 'refused'
    ? `“${name}” was not saved: the frame around this page allows no downloads. ${way}`
    : `If “${name}” did not arrive, the frame around this page allows no downloads. ${way}`;
}
