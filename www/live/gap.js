/**
 * When a run's network is measured on the images that it learnt from: once it is over, and whenever it is evaluated; by itself
 * only where that takes a moment, since the engine does nothing else meanwhile.
 *
 * @import { Command } from '../protocol/protocol.js'
 * @import { State, Store } from '../state/store.js'
 */

/** Seconds that the visitor is not kept waiting longer than. */
const MOMENT_S = 5;
/** Training images that the crate measures at most. */
const MEASURED_MAX = 10_000;

/** Seconds that measuring takes, by what the test images took. @param {State} state */
export function gapSeconds({ evaluation, data }) {
  if (!evaluation || !data || evaluation.records === 0) return null;
  return evaluation.seconds / evaluation.records * Math.min(MEASURED_MAX, data.train_used);
}

/** @param {Store} store @param {(command: Command) => void} send */
export function createGap(store, send) {
  store.subscribe((state, _before, { type }) => {
    const seconds = gapSeconds(state);
    if (seconds === null || state.trainingEvaluation || !state.runConfig) return;
    if ((type === 'done' && seconds <= MOMENT_S) || type === 'evaluation') send({ type: 'measure_training' });
  });
}
