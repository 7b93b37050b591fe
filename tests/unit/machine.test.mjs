/**
 * The page's state machine, fed with any messages in any order: it never throws, goes where a second table
 * says, and never comes to where nothing can be done. Then the same page with the real worker and a crate of
 * a few lines that fails now and then: whoever presses whatever may be pressed, both sides end up agreeing.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULTS, RULES } from '../../www/state/fields.js';
import { PRESETS } from '../../www/state/presets.js';
import { isOccupied } from '../../www/state/phases.js';
import { goesOn } from '../../www/state/run-reducer.js';
import { initialState, isSettled, problemsOf, reduce } from '../../www/state/store.js';
import { pressable } from '../../www/views/controls.js';
import { statusSentence } from '../../www/views/status.js';
import { openPage } from './page-and-worker.mjs';

/** @typedef {import('../../www/state/store.js').State} State */
/** @typedef {import('../../www/state/phases.js').Phase} Phase */

const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const loaded = { ...fixture.loaded, data: { ...fixture.shard_added.data, train_records: 60_000, test_records: 10_000 } };
const SEED = 6;

const error = fc.constantFrom('busy', 'checkpoint', 'diverged', 'data_missing', 'self_check', 'compute', 'label', 'duplicate', 'not_loaded', 'backend_unavailable', 'later')
  .map((code) => ({ ...fixture.error, code }));
const command = fc.constantFrom('load', 'add_shard', 'start', 'pause', 'resume', 'stop', 'reset', 'evaluate', 'save', 'restore', 'predict', 'advance');
const id = fc.constantFrom('0/a', '1/a', '2/b', '__proto__', '');
const split = fc.constantFrom('train', 'test');
const config = fc.record({ train: fc.constantFrom(1, 32, 60_000), batch: fc.constantFrom(1, 32, 4_096), epochs: fc.nat(1_000) }).map((some) => ({ ...DEFAULTS, ...some }));
const field = fc.constantFrom(...Object.keys(RULES));
const answer = fc.constantFrom(loaded, fixture.loaded, { ...loaded, config: { ...loaded.config, seed: 9 } });
const position = fc.constantFrom(null, { epoch: 2, step: 3 });

