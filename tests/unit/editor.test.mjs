/** The editor of networks, as far as no crate is asked: edits and the way back, links, and how the crate's words find their layer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NAMED_NETWORKS } from '../../www/protocol/networks.js';
import { isSaidByLink, parseFragment, toFragment } from '../../www/state/config.js';
import { DEFAULTS } from '../../www/state/fields.js';
import { epochSeconds, nextMeasured, workOf } from '../../www/state/network-cost.js';
import { canRedo, canUndo, edited, layersOf, named } from '../../www/state/network-edits.js';
import { KINDS, LAYERS_MAX, NEW, allLayers, kindOf, readNetwork } from '../../www/state/network-layers.js';
import { MARK, TEXT_MAX, networkFromText, networkToText } from '../../www/state/network-links.js';
import { blamed, readable, rowsOf } from '../../www/state/network-rows.js';
import { createStore } from '../../www/state/store.js';
import { fieldValue, FIELDS } from '../../www/views/editor/fields.js';
import { figuresOf } from '../../www/views/editor/rows.js';
import { createRandom, randomEdit } from './random-edits.mjs';

/** @typedef {import('../../www/protocol/protocol.js').NetworkSpec} NetworkSpec */

test('300 random sequences of edits end in lists of layers, go back to the byte and forth again, and come through a link', () => {
  const random = createRandom(1);
  for (let sequence = 0; sequence < 300; sequence += 1) {
    const store = createStore(() => 0);
    const names = Object.keys(NAMED_NETWORKS);
    store.dispatch({ type: 'network_chosen', name: names[sequence % names.length] });
    const first = JSON.stringify(store.get().config.network);
    const edits = 1 + Math.floor(random() * 30);
    for (let i = 0; i < edits; i += 1) store.dispatch({ type: 'network_edited', edit: randomEdit(random, layersOf(store.get().config.network)) });
    const { network } = store.get().config;
    const spec = layersOf(network);
    if (allLayers(spec.layers).length <= LAYERS_MAX) {
      assert.deepEqual(readNetwork(spec), spec, 'well-formed, ids unique');
      assert.equal(JSON.stringify(networkFromText(networkToText(spec) ?? '')), JSON.stringify(spec));
      const config = { ...DEFAULTS, network };
      const link = toFragment(config, true);
      assert.deepEqual(parseFragment(link), { config, autostart: true, complaints: [] });
      assert.ok(link.length < 8_000, `${link.length}`);
    }
    const last = JSON.stringify(network);
    while (canUndo(store.get()) && JSON.stringify(store.get().config.network) !== first) store.dispatch({ type: 'network_undone' });
    assert.equal(JSON.stringify(store.get().config.network), first);
    while (canRedo(store.get())) store.dispatch({ type: 'network_redone' });
    assert.equal(JSON.stringify(store.get().config.network), last);
  }
});

test('a network is called by its name when its layers are that one’s, whatever their ids', () => {
  const tutorial = NAMED_NETWORKS.tutorial;
  const longer = edited(tutorial, { do: 'add', after: 3, kind: 'dropout' });
  assert.equal(longer.layers[3].id, 13);
  assert.equal(named(longer), longer);
  assert.equal(named(edited(longer, { do: 'remove', id: 13 })), 'tutorial');
  const t = NAMED_NETWORKS.t;
  assert.equal(named({ seeding: 'one-stream', layers: t.layers.map((spec, i) => ({ ...spec, id: 90 - i })) }), 't');
  for (const name of Object.keys(NAMED_NETWORKS)) assert.equal(named(NAMED_NETWORKS[name]), name);
});

test('an edit of a residual layer’s own layers leaves all else alone', () => {
  const block = edited(NAMED_NETWORKS.tutorial, { do: 'add', after: 2, kind: 'residual' });
  const inner = allLayers(block.layers)[3];
  assert.deepEqual([inner.id, kindOf(inner.layer)], [14, 'conv']);
  const more = edited(block, { do: 'add', after: 14, kind: 'batch_norm' });
  const swapped = edited(more, { do: 'move', id: 14, by: 1 });
  assert.deepEqual(allLayers(swapped.layers).slice(2, 6).map(({ id }) => id), [13, 15, 14, 3]);
  assert.equal(edited(more, { do: 'move', id: 14, by: -1 }).layers[2].id, 13, 'it stays in its block');
  assert.deepEqual(edited(edited(more, { do: 'remove', id: 15 }), { do: 'remove', id: 13 }), NAMED_NETWORKS.tutorial);
  assert.deepEqual(networkFromText(networkToText(swapped) ?? ''), swapped);
});

