/**
 * Ready-made choices: the quick run, and the crate's recipes. A preset says all that is learnt and how; what computes it, with how
 * many workers and from which seed is left as it is.
 *
 * Pure.
 *
 * @import { Config } from '../protocol/protocol.js'
 * @import { NamedRecipe } from '../protocol/recipes.js'
 * @import { State } from './store.js'
 */
import { RECIPES } from '../protocol/recipes.js';
import { SETTINGS } from '../protocol/settings.js';
import { DEFAULTS, isSameSetting } from './fields.js';

/** What of a recipe is no preset's. Which images are held out computes nothing where there are test images, and a run of before has another rule. */
const LEFT = ['seed', 'hold_out'];

/** @type {(keyof Config)[]} */
const SAID = SETTINGS.filter(({ name, part }) => part === 'recipe' && !LEFT.includes(name)).map(({ name }) => name);

/** The tutorial's values of these settings; what a run of before does not say has these. */
export const TUTORIALS = /** @type {Partial<Config>} */ (Object.fromEntries(SAID.map((name) => [name, DEFAULTS[name]])));

/** By name. @type {Record<string, Partial<Config>>} */
export const PRESETS = {
  quick: { ...TUTORIALS, train: 5_000, test: 1_000, epochs: 3 },
  ...Object.fromEntries(RECIPES.map(({ name, settings }) => [name, { ...TUTORIALS, ...settings }])),
};

/** The recipes beside the tutorial's. */
export const FURTHER = RECIPES.filter(({ name }) => name !== 'tutorial');

/**
 * The preset that a configuration is, if it is one.
 * @param {Partial<Config>} config One that was saved before there were other networks does not say its own.
 * @returns {string | null}
 */
export function presetOf(config) {
  const whole = { ...TUTORIALS, ...config };
  const found = Object.entries(PRESETS).find(([, preset]) => SAID.every((key) => isSameSetting(key, preset[key], whole[key])));
  return found ? found[0] : null;
}

/** The recipe that a configuration is, if it is one. @param {Partial<Config>} config @returns {NamedRecipe | null} */
export function recipeOf(config) {
  const name = presetOf(config);
  return RECIPES.find((recipe) => recipe.name === name) ?? null;
}

/**
 * Seconds that a recipe's training takes here, where this page has trained its network in its batches, as the settings still say.
 * @param {State} state @param {NamedRecipe} recipe @returns {number | null}
 */
export function trainingSeconds({ config, runConfig, progress }, { name }) {
  const { network, batch, train = 0, epochs = 0 } = PRESETS[name];
  const isMeasured = progress && runConfig && progress.images_per_second > 0
    && runConfig.network === network && runConfig.batch === batch && runConfig.optimizer === PRESETS[name].optimizer
    && runConfig.backend === config.backend && runConfig.workers === config.workers && runConfig.arithmetic === config.arithmetic;
  return isMeasured ? train * epochs / progress.images_per_second : null;
}
