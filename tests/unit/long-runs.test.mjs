/** Long runs: what the tab's title says, what is told of a run's end, and which recipe is the best in so many minutes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RECIPES } from '../../www/protocol/recipes.js';
import { bestIn, createBudgeting } from '../../www/state/budget.js';
import { NO_CHOICES } from '../../www/state/choices.js';
import { DEFAULTS } from '../../www/state/fields.js';
import { isEffective, warningsOf } from '../../www/state/fitting.js';
import { goesOn, moreEpochs } from '../../www/state/run-reducer.js';
import { PRESETS, presetOf } from '../../www/state/presets.js';
import { speedOf, withSpeed } from '../../www/state/speeds.js';
import { createStore, initialState, reduce } from '../../www/state/store.js';
import { keepChoices, readChoices } from '../../www/storage/choices.js';
import { planSentence } from '../../www/views/budget.js';
import { endSentence } from '../../www/views/notify.js';
import { choosingSentence } from '../../www/views/shared/images-sentence.js';
import { tiles } from '../../www/views/progress.js';
import { statusSentence } from '../../www/views/status.js';
import { titleOf } from '../../www/views/title.js';

const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const progress = fixture.events.find((/** @type {any} */ each) => each.type === 'progress' && each.stage === 'training');
const { loaded } = fixture;

/** @param {any} change @returns {import('../../www/state/store.js').State} */
const state = (change) => ({ ...initialState(), ...change });
const row = (/** @type {number} */ epoch, /** @type {number} */ accuracy) => ({ epoch, loss: 1, accuracy: 0.5, val_loss: 1, val_accuracy: accuracy, seconds: 1, step_ms: 1 });
const done = state({ phase: 'done', epochs: [row(1, 0.5), row(2, 0.8434)] });

test('the title says how far a run is, how good it is at its end, and nothing where there is none', () => {
  const at = { progress: { ...progress, epoch: 5, epochs: 10, step: 20, steps: 100 } };
  assert.equal(titleOf(state({ phase: 'training', ...at })), '42 % · epoch 5 of 10 · ConvBurn');
  assert.equal(titleOf(state({ phase: 'paused', ...at })), 'Paused at 42 % · epoch 5 of 10 · ConvBurn');
  assert.equal(titleOf(state({ phase: 'evaluating', phaseBefore: 'paused', ...at })), 'Paused at 42 % · epoch 5 of 10 · ConvBurn');
  assert.equal(titleOf(state({ phase: 'training', progress: { ...progress, epoch: 10, epochs: 10, step: 100, steps: 100 } })), '99 % · epoch 10 of 10 · ConvBurn', 'it is not done');
  assert.equal(titleOf(state({ phase: 'compiling', runConfig: { ...fixture.config, epochs: 3 } })), '0 % · epoch 1 of 3 · ConvBurn');
  assert.equal(titleOf(done), 'Done: 0.843 · ConvBurn');
  for (const phase of ['loading', 'ready', 'error']) assert.equal(titleOf(state({ phase, ...at })), null);
});

test('the end of a run is told, also where it failed, but not where somebody stopped it', () => {
  const training = state({ phase: 'training' });
  const error = { code: 'diverged', message: 'The loss is no number any more.', hint: 'Try less.' };
  assert.equal(endSentence(done, training), 'Two epochs: test accuracy 0.843');
  assert.equal(endSentence(state({ phase: 'done', epochs: [row(12, 0.5)] }), training), '12 epochs: test accuracy 0.500');
  assert.equal(endSentence(state({ phase: 'ready', error }), training), 'The run ended: The loss is no number any more.');
  assert.equal(endSentence(state({ phase: 'error', error }), state({ phase: 'recovering' })), 'The run ended: The loss is no number any more.');
  assert.equal(endSentence(state({ phase: 'ready' }), training), null, 'stopped');
  assert.equal(endSentence(state({ phase: 'paused' }), training), null);
  assert.equal(endSentence(done, state({ phase: 'evaluating' })), null, 'it was over');
});

const MEASURED = RECIPES.filter(({ reached }) => reached !== null);
/** By accuracy, the best last; the better one costs more, as it does. */
const RANKED = [...MEASURED].sort((one, other) => (one.reached?.accuracy ?? 0) - (other.reached?.accuracy ?? 0));
const WORKS = Object.fromEntries(RANKED.map(({ name }, i) => [name, 10 ** 6 * (i + 1)]));
const IMAGES = { train: 50_000, test: 10_000, isKnown: true, works: WORKS };
/** @type {import('../../www/state/speeds.js').Speed} */
const SPEED = { backend: 'flex', arithmetic: 'auto', asked: 0, workers: 4, cores: 4, work_per_second: 10 ** 9, measured_on: null };
const QUICKEST = RANKED[0].name;
const BEST = RANKED[RANKED.length - 1].name;
/** Seconds of an epoch of the quickest: 53,333 images' worth of work, a millionth of a thousand millions each. */
const EPOCH_S = (50_000 + 10_000 / 3) / 1_000;

