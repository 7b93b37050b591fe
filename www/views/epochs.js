/**
 * The tutorial's log as a table: one row an epoch, each labelled with its log line.
 *
 * @import { EpochResult } from '../protocol.js'
 * @import { State, Store } from '../store.js'
 */
import { byId, make } from './dom.js';
import { figure, logLine, milliseconds, seconds } from './format.js';

/** @param {EpochResult} row @param {number} epochs */
function makeRow(row, epochs) {
  const figures = [
    figure(row.accuracy), figure(row.loss), figure(row.val_accuracy), figure(row.val_loss),
    seconds(row.seconds), milliseconds(row.step_ms),
  ];
  return make('tr', { attributes: { title: logLine(row, epochs) }, children: [
    make('th', { className: 'num', text: `${row.epoch}/${epochs}`, attributes: { scope: 'row' } }),
    ...figures.map((text) => make('td', { className: 'num', text })),
  ] });
}

/** @param {Store} store */
export function mountEpochs(store) {
  const body = byId('epochs', HTMLTableElement).tBodies[0];
  const empty = make('tr', { className: 'empty', children: [
    make('td', { className: 'quiet', text: 'Each epoch writes its line here.', attributes: { colspan: '7' } }),
  ] });
  const foot = byId('epochs', HTMLTableElement).createTFoot();

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    if (state.epochs === before?.epochs) return;
    const epochs = state.runConfig?.epochs ?? state.epochs.length;
    body.replaceChildren(...state.epochs.map((row) => makeRow(row, epochs)));
    foot.replaceChildren(...(state.epochs.length === 0 ? [empty] : []));
  }
  store.subscribe(render);
  render(store.get());
}
