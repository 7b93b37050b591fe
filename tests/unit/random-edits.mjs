/**
 * Random edits of a network, the same from the same seed: what the editor can do, with values that can and cannot be.
 *
 * @import { NetworkSpec } from '../../www/protocol/protocol.js'
 * @import { Edit } from '../../www/state/network-edits.js'
 */
import { KINDS, allLayers, bodyOf, kindOf } from '../../www/state/network-layers.js';

/** Numbers from 0 to below 1 (mulberry32). @param {number} seed */
export function createRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TENSORS = [null, { initializer: 'zeros', trainable: true }, { initializer: 'glorot', trainable: false }, { initializer: 'dirac', trainable: true }, { initializer: { whitening: { epsilon: 5e-4 } }, trainable: false }];

/** Values of each field, those that cannot be among them. @type {Record<string, unknown[]>} */
const VALUES = {
  filters: [1, 10, 32, 64, 1_024, 0, 5_000], kernel: [1, 2, 3, 5, 7, 9], padding: ['valid', 'same'], stride: [1, 2, 3], units: [10, 10, 64, 0, 1_000_000],
  size: [1, 2, 3, 40, 0], rate: [0, 0.5, 1], width: [1, 4, 9, 31], with: ['zero', 'reflect'], factor: [0.25, -1, 1e9], epsilon: [1e-5, 0], momentum: [0.6, 1, 2],
  weight: TENSORS.slice(1), bias: TENSORS, scale: TENSORS, offset: TENSORS.slice(1),
};

/** @param {() => number} random @param {NetworkSpec} network @returns {Edit} */
export function randomEdit(random, network) {
  const one = (/** @type {readonly any[]} */ all) => all[Math.floor(random() * all.length)];
  const all = allLayers(network.layers);
  if (all.length === 0) return { do: 'add', after: null, kind: one(KINDS) };
  const { id, layer } = one(all);
  const body = bodyOf(layer);
  const fields = typeof body === 'object' && body !== null ? Object.keys(body).filter((field) => field in VALUES) : [];
  const field = one(fields);
  switch (one(['add', 'remove', 'move', 'change', 'change', 'replace'])) {
    case 'add': return { do: 'add', after: one([null, id, id, id]), kind: one(KINDS) };
    case 'remove': return { do: 'remove', id };
    case 'move': return { do: 'move', id, by: one([1, -1]) };
    case 'replace': return { do: 'replace', id, kind: one(KINDS) };
    default:
      if (kindOf(layer) === 'activation') return { do: 'change', id, field: 'function', value: one(['relu', 'gelu', 'silu']) };
      return field ? { do: 'change', id, field, value: one(VALUES[field]) } : { do: 'move', id, by: 1 };
  }
}