/** Every message and action there is, with fields of the right form. @type {fc.Arbitrary<any>[]} */
const MESSAGES = [
  ...fixture.events.map((/** @type {any} */ event) => fc.constant(event)),
  ...['ready', 'resumed', 'evaluating', 'next_samples', 'start_sent', 'shard_fetched', 'error_dismissed', 'saved', 'nonsense', 'reference_missing'].map((type) => fc.constant({ type })),
  ...['loaded', 'started', 'extended', 'was_reset'].map((type) => answer.map((each) => ({ type, loaded: each }))),
  fc.record({ type: fc.constant('progress'), epoch: fc.nat(3), epochs: fc.nat(3), step: fc.nat(3), steps: fc.nat(3), loss: fc.double(), stage: fc.constantFrom('training', 'validating'), accuracy: fc.double(), images_per_second: fc.double(), epoch_eta_s: fc.double(), run_eta_s: fc.double() }),
  fc.record({ type: fc.constant('restored'), restored: fc.record({ kind: fc.constantFrom('run', 'weights'), loaded: answer, history: fc.constantFrom([], fixture.restored.history), position, more: fc.constantFrom(null, fixture.restored.more), trace: fc.constant(fixture.restored.trace), progress: fc.constantFrom(null, fixture.restored.progress), remarks: fc.constant([]) }) }),
  fc.record({ type: fc.constant('backends'), backends: fc.constantFrom([], fixture.backends) }),
  fc.record({ type: fc.constant('shard_added'), id, added: fc.constant({ ...fixture.shard_added, data: loaded.data }) }),
  fc.constant({ type: 'evaluation', evaluation: fixture.evaluation }),
  fc.record({ type: fc.constant('prediction'), id: fc.nat(3), probabilities: fc.constant(new Float32Array(10)) }),
  fc.record({ type: fc.constant('other_module'), resend: fc.record({ bytes: fc.constant(null), start: fc.boolean() }) }),
  fc.record({ type: fc.constant('error'), error, command, id }),
  fc.record({ type: fc.constant('error'), error, command, id }),
  fc.record({ type: fc.constant('failed'), error }),
  fc.record({ type: fc.constant('configured'), config, autostart: fc.boolean() }),
  fc.record({ type: fc.constant('field_edited'), field, text: fc.oneof(fc.string(), fc.nat().map(String)) }),
  fc.record({ type: fc.constant('preset_chosen'), preset: fc.constantFrom(...Object.values(PRESETS)) }),
  fc.record({ type: fc.constant('source_chosen'), source: fc.constantFrom('server', 'files'), turn: fc.nat(2), promised: fc.constantFrom(null, { train: 50_000, test: 10_000 }) }),
  fc.record({ type: fc.constant('shards_expected'), count: fc.nat(30) }),
  fc.record({ type: fc.constant('source_chosen'), source: fc.constant('files'), turn: fc.nat(2), promised: fc.constant(null), drop: fc.nat(2), files: fc.array(fc.record({
    id, key: fc.nat(3), file: fc.string(), split, records: fc.nat(9), known: fc.constant(null), isAdded: fc.constant(false),
  }), { maxLength: 3 }) }),
  fc.constant({ type: 'runs_dropped', files: [] }),
  fc.record({ type: fc.constant('file_opening'), file: fc.option(fc.string()) }),
  fc.record({ type: fc.constant('pool_filled'), split, records: fc.constant(null) }),
  fc.record({ type: fc.constant('data_failed'), sentence: fc.constant('There is none.') }),
  fc.record({ type: fc.constant('subject_chosen'), subject: fc.record({ id: fc.nat(3), origin: fc.constantFrom('test', 'picture'), label: fc.constant(null), pixels: fc.constant(new Uint8Array(3_072)), title: fc.string(), asked: fc.boolean() }) }),
  fc.record({ type: fc.constant('complained'), error, drop: fc.option(fc.nat(2), { nil: undefined }) }),
  fc.record({ type: fc.constant('reference_chosen'), shown: fc.boolean() }),
  ...['recovery_left', 'resume_wanted', 'runs_deleted', 'kept_wanted', 'kept_opening', 'offer_dismissed', 'autostart_over', 'link_wanted']
    .map((type) => fc.constant({ type })),
  fc.constant({ type: 'run_kept', own: null, best: null }),
  fc.record({ type: fc.constant('recovering'), reason: fc.string(), resumes: fc.boolean(), restores: fc.boolean(), changes: fc.constantFrom(null, { backend: 'flex' }) }),
  fc.record({ type: fc.constant('resume_failed'), error }),
  fc.constant({ type: 'noticed', sentence: null }),
];

const RUNNING = ['compiling', 'training', 'paused'];
const SETTLES = {
  idle: ['loaded', 'was_reset', 'configured', 'field_edited', 'preset_chosen', 'source_chosen', 'shards_expected', 'shard_added', 'data_failed'],
  paused: ['was_reset'], error: ['loaded', 'was_reset'],
};

/**
 * Where a message leads, written a second time: phase by phase, where the page's own table is message by message.
 * @param {Phase} phase @param {any} message @param {State} after Everything but the phase, this message included.
 * @param {Phase} before Where an evaluation goes back to.
 * @returns {string}
 */
function expected(phase, message, after, before) {
  const { type } = message;
  const isOf = (/** @type {string[]} */ ...commands) => type === 'error' && commands.includes(message.command);
  const opened = () => (message.restored.kind === 'run' && message.restored.position === null && after.epochs.length > 0 ? 'done' : 'ready');
  const settle = () => (after.trained && phase !== 'loading' ? phase : isSettled(after) ? 'ready' : 'loading');
  if (type === 'failed' || (isOf('load') && !after.loaded)) return 'error';
  if (type === 'recovering') return after.trained || after.resumes ? 'recovering' : 'loading';
  if (phase === 'recovering') {
    if (type === 'restored') return after.resumes ? phase : opened();
    if (isOf('resume')) return 'ready';
    return { resumed: 'training', recovery_left: 'ready' }[/** @type {string} */ (type)] ?? phase;
  }
  if (phase === 'evaluating') return type === 'evaluation' || isOf('evaluate') ? before : phase;
  if (type === 'restored' && !RUNNING.includes(phase)) return opened();
  if (type === 'started' && !RUNNING.includes(phase)) return 'training';
  if (phase === 'error') return SETTLES.error.includes(type) ? settle() : phase;
  if (type === 'evaluating' && ['ready', 'paused', 'done'].includes(phase)) return 'evaluating';
  if (type === 'resumed' && ['ready', 'paused', 'done'].includes(phase)) return 'training';
  if (RUNNING.includes(phase)) {
    if (phase === 'paused' && SETTLES.paused.includes(type)) return settle();
    if (isOf('advance')) return ['checkpoint', 'diverged', 'data_missing', 'self_check'].includes(message.error.code) ? 'ready' : 'error';
    return { compiling: 'compiling', progress: 'training', epoch_end: 'training', paused: 'paused', stopped: 'ready', done: 'done' }[/** @type {string} */ (type)] ?? phase;
  }
  return SETTLES.idle.includes(type) || isOf('add_shard') ? settle() : phase;
}

