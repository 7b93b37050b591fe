import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CLASSES } from '../../www/protocol.js';
import { makeReport } from '../../www/report.js';
import { createStore, initialState, isSettled, problemsOf, reduce } from '../../www/store.js';
import { problems } from '../page/schema.mjs';

const read = (/** @type {string} */ path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const fixture = read('../fixtures/protocol.json');
const schema = read('../../www/report.schema.json');

/** @param {import('../../www/store.js').State} state @param {any[]} messages */
const feed = (state, ...messages) => messages.reduce((now, message, i) => reduce(now, message, 1_000 * (i + 1)), state);

/** A page whose engine and data are there. */
function readyPage() {
  return feed(
    initialState(),
    { type: 'configured', config: fixture.config, autostart: false },
    { type: 'source_chosen', source: 'server' },
    { type: 'shards_expected', count: 1 },
    { type: 'ready' },
    { type: 'loaded', loaded: fixture.loaded },
    { type: 'shard_added', id: 'train-00.bin.gz', added: fixture.shard_added },
  );
}

const started = { type: 'started', loaded: { ...fixture.loaded, data: fixture.shard_added.data } };
const event = (/** @type {string} */ type) => fixture.events.find((/** @type {any} */ each) => each.type === type);

test('the fixture, message by message, makes a page that is ready', () => {
  const state = readyPage();
  assert.equal(state.phase, 'ready');
  assert.ok(isSettled(state));
  assert.deepEqual(state.data, fixture.shard_added.data);
  assert.equal(state.timings.data_ready_ms, 6_000);
});

test('the configuration has the fields that the crate has', () => {
  assert.deepEqual(Object.keys(initialState().config).sort(), Object.keys(fixture.config).sort());
});

test('every event of the fixture is understood', () => {
  for (const each of fixture.events) {
    const training = { ...feed(readyPage(), started), phase: /** @type {const} */ ('training') };
    const after = feed(training, each);
    assert.notEqual(after, training);
    assert.ok(after.phase !== 'training' || ['progress', 'epoch_end'].includes(each.type), each.type);
  }
});

test('progress and epochs are kept, the report follows its schema', () => {
  const state = feed(readyPage(), started, event('progress'), event('epoch_end'), event('done'));
  assert.equal(state.phase, 'done');
  const { type, ...progress } = event('progress');
  assert.equal(type, 'progress');
  assert.deepEqual(state.progress, progress);
  assert.deepEqual(state.epochs, [event('epoch_end').result]);
  assert.equal(state.evaluation?.confusion.length, CLASSES);
  const report = makeReport(state, { created: new Date(0).toISOString(), user_agent: 'test', logical_cores: 2, fragment: '#seed=1' });
  assert.deepEqual(problems(schema, JSON.parse(JSON.stringify(report))), []);
  assert.notDeepEqual(problems(schema, { ...report, epochs: [{}] }), []);
});

test('a new run and a reset forget the figures, an evaluation does not', () => {
  const done = feed(readyPage(), started, event('progress'), event('epoch_end'), event('done'));
  for (const message of [started, { type: 'was_reset', loaded: fixture.loaded }]) {
    const { epochs, trace, progress, evaluation, trained } = feed(done, message);
    assert.deepEqual({ epochs, trace, progress, evaluation, trained }, { epochs: [], trace: [], progress: null, evaluation: null, trained: false });
  }
  const evaluated = feed(done, { type: 'evaluating' }, { type: 'evaluation', evaluation: fixture.evaluation });
  assert.equal(evaluated.phase, 'done');
  assert.deepEqual(evaluated.epochs, done.epochs);
  assert.deepEqual(evaluated.evaluation, fixture.evaluation);
});

test('an error is shown and leaves the rest as it was', () => {
  const before = feed(readyPage(), { type: 'start_sent' });
  const after = feed(before, { type: 'error', command: 'start', error: fixture.error });
  assert.deepEqual(after.error, fixture.error);
  assert.equal(after.starting, false);
  assert.equal(after.phase, 'ready');
  assert.equal(feed(after, { type: 'error_dismissed' }).error, null);
});

test('a backend that cannot run here is an error until another one is loaded', () => {
  const refused = feed(initialState(), { type: 'ready' }, { type: 'error', command: 'load', error: fixture.error });
  assert.equal(refused.phase, 'error');
  const after = feed(refused, { type: 'loaded', loaded: fixture.loaded });
  assert.equal(after.phase, 'loading');
  assert.equal(after.error, null);
});

test('a refused file is forgotten, the others are enough', () => {
  const state = feed(
    readyPage(),
    { type: 'source_chosen', source: 'files' },
    { type: 'loaded', loaded: fixture.loaded },
    { type: 'file_expected', id: 'a', file: 'data_batch_1.bin' },
    { type: 'shards_expected', count: 1 },
    { type: 'file_expected', id: 'b', file: 'holiday.bin' },
    { type: 'shards_expected', count: 1 },
    { type: 'shard_added', id: 'a', added: { ...fixture.shard_added, name: null } },
  );
  assert.equal(state.phase, 'loading');
  const after = feed(state, { type: 'error', command: 'add_shard', id: 'b', error: fixture.error });
  assert.equal(after.phase, 'ready');
  assert.deepEqual(after.files, [{ id: 'a', file: 'data_batch_1.bin', split: 'train', records: 2000, known: null }]);
});

test('a shard that the engine holds already counts as added', () => {
  const again = feed(readyPage(), { type: 'source_chosen', source: 'server' }, { type: 'loaded', loaded: fixture.loaded }, { type: 'shards_expected', count: 1 });
  assert.equal(again.phase, 'loading');
  const after = feed(again, { type: 'error', command: 'add_shard', id: 'x', error: { ...fixture.error, code: 'duplicate' } });
  assert.equal(after.phase, 'ready');
  assert.equal(after.error, null);
});

test('a field that cannot be read keeps its last value and says why', () => {
  const state = feed(readyPage(), { type: 'field_edited', field: 'epochs', text: 'many' });
  assert.equal(state.config.epochs, fixture.config.epochs);
  assert.match(problemsOf(state).epochs, /whole number/);
  assert.deepEqual(problemsOf(feed(state, { type: 'field_edited', field: 'epochs', text: '4' })), {});
  assert.ok('batch' in problemsOf(feed(state, { type: 'field_edited', field: 'train', text: '3' })));
});

test('an answer about an image that is no longer chosen is dropped', () => {
  const subject = { id: 2, origin: 'picture', label: null, pixels: new Uint8Array(3072), title: 'x' };
  const chosen = feed(readyPage(), { type: 'subject_chosen', subject });
  const probabilities = new Float32Array(CLASSES);
  assert.equal(feed(chosen, { type: 'prediction', id: 1, probabilities }).probabilities, null);
  assert.equal(feed(chosen, { type: 'prediction', id: 2, probabilities }).probabilities, probabilities);
});

test('the live loss stays short however long the run is', () => {
  let state = feed(readyPage(), started);
  for (let step = 1; step <= 5_000; step += 1) state = reduce(state, { ...event('progress'), stage: 'training', epoch: 1, step, steps: 5_000 }, 0);
  assert.ok(state.trace.length <= 2_000 && state.trace.length >= 1_000);
  assert.equal(state.trace[state.trace.length - 1].at, 1);
});

test('listeners hear of every message in order, also of those that a listener causes', () => {
  const store = createStore(() => 0);
  /** @type {string[]} */
  const heard = [];
  store.subscribe((_state, _before, message) => {
    if (message.type === 'next_samples') store.dispatch({ type: 'error_dismissed' });
  });
  store.subscribe((state, _before, message) => heard.push(`${message.type} ${state.sampleFrom}`));
  store.dispatch({ type: 'next_samples' });
  assert.deepEqual(heard, ['next_samples 25', 'error_dismissed 25']);
});
