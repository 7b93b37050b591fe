/** What the page says at each moment: one sentence for one state, right in number, and to a screen reader not too often. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bestFileName, fileNameOf } from '../../www/runs/file-names.js';
import { initialState, reduce } from '../../www/state/store.js';
import { createAnnouncer } from '../../www/views/shared/announcer.js';
import { troubleLine, troubleOf, troubleSentence } from '../../www/views/shared/health.js';
import { heldOutSentence, imagesSentence, repeatedSentence, unseenSentence } from '../../www/views/shared/images-sentence.js';
import { isUnderWay } from '../../www/views/controls.js';
import { tiles } from '../../www/views/progress.js';
import { workersNote, workersPhrase } from '../../www/views/settings.js';
import { newsOf, statusSentence } from '../../www/views/status.js';
import { verdict } from '../../www/views/try-it.js';

const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const event = (/** @type {string} */ type) => fixture.events.find((/** @type {any} */ each) => each.type === type);
const progress = fixture.events.find((/** @type {any} */ each) => each.type === 'progress' && each.stage === 'training');
const [config, data] = [fixture.config, { ...fixture.shard_added.data, train_records: 6_000, test_records: 1_000, train_used: 5_000, test_used: 1_000 }];
const loaded = { ...fixture.loaded, config, data };

/** @param {import('../../www/state/store.js').State} state @param {any[]} messages */
const feed = (state, ...messages) => messages.reduce((now, message, i) => reduce(now, message, 1_000 * (i + 1)), state);
const server = { type: 'source_chosen', source: 'server', turn: 1, promised: { train: 50_000, test: 10_000 } };
const added = (/** @type {string} */ id) => ({ type: 'shard_added', id, added: { ...fixture.shard_added, data } });

/** The states from the first moment to the one at which a run may start. */
function arriving() {
  const configured = { type: 'configured', config: { ...config, train: 5_000, test: 1_000 }, autostart: false };
  const states = [feed(initialState(), configured, server, { type: 'ready' })];
  const own = { ...loaded, config: { ...config, train: 5_000, test: 1_000 }, data: { ...data, train_records: 0, test_records: 0 } };
  for (const message of [{ type: 'shards_expected', count: 2 }, { type: 'shard_fetched' }, { type: 'shard_fetched' }, { type: 'loaded', loaded: own }, added('1/train-00.bin.gz'), added('1/test-00.bin.gz')]) {
    states.push(feed(states[states.length - 1], message));
  }
  return states;
}

/** A run of the fixture's settings, under way. */
const training = () => feed(arriving()[6], { type: 'started', loaded }, progress);

test('the bar and the panel say the same of images that are on their way', () => {
  const states = arriving();
  assert.deepEqual(states.slice(0, -1).map(imagesSentence), [
    'Looking for the images', 'Fetching the images: 0 of 2 parts', 'Fetching the images: 1 of 2 parts',
    'The images are here; the engine that checks them is still loading', 'Checking the images: 0 of 2 parts', 'Checking the images: 1 of 2 parts',
  ]);
  for (const state of states.slice(0, -1)) if (state.phase === 'loading') assert.equal(statusSentence(state), imagesSentence(state));
  for (const problem of [states[0], states[6]].map((state) => feed(state, { type: 'field_edited', field: 'train', text: '50000' }, { type: 'data_failed', sentence: 'No.' }))) {
    assert.equal(statusSentence(problem), imagesSentence(problem));
  }
});

test('what is held and what a run uses of it are told apart', () => {
  assert.equal(imagesSentence(arriving()[6]), 'Ready: 6,000 training and 1,000 test images, checked; a run uses 5,000 and 1,000 of them');
});

test('of a held-out fifth the whole and what is used are told apart, and one image is one', () => {
  assert.equal(heldOutSentence({ ...data, held_out: true, train_records: 10_000, test_used: 500 }),
    'No test batch: a fifth of the 10,000 images is held out to measure on, and a run uses 500 of it.');
  assert.equal(heldOutSentence({ ...data, held_out: false }), null);
});

test('one epoch is one epoch', () => {
  const done = feed(training(), event('epoch_end'), { type: 'done', epochs: 1 });
  assert.equal(statusSentence(done), 'Test accuracy 0.5500 after 1 epoch');
});

test('what does not run ends at no time, also while it is measured', () => {
  const state = training();
  assert.notEqual(tiles(state)['tile-epoch-eta'], '–');
  for (const still of [feed(state, event('paused')), feed(state, event('stopped')), feed(state, event('stopped'), { type: 'evaluating' }), feed(state, event('paused'), { type: 'evaluating' })]) {
    assert.deepEqual([tiles(still)['tile-epoch-eta'], tiles(still)['tile-run-eta']], ['–', '–'], still.phase);
  }
});

