/**
 * The list of this browser's runs: a row each, sorted by any of its numbers, pinned, put behind the curves of the run on the page,
 * taken up again, and removed. Where there is no room for a table its rows are cards; then the roles say what the style takes away.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Column, KeptRun } from '../state/kept-runs.js'
 * @import { Actions } from '../main.js'
 */
import { RUNS_MOST, gapFigure, imagesOf, isSameImages, nameOfRun, networkOf, phraseOf, secondsOf, sortedRows } from '../state/kept-runs.js';
import { isOccupied } from '../state/phases.js';
import { announce, byId, make, setText } from './shared/dom.js';
import { count, decimal, figure, seconds } from './shared/format.js';

const NOTE = `The last ${RUNS_MOST} are listed, without their weights, on this machine only. Pinned ones come first and stay.`;

/** A moment of this year, or a day of another. @param {number} ms Since 1970. @param {Date} [now] */
export function whenText(ms, now = new Date()) {
  const when = new Date(ms);
  const isThisYear = when.getFullYear() === now.getFullYear();
  return when.toLocaleString('en-GB', { day: 'numeric', month: 'short', ...(isThisYear ? { hour: '2-digit', minute: '2-digit' } : { year: 'numeric' }) });
}

/** A run's figures, as the columns have them. @param {KeptRun} run @returns {Record<Column, string>} */
export function runFigures(run) {
  const gap = gapFigure(run);
  const duration = secondsOf(run);
  return {
    epochs: run.recipe.epochs === run.epochs.length ? count(run.epochs.length) : `${count(run.epochs.length)} of ${count(run.recipe.epochs ?? 0)}`,
    batch: count(run.recipe.batch ?? 0),
    seed: String(run.recipe.seed ?? ''),
    accuracy: run.testAccuracy === null ? '–' : figure(run.testAccuracy),
    gap: gap === null ? '–' : decimal(gap * 100),
    seconds: duration < 10 ? seconds(duration) : count(Math.round(duration)),
    when: whenText(run.endedMs),
  };
}

/** Whether a run was of other images than those on the page. @param {State} state @param {KeptRun} run */
function isOfOthers(state, run) {
  const images = imagesOf(state);
  return images !== null && !isSameImages(run.images, images);
}

/** What stands below a run's name: its network, where the name does not begin with it, and its images. @param {State} state @param {KeptRun} run */
function lesserPhrase(state, run) {
  const network = nameOfRun(run).startsWith(`${networkOf(run)}, `) ? '' : `${networkOf(run)}, `;
  return `${network}${count(run.trainUsed, 'training image')}${isOfOthers(state, run) ? ' of other data' : ''}`;
}

/** @typedef {'behind' | 'use' | 'pin' | 'remove'} Deed */

/** @param {Store} store @param {Actions} actions */
export function mountRuns(store, actions) {
  const panel = byId('runs');
  const table = byId('run-table', HTMLTableElement);
  const body = table.tBodies[0];
  const heads = [...table.querySelectorAll('th')].filter(({ dataset }) => dataset.by);
  const titles = new Map(heads.map((head) => [head.dataset.by, head.textContent ?? '']));
  const removed = byId('run-removed');
  const giveBack = byId('run-return', HTMLButtonElement);
  /** What the rows that stand there were made of. */
  let made = '';
  let rowsMade = /** @type {KeptRun[] | null} */ (null);

  /** @param {string} id @param {Deed} deed */
  const buttonOf = (id, deed) => [...body.querySelectorAll('button')].find(({ dataset }) => dataset.run === id && dataset.deed === deed);

  /** @type {Record<Deed, (run: KeptRun) => void>} */
  const deeds = {
    behind: ({ id }) => store.dispatch({ type: 'behind_chosen', id }),
    use(run) {
      actions.useSettings(run.recipe);
      announce('Its settings are set');
      byId('start').focus();
    },
    pin: ({ id, isPinned }) => void actions.runList.pin(id, !isPinned),
    remove(run) {
      store.dispatch({ type: 'kept_run_removed', run });
      giveBack.focus();
      void actions.runList.remove(run.id);
    },
  };

  async function undo() {
    const { removed: run } = store.get().keptRuns;
    if (!run) return;
    await actions.runList.giveBack(run);
    buttonOf(run.id, 'remove')?.focus(); // Before its own button goes.
    store.dispatch({ type: 'kept_run_returned' });
  }

  /** @param {KeptRun} run @param {Deed} deed @param {string} text @param {{ isPressed?: boolean, isDisabled?: boolean }} [how] */
  function makeButton(run, deed, text, { isPressed, isDisabled = false } = {}) {
    const button = make('button', { className: 'small', text, attributes: { 'type': 'button', 'data-run': run.id, 'data-deed': deed, 'aria-label': `${text}: ${phraseOf(run)}` } });
    if (isPressed !== undefined) button.setAttribute('aria-pressed', String(isPressed));
    button.disabled = isDisabled;
    button.addEventListener('click', () => deeds[deed](run));
    return button;
  }

  /** @param {State} state @param {KeptRun} run */
  function makeRow(state, run) {
    const figures = Object.entries(runFigures(run));
    return make('tr', { className: run.isPinned ? 'pinned' : '', attributes: { role: 'row' }, children: [
      make('th', { attributes: { role: 'rowheader', scope: 'row' }, children: [nameOfRun(run), make('span', { className: 'quiet', text: lesserPhrase(state, run) })] }),
      ...figures.map(([by, text]) => make('td', { className: 'num', text, attributes: { 'role': 'cell', 'data-label': titles.get(by) ?? '' } })),
      make('td', { className: 'run-do', attributes: { role: 'cell' }, children: [make('div', { className: 'run-deeds', children: [
        makeButton(run, 'behind', 'Show behind', { isPressed: state.earlier?.id === run.id, isDisabled: isOfOthers(state, run) }),
        makeButton(run, 'use', 'Use its settings', { isDisabled: isOccupied(state) }),
        makeButton(run, 'pin', 'Pin', { isPressed: run.isPinned }),
        makeButton(run, 'remove', 'Remove'),
      ] })] }),
    ] });
  }

  /** Makes the rows anew; a button that had the focus has it again. @param {State} state */
  function renderRows(state) {
    const { rows, by, isDescending } = state.keptRuns;
    const says = JSON.stringify([by, isDescending, state.earlier?.id, isOccupied(state), imagesOf(state)]);
    if (rows === rowsMade && says === made) return;
    rowsMade = rows;
    made = says;
    const held = document.activeElement instanceof HTMLElement && body.contains(document.activeElement) ? document.activeElement.dataset : null;
    body.replaceChildren(...sortedRows(state.keptRuns).map((run) => makeRow(state, run)));
    if (held?.run) buttonOf(held.run, /** @type {Deed} */ (held.deed))?.focus({ preventScroll: true });
  }

  /** @param {State} state */
  function render(state) {
    const { rows, by, isDescending, removed: gone, problem } = state.keptRuns;
    panel.hidden = rows.length === 0 && gone === null;
    table.hidden = rows.length === 0;
    setText(byId('runs-note'), problem ?? NOTE);
    for (const head of heads) {
      if (head.dataset.by === by) head.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    renderRows(state);
    removed.hidden = gone === null;
    setText(byId('run-removed-text'), gone ? `Removed: ${phraseOf(gone)}.` : '');
  }

  for (const head of heads) {
    head.querySelector('button')?.addEventListener('click', () => store.dispatch({ type: 'kept_runs_sorted', by: /** @type {Column} */ (head.dataset.by) }));
  }
  giveBack.addEventListener('click', () => void undo());
  store.subscribe(render);
  render(store.get());
}
