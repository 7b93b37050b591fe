/**
 * The cures for overfitting: what each of them sets, which of them a run has not had, and what they gave where it was measured.
 * The run that is cured stays behind the next one's curves.
 *
 * The cures' settings are those of the recipe `tutorial-cured`. Pure.
 *
 * @import { Config } from '../protocol/protocol.js'
 * @import { NamedRecipe } from '../protocol/recipes.js'
 * @import { Changes } from './store.js'
 */
import { RECIPES } from '../protocol/recipes.js';
import { ownBehind } from './kept-runs.js';
import { PRESETS } from './presets.js';

/** @typedef {{ type: 'cures_chosen', names: string[] } | { type: 'earlier_left' }} CureAction */
/** @typedef {NamedRecipe & { cures?: readonly MeasuredCure[] }} Recipe */
/** @typedef {{ name: string, title: string, sentence: string, settings: Partial<Config>, isFor: (config: Config) => boolean }} Cure */

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

/** What a cure gave the recipe that has all of them, where it was measured: points of accuracy that leaving it out costs, which may be negative. @typedef {{ name: string, points: number, runs: number }} MeasuredCure */

const CURED_RECIPE = RECIPES.find(({ name }) => name === 'tutorial-cured');

/** What the cured recipe reached, and what each cure gave it; null where that was not measured. */
export function measuredCures(recipe = /** @type {Recipe | undefined} */ (CURED_RECIPE)) {
  if (!recipe?.cures?.length || !recipe.reached) return null;
  return { title: recipe.title, accuracy: recipe.reached.accuracy, cures: recipe.cures };
}

/** How the store's state changes with them. @type {Changes} */
export const CURE_CHANGES = {
  cures_chosen: (state, { names }) => ({
    config: { ...cured({ ...state.config, ...state.runConfig, epochs: state.runConfig?.epochs ?? state.config.epochs }, names), backend: state.config.backend, workers: state.config.workers },
    problems: {},
    earlier: ownBehind(state) ?? state.earlier,
  }),
  training_evaluation: (_state, { evaluation }) => ({ trainingEvaluation: evaluation }),
};