test('the best in some minutes is the most accurate recipe whose epochs fit, with a margin', () => {
  const minutesOf = (/** @type {number} */ epochs, /** @type {number} */ times) => 1.25 * epochs * times * EPOCH_S / 60;
  const just = minutesOf(10, RANKED.length);
  const expected = { by: BEST, epochs: 10, expected: RANKED[RANKED.length - 1].reached?.accuracy, lacks: null };
  for (const minutes of [just + 1e-6, 240]) {
    const { seconds, ...plan } = /** @type {import('../../www/state/budget.js').Plan} */ (bestIn(minutes, SPEED, IMAGES));
    assert.deepEqual(plan, expected, 'no more epochs than were measured');
    assert.ok(Math.abs(seconds - 10 * RANKED.length * EPOCH_S) < 1e-6);
  }
  assert.notEqual(/** @type {any} */ (bestIn(just - 0.01, SPEED, IMAGES)).by, BEST);
  assert.deepEqual(/** @type {any} */ (bestIn(minutesOf(10, 1) + 1e-6, SPEED, IMAGES)).by, QUICKEST);
});

test('where no recipe fits whole, the one that gets furthest is planned without a promise, or the minutes that it needs are said', () => {
  const epochMinutes = 1.25 * EPOCH_S / 60;
  assert.deepEqual({ .../** @type {any} */ (bestIn(9.99 * epochMinutes, SPEED, IMAGES)), seconds: 0 }, { by: QUICKEST, epochs: 9, seconds: 0, expected: null, lacks: 'epochs' });
  assert.equal(/** @type {any} */ (bestIn(epochMinutes + 1e-6, SPEED, IMAGES)).epochs, 1);
  assert.deepEqual(bestIn(epochMinutes - 0.01, SPEED, IMAGES), { least_minutes: Math.ceil(epochMinutes) });
});

test('fewer or other images promise nothing, too few for a batch cannot be planned, and fewer groups than workers take longer', () => {
  assert.deepEqual(/** @type {any} */ (bestIn(240, SPEED, { ...IMAGES, train: 20_000 })).lacks, 'images');
  assert.deepEqual(/** @type {any} */ (bestIn(240, SPEED, { ...IMAGES, isKnown: false })).expected, null);
  assert.equal(bestIn(240, SPEED, { ...IMAGES, train: 100 }), null);
  assert.equal(bestIn(240, SPEED, { ...IMAGES, works: {} }), null);
  const four = { ...IMAGES, works: { 'tutorial-cured': 10 ** 6 } };
  const seconds = (/** @type {any} */ change) => /** @type {any} */ (bestIn(240, { ...SPEED, ...change }, four)).seconds;
  assert.ok(Math.abs(seconds({ workers: 8, cores: 8 }) / seconds({}) - 2) < 1e-9, 'a batch of 128 has four groups');
  assert.equal(seconds({ workers: 2, cores: 4 }), seconds({}));
  assert.equal(seconds({ backend: 'webgpu', workers: 8, cores: 8 }), seconds({}));
});

test('what is remembered is read strictly, one speed for each way of computing', () => {
  const dated = { ...SPEED, measured_on: '2026-11-27' };
  const other = { ...dated, backend: 'webgpu' };
  assert.deepEqual(readChoices(JSON.stringify({ notifies: true, speeds: [dated] })), { notifies: true, speeds: [dated] });
  for (const text of [null, '', '{', 'null', '7', '{"notifies":1,"speeds":{}}', JSON.stringify({ speeds: [null, { ...dated, work_per_second: 0 }, { ...dated, measured_on: 'today' }, { ...dated, workers: '4' }] })]) {
    assert.deepEqual(readChoices(text), NO_CHOICES, String(text));
  }
  assert.deepEqual(withSpeed([dated, other], { ...dated, work_per_second: 5 }), [{ ...dated, work_per_second: 5 }, other]);
});

/** A page with a storage of its own, whose engine and images are there. @param {Map<string, string>} kept */
function visit(kept) {
  const store = createStore(() => 0);
  /** @type {any[]} */
  const sent = [];
  const storage = /** @type {any} */ ({ getItem: (/** @type {string} */ name) => kept.get(name) ?? null, setItem: (/** @type {string} */ name, /** @type {string} */ text) => kept.set(name, text), removeItem: (/** @type {string} */ name) => kept.delete(name) });
  const budgeting = createBudgeting(store, (command) => sent.push(command), 4);
  store.subscribe(() => budgeting.look());
  keepChoices(store, { open: () => storage, cores: 4, today: () => '2026-11-27', now: () => 0 });
  const dispatch = (/** @type {any} */ message) => store.dispatch(message);
  dispatch({ type: 'ready' });
  dispatch({ type: 'configured', config: { ...loaded.config, ...PRESETS.quick }, autostart: false });
  dispatch({ type: 'source_chosen', source: 'server', turn: 1, promised: { train: 50_000, test: 10_000 } });
  dispatch({ type: 'loaded', loaded: { ...loaded, config: { ...loaded.config, ...PRESETS.quick } } });
  const answer = () => {
    for (const { network } of sent.splice(0)) dispatch({ type: 'summarized', network, summary: loaded.summary });
  };
  /** A run that is measured, to its end. */
  const train = () => {
    dispatch({ type: 'started', loaded: store.get().loaded });
    dispatch({ ...progress, step: 90, steps: 100, images_per_second: 1e9 });
    dispatch({ type: 'done', more: null });
  };
  return { store, dispatch, sent, answer, train };
}

