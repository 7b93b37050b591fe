/**
 * Trying again, after waits that grow, what failed for a reason that may pass.
 *
 * Which reasons those are is said by whoever throws (`DownloadError` in download.js). A wait ends at
 * once when the browser says that there is a network again. Waits vary by chance, so that a class of
 * thirty whose server fell over does not come back all in one moment.
 *
 * It fetches nothing, and it says nothing to the visitor: `told` does.
 */
import { DownloadError } from './download.js';

/** Milliseconds between one try and the next, so there are four tries in all. */
export const WAITS_MS = [500, 1_500, 4_000];
/** A wait is longer or shorter by up to this share. */
const JITTER = 0.25;

/** @typedef {(ms: number) => Promise<void>} Pause Waits about that long. */

/**
 * @typedef {object} Patience
 * @property {Pause} [pause]
 * @property {() => boolean} [wanted] Whether anybody still waits for it; if not, the failure is the end.
 * @property {(thrown: unknown) => void} [told] Hears of each failure that another try follows.
 */

/**
 * Waits, but not while a network that was gone is back.
 * @param {number} ms
 * @param {EventTarget} [scope] Where the browser says `online`.
 * @returns {Promise<void>}
 */
export function pauseOrOnline(ms, scope = globalThis) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      scope.removeEventListener('online', end);
      resolve();
    };
    const timer = setTimeout(end, ms * (1 - JITTER + 2 * JITTER * Math.random()));
    scope.addEventListener('online', end);
  });
}

/**
 * @template T
 * @param {() => Promise<T>} call
 * @param {Patience} [patience]
 * @returns {Promise<T>} Rejects with the last failure.
 */
export async function withRetries(call, { pause = pauseOrOnline, wanted = () => true, told = () => undefined } = {}) {
  for (const waitMs of WAITS_MS) {
    try {
      return await call();
    } catch (thrown) {
      if (!(thrown instanceof DownloadError && thrown.mayPass) || !wanted()) throw thrown;
      told(thrown);
      await pause(waitMs);
      if (!wanted()) throw thrown;
    }
  }
  return call();
}
