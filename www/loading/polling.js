/**
 * Polls a server that was given up: after waits that grow to five minutes, and at once when the browser
 * says that there is a network again or the page is looked at. A server that says when to come back
 * (`Retry-After`) is not asked before.
 *
 * Polling is silent: a probe changes nothing that is shown. Only when one succeeds is everything that
 * is missing asked for, as by the button. What a probe is, loader.js says.
 *
 * @import { Message } from '../protocol/protocol.js'
 * @import { Pause } from './retry.js'
 * @import { Action, State } from '../state/store.js'
 */
import { DownloadError } from './download.js';
import { mayFeed } from '../state/phases.js';
import { pauseOr, varied } from './retry.js';

/** Milliseconds before each probe; the last one stays. */
export const PACE_MS = [15_000, 30_000, 60_000, 120_000, 300_000];

/** @type {Pause} */
function pauseOrLook(ms, isAsked) {
  const isSeen = () => !document.hidden;
  return pauseOr(varied(ms, isAsked), isAsked ? [] : [[window, 'online'], [document, 'visibilitychange', isSeen]]);
}

/**
 * @param {{ get: () => State }} store
 * @param {{ probe: () => Promise<void>, retry: () => Promise<void> }} server `probe` rejects while the server is not well.
 * @param {Pause} [pause]
 */
export function createPolling(store, { probe, retry }, pause = pauseOrLook) {
  let polling = false;
  /** Milliseconds that the server has asked to wait. */
  let askedMs = 0;
  const isGivenUp = () => store.get().dataProblem !== null;

  const mayAsk = () => isGivenUp() && mayFeed(store.get());

  async function ask() {
    askedMs = 0;
    try {
      await probe();
    } catch (thrown) {
      if (thrown instanceof DownloadError) askedMs = thrown.retryAfterMs;
      return;
    }
    if (mayAsk()) await retry();
  }

  async function poll() {
    if (polling) return;
    polling = true;
    for (let i = 0; isGivenUp(); i += 1) {
      const paceMs = PACE_MS[Math.min(i, PACE_MS.length - 1)];
      await pause(Math.max(paceMs, askedMs), askedMs > 0);
      if (mayAsk()) await ask();
    }
    polling = false;
  }

  return {
    /** @param {Message | Action} message */
    heard(message) {
      if (message.type !== 'data_failed') return;
      askedMs = message.retryAfterMs ?? 0;
      void poll();
    },
  };
}
