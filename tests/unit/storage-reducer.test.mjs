/** Whose the run is that is kept, when it is offered and opened, and what may take its place: the state's rules, and what is said. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { NOTHING_KEPT, isRunOf, missingSources, mustAsk } from '../../www/state/storage-reducer.js';
import { createResuming, mayOpen } from '../../www/runs/resuming.js';
import { createStore } from '../../www/state/store.js';
import { isOffered, offerSentence } from '../../www/views/kept-run.js';
import { keptSentence } from '../../www/views/stored.js';

const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const SERVER = 'train-00.bin.gz';

/** A run that is kept. @param {any} [more] @returns {import('../../www/runs/run-files.js').RunDescription} */
const run = (more = {}) => ({
  config: { ...fixture.config }, trained: 1, epochs: 2, position: { epoch: 2, step: 3 }, valAccuracy: 0.5, sources: [{ name: SERVER, records: 10_000 }], ...more,
});
const OVER = run({ position: null, trained: 2 });
const OWN_FILE = run({ sources: [{ name: 'own.bin', records: 500 }] });
const restored = (/** @type {any} */ position) => ({
  type: 'restored', restored: { ...fixture.restored, kind: 'run', position, loaded: { ...fixture.restored.loaded, config: fixture.config, data: fixture.shard_added.data } },
});

/** A page, as far as state goes: what its engine is asked is noted. @param {{ found?: any, best?: any, link?: any, isHeld?: boolean }} [visit] */
function visit({ found = null, best = null, link = {}, isHeld = false } = {}) {
  const store = createStore(() => 0);
  /** @type {string[]} */
  const asked = [];
  const dispatch = (/** @type {any} */ message) => store.dispatch(message);
  const resuming = createResuming(store, {
    start: () => {
      const { phase, starting } = store.get();
      if (starting || phase !== 'ready') return;
      asked.push('start');
      dispatch({ type: 'start_sent' });
    },
    resume: () => void asked.push('resume'),
    open: async () => {
      asked.push('open');
      dispatch({ type: 'kept_opening' });
    },
  });
  store.subscribe(resuming.look);
  dispatch({ type: 'configured', config: { ...fixture.config, ...link.config }, autostart: link.autostart ?? false });
  if (link.complaint) dispatch({ type: 'complained', error: { code: 'invalid_link', message: link.complaint, hint: '' } });
  dispatch({ type: 'run_found', found, best, isHeld });
  const page = {
    ...resuming,
    asked,
    dispatch,
    get: store.get,
    kept: () => store.get().kept,
    /** @param {boolean} [hasData] */
    load(hasData = true) {
      const promised = hasData ? { train: 10_000, test: 10_000, files: [SERVER] } : null;
      dispatch({ type: 'source_chosen', source: 'server', turn: 1, promised });
      dispatch({ type: 'ready' });
      dispatch({ type: 'loaded', loaded: fixture.loaded });
      if (hasData) dispatch({ type: 'shard_added', id: '1/a', added: { ...fixture.shard_added, data: { ...fixture.shard_added.data, train_records: 60_000, test_records: 10_000 } } });
      else dispatch({ type: 'data_failed', sentence: 'None.' });
    },
    /** @param {string} file @param {number} records */
    drop(file, records) {
      const id = '2/1';
      const files = [{ id, key: 1, file, split: 'train', records, known: null, isAdded: false }];
      dispatch({ type: 'source_chosen', source: 'files', turn: 2, promised: null, files });
      dispatch({ type: 'loaded', loaded: fixture.loaded });
      dispatch({ type: 'shard_added', id, added: { ...fixture.shard_added, records, data: { ...fixture.shard_added.data, complete: true } } });
    },
    /** The engine opens what it was given. @param {any} position */
    opened(position) {
      dispatch(restored(position));
    },
  };
  return page;
}