test('a new layer of each kind is one that can be read', () => {
  for (const kind of KINDS) {
    const network = edited(NAMED_NETWORKS.tutorial, { do: 'add', after: null, kind });
    assert.deepEqual(readNetwork(network), network, kind);
    assert.equal(kindOf(network.layers[0].layer), kind);
  }
  assert.deepEqual(Object.keys(NEW).length, 13);
});

test('what is no network is not read from a link, is complained of, and leaves the default', () => {
  const packed = (/** @type {unknown} */ value) => `${MARK}${btoa(JSON.stringify(value)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')}`;
  assert.ok(networkFromText(packed(['by-layer', [1, 'flatten'], [2, 'dense', { units: 10 }]])));
  const broken = [
    null, {}, [], ['by-night'], ['by-layer', [1, 'flatten'], [1, 'dense']], ['by-layer', [1, 'attention']], ['by-layer', [1, 'toString']],
    ['by-layer', [1, '__proto__', {}]], ['by-layer', [-1, 'flatten']], ['by-layer', ['1', 'flatten']], ['by-layer', [1.5, 'flatten']],
    ['by-layer', [1, 'dense', { units: '10' }]], ['by-layer', [1, 'dense', { units: 10, name: 'x' }]], ['by-layer', [1, 'dense', null]],
    ['by-layer', [1, 'flatten', {}]], ['by-layer', [1, 'activation', 'tanh']], ['by-layer', [1, 'activation', { 0: 'r' }]], ['by-layer', [1, 'dense', [10]]],
    ['by-layer', [1, 'conv', { padding: 'full' }]], ['by-layer', [1, 'conv', { weight: { initializer: 'eval', trainable: true } }]],
    ['by-layer', [1, 'residual', 7]], ['by-layer', [1, 'residual', [[1, 'flatten']]]], ['by-layer', [1, 'flatten', null, null]],
    ['by-layer', ...Array.from({ length: 65 }, (_, id) => [id, 'flatten'])],
  ];
  const texts = [...broken.map(packed), MARK, `${MARK}!`, `${MARK}eyJ`, `${MARK}${'W'.repeat(20_000)}`, `${MARK}${btoa('['.repeat(9_000)).replaceAll('=', '')}`];
  for (const text of texts) {
    assert.equal(networkFromText(text), null, text.slice(0, 60));
    const { config, complaints } = parseFragment(`#${new URLSearchParams({ network: text, seed: '3' })}`);
    assert.deepEqual(config, { ...DEFAULTS, seed: 3 });
    assert.equal(complaints.length, 1);
    assert.match(complaints[0], /^The link’s “network” cannot be “\..*These layers cannot be read\.$/);
  }
});

test('a network that is too long for a link is left out, and the page knows', () => {
  const weight = { initializer: { whitening: { epsilon: 0.123456789012345 } }, trainable: true };
  const conv = { ...NEW.conv, weight, bias: weight, padding: 'valid', filters: 1_000, kernel: 7 };
  const layers = Array.from({ length: 64 }, (_, i) => ({ id: 4_000_000_000 + i, layer: { conv } }));
  const network = /** @type {NetworkSpec} */ (/** @type {unknown} */ ({ seeding: 'by-layer', layers }));
  assert.equal(networkToText(network), null);
  assert.equal(isSaidByLink({ ...DEFAULTS, network }), false);
  assert.ok(!toFragment({ ...DEFAULTS, network }, false).includes('network'));
  assert.ok((networkToText({ ...network, layers: layers.slice(0, 30) })?.length ?? TEXT_MAX + 1) <= TEXT_MAX);
});

test('a refusal finds the layer that it is about, and is read beside it', () => {
  const tutorial = NAMED_NETWORKS.tutorial;
  /** @type {[string, number | null, string][]} */
  const cases = [
    ['the layer conv2d_2 (id 7) has a kernel of 3 × 3, larger than the maps of 2 × 5', 7, 'This layer has a kernel of 3 × 3, larger than the maps of 2 × 5.'],
    ['the layer conv2d_1 takes maps, and gets a vector of 10 numbers', 4, 'This layer takes maps, and gets a vector of 10 numbers.'],
    ['the layer of id 3 has a window of 0, which is not between 1 and 96', 3, 'This layer has a window of 0, which is not between 1 and 96.'],
    ['the last layer, dense_1, gives 9 numbers, and there are 10 classes', 12, 'The last layer, dense_1, gives 9 numbers, and there are 10 classes.'],
    ['it has 6000000 parameters, and 5000000 are the most', null, 'It has 6000000 parameters, and 5000000 are the most.'],
  ];
  for (const [sentence, id, text] of cases) {
    assert.equal(blamed(tutorial, sentence), id, sentence);
    assert.equal(readable(sentence, id !== null), text);
  }
  assert.equal(readable('the layer conv2d_2 (id 7) is odd', false), 'The layer conv2d_2 is odd.');
  const block = edited(tutorial, { do: 'add', after: 2, kind: 'residual' });
  assert.equal(blamed(block, 'the layer conv2d_2 takes maps'), null, 'a residual layer may have a convolution of its own');
});

