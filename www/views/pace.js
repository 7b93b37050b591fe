/**
 * How often the panels are drawn anew. A run may end a hundred epochs a second, and drawing each would leave the page no
 * time for a button: what only brings further figures is drawn at most ten times a second, everything else at once.
 *
 * Panels subscribe here as they would to the store. What they are told as the state before is the one that they were told
 * last, so that nothing is missed in between.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Message } from '../protocol/protocol.js'
 * @import { Action } from '../state/store.js'
 */

/** Milliseconds between two drawings of further figures. */
export const DRAW_EVERY_MS = 100;

/** Messages that come as often as the engine likes. @type {(Message | Action)['type'][]} */
const FIGURES = ['progress', 'epoch_end', 'checkpoint', 'run_kept', 'heartbeat', 'prediction'];

/**
 * @param {Store} store
 * @param {{ now: () => number, later: (call: () => void, ms: number) => unknown }} clock In milliseconds.
 * @returns {Store} The same store, whose listeners are told at that pace.
 */
export function paced(store, { now, later }) {
  /** @type {Parameters<Store['subscribe']>[0][]} */
  const listeners = [];
  let told = store.get();
  let toldMs = -Infinity;
  let waits = false;
  /** What is yet to be told: a panel that is drawn may dispatch. @type {[State, Message | Action][]} */
  const untold = [];
  let telling = false;

  /** @param {State} state @param {Message | Action} message */
  function tell(state, message) {
    untold.push([state, message]);
    if (telling) return;
    telling = true;
    try {
      for (let news = untold.shift(); news; news = untold.shift()) tellNow(...news);
    } finally {
      telling = false;
    }
  }

  /** @param {State} state @param {Message | Action} message */
  function tellNow(state, message) {
    const before = told;
    told = state;
    toldMs = now();
    for (const listener of listeners) listener(state, before, message);
  }

  /** @param {Message | Action} message */
  function tellLater(message) {
    if (waits) return;
    waits = true;
    later(() => {
      waits = false;
      if (store.get() !== told) tell(store.get(), message);
    }, Math.max(0, toldMs + DRAW_EVERY_MS - now()));
  }

  store.subscribe((state, before, message) => {
    const isDue = state.phase !== before.phase || !FIGURES.includes(message.type) || now() - toldMs >= DRAW_EVERY_MS;
    if (isDue) tell(state, message);
    else tellLater(message);
  });

  return { ...store, subscribe: (listener) => void listeners.push(listener) };
}
