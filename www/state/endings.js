/**
 * How a run ended: by itself, or because a step failed. And how good it is then.
 *
 * Pure. What is said of it is the views' (title.js, notify.js).
 *
 * @import { Phase } from './phases.js'
 * @import { State } from './store.js'
 */

/** Phases of a run that learns, or is about to. @type {Phase[]} */
const LEARNING = ['compiling', 'training', 'recovering'];

/** The accuracy of the weights that the run has kept: of the last evaluation, which the last epoch brings. @param {State} state @returns {number | null} */
export const accuracyOf = ({ evaluation, epochs }) => evaluation?.accuracy ?? epochs[epochs.length - 1]?.val_accuracy ?? null;

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
