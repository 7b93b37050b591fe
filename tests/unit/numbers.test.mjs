/** Numbers as people type them, as the page shows them, and where an arrow key takes them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { refusalOf } from '../../www/state/config.js';
import { LABELS, RULES, parseField, stepped } from '../../www/state/fields.js';
import { initialState, reduce } from '../../www/state/store.js';
import { count, figure, short } from '../../www/views/shared/format.js';

/** @param {string} field @param {string} text @returns {any} */
const read = (field, text) => parseField(/** @type {keyof typeof RULES} */ (field), text);
/** @param {string} field @param {string} text @param {1 | -1} direction */
const step = (field, text, direction) => stepped(/** @type {keyof typeof RULES} */ (field), text, direction);

test('a decimal comma is a point where a number need not be whole', () => {
  for (const [text, value] of /** @type {const} */ ([['0,005', 0.005], [' 0,01 ', 0.01], [',5', 0.5], ['5e-3', 0.005], ['1,5e-3', 0.0015], ['.5', 0.5]])) {
    assert.deepEqual(read('lr', text), { value }, text);
  }
  assert.match(read('lr', '1,000.5').problem, /comma/);
  assert.deepEqual([read('lr', '０．００１'), read('lr', '1e\u22123')], [{ value: 0.001 }, { value: 0.001 }], 'full-width digits, and a minus that is no hyphen');
  assert.match(read('lr', '1e-46').problem, /above 0/, 'in the engine’s 32 bits it is 0');
});

test('thousands may be set apart, and what can be read in two ways is refused by both', () => {
  for (const text of ['50,000', '50 000', '50\u202f000', '50’000', '50000']) assert.deepEqual(read('train', text), { value: 50_000 }, text);
  assert.equal(read('train', '50.000').problem, '“50.000” can be read in two ways: write 50000 or 50.');
  assert.match(read('epochs', '1,5').problem, /without a comma/);
  for (const text of ['0x10', '1e', 'ten', '1 0', '--1', 'Infinity']) assert.ok('problem' in read('epochs', text), text);
});

test('arrows go by 1, 2 and 5 of each decade for the learning rate', () => {
  const up = ['0.001', '0.002', '0.005', '0.01', '0.02'];
  for (let i = 1; i < up.length; i += 1) {
    assert.equal(step('lr', up[i - 1], 1), up[i]);
    assert.equal(step('lr', up[i], -1), up[i - 1]);
  }
  assert.equal(step('lr', '0.003', 1), '0.005');
  assert.equal(step('lr', '0.003', -1), '0.002');
  assert.equal(step('lr', '0,001', 1), '0.002');
  assert.equal(step('lr', '10', 1), '10');
});

test('arrows go by what suits a setting, and never out of its range', () => {
  for (const [field, text, above, below] of /** @type {const} */ ([
    ['epochs', '50', '51', '49'], ['epochs', '1', '2', '1'], ['epochs', '1000', '1000', '999'],
    ['batch', '32', '64', '16'], ['batch', '4096', '4096', '2048'], ['batch', '1', '2', '1'], ['batch', '33', '66', '17'],
    ['train', '5000', '6000', '4000'], ['train', '1000', '2000', '900'], ['train', '4321', '5000', '4000'], ['train', '60000', '60000', '59000'], ['test', '1', '2', '1'],
    ['seed', '0', '1', '0'], ['workers', '64', '64', '63'],
  ])) {
    assert.equal(step(field, text, 1), above, `${field} ${text} up`);
    assert.equal(step(field, text, -1), below, `${field} ${text} down`);
  }
  for (const [field, text] of [['epochs', 'many'], ['backend', 'flex'], ['lr', '']]) assert.equal(step(field, text, 1), text);
});

test('every setting that cannot stay is named as the form names it', () => {
  const problems = { train: 'Enter more.', lr: 'Enter less.', seed: 'Enter a seed.', batch: 'Too large.' };
  assert.equal(refusalOf(problems), '4 settings cannot be used. Training images: Enter more. Learning rate: Enter less. Seed: Enter a seed. Batch size: Too large.');
  assert.equal(refusalOf({ lr: 'Enter less.' }), 'One setting cannot be used. Learning rate: Enter less.');
});

test('a complaint about settings is over once all of them can be used', () => {
  const error = { code: 'invalid_config', message: refusalOf({ lr: 'Enter less.' }), hint: '' };
  const edited = (/** @type {any} */ state, /** @type {string} */ text) => reduce(state, /** @type {any} */ ({ type: 'field_edited', field: 'lr', text }), 0);
  const refused = { ...edited(initialState(), '20'), error };
  assert.equal(edited(refused, '30').error, error);
  assert.equal(edited(refused, '0.01').error, null);
  assert.equal(reduce(refused, { type: 'preset_chosen', preset: { lr: 0.001 } }, 0).error, null);
  const other = { ...error, code: 'busy' };
  assert.equal(edited({ ...refused, error: other }, '0.01').error, other);
});

test('the form’s labels are those that the page names settings by, and no field counts on a wheel', () => {
  const html = readFileSync(new URL('../../www/index.html', import.meta.url), 'utf8');
  for (const [field, label] of Object.entries(LABELS)) {
    // A setting that has no field here gets one from views/settings.js, with this label.
    if (html.includes(`name="${field}"`)) assert.ok(html.includes(`<label for="field-${field}">${label}</label>`), field);
  }
  const named = [...html.matchAll(/ id="field-(\w+)" name="(\w+)"/g)];
  assert.ok(named.length >= 10 && named.every(([, id, name]) => id === name && name in LABELS), String(named));
  for (const [, field, options] of html.matchAll(/<select id="field-(\w+)".*?>(.*?)<\/select>/gs)) {
    const offered = [...options.matchAll(/value="([^"]*)"/g)].map(([, value]) => value);
    const rule = RULES[/** @type {keyof typeof RULES} */ (field)];
    assert.ok('choices' in rule && offered.length >= 2 && offered.every((value) => rule.choices.includes(value)), field);
  }
  assert.doesNotMatch(html, /type="number"/);
});

test('a noun follows its number', () => {
  assert.equal(count(1, 'image'), '1 image');
  assert.equal(count(0, 'image'), '0 images');
  assert.equal(count(5_000, 'epoch'), '5,000 epochs');
  assert.equal(count(2, 'batch', 'batches'), '2 batches');
  assert.equal(count(1_563), '1,563');
});

test('large and tiny numbers stay short', () => {
  for (const [value, text] of /** @type {const} */ ([[0.411, '0.4110'], [2.3, '2.3000'], [99_999, '99999.0000'], [1_234_567, '1.23M'], [11.04e12, '11.04T'], [2.5e20, '2.5e20'], [Number.NaN, 'NaN']])) {
    assert.equal(figure(value), text);
  }
  for (const [value, text] of /** @type {const} */ ([[0, '0'], [0.25, '0.25'], [1_500, '1,500'], [1e12, '1T'], [2.5e6, '2.5M'], [3e38, '3e38'], [0.0001, '1e-4'], [-20_000, '-20K']])) {
    assert.equal(short(value), text);
  }
});
