import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { missingSentence } from '../../www/state/data-reducer.js';
import { isOccupied } from '../../www/state/phases.js';
import { CLASSES } from '../../www/protocol/protocol.js';
import { makeReport } from '../../www/state/report.js';
import { goesOn, isExtended, moreEpochs } from '../../www/state/run-reducer.js';
import { createStore, initialState, isSettled, problemsOf, reduce } from '../../www/state/store.js';
import { pressable } from '../../www/views/controls.js';
import { marksSentence } from '../../www/views/shared/marks.js';
import { errorSentences, statusSentence } from '../../www/views/status.js';
import { problems } from '../page/schema.mjs';

const read = (/** @type {string} */ path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const fixture = read('../fixtures/protocol.json');
const schema = read('../../www/report.schema.json');

/** @param {import('../../www/state/store.js').State} state @param {any[]} messages */
const feed = (state, ...messages) => messages.reduce((now, message, i) => reduce(now, message, 1_000 * (i + 1)), state);

/** A page whose engine and data are there. */
function readyPage() {
  return feed(
    initialState(),
    { type: 'configured', config: fixture.config, autostart: false },
    { type: 'source_chosen', source: 'server', turn: 1, promised: { train: 50_000, test: 10_000 } },
    { type: 'shards_expected', count: 2 },
    { type: 'ready' },
    { type: 'loaded', loaded: fixture.loaded },
    added('1/train-00.bin.gz', 2_000, 0),
    added('1/test-00.bin.gz', 2_000, 2_000),
  );
}

/** A shard's answer when the engine holds so many records. @param {string} id @param {number} train @param {number} test */
const added = (id, train, test) => (
  { type: 'shard_added', id, added: { ...fixture.shard_added, data: { ...fixture.shard_added.data, train_records: train, test_records: test } } });

const started = { type: 'started', loaded: { ...fixture.loaded, data: fixture.shard_added.data } };
const event = (/** @type {string} */ type) => fixture.events.find((/** @type {any} */ each) => each.type === type);

test('the fixture, message by message, makes a page that is ready', () => {
  const state = readyPage();
  assert.equal(state.phase, 'ready');
  assert.ok(isSettled(state));
  assert.equal(state.data?.train_records, 2_000);
  assert.equal(state.timings.data_ready_ms, 7_000);
});

test('the configuration has the fields that the crate has', () => {
  assert.deepEqual(Object.keys(initialState().config).sort(), Object.keys(fixture.config).sort());
});

/** What of a run's state each event changes; of progress it is the stage's. @type {Record<string, string[]>} */
const CHANGED = {
  compiling: ['compiling', 'phase'],
  backend: ['loaded'],
  training: ['measured', 'progress', 'trace', 'trained'],
  validating: ['progress', 'trained'],
  epoch_end: ['epochs', 'evaluation', 'trained'],
  resumed: [], // It is under way already.
  paused: ['phase'],
  stopped: ['more', 'phase', 'resumable', 'timings'],
  done: ['more', 'phase', 'timings'],
};

test('every event of the fixture is understood: each changes what it is about, and no other does', () => {
  const running = feed(readyPage(), started);
  const changedBy = (/** @type {any} */ message) => {
    const after = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (feed(running, message)));
    return Object.entries(running).filter(([key, value]) => !isDeepStrictEqual(after[key], value)).map(([key]) => key).sort();
  };
  for (const each of fixture.events) assert.deepEqual(changedBy(each), CHANGED[each.stage ?? each.type], each.type);
  assert.deepEqual(changedBy({ type: 'of_tomorrow' }), []);
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
  assert.equal(report.gap, null);
  const measured = feed(state, { type: 'training_evaluation', evaluation: { ...event('epoch_end').evaluation, accuracy: 1, records: 10_000 } });
  const withGap = makeReport(measured, { created: new Date(0).toISOString(), user_agent: 'test', logical_cores: 2, fragment: '#seed=1' });
  const test_accuracy = event('epoch_end').evaluation.accuracy;
  assert.deepEqual(withGap.gap, { training_accuracy: 1, test_accuracy, gap: 1 - test_accuracy, training_records: 10_000 });
  assert.deepEqual(problems(schema, JSON.parse(JSON.stringify(withGap))), []);
});

