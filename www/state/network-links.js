/**
 * A network that has no name in a link: its layers as JSON without what is as in a new layer of the kind, in base64url,
 * behind a point that no name begins with. It is read strictly and never run. Pure.
 *
 * @import { LayerSpec, NetworkSpec } from '../protocol/protocol.js'
 * @import { Kind } from './network-layers.js'
 */
import { NEW, bodyOf, kindOf, layerOf, readNetwork } from './network-layers.js';
import { isSame } from './networks.js';

/** What a link's layers begin with. */
export const MARK = '.';
/** Longer texts are neither written nor read: browsers cut addresses somewhere beyond. */
export const TEXT_MAX = 16_000;
/** Deeper JSON is no network: a layer in a residual one lies 9 deep. A parser need not go further. */
const DEPTH_MAX = 12;

/** What of a layer differs from a new one. @param {Kind} kind @param {any} body */
function said(kind, body) {
  if (kind === 'residual') return body.layers.map(packed);
  if (body === null || typeof body === 'string') return body;
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !isSame(value, NEW[kind][name])));
}

/** @param {LayerSpec} spec @returns {[id: number, kind: Kind, body?: unknown]} */
function packed({ id, layer }) {
  const kind = kindOf(layer);
  const body = bodyOf(layer);
  return isSame(body, NEW[kind]) ? [id, kind] : [id, kind, said(kind, body)];
}

/** @param {unknown} entry @returns {unknown} A layer's specification, if all is well; readNetwork sees to that. */
function unpacked(entry) {
  if (!Array.isArray(entry) || entry.length < 2 || entry.length > 3) return null;
  const [id, kind, body] = entry;
  if (typeof kind !== 'string' || !Object.hasOwn(NEW, kind)) return null;
  const usual = NEW[/** @type {Kind} */ (kind)];
  const isPlain = typeof body === 'object' && body !== null && !Array.isArray(body);
  if (kind === 'residual') return { id, layer: { residual: { layers: Array.isArray(body) ? body.map(unpacked) : body === undefined ? [] : null } } };
  return { id, layer: layerOf(/** @type {Kind} */ (kind), entry.length === 2 ? usual : isPlain && typeof usual === 'object' ? { ...usual, ...body } : body) };
}

/** How deep brackets are in each other in a JSON text without such characters in its strings, as ours are. @param {string} json */
function depthOf(json) {
  let depth = 0;
  let most = 0;
  for (const character of json) {
    if (character === '[' || character === '{') most = Math.max(most, depth += 1);
    else if (character === ']' || character === '}') depth -= 1;
  }
  return most;
}

/** A network as a link has it; null where it is too long for one. @param {NetworkSpec} network @returns {string | null} */
export function networkToText({ seeding, layers }) {
  const json = JSON.stringify([seeding, ...layers.map(packed)]);
  const text = `${MARK}${btoa(json).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
  return text.length <= TEXT_MAX ? text : null;
}

/** @param {string} text @returns {NetworkSpec | null} Null where it is no network. */
export function networkFromText(text) {
  if (!text.startsWith(MARK) || text.length > TEXT_MAX || !/^[\w-]+$/.test(text.slice(MARK.length))) return null;
  try {
    const json = atob(text.slice(MARK.length).replaceAll('-', '+').replaceAll('_', '/'));
    if (depthOf(json) > DEPTH_MAX) return null;
    const entries = JSON.parse(json);
    if (!Array.isArray(entries)) return null;
    const [seeding, ...layers] = entries;
    return readNetwork({ seeding, layers: layers.map(unpacked) });
  } catch {
    return null; // Neither base64 nor JSON.
  }
}
