/** A server that was given up: when it is asked again, and what ends that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DownloadError } from '../../www/loading/download.js';
import { PACE_MS, createPolling } from '../../www/loading/polling.js';
import { createStore } from '../../www/state/store.js';

const FAILED = { type: /** @type {const} */ ('data_failed'), sentence: 'It could not be had.' };

/**
 * A page whose server is given up, and a server that is well after so many probes.
 * @param {unknown[]} failures What each probe rejects with. @param {Record<number, () => void>} [during] What happens in a wait, by its number.
 */
function setUp(failures, during = {}) {
  const store = createStore(() => 0);
  /** @type {[number, boolean][]} */
  const waits = [];
  let probes = 0;
  let retries = 0;
  const server = {
    async probe() {
      probes += 1;
      if (failures.length > 0) throw failures.shift();
    },
    async retry() {
      retries += 1;
      store.dispatch({ type: 'data_retried' });
      during[-retries]?.();
    },
  };
  /** @type {(value?: unknown) => void} */
  let end;
  const ended = new Promise((resolve) => {
    end = resolve;
  });
  const polling = createPolling(store, server, async (ms, isAsked) => {
    waits.push([ms, isAsked]);
    during[waits.length]?.();
    setImmediate(() => store.get().dataProblem === null && end());
  });
  store.subscribe((_state, _before, message) => polling.heard(message));
  return { store, waits, ended, probes: () => probes, retries: () => retries };
}

test('it is asked at a pace that slows down, unseen, until it is well; then all that is missing is asked for', async () => {
  const down = () => new DownloadError('it is down', true);
  const { store, waits, ended, probes, retries } = setUp(Array.from({ length: 6 }, down), { 6: () => assert.equal(store.get().dataProblem, 'It could not be had.') });
  store.dispatch(FAILED);
  await ended;
  assert.deepEqual(waits.map(([ms]) => ms), [...PACE_MS, 300_000, 300_000]);
  assert.deepEqual([probes(), retries()], [7, 1]);
});

test('a server that says when to come back is not asked before', async () => {
  const { store, waits, ended } = setUp([new DownloadError('it is busy', true, 200_000), new DownloadError('it is down', true)]);
  store.dispatch({ ...FAILED, retryAfterMs: 20_000 });
  await ended;
  assert.deepEqual(waits, [[20_000, true], [200_000, true], [60_000, false]]);
});

test('a try that fails all the same goes on at the pace; one poll at a time', async () => {
  const { store, waits, ended, retries } = setUp([], { [-1]: () => store.dispatch(FAILED) });
  store.dispatch(FAILED);
  store.dispatch(FAILED);
  await ended;
  assert.deepEqual(waits, [[15_000, false], [30_000, false]]);
  assert.equal(retries(), 2);
});

test('nothing is asked once the images are here or not wanted, nor while a run is under way', async () => {
  const { store, ended, probes } = setUp([], { 1: () => store.dispatch({ type: 'start_sent' }), 2: () => store.dispatch({ type: 'data_retried' }) });
  store.dispatch(FAILED);
  await ended;
  assert.equal(probes(), 0);
});
