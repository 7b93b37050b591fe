/** Trying again: which failures, how often, how long between, and what ends a wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DownloadError } from '../../www/loading/download.js';
import { WAITS_MS, pauseOrOnline, varied, withRetries } from '../../www/loading/retry.js';

const passing = () => new DownloadError('it is busy', true);

/** A call that fails so often, and what was waited. @param {number} failures @param {() => Error} [failure] */
function failing(failures, failure = passing) {
  /** @type {number[]} */
  const waits = [];
  let calls = 0;
  return {
    waits,
    calls: () => calls,
    async pause(/** @type {number} */ ms) {
      waits.push(ms);
    },
    async call() {
      calls += 1;
      if (calls <= failures) throw failure();
      return 'it came';
    },
  };
}

test('a failure that may pass is tried again after waits that grow', async () => {
  const { call, pause, waits } = failing(3);
  /** @type {unknown[]} */
  const told = [];
  assert.equal(await withRetries(call, { pause, told: (thrown) => told.push(thrown) }), 'it came');
  assert.deepEqual(waits, WAITS_MS);
  assert.ok(waits.every((ms, i) => i === 0 || ms > waits[i - 1]));
  assert.equal(told.length, 3);
});

test('after the last try the failure is the caller’s', async () => {
  const { call, calls, pause } = failing(4);
  await assert.rejects(withRetries(call, { pause }), /it is busy/);
  assert.equal(calls(), 4);
});

test('what will not pass, and what nobody wants, is not tried again', async () => {
  for (const failure of [() => new DownloadError('it is not there', false), () => new TypeError('a mistake')]) {
    const { call, calls, pause } = failing(1, failure);
    await assert.rejects(withRetries(call, { pause }));
    assert.equal(calls(), 1);
  }
  const unwanted = failing(1);
  await assert.rejects(withRetries(unwanted.call, { pause: unwanted.pause, wanted: () => false }), /it is busy/);
  assert.deepEqual(unwanted.waits, []);
  // Given up during the wait.
  const { call, calls, pause, waits } = failing(1);
  await assert.rejects(withRetries(call, { pause, wanted: () => waits.length === 0 }), /it is busy/);
  assert.equal(calls(), 1);
});

test('a server that asks for a wait gets it; one that asks for too long is given up', async () => {
  const asking = (/** @type {number} */ ms) => () => new DownloadError('it is busy', true, ms);
  /** @type {[number, boolean][]} */
  const waits = [];
  const { call } = failing(2, asking(1_000));
  await withRetries(call, { pause: async (ms, isAsked) => void waits.push([ms, isAsked]) });
  assert.deepEqual(waits, [[1_000, true], [1_500, false]]);
  const { call: patient, calls, pause } = failing(1, asking(31_000));
  await assert.rejects(withRetries(patient, { pause }), { retryAfterMs: 31_000 });
  assert.equal(calls(), 1);
  for (let i = 0; i < 100; i += 1) {
    assert.ok(varied(1_000, true) >= 1_000 && varied(1_000, true) <= 1_250);
    assert.ok(varied(1_000, false) >= 750 && varied(1_000, false) <= 1_250);
  }
});

test('a wait that the server asked for does not end when the network is back', async () => {
  const scope = new EventTarget();
  let over = false;
  const waiting = pauseOrOnline(40, true, scope).then(() => {
    over = true;
  });
  scope.dispatchEvent(new Event('online'));
  await Promise.resolve();
  assert.equal(over, false);
  await waiting;
});

test('a wait is about as long as it should be, and ends at once when the network is back', async () => {
  const scope = new EventTarget();
  const started = performance.now();
  await pauseOrOnline(40, false, scope);
  assert.ok(performance.now() - started >= 28, 'a timer may be a little early');
  const waiting = pauseOrOnline(3_600_000, false, scope);
  scope.dispatchEvent(new Event('online'));
  await waiting;
});
