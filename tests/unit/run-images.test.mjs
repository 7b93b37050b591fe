import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createResuming, isImagesAsked } from '../../www/runs/resuming.js';
import { needsWord } from '../../www/state/run-images.js';
import { createStore } from '../../www/state/store.js';

const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const data = { ...fixture.loaded.data, complete: true, train_records: 50_000, test_records: 10_000 };

/** A kept run is wanted and has been given to the engine, which says how its images compare. @param {string} match @returns {any} */
function opened(match) {
  const store = createStore(() => 0);
  let resumed = 0;
  const resuming = createResuming(store, { start: () => assert.fail('nothing begins'), resume: () => (resumed += 1), open: async () => undefined });
  const say = (/** @type {any} */ message) => store.dispatch(message);
  say({ type: 'ready' });
  say({ type: 'source_chosen', source: 'server', turn: 1, promised: { train: 50_000, test: 10_000 } });
  say({ type: 'loaded', loaded: { ...fixture.loaded, data } });
  say({ type: 'kept_opening' });
  const loaded = { ...fixture.restored.loaded, data: { ...data, restored: match } };
  say({ type: 'restored', restored: { ...fixture.restored, loaded, position: { epoch: 1, step: 2 } } });
  resuming.look();
  return { store, say, resumed: () => resumed, resuming };
}

test('a run goes on by itself with its own images, and asks the crate about others', () => {
  assert.equal(opened('same').resumed(), 1);
  // The crate refuses them by a sentence that names the files to drop; the run waits.
  const other = opened('other');
  assert.equal(other.resumed(), 1);
  other.say({ type: 'error', command: 'resume', error: { code: 'checkpoint', message: 'It needs “mine.bin”.', hint: '' } });
  const { resumable, resumes, error, phase } = other.store.get();
  assert.deepEqual([resumable, resumes, error.message, phase], [{ epoch: 1, step: 2 }, false, 'It needs “mine.bin”.', 'ready']);
});

test('a run whose file does not say its images goes on only when the visitor says so', () => {
  const { store, say, resumed, resuming } = opened('unknown');
  assert.equal(resumed(), 0);
  assert.ok(isImagesAsked(store.get()));
  say({ type: 'images_doubted' });
  resuming.look();
  assert.ok(!isImagesAsked(store.get()) && needsWord(store.get()));
  assert.deepEqual([resumed(), store.get().resumes, store.get().kept.wanted], [0, false, null]);
  assert.deepEqual(store.get().resumable, { epoch: 1, step: 2 }, 'it waits');
  say({ type: 'images_asked' }); // Go on was pressed.
  assert.ok(isImagesAsked(store.get()));
  say({ type: 'resumed' });
  assert.ok(!needsWord(store.get()) && !isImagesAsked(store.get()));
  assert.equal(store.get().data.restored, null, 'it has gone on');
});
