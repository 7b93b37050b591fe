/**
 * The tutorial's log as a table: one row an epoch, each labelled with its log line. New rows are appended, so that an
 * epoch costs the same after a thousand of them.
 *
 * @import { EpochResult } from '../protocol/protocol.js'
 * @import { State, Store } from '../state/store.js'
 */
import { measuredNow } from '../state/held-out.js';
import { byId, make, setText } from './shared/dom.js';
import { figure, logLine, milliseconds, seconds, short } from './shared/format.js';

/** So near to the last line, in CSS pixels, the log follows it. */
const NEAR_PX = 40;

/** @param {EpochResult} row @param {number} epochs @param {boolean} hasRates Whether there is a column for the learning rate. */
function makeRow(row, epochs, hasRates) {
  const figures = [
    figure(row.accuracy), figure(row.loss), figure(row.val_accuracy), figure(row.val_loss),
    ...(hasRates ? [row.lr === undefined ? '–' : short(Number(row.lr.toPrecision(2)))] : []), seconds(row.seconds), milliseconds(row.step_ms),
  ];
  return make('tr', { attributes: { title: logLine(row, epochs) }, children: [
    make('th', { className: 'num', text: `${row.epoch}/${epochs}`, attributes: { scope: 'row' } }),
    ...figures.map((text) => make('td', { className: 'num', text })),
  ] });
}

/** @param {Store} store */
export function mountEpochs(store) {
  const box = byId('log');
  const body = byId('epochs', HTMLTableElement).tBodies[0];
  const empty = make('tr', { className: 'empty', children: [
    make('td', { className: 'quiet', text: 'Each epoch writes its line here.', attributes: { colspan: '7' } }),
  ] });
  const foot = byId('epochs', HTMLTableElement).createTFoot();
  const title = byId('epochs-title');
  const usual = title.textContent ?? '';

  /** The rows that stand there, and of how many epochs they say that they are. */
  let shown = /** @type {EpochResult[]} */ ([]);
  let total = 0;
  let hadRates = false;

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    setText(title, measuredNow(state) === 'test' ? usual : `${usual}; val_ is measured on held-out training images`);
    if (before && state.epochs === before.epochs && state.runConfig === before.runConfig) return;
    const epochs = state.runConfig?.epochs ?? state.epochs.length;
    const hasRates = state.epochs.some(({ lr }) => lr !== undefined);
    byId('epochs-lr').hidden = !hasRates;
    byId('epochs').classList.toggle('with-lr', hasRates);
    const isLonger = epochs === total && hasRates === hadRates && shown.every((row, i) => row === state.epochs[i]);
    const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - NEAR_PX;
    const added = (isLonger ? state.epochs.slice(shown.length) : state.epochs).map((row) => makeRow(row, epochs, hasRates));
    if (isLonger) body.append(...added);
    else body.replaceChildren(...added);
    shown = state.epochs;
    total = epochs;
    hadRates = hasRates;
    foot.replaceChildren(...(shown.length === 0 ? [empty] : []));
    if (isAtEnd && added.length > 0) box.scrollTop = box.scrollHeight; // Whoever reads an earlier line keeps it.
  }
  store.subscribe(render);
  render(store.get());
}
