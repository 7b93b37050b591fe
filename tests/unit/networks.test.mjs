/** The network that the settings ask for: when its table is asked for and shown, what is drawn, and what is said of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileNameOf } from '../../www/runs/file-names.js';
import { groupsOf } from '../../www/state/networks.js';
import { createPlanning, shownNetwork } from '../../www/state/planning.js';
import { makeReport } from '../../www/state/report.js';
import { beginsFromWeights, goesOn } from '../../www/state/run-reducer.js';
import { createStore } from '../../www/state/store.js';
import { drawnLayers, networkNote } from '../../www/views/network.js';
import { groupsNote } from '../../www/views/settings.js';
import { problems } from '../page/schema.mjs';

const read = (/** @type {string} */ path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const fixture = read('../fixtures/protocol.json');
const schema = read('../../www/report.schema.json');
const { loaded } = fixture;
const NAMELESS = { seeding: 'by-layer', layers: [{ id: 1, layer: { residual: { layers: [] } } }, { id: 2, layer: 'flatten' }] };

/** @param {string} name @param {string} kind @param {number[]} output_shape @param {number} multiply_adds */
const row = (name, kind, output_shape, multiply_adds, own_kernel = false) => ({ name, kind, output_shape, parameters: 0, multiply_adds, own_kernel });
/** The first layers and the last ones of T. */
const T = {
  input_shape: [3, 32, 32],
  layers: [
    row('conv2d', 'Conv2D 3×3', [32, 30, 30], 777_600), row('max_pooling2d', 'MaxPooling2D 2×2', [32, 15, 15], 0),
    row('batch_normalization', 'BatchNormalization', [32, 15, 15], 0), row('activation', 'ReLU', [32, 15, 15], 0),
    row('conv2d_1', 'Conv2D 3×3', [64, 13, 13], 3_115_008), row('flatten', 'Flatten', [10_816], 0), row('dense', 'Dense, logits', [10], 108_160),
  ],
  total_parameters: 122_794,
};
const event = (/** @type {string} */ type) => fixture.events.find((/** @type {any} */ each) => each.type === type);
const ofT = { ...loaded, config: { ...loaded.config, network: 't' }, summary: T };

/** A page, as far as state goes, whose engine holds the tutorial's network: what the engine is asked is noted. */
function visit() {
  const store = createStore(() => 0);
  /** @type {any[]} */
  const asked = [];
  const planning = createPlanning(store, (command) => asked.push(command));
  store.subscribe(planning.look);
  const dispatch = (/** @type {any[]} */ ...messages) => messages.forEach((message) => store.dispatch(message));
  const choose = (/** @type {string} */ network) => dispatch({ type: 'field_edited', field: 'network', text: network });
  const shown = () => {
    const { summary, isNext } = shownNetwork(store.get()) ?? {};
    return [summary?.total_parameters, isNext];
  };
  dispatch({ type: 'configured', config: fixture.config, autostart: false });
  return { dispatch, choose, asked, shown, get: store.get };
}
const [TUTORIALS, NEXT] = [[122_570, false], [122_794, true]];
const SUMMARIZED = { type: 'summarized', network: 't', summary: T };

test('the table follows the setting while nothing runs, and each choice is asked about once', () => {
  const page = visit();
  page.choose('t');
  assert.deepEqual([page.asked, page.shown()], [[], [undefined, undefined]], 'there is nobody to ask yet');
  page.choose('tutorial');
  page.dispatch({ type: 'ready' }, { type: 'loaded', loaded });
  assert.deepEqual([page.asked, page.shown()], [[], TUTORIALS]);
  page.choose('t');
  page.dispatch({ type: 'heartbeat' });
  assert.deepEqual([page.asked, page.shown()], [[{ type: 'summarize', network: 't' }], TUTORIALS], 'the answer is on its way');
  page.dispatch(SUMMARIZED);
  assert.deepEqual(page.shown(), NEXT);
  page.choose('tutorial');
  assert.deepEqual(page.shown(), TUTORIALS);
  page.dispatch(SUMMARIZED);
  assert.deepEqual(page.shown(), TUTORIALS, 'an answer that comes late');
  page.choose('t');
  assert.deepEqual([page.asked.length, page.shown()], [2, NEXT]);
  page.dispatch({ type: 'loaded', loaded: { ...loaded } });
  assert.equal(page.asked.length, 3, 'another engine may compute it otherwise');
});

