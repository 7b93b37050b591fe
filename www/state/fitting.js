/**
 * What settings mean beside each other: what they forbid, what goes along with a change, and which of them do nothing
 * under the others.
 *
 * The crate's rules stand in src/protocol/learning.rs, and it refuses what they forbid; here it is known before a run. Pure.
 *
 * @import { Config } from '../protocol/protocol.js'
 * @import { Field } from './fields.js'
 * @import { State } from './store.js'
 */
import { DEFAULTS, LABELS, textOf } from './fields.js';

/** The parts of an augmentation, which a ready-made one brings with it. */
const PARTS = /** @type {const} */ (['flip', 'shift_px', 'shift_edge', 'cutout_px']);
const NO_PARTS = /** @type {Partial<Config>} */ (Object.fromEntries(PARTS.map((part) => [part, DEFAULTS[part]])));

/** @param {Config} config */
const movesBySgd = ({ optimizer }) => optimizer === 'sgd' || optimizer === 'muon';
/** @param {Config} config */
const risesAndFalls = ({ schedule }) => schedule === 'one-cycle' || schedule === 'cosine';
/** Only the tutorial's network is known to have none. @param {Config} config */
const mayNormalise = ({ network }) => network !== 'tutorial';

/**
 * What a configuration's fields forbid each other.
 * @param {Config} config
 * @returns {Record<string, string>} A sentence for each field that has to change.
 */
export function crossCheck(config) {
  /** @type {Record<string, string>} */
  const problems = {};
  if (config.batch > config.train) {
    problems.batch = `A batch cannot be larger than the ${config.train.toLocaleString('en')} training ${config.train === 1 ? 'image' : 'images'}.`;
  }
  if (movesBySgd(config) && config.nesterov === 'on' && config.momentum === 0) {
    problems.nesterov = 'It looks ahead along the momentum, which is 0: give a momentum, or turn it off.';
  }
  if (config.optimizer === 'adamw' && config.decay === 'coupled') problems.decay = 'The optimiser adamw is the one whose decay is decoupled: choose that, or adam.';
  if (config.schedule === 'drops' && config.drops.length === 0) problems.drops = 'Name at least one epoch after which the rate drops.';
  if (config.augment !== 'none' && PARTS.some((part) => config[part] !== DEFAULTS[part])) {
    problems.augment = 'It is ready-made, and takes no mirroring, shift or cutout beside it: choose none.';
  }
  return problems;
}

/** What is changed where a link's settings forbid each other, by the field that has to change. @type {Record<string, (config: Config) => Partial<Config>>} */
const MENDED = {
  batch: ({ train }) => ({ batch: train }),
  nesterov: () => ({ nesterov: 'off' }),
  decay: () => ({ decay: 'decoupled' }),
  drops: () => ({ schedule: 'constant' }),
  augment: () => NO_PARTS,
};

/** @param {Field} field @param {Config} config */
const said = (field, config) => `“${LABELS[field]}” is ${typeof config[field] === 'number' ? config[field].toLocaleString('en') : textOf(field, config[field])} now.`;

/**
 * A configuration that a run can have, because the engine loads with what comes out of a link.
 * @param {Config} config
 * @returns {{ config: Config, clashes: string[] }} What was forbidden, and what it is now.
 */
export function fitted(config) {
  const mended = { ...config };
  const clashes = Object.entries(crossCheck(config)).map(([field, sentence]) => {
    const change = MENDED[field](config);
    Object.assign(mended, change);
    return [sentence, ...Object.keys(change).filter((key) => !PARTS.some((part) => part === key && config[part] === DEFAULTS[part]))
      .map((key) => said(/** @type {Field} */ (key), mended))].join(' ');
  });
  return { config: mended, clashes };
}

/** Epochs after which a rate that drops does so where nobody has said: half of them, and three quarters. @param {number} epochs */
const usualDrops = (epochs) => [...new Set([Math.max(1, Math.round(epochs / 2)), Math.max(1, Math.round(epochs * 3 / 4))])];

/**
 * What goes along with a change, so that it can be used as it is.
 * @param {Config} config With the change. @param {Field} field @param {Config} before
 * @returns {Partial<Config>}
 */
export function goesAlong(config, field, before) {
  if (field === 'optimizer' && config.optimizer === 'adamw') return { decay: 'decoupled' };
  if (field === 'schedule' && config.schedule === 'drops' && config.drops.length === 0) return { drops: usualDrops(config.epochs) };
  if (field === 'augment' && config.augment !== 'none') return NO_PARTS;
  // What a file may have brought with its network, and another one does without.
  if (field === 'network' && typeof before.network === 'object') return { pixels: DEFAULTS.pixels, norm_group: DEFAULTS.norm_group };
  return {};
}

/** Whether a run may hold out training images in place of test images. @param {State} state */
const mayHoldOut = ({ source, data }) => source === 'files' || Boolean(data?.held_out);

/** When a setting does something; one that is not here always does. @type {Record<string, (config: Config, state: State) => boolean>} */
const EFFECTIVE = {
  momentum: (config) => movesBySgd(config) || config.optimizer === 'rmsprop',
  nesterov: (config) => movesBySgd(config) && config.momentum > 0,
  velocity: (config) => movesBySgd(config) && config.momentum > 0,
  decay: (config) => config.weight_decay > 0 && config.optimizer !== 'adamw',
  decay_of: (config) => config.weight_decay > 0,
  norm_bias_lr_factor: mayNormalise,
  muon_lr: ({ optimizer }) => optimizer === 'muon',
  muon_momentum: ({ optimizer }) => optimizer === 'muon',
  muon_iterations: ({ optimizer }) => optimizer === 'muon',
  warm_up: risesAndFalls,
  lr_start: (config) => risesAndFalls(config) && config.warm_up > 0,
  lr_end: risesAndFalls,
  drops: ({ schedule }) => schedule === 'drops',
  drop_factor: ({ schedule }) => schedule === 'drops',
  flip: ({ augment }) => augment === 'none',
  shift_px: ({ augment }) => augment === 'none',
  shift_edge: (config) => config.augment === 'none' && config.shift_px > 0,
  cutout_px: ({ augment }) => augment === 'none',
  norm_group: mayNormalise,
  hold_out: (_config, state) => mayHoldOut(state),
  keep: ({ patience }) => patience === 0, // A run that may stop early ends with its best weights anyway.
};

/** Whether a setting does anything under the others. @param {Field} field @param {State} state */
export const isEffective = (field, state) => EFFECTIVE[field]?.(state.config, state) ?? true;

/** What a choice is warned of, by its field. @param {Config} config @returns {Record<string, string>} */
export function warningsOf(config) {
  if (config.patience === 0 || !risesAndFalls(config)) return {};
  return { patience: 'The learning rate falls until the last epoch, and most is won at the end: a run that stops before then leaves that out. A constant rate goes better with it.' };
}
