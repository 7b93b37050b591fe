/**
 * Under a run that is over: for how many epochs in all to train it, and the button that does.
 *
 * When that can be, and how many are usual, is run-reducer.js's.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { parseField } from '../state/fields.js';
import { isAtRatesEnd, moreEpochs } from '../state/run-reducer.js';
import { isSettled } from '../state/store.js';
import { byId, complainAt } from './shared/dom.js';
import { count } from './shared/format.js';

/** @param {Store} store @param {Actions} actions */
export function mountMore(store, actions) {
  const form = byId('more', HTMLFormElement);
  const input = byId('more-epochs', HTMLInputElement);
  const button = byId('more-start', HTMLButtonElement);
  const problem = byId('more-problem');
  const noMore = byId('no-more');

  const complain = (/** @type {string} */ sentence) => complainAt(input, problem, sentence);

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const range = moreEpochs(store.get());
    if (!range || button.disabled) return;
    const read = parseField('epochs', input.value);
    const epochs = 'value' in read ? Number(read.value) : 0;
    if (epochs < range.least || epochs > range.most) {
      complain(`Enter a whole number from ${count(range.least)} to ${count(range.most)}: so many epochs in all.`);
      return;
    }
    complain('');
    byId('start', HTMLButtonElement).focus(); // This form goes; from there the focus goes where the run is.
    actions.trainMore(epochs);
  });

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    const range = moreEpochs(state);
    form.hidden = range === null;
    noMore.hidden = !isAtRatesEnd(state);
    button.disabled = range === null || state.starting || !isSettled(state);
    if (!range || (before && moreEpochs(before)?.usual === range.usual)) return;
    input.value = String(range.usual);
    complain('');
  }
  store.subscribe(render);
  render(store.get());
}