test('the tile has the accuracy that was measured last, as the panel has', () => {
  const stopped = feed(training(), event('epoch_end'), event('stopped'), { type: 'evaluating' }, { type: 'evaluation', evaluation: { ...fixture.evaluation, accuracy: 0.75 } });
  assert.equal(tiles(stopped)['tile-val'], '0.7500');
});

test('a test image goes with the data that it is of, a picture of the visitor’s stays, and both outlast an engine', () => {
  const subject = { id: 1, origin: 'test', label: 3, pixels: new Uint8Array(3_072), title: 'x', asked: false };
  const files = { type: 'source_chosen', source: 'files', turn: 2, promised: null };
  const shown = (/** @type {object} */ change) => feed(arriving()[6], { type: 'subject_chosen', subject: { ...subject, ...change } });
  assert.equal(feed(shown({}), files).subject, null);
  assert.equal(feed(feed(shown({}), files), { ...server, turn: 3 }).subject, null);
  assert.equal(feed(shown({}), { ...server, turn: 2 }).subject?.id, 1);
  assert.equal(feed(shown({ origin: 'picture' }), files).subject?.id, 1);
  const lost = feed(training(), { type: 'subject_chosen', subject }, { type: 'recovering', reason: 'Lost.', resumes: true, restores: true, changes: null });
  assert.equal(feed(lost, files).subject?.id, 1);
});

test('a loss far above that of guessing is named while it runs and after, with what to do', () => {
  const wild = { ...progress, loss: 11.04e12, step: 3 };
  const state = feed(training(), wild);
  assert.deepEqual(troubleOf(state), { loss: 11.04e12, guessing: Math.log(10) });
  assert.match(statusSentence(state), /^Epoch \d+ of \d+: it does not learn, its loss is far above that of guessing\. Stop, and choose a smaller learning rate than /);
  assert.equal(troubleSentence(state)?.startsWith('It does not learn: its loss is 11.04T, and mere guessing has 2.3026. Train anew with a smaller learning rate than '), true);
  const done = feed(state, { ...event('epoch_end'), result: { ...event('epoch_end').result, loss: 11.04e12 } }, { type: 'done', epochs: 1 });
  assert.match(statusSentence(done), /^It has not learnt: its loss is far above that of guessing\. Train anew with a smaller learning rate than /);
  assert.equal(troubleOf(feed(state, { type: 'was_reset', loaded })), null);
  for (const loss of [2.3, 4.5]) assert.equal(troubleLine(feed(training(), { ...progress, loss, step: 3 }), false), null);
});

test('the answer of a network that has not learnt is no plain answer', () => {
  const probabilities = Float32Array.from({ length: 10 }, (_, i) => (i === 6 ? 1 : 0));
  const subject = { id: 1, origin: 'test', label: 6, pixels: new Uint8Array(3_072), title: 'x', asked: false };
  const asked = (/** @type {any} */ state) => feed(state, { type: 'subject_chosen', subject }, { type: 'prediction', id: 1, probabilities });
  assert.equal(verdict(asked(training())), '✓ Right: the network says frog, 100.0\u00a0% sure.');
  assert.equal(verdict(asked(feed(training(), { ...progress, loss: 11.04e12, step: 3 }))), 'The network says frog, and it would say so of almost anything: it has not learnt.');
});

