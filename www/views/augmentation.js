/**
 * What augmentation does to some training images: as they are, and as the run would see them in an epoch.
 *
 * @import { State, Store } from '../state/store.js'
 */
import { AUGMENTED, isAugmenting } from '../state/augmentation.js';
import { SIDE, countRecords, recordAt, toRgba } from '../loading/records.js';
import { byId, make, paint, setText } from './shared/dom.js';
import { count } from './shared/format.js';

/** @param {string} id */
function fill(id) {
  const canvases = Array.from({ length: AUGMENTED }, () => make('canvas', { attributes: { width: String(SIDE), height: String(SIDE), 'aria-hidden': 'true' } }));
  byId(id).append(...canvases.map((canvas) => make('span', { children: [canvas] })));
  return canvases;
}

/** @param {HTMLCanvasElement[]} canvases @param {Uint8Array | null} records */
function paintAll(canvases, records) {
  const held = records ? countRecords(records) : 0;
  canvases.forEach((canvas, i) => paint(canvas, records && i < held ? toRgba(recordAt(records, i).pixels) : null));
}

/** @param {Store} store */
export function mountAugmentation(store) {
  const group = byId('group-overfitting', HTMLDetailsElement);
  const box = byId('augmented');
  const [before, after] = [fill('augmented-before'), fill('augmented-after')];

  group.addEventListener('toggle', () => store.dispatch({ type: 'augmentation_shown', isShown: group.open }));
  byId('augmented-next').addEventListener('click', () => store.dispatch({ type: 'next_augmentation' }));

  /** @param {State} state @param {State} [last] */
  function render(state, last) {
    const { augmentation, config, pool } = state;
    box.hidden = !isAugmenting(config) || pool.train === null;
    setText(byId('augmented-epoch'), `as in epoch ${count(augmentation.epoch + 1)}`);
    if (pool.train !== last?.pool.train) paintAll(before, pool.train);
    if (augmentation.records !== last?.augmentation.records) paintAll(after, augmentation.records);
  }
  store.subscribe(render);
  render(store.get());
}
