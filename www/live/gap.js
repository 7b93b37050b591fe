/**
 * When a run's network is measured on the images that it learnt from: after it was measured on the test images because the
 * visitor asked for that. The engine does nothing else meanwhile, so it is not done unasked.
 *
 * @import { Command } from '../protocol/protocol.js'
 * @import { Store } from '../state/store.js'
 */

/** @param {Store} store @param {(command: Command) => void} send */
export function createGap(store, send) {
  store.subscribe((state, _before, { type }) => {
    if (type === 'evaluation' && state.runConfig && !state.trainingEvaluation) send({ type: 'measure_training' });
  });
}
