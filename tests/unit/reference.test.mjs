/** Keras's curves: when they are shown, and what is drawn behind the visitor's own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PRESETS } from '../../www/config.js';
import { ghostOf, mayHaveGhost, referenceOf, wantsGhost } from '../../www/reference.js';
import { initialState, reduce } from '../../www/store.js';
import { ghostSentence, withGhost } from '../../www/views/ghost.js';

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
  assert.ok(wantsGhost(state), 'the default is the tutorial’s');
  assert.equal(ghostOf(state), null, 'nothing is there yet');
  state = reduce(state, { type: 'reference_arrived', reference }, 0);
  assert.equal(ghostOf(state), reference);
  state = reduce(state, { type: 'preset_chosen', preset: PRESETS.quick }, 0);
  assert.equal(ghostOf(state), null);
  state = reduce(state, { type: 'ghost_chosen', shown: true }, 0);
  assert.equal(ghostOf(state), reference);
  state = reduce(state, { type: 'reference_missing' }, 0);
  assert.ok(!wantsGhost(state), 'choosing them again is trying again');
  // What counts is the run whose curves are there, not the next one's settings.
  const running = { ...initialState(), reference, runConfig: { ...initialState().config, epochs: 3 } };
  assert.equal(ghostOf(running), null);
});

test('of another network than the tutorial’s they are not shown, whatever the visitor chose before', () => {
  const { config } = initialState();
  /** @type {import('../../www/protocol.js').NetworkSpec} */
  const network = { seeding: 'by-layer', layers: [] };
  const chosen = { ...initialState(), reference, ghost: true };
  for (const other of ['t', network]) {
    const next = { ...chosen, config: { ...config, network: other } };
    const running = { ...chosen, runConfig: { ...config, network: other } };
    for (const state of [next, running]) assert.deepEqual([mayHaveGhost(state), wantsGhost(state), ghostOf(state)], [false, false, null]);
  }
  // A run of the tutorial's network is there while the next one's is being chosen.
  const over = { ...chosen, config: { ...config, network: 't' }, runConfig: config };
  assert.equal(ghostOf(over), reference);
});

test('the reference’s columns come first, over the epochs of both', () => {
  const band = { mean: [2, 4], low: [1, 3], high: [3, 5] };
  const haunts = [{ colour: '', fill: '', band }];
  assert.deepEqual(withGhost([], [[1], [7]]), [[1], [7]]);
  assert.deepEqual(withGhost(haunts, [[], []]), [[1, 2], [1, 3], [3, 5], [2, 4], [null, null]]);
  assert.deepEqual(withGhost(haunts, [[1, 2, 3], [7, 8, 9]]), [[1, 2, 3], [1, 3, null], [3, 5, null], [2, 4, null], [7, 8, 9]]);
});

test('a screen reader hears where Keras was', () => {
  assert.match(ghostSentence(reference, 'accuracy', 10), /^\. Keras, \d+ runs: accuracy on test images then 0\.[67]\d+ on average, 0\.6\d+ to 0\.[67]\d+$/);
  assert.equal(ghostSentence(reference, 'loss', 11), '');
  assert.equal(ghostSentence(null, 'loss', 1), '');
});
