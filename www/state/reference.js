/**
 * What Keras does with the tutorial's run, to be drawn behind the visitor's own curves: when it is shown, and how the
 * file of its runs becomes a mean and a band.
 *
 * Pure: it fetches nothing (reference-file.js does) and draws nothing (views/shared/reference-band.js does).
 *
 * @import { State } from './store.js'
 */
import { shownEarlier } from './kept-runs.js';
import { isTutorials } from './networks.js';
import { presetOf } from './presets.js';

/** @typedef {'loss' | 'accuracy' | 'val_loss' | 'val_accuracy'} Figure */
/** One figure over the epochs: mean, lowest and highest of the runs. @typedef {{ mean: number[], low: number[], high: number[] }} Band */
/** `label`: whose it is, where it is not Keras's; `isHeldOut`: its epochs were measured on held-out images, not on test images. @typedef {{ runs: number, epochs: number, bands: Record<Figure, Band>, label?: string, isHeldOut?: boolean }} Reference */
/** @typedef {{ type: 'reference_chosen', shown: boolean } | { type: 'reference_arrived', reference: Reference } | { type: 'reference_missing' }} ReferenceAction */

/** No choice yet, and nothing fetched. @type {Pick<State, 'referenceShown' | 'reference'>} */
export const NO_REFERENCE = { referenceShown: null, reference: null };

/** How the store's state changes with them. */
export const REFERENCES = {
  reference_chosen: (/** @type {State} */ _state, /** @type {any} */ { shown }) => ({ referenceShown: shown }),
  reference_arrived: (/** @type {State} */ _state, /** @type {any} */ { reference }) => ({ reference }),
  // Off again: choosing it once more is the way to try again.
  reference_missing: () => ({ referenceShown: false, reference: null }),
};

/** The run whose curves are there, else the next one. @param {State} state */
const runOf = ({ runConfig, config }) => runConfig ?? config;

/** Whether the reference has anything to say: it is of the tutorial's network. @param {State} state */
export const mayShowReference = (state) => isTutorials(runOf(state));

/** Whether the reference is to be shown: as chosen, else where the run is the tutorial's. @param {State} state */
export const wantsReference = (state) => mayShowReference(state) && (state.referenceShown ?? presetOf(runOf(state)) === 'tutorial');

/** What lies behind the run's curves: an earlier run of the same images, else Keras's where they are to be shown and are there. @param {State} state */
export const shownReference = (state) => shownEarlier(state) ?? (wantsReference(state) ? state.reference : null);

/**
 * @param {{ runs: Record<Figure, number[]>[] }} file tests/fixtures/keras_tutorial.json.
 * @returns {Reference}
 */
export function referenceOf({ runs }) {
  const epochs = runs[0].loss.length;
  /** @param {Figure} figure @returns {Band} */
  const bandOf = (figure) => {
    const columns = Array.from({ length: epochs }, (_, epoch) => runs.map((run) => run[figure][epoch]));
    return {
      mean: columns.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
      low: columns.map((values) => Math.min(...values)),
      high: columns.map((values) => Math.max(...values)),
    };
  };
  const bands = { loss: bandOf('loss'), accuracy: bandOf('accuracy'), val_loss: bandOf('val_loss'), val_accuracy: bandOf('val_accuracy') };
  return { runs: runs.length, epochs, bands };
}
