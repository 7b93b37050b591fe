import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextPhase } from '../../www/state/phases.js';

/** @typedef {import('../../www/state/phases.js').Phase} Phase */

/** @type {Phase[]} */
const ALL = ['loading', 'ready', 'compiling', 'training', 'paused', 'evaluating', 'recovering', 'done', 'error'];

/** @param {Phase} from @param {any} message */
const step = (from, message, { before = /** @type {Phase} */ ('ready'), settled = true, loaded = true, trained = false, resumes = false } = {}) =>
  nextPhase(from, typeof message === 'string' ? { type: message } : message, { before, settled, loaded, trained, resumes });

/** @param {string} command */
const failed = (command, code = 'busy') => ({ type: 'error', command, error: { code, message: '', hint: '' } });

test('the phases of a run', () => {
  /** @type {[Phase, string, Phase][]} */
  const rows = [
    ['loading', 'shard_added', 'ready'],
    ['loading', 'loaded', 'ready'],
    ['ready', 'started', 'training'],
    ['done', 'started', 'training'],
    ['training', 'compiling', 'compiling'],
    ['compiling', 'progress', 'training'],
    ['training', 'epoch_end', 'training'],
    ['training', 'paused', 'paused'],
    ['paused', 'resumed', 'training'],
    ['paused', 'stopped', 'ready'],
    ['training', 'stopped', 'ready'],
    ['training', 'done', 'done'],
    ['paused', 'was_reset', 'ready'],
    ['done', 'was_reset', 'ready'],
    ['ready', 'evaluating', 'evaluating'],
    ['error', 'loaded', 'ready'],
    ['error', 'was_reset', 'ready'],
    ['loading', 'preset_chosen', 'ready'],
    ['loading', 'field_edited', 'ready'],
    ['loading', 'configured', 'ready'],
  ];
  for (const [from, message, to] of rows) assert.equal(step(from, message), to, `${message} in ${from}`);
});

test('without all data the page is loading', () => {
  for (const message of ['loaded', 'shard_added', 'shards_expected', 'source_chosen', 'field_edited', 'preset_chosen', 'configured', 'data_failed']) {
    assert.equal(step('ready', message, { settled: false }), 'loading', message);
  }
});

test('neither more data nor missing data takes a result away', () => {
  for (const phase of /** @type {Phase[]} */ (['ready', 'done'])) {
    for (const settled of [true, false]) {
      for (const message of ['shard_added', 'shards_expected', 'field_edited', 'preset_chosen', 'configured', 'data_failed', failed('add_shard')]) {
        assert.equal(step(phase, message, { settled, trained: true }), phase, String(message));
      }
    }
  }
  assert.equal(step('done', 'loaded'), 'ready', 'a new network is not the one that was trained');
});

const PLACE = { epoch: 2, step: 3 };
/** @param {object | null} position */
const restored = (position, kind = 'run', history = [{}]) => ({ type: 'restored', restored: { kind, position, history } });

test('a run that was opened is done or has more to do; a run that rests, or is over, goes on', () => {
  for (const phase of /** @type {Phase[]} */ (['loading', 'ready', 'done', 'error'])) {
    assert.equal(step(phase, restored(null)), 'done', phase);
    assert.equal(step(phase, restored(PLACE)), 'ready', phase);
    assert.equal(step(phase, restored(null, 'weights')), 'ready', phase);
    assert.equal(step(phase, restored(null, 'run', [])), 'ready', phase);
  }
  for (const phase of /** @type {Phase[]} */ (['ready', 'paused', 'done'])) assert.equal(step(phase, 'resumed'), 'training', phase);
});

test('an evaluation goes back to where it came from', () => {
  for (const before of /** @type {Phase[]} */ (['ready', 'paused', 'done'])) {
    assert.equal(step(before, 'evaluating'), 'evaluating');
    assert.equal(step('evaluating', 'evaluation', { before }), before);
    assert.equal(step('evaluating', failed('evaluate'), { before }), before);
  }
  assert.equal(step('training', 'evaluating'), 'training');
});

test('news of a backend moves no phase', () => {
  for (const phase of ALL) {
    for (const message of ['backend', 'backends']) assert.equal(step(phase, message), phase, `${message} in ${phase}`);
  }
});

test('bad input leaves every phase as it was', () => {
  for (const phase of ALL.filter((each) => each !== 'loading')) {
    assert.equal(step(phase, 'complained'), phase);
    for (const command of ['start', 'predict', 'pause', 'reset', 'load']) assert.equal(step(phase, failed(command)), phase, command);
    assert.equal(step(phase, failed('add_shard', 'label'), { trained: phase === 'done' }), phase);
  }
  assert.equal(step('loading', failed('add_shard', 'label'), { settled: false }), 'loading');
});

test('a lost run and a dead worker are errors; a diverged run is over', () => {
  assert.equal(step('training', failed('advance', 'compute')), 'error');
  assert.equal(step('training', failed('advance', 'diverged')), 'ready');
  assert.equal(step('compiling', failed('advance', 'self_check')), 'ready', 'a graphics card that is refused costs nothing');
  assert.equal(step('loading', failed('load', 'backend_unavailable'), { loaded: false }), 'error');
  for (const phase of ALL) assert.equal(step(phase, 'failed'), 'error');
});

test('a lost engine is replaced: a run that was kept goes on by itself, another one begins anew, and what stood still stands still', () => {
  for (const phase of ALL) {
    assert.equal(step(phase, 'recovering', { trained: true, resumes: true }), 'recovering');
    assert.equal(step(phase, 'recovering', { trained: true }), 'recovering');
    assert.equal(step(phase, 'recovering'), 'loading');
  }
  for (const message of ['loaded', 'shard_added', 'shards_expected', 'source_chosen', 'data_failed', failed('add_shard')]) {
    assert.equal(step('recovering', message, { trained: true, resumes: true }), 'recovering', String(message));
  }
  assert.equal(step('recovering', restored(PLACE), { trained: true, resumes: true }), 'recovering');
  assert.equal(step('recovering', 'resumed', { trained: true }), 'training');
  assert.equal(step('recovering', restored(PLACE), { trained: true }), 'ready');
  assert.equal(step('recovering', restored(null), { trained: true }), 'done');
  assert.equal(step('recovering', 'recovery_left', { trained: true }), 'ready');
});

test('what comes late changes nothing', () => {
  for (const message of ['progress', 'epoch_end', 'paused', 'stopped', 'done']) {
    for (const phase of /** @type {Phase[]} */ (['ready', 'done', 'loading', 'error'])) assert.equal(step(phase, message), phase, `${message} in ${phase}`);
  }
});
