/** Keras's curves: when they are shown, and what is drawn behind the visitor's own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PRESETS } from '../../www/state/presets.js';
import { shownReference, mayShowReference, referenceOf, wantsReference } from '../../www/state/reference.js';
import { initialState, reduce } from '../../www/state/store.js';
import { referenceSentence, withReference } from '../../www/views/shared/reference-band.js';

const file = JSON.parse(readFileSync(new URL('../fixtures/keras_tutorial.json', import.meta.url), 'utf8'));
const reference = referenceOf(file);

test('the runs become a mean within a band', () => {
  assert.equal(reference.runs, file.runs.length);
  assert.equal(reference.epochs, 10);
  for (const { mean, low, high } of Object.values(reference.bands)) {
    mean.forEach((value, i) => assert.ok(low[i] < value && value < high[i]));
  }
  const tiny = referenceOf({ runs: [1, 3].map((loss) => ({ loss: [loss], accuracy: [0], val_loss: [0], val_accuracy: [0] })) });
  assert.deepEqual(tiny.bands.loss, { mean: [2], low: [1], high: [3] });
});

test('they are shown for the tutorial’s run, unless the visitor chose otherwise', () => {
  let state = initialState();
  assert.ok(wantsReference(state), 'the default is the tutorial’s');
  assert.equal(shownReference(state), null, 'nothing is there yet');
  state = reduce(state, { type: 'reference_arrived', reference }, 0);
  assert.equal(shownReference(state), reference);
  state = reduce(state, { type: 'preset_chosen', preset: PRESETS.quick }, 0);
  assert.equal(shownReference(state), null);
  state = reduce(state, { type: 'reference_chosen', shown: true }, 0);
  assert.equal(shownReference(state), reference);
  state = reduce(state, { type: 'reference_missing' }, 0);
  assert.ok(!wantsReference(state), 'choosing them again is trying again');
  // What counts is the run whose curves are there, not the next one's settings.
  const running = { ...initialState(), reference, runConfig: { ...initialState().config, epochs: 3 } };
  assert.equal(shownReference(running), null);
});

test('of another network than the tutorial’s they are not shown, whatever the visitor chose before', () => {
  const { config } = initialState();
  /** @type {import('../../www/protocol/protocol.js').NetworkChoice[]} */
  const [t, listed] = ['t', { seeding: 'by-layer', layers: [] }];
  const chosen = { ...initialState(), reference, referenceShown: true };
  for (const other of [t, listed]) {
    const next = { ...chosen, config: { ...config, network: other } };
    const running = { ...chosen, runConfig: { ...config, network: other } };
    for (const state of [next, running]) assert.deepEqual([mayShowReference(state), wantsReference(state), shownReference(state)], [false, false, null]);
  }
  // A run of the tutorial's network is there while the next one's is being chosen.
  const over = { ...chosen, config: { ...config, network: t }, runConfig: config };
  assert.equal(shownReference(over), reference);
});

test('the reference’s columns come first, over the epochs of both', () => {
  const band = { mean: [2, 4], low: [1, 3], high: [3, 5] };
  const referenceLines = [{ colour: '', fill: '', band }];
  assert.deepEqual(withReference([], [[1], [7]]), [[1], [7]]);
  assert.deepEqual(withReference(referenceLines, [[], []]), [[1, 2], [1, 3], [3, 5], [2, 4], [null, null]]);
  assert.deepEqual(withReference(referenceLines, [[1, 2, 3], [7, 8, 9]]), [[1, 2, 3], [1, 3, null], [3, 5, null], [2, 4, null], [7, 8, 9]]);
});

test('a screen reader hears where Keras was', () => {
  assert.match(referenceSentence(reference, 'accuracy', 10), /^\. Keras, \d+ runs: accuracy on test images then 0\.[67]\d+ on average, 0\.6\d+ to 0\.[67]\d+$/);
  assert.equal(referenceSentence(reference, 'loss', 11), '');
  assert.equal(referenceSentence(null, 'loss', 1), '');
  assert.match(referenceSentence({ ...reference, runs: 1, label: 'Behind: it', isHeldOut: true }, 'loss', 1), /^\. Behind: it: loss on held-out images then \d\.\d+$/);
});
