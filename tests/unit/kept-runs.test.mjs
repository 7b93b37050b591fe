/** The list of this browser's runs: what becomes of it, how it is read, and whose curves lie behind whose. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createRunList } from '../../www/runs/run-list.js';
import { DEFAULTS } from '../../www/state/fields.js';
import { RUNS_MOST, behind, imagesOf, nameOfRun, networkOf, sortedRows, withMeasured, withPin, withReturned, withRun, without } from '../../www/state/kept-runs.js';
import { readKeptRuns } from '../../www/state/kept-runs-reading.js';
import { PRESETS } from '../../www/state/presets.js';
import { shownReference } from '../../www/state/reference.js';
import { createStore } from '../../www/state/store.js';
import { runFigures, whenText } from '../../www/views/runs.js';

/** @typedef {import('../../www/state/kept-runs.js').KeptRun} KeptRun */

const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const DATA = fixture.shard_added.data;

const epoch = (epoch = 1, val_accuracy = 0.5, seconds = 1.25) => ({ epoch, loss: 1, accuracy: 0.6, val_loss: 1.2, val_accuracy, seconds });

/** @param {string} id @param {Partial<KeptRun>} [more] @returns {KeptRun} */
const run = (id, more = {}) => ({
  id, endedMs: Number(id), isPinned: false, recipe: { ...PRESETS.tutorial, seed: 3 }, images: { classNames: DATA.class_names, isHeldOut: DATA.held_out, files: [] },
  trainUsed: 50_000, testUsed: 10_000, epochs: [epoch()], testAccuracy: (more.epochs ?? [epoch()]).at(-1)?.val_accuracy ?? null, gap: null, ...more,
});
const idsOf = (/** @type {KeptRun[]} */ rows) => rows.map(({ id }) => id);

test('a run has one row, however often it ends, and what was measured of it goes there', () => {
  const rows = withPin(withRun(withRun([], run('1'), '1'), run('2'), '2'), '1', true);
  assert.deepEqual(idsOf(rows), ['2', '1']);
  const longer = withRun(rows, run('1', { endedMs: 3, epochs: [epoch(), epoch(2, 0.7)] }), '1');
  assert.deepEqual(idsOf(longer), ['1', '2']);
  assert.ok(longer[0].isPinned && longer[0].epochs.length === 2);

  // One that was opened says no id: it is known by its first epoch, to the time it took.
  const other = run('7', { endedMs: 9, epochs: [epoch(1, 0.5, 1.26)] });
  assert.deepEqual(idsOf(withRun([run('1')], run('7', { endedMs: 9 }), null)), ['1']);
  assert.deepEqual(idsOf(withRun([run('1')], other, null)), ['7', '1']);

  const gap = { training: 0.8, test: 0.5, records: 10_000 };
  assert.deepEqual(withMeasured(rows, run('1', { endedMs: 99, gap }), '1').find(({ id }) => id === '1'), { ...rows[1], gap });
  assert.deepEqual(withMeasured(without(rows, '1'), run('1', { gap }), '1'), [rows[0]], 'what was removed stays away');
});

test('unpinned runs make room, the oldest first, and never the newest', () => {
  const many = Array.from({ length: RUNS_MOST }, (_, i) => run(String(i)));
  const full = withRun(withPin(many, '0', true), run('100'), '100');
  assert.equal(full.length, RUNS_MOST);
  assert.ok(idsOf(full).includes('0') && !idsOf(full).includes('1'));
  const pinned = many.map((row) => ({ ...row, isPinned: true }));
  assert.equal(withRun(withRun(pinned, run('100'), '100'), run('101'), '101').length, RUNS_MOST + 1);
  assert.deepEqual(withReturned(without(full, '100'), full[0]), full);
});

test('rows are sorted by a figure either way: pinned first, those without it last', () => {
  const rows = [run('1', { epochs: [epoch(1, 0.2)] }), run('2', { epochs: [epoch(1, 0.9)], gap: { training: 1, test: 0.9, records: 9 } }), run('3', { isPinned: true })];
  const by = (/** @type {any} */ column, isDescending = true) => idsOf(sortedRows({ rows, by: column, isDescending, removed: null, problem: null }));
  assert.deepEqual(by('when'), ['3', '2', '1']);
  assert.deepEqual(by('when', false), ['3', '1', '2']);
  assert.deepEqual(by('accuracy'), ['3', '2', '1']);
  assert.deepEqual(by('gap', false), ['3', '2', '1']);
  const store = createStore(() => 0);
  for (const [column, isDescending] of /** @type {const} */ ([['accuracy', true], ['accuracy', false], ['when', true]])) {
    store.dispatch({ type: 'kept_runs_sorted', by: column });
    assert.deepEqual([store.get().keptRuns.by, store.get().keptRuns.isDescending], [column, isDescending]);
  }
});

