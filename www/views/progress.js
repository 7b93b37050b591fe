/**
 * The tiles that say where the run stands, from the last progress report and the last epoch.
 *
 * @import { State, Store } from '../state/store.js'
 */
import { measuredNow } from '../state/held-out.js';
import { byId, setText } from './shared/dom.js';
import { count, duration, figure } from './shared/format.js';

/** What is shown where there is no figure. */
const NONE = '–';

/** @param {State} state @returns {Record<string, string>} Tile → text. */
export function tiles(state) {
  const { progress, epochs, evaluation, phase } = state;
  const last = epochs[epochs.length - 1];
  // What stands, or is measured after it stopped, ends at no time.
  const isRunning = phase === 'training' || phase === 'compiling';
  return {
    'tile-epoch': progress ? `${progress.epoch} of ${progress.epochs}` : NONE,
    'tile-step': progress ? `${count(progress.step)} of ${count(progress.steps)}` : NONE,
    'tile-loss': progress ? figure(progress.loss) : NONE,
    'tile-accuracy': progress ? figure(progress.accuracy) : NONE,
    'tile-val-name': (evaluation ? state.evaluatedOn : measuredNow(state)) === 'test' ? 'Test accuracy' : 'Held-out accuracy',
    // The last that was measured, as the Evaluate panel has it.
    'tile-val': evaluation ? figure(evaluation.accuracy) : last ? figure(last.val_accuracy) : NONE,
    'tile-speed': progress ? progress.images_per_second.toFixed(progress.images_per_second < 10 ? 1 : 0) : NONE,
    'tile-epoch-eta': progress && isRunning ? duration(progress.epoch_eta_s) : NONE,
    'tile-run-eta': progress && isRunning ? duration(progress.run_eta_s) : NONE,
  };
}

/** @param {Store} store */
export function mountProgress(store) {
  /** @param {State} state */
  function render(state) {
    for (const [id, text] of Object.entries(tiles(state))) setText(byId(id), text);
  }
  store.subscribe(render);
  render(store.get());
}
