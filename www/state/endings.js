/**
 * How a run ended: by itself, or because a step failed. And how good it is then.
 *
 * Pure. What is said of it is the views' (title.js, notify.js).
 *
 * @import { Phase } from './phases.js'
 * @import { State } from './store.js'
 */
import { keepsBest } from './held-out.js';

/** Phases of a run that learns, or is about to. @type {Phase[]} */
const LEARNING = ['compiling', 'training', 'recovering'];

/**
 * The test accuracy of the weights that the run ended with. Each epoch says its own, but where it was measured on held-out images:
 * then the test images were measured once, at the end.
 * @param {State} state @returns {number | null}
 */
export function accuracyOf({ evaluation, evaluatedOn, epochs, runConfig }) {
  if (!runConfig || !keepsBest(runConfig)) return epochs[epochs.length - 1]?.val_accuracy ?? null;
  return evaluatedOn === 'test' ? evaluation?.accuracy ?? null : null;
}

/**
 * Whether a run has ended between two states, and how. One that was stopped by hand has not: whoever did so knows.
 * @param {State} state @param {State} before @returns {'done' | 'failed' | null}
 */
export function endingOf(state, before) {
  if (!LEARNING.includes(before.phase) || LEARNING.includes(state.phase)) return null;
  if (state.phase === 'done') return 'done';
  const hasFailed = state.phase === 'error' || (state.phase === 'ready' && state.error !== null && state.error !== before.error);
  return hasFailed ? 'failed' : null;
}
