import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSaidByLink, parseFragment, partsOf, toFragment } from '../../www/state/config.js';
import { DEFAULTS, RULES, parseField } from '../../www/state/fields.js';
import { crossCheck } from '../../www/state/fitting.js';
import { PRESETS, presetOf } from '../../www/state/presets.js';

test('an empty fragment is the tutorial’s run', () => {
  assert.deepEqual(parseFragment(''), { config: DEFAULTS, autostart: false, complaints: [] });
  assert.equal(presetOf(parseFragment('#').config), 'tutorial');
});

test('the documented link is read field by field', () => {
  const { config, autostart, complaints } = parseFragment(
    '#backend=flex&train=2000&test=1000&epochs=1&batch=32&lr=0.001&seed=7&augment=none&workers=1&run=1',
  );
  assert.deepEqual(complaints, []);
  assert.equal(autostart, true);
  assert.deepEqual(config, { ...DEFAULTS, backend: 'flex', train: 2000, test: 1000, epochs: 1, seed: 7, workers: 1 });
});

test('a fragment survives the way there and back', () => {
  const config = { ...DEFAULTS, backend: /** @type {const} */ ('ndarray'), lr: 1e-4, seed: 4_294_967_295, augment: /** @type {const} */ ('flip-shift') };
  assert.deepEqual(parseFragment(toFragment(config, true)), { config, autostart: true, complaints: [] });
  assert.equal(parseFragment(toFragment(config, false)).autostart, false);
});

/** A network that has no name. @type {import('../../www/protocol/protocol.js').NetworkSpec} */
const NAMELESS = { seeding: 'by-layer', layers: [{ id: 1, layer: 'flatten' }] };

test('a link says the recipe first, then how it is computed; one from before the networks is read as ever', () => {
  const link = toFragment({ ...DEFAULTS, network: 't', workers: 2 }, true);
  assert.equal(link, '#network=t&train=50000&test=10000&epochs=10&batch=32&lr=0.001&seed=1&augment=none&backend=auto&workers=2&arithmetic=auto&run=1');
  assert.deepEqual(parseFragment(link), { config: { ...DEFAULTS, network: 't', workers: 2 }, autostart: true, complaints: [] });
  const old = '#backend=flex&train=50000&test=10000&epochs=10&batch=32&lr=0.001&seed=1&augment=none&workers=0';
  assert.deepEqual(parseFragment(old), { config: { ...DEFAULTS, backend: 'flex' }, autostart: false, complaints: [] });
  const { config, complaints } = parseFragment('#network=resnet&seed=2');
  assert.deepEqual([config, complaints.length], [{ ...DEFAULTS, seed: 2 }, 1]);
  assert.match(complaints[0], /^The link’s “network” cannot be “resnet”. Choose one of tutorial, t, s-24-48-72, /);
});

test('a network that has no name is in a link layer by layer, and the page knows where a link does not say all', () => {
  const config = { ...DEFAULTS, network: NAMELESS };
  assert.equal(toFragment(config, false), toFragment(DEFAULTS, false).replace('tutorial', '.WyJieS1sYXllciIsWzEsImZsYXR0ZW4iXV0'));
  assert.deepEqual(parseFragment(toFragment(config, false)).config, config);
  assert.equal(presetOf(config), null);
  /** @type {[Partial<import('../../www/protocol/protocol.js').Config>, boolean][]} */
  const cases = [[{}, true], [{ network: 't' }, true], [{ norm_group: { records: 32 } }, true], [{ network: NAMELESS }, true],
    [{ norm_group: 'batch' }, true], [{ last_batch: 'drop' }, true], [{ optimizer: 'sgd' }, true], [{ drops: [5] }, true],
    [{ pixels: { standardized: { mean: [0.5, 0.5, 0.5], deviation: [0.2, 0.2, 0.2] } } }, true], [{ pixels: { standardized: { mean: [0.5], deviation: [0.2] } } }, false]];
  for (const [change, isSaid] of cases) assert.equal(isSaidByLink({ ...DEFAULTS, ...change }), isSaid, JSON.stringify(change));
});

test('a configuration comes apart into what is computed and how, and nothing is lost', () => {
  const { recipe, compute } = partsOf(DEFAULTS);
  assert.deepEqual(Object.keys(compute).sort(), ['arithmetic', 'backend', 'operators', 'report_every_ms', 'workers']);
  assert.deepEqual({ ...recipe, ...compute }, DEFAULTS);
});