test('during a run the table is the run’s, and after it until another network is chosen', () => {
  const page = visit();
  page.dispatch({ type: 'ready' }, { type: 'loaded', loaded });
  page.choose('t');
  page.dispatch(SUMMARIZED, { type: 'start_sent' });
  assert.deepEqual(page.shown(), TUTORIALS);
  page.dispatch({ type: 'started', loaded: ofT }, event('progress'));
  assert.deepEqual(page.shown(), [122_794, false]);
  page.dispatch({ type: 'stopped', epoch: 1, step: 2, more: { least: 1, most: 1000, usual: 1 } });
  assert.ok(goesOn(page.get()), 'the settings are the run’s own, also where they are objects');
  assert.deepEqual(page.shown(), [122_794, false]);
  page.choose('tutorial');
  assert.deepEqual([page.asked.at(-1), goesOn(page.get())], [{ type: 'summarize', network: 'tutorial' }, false]);
  page.dispatch({ type: 'summarized', network: 'tutorial', summary: loaded.summary });
  assert.deepEqual(page.shown(), [122_570, true]);
});

test('a table that cannot be had takes nothing away and is no complaint', () => {
  const page = visit();
  page.dispatch({ type: 'ready' }, { type: 'loaded', loaded });
  page.choose('t');
  const before = page.get();
  page.dispatch({ type: 'error', command: 'summarize', error: { code: 'invalid_config', message: 'No.', hint: '' } });
  assert.deepEqual([page.get().error, page.get().phase, page.shown()], [null, before.phase, TUTORIALS]);
});

test('a run that was opened brings its network, and another choice leaves behind what came with it', () => {
  const page = visit();
  page.dispatch({ type: 'ready' }, { type: 'loaded', loaded });
  const config = { ...loaded.config, network: NAMELESS, norm_group: 'batch' };
  page.dispatch({ type: 'restored', restored: { ...fixture.restored, loaded: { ...loaded, config, summary: T } } });
  assert.deepEqual([page.asked, page.shown(), page.get().config], [[], [122_794, false], config]);
  page.dispatch({ type: 'field_edited', field: 'seed', text: '9' });
  assert.deepEqual([page.get().config.network, page.get().config.norm_group], [NAMELESS, 'batch']);
  page.choose('t');
  assert.deepEqual([page.get().config.network, page.get().config.norm_group], ['t', { records: 32 }]);
});

test('weights bring their network alone, and another one does not begin from them', () => {
  const page = visit();
  page.dispatch({ type: 'ready' }, { type: 'loaded', loaded });
  page.dispatch({ type: 'restored', restored: { ...fixture.restored, kind: 'weights', history: [], position: null, loaded: { ...ofT, config: { ...ofT.config, seed: 99 } } } });
  assert.deepEqual([page.get().config.network, page.get().config.seed, page.shown()], ['t', fixture.config.seed, [122_794, false]]);
  assert.ok(beginsFromWeights(page.get()));
  page.choose('tutorial');
  assert.ok(!beginsFromWeights(page.get()));
});

test('what is done to each number is drawn with the layer before it', () => {
  assert.deepEqual(drawnLayers(T).map(({ name }) => name), ['conv2d', 'max_pooling2d', 'conv2d_1', 'flatten', 'dense']);
  assert.deepEqual(drawnLayers(loaded.summary), loaded.summary.layers);
  const same = { ...T, layers: [row('dropout', 'Dropout 0.5', [3, 32, 32], 0), row('conv2d', 'Conv2D 3×3, same', [3, 32, 32], 9), row('activation', 'ReLU', [3, 32, 32], 0)] };
  assert.deepEqual(drawnLayers(same).map(({ name }) => name), ['conv2d'], 'a convolution may keep the shape');
});