/** Whether the visitor can do something: press a button of the run, or change settings and data. @param {State} state */
const canAct = (state) => !isOccupied(state) || Object.values(pressable(state)).some(Boolean);

/** What the engine may say to what is under way. @param {State} state @returns {any[]} */
function answersTo({ phase, starting }) {
  const failure = (/** @type {string} */ of) => ({ type: 'error', command: of, error: fixture.error });
  if (phase === 'evaluating') return [{ type: 'evaluation', evaluation: fixture.evaluation }, failure('evaluate')];
  if (starting) return [{ type: 'started', loaded }, failure('start'), { type: 'other_module', resend: { bytes: null, start: true } }];
  return [];
}

/** Waiting for an answer is no dead end as long as any answer leads out of it. @param {State} state */
function leadsOn(state) {
  if (state.phase === 'error' || canAct(state)) return true;
  const answers = answersTo(state);
  return answers.length > 0 && answers.every((each) => {
    const after = reduce(state, each, 0);
    return canAct(after) || (after.starting && !state.starting) || answersTo(after).length > 0;
  });
}

test('any messages in any order: nothing throws, the phase is the model’s, and there is a way on', () => {
  const seen = new Set();
  fc.assert(fc.property(fc.array(fc.oneof(...MESSAGES), { minLength: 1, maxLength: 80, size: 'max' }), (messages) => {
    let state = initialState();
    messages.forEach((message, i) => {
      const before = Object.freeze(state);
      state = reduce(before, message, i);
      const back = expected(before.phaseBefore, message, state, before.phaseBefore);
      assert.equal(state.phase, expected(before.phase, message, state, before.phaseBefore), `${message.type} in ${before.phase}`);
      if (before.phase === 'evaluating' && state.phase === 'evaluating' && message.type !== 'evaluating') assert.equal(state.phaseBefore, back, `${message.type} while evaluating`);
      assert.equal(typeof statusSentence(state), 'string');
      problemsOf(state);
      goesOn(state);
      assert.ok(leadsOn(state), `nothing can be done after ${message.type} in ${before.phase}`);
      seen.add(state.phase);
    });
  }), { seed: SEED, numRuns: 5_000 });
  assert.deepEqual([...seen].sort(), ['compiling', 'done', 'error', 'evaluating', 'loading', 'paused', 'ready', 'recovering', 'training']);
});

/**
 * Lets the tape play, then looks for the way on.
 * @param {Awaited<ReturnType<typeof openPage>>} page
 * @returns {Promise<Phase>} Where the tape led to.
 */
async function tryToGoOn(page) {
  await page.play();
  await page.calm();
  const { phase } = page.state();
  page.agree();
  if (phase === 'error') {
    if (!pressable(page.state()).reset) return phase; // The engine is gone, and the page says so.
    await page.press('reset');
    page.agree();
  }
  if (isOccupied(page.state())) await page.press('stop');
  assert.ok(!isOccupied(page.state()), 'Stop ends it');
  page.agree();
  assert.ok(pressable(page.state()).start);
  await page.press('start');
  assert.ok(RUNNING.includes(page.state().phase), 'Start starts');
  page.agree();
  return phase;
}

test('whatever is pressed and whatever fails, the page and its worker agree in the end, and there is a way on', async () => {
  const met = new Set();
  await fc.assert(fc.asyncProperty(fc.array(fc.nat(1_000), { minLength: 5, maxLength: 250, size: 'max' }), async (tape) => {
    const page = await openPage(loaded, fixture, tape);
    try {
      met.add(await tryToGoOn(page));
      if (page.log.some((line) => line.endsWith('recovering'))) met.add('recovering');
    } catch (thrown) {
      throw new Error(`${thrown}\n  ${page.log.join('\n  ')}`);
    } finally {
      page.close();
    }
  }), { seed: SEED, numRuns: 3_000 });
  for (const phase of ['ready', 'training', 'paused', 'recovering']) assert.ok(met.has(phase), phase);
});