test('an unknown key and a bad value are complained of and stay at the default', () => {
  const { config, complaints } = parseFragment('#colour=red&epochs=many&train=2000&backend=cuda');
  assert.deepEqual(config, { ...DEFAULTS, train: 2000 });
  assert.equal(complaints.length, 3);
  assert.match(complaints[0], /colour/);
  assert.match(complaints[1], /epochs.*many.*whole number/);
  assert.match(complaints[2], /backend.*cuda/);
});

test('of a key that comes twice the first counts, which is said once', () => {
  const { config, autostart, complaints } = parseFragment('#train=2000&train=3000&train=x&run=0&run=1&lr=0.01');
  assert.deepEqual(config, { ...DEFAULTS, train: 2000, lr: 0.01 });
  assert.equal(autostart, false);
  assert.deepEqual(complaints.map((sentence) => sentence.match(/“(\w+)” more than once/)?.[1]), ['train', 'run']);
});

test('numbers that are none, or that no run can use, are refused', () => {
  for (const link of ['lr=NaN', 'lr=-0.1', 'lr=1e9', 'lr=Infinity', 'epochs=0', 'seed=seven', 'seed=-1', 'seed=1.5', 'batch=0', 'batch=1e99', 'train=', 'workers=65']) {
    const { config, complaints } = parseFragment(`#${link}`);
    assert.deepEqual(config, DEFAULTS, link);
    assert.equal(complaints.length, 1, link);
  }
});

test('a long text in a link does not fill the page', () => {
  const [complaint] = parseFragment(`#seed=${'9'.repeat(5_000)}`).complaints;
  assert.ok(complaint.length < 200 && complaint.includes('999…'), complaint);
});

test('a link whose fields forbid each other does not start by itself', () => {
  for (const [link, batch] of /** @type {const} */ ([['#train=10&run=1', 10], ['#train=32&batch=64&run=1', 32]])) {
    const { config, autostart, complaints } = parseFragment(link);
    assert.equal(autostart, false);
    assert.match(complaints.join(' '), /batch/);
    assert.equal(config.batch, batch, 'the engine can load with what is left');
    assert.deepEqual(crossCheck(config), {});
  }
});

test('each field’s range ends where it says', () => {
  for (const [field, rule] of Object.entries(RULES)) {
    const read = (/** @type {string} */ text) => parseField(/** @type {keyof typeof RULES} */ (field), text);
    assert.ok('problem' in read('nothing such'), field);
    if ('choices' in rule) {
      for (const choice of rule.choices) assert.deepEqual(read(choice), { value: choice });
      continue;
    }
    if (!('whole' in rule)) continue;
    assert.deepEqual(read(String(rule.high)), rule.ends === 'below' ? read('nothing such') : { value: rule.high });
    assert.deepEqual(read(String(rule.low)), rule.ends === 'above' ? read('nothing such') : { value: rule.low });
    assert.ok('problem' in read(String(rule.high + 1)), field);
    assert.ok('problem' in read(String(rule.low - 1)), field);
    assert.ok('problem' in read(''), field);
    assert.ok('problem' in read('1e'), field);
    assert.equal('problem' in read('0.5'), rule.whole, field);
  }
  assert.ok('problem' in parseField('lr', '0'), 'a learning rate of 0 learns nothing');
});

test('a batch may not be larger than the training images', () => {
  assert.deepEqual(crossCheck({ ...DEFAULTS, train: 32, batch: 32 }), {});
  assert.equal(crossCheck({ ...DEFAULTS, train: 31, batch: 32 }).batch, 'A batch cannot be larger than the 31 training images.');
  assert.equal(crossCheck({ ...DEFAULTS, train: 1, batch: 32 }).batch, 'A batch cannot be larger than the 1 training image.');
});

test('a preset is recognised whatever the seed and the backend', () => {
  assert.equal(presetOf({ ...DEFAULTS, ...PRESETS.quick, seed: 9, backend: 'flex' }), 'quick');
  assert.equal(presetOf({ ...DEFAULTS, epochs: 9 }), null);
  assert.equal(presetOf({ ...DEFAULTS, network: 't' }), null);
  const { network: _, pixels: _pixels, norm_group: _group, last_batch: _last, ...older } = DEFAULTS;
  assert.equal(presetOf(older), 'tutorial', 'a run that was saved before there were other networks');
  assert.equal(presetOf({ ...DEFAULTS, norm_group: { records: 64 } }), null);
  assert.equal(presetOf({ ...DEFAULTS, optimizer: 'muon' }), null, 'a rule of learning that the tutorial has not');
});
