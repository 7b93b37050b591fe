/**
 * What the crate says of a network, layer by layer as the editor lists them: the rows of its table, the layer that is to
 * blame where it refuses, and what a network costs on this machine.
 *
 * Pure. What a network is stays the crate's to say: here its words are only matched to layers.
 *
 * @import { LayerSpec, LayerSummary, NetworkSpec, Summary } from '../protocol/protocol.js'
 * @import { State } from './store.js'
 */
import { allLayers, bodyOf, kindOf } from './network-layers.js';
import { isSame } from './networks.js';

/** A layer's row; `isOwn`: it is not the row of the layer before, with which its activation is told. @typedef {{ row: LayerSummary, isOwn: boolean }} Row */

/**
 * The table's rows by the layers' ids, in the order in which src/network/summary.rs writes them: a residual layer's own
 * layers first, then the convolution of its input where there is one, then its sum.
 * @param {NetworkSpec} network @param {Summary} summary @returns {Map<number, Row>}
 */
export function rowsOf({ layers }, { layers: rows }) {
  /** @type {Map<number, Row>} */
  const found = new Map();
  let next = 0;
  /** @param {readonly LayerSpec[]} list */
  function take(list) {
    let before = '';
    for (const { id, layer } of list) {
      const kind = kindOf(layer);
      if (kind === 'residual') take(bodyOf(layer).layers);
      const isTold = kind === 'activation' && (before === 'conv' || before === 'dense');
      if (kind === 'residual' && rows[next] && rows[next].kind !== 'Add') next += 1;
      if (!isTold) next += 1;
      before = kind;
      if (rows[next - 1]) found.set(id, { row: rows[next - 1], isOwn: !isTold });
    }
  }
  take(layers);
  return found;
}

/** The table of the network that the settings ask for; none while the engine has not said it. @param {State} state @returns {Summary | null} */
export function summaryOf({ loaded, planned, config: { network } }) {
  if (loaded && isSame(loaded.config.network, network)) return loaded.summary;
  return planned && isSame(planned.network, network) ? planned.summary : null;
}

/** Keras's stems, by which the crate numbers layers. */
const STEMS = {
  conv: 'conv2d', batch_norm: 'batch_normalization', activation: 'activation', max_pool: 'max_pooling2d', avg_pool: 'average_pooling2d',
  global_max_pool: 'global_max_pooling2d', global_avg_pool: 'global_average_pooling2d', dropout: 'dropout', pad: 'zero_padding2d',
  scale: 'rescaling', flatten: 'flatten', dense: 'dense', residual: 'add',
};

/** The layer of a name, where no residual one makes the numbers uncertain. @param {NetworkSpec} network @param {string} name */
function idOfName({ layers }, name) {
  if (layers.some(({ layer }) => kindOf(layer) === 'residual')) return null;
  const number = Number(/_(\d+)$/.exec(name)?.[1] ?? 0);
  const stem = name.replace(/_\d+$/, '');
  return layers.filter(({ layer }) => STEMS[kindOf(layer)] === stem)[number]?.id ?? null;
}

/** Which layer a refusal is about; null where it is about all of them. @param {NetworkSpec} network @param {string} sentence @returns {number | null} */
export function blamed(network, sentence) {
  const said = /\bid (\d+)/.exec(sentence)?.[1];
  if (said) return allLayers(network.layers).find(({ id }) => id === Number(said))?.id ?? null;
  if (sentence.includes('the last layer')) return network.layers.at(-1)?.id ?? null;
  const name = /\bthe layer (\w+)/i.exec(sentence)?.[1];
  return name ? idOfName(network, name) : null;
}

/** A refusal as it is read beside its layer, and without the ids, which nobody sees. @param {string} sentence @param {boolean} isBeside */
export function readable(sentence, isBeside) {
  const text = isBeside ? sentence.replace(/^the layer (of id \d+|\w+( \(id \d+\))?)/i, 'This layer') : sentence;
  const plain = text.replaceAll(/ \(id \d+\)/g, '').replaceAll(/the layer of id \d+/g, 'a layer');
  return `${plain.charAt(0).toUpperCase()}${plain.slice(1)}${plain.endsWith('.') ? '' : '.'}`;
}
