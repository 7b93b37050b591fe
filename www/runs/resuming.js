/**
 * When a run begins or goes on: a kept run is opened once engine and data are there, a link that starts by itself does
 * so, and a Start asks before it takes a kept run's place.
 *
 * What is kept is checkpoints.js's, whose it is, storage-reducer.js's. It knows neither the DOM nor the worker.
 *
 * @import { Message } from '../protocol/protocol.js'
 * @import { Action, State } from '../state/store.js'
 */
import { isRunOf, keptRun, missingSources, mustAsk } from '../state/storage-reducer.js';
import { isOccupied } from '../state/phases.js';
import { goesOn } from '../state/run-reducer.js';
import { needsWord } from '../state/run-images.js';
import { isSettled, problemsOf } from '../state/store.js';

/** @param {State} state */
export const isUsable = (state) => Object.keys(problemsOf(state)).length === 0;

/**
 * Whether the kept run, which is wanted, can be given to the engine now. One on the server's images may be before
 * those have come; one on the visitor's files only with them, because a change of data takes the engine's run away.
 * @param {State} state
 */
export function mayOpen(state) {
  const { kept, loaded, alive, source } = state;
  if (kept.wanted !== 'waits' || !loaded || !alive || source === 'none' || state.phase === 'error' || isOccupied(state)) return false;
  if (missingSources(state).length > 0) return false;
  const isServers = (keptRun(kept)?.sources.length ?? 0) > 0 && source === 'server';
  return isServers || isSettled(state);
}

/** Whether it is asked now if these are the images of the run that was opened: they are here to be looked at. @param {State} state */
export const isImagesAsked = (state) => needsWord(state) && (state.doubted ?? state.resumable === null) === false && isSettled(state) && !isOccupied(state);

/** How a run starts: `anew` begins a fresh one also where one rests. @typedef {{ anew?: boolean }} How */

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {object} page
 * @param {(how?: How) => void} page.start Starts a run, or goes on with the one that was opened.
 * @param {() => void} page.resume Has the engine go on.
 * @param {() => Promise<void>} page.open Gives the kept run to the engine.
 */
export function createResuming(store, { start, resume, open }) {
  /** How what is asked about was to start. @type {How | undefined} */
  let asked;

  /** @param {State} state */
  function startByItself(state) {
    const { kept, config } = state;
    if (!kept.looked || kept.isHeld || !isUsable(state)) return;
    const run = keptRun(kept);
    if (!run || !isRunOf(run, config)) return tryStart();
    if (!kept.own || !state.trained) {
      if (state.loaded) store.dispatch({ type: 'kept_wanted' });
      return;
    }
    // It is on the page already.
    store.dispatch({ type: 'autostart_over' });
    if (goesOn(state)) start();
  }

  /** Starts, but for a run that is kept: then that is asked. @param {How} [how] */
  function tryStart(how) {
    const state = store.get();
    asked = how;
    if (!mustAsk(state)) start(how);
    else if (state.kept.asks === null && isSettled(state) && !isOccupied(state)) store.dispatch({ type: 'replace_asked', by: 'start' });
  }

  return {
    tryStart,
    /** Does what the state asks for, after each message. */
    look() {
      const state = store.get();
      if (state.resumes && state.resumable && isSettled(state) && !needsWord(state)) resume(); // A second one does no harm.
      else if (mayOpen(state)) void open();
      else if (state.autostart) startByItself(state);
      else if (state.startWaits && isUsable(state)) tryStart();
    },
    /** @param {boolean} agreed Whether a run may take the kept one's place. */
    answer(agreed) {
      const by = store.get().kept.asks;
      store.dispatch({ type: 'replace_answered', agreed, by });
      if (agreed && by === 'start') start(asked);
    },
  };
}

/** @typedef {ReturnType<typeof createResuming>} Resuming */