test('a run is called by its recipe, however long and from whichever seed, else by network and optimiser', () => {
  const named = (/** @type {any} */ recipe) => nameOfRun({ recipe: { ...PRESETS.tutorial, ...recipe } });
  assert.equal(named({ epochs: 7, seed: 99 }), 'The tutorial’s run');
  assert.equal(named({ ...PRESETS.quick, epochs: 9 }), 'Quick run');
  assert.equal(named({ ...PRESETS['tutorial-cured'], epochs: 2 }), 'The tutorial’s layers, cured');
  assert.equal(named({ train: 200, optimizer: 'muon' }), 'tutorial, Muon');
  const networks = ['t', 's-40-48-60', { seeding: 'by-layer', layers: [] }];
  assert.deepEqual(networks.map((network) => networkOf({ recipe: /** @type {any} */ ({ network }) })), ['T', 'S 40-48-60', 'own network']);
  assert.deepEqual(Object.values(runFigures(run('1', { epochs: [epoch()], gap: { training: 0.4, test: 0.5, records: 9 } }))).slice(0, 6), ['1 of 10', '32', '3', '0.5000', '−10.0', '1.3']);
  assert.match(whenText(Date.UTC(2025, 5, 15), new Date(Date.UTC(2026, 5, 15))), /2025/);
  assert.doesNotMatch(whenText(Date.UTC(2026, 5, 15), new Date(Date.UTC(2026, 5, 16))), /2026/);
});

test('what was stored is read strictly: a row that is damaged or another version’s is dropped', () => {
  const layers = { seeding: 'by-layer', layers: [{ id: 0, layer: 'flatten' }] };
  const whole = [run('1'), run('2', { gap: { training: 0.8, test: 0.7, records: 9 }, recipe: { ...PRESETS['tutorial-cured'], seed: 1, network: /** @type {any} */ (layers) } })];
  assert.deepEqual(readKeptRuns(structuredClone(whole)), whole);
  const { seed: _, lr: __, ...fewer } = whole[0].recipe;
  assert.equal(readKeptRuns([{ ...whole[0], recipe: { ...fewer, other: 1 }, more: 2 }])[0].recipe.lr, DEFAULTS.lr, 'an older version says less');
  assert.ok(!('other' in readKeptRuns([{ ...whole[0], recipe: { ...fewer, other: 1 } }])[0].recipe));
  for (const nothing of [null, undefined, 3, 'rows', {}, new Map()]) assert.deepEqual(readKeptRuns(nothing), []);
  const damages = [
    null, [], 'x', {}, { ...whole[0], id: 1 }, { ...whole[0], endedMs: -1 }, { ...whole[0], isPinned: 'yes' }, { ...whole[0], epochs: [] }, { ...whole[0], epochs: [{}] },
    { ...whole[0], epochs: [epoch(1, 1.5)] }, { ...whole[0], epochs: [epoch(1, 0.5, NaN)] }, { ...whole[0], epochs: Array.from({ length: 1_001 }, () => epoch()) },
    { ...whole[0], images: null }, { ...whole[0], images: { classNames: [1], isHeldOut: false, files: [] } }, { ...whole[0], gap: {} }, { ...whole[0], gap: undefined },
    ...[{ network: 'x' }, { network: { layers: 1 } }, { pixels: {} }, { pixels: 3 }, { lr: '<b>' }, { lr: -1 }, { batch: 1.5 }, { norm_group: null }, { drops: [3, 1] }, { optimizer: {} }]
      .map((recipe) => ({ ...whole[0], recipe: { ...whole[0].recipe, ...recipe } })),
  ];
  for (const damaged of damages) assert.deepEqual(idsOf(readKeptRuns([damaged, whole[1]])), ['2'], JSON.stringify(damaged));
});

test('a run lies behind the curves of another on the same images, and on no others', () => {
  const store = createStore(() => 0);
  const dispatch = (/** @type {any} */ message) => store.dispatch(message);
  dispatch({ type: 'kept_runs_listed', rows: [run('1', { epochs: [epoch(), epoch(2, 0.7034)] }), run('2')] });
  dispatch({ type: 'behind_chosen', id: '1' });
  assert.equal(shownReference(store.get())?.label, 'Behind: The tutorial’s run, 2 epochs, 0.7034');
  assert.deepEqual(shownReference(store.get())?.bands.val_accuracy.mean, [0.5, 0.7034]);
  const drawn = (/** @type {any} */ changes) => shownReference({ ...store.get(), ...changes }) !== null;
  assert.ok(drawn({ data: DATA, source: 'server' }));
  assert.ok(!drawn({ data: { ...DATA, class_names: ['cat', 'dog'] } }));
  assert.ok(!drawn({ data: { ...DATA, held_out: !DATA.held_out } }));
  const file = { split: 'train', file: 'own.bin', records: 9, known: null };
  assert.ok(!drawn({ data: DATA, source: 'files', files: [file] }));
  assert.ok(drawn({ data: DATA, source: 'files', files: [{ ...file, known: 'data_batch_1.bin' }] }), 'official files are the server’s images');

  dispatch({ type: 'behind_chosen', id: '2' });
  assert.equal(store.get().earlier?.id, '2');
  dispatch({ type: 'behind_chosen', id: '2' });
  assert.equal(store.get().earlier, null, 'once more takes it away');
  for (const gone of [{ type: 'kept_run_removed', run: run('1') }, { type: 'runs_deleted' }]) {
    dispatch({ type: 'behind_chosen', id: '1' });
    dispatch(gone);
    assert.equal(store.get().earlier, null);
  }
  assert.deepEqual(store.get().keptRuns.rows, []);
});

