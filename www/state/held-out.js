/**
 * Runs that end with the weights of their best epoch: these hold a tenth of the training images out to choose it by, so that
 * what each epoch is measured on is no test image. The test images are measured once, at the end.
 *
 * Which epoch is the best, and when a run stops, is the crate's to say (src/session/best.rs). Pure.
 *
 * @import { Config, Evaluation } from '../protocol/protocol.js'
 * @import { State } from './store.js'
 */

/** One in so many of the training images is held out to choose by, as src/plan.rs has it. */
const HELD_OUT_ONE_IN = 10;

/** Whether a run ends with its best epoch's weights, as `Config::keeps_best` has it. @param {Partial<Config>} config A run of before does not say. */
export const keepsBest = ({ patience = 0, keep }) => patience > 0 || keep === 'best';

/** On what a figure was measured. @typedef {'test' | 'held_out'} Measured */

/** On what each epoch of a run is measured. @param {Partial<Config>} config @returns {Measured} */
export const measuredBy = (config) => (keepsBest(config) ? 'held_out' : 'test');

/** On what each epoch of the run is measured whose figures are shown, or of the next one. @param {State} state */
export const measuredNow = ({ runConfig, config }) => measuredBy(runConfig ?? config);

/** On what the evaluation of a run that was opened is: the best epoch's weights are measured on the test images alone. @param {Config} config @param {Evaluation | null | undefined} evaluation */
export const measuredIn = (config, evaluation) => (evaluation?.weights === 'best' ? 'test' : measuredBy(config));

/**
 * How many training images the next run would hold out to choose by, and of how many; null where it chooses nothing.
 * @param {State} state @returns {{ held: number, train: number } | null}
 */
export function heldOutToChoose({ config, source, data, promised }) {
  if (!keepsBest(config)) return null;
  const ofFiles = data?.held_out ? data.train_used + data.validation_used : data?.train_records;
  const train = Math.min(config.train, (source === 'files' ? ofFiles : promised?.train) ?? config.train);
  return { held: Math.max(1, Math.floor(train / HELD_OUT_ONE_IN)), train };
}
