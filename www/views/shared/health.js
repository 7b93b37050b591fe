/**
 * Whether a run learns at all. A network that only guesses has the logarithm of the number of classes as its loss; one
 * whose loss is far above that has been thrown off by its steps, and its answers are worth nothing, however sure it is.
 *
 * Pure, and only about what is shown: a loss that is no number any more ends the run, and the crate says so.
 *
 * @import { State } from '../../state/store.js'
 */
import { CLASS_NAMES } from '../../loading/records.js';
import { figure } from './format.js';

/** So many times the loss of guessing is far above it: no sound start comes near, and a run that recovers falls below. */
const FAR_ABOVE = 2;

/**
 * The loss of a run that is far above that of guessing, and that one; null of any other run.
 * @param {State} state @returns {{ loss: number, guessing: number } | null}
 */
export function troubleOf({ trained, fromWeights, progress, epochs, data }) {
  if (!trained || fromWeights) return null;
  const isLive = progress !== null && progress.step > 0;
  const loss = isLive ? progress.loss : epochs[epochs.length - 1]?.loss;
  const guessing = Math.log((data?.class_names ?? CLASS_NAMES).length);
  return loss !== undefined && loss > FAR_ABOVE * guessing ? { loss, guessing } : null;
}

/** What to do about it, as the end of a sentence. @param {State} state */
const wayOut = ({ runConfig, config }) => `a smaller learning rate than ${(runConfig ?? config).lr}`;

/** One line for the bar, while it runs and after. @param {State} state @param {boolean} isOver @returns {string | null} */
export function troubleLine(state, isOver) {
  if (!troubleOf(state)) return null;
  return isOver
    ? `It has not learnt: its loss is far above that of guessing. Train anew with ${wayOut(state)}`
    : `it does not learn, its loss is far above that of guessing. Stop, and choose ${wayOut(state)}`;
}

/** The same with its figures, for the stage. @param {State} state @returns {string | null} */
export function troubleSentence(state) {
  const trouble = troubleOf(state);
  if (!trouble) return null;
  return `It does not learn: its loss is ${figure(trouble.loss)}, and mere guessing has ${figure(trouble.guessing)}. Train anew with ${wayOut(state)}.`;
}
