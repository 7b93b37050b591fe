/**
 * What a saved file is called: the recipe, how far the run is and how good, so that several of them can be told apart.
 * Pure.
 *
 * @import { Config } from './protocol.js'
 * @import { RunDescription } from './run-files.js'
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
  const accuracy = state.evaluation?.accuracy ?? state.epochs[state.epochs.length - 1]?.val_accuracy ?? null;
  return nameOf(kind, state.runConfig ?? state.config, placeOf(state), accuracy, extension);
}

/** What a kept run is called, by its own description. @param {string} kind @param {RunDescription | null} run @returns {string} */
export function keptNameOf(kind, run) {
  if (!run) return `convburn-${kind}.safetensors`;
  return nameOf(kind, /** @type {Config} */ (run.config), `epoch-${run.trained}`, run.valAccuracy, 'safetensors');
}

/** @param {string} kind @param {Config} config @param {string} place @param {number | null} accuracy @param {string} extension */
function nameOf(kind, config, place, accuracy, extension) {
  const recipe = presetOf(config) ?? `own-${config.train}-images`;
  const parts = ['convburn', kind, recipe, place, ...(accuracy === null ? [] : [`accuracy-${accuracy.toFixed(4)}`])];
  return `${parts.join('-')}.${extension}`;
}
