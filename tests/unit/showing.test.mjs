import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RECORD_BYTES } from '../../www/protocol/protocol.js';
import { choiceOf, createShowing } from '../../www/live/showing.js';
import { createStore } from '../../www/state/store.js';

const { loaded } = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));

/** A file that the engine has yet to take. @param {string} id */
const awaited = (id) => ({ id, key: 1, file: `${id}.bin`, split: 'train', records: 10, known: null, isAdded: false });

/** Two own files are on their way; no run has been. @returns {any} */
function setUp() {
  const store = createStore(() => 0);
  /** @type {any[]} */
  const sent = [];
  const showing = createShowing(store, (command) => void sent.push(command));
  store.subscribe((_state, _before, message) => showing.heard(message));
  const say = (/** @type {any} */ message) => store.dispatch(message);
  const files = ['1/1', '1/2'].map(awaited);
  say({ type: 'source_chosen', source: 'files', turn: 1, promised: null, files });
  say({ type: 'loaded', loaded: { ...loaded, data: { ...loaded.data, complete: false } } });
  /** @param {string} id @param {any} data */
  const added = (id, data) => say({
    type: 'shard_added', id, added: { split: 'train', records: 10, sha256: id, name: null, data: { ...loaded.data, complete: true, ...data } },
  });
  return { store, sent, say, added };
}

test('once all files are in, the crate is asked what is trained on and what is measured on', () => {
  const { store, sent, say, added } = setUp();
  added('1/1', { train_records: 10, test_records: 0, train_used: 8, test_used: 2, held_out: true });
  assert.equal(sent.length, 0, 'the other file may change it');
  added('1/2', { train_records: 10, test_records: 10, train_used: 10, test_used: 10, held_out: false });
  assert.deepEqual(sent.map((/** @type {any} */ each) => [each.type, each.set, each.first]), [['show', 'train', 0], ['show', 'test', 0]]);

  const records = (/** @type {number} */ label) => new Uint8Array(2 * RECORD_BYTES).fill(label);
  const [train, test] = sent.map((/** @type {any} */ each) => each.id);
  say({ type: 'shown', id: train, set: 'train', first: 0, records: records(1) });
  say({ type: 'shown', id: test, set: 'test', first: 0, records: records(2) });
  assert.deepEqual(store.get().pool, { train: records(1), test: records(2) });
  say({ type: 'complained', error: { code: 'x', message: '', hint: '' } });
  assert.equal(sent.length, 2, 'nothing has changed');
});

test('files dropped one after the other are asked about anew, and an older answer is dropped', () => {
  const { store, sent, say, added } = setUp();
  added('1/1', { train_records: 10, held_out: true });
  added('1/2', { train_records: 20, held_out: true });
  const before = sent[1];
  say({ type: 'source_chosen', source: 'files', turn: 2, promised: null, files: ['2/1', '2/2', '2/3'].map(awaited) });
  for (const id of ['2/1', '2/2', '2/3']) added(id, { train_records: 20, test_records: 10, held_out: false });
  assert.equal(sent.length, 4);
  const training = new Uint8Array(RECORD_BYTES).fill(1);
  say({ type: 'shown', id: before.id, set: 'test', first: 0, records: training });
  assert.equal(store.get().pool.test, null, 'it was held out before the test batch came');
  const measured = new Uint8Array(RECORD_BYTES).fill(2);
  say({ type: 'shown', id: sent[3].id, set: 'test', first: 0, records: measured });
  assert.deepEqual(store.get().pool.test, measured);
});

test('what is held out changes with the seed; what is not asked for again does not', () => {
  const state = (/** @type {any} */ data, /** @type {any} */ config = {}) => (
    /** @type {any} */ ({ data: { ...loaded.data, complete: true, ...data }, loaded: { ...loaded, config: { ...loaded.config, ...config } }, turn: 1, files: [] }));
  const held = choiceOf(state({ held_out: true }));
  assert.notEqual(choiceOf(state({ held_out: true }, { seed: 99 })), held);
  assert.notEqual(choiceOf(state({ held_out: true }, { hold_out: 'last' })), held);
  assert.equal(choiceOf(state({ held_out: false }, { seed: 99 })), choiceOf(state({ held_out: false })));
  assert.equal(choiceOf(state({ complete: false })), null);
});

test('a refused question is asked again, and is no news', () => {
  const { store, sent, say, added } = setUp();
  added('1/1', {});
  added('1/2', {});
  say({ type: 'error', command: 'show', error: { code: 'not_loaded', message: '', hint: '' } });
  assert.equal(store.get().error, null);
  say({ type: 'shards_expected', count: 2 });
  assert.equal(sent.length, 4);
});