test('Train beside a run that is kept asks first; only the answer starts', () => {
  const page = visit({ found: run() });
  page.load();
  assert.ok(isOffered(page.get()));
  page.tryStart();
  page.tryStart();
  assert.deepEqual([page.asked, page.kept().asks], [[], 'start']);
  page.answer(false);
  assert.deepEqual([page.asked, page.kept().asks, isOffered(page.get())], [[], null, true]);
  page.dispatch({ type: 'offer_dismissed' });
  assert.ok(!isOffered(page.get()));
  page.tryStart();
  assert.ok(isOffered(page.get()), 'a run that was put aside is asked about too');
  page.answer(true);
  assert.deepEqual(page.asked, ['start']);
  page.dispatch({ type: 'started', loaded: fixture.loaded });
  page.dispatch({ type: 'run_kept', own: run({ trained: 0 }), best: null });
  assert.deepEqual([page.kept().found, page.kept().own?.trained, mustAsk(page.get())], [null, 0, false], 'the next Start is about the page’s own run');
});

test('“Not now” starts nothing by itself, and takes nothing away', () => {
  const page = visit({ found: run(), link: { autostart: true, config: { seed: 99 } } });
  page.load();
  assert.deepEqual([page.asked, page.kept().asks], [[], 'start'], 'a link takes no other run’s place unasked');
  page.dispatch({ type: 'offer_dismissed' });
  page.dispatch({ type: 'backends', backends: [] });
  assert.deepEqual([page.asked, page.get().autostart, page.kept().found?.trained], [[], false, 1]);
});

test('a link with run=1 opens what is kept of its own recipe, be it over or not, and trains where nothing of it is', () => {
  const going = visit({ found: run(), link: { autostart: true } });
  going.load();
  assert.deepEqual(going.asked, ['open']);
  going.opened({ epoch: 2, step: 3 });
  assert.deepEqual(going.asked.slice(0, 2), ['open', 'resume']);

  const over = visit({ found: OVER, link: { autostart: true } });
  over.load();
  over.opened(null);
  over.dispatch({ type: 'backends', backends: [] });
  assert.deepEqual([over.asked, over.get().autostart, over.kept().own], [['open'], false, OVER]);

  const nothing = visit({ link: { autostart: true } });
  nothing.load();
  assert.deepEqual(nothing.asked, ['start']);
});

test('a run of the same recipe that is on the page already is left there', () => {
  const page = visit({ found: OVER });
  page.load();
  page.dispatch({ type: 'kept_wanted' });
  page.opened(null);
  page.dispatch({ type: 'configured', config: fixture.config, autostart: true });
  assert.deepEqual([page.asked, page.get().autostart], [['open'], false]);
});

test('which recipe a kept run has', () => {
  const { config } = fixture;
  assert.ok(isRunOf(run(), config));
  for (const [key, value] of Object.entries({ seed: 99, batch: 1, lr: 0.5, train: 1, test: 1, augment: 'flip-shift', backend: 'ndarray' })) {
    assert.ok(!isRunOf(run(), { ...config, [key]: value }), key);
  }
  const epochs = (/** @type {number} */ number) => run({ config: { ...config, epochs: config.epochs + number } });
  assert.deepEqual([-1, 0, 1].map((more) => isRunOf(epochs(more), config)), [false, true, true], 'one that went on for more epochs is the link’s too');
  const { workers: _, ...older } = config;
  assert.ok(isRunOf(run({ config: older }), config), 'an older version’s file may lack a setting');
});

test('a run from before the networks is the tutorial’s, and a network is the same when its layers are', () => {
  const { network: _, pixels: _pixels, norm_group: _group, last_batch: _last, ...before } = fixture.config;
  assert.ok(isRunOf(run({ config: before }), fixture.config));
  for (const change of [{ network: 't' }, { norm_group: 'batch' }, { last_batch: 'drop' }]) {
    const config = { ...fixture.config, ...change };
    assert.ok(!isRunOf(run({ config: before }), config), JSON.stringify(change));
    assert.ok(!isRunOf(run(), config), JSON.stringify(change));
    assert.ok(isRunOf(run({ config: structuredClone(config) }), config), JSON.stringify(change));
  }
  const nameless = (/** @type {number} */ id) => ({ ...fixture.config, network: { seeding: 'by-layer', layers: [{ id, layer: 'flatten' }] } });
  assert.deepEqual([1, 2].map((id) => isRunOf(run({ config: nameless(1) }), nameless(id))), [true, false]);
});

test('a bad link that starts by itself keeps its complaint when its own kept run goes on', () => {
  const page = visit({ found: run(), link: { autostart: true, complaint: 'The link has a setting “colour”.' } });
  page.load();
  page.opened({ epoch: 2, step: 3 });
  assert.equal(page.get().error?.message, 'The link has a setting “colour”.');
});

