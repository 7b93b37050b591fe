/**
 * What a saved file is called: the recipe, how far the run is and how good, so that several of them can be told apart.
 * Pure.
 *
 * @import { State } from './store.js'
 */
import { presetOf } from './config.js';

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
  const recipe = presetOf(config) ?? `own-${config.train}-images`;
  const accuracy = state.evaluation?.accuracy ?? state.epochs[state.epochs.length - 1]?.val_accuracy;
  const parts = ['convburn', kind, recipe, placeOf(state), ...(accuracy === undefined ? [] : [`accuracy-${accuracy.toFixed(4)}`])];
  return `${parts.join('-')}.${extension}`;
}