test('getting the graphics card ready is said part by part', () => {
  /** @type {[string, number][]} */
  const parts = [['upload', 0], ['comparison', 1], ['calibration', 2], ['first_step', 3]];
  for (const [part, done] of parts) {
    const state = feed(readyPage(), started, { type: 'compiling', part, done, of: 4 });
    assert.equal(state.phase, 'compiling');
    assert.deepEqual(state.compiling, { part, done, of: 4 });
    assert.match(statusSentence(state), new RegExp(`graphics card.*part ${done + 1} of 4`));
  }
  const ended = feed(readyPage(), started, event('compiling'), { type: 'error', command: 'advance', error: { ...fixture.error, code: 'self_check' } });
  assert.equal(ended.phase, 'ready');
  assert.equal(ended.diverged, false);
  assert.equal(ended.error?.code, 'self_check');
  assert.equal(feed(ended, started).compiling, null);
});

test('the backend that runs, and those that can, are what the engine said last', () => {
  assert.deepEqual(readyPage().backends, []);
  const state = feed(readyPage(), { type: 'backends', backends: fixture.backends }, started, event('backend'));
  assert.deepEqual(state.backends, fixture.backends);
  assert.deepEqual(state.loaded?.backend, event('backend').backend);
  assert.deepEqual(state.loaded?.summary, fixture.loaded.summary);
  assert.deepEqual(feed(initialState(), event('backend')), initialState(), 'nothing is loaded yet');
  const report = makeReport(state, { created: new Date(0).toISOString(), user_agent: 'test', logical_cores: 2, fragment: '#seed=1' });
  assert.deepEqual(report.backend.self_check, event('backend').backend.self_check);
  assert.deepEqual(problems(schema, JSON.parse(JSON.stringify(report))), []);
  assert.equal(makeReport(readyPage(), { created: '', user_agent: '', logical_cores: null, fragment: '#' }).backend.self_check, null);
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

test('a backend’s refusal is taken back by the next load that succeeds, other complaints are not', () => {
  for (const [code, left] of [['self_check', undefined], ['backend_unavailable', undefined], ['invalid_link', 'invalid_link']]) {
    const complained = feed(readyPage(), { type: 'complained', error: { ...fixture.error, code } });
    assert.equal(feed(complained, { type: 'loaded', loaded: fixture.loaded }).error?.code, left);
  }
});

test('after the engine’s end on a graphics card the hint leads to the processor', () => {
  const on = (/** @type {string} */ active) => ({ ...fixture.loaded, backend: { ...fixture.loaded.backend, active } });
  const end = { type: 'failed', error: { code: 'engine_failed', message: 'It broke.', hint: 'Reload.' } };
  assert.equal(feed(readyPage(), { type: 'loaded', loaded: on('flex') }, end).error?.hint, 'Reload.');
  const { error, alive } = feed(readyPage(), { type: 'loaded', loaded: on('webgpu') }, end);
  assert.match(error?.hint ?? '', /“flex”, then reload/);
  assert.equal(error?.message, 'It broke.');
  assert.equal(alive, false);
});

/** The visitor's files as they are sent. @param {string[]} names */
const ownFiles = (...names) => ({
  type: 'source_chosen', source: 'files', turn: 2, promised: null,
  files: names.map((file, i) => ({ id: `2/${i + 1}`, key: i + 1, file, split: 'train', records: 2_000, known: null, isAdded: false })),
});

test('a refused file is forgotten, the others are enough', () => {
  const state = feed(
    readyPage(),
    ownFiles('data_batch_1.bin', 'holiday.bin'),
    { type: 'loaded', loaded: fixture.loaded },
    { type: 'shard_added', id: '2/1', added: { ...fixture.shard_added, name: null, data: { ...fixture.shard_added.data, complete: true } } },
  );
  assert.equal(state.phase, 'loading');
  const after = feed(state, { type: 'error', command: 'add_shard', id: '2/2', error: fixture.error });
  assert.equal(after.phase, 'ready');
  assert.equal(after.shards.expected, 1);
  assert.deepEqual(after.files, [{ id: '2/1', key: 1, file: 'data_batch_1.bin', split: 'train', records: 2_000, known: null, isAdded: true }]);
});

test('a file that is there already is refused by its name, and nothing is lost', () => {
  const { shards, files, ...held } = feed(
    readyPage(),
    ownFiles('data_batch_1.bin', 'copy.bin'),
    { type: 'loaded', loaded: fixture.loaded },
    { type: 'shard_fetched' },
    { type: 'shard_added', id: '2/1', added: fixture.shard_added },
    { type: 'shard_fetched' },
  );
  const after = feed(
    { ...held, shards, files },
    { type: 'error', command: 'add_shard', id: '2/2', error: { code: 'duplicate', message: 'These records are already loaded.', hint: 'Nothing to do.' } },
  );
  assert.deepEqual({ ...after, error: null, phase: held.phase }, { ...held, shards: { expected: 1, fetched: 1, added: 1 }, files: files.slice(0, 1) });
  assert.equal(after.phase, 'ready');
  assert.equal(after.error?.message, '“copy.bin”: These records are already loaded.');
});

test('several runs that are dropped wait for a choice', () => {
  const files = [new File([], 'a.safetensors'), new File([], 'b.safetensors')];
  const chosen = feed(readyPage(), { type: 'runs_dropped', files });
  assert.deepEqual(chosen.runFiles.map((/** @type {File} */ { name }) => name), ['a.safetensors', 'b.safetensors']);
  assert.equal(chosen.phase, 'ready');
  assert.deepEqual(feed(chosen, { type: 'runs_dropped', files: [] }).runFiles, []);
});

test('a shard that the engine holds already counts as added', () => {
  const again = feed(
    readyPage(),
    { type: 'source_chosen', source: 'server', turn: 2, promised: { train: 2_000, test: 2_000 } },
    { type: 'shards_expected', count: 2 },
  );
  assert.equal(again.phase, 'loading');
  const after = feed(
    again,
    { type: 'loaded', loaded: { ...fixture.loaded, data: readyPage().data } },
    { type: 'error', command: 'add_shard', id: '2/train-00.bin.gz', error: { ...fixture.error, code: 'duplicate' } },
  );
  assert.equal(after.phase, 'ready');
  assert.equal(after.error, null);
  assert.equal(after.shards.added, 1);
});

test('answers about an older source are not counted for the new one', () => {
  const files = feed(readyPage(), ownFiles('mine.bin'));
  const late = feed(
    files,
    added('1/train-01.bin.gz', 4_000, 2_000),
    { type: 'error', command: 'add_shard', id: '1/train-02.bin.gz', error: fixture.error },
  );
  assert.deepEqual({ ...late, phase: files.phase }, files);
});

test('a shorter run may start while the shards of a longer one stream', () => {
  const long = feed(readyPage(), { type: 'configured', config: { ...fixture.config, train: 50_000, test: 10_000 }, autostart: false });
  assert.equal(long.phase, 'loading');
  const short = feed(long, { type: 'shards_expected', count: 30 }, added('1/train-01.bin.gz', 4_000, 2_000), added('1/train-02.bin.gz', 6_000, 2_000));
  assert.equal(short.phase, 'loading');
  assert.equal(feed(short, { type: 'preset_chosen', preset: { train: 5_000, test: 1_000 } }).phase, 'ready');
  const all = feed(long, { type: 'source_chosen', source: 'server', turn: 2, promised: { train: 4_000, test: 2_000 } },
    { type: 'loaded', loaded: fixture.loaded }, added('2/x', 4_000, 2_000));
  assert.equal(all.phase, 'ready', 'all that there is is enough');
});

test('a trained network stays when more images are needed and cannot be had', () => {
  const done = feed(readyPage(), { ...started, loaded: { ...started.loaded, data: readyPage().data } }, event('progress'), event('epoch_end'), event('done'));
  const offline = feed(
    done,
    { type: 'field_edited', field: 'train', text: '5000' },
    { type: 'shards_expected', count: 4 },
    { type: 'data_failed', sentence: 'No net.' },
  );
  assert.equal(offline.phase, 'done');
  assert.ok(!isSettled(offline), 'but Start waits');
  assert.deepEqual(offline.epochs, done.epochs);
  const fewer = feed(offline, { type: 'field_edited', field: 'train', text: '2000' }, { type: 'shards_expected', count: 2 });
  assert.ok(isSettled(fewer));
});

test('a Start that was sent holds settings and data until it is answered', () => {
  const sent = feed(readyPage(), { type: 'start_sent' });
  assert.ok(isOccupied(sent));
  assert.ok(!isOccupied(feed(sent, { type: 'error', command: 'start', error: fixture.error })));
  assert.ok(isOccupied(feed(sent, started)));
});

test('a diverged run is told apart, and its report follows the schema', () => {
  const { result, evaluation } = event('epoch_end');
  const end = { type: 'epoch_end', result: { ...result, loss: Number.NaN, val_loss: Number.NaN }, evaluation: { ...evaluation, loss: Number.NaN } };
  const state = feed(readyPage(), started, event('progress'), end, { type: 'error', command: 'advance', error: { ...fixture.error, code: 'diverged' } });
  assert.equal(state.phase, 'ready');
  assert.equal(state.diverged, true);
  assert.match(statusSentence({ ...state, data: readyPage().data }), /diverged.*Reset/);
  const report = makeReport(state, { created: new Date(0).toISOString(), user_agent: 'test', logical_cores: 2, fragment: '#seed=1' });
  assert.deepEqual(problems(schema, JSON.parse(JSON.stringify(report))), []);
  assert.equal(feed(state, { type: 'was_reset', loaded: fixture.loaded }).diverged, false);
});

test('a field that cannot be read keeps its last value and says why', () => {
  const state = feed(readyPage(), { type: 'field_edited', field: 'epochs', text: 'many' });
  assert.equal(state.config.epochs, fixture.config.epochs);
  assert.match(problemsOf(state).epochs, /whole number/);
  assert.deepEqual(problemsOf(feed(state, { type: 'field_edited', field: 'epochs', text: '4' })), {});
  assert.ok('batch' in problemsOf(feed(state, { type: 'field_edited', field: 'train', text: '3' })));
});

test('an answer about an image that is no longer chosen is dropped', () => {
  const subject = { id: 2, origin: 'picture', label: null, pixels: new Uint8Array(3072), title: 'x', asked: true };
  const chosen = feed(readyPage(), { type: 'subject_chosen', subject });
  const probabilities = new Float32Array(CLASSES);
  assert.equal(feed(chosen, { type: 'prediction', id: 1, probabilities }).probabilities, null);
  const answered = feed(chosen, { type: 'prediction', id: 2, probabilities });
  assert.equal(answered.probabilities, probabilities);
  assert.equal(answered.subject?.asked, false, 'nobody waits for it any more');
  for (const type of ['loaded', 'started', 'was_reset']) {
    const { probabilities: left, subject: kept } = feed(answered, { type, loaded: fixture.loaded });
    assert.equal(left, null, 'it was another network’s answer');
    assert.equal(kept?.id, 2);
  }
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

test('a restored run is the configuration and waits to go on, until a setting is changed', () => {
  const restored = feed(readyPage(), { type: 'restored', restored: fixture.restored });
  assert.equal(restored.phase, 'ready');
  assert.ok(goesOn(restored));
  assert.deepEqual(restored.epochs, fixture.restored.history);
  assert.deepEqual(restored.config, fixture.restored.loaded.config);
  assert.match(statusSentence({ ...restored, data: fixture.shard_added.data, promised: { train: 1, test: 1 } }), /goes on at epoch/);

  assert.ok(!goesOn(feed(restored, { type: 'field_edited', field: 'seed', text: '77' })));
  const resumed = feed(restored, { type: 'resumed' }, event('progress'));
  assert.deepEqual([resumed.phase, resumed.resumable], ['training', null]);
});

test('a stopped run keeps its place: it goes on from there, longer if its epochs were raised, or another one begins', () => {
  const stopped = feed(readyPage(), started, event('progress'), event('stopped'));
  const { epoch, step } = event('stopped');
  assert.deepEqual([stopped.phase, stopped.resumable], ['ready', { epoch, step }]);
  assert.deepEqual([goesOn(stopped), isExtended(stopped)], [true, false]);
  assert.ok(pressable({ ...stopped, data: readyPage().data }).anew);
  assert.equal(statusSentence({ ...stopped, data: readyPage().data }), `Stopped at epoch ${epoch}, after step ${step}: it can go on from there`);
  const longer = feed(stopped, { type: 'field_edited', field: 'epochs', text: '77' });
  assert.deepEqual([goesOn(longer), isExtended(longer)], [true, true]);
  const other = feed(stopped, { type: 'field_edited', field: 'seed', text: '77' });
  assert.ok(!goesOn(other) && !pressable(other).anew);
  assert.match(statusSentence({ ...other, data: readyPage().data }), /With other settings training begins anew/);

  const on = feed(stopped, { type: 'resumed' });
  assert.deepEqual([on.phase, on.marks, on.timings.run_ended_ms], ['training', [], null]);
  const refused = feed(on, { type: 'error', command: 'advance', error: { ...fixture.error, code: 'checkpoint' } });
  assert.ok(goesOn(refused), 'a run whose images are not there waits for them');
  const diverged = feed(on, { type: 'error', command: 'advance', error: { ...fixture.error, code: 'diverged' } });
  assert.ok(!goesOn(diverged));
});

test('a run that is over is opened as it was, and may be trained for more epochs', () => {
  const { history, evaluation, trace, progress } = fixture.restored;
  const config = { ...fixture.restored.loaded.config, epochs: 1 };
  const loaded = { ...fixture.restored.loaded, config, data: readyPage().data };
  const over = feed(readyPage(), { type: 'restored', restored: { ...fixture.restored, position: null, more: { least: 2, most: 1_000, usual: 2 }, loaded } });
  assert.equal(over.phase, 'done');
  assert.deepEqual([over.epochs, over.evaluation, over.trace, over.progress], [history, evaluation, trace.points, progress]);
  assert.equal(statusSentence(over), 'Test accuracy 0.5500 after 1 epoch');
  assert.deepEqual(moreEpochs(over), { least: 2, most: 1_000, usual: 2 });
  assert.deepEqual([goesOn(over), pressable(over).start, pressable(over).anew], [false, true, false]);
  assert.equal(moreEpochs(feed(over, { type: 'field_edited', field: 'seed', text: '9' })), null, 'another run’s settings');

  const raised = feed(over, { type: 'field_edited', field: 'epochs', text: '3' });
  assert.deepEqual([goesOn(raised), isExtended(raised), pressable(raised).anew, moreEpochs(raised)], [true, true, true, null]);
  const extended = feed(raised, { type: 'start_sent', extends: true }, { type: 'extended', loaded: { ...loaded, config: { ...config, epochs: 3 } } });
  assert.deepEqual([extended.runConfig?.epochs, extended.resumable, extended.starting], [3, { epoch: 2, step: 0 }, true]);
  const on = feed(extended, { type: 'resumed' });
  assert.deepEqual([on.phase, on.starting, on.epochs], ['training', false, history]);
  const anew = feed(raised, { type: 'start_sent' }, { type: 'resumed' });
  assert.ok(anew.starting, 'a Resume from before the Start does not answer it');
  const refused = feed(raised, { type: 'start_sent' }, { type: 'error', command: 'extend', error: fixture.error });
  assert.deepEqual([refused.phase, refused.starting], ['done', false]);
});

test('a run that is done in this visit may be trained on; one that diverged, and weights alone, may not', () => {
  const done = feed(readyPage(), { ...started, loaded: { ...started.loaded, data: readyPage().data } }, event('progress'), event('epoch_end'), event('done'));
  const own = { ...done, config: { ...done.runConfig, epochs: 1 }, runConfig: { ...done.runConfig, epochs: 1 } };
  assert.deepEqual(moreEpochs(own), event('done').more, 'as the crate says');
  assert.equal(moreEpochs({ ...own, more: null }), null, 'as long as a run may be');
  assert.equal(moreEpochs({ ...own, diverged: true }), null);
  assert.equal(moreEpochs({ ...own, fromWeights: true }), null);
});

test('the curve before a checkpoint belongs to the run, and the place where it was opened is marked', () => {
  const opened = feed(readyPage(), { type: 'restored', restored: fixture.restored });
  assert.deepEqual(opened.trace, fixture.restored.trace.points);
  assert.deepEqual(opened.marks, [{ at: 0.5, reason: null }], 'where it was opened before');
  assert.equal(opened.evaluation, fixture.restored.evaluation);
  const { steps } = fixture.restored.progress;
  const on = feed(opened, { type: 'resumed' });
  assert.deepEqual(on.marks, [{ at: 0.5, reason: null }, { at: 1 + 12 / steps, reason: null }]);
  assert.equal(marksSentence(on.marks), '; the run was opened and went on 2 times, last at epoch 1.19');
  assert.equal(marksSentence([{ at: 0.5, reason: 'It broke.' }, { at: 1, reason: null }]), '; the engine was replaced once, last at epoch 0.50; the run was opened and went on once, last at epoch 1.00');
  const further = feed(on, { ...event('progress'), epoch: 2, step: 20, steps, stage: 'training' });
  assert.equal(further.trace.length, fixture.restored.trace.points.length + 1, 'the curve goes on');
  assert.equal(feed(further, event('stopped'), { type: 'resumed' }).marks.length, 2, 'a stop is no break');
});

test('a Start that waits for the other module is no run, and is over once it is sent or the engine ends', () => {
  const waiting = feed(readyPage(), { type: 'start_sent' }, { type: 'other_module', resend: { bytes: null, start: true } });
  assert.ok(waiting.startWaits && !waiting.starting && !isOccupied(waiting));
  assert.ok(!feed(waiting, { type: 'start_sent' }).startWaits);
  assert.ok(!feed(waiting, { type: 'failed', error: fixture.error }).startWaits);
});

test('what is tried again is said with its reason, and no more once it is there or given up', () => {
  const waits = (/** @type {string} */ file) => ({ type: 'retry_waits', file, reason: `“${file}” is late` });
  const state = feed(
    initialState(), { type: 'source_chosen', source: 'server', turn: 1, promised: { train: 50_000, test: 10_000 } },
    waits('a'), waits('b'), waits('a'), waits('c'),
  );
  assert.equal(missingSentence(state), 'Not here yet: “b” is late, and 2 more parts are missing. The page tries again by itself.');
  assert.equal(statusSentence(state), 'Some images did not come: trying again');
  const one = feed(state, { type: 'retry_over', file: 'b' }, { type: 'retry_over', file: 'c' });
  assert.equal(missingSentence(one), 'Not here yet: “a” is late. The page tries again by itself.');
  for (const end of [{ type: 'retry_over', file: 'a' }, { type: 'data_failed', sentence: 'No.' }, { type: 'source_chosen', source: 'files', turn: 2, promised: null }]) {
    assert.equal(missingSentence(feed(one, end)), null, end.type);
  }
});

test('a shard that comes damaged is an error only the second time', () => {
  const refused = { type: 'error', command: 'add_shard', id: '1/train-00.bin.gz', error: { code: 'gzip', message: 'It is cut short.', hint: '' } };
  const before = feed(initialState(), { type: 'source_chosen', source: 'server', turn: 1, promised: { train: 50_000, test: 10_000 } }, { type: 'shard_fetched' });
  const once = feed(before, refused);
  assert.equal(once.error, null);
  assert.equal(once.shards.fetched, 0);
  assert.match(missingSentence(once) ?? '', /“train-00\.bin\.gz” came damaged/);
  const twice = feed(once, { type: 'retry_over', file: 'train-00.bin.gz' }, refused);
  assert.equal(twice.error?.message, '“train-00.bin.gz” came damaged from the server, twice. It is cut short.');
  assert.match(twice.error?.hint ?? '', /own copy.*try again/);
  assert.equal(missingSentence(feed(before, { ...refused, id: '0/train-00.bin.gz' })), null, 'what an older source says is not heard');
});

test('a complaint about the server’s data goes when that is tried again or comes, another one stays beside it', () => {
  const failed = { type: 'data_failed', sentence: 'The server’s images could not be had: “train-00” stalled.' };
  const report = (/** @type {string} */ code) => ({ type: 'complained', error: { code, message: `It says ${code}.`, hint: 'Do this.' } });
  for (const over of [{ type: 'data_retried' }, { type: 'shards_expected', count: 3 }]) {
    for (const code of ['data_unavailable', 'hash_mismatch', 'invalid_manifest']) {
      const state = feed(initialState(), failed, report(code));
      assert.equal(errorSentences(state), `It says ${code}. Do this.`);
      assert.deepEqual([feed(state, over).error, feed(state, over).dataProblem], [null, null]);
    }
    const other = feed(initialState(), failed, report('invalid_link'));
    assert.match(errorSentences(other), /^It says invalid_link\. Do this\. The server’s images could not be had: “train-00” stalled\..*try again/);
    assert.equal(errorSentences(feed(other, over)), 'It says invalid_link. Do this.');
  }
  assert.equal(feed(initialState(), report('label'), { type: 'shards_expected', count: 1 }).error?.code, 'label', 'a file of the visitor’s is no data of the server’s');
});

/** A run in its second epoch, with a curve of two epochs, whose engine is lost. @param {object} [more] */
function lost(more = {}) {
  const point = (/** @type {number} */ epoch, /** @type {number} */ step) => ({ ...event('progress'), epoch, step, steps: 10, stage: 'training' });
  return feed(
    readyPage(), started, point(1, 5), point(1, 10), event('epoch_end'), point(2, 2), point(2, 6),
    { type: 'recovering', reason: 'It broke.', resumes: true, restores: true, changes: null, ...more },
  );
}
const restoredRun = { ...fixture.restored, position: { epoch: 2, step: 2 }, history: [event('epoch_end').result] };

test('a run outlasts its engine: what was learnt after the checkpoint goes, the spot is marked, and it goes on by itself', () => {
  const broken = lost();
  assert.equal(broken.phase, 'recovering');
  assert.ok(isOccupied(broken) && !broken.alive);
  assert.equal(broken.notice, 'It broke. Another one was started, and the run goes on from its last checkpoint.');
  const fed = feed(broken, { type: 'source_chosen', source: 'server', turn: 2, promised: broken.promised }, { type: 'ready' }, { type: 'loaded', loaded: fixture.loaded });
  assert.equal(fed.phase, 'recovering');
  assert.equal(fed.epochs.length, 1, 'the log stays in sight');
  const there = feed(fed, { type: 'restored', restored: restoredRun });
  assert.equal(there.phase, 'recovering');
  assert.deepEqual(there.trace.map((/** @type {any} */ point) => point.at), [0.5, 1, 1.2]);
  assert.deepEqual(there.marks, [{ at: 1.2, reason: 'It broke.' }]);
  assert.ok(there.resumes && there.resumable);
  const on = feed(there, { type: 'resumed' }, event('progress'));
  assert.deepEqual([on.phase, on.resumes, on.resumable], ['training', false, null]);
});

test('after the processor has taken over, the form and the link say so', () => {
  const state = lost({ changes: { backend: 'flex' } });
  assert.equal(state.config.backend, 'flex');
  assert.equal(state.loaded?.config.backend, 'flex');
});

test('a run that was never kept begins anew by itself once the engine is there', () => {
  const state = lost({ restores: false });
  assert.deepEqual([state.phase, state.startWaits, state.epochs.length, state.trace.length], ['loading', true, 0, 0]);
});

test('a lost engine of a run that stood still leaves it standing', () => {
  const state = feed(lost({ resumes: false }), { type: 'ready' }, { type: 'restored', restored: restoredRun });
  assert.deepEqual([state.phase, state.resumes, goesOn(state)], ['ready', false, true]);
});

test('one click on a run that was kept goes on with it, unless it cannot be read', () => {
  const wanted = feed(readyPage(), { type: 'kept_wanted' }, { type: 'kept_opening' });
  const there = feed(wanted, { type: 'restored', restored: restoredRun });
  assert.ok(there.resumes && there.resumable && there.phase === 'ready');
  assert.equal(there.notice, fixture.restored.remarks[0], 'what will not be bit-equal is said');
  const refused = feed(wanted, { type: 'error', command: 'restore', error: fixture.error });
  assert.equal(refused.resumes, false);
  const over = feed(wanted, { type: 'restored', restored: { ...restoredRun, position: null } });
  assert.equal(over.resumes, false, 'a run that is over does not go on');
});
