/**
 * What a saved file is called: the recipe, how far the run is and how good, so that several of them can be told apart.
 * Pure.
 *
 * @import { Config } from '../protocol/protocol.js'
 * @import { RunDescription } from './run-files.js'
 * @import { State } from '../state/store.js'
 */
import { presetOf } from '../state/presets.js';

/** @param {string[]} parts @param {number | null | undefined} accuracy @param {string} extension */
const join = (parts, accuracy, extension) => ['convburn', ...parts, ...(accuracy == null ? [] : [`accuracy-${accuracy.toFixed(4)}`])].join('-') + `.${extension}`;

/** @param {Record<string, any>} config */
function recipeOf(config) {
  const isNamed = typeof config.network === 'string' && config.network !== 'tutorial';
  return presetOf(/** @type {Partial<Config>} */ (config)) ?? `${isNamed ? config.network : 'own'}-${config.train}-images`;
}

/** The name of the best run that is kept. @param {RunDescription | null} best */
export const bestFileName = (best) => join(best ? ['best', recipeOf(best.config), `epoch-${best.trained}`] : ['best'], best?.valAccuracy, 'safetensors');

/** @param {State} state */
function placeOf({ progress, epochs }) {
  const isWithin = progress !== null && progress.epoch > epochs.length && progress.step > 0;
  return isWithin ? `epoch-${progress.epoch}-step-${progress.step}` : `epoch-${epochs.length}`;
}

/**
 * @param {State} state @param {string} kind What the file holds. @param {string} extension
 * @returns {string} convburn-run-quick-epoch-3-accuracy-0.4110.safetensors
 */
export function fileNameOf(state, kind, extension) {
  const config = state.runConfig ?? state.config;
  const accuracy = state.evaluation?.accuracy ?? state.epochs[state.epochs.length - 1]?.val_accuracy;
  return join([kind, recipeOf(config), placeOf(state)], accuracy, extension);
}
