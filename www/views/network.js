/**
 * The Network panel: the summary table, and the shapes drawn to scale. Both are computed from the
 * summary that the engine made of the network itself: of the one that is loaded, or that the settings ask for.
 *
 * @import { LayerSummary, Summary } from '../protocol/protocol.js'
 * @import { Shown } from '../state/planning.js'
 * @import { State, Store } from '../state/store.js'
 */
import { isSame } from '../state/networks.js';
import { shownNetwork } from '../state/planning.js';
import { byId, make, setShare, setText } from './shared/dom.js';
import { count } from './shared/format.js';

/** What a network is that has no name. */
const NAMELESS = 'A network without a name, layer by layer, from the image to a figure for each class.';

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
  setShare(block, '--wide', isImage ? Math.max(1, Math.log2(shape[0])) : 1);
  return make('li', { children: [
    block,
    make('span', { className: 'block-kind', text: kind.split(/[ ,]/)[0] }),
    make('span', { className: 'block-shape', text: shapeText(shape) }),
  ] });
}

/** A name that a narrow table may break after its underscores and before its capitals, and nowhere else. @param {string} name */
const breakable = (name) => name.split(/(?<=_)|(?<=[a-z])(?=[A-Z][a-z])/).flatMap((part, i) => (i === 0 ? [part] : [make('wbr'), part]));

/** @param {LayerSummary} layer */
function makeRow(layer) {
  return make('tr', { children: [
    make('th', { children: breakable(layer.name), attributes: { scope: 'row' } }),
    make('td', { children: breakable(layer.kind) }),
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

/**
 * The layers to be drawn: those that multiply, or change the shape. What is done to each number goes with the layer before.
 * @param {Summary} summary
 */
export function drawnLayers({ input_shape: input, layers }) {
  return layers.filter(({ multiply_adds, output_shape }, i) => multiply_adds > 0 || !isSame(output_shape, i === 0 ? input : layers[i - 1].output_shape));
}

/** Whether a row is a convolution: what takes the time. @param {LayerSummary} layer */
const isConvolution = ({ kind }) => kind.startsWith('Conv2D');

/** What of the network takes longer than it might, where our own kernels compute the usual one. @param {State} state @param {Summary} summary */
function kernelsSentence({ loaded }, { layers }) {
  if (loaded?.backend.active === 'ndarray' || loaded?.config.operators === 'layers') return '';
  const all = layers.filter(isConvolution);
  const foreign = all.filter(({ own_kernel }) => !own_kernel);
  if (foreign.length === 0) return '';
  const which = foreign.length === all.length ? 'its convolutions' : foreign.map(({ name }) => name).join(', ');
  return `Burn’s own operators compute ${which} here, because ConvBurn’s faster kernels do not know this kind.`;
}

/** @param {State} state @param {Shown | null} shown */
export function networkNote(state, shown) {
  if (!shown) return '';
  if (state.problems.network) return 'The network of the settings cannot be built. This table is of another.';
  const next = shown.isNext ? 'This is the network that the next run trains.' : '';
  return [next, kernelsSentence(state, shown.summary)].filter(Boolean).join(' ');
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
    ...drawnLayers(summary).map((layer) => makeBlock(layer.kind, layer.output_shape)),
  );
}

/** @param {Store} store */
export function mountNetwork(store) {
  const note = byId('network-note');
  const lead = byId('network-lead');
  const usual = lead.textContent ?? '';
  /** @type {Summary | null} */
  let rendered = null;

  store.subscribe((/** @type {State} */ state) => {
    const shown = shownNetwork(state);
    const text = networkNote(state, shown);
    note.hidden = text === '';
    setText(note, text);
    if (!state.loaded || !shown || shown.summary === rendered) return;
    rendered = shown.summary;
    renderSummary(shown.summary);
    setText(lead, typeof (shown.isNext ? state.config : state.loaded.config).network === 'string' ? usual : NAMELESS);
    setText(byId('version'), state.loaded.version);
  });
}
