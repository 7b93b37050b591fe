/**
 * The Network panel: the summary table, and the shapes drawn to scale. Both are computed from the
 * summary that the engine made of the model itself.
 *
 * @import { LayerSummary, Summary } from '../protocol.js'
 * @import { State, Store } from '../store.js'
 */
import { byId, make, setShare } from './dom.js';
import { count } from './format.js';

/** @param {number[]} shape */
const shapeText = (shape) => shape.map((size) => count(size)).join(' × ');

/**
 * A block as high as the layer's image and as wide as the logarithm of its channels.
 * @param {string} kind @param {number[]} shape
 */
function makeBlock(kind, shape) {
  const isImage = shape.length === 3;
  const block = make('span', { className: isImage ? 'block' : 'block flat' });
  setShare(block, '--high', isImage ? shape[1] : Math.min(32, 6 * Math.log10(shape[0])));
  setShare(block, '--wide', isImage ? Math.log2(shape[0]) : 1);
  return make('li', { children: [
    block,
    make('span', { className: 'block-kind', text: kind.split(/[ ,]/)[0] }),
    make('span', { className: 'block-shape', text: shapeText(shape) }),
  ] });
}

/** A name that a narrow table may break after its underscores, and nowhere else. @param {string} name */
const breakable = (name) => name.split(/(?<=_)/).flatMap((part, i) => (i === 0 ? [part] : [make('wbr'), part]));

/** @param {LayerSummary} layer */
function makeRow(layer) {
  return make('tr', { children: [
    make('th', { children: breakable(layer.name), attributes: { scope: 'row' } }),
    make('td', { text: layer.kind }),
    make('td', { className: 'shape', text: shapeText(layer.output_shape) }),
    make('td', { className: 'num', text: count(layer.parameters) }),
  ] });
}

/** @param {string} title @param {number} parameters */
function makeSum(title, parameters) {
  return make('tr', { children: [
    make('th', { text: title, attributes: { scope: 'row', colspan: '3' } }),
    make('td', { className: 'num', text: count(parameters) }),
  ] });
}

/** The part that looks at images: every layer with a height and a width. @param {Summary} summary */
function imageParameters({ layers }) {
  return layers.filter(({ output_shape: shape }) => shape.length === 3).reduce((sum, { parameters }) => sum + parameters, 0);
}

/** @param {Summary} summary */
function renderSummary(summary) {
  const table = byId('summary', HTMLTableElement);
  table.tBodies[0].replaceChildren(...summary.layers.map(makeRow));
  table.tFoot?.replaceChildren(
    makeSum('Before the dense part', imageParameters(summary)),
    makeSum('All parameters', summary.total_parameters),
  );
  byId('layers').replaceChildren(
    makeBlock('Input', summary.input_shape),
    ...summary.layers.map((layer) => makeBlock(layer.kind, layer.output_shape)),
  );
}

/** @param {Store} store */
export function mountNetwork(store) {
  store.subscribe((/** @type {State} */ state, /** @type {State} */ before) => {
    if (!state.loaded || state.loaded === before.loaded) return;
    renderSummary(state.loaded.summary);
    byId('version').textContent = state.loaded.version;
  });
}