let ids = 0;
/** A page whose runs get ids that no other page's have. @param {any} storage */
function pageWith(storage) {
  const store = createStore(() => 0);
  const dispatch = (/** @type {any} */ message) => store.dispatch(message);
  const list = createRunList(store, storage, { nowMs: () => 1_000 + ids, makeId: () => `made-${ids += 1}` });
  store.subscribe((_state, before, message) => list.heard(message, before));
  const loaded = { ...fixture.restored.loaded, config: DEFAULTS, data: DATA };
  return {
    store, list, dispatch,
    /** @param {number} [seconds] @param {any} [config] @param {any} [end] */
    train(seconds = 1, config = {}, end = {}) {
      const started = { ...loaded, config: { ...DEFAULTS, ...config } };
      for (const message of [{ type: 'loaded', loaded }, { type: 'started', loaded: started }, { type: 'epoch_end', result: { ...epoch(1, 0.5, seconds), step_ms: 2 }, evaluation: { accuracy: 0.5, records: 100 } }, { type: 'done', more: null, ...end }]) dispatch(message);
    },
  };
}

/** A storage in memory, each change of which takes a while. */
function storageInMemory() {
  /** @type {unknown} */
  let value;
  return {
    change: async (/** @type {(value: unknown) => unknown} */ edit) => structuredClone(value = edit(value)),
    remove: async () => { value = undefined; },
  };
}

test('runs of two tabs are in one list, with their gaps, and are gone when everything is deleted', async () => {
  const storage = storageInMemory();
  const [one, two] = [pageWith(storage), pageWith(storage)];
  one.train(1);
  two.train(2);
  two.dispatch({ type: 'evaluation', evaluation: { accuracy: 0.5, records: 100 } });
  two.dispatch({ type: 'training_evaluation', evaluation: { accuracy: 0.9, records: 100 } });
  await one.list.look();
  await two.list.look();
  const rows = two.store.get().keptRuns.rows;
  assert.deepEqual(rows.map(({ epochs, gap }) => [epochs[0].seconds, gap?.training ?? null]), [[2, 0.9], [1, null]]);
  const [mine] = one.store.get().keptRuns.rows;
  await one.list.remove(mine.id);
  await one.list.giveBack(mine);
  await one.list.pin(mine.id, true);
  assert.deepEqual(one.store.get().keptRuns.rows.map(({ isPinned }) => isPinned).sort(), [false, true]);
  await one.list.clear();
  await two.list.look();
  assert.deepEqual(two.store.get().keptRuns.rows, []);
});

test('where nothing can be kept, the list is of this visit, and says so once', async () => {
  const page = pageWith({ change: async () => { throw new Error('the disk is full'); }, remove: async () => undefined });
  await page.list.look();
  page.train();
  page.train(2);
  await page.list.look();
  assert.equal(page.store.get().keptRuns.rows.length, 2);
  assert.match(page.store.get().keptRuns.problem ?? '', /cannot be kept on this machine \(the disk is full\)/);
});

test('a run that chose an epoch by held-out images has the accuracy on test images that its end measured', async () => {
  const page = pageWith(storageInMemory());
  page.train(1, { keep: 'best' }, { evaluation: { accuracy: 0.66 } });
  page.train(2, { patience: 3 });
  page.train(3);
  await page.list.look();
  assert.deepEqual(page.store.get().keptRuns.rows.map(({ epochs, testAccuracy }) => [epochs[0].seconds, testAccuracy]).sort(), [[1, 0.66], [2, null], [3, 0.5]]);
  const unmeasured = page.store.get().keptRuns.rows.find(({ testAccuracy }) => testAccuracy === null);
  assert.ok(unmeasured && runFigures(unmeasured).accuracy === '–' && !behind(unmeasured).reference.label?.includes('0.5'));
  assert.equal(behind(unmeasured).reference.isHeldOut, true);
});

test('a page’s own run is behind the next one by itself, as its row', async () => {
  const page = pageWith(storageInMemory());
  page.train();
  await page.list.look();
  page.dispatch({ type: 'cures_chosen', names: ['smoothing'] });
  const [row] = page.store.get().keptRuns.rows;
  assert.deepEqual(page.store.get().earlier, behind(row));
  assert.deepEqual(row.images, imagesOf(page.store.get()));
});