test('a lock that is held is no “nothing kept”: a link waits with its start until the other tab has let go', () => {
  const page = visit({ link: { autostart: true }, isHeld: true });
  page.load();
  assert.deepEqual(page.asked, []);
  assert.match(page.get().notice ?? '', /Another tab of this page keeps its run.*a link starts nothing here by itself/);
  page.dispatch({ type: 'run_found', found: run(), best: null, isHeld: false });
  assert.deepEqual([page.asked, page.get().notice], [['open'], null]);
});

test('without the server’s data a run on an own file waits for it by name, and goes on in either order', () => {
  for (const order of ['resume first', 'file first']) {
    const page = visit({ found: OWN_FILE });
    page.load(false);
    assert.match(offerSentence(page.get()), /It was trained on “own\.bin” \(500 images\): drop it on this page to go on with it\./);
    const steps = [() => page.dispatch({ type: 'kept_wanted' }), () => page.drop('own.bin', 500)];
    if (order === 'file first') steps.reverse();
    steps[0]();
    assert.deepEqual(page.asked, [], order);
    assert.ok(isOffered(page.get()), 'the offer stays');
    if (order === 'resume first') assert.match(offerSentence(page.get()), /It waits for “own\.bin” \(500 images\): drop it on this page, and it goes on\./);
    steps[1]();
    assert.deepEqual(page.asked, ['open'], order);
    page.opened({ epoch: 2, step: 3 });
    assert.equal(page.asked[1], 'resume', order);
    page.dispatch({ type: 'resumed' });
    assert.deepEqual([page.kept().found, page.kept().own], [null, OWN_FILE]);
  }
});

test('a run on an own file is not opened over the server’s images, not by a link either', () => {
  const page = visit({ found: OWN_FILE, link: { autostart: true } });
  page.load();
  assert.deepEqual([page.asked, page.kept().wanted], [[], 'waits']);
  page.tryStart();
  assert.equal(page.kept().asks, 'start', 'and Train does not take its place unasked');
});

test('of several files each is named, and one under another name is left to the engine to judge', () => {
  const sources = ['a.bin', 'b.bin', 'c.bin', 'd.bin'].map((name) => ({ name, records: 1 }));
  const page = visit({ found: run({ sources }) });
  page.load();
  assert.match(offerSentence(page.get()), /on “a\.bin” \(1 image\), “b\.bin” \(1 image\), “c\.bin” \(1 image\) and 1 more: drop them on this page/);
  page.drop('a.bin', 1);
  assert.deepEqual(missingSources(page.get()).map(({ name }) => name), ['b.bin', 'c.bin', 'd.bin']);
  const renamed = visit({ found: OWN_FILE });
  renamed.load();
  renamed.drop('another name.bin', 500);
  assert.deepEqual(missingSources(renamed.get()), []);
});

test('official files may be the server’s images under other names: the engine compares the records', () => {
  const page = visit({ found: run({ sources: [{ name: 'data_batch_1.bin', records: 10_000 }, { name: 'test_batch.bin.gz', records: 10_000 }] }) });
  page.load();
  page.dispatch({ type: 'kept_wanted' });
  assert.deepEqual(page.asked, ['open']);
  const without = visit({ found: run({ sources: [{ name: 'data_batch_1.bin', records: 10_000 }] }) });
  without.load(false);
  assert.deepEqual(missingSources(without.get()).map(({ name }) => name), ['data_batch_1.bin']);
});

test('a file whose run does not say its data waits until there is data', () => {
  const page = visit({ found: run({ sources: [] }) });
  page.load(false);
  page.dispatch({ type: 'kept_wanted' });
  assert.ok(!mayOpen(page.get()));
  assert.match(offerSentence(page.get()), /as soon as its images are here/);
  page.drop('own.bin', 500);
  assert.deepEqual(page.asked, ['open']);
});

test('data that changes while the kept run waits in the engine does not lose it', () => {
  const page = visit({ found: run() });
  page.load();
  page.dispatch({ type: 'kept_wanted' });
  page.drop('data_batch_1.bin', 10_000); // Official files in place of the server's.
  assert.deepEqual([page.asked, page.kept().wanted], [['open', 'open'], 'opening']);
  page.dispatch({ type: 'error', command: 'restore', error: fixture.error });
  assert.deepEqual([page.kept().wanted, page.kept().found?.trained, page.get().resumes], [null, 1, false], 'what is refused is still offered');
});

