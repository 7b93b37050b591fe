/** When an engine is taken for lost, what is done then, and when it is given up. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createRecovery } from '../../www/engine/recovery.js';

let nowMs = 0;
/** @type {any} */
let state = {};
/** @type {any[]} */
let told = [];
/** @type {any[]} */
let restarts = [];
/** @type {any[]} */
let sent = [];
/** @type {Uint8Array<ArrayBuffer> | null} */
let latest = null;

const store = {
  get: () => state,
  dispatch: (/** @type {any} */ message) => {
    told.push(message);
    if (message.type === 'recovering') state = { ...state, phase: 'recovering', alive: false, resumes: message.resumes };
    if (message.type === 'failed') state = { ...state, phase: 'error', alive: false };
  },
};
/** @type {ReturnType<typeof createRecovery>} */
let recovery;
const hear = (/** @type {string} */ type, more = {}) => recovery.hear(/** @type {any} */ ({ type, ...more }));
const fail = (code = 'engine_failed') => hear('failed', { error: { code, message: 'It broke.', hint: '' } });
/** The other engine is there, and trains. */
const revive = () => {
  state = { ...state, phase: 'training', alive: true, resumes: false };
};
/** Waits as the page does, looking every two seconds, with `each` before each look. */
function wait(/** @type {number} */ seconds, each = () => {}) {
  for (let s = 0; s < seconds; s += 2) {
    nowMs += 2_000;
    each();
    recovery.look();
  }
}

beforeEach(() => {
  nowMs = 0;
  told = [];
  restarts = [];
  sent = [];
  latest = new Uint8Array([1, 2]);
  state = {
    phase: 'training', alive: true, trained: true, resumes: false, starting: false, startWaits: false,
    config: { backend: 'auto', batch: 32 }, loaded: { config: { backend: 'auto' }, backend: { active: 'webgpu' } },
  };
  recovery = createRecovery(store, {
    restart: (backend) => restarts.push(backend),
    sendAgain: async (resend) => void sent.push(resend),
    latest: () => latest,
  }, () => nowMs);
});

test('a graphics card is tried once more, then the processor, then it is given up', () => {
  fail('gpu_lost');
  revive();
  fail('gpu_lost');
  revive();
  fail();
  revive();
  fail();
  assert.deepEqual(restarts, ['auto', 'flex', 'flex']);
  assert.deepEqual(sent.map(({ changes, start }) => [changes, start]), [[null, false], [{ backend: 'flex' }, false], [{ backend: 'flex' }, false]]);
  assert.deepEqual(told.map(({ type }) => type), ['recovering', 'recovering', 'recovering', 'failed']);
});

test('a checkpoint in between begins the count anew', () => {
  for (let i = 0; i < 8; i += 1) {
    fail();
    revive();
    hear('checkpoint');
  }
  assert.equal(restarts.length, 8);
  assert.ok(restarts.every((backend) => backend === 'auto'));
});

test('a run that was never kept begins anew, and one that stood still does not go on by itself', () => {
  latest = null;
  fail();
  assert.equal(sent[0].start, true);
  assert.equal(told[0].restores, false);
  state = { ...state, phase: 'paused', alive: true, resumes: false };
  latest = new Uint8Array([1]);
  fail();
  assert.equal(told[1].resumes, false);
  assert.equal(sent[1].start, false);
});

test('an engine that never was there is no loss, nor is a browser that can have none', () => {
  state = { ...state, phase: 'loading', alive: false };
  fail();
  state = { ...state, phase: 'training', alive: true };
  fail('no_module_worker');
  assert.deepEqual(restarts, []);
});

test('a step that cannot be computed is a loss, a loss that is no number is not', () => {
  hear('error', { command: 'advance', error: { code: 'diverged', message: '', hint: '' } });
  assert.equal(restarts.length, 0);
  hear('error', { command: 'advance', error: { code: 'compute', message: '', hint: '' } });
  assert.equal(restarts.length, 1);
  hear('error', { command: 'restore', error: { code: 'checkpoint', message: '', hint: '' } });
  assert.equal(told[told.length - 1].type, 'failed', 'its successor could not take over');
});

test('twenty seconds of silence and the batch’s share are a loss; a sign of life is none', () => {
  wait(60, () => hear('progress'));
  assert.equal(restarts.length, 0);
  wait(22);
  assert.equal(restarts.length, 0, 'a batch of 32 may take three seconds more');
  wait(2);
  assert.equal(restarts.length, 1);
});

test('an engine that lives and does not get on is lost after a minute', () => {
  hear('heartbeat', { pulls: 7, turning: true });
  wait(62, () => hear('heartbeat', { pulls: 7, turning: true }));
  assert.equal(restarts.length, 0);
  wait(2, () => hear('heartbeat', { pulls: 7, turning: true }));
  assert.equal(restarts.length, 1);
});

test('compiling may be silent', () => {
  state.phase = 'compiling';
  wait(300);
  assert.equal(restarts.length, 0);
});

test('an engine of which nothing is asked has no step to get on with, but beats; so does one that is given its data', () => {
  for (const phase of ['ready', 'loading', 'done', 'paused']) {
    const before = restarts.length;
    state = { ...state, phase, alive: true };
    hear('heartbeat', { pulls: 7, turning: false });
    wait(300, () => hear('heartbeat', { pulls: 7, turning: false }));
    assert.equal(restarts.length, before, phase);
    wait(24);
    assert.equal(restarts.length, before + 1, phase);
    hear('checkpoint');
  }
});

test('an engine that is not there yet may be silent: its module may come over a slow line', () => {
  state = { ...state, phase: 'loading', alive: false };
  wait(300);
  assert.equal(restarts.length, 0);
});

test('a tab that was frozen or a machine that slept is no silence', () => {
  nowMs += 3_600_000;
  recovery.look();
  wait(20);
  assert.equal(restarts.length, 0);
});

test('a successor that does not come is waited for, and then another one is tried', () => {
  fail();
  wait(60);
  assert.equal(restarts.length, 1);
  wait(30);
  assert.equal(restarts.length, 2);
});
