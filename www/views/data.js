/**
 * The Data panel: twenty-five labelled samples, the counts of each class, and how far the images are. The
 * visitor's own files are files.js's.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { DATA_HINT, missingSentence } from '../state/data-reducer.js';
import { CLASS_NAMES, SIDE, countRecords, recordAt, toRgba } from '../loading/records.js';
import { SAMPLES } from '../state/store.js';
import { byId, make, paint, setShare, setText } from './shared/dom.js';
import { count } from './shared/format.js';
import { heldOutSentence, imagesSentence, repeatedSentence, unseenSentence } from './shared/images-sentence.js';

/** @returns {{ canvas: HTMLCanvasElement, caption: HTMLElement, item: HTMLLIElement }} */
function makeSample() {
  const canvas = make('canvas', { attributes: { width: String(SIDE), height: String(SIDE), 'aria-hidden': 'true' } });
  const caption = make('span', { text: ' ' });
  return { canvas, caption, item: make('li', { children: [canvas, caption] }) };
}

/** As it was before there were images. @param {HTMLCanvasElement} canvas @param {HTMLElement} caption */
function blank(canvas, caption) {
  paint(canvas, null);
  setText(caption, ' ');
}

/** @param {State} state @returns {string[]} What a reader has to know about this data. */
function notices(state) {
  const { data, dataProblem } = state;
  const found = [];
  const missing = missingSentence(state);
  if (missing) found.push(missing);
  if (dataProblem) found.push(`${dataProblem} ${DATA_HINT}`);
  const heldOut = heldOutSentence(data);
  if (heldOut) found.push(heldOut);
  const repeated = repeatedSentence(data);
  if (repeated) found.push(repeated);
  const unseen = unseenSentence(data);
  if (unseen) found.push(unseen);
  if (data?.has_unknown) found.push('Some images are unknown: they are not from the official files.');
  return found;
}

/** @param {Store} store @param {Actions} actions */
export function mountData(store, actions) {
  const samples = Array.from({ length: SAMPLES }, makeSample);
  byId('samples').append(...samples.map(({ item }) => item));
  const more = byId('more-samples', HTMLButtonElement);
  const range = byId('samples-range');
  const sentence = byId('data-state');
  const bar = byId('data-progress', HTMLProgressElement);
  const notice = byId('data-notice');
  const retry = byId('data-retry', HTMLButtonElement);
  const counts = /** @type {HTMLTableSectionElement} */ (byId('counts').querySelector('tbody'));

  more.addEventListener('click', () => store.dispatch({ type: 'next_samples' }));
  retry.addEventListener('click', actions.retryData);

  /** @param {State} state */
  function renderSamples({ pool, sampleFrom, data }) {
    const held = pool.train ? countRecords(pool.train) : 0;
    more.disabled = held <= SAMPLES;
    byId('samples').classList.toggle('empty', held === 0);
    const names = data?.class_names ?? CLASS_NAMES;
    samples.forEach(({ canvas, caption, item }, i) => {
      item.hidden = held > 0 && i >= held;
      if (!pool.train) blank(canvas, caption);
      if (!pool.train || i >= held) return;
      const { label, pixels } = recordAt(pool.train, (sampleFrom + i) % held);
      paint(canvas, toRgba(pixels));
      setText(caption, names[label] ?? 'unknown');
    });
    const first = held ? sampleFrom % held : 0;
    setText(range, held ? `Images ${count(first + 1)} to ${count(Math.min(held, first + SAMPLES))}` : '');
  }

  /** @param {State} state */
  function renderCounts({ data }) {
    const names = data?.class_names ?? CLASS_NAMES;
    const most = Math.max(1, ...(data?.train_class_counts ?? []));
    counts.replaceChildren(...names.map((name, i) => {
      const trained = data?.train_class_counts[i] ?? 0;
      const cell = make('td', { className: 'num share', text: data ? count(trained) : '–' });
      setShare(cell, '--share', trained / most);
      return make('tr', { children: [
        make('th', { text: name, attributes: { scope: 'row' } }),
        cell,
        make('td', { className: 'num', text: data ? count(data.test_class_counts[i]) : '–' }),
      ] });
    }));
  }

  /** @param {State} state */
  function renderState(state) {
    const { shards } = state;
    setText(sentence, imagesSentence(state));
    bar.hidden = state.dataProblem !== null || (shards.expected > 0 && shards.added >= shards.expected);
    if (shards.expected > 0) bar.value = (shards.fetched + shards.added) / (2 * shards.expected);
    else bar.removeAttribute('value');
    const told = notices(state);
    notice.hidden = told.length === 0;
    setText(notice, told.join(' '));
    retry.hidden = state.dataProblem === null || state.error !== null; // Else the button is at the error.
    byId('counts-box').hidden = state.dataProblem !== null && !state.data?.train_records;
    byId('drop-box').classList.toggle('wanted', state.dataProblem !== null);
  }

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    renderState(state);
    if (state.pool !== before?.pool || state.sampleFrom !== before?.sampleFrom) renderSamples(state);
    if (state.data !== before?.data) renderCounts(state);
  }
  store.subscribe(render);
  render(store.get());
}
