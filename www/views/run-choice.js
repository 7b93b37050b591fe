/**
 * Several saved runs that were dropped at once: which of them to open.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { isOccupied } from '../state/phases.js';
import { byId, make, setText } from './shared/dom.js';

/** @param {Store} store @param {Actions} actions */
export function mountRunChoice(store, actions) {
  const box = byId('run-choice');
  const text = byId('run-choice-text');
  const choices = byId('run-choices');

  /** @param {State} state */
  function renderChoices({ runFiles }) {
    box.hidden = runFiles.length === 0;
    setText(text, runFiles.length > 0 ? `You chose ${runFiles.length} saved runs. Which one is to be opened?` : '');
    const buttons = runFiles.map((file) => {
      const button = make('button', { text: file.name, attributes: { type: 'button' } });
      button.addEventListener('click', () => void actions.openRun(file));
      return button;
    });
    const none = make('button', { text: 'None', attributes: { type: 'button' } });
    none.addEventListener('click', () => store.dispatch({ type: 'runs_dropped', files: [] }));
    choices.replaceChildren(...(runFiles.length > 0 ? [...buttons, none] : []));
  }

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    if (state.runFiles !== before?.runFiles) renderChoices(state);
    for (const button of choices.querySelectorAll('button')) button.disabled = isOccupied(state);
  }
  store.subscribe(render);
  render(store.get());
}