test('without a speed a trial is offered, its end makes the plan, and a later visit plans by what is remembered', () => {
  const kept = new Map();
  const first = visit(kept);
  first.dispatch({ type: 'budget_asked', minutes: 15 });
  assert.match(planSentence(first.store.get()), /is not known yet/);
  assert.equal(first.sent.length, 0);
  first.dispatch({ type: 'budget_tried' });
  first.train();
  assert.deepEqual(first.sent.map(({ type, network }) => [type, network]), MEASURED.map(({ name }) => ['summarize', PRESETS[name].network]));
  first.answer();
  assert.equal(presetOf(first.store.get().config), BEST);
  assert.match(planSentence(first.store.get()), /^In 15 minutes on this machine: “.+”, 10 epochs \(about .+\), expected test accuracy about 0\.\d\d \(measured elsewhere\)\. The settings hold it; it starts when you say so\.$/);
  first.dispatch({ type: 'field_edited', field: 'epochs', text: '4' });
  assert.equal(planSentence(first.store.get()), '', 'the settings are others');

  const later = visit(kept);
  later.dispatch({ type: 'budget_asked', minutes: 15 });
  later.answer();
  assert.match(planSentence(later.store.get()), /The speed was measured on 27 November 2026\.$/);
  later.dispatch({ type: 'field_edited', field: 'arithmetic', text: 'portable' });
  assert.equal(speedOf(later.store.get(), 4), null, 'measured otherwise');
  later.dispatch({ type: 'runs_deleted' });
  assert.deepEqual([kept.size, later.store.get().choices], [0, NO_CHOICES]);
});

test('whoever wants something else during the trial keeps it', () => {
  const page = visit(new Map());
  page.dispatch({ type: 'budget_asked', minutes: 15 });
  page.dispatch({ type: 'budget_tried' });
  page.dispatch({ type: 'field_edited', field: 'epochs', text: '7' });
  page.train();
  assert.deepEqual([page.store.get().budget, page.sent, page.store.get().config.epochs], [null, [], 7]);
});

test('a run that chooses its best epoch is measured on held-out images until its end, and says why it stopped early', () => {
  const config = { ...DEFAULTS, patience: 2 };
  const evaluation = (/** @type {number} */ accuracy, /** @type {string} */ weights) => ({ accuracy, loss: 1, records: 100, seconds: 1, weights });
  const running = state({ phase: 'training', config, runConfig: config, loaded: { ...loaded, config } });
  const measured = [1, 2, 3].reduce((now, epoch) => reduce(now, { type: 'epoch_end', result: row(epoch, 0.9), evaluation: /** @type {any} */ (evaluation(0.9, 'last')) }, 0), running);
  assert.equal(measured.evaluatedOn, 'held_out');
  assert.equal(tiles(measured)['tile-val-name'], 'Held-out accuracy');
  const more = { least: 4, most: 1_000, usual: 6 };
  const over = reduce(measured, { type: 'done', epochs: 3, more, kept: { epoch: 1, stopped_early: true }, evaluation: /** @type {any} */ (evaluation(0.8434, 'best')) }, 0);
  assert.equal(tiles(over)['tile-val-name'], 'Test accuracy');
  assert.equal(titleOf(over), 'Done: 0.843 · ConvBurn');
  assert.equal(endSentence(over, measured), 'Stopped early. Three epochs: test accuracy 0.843');
  const settled = { ...over, data: { ...loaded.data, train_records: 50_000, test_records: 10_000 }, source: /** @type {const} */ ('server'), promised: { train: 50_000, test: 10_000 } };
  assert.equal(statusSentence(settled), 'Stopped early: no better loss on held-out images for 2 epochs; the weights are those after epoch 1. Test accuracy 0.8434');
  assert.deepEqual([goesOn(settled), moreEpochs(settled)], [false, null], 'more epochs are not what it lacks');
  assert.equal(choosingSentence(settled), '5,000 of 50,000 training images are held out to choose by; the test images are measured once, at the end.');
  const whole = { ...settled, bestEpoch: { epoch: 2, stopped_early: false } };
  assert.equal(statusSentence(whole), 'Done after 3 epochs: the weights are those after epoch 2. Test accuracy 0.8434');
});

test('what keeps no best epoch holds nothing out, and a rate that falls to the end is warned of', () => {
  assert.equal(choosingSentence(state({})), '');
  assert.deepEqual([isEffective('keep', state({})), isEffective('keep', state({ config: { ...DEFAULTS, patience: 1 } }))], [true, false]);
  assert.deepEqual(Object.keys(warningsOf({ ...DEFAULTS, patience: 3, schedule: 'one-cycle' })), ['patience']);
  assert.deepEqual([warningsOf({ ...DEFAULTS, patience: 3 }), warningsOf({ ...DEFAULTS, schedule: 'cosine' })], [{}, {}]);
});
