/**
 * The kinds of layers as the page's editor has them: what a new one of each kind is, and the strict reading of a network
 * that comes from outside, as in a link.
 *
 * Types are read strictly, ranges are not: what a network may be is the crate's to say, and it refuses with a sentence.
 * Fields stand in the order in which the crate writes them, because networks are compared as text. Pure.
 *
 * @import { Initializer, Layer, LayerSpec, NetworkSpec, TensorSpec } from '../protocol/protocol.js'
 */

/** @typedef {'conv' | 'batch_norm' | 'activation' | 'max_pool' | 'avg_pool' | 'global_max_pool' | 'global_avg_pool' | 'dropout' | 'pad' | 'scale' | 'flatten' | 'dense' | 'residual'} Kind */

/** What a layer says of itself beside its kind; null where that is all. @typedef {any} Body */

/** As many layers as the crate takes, those in residual ones among them (`LAYERS_MAX` in src/network.rs). */
export const LAYERS_MAX = 64;
/** The crate's layers have ids of 32 bits, and so have their numbers. */
const WHOLE_MAX = 2 ** 32 - 1;

/** @param {Initializer} initializer @returns {TensorSpec} */
const learnt = (initializer) => ({ initializer, trainable: true });
const ZEROS = learnt('zeros');

/** A new layer of each kind, as the named networks have them where they do. @type {Record<Kind, Body>} */
export const NEW = {
  conv: { filters: 64, kernel: 3, padding: 'same', stride: 1, weight: learnt('glorot'), bias: ZEROS },
  batch_norm: { scale: learnt('ones'), offset: ZEROS, epsilon: 1e-5, momentum: 0.9 },
  activation: 'relu',
  max_pool: { size: 2 },
  avg_pool: { size: 2 },
  global_max_pool: null,
  global_avg_pool: null,
  dropout: { rate: 0.25 },
  pad: { width: 1, with: 'zero' },
  scale: { factor: 0.25 },
  flatten: null,
  dense: { units: 64, weight: learnt('glorot'), bias: ZEROS },
  residual: { layers: [] },
};

export const KINDS = /** @type {Kind[]} */ (Object.keys(NEW));

/** @param {Layer} layer @returns {Kind} */
export const kindOf = (layer) => /** @type {Kind} */ (typeof layer === 'string' ? layer : Object.keys(layer)[0]);

/** @param {Layer} layer @returns {Body} */
export const bodyOf = (layer) => (typeof layer === 'string' ? null : Object.values(layer)[0]);

/** @param {Kind} kind @param {Body} body @returns {Layer} */
export const layerOf = (kind, body) => /** @type {Layer} */ (body === null ? kind : { [kind]: body });

/** Every layer, each residual one before those in it. @param {readonly LayerSpec[]} layers @returns {LayerSpec[]} */
export function allLayers(layers) {
  return layers.flatMap((each) => [each, ...(kindOf(each.layer) === 'residual' ? allLayers(bodyOf(each.layer).layers) : [])]);
}

/** What is read is no network. */
class NotANetwork extends Error {}

/** A reader answers with the value, or throws. @template T @typedef {(value: unknown) => T} Reader */

/** @returns {never} */
function refuse() {
  throw new NotANetwork();
}

/** @type {Reader<number>} */
const whole = (value) => (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= WHOLE_MAX ? Number(value) : refuse());
/** @type {Reader<number>} */
const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : refuse());
/** @type {Reader<boolean>} */
const truth = (value) => (typeof value === 'boolean' ? value : refuse());
/** @param {string[]} words @returns {Reader<string>} */
const oneOf = (...words) => (value) => (typeof value === 'string' && words.includes(value) ? value : refuse());
/** @template T @param {Reader<T>} read @returns {Reader<T | null>} */
const orNone = (read) => (value) => (value === null ? null : read(value));

/** An object of these fields, all of them and no other. @param {Record<string, Reader<unknown>>} fields @returns {Reader<any>} */
const object = (fields) => (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse();
  if (Object.keys(value).length !== Object.keys(fields).length) return refuse();
  return Object.fromEntries(Object.entries(fields).map(([name, read]) => (
    Object.hasOwn(value, name) ? [name, read(/** @type {any} */ (value)[name])] : refuse())));
};

/** @type {Reader<unknown>} */
const initializer = (value) => (typeof value === 'string'
  ? oneOf('zeros', 'ones', 'glorot', 'kaiming', 'dirac')(value)
  : object({ whitening: object({ epsilon: number }) })(value));
const tensor = object({ initializer, trainable: truth });
const size = object({ size: whole });
/** @type {Reader<null>} */
const nothing = (value) => (value === null ? null : refuse());

/** @type {Record<Kind, Reader<Body>>} */
const BODIES = {
  conv: object({ filters: whole, kernel: whole, padding: oneOf('valid', 'same'), stride: whole, weight: tensor, bias: orNone(tensor) }),
  batch_norm: object({ scale: orNone(tensor), offset: tensor, epsilon: number, momentum: number }),
  activation: oneOf('relu', 'gelu', 'silu'),
  max_pool: size,
  avg_pool: size,
  global_max_pool: nothing,
  global_avg_pool: nothing,
  dropout: object({ rate: number }),
  pad: object({ width: whole, with: oneOf('zero', 'reflect') }),
  scale: object({ factor: number }),
  flatten: nothing,
  dense: object({ units: whole, weight: tensor, bias: orNone(tensor) }),
  residual: object({ layers: (value) => (Array.isArray(value) ? value.map(layerSpec) : refuse()) }),
};

/** @param {unknown} value @returns {value is Kind} */
const isKind = (value) => typeof value === 'string' && Object.hasOwn(BODIES, value);

/** @type {Reader<Layer>} */
function layer(value) {
  if (isKind(value)) return layerOf(value, BODIES[value](null));
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return refuse();
  const [kind, body] = Object.entries(value)[0];
  return isKind(kind) && body !== null ? layerOf(kind, BODIES[kind](body)) : refuse();
}

/** @type {Reader<LayerSpec>} */
function layerSpec(value) {
  return object({ id: whole, layer })(value);
}

/**
 * A network, read strictly: every field is there and of its kind, there is no other, and no id comes twice.
 * @param {unknown} value @returns {NetworkSpec | null} Null where it is none.
 */
export function readNetwork(value) {
  try {
    const network = object({ seeding: oneOf('one-stream', 'by-layer'), layers: (layers) => (Array.isArray(layers) ? layers.map(layerSpec) : refuse()) })(value);
    const ids = allLayers(network.layers).map(({ id }) => id);
    return ids.length <= LAYERS_MAX && new Set(ids).size === ids.length ? network : null;
  } catch (thrown) {
    if (thrown instanceof NotANetwork) return null;
    throw thrown;
  }
}
