/**
 * The Evaluate panel: test loss and accuracy, the confusion matrix, and each class's accuracy.
 *
 * Shades only underline the numbers, which stand in every cell.
 *
 * @import { Evaluation } from '../protocol/protocol.js'
 * @import { State, Store } from '../state/store.js'
 */
import { CLASS_NAMES } from '../loading/records.js';
import { makeBars } from './shared/bars.js';
import { byId, make, setShare, setText } from './shared/dom.js';
import { count, figure, percent, seconds } from './shared/format.js';

/** @param {string[]} names */
function renderHead(names) {
  const head = /** @type {HTMLTableSectionElement} */ (byId('confusion', HTMLTableElement).tHead);
  head.replaceChildren(make('tr', { children: [
    make('td'),
    ...names.map((name) => make('th', { attributes: { scope: 'col' }, children: [make('span', { text: name })] })),
  ] }));
}

/** @param {Evaluation} evaluation @param {string[]} names */
function renderMatrix({ confusion }, names) {
  const rows = confusion.map((row, truth) => {
    const total = Math.max(1, row.reduce((sum, n) => sum + n, 0));
    return make('tr', { children: [
      make('th', { text: names[truth], attributes: { scope: 'row' } }),
      ...row.map((n, predicted) => {
        const cell = make('td', { text: String(n), className: predicted === truth ? 'hit' : n === 0 ? 'none' : '' });
        setShare(cell, '--share', n / total);
        return cell;
      }),
    ] });
  });
  byId('confusion', HTMLTableElement).tBodies[0].replaceChildren(...rows);
}

/** @param {Store} store */
export function mountEvaluation(store) {
  const line = byId('evaluation-line');
  const bars = makeBars(byId('class-bars'));
  const initial = line.textContent ?? '';

  /** @param {Evaluation} evaluation @param {string[]} names @param {State['evaluatedOn']} on */
  function show(evaluation, names, on) {
    renderHead(names);
    renderMatrix(evaluation, names);
    bars.render(names.map((name, i) => {
      const share = evaluation.class_accuracy[i];
      return { name, share: share ?? 0, text: share === null ? 'no image' : percent(share) };
    }));
    const [what, which] = on === 'test' ? ['Test', 'image'] : ['Held-out', 'held-out image'];
    setText(line, `${what} accuracy ${figure(evaluation.accuracy)}, ${what.toLowerCase()} loss ${figure(evaluation.loss)}, `
      + `on ${count(evaluation.records, which)} in ${seconds(evaluation.seconds)} s.`
      + (evaluation.flips ? ` Averaged over each image and its mirror image, accuracy ${figure(evaluation.flips.accuracy)}.` : ''));
  }

  store.subscribe((/** @type {State} */ state, /** @type {State} */ before) => {
    if (state.evaluation === before.evaluation) return;
    byId('evaluation').hidden = state.evaluation === null;
    if (state.evaluation) show(state.evaluation, state.data?.class_names ?? CLASS_NAMES, state.evaluatedOn);
    else setText(line, initial);
  });
}
