/**
 * Edits of a network: pure functions from a list of layers to the next, and how the state takes them, with a way back.
 *
 * An edit never asks whether what comes out can be built: the crate says so afterwards, and an edit can be undone. A
 * layer keeps its id, which addresses its random numbers, so that the others begin as they did.
 *
 * @import { Config, LayerSpec, NetworkSpec } from '../protocol/protocol.js'
 * @import { Body, Kind } from './network-layers.js'
 * @import { Changes, State } from './store.js'
 */
import { NAMED_NETWORKS } from '../protocol/networks.js';
import { NEW, allLayers, bodyOf, kindOf, layerOf } from './network-layers.js';
import { isSame } from './networks.js';

/**
 * What the editor does to a network. `after`: behind which layer, by its id; null: before all others.
 * @typedef {{ do: 'add', after: number | null, kind: Kind }
 *   | { do: 'remove', id: number }
 *   | { do: 'move', id: number, by: 1 | -1 }
 *   | { do: 'change', id: number, field: string, value: unknown }
 *   | { do: 'replace', id: number, kind: Kind }} Edit
 */

/** Networks before the present one, and those that were undone; `present` is the one that the last of these steps led to. @typedef {{ past: Config['network'][], present: Config['network'] | null, future: Config['network'][] }} History */
/** @typedef {{ type: 'network_edited', edit: Edit } | { type: 'network_chosen', name: string } | { type: 'network_undone' } | { type: 'network_redone' }} EditAction */

/** @type {History} */
export const NO_HISTORY = { past: [], present: null, future: [] };
/** As many steps can be undone. */
const STEPS_MAX = 200;

/** The layers of a network that is chosen by its name or by its layers. @param {Config['network']} choice @returns {NetworkSpec} */
export const layersOf = (choice) => (typeof choice === 'string' ? NAMED_NETWORKS[choice] : choice);

/** A list of layers without their ids, which say nothing of what a network computes. @param {readonly LayerSpec[]} layers @returns {unknown} */
const withoutIds = (layers) => layers.map(({ layer }) => (kindOf(layer) === 'residual' ? { residual: withoutIds(bodyOf(layer).layers) } : layer));

/**
 * A network by its name, if the same layers have one; else as it is. Where its weights begin follows from the name.
 * @param {NetworkSpec} network @returns {Config['network']}
 */
export function named(network) {
  const own = withoutIds(network.layers);
  const found = Object.entries(NAMED_NETWORKS).find(([, { layers }]) => isSame(withoutIds(layers), own));
  return found ? /** @type {Config['network']} */ (found[0]) : network;
}

/** The layers with what `change` makes of the list that holds a layer, which may be a residual one's. @param {LayerSpec[]} layers @param {number} id @param {(list: LayerSpec[], at: number) => LayerSpec[]} change @returns {LayerSpec[]} */
function inList(layers, id, change) {
  const at = layers.findIndex((each) => each.id === id);
  if (at >= 0) return change(layers, at);
  return layers.map((each) => {
    if (kindOf(each.layer) !== 'residual') return each;
    const inner = bodyOf(each.layer).layers;
    const changed = inList(inner, id, change);
    return changed === inner ? each : { ...each, layer: { residual: { layers: changed } } };
  });
}

/** An id that no layer has. @param {NetworkSpec} network */
const freeId = ({ layers }) => 1 + Math.max(0, ...allLayers(layers).map(({ id }) => id));

/** A new layer; a residual one begins with a convolution, because it may not be empty. @param {NetworkSpec} network @param {Kind} kind @param {number} id @returns {LayerSpec} */
function newLayer(network, kind, id) {
  if (kind !== 'residual') return { id, layer: layerOf(kind, NEW[kind]) };
  const inner = { id: Math.max(id + 1, freeId(network)), layer: layerOf('conv', NEW.conv) };
  return { id, layer: { residual: { layers: [inner] } } };
}

/** @param {LayerSpec[]} list @param {number} at @param {number} by @returns {LayerSpec[]} */
function moved(list, at, by) {
  const to = at + by;
  if (to < 0 || to >= list.length) return list;
  const next = [...list];
  [next[at], next[to]] = [next[to], next[at]];
  return next;
}

