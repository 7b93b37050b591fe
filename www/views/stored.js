/**
 * What this browser stores of the page: the best run, which can be opened and saved, and the button that deletes
 * everything, which asks first.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { bestFileName } from '../runs/file-names.js';
import { keptRun } from '../state/storage-reducer.js';
import { keepsBest } from '../state/held-out.js';
import { isOccupied } from '../state/phases.js';
import { byId, download, setText } from './shared/dom.js';
import { figure } from './shared/format.js';
import { createQuestion } from './shared/question.js';

/** @param {State} state @returns {string} */
export function keptSentence({ kept }) {
  if (kept.problem) return kept.problem;
  if (!keptRun(kept) && !kept.best) return 'A run is kept on this machine after each epoch and every 30 seconds.';
  const promise = kept.isPersistent === false ? ' The browser has not promised to keep them when room runs short: save the run as a file if it matters.' : '';
  return `The last run and the best one are kept on this machine, in this browser only.${promise}`;
}

/** @param {Store} store @param {Actions} actions */
export function mountStored(store, actions) {
  const best = byId('best');
  const open = byId('open-best', HTMLButtonElement);
  const last = byId('open-last', HTMLButtonElement);
  const remove = byId('delete-kept', HTMLButtonElement);
  const question = { box: byId('delete'), yes: byId('delete-yes', HTMLButtonElement), no: byId('delete-no', HTMLButtonElement) };
  const ask = createQuestion(question, (agreed) => {
    ask(false);
    if (agreed) void actions.deleteKept();
  });
  remove.addEventListener('click', () => ask(true));
  open.addEventListener('click', () => void actions.openBest());
  last.addEventListener('click', actions.resumeKept);
  byId('save-best').addEventListener('click', async () => {
    const bytes = await actions.readBest().catch(() => null);
    if (bytes) download(store, new Blob([bytes]), bestFileName(store.get().kept.best));
    else store.dispatch({ type: 'noticed', sentence: 'The best run is not there any more.' });
  });

  /** @param {State} state */
  function render(state) {
    const { kept } = state;
    const occupied = isOccupied(state);
    best.hidden = kept.best === null;
    setText(byId('best-text'), kept.best?.valAccuracy == null ? '' : `The best that is kept has ${keepsBest(kept.best.config) ? 'an accuracy on held-out images' : 'a test accuracy'} of ${figure(kept.best.valAccuracy)}, after epoch ${kept.best.trained}.`);
    open.disabled = occupied || state.loaded === null;
    last.hidden = kept.found === null || !state.trained || kept.wanted !== null;
    last.disabled = open.disabled;
    remove.disabled = occupied;
    if (occupied) ask(false);
    setText(byId('kept-note'), keptSentence(state));
  }
  store.subscribe(render);
  render(store.get());
}