test('a run on the server’s images points to them, not to files that nobody has', () => {
  const page = visit({ found: run({ sources: [2_000, 1_000].map((records) => ({ name: SERVER, records })) }) });
  page.load();
  page.drop('mine.bin', 500);
  assert.match(offerSentence(page.get()), /It was trained on the server’s images: use them to go on with it\.$/);
  page.dispatch({ type: 'kept_wanted' });
  assert.match(offerSentence(page.get()), /It waits for the server’s images: use them, and it goes on\.$/);
});

test('the engine’s other module gets the kept run once', () => {
  const page = visit({ found: run() });
  page.load();
  page.dispatch({ type: 'kept_wanted' });
  page.dispatch({ type: 'other_module', resend: { bytes: new Uint8Array(1), changes: null, start: false } });
  page.dispatch({ type: 'source_chosen', source: 'server', turn: 3, promised: { train: 10_000, test: 10_000, files: [SERVER] } });
  assert.deepEqual([page.asked, page.kept().wanted], [['open'], 'opening']);
});

test('an engine that is lost while it opens the kept run gives it to the next one, and starts none anew', () => {
  const page = visit({ found: run() });
  page.load();
  page.dispatch({ type: 'kept_wanted' });
  page.dispatch({ type: 'recovering', reason: 'It broke.', resumes: true, restores: false, changes: null });
  assert.deepEqual([page.get().startWaits, page.kept().wanted], [false, 'waits']);
  page.load();
  assert.deepEqual(page.asked, ['open', 'open']);
});

test('a run from a file, or other data, sets the kept one aside: it is asked about before its place is taken', () => {
  const kept = () => {
    const page = visit();
    page.load();
    page.tryStart();
    page.dispatch({ type: 'started', loaded: fixture.loaded });
    page.dispatch(fixture.events.find((/** @type {any} */ each) => each.type === 'epoch_end'));
    page.dispatch({ type: 'run_kept', own: OVER, best: OVER });
    page.dispatch({ type: 'done', epochs: 2 });
    return page;
  };
  const file = kept();
  file.opened({ epoch: 3, step: 1 });
  assert.deepEqual([file.kept().found, file.kept().own], [OVER, null]);
  file.tryStart();
  assert.equal(file.kept().asks, 'start');
  const data = kept();
  data.drop('mine.bin', 500);
  assert.ok(isOffered(data.get()));
  assert.ok(mustAsk(data.get()));
  const again = kept();
  again.dispatch({ type: 'source_chosen', source: 'server', turn: 4, promised: null });
  assert.deepEqual([again.kept().own, mustAsk(again.get())], [OVER, false], 'the same data once more is no other');
  const files = visit();
  files.drop('mine.bin', 500);
  for (const message of [{ type: 'started', loaded: fixture.loaded }, fixture.events.find((/** @type {any} */ each) => each.type === 'epoch_end'), { type: 'run_kept', own: OWN_FILE, best: OWN_FILE }, { type: 'done', epochs: 2 }]) files.dispatch(message);
  files.drop('more.bin', 300);
  assert.deepEqual([files.kept().found, mustAsk(files.get())], [OWN_FILE, true], 'other own files are other data');
});

test('what is kept is said, and that the browser has not promised to keep it', () => {
  const page = visit();
  assert.match(keptSentence(page.get()), /A run is kept on this machine after each epoch/);
  page.dispatch({ type: 'run_kept', own: run(), best: null });
  assert.equal(keptSentence(page.get()), 'The last run and the best one are kept on this machine, in this browser only.');
  page.dispatch({ type: 'persistence_told', isPersistent: false });
  assert.match(keptSentence(page.get()), /The browser has not promised to keep them/);
  page.dispatch({ type: 'keeping_failed', sentence: 'No room.' });
  assert.deepEqual([keptSentence(page.get()), page.get().notice], ['No room.', 'No room.']);
  page.dispatch({ type: 'runs_deleted' });
  assert.deepEqual(page.kept(), { ...NOTHING_KEPT, looked: true, isPersistent: false, problem: 'No room.' });
});