/** One layer otherwise. @param {NetworkSpec} network @param {number} id @param {(spec: LayerSpec) => LayerSpec} change @returns {NetworkSpec} */
const withLayer = (network, id, change) => ({ ...network, layers: inList(network.layers, id, (list, at) => [...list.slice(0, at), change(list[at]), ...list.slice(at + 1)]) });

/** A body with one field otherwise: the field's name, or none where the body is a word. @param {Body} body @param {string} field @param {unknown} value @returns {Body} */
const withField = (body, field, value) => (typeof body === 'object' && body !== null ? { ...body, [field]: value } : value);

/** @param {NetworkSpec} network @param {Edit} edit @returns {NetworkSpec} */
export function edited(network, edit) {
  switch (edit.do) {
    case 'add': {
      const { after } = edit;
      const layer = newLayer(network, edit.kind, freeId(network));
      if (after === null) return { ...network, layers: [layer, ...network.layers] };
      return { ...network, layers: inList(network.layers, after, (list, at) => [...list.slice(0, at + 1), layer, ...list.slice(at + 1)]) };
    }
    case 'remove': return { ...network, layers: inList(network.layers, edit.id, (list, at) => list.filter((_, i) => i !== at)) };
    case 'move': return { ...network, layers: inList(network.layers, edit.id, (list, at) => moved(list, at, edit.by)) };
    case 'change': return withLayer(network, edit.id, ({ id, layer }) => ({ id, layer: layerOf(kindOf(layer), withField(bodyOf(layer), edit.field, edit.value)) }));
    case 'replace': return withLayer(network, edit.id, ({ id }) => newLayer(network, edit.kind, id));
  }
}

/** The steps so far, with a network that was chosen elsewhere as one of them. @param {History} history @param {Config['network']} network @returns {History} */
function upTo({ past, present, future }, network) {
  if (present === null) return { past, present: network, future: [] };
  return isSame(present, network) ? { past, present, future } : { past: [...past, present], present: network, future: [] };
}

/** @param {History} history @param {Config['network']} network What the settings ask for now. @param {Config['network']} next @returns {History} */
export function stepped(history, network, next) {
  const { past } = upTo(history, network);
  return { past: [...past, network].slice(-STEPS_MAX), present: next, future: [] };
}

/** @param {History} history @param {Config['network']} network */
export function undone(history, network) {
  const { past, future } = upTo(history, network);
  const before = past.at(-1);
  return before === undefined ? null : { past: past.slice(0, -1), present: before, future: [network, ...future] };
}

/** @param {History} history @param {Config['network']} network */
export function redone(history, network) {
  const { past, future } = upTo(history, network);
  const [next, ...rest] = future;
  return next === undefined ? null : { past: [...past, network], present: next, future: rest };
}

/** @param {State} state */
export const canUndo = ({ history, config }) => undone(history, config.network) !== null;
/** @param {State} state */
export const canRedo = ({ history, config }) => redone(history, config.network) !== null;

/** Another network in the settings; what was wrong with the one before is over. @param {State} state @param {History | null} history @returns {Partial<State>} */
function moveTo({ config, problems, error }, history) {
  if (!history || history.present === null) return {};
  const { network: _, ...others } = problems;
  return { history, config: { ...config, network: history.present }, problems: others, error: error?.code === 'invalid_config' ? null : error };
}

/** How the store's state takes them. @type {Changes} */
export const EDITS = {
  network_edited: (state, { edit }) => {
    const { network } = state.config;
    const next = named(edited(layersOf(network), edit));
    return isSame(next, network) ? {} : moveTo(state, stepped(state.history, network, next));
  },
  network_chosen: (state, { name }) => (name === state.config.network ? {} : moveTo(state, stepped(state.history, state.config.network, name))),
  network_undone: (state) => moveTo(state, undone(state.history, state.config.network)),
  network_redone: (state) => moveTo(state, redone(state.history, state.config.network)),
};
