/**
 * Overfitting, measured and cured: how far a run does better on images that it learnt from, what each cure sets, and the
 * earlier run that stays behind the next one's curves.
 *
 * The cures' settings are those of the recipe `tutorial-cured`. Pure.
 *
 * @import { Config, EpochResult } from '../protocol/protocol.js'
 * @import { Reference } from './reference.js'
 * @import { Changes, State } from './store.js'
 */
import { PRESETS } from './presets.js';

/** @typedef {{ type: 'cures_chosen', names: string[] } | { type: 'earlier_left' }} CureAction */
/** @typedef {{ name: string, title: string, sentence: string, settings: Partial<Config>, isFor: (config: Config) => boolean }} Cure */

/** A gap that is worth a cure: the recipes that have had theirs keep 3 to 4 points of it (BENCHMARKS.md). */
const GAP_OPEN = 0.05;
/** Standard deviations that chance alone seldom makes. */
const BEYOND_CHANCE = 3;

/** Steps of an epoch that a larger batch has to leave. */
const LEAST_STEPS = 20;

const CURED = PRESETS['tutorial-cured'];

/** @param {(keyof Config)[]} names @returns {Partial<Config>} */
const curedSettings = (...names) => Object.fromEntries(names.map((name) => [name, CURED[name]]));

/** @type {readonly Cure[]} */
export const CURES = [
  {
    name: 'augmentation',
    title: 'Move and mirror the images',
    sentence: 'It never sees quite the same picture twice, so it cannot learn pictures by heart.',
    settings: { ...curedSettings('flip', 'shift_px', 'shift_edge'), augment: 'none' },
    isFor: () => true,
  },
  {
    name: 'normalisation',
    title: 'Batch normalisation',
    sentence: 'Each layer’s numbers are brought to one scale, which lets it learn in larger steps, and the groups’ chance adds a little noise.',
    settings: curedSettings('network', 'pixels', 'norm_group'),
    isFor: ({ network }) => network === 'tutorial',
  },
  {
    name: 'rate',
    title: 'A learning rate that rises and falls',
    sentence: 'Large steps in the middle find broad valleys, small ones at the end settle in them.',
    settings: curedSettings('schedule', 'warm_up', 'lr_start', 'lr_end', 'last_batch'),
    isFor: () => true,
  },
  {
    name: 'smoothing',
    title: 'Label smoothing',
    sentence: 'It is not rewarded for being surer than it has reason to be.',
    settings: curedSettings('label_smoothing'),
    isFor: () => true,
  },
  {
    name: 'averaging',
    title: 'Averaged weights',
    sentence: 'The mean of the last steps’ weights is calmer than any one of them.',
    settings: curedSettings('averaging'),
    isFor: () => true,
  },
  {
    name: 'muon',
    title: 'Muon in place of Adam',
    sentence: 'Its steps use all directions of a kernel equally, so that less is left to chance.',
    settings: curedSettings('optimizer', 'lr', 'momentum', 'nesterov', 'velocity', 'muon_lr', 'muon_momentum', 'muon_iterations', 'norm_bias_lr_factor', 'weight_decay', 'decay', 'batch'),
    isFor: () => true,
  },
];

/** The cures that a run has not had. @param {Config} config */
export const curesFor = (config) => CURES.filter(({ settings, isFor }) => isFor(config)
  && Object.entries(settings).some(([name, value]) => name !== 'batch' && JSON.stringify(config[/** @type {keyof Config} */ (name)]) !== JSON.stringify(value)));

/**
 * A run's settings with some cures.
 * @param {Config} config @param {string[]} names @returns {Config}
 */
export function cured(config, names) {
  const chosen = CURES.filter(({ name, isFor }) => names.includes(name) && isFor(config));
  /** @type {Config} */
  const all = Object.assign({}, config, ...chosen.map(({ settings }) => settings));
  // As many epochs of as many images as before, so that both can be compared; where large batches would leave few steps it
  // keeps its own.
  return all.train < LEAST_STEPS * all.batch ? { ...all, batch: config.batch } : all;
}

/** The variance of an accuracy by the number of images that it was measured on. @param {{ accuracy: number, records: number }} evaluation */
const varianceOf = ({ accuracy, records }) => accuracy * (1 - accuracy) / Math.max(1, records);

/**
 * How much more it knows of what it learnt from, and whether that is worth a cure: not where so few images were measured that
 * chance may have made it. Null until both are measured.
 * @param {State} state
 */
export function gapOf({ trainingEvaluation, evaluation }) {
  if (!trainingEvaluation || !evaluation) return null;
  const gap = trainingEvaluation.accuracy - evaluation.accuracy;
  const chance = Math.sqrt(varianceOf(trainingEvaluation) + varianceOf(evaluation));
  return { training: trainingEvaluation.accuracy, test: evaluation.accuracy, gap, isOpen: gap >= Math.max(GAP_OPEN, BEYOND_CHANCE * chance) };
}

/** A run's curves as what lies behind another's. @param {EpochResult[]} epochs @returns {Reference} */
export function behind(epochs) {
  /** @param {'loss' | 'accuracy' | 'val_loss' | 'val_accuracy'} figure */
  const bandOf = (figure) => {
    const values = epochs.map((epoch) => epoch[figure]);
    return { mean: values, low: values, high: values };
  };
  const bands = { loss: bandOf('loss'), accuracy: bandOf('accuracy'), val_loss: bandOf('val_loss'), val_accuracy: bandOf('val_accuracy') };
  return { runs: 1, epochs: epochs.length, bands, label: 'The run before' };
}

/** How the store's state changes with them. @type {Changes} */
export const CURE_CHANGES = {
  cures_chosen: ({ config, runConfig, epochs, earlier }, { names }) => ({
    config: { ...cured({ ...config, ...runConfig, epochs: runConfig?.epochs ?? config.epochs }, names), backend: config.backend, workers: config.workers },
    problems: {},
    earlier: epochs.length > 0 ? behind(epochs) : earlier,
  }),
  earlier_left: () => ({ earlier: null }),
  training_evaluation: (_state, { evaluation }) => ({ trainingEvaluation: evaluation }),
};
