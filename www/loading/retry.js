/**
 * Trying again, after waits that grow, what failed for a reason that may pass.
 *
 * Which reasons those are is said by whoever throws (`DownloadError` in download.js). A wait ends at
 * once when the browser says that there is a network again, unless the server itself asked for it
 * (`Retry-After`). Waits vary by chance, so that a class of thirty whose server fell over does not come
 * back all in one moment.
 *
 * It fetches nothing, and it says nothing to the visitor: `told` does. What was given up is
 * polling.js's.
 */
import { DownloadError } from './download.js';

/** Milliseconds between one try and the next, so there are four tries in all. */
export const WAITS_MS = [500, 1_500, 4_000];
/** A server that asks to wait longer than this is given up; polling.js comes back when it says. */
const MOST_WAIT_MS = 30_000;
/** A wait is longer or shorter by up to this share; one that the server asked for is never shorter. */
const JITTER = 0.25;

/** @typedef {(ms: number, isAsked: boolean) => Promise<void>} Pause Waits about that long; never less if the server asked for it. */

/**
 * @typedef {object} Patience
 * @property {Pause} [pause]
 * @property {() => boolean} [wanted] Whether anybody still waits for it; if not, the failure is the end.
 * @property {(thrown: unknown) => void} [told] Hears of each failure that another try follows.
 */

/** Patience for one try. @type {Patience} */
export const ONCE = { wanted: () => false };

/**
 * Waits, but not beyond one of these events.
 * @param {number} ms
 * @param {[EventTarget, string, (() => boolean)?][]} [events] Where each comes, its type, and whether it counts.
 * @returns {Promise<void>}
 */
export function pauseOr(ms, events = []) {
  return new Promise((resolve) => {
    const ends = new AbortController();
    const end = () => {
      clearTimeout(timer);
      ends.abort();
      resolve();
    };
    const timer = setTimeout(end, ms);
    for (const [target, type, counts] of events) {
      target.addEventListener(type, () => (counts?.() === false ? undefined : end()), { signal: ends.signal });
    }
  });
}

/** A wait as it is kept. @param {number} ms @param {boolean} isAsked */
export const varied = (ms, isAsked) => ms * (1 + JITTER * (isAsked ? Math.random() : 2 * Math.random() - 1));

/**
 * Waits, but not while a network that was gone is back.
 * @param {number} ms
 * @param {boolean} [isAsked]
 * @param {EventTarget} [scope] Where the browser says `online`.
 */
export function pauseOrOnline(ms, isAsked = false, scope = globalThis) {
  return pauseOr(varied(ms, isAsked), isAsked ? [] : [[scope, 'online']]);
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
      if (thrown.retryAfterMs > MOST_WAIT_MS) throw thrown;
      told(thrown);
      await pause(Math.max(waitMs, thrown.retryAfterMs), thrown.retryAfterMs > waitMs);
      if (!wanted()) throw thrown;
    }
  }
  return call();
}
