import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CURES, cured, curesFor, measuredCures } from '../../www/state/cures.js';
import { RULES, DEFAULTS, parseField, textOf } from '../../www/state/fields.js';
import { crossCheck } from '../../www/state/fitting.js';
import { gapOf } from '../../www/state/gap.js';
import { presetOf } from '../../www/state/presets.js';
import { initialState, reduce } from '../../www/state/store.js';
import { measuredNote, measuredPhrase } from '../../www/views/cures.js';
import { RECIPES } from '../../www/protocol/recipes.js';

/** @typedef {import('../../www/protocol/protocol.js').Config} Config */
/** @typedef {import('../../www/state/fields.js').Field} Field */

/** Every subset of the cures. */
const SUBSETS = Array.from({ length: 2 ** CURES.length }, (_, bits) => CURES.filter((_cure, i) => (bits >> i) % 2 === 1).map(({ name }) => name));

test('any cures together are settings that can be used, of a large run and of a small one', () => {
  for (const train of [50_000, 300, 8]) {
    for (const names of SUBSETS) {
      const config = cured({ ...DEFAULTS, train, batch: Math.min(32, train) }, names);
      assert.deepEqual(crossCheck(config), {}, names.join());
      for (const field of /** @type {Field[]} */ (Object.keys(RULES))) {
        const text = textOf(field, config[field]);
        assert.ok(text !== null && 'value' in parseField(field, text), `${field}: ${text}`);
      }
    }
  }
});

test('all cures of the tutorial’s run are the recipe, and nothing is left to be offered then', () => {
  const all = cured(DEFAULTS, curesFor(DEFAULTS).map(({ name }) => name));
  assert.equal(presetOf(all), 'tutorial-cured');
  assert.deepEqual(curesFor(all), []);
  assert.deepEqual(curesFor({ ...DEFAULTS, network: 's-24-48-72' }).map(({ name }) => name).includes('normalisation'), false);
});

test('a gap is what the network knows better of its own images, and its cures are set', () => {
  const epoch = { epoch: 1, loss: 1, accuracy: 0.5, val_loss: 1.5, val_accuracy: 0.4, seconds: 1, step_ms: 2 };
  const evaluation = /** @type {import('../../www/protocol/protocol.js').Evaluation} */ (/** @type {unknown} */ ({ accuracy: 0.4, loss: 1.5, records: 100, seconds: 1 }));
  const done = { ...initialState(), evaluation, epochs: [epoch] };
  assert.equal(gapOf(done), null);
  const measured = reduce(done, { type: 'training_evaluation', evaluation: { ...evaluation, accuracy: 0.75 } }, 0);
  assert.deepEqual(gapOf(measured), { training: 0.75, test: 0.4, gap: 0.35, records: 100, isOpen: true });
  const chance = { ...measured, trainingEvaluation: { ...evaluation, accuracy: 0.5 } };
  assert.equal(gapOf(chance)?.isOpen, false, 'a hundred images say little');
  assert.equal(reduce({ ...measured, phase: 'paused' }, { type: 'resumed' }, 0).trainingEvaluation, null, 'a network that goes on is another one');
  const chosen = reduce(measured, { type: 'cures_chosen', names: ['smoothing'] }, 0);
  assert.equal(chosen.config.label_smoothing, 0.1);
});

test('what a cure gave is said where it was measured, also where it cost', () => {
  const recipe = { ...RECIPES[1], reached: { accuracy: 0.8434, gap: 0.03, runs: 2 } };
  assert.equal(measuredCures({ ...recipe, cures: [] }), null);
  const measured = measuredCures({ ...recipe, cures: [{ name: 'rate', points: 2.14, runs: 2 }, { name: 'smoothing', points: -0.1, runs: 2 }] });
  assert.ok(measured && measured.cures.every(({ name }) => CURES.some((cure) => cure.name === name)));
  assert.deepEqual(measured.cures.map((cure) => measuredPhrase(cure, measured.accuracy)), ['Measured: 2.1 points of 84.3.', 'Measured: −0.1 points of 84.3.']);
  assert.match(measuredNote(measured), /costs on all of CIFAR-10, the mean of 2 runs each\.$/);
  assert.equal(measuredNote(null), '');
});
