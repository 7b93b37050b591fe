/**
 * The table behind the live curve: some of its points as text, for those who read figures rather
 * than lines.
 *
 * It is written only while it is open, and at most once a second, so that it can be read while the
 * network learns. The epochs' charts need none: the log is theirs. How many of a run's points a chart draws is decided
 * here too.
 *
 * @import { State, Store } from '../../state/store.js'
 */
import { byId, make } from './dom.js';
import { figure } from './format.js';

const ROWS = 20;
const EVERY_MS = 1_000;

/**
 * No more than `most` of the items, evenly chosen, the first and the last among them.
 * @template T
 * @param {T[]} items
 * @param {number} most At least 2.
 * @returns {T[]}
 */
export function evenly(items, most) {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.round(i * (items.length - 1) / (most - 1))]);
}

/** Epochs beyond this are drawn as so many of them, evenly chosen: a chart has hardly more pixels. */
const EPOCHS_DRAWN_MAX = 250;

/**
 * A chart's columns, one a figure.
 * @param {State['epochs']} epochs @param {(epoch: State['epochs'][number]) => number[]} figures Of one epoch.
 */
export function columnsOf(epochs, figures) {
  const rows = evenly(epochs, EPOCHS_DRAWN_MAX).map(figures);
  return [0, 1, 2].map((i) => rows.map((row) => row[i]));
}

/** @param {State['trace'][number]} point */
function makeRow({ at, loss }) {
  return make('tr', { children: [
    make('th', { className: 'num', text: at.toFixed(2), attributes: { scope: 'row' } }),
    make('td', { className: 'num', text: figure(loss) }),
  ] });
}

function makeEmptyRow() {
  const cell = make('td', { className: 'quiet', text: 'The first figures come with the first steps.', attributes: { colspan: '2' } });
  return make('tr', { children: [cell] });
}

/** @param {Store} store */
export function mountFigures(store) {
  const details = byId('live-figures', HTMLDetailsElement);
  const body = /** @type {HTMLTableSectionElement} */ (details.querySelector('tbody'));
  /** Whether a moment to write has been set. */
  let awaited = false;
  let writtenMs = -EVERY_MS;

  function write() {
    awaited = false;
    if (!details.open) return;
    writtenMs = performance.now();
    const rows = evenly(store.get().trace, ROWS).map(makeRow);
    body.replaceChildren(...(rows.length > 0 ? rows : [makeEmptyRow()]));
  }

  details.addEventListener('toggle', write);
  store.subscribe((state, before) => {
    if (state.trace === before.trace || !details.open || awaited) return;
    awaited = true;
    setTimeout(write, Math.max(0, writtenMs + EVERY_MS - performance.now()));
  });
}