test('where Burn’s operators compute convolutions it is said, and of the usual network nothing', () => {
  const page = visit();
  page.dispatch({ type: 'ready' }, { type: 'loaded', loaded });
  const note = (/** @type {any} */ summary, isNext = false, change = {}) => networkNote({ ...page.get(), loaded: { ...loaded, ...change } }, { summary, isNext });
  assert.equal(note(loaded.summary), '');
  assert.equal(note(loaded.summary, true), 'This is the network that the next run trains.');
  assert.equal(note(T), 'Burn’s own operators compute its convolutions here, because ConvBurn’s faster kernels do not know this kind.');
  const partly = { ...T, layers: [...loaded.summary.layers, row('conv2d_3', 'Conv2D 5×5', [1, 1, 1], 9)] };
  assert.match(note(partly), /^Burn’s own operators compute conv2d_3 here/);
  assert.equal(note(T, false, { backend: { ...loaded.backend, active: 'ndarray' } }), '', 'there it is so of every network');
  assert.equal(networkNote(page.get(), null), '');
});

test('groups are counted as the crate counts them', () => {
  const of = (/** @type {number} */ batch, /** @type {any} */ norm_group = { records: 32 }) => groupsOf({ batch, norm_group });
  assert.deepEqual([20, 32, 39, 40, 71, 72, 128, 4_096].map((batch) => of(batch)), [1, 1, 1, 2, 2, 3, 4, 128]);
  assert.deepEqual([of(128, 'batch'), of(128, { records: 64 })], [1, 2]);
});

test('fewer cores than were asked for are said where a network normalises in groups, and nowhere else', () => {
  const page = visit();
  const note = (/** @type {number} */ workers, /** @type {number} */ batch, /** @type {number | null} */ cores = 8) => groupsNote({ ...page.get(), config: { ...page.get().config, workers, batch } }, cores ?? undefined);
  assert.equal(note(8, 32), '', 'there is no network yet');
  page.dispatch({ type: 'ready' }, { type: 'loaded', loaded });
  assert.equal(note(8, 32), '');
  page.choose('t');
  page.dispatch(SUMMARIZED);
  assert.equal(note(2, 32), 'This network normalises a batch of 32 images as one group, so one core is used. ');
  assert.equal(note(4, 96), 'This network normalises a batch of 96 images in 3 groups, so at most 3 cores are used. ');
  assert.deepEqual([note(3, 96), note(1, 32), note(0, 256), note(0, 32, null)], ['', '', '', '']);
  assert.match(note(0, 32), /one core/, 'as many as pay would be more');
});

test('the report has recipe and compute apart, and says of each layer what computes it', () => {
  for (const [network, made] of /** @type {const} */ ([['tutorial', loaded], ['t', ofT], [NAMELESS, ofT]])) {
    const page = visit();
    const own = { ...made, config: { ...made.config, network, pixels: { standardized: { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] } } } };
    page.dispatch({ type: 'ready' }, { type: 'loaded', loaded: own }, { type: 'started', loaded: own });
    const report = JSON.parse(JSON.stringify(makeReport(page.get(), { created: new Date(0).toISOString(), user_agent: 'test', logical_cores: 2, fragment: '#seed=1' })));
    assert.deepEqual(problems(schema, report), []);
    assert.deepEqual([report.recipe.network, report.compute.backend, report.recipe.backend], [network, 'flex', undefined]);
    assert.deepEqual(report.layers, made.summary.layers);
    assert.notDeepEqual(problems(schema, { ...report, recipe: { ...report.recipe, network: 'resnet' } }), []);
  }
});

test('a saved file’s name says which of the named networks it is of', () => {
  const page = visit();
  page.dispatch({ type: 'ready' }, { type: 'loaded', loaded: ofT }, { type: 'started', loaded: ofT });
  assert.equal(fileNameOf(page.get(), 'run', 'safetensors'), 'convburn-run-t-2000-images-epoch-0.safetensors');
});