/** @param {string} name @param {string} kind @param {number[]} output_shape */
const row = (name, kind, output_shape, multiply_adds = 0) => ({ name, kind, output_shape, parameters: 0, multiply_adds, own_kernel: true });

test('the table’s rows find their layers: activations in the row before, residual layers behind their own', () => {
  const network = edited(edited(NAMED_NETWORKS.tutorial, { do: 'add', after: 3, kind: 'residual' }), { do: 'add', after: 13, kind: 'activation' });
  const rows = [row('conv2d', 'Conv2D 3×3, ReLU', [32, 30, 30]), row('max_pooling2d', 'MaxPooling2D 2×2', [32, 15, 15]), row('conv2d_1', 'Conv2D 3×3, same', [64, 15, 15]),
    row('conv2d_2', 'Conv2D 1×1', [64, 15, 15]), row('add', 'Add', [64, 15, 15]), row('activation_1', 'ReLU', [64, 15, 15]), row('conv2d_3', 'Conv2D 3×3, ReLU', [64, 13, 13])];
  const found = rowsOf(network, { input_shape: [3, 32, 32], layers: rows, total_parameters: 0 });
  const namesOf = (/** @type {number[]} */ ...ids) => ids.map((id) => [found.get(id)?.row.name, found.get(id)?.isOwn]);
  assert.deepEqual(namesOf(1, 2, 3), [['conv2d', true], ['conv2d', false], ['max_pooling2d', true]]);
  assert.deepEqual(namesOf(13, 14, 15, 4), [['add', true], ['conv2d_1', true], ['activation_1', true], ['conv2d_3', true]]);
  assert.equal(found.get(12), undefined);
});

test('a layer’s figures, and what its fields take, are said and read as people do', () => {
  const conv = { row: { ...row('conv2d', 'Conv2D 3×3', [32, 30, 30], 777_600), parameters: 896 }, isOwn: true };
  assert.equal(figuresOf(conv), '32 × 30 × 30 · 896 parameters · 777,600 multiply-adds');
  assert.equal(figuresOf({ ...conv, isOwn: false }), '32 × 30 × 30');
  assert.equal(figuresOf({ row: row('conv2d', 'Conv2D 3×3', [64, 13, 13], 3_115_008), isOwn: true }), '64 × 13 × 13 · 3.1 million multiply-adds');
  const [filters, , , bias] = FIELDS.conv;
  assert.deepEqual(fieldValue(filters, 32, '48', false), { value: 48 });
  assert.deepEqual(fieldValue(filters, 32, 'many', false), { problem: 'Enter a whole number up to 1,000,000.' });
  assert.deepEqual(fieldValue(filters, 32, '-1', false), { problem: 'Enter a whole number up to 1,000,000.' });
  assert.deepEqual(fieldValue(bias, null, '', true), { value: { initializer: 'zeros', trainable: true } });
  assert.deepEqual(fieldValue(FIELDS.dropout[0], 0.25, '0,5', false), { value: 0.5 });
});

test('an epoch’s time is known after the first steps, goes with the work, and is not said of other computing', () => {
  const store = createStore(() => 0);
  const summary = { input_shape: [3, 32, 32], layers: [row('conv2d', 'Conv2D 3×3', [32, 30, 30], 1e6)], total_parameters: 0 };
  const loaded = /** @type {any} */ ({ config: DEFAULTS, summary, backend: { active: 'flex', workers: 1 } });
  const state = { ...store.get(), loaded };
  assert.equal(epochSeconds(state, summary), null);
  const measured = nextMeasured(state, /** @type {any} */ ({ type: 'progress', stage: 'training', step: 1, steps: 100, images_per_second: 5_000 }));
  const known = { ...state, measured };
  assert.equal(epochSeconds(known, summary), 10);
  const twice = { ...summary, layers: [...summary.layers, ...summary.layers] };
  assert.equal(workOf(twice), 2 * workOf(summary));
  assert.equal(epochSeconds(known, twice), 20);
  assert.equal(epochSeconds({ ...known, config: { ...DEFAULTS, workers: 2 } }, summary), null);
  assert.equal(nextMeasured(known, /** @type {any} */ ({ type: 'progress', stage: 'training', step: 2, steps: 100, images_per_second: 1 })), measured, 'too few to say more');
});
