import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAsking } from '../../www/live/asking.js';
import { columnsOf, evenly } from '../../www/views/shared/figures.js';

/** @typedef {import('../../www/protocol/protocol.js').Message} Message */

/** A network that learns, a chosen image, and what the engine is asked. */
function makeAsking() {
  const sent = /** @type {any[]} */ ([]);
  const page = { nowMs: 0, seen: true };
  const state = /** @type {any} */ ({ subject: { id: 1, pixels: new Uint8Array(3) }, loaded: { backend: { active: 'flex' } } });
  const asking = createAsking({ get: () => state }, (command) => sent.push(command), { now: () => page.nowMs, isSeen: () => page.seen });
  const hear = (/** @type {object} */ message) => asking.heard(/** @type {Message} */ (message));
  return { asking, hear, sent, page, state };
}

test('other weights give another answer, and nothing is asked without an image or a network', () => {
  const { hear, sent, state } = makeAsking();
  for (const type of ['loaded', 'started', 'paused', 'stopped', 'done', 'was_reset']) hear({ type });
  hear({ type: 'shard_added' });
  assert.equal(sent.length, 6);
  assert.deepEqual(sent[0], { type: 'predict', id: 1, pixels: state.subject.pixels });
  state.subject = null;
  hear({ type: 'done' });
  state.subject = { id: 2 };
  state.loaded = null;
  hear({ type: 'loaded' });
  assert.equal(sent.length, 6);
});

test('a hundred epochs a second are one question a second', () => {
  const { hear, sent, page } = makeAsking();
  for (page.nowMs = 10; page.nowMs <= 3_000; page.nowMs += 10) {
    const asked = sent.length;
    hear({ type: 'epoch_end' });
    if (sent.length > asked) hear({ type: 'prediction' });
  }
  assert.equal(sent.length, 3);
});

test('while it learns the network is asked every second, once it has answered, if anyone looks', () => {
  const { hear, sent, page } = makeAsking();
  hear({ type: 'started' });
  page.nowMs = 5_000;
  hear({ type: 'progress' });
  assert.equal(sent.length, 1, 'the first question is not answered yet');
  hear({ type: 'prediction' });
  hear({ type: 'progress' });
  hear({ type: 'prediction' });
  page.nowMs = 5_900;
  hear({ type: 'progress' });
  assert.equal(sent.length, 2, 'the last question is less than a second old');
  page.nowMs = 6_000;
  page.seen = false;
  hear({ type: 'progress' });
  assert.equal(sent.length, 2, 'nobody looks');
  page.seen = true;
  hear({ type: 'progress' });
  assert.equal(sent.length, 3);
});

test('a question that failed, or whose engine ended, is not waited for', () => {
  const { asking, hear, sent, page } = makeAsking();
  asking.ask();
  page.nowMs = 1_000;
  hear({ type: 'error', command: 'predict' });
  hear({ type: 'progress' });
  page.nowMs = 2_000;
  hear({ type: 'failed' });
  hear({ type: 'progress' });
  assert.equal(sent.length, 3);
});

test('a graphics card that was not checked is asked only what the visitor asks', () => {
  const { asking, hear, sent, state } = makeAsking();
  state.loaded = { backend: { active: 'webgpu', self_check: null } };
  for (const type of ['loaded', 'started', 'was_reset']) hear({ type });
  asking.ask();
  assert.equal(sent.length, 0);
  state.subject = { ...state.subject, asked: true };
  asking.ask();
  assert.equal(sent.length, 1);
  hear({ type: 'prediction' });
  state.subject = { ...state.subject, asked: false };
  hear({ type: 'started' });
  assert.equal(sent.length, 1, 'it has its answer');
  state.trained = true;
  hear({ type: 'stopped' });
  assert.equal(sent.length, 2);
  state.trained = false;
  state.loaded = { backend: { active: 'webgpu', self_check: {} } };
  hear({ type: 'was_reset' });
  assert.equal(sent.length, 3, 'the check was passed');
});

test('a curve’s points are chosen evenly, the first and the last among them', () => {
  const points = Array.from({ length: 100 }, (_, i) => i);
  const chosen = evenly(points, 20);
  assert.equal(chosen.length, 20);
  assert.deepEqual([chosen[0], chosen[19]], [0, 99]);
  assert.equal(new Set(chosen.map((each, i) => (i > 0 ? each - chosen[i - 1] : 5))).size <= 2, true);
  assert.deepEqual(evenly([1, 2, 3], 20), [1, 2, 3]);
});

test('a chart of a thousand epochs draws 250 of them, the first and the last among them', () => {
  const epochs = /** @type {any[]} */ (Array.from({ length: 1_000 }, (_, i) => ({ epoch: i + 1, loss: i, val_loss: 2 * i })));
  const columns = columnsOf(epochs, (e) => [e.epoch, e.loss, e.val_loss]);
  assert.deepEqual(columns.map((column) => column.length), [250, 250, 250]);
  assert.deepEqual(columns.map((column) => [column[0], column[249]]), [[1, 1_000], [0, 999], [0, 1_998]]);
});
