/**
 * What a network costs on this machine: from how quickly it learnt last, and from the work that the tables of both
 * networks say. Before the first steps nothing is known, and nothing is said.
 *
 * Pure.
 *
 * @import { LayerSummary, Loaded, Message, Summary } from '../protocol/protocol.js'
 * @import { Action, State } from './store.js'
 */

/** How quickly a network was learnt, and what the engine held. @typedef {{ loaded: Loaded, images_per_second: number }} Measured */

/**
 * What a number of a layer's output costs, in multiply-adds of a convolution, forward and back. Fitted to six named networks
 * on flex, one worker, batch 32: each is then within 6 % of the others (BENCHMARKS.md, “What the editor says”).
 */
const NUMBER_WORK = { norm: 160, curve: 200, other: 24 };
/** How many times longer a convolution takes by Burn's operators. */
const FOREIGN_FACTOR = 3;

/** @param {LayerSummary} layer */
function workOfLayer({ kind, output_shape: shape, multiply_adds: products, own_kernel: isOwn }) {
  const numbers = shape.reduce((all, side) => all * side, 1);
  const isForeign = kind.startsWith('Conv2D') && !isOwn;
  const isCurve = /(GELU|SiLU)$/.test(kind);
  const ofNumber = (kind === 'BatchNormalization' ? NUMBER_WORK.norm : NUMBER_WORK.other) + (isCurve ? NUMBER_WORK.curve : 0);
  return products * (isForeign ? FOREIGN_FACTOR : 1) + numbers * ofNumber;
}

/** The work of learning from one image, in multiply-adds. @param {Summary} summary */
export const workOf = ({ layers }) => layers.reduce((all, layer) => all + workOfLayer(layer), 0);

/** How quickly this machine learnt last. @param {State} state Before the message. @param {Message | Action} message @returns {Measured | null} */
export function nextMeasured({ measured, loaded }, message) {
  if (message.type !== 'progress' || message.stage !== 'training' || !loaded || message.images_per_second <= 0) return measured;
  // An epoch's first steps are too few to say much: they count only as long as nothing else is known.
  if (measured && message.step * 4 < message.steps) return measured;
  return { loaded, images_per_second: message.images_per_second };
}

/**
 * Seconds that an epoch of a network would take here, its evaluation not counted; null before anything was measured, and where
 * something else would compute it.
 * @param {State} state @param {Summary} summary
 */
export function epochSeconds({ measured, loaded, config }, summary) {
  if (!measured || !loaded || measured.loaded.backend.active !== loaded.backend.active) return null;
  if (config.backend !== loaded.config.backend || config.workers !== loaded.config.workers) return null;
  return (config.train * workOf(summary)) / (workOf(measured.loaded.summary) * measured.images_per_second);
}
