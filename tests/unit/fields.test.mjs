/** The settings' rules and texts, what they mean beside each other, and the presets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RECIPES } from '../../www/protocol/recipes.js';
import { isSaidByLink, parseFragment, toFragment } from '../../www/state/config.js';
import { DEFAULTS, RULES, isSameSetting, parseField, stepped, textOf } from '../../www/state/fields.js';
import { crossCheck, isEffective, warningsOf } from '../../www/state/fitting.js';
import { PRESETS, presetOf, recipeOf, trainingSeconds } from '../../www/state/presets.js';
import { initialState, reduce } from '../../www/state/store.js';

/** @typedef {import('../../www/protocol/protocol.js').Config} Config */
/** @typedef {import('../../www/state/fields.js').Field} Field */

/** What a field may be, by its rule. @param {import('../../www/state/fields.js').Rule} rule @returns {fc.Arbitrary<any>} */
function valueOf(rule) {
  const shares = fc.array(fc.float({ min: Math.fround(0.001), max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
  if ('choices' in rule) return fc.constantFrom(...rule.choices);
  if ('list' in rule) return fc.uniqueArray(fc.integer({ min: rule.list.low, max: rule.list.high }), { minLength: 1, maxLength: 32 }).map((list) => list.sort((a, b) => a - b));
  if ('group' in rule) return fc.oneof(fc.constant('batch'), fc.integer({ min: rule.group.low, max: rule.group.high }).map((records) => ({ records })));
  if ('pixels' in rule) return fc.oneof(fc.constant('unit'), fc.tuple(shares, shares).map(([mean, deviation]) => ({ standardized: { mean, deviation } })));
  if (rule.whole) return fc.integer({ min: rule.low, max: rule.high });
  return fc.double({ min: rule.low, max: rule.high, noNaN: true, minExcluded: rule.ends === 'above', maxExcluded: rule.ends === 'below' })
    .filter((value) => 'value' in parseField('lr', '1') && (rule.ends !== 'above' || Math.fround(value) > 0) && (rule.ends !== 'below' || Math.fround(value) < rule.high));
}

/** A configuration that a run can have. */
const anyConfig = fc.record(Object.fromEntries(Object.entries(RULES).map(([field, rule]) => [field, valueOf(rule)])))
  .map((some) => /** @type {Config} */ ({ ...DEFAULTS, ...some })).filter((config) => Object.keys(crossCheck(config)).length === 0);

test('a link says all of any configuration, and gives the same run', () => {
  fc.assert(fc.property(anyConfig, (config) => {
    assert.ok(isSaidByLink(config));
    const read = parseFragment(toFragment(config, false));
    assert.deepEqual(read.complaints, []);
    for (const field of /** @type {Field[]} */ (Object.keys(RULES))) {
      assert.ok(isSameSetting(field, read.config[field], config[field]), `${field}: ${JSON.stringify(config[field])}`);
    }
    assert.equal(toFragment(read.config, false), toFragment(config, false));
  }), { numRuns: 300 });
});

test('a value of another kind is refused with what may stand there', () => {
  /** @type {[Field, string, RegExp][]} */
  const cases = [
    ['drops', '8, 5', /each larger than the one before/], ['drops', '5,5', /larger/], ['drops', '5;8', /like 5, 8/], ['drops', '0', /from 1/], ['drops', '5,', /whole numbers/],
    ['norm_group', '1', /from 2 to 4,096, or the word batch/], ['norm_group', 'all', /batch/], ['norm_group', '32.5', /whole/],
    ['pixels', '0.5/0.2', /three means/], ['pixels', '0.5,0.5,2/0.2,0.2,0.2', /from 0 to 1/], ['pixels', '0.5,0.5,0.5/0,0.2,0.2', /deviations/], ['pixels', 'imagenet', /cifar10/],
    ['momentum', '1', /from 0 to below 1/], ['momentum', '0.99999999', /below 1/], ['weight_decay', '-0.1', /from 0 to 1/], ['drop_factor', '0', /above 0 and up to 1/],
    ['optimizer', 'lion', /adam, adamw, sgd/],
  ];
  for (const [field, text, problem] of cases) {
    const read = parseField(field, text);
    assert.match('problem' in read ? read.problem : `taken: ${JSON.stringify(read)}`, problem, `${field}=${text}`);
    assert.equal(parseFragment(`#${field}=${encodeURIComponent(text)}`).complaints.length, 1);
  }
  assert.deepEqual(parseField('drops', ''), { value: [] });
  assert.deepEqual(parseField('drops', ' 5, 8 '), { value: [5, 8] });
  assert.deepEqual(parseField('norm_group', '64'), { value: { records: 64 } });
});

test('pixels are called as short as they are, also after the engine has rounded them', () => {
  const read = parseField('pixels', 'cifar10');
  const { standardized } = /** @type {any} */ ('value' in read && read.value);
  const rounded = { standardized: { deviation: standardized.deviation.map(Math.fround), mean: standardized.mean.map(Math.fround) } };
  assert.equal(textOf('pixels', rounded), 'cifar10');
  assert.equal(textOf('pixels', { standardized: { mean: [0.5, 0.25, 0.1].map(Math.fround), deviation: [1, 0.2, 0.3] } }), '0.5,0.25,0.1/1,0.2,0.3');
  assert.equal(textOf('pixels', { standardized: { mean: [0.5], deviation: [0.2] } }), null);
});

test('the arrow keys go through shares by hundredths and stay within what may be', () => {
  assert.deepEqual([stepped('momentum', '0.9', 1), stepped('momentum', '0.99', 1), stepped('momentum', '0', -1)], ['0.91', '0.99', '0']);
  assert.deepEqual([stepped('weight_decay', '0', 1), stepped('weight_decay', '0.0005', 1), stepped('norm_bias_lr_factor', '1', -1)], ['0.00001', '0.001', '1']);
  assert.deepEqual([stepped('drops', '5', 1), stepped('optimizer', 'adam', 1), stepped('norm_group', '32', 1)], ['5', 'adam', '32']);
});

test('a link whose settings forbid each other is told so, and what comes out can be loaded', () => {
  /** @type {[string, RegExp, Partial<Config>][]} */
  const cases = [
    ['optimizer=sgd&nesterov=on&run=1', /momentum, which is 0.*“Nesterov” is off now/, { optimizer: 'sgd' }],
    ['optimizer=adamw&decay=coupled&run=1', /adamw.*“Way of decay” is decoupled now/, { optimizer: 'adamw' }],
    ['schedule=drops&run=1', /at least one epoch.*“Schedule” is constant now/, {}],
    ['augment=flip-shift&shift_px=3&run=1', /ready-made.*“Shift in pixels” is 0 now/, { augment: 'flip-shift' }],
  ];
  for (const [link, complaint, change] of cases) {
    const { config, autostart, complaints } = parseFragment(`#${link}`);
    assert.deepEqual([config, autostart, complaints.length, crossCheck(config)], [{ ...DEFAULTS, ...change }, false, 1, {}], link);
    assert.match(complaints[0], complaint);
  }
});

/** @param {[Field, string][]} edits */
const edited = (...edits) => edits.reduce((state, [field, text]) => reduce(state, { type: 'field_edited', field, text }, 0), initialState());

test('a choice brings what it needs, so that it can be used as it is', () => {
  assert.deepEqual(edited(['epochs', '10'], ['schedule', 'drops']).config.drops, [5, 8]);
  assert.deepEqual(edited(['epochs', '1'], ['schedule', 'drops']).config.drops, [1]);
  assert.deepEqual(edited(['drops', '3'], ['schedule', 'drops']).config.drops, [3]);
  assert.equal(edited(['decay', 'coupled'], ['optimizer', 'adamw']).config.decay, 'decoupled');
  assert.deepEqual(crossCheck(edited(['shift_px', '2'], ['shift_edge', 'reflect'], ['augment', 'flip-shift']).config), {});
  assert.deepEqual(edited(['pixels', 'cifar10'], ['network', 't']).config.pixels, RECIPES[1].settings.pixels, 'the pixels were chosen, and are no network’s');
});

test('what does nothing under the other settings is not shown, and what is shown does something', () => {
  const hidden = (/** @type {[Field, string][]} */ ...edits) => /** @type {Field[]} */ (Object.keys(RULES)).filter((field) => !isEffective(field, edited(...edits)));
  assert.deepEqual(hidden(), ['norm_group', 'momentum', 'nesterov', 'velocity', 'decay', 'decay_of', 'norm_bias_lr_factor', 'muon_lr', 'muon_momentum',
    'muon_iterations', 'warm_up', 'lr_start', 'lr_end', 'drops', 'drop_factor', 'shift_edge', 'hold_out']);
  assert.deepEqual(hidden(['network', 't'], ['optimizer', 'muon'], ['momentum', '0.9'], ['weight_decay', '0.1'], ['schedule', 'cosine'], ['shift_px', '1']), ['drops', 'drop_factor', 'hold_out']);
  assert.ok(hidden(['augment', 'flip-shift']).includes('flip'));
});

test('an early stop is warned of where the rate falls until the end', () => {
  const stops = (/** @type {Partial<Config>} */ change) => warningsOf(/** @type {Config} */ ({ ...DEFAULTS, patience: 3, ...change }));
  assert.match(stops({ schedule: 'one-cycle' }).patience, /falls until the last epoch/);
  assert.deepEqual([stops({}), stops({ schedule: 'drops' }), warningsOf({ ...DEFAULTS, schedule: 'cosine' })], [{}, {}, {}]);
});

test('every recipe is a preset that a link gives to anyone, and keeps seed and machine', () => {
  assert.deepEqual(Object.keys(PRESETS), ['quick', ...RECIPES.map(({ name }) => name)]);
  for (const [name, preset] of Object.entries(PRESETS)) {
    const config = { ...DEFAULTS, seed: 9, backend: /** @type {const} */ ('flex'), workers: 3, ...preset };
    assert.deepEqual([presetOf(config), config.seed, config.backend, config.workers, crossCheck(config)], [name, 9, 'flex', 3, {}]);
    assert.equal(presetOf(parseFragment(toFragment(config, false)).config), name);
    assert.equal(presetOf({ ...config, label_smoothing: 0.3 }), null);
  }
  assert.deepEqual([recipeOf(DEFAULTS)?.name, recipeOf({ ...DEFAULTS, ...PRESETS.quick })], ['tutorial', null]);
});

test('a recipe’s time is told only from a run of its network, in its batches, on the same machine', () => {
  const cured = RECIPES[1];
  const config = { ...DEFAULTS, ...PRESETS['tutorial-cured'], train: 2_000, epochs: 1 };
  const state = { ...initialState(), config, runConfig: config, progress: /** @type {any} */ ({ images_per_second: 5_000 }) };
  assert.equal(trainingSeconds(state, cured), 100);
  assert.equal(trainingSeconds({ ...state, progress: null }, cured), null);
  assert.equal(trainingSeconds({ ...state, config: { ...config, workers: 1 } }, cured), null);
  assert.equal(trainingSeconds(state, RECIPES[2]), null);
});