test('a screen reader hears of an epoch in its turn, and of a pause, an end, a reset and a lost cause at once', () => {
  const state = training();
  const epoch = feed(state, event('epoch_end'));
  assert.deepEqual(newsOf(epoch, state)?.waits, true);
  assert.match(newsOf(epoch, state)?.text ?? '', /^Epoch 1\//);
  const done = feed(epoch, { type: 'done', epochs: 1 });
  for (const before of [state, epoch]) { // Whether the epoch's line has been told before or not.
    assert.deepEqual(newsOf(done, before), { text: `${newsOf(epoch, state)?.text}. ${statusSentence(done)}`, waits: false });
  }
  const stopped = feed(epoch, event('stopped'));
  assert.match(newsOf(stopped, epoch)?.text ?? '', /^Ready\. Stopped/);
  const reset = { type: 'was_reset', loaded: { ...loaded, data } };
  assert.deepEqual(newsOf(feed(stopped, reset), stopped, reset), { text: 'Ready. Press the button to begin', waits: false });
  const wild = feed(state, { ...progress, loss: 50, step: 3 });
  assert.match(newsOf(wild, state)?.text ?? '', /does not learn/);
  assert.equal(newsOf(feed(wild, { ...progress, loss: 60, step: 4 }), wild), null, 'once');
});

test('a hundred epochs in ten seconds are two pieces of news, and what a reader did is told at once with what waits', () => {
  const said = /** @type {string[]} */ ([]);
  const clock = { nowMs: 0 };
  /** @type {{ call: () => void, atMs: number } | null} */
  let timer = null;
  const announcer = createAnnouncer((text) => said.push(text), {
    now: () => clock.nowMs,
    later: (call, ms) => (timer = { call, atMs: clock.nowMs + ms }),
  });
  for (let epoch = 0; epoch < 100; epoch += 1) {
    clock.nowMs = 100 * epoch;
    const due = /** @type {any} */ (timer);
    if (due && due.atMs <= clock.nowMs) {
      timer = null;
      due.call();
    }
    announcer.inTurn(`Epoch ${epoch}`);
  }
  assert.deepEqual(said, ['Epoch 0', 'Epoch 49']);
  announcer.atOnce('Paused');
  assert.equal(said[2], 'Epoch 99. Paused');
  clock.nowMs = 60_000;
  /** @type {any} */ (timer)?.call();
  assert.equal(said.length, 3, 'nothing is said twice');
});

test('classes that a run never sees are named, once all images are here', () => {
  const of = (/** @type {string[]} */ unseen_classes, complete = true) => unseenSentence({ ...data, complete, unseen_classes });
  assert.equal(of([]), null);
  assert.equal(of(['cat'], false), null, 'it may come yet');
  assert.equal(of(['truck']), 'A run trains on no image of truck: it cannot learn that class.');
  assert.equal(of(['dog', 'ship', 'truck']), 'A run trains on no image of dog, ship or truck: it cannot learn these classes.');
  assert.equal(unseenSentence(null), null);
});

test('test images that are also training images are said, once all images are here', () => {
  const of = (/** @type {number} */ test_in_train, complete = true, test_used = 1_500) => repeatedSentence({ ...data, complete, test_in_train, test_used });
  const so = 'also among the training images: the test accuracy says less about images that the network has never seen.';
  assert.equal(of(0), null);
  assert.equal(of(20, false), null, 'others may come yet');
  assert.equal(of(1), `1 of the 1,500 test images is ${so}`);
  assert.equal(of(1_200), `1,200 of the 1,500 test images are ${so}`);
  assert.equal(of(1_500), `All 1,500 test images are ${so}`);
  assert.equal(of(1, true, 1), `The test image is ${so}`);
  assert.equal(repeatedSentence(null), null);
});

test('a saved file’s name says recipe, epoch and accuracy', () => {
  const quick = { ...config, train: 5_000, test: 1_000, epochs: 3, batch: 32, lr: 0.001, augment: 'none' };
  const begun = feed(arriving()[6], { type: 'started', loaded: { ...loaded, config: quick } });
  const within = feed(begun, { ...progress, epoch: 1, step: 120 });
  assert.equal(fileNameOf(within, 'run', 'safetensors'), 'convburn-run-quick-epoch-1-step-120.safetensors');
  const after = feed(within, { ...event('epoch_end'), evaluation: { ...event('epoch_end').evaluation, accuracy: 0.411 } });
  assert.equal(fileNameOf(after, 'run', 'safetensors'), 'convburn-run-quick-epoch-1-accuracy-0.4110.safetensors');
  const own = feed(begun, { type: 'started', loaded: { ...loaded, config: { ...quick, train: 2_000 } } });
  assert.equal(fileNameOf(own, 'report', 'json'), 'convburn-report-own-2000-images-epoch-0.json');
  const best = /** @type {any} */ ({ config: quick, trained: 2, valAccuracy: 0.5 });
  assert.equal(bestFileName(best), 'convburn-best-quick-epoch-2-accuracy-0.5000.safetensors');
  assert.equal(bestFileName(null), 'convburn-best.safetensors');
});

test('more workers than there are cores are called what they are', () => {
  assert.equal(workersPhrase(64, 2), ', with 64 workers on 2 cores, which only takes more time');
  assert.equal(workersPhrase(2, 2), ', on 2 cores');
  assert.equal(workersPhrase(2, undefined), ', on 2 cores');
  assert.equal(workersPhrase(1, 8), '');
  assert.equal(workersNote(64, 2), 'This machine has 2 cores: more than that only take more time. 0: as many as pay here. The graphics card does not use them.');
  assert.equal(workersNote(0, 2), workersNote(0, undefined));
});

test('while a run is under way, paused and measured too, Start leaves its place to the button that goes on', () => {
  const state = training();
  const paused = feed(state, event('paused'));
  for (const underWay of [state, paused, feed(paused, { type: 'evaluating' })]) assert.ok(isUnderWay(underWay), underWay.phase);
  for (const not of [arriving()[6], feed(state, event('stopped')), feed(state, event('stopped'), { type: 'evaluating' }), feed(state, { type: 'done', epochs: 1 })]) {
    assert.ok(!isUnderWay(not), not.phase);
  }
});
