/**
 * The list of this browser's runs: what is kept of each (settings, figures, which images; no weights), what it is called, in
 * which order the list has them, and which one lies behind another's curves.
 *
 * The functions that change rows are given to the storage, which calls them on what is stored then: another tab may have
 * changed it. What comes back from there is read strictly (kept-runs-reading.js). Pure.
 *
 * @import { Config, EpochResult } from '../protocol/protocol.js'
 * @import { Reference } from './reference.js'
 * @import { Changes, State } from './store.js'
 */
import { RECIPES } from '../protocol/recipes.js';
import { partsOf } from './config.js';
import { gapOf } from './gap.js';
import { isSame } from './networks.js';
import { PRESETS, presetOf } from './presets.js';

/** @typedef {Pick<EpochResult, 'epoch' | 'loss' | 'accuracy' | 'val_loss' | 'val_accuracy' | 'seconds'>} EpochFigures */
/** Which images: `files` are the visitor's own ones, none of them where they are the server's or CIFAR-10's official files. @typedef {{ classNames: string[], isHeldOut: boolean, files: string[] }} Images */
/** Accuracy on images that it learnt from, of which there were so many, and on test images. @typedef {{ training: number, test: number, records: number }} MeasuredGap */

/**
 * `endedMs`: when it ended or was stopped, since 1970; `recipe`: all that it computed; `testAccuracy`: null where it was not
 * measured, because each epoch was measured on held-out images.
 * @typedef {{ id: string, endedMs: number, isPinned: boolean, recipe: Partial<Config>, images: Images, trainUsed: number, testUsed: number,
 *   epochs: EpochFigures[], testAccuracy: number | null, gap: MeasuredGap | null }} KeptRun
 */

/** @typedef {'epochs' | 'batch' | 'seed' | 'accuracy' | 'gap' | 'seconds' | 'when'} Column */
/** A run's curves as they lie behind another's, and the images that they are of. @typedef {{ id: string | null, images: Images, reference: Reference }} Earlier */

/**
 * `removed`: the run that was taken off the list last, and can be put back; `problem`: why the list is of this visit only.
 * @typedef {{ rows: KeptRun[], by: Column, isDescending: boolean, removed: KeptRun | null, problem: string | null }} KeptRuns
 */

/**
 * `kept_runs_listed`: what the list is now. `kept_run_removed`, `kept_run_returned`: one is being taken off it, and was put back.
 * @typedef {{ type: 'kept_runs_listed', rows: KeptRun[] }
 *   | { type: 'kept_runs_unkept', sentence: string }
 *   | { type: 'kept_runs_sorted', by: Column }
 *   | { type: 'kept_run_removed', run: KeptRun } | { type: 'kept_run_returned' }
 *   | { type: 'behind_chosen', id: string }} KeptRunAction
 */

/** As many runs are listed; pinned ones stay beyond that. */
export const RUNS_MOST = 50;
/** Of many files not each is named: so many tell one data set from another. */
const FILES_MOST = 100;

/** @type {KeptRuns} */
export const NO_KEPT_RUNS = { rows: [], by: 'when', isDescending: true, removed: null, problem: null };

/** Which images the page has now; null before there are any. @param {State} state @returns {Images | null} */
export function imagesOf({ data, files, source }) {
  if (!data) return null;
  const own = source === 'files' ? files.filter(({ known }) => known === null) : [];
  const names = own.map(({ split, file, records }) => `${split} ${file} ${records}`).sort();
  return { classNames: data.class_names, isHeldOut: data.held_out, files: names.slice(0, FILES_MOST) };
}

/** Whether two runs were of the same images, as far as their names say. @param {Images} one @param {Images} other */
export const isSameImages = (one, other) => one.isHeldOut === other.isHeldOut && isSame(one.classNames, other.classNames) && isSame(one.files, other.files);

/** What is kept of an epoch. @param {EpochFigures} result @returns {EpochFigures} */
const figuresOf = ({ epoch, loss, accuracy, val_loss, val_accuracy, seconds }) => ({ epoch, loss, accuracy, val_loss, val_accuracy, seconds });

/** Whether a run's epochs are measured on held-out images, to choose one of them by. @param {Partial<Config>} recipe */
const isChoosing = ({ keep, patience = 0 }) => keep === 'best' || patience > 0;

/**
 * The page's run as the list has it; null while it has no whole epoch.
 * @param {State} state @param {{ id: string, endedMs: number }} entry @param {number | null} [measured] Accuracy on the test images, where it was measured at the end.
 * @returns {KeptRun | null}
 */
export function keptRunOf(state, { id, endedMs }, measured = null) {
  const { runConfig, data, epochs } = state;
  const images = imagesOf(state);
  if (!runConfig || !data || !images || epochs.length === 0) return null;
  const recipe = /** @type {Partial<Config>} */ (partsOf(runConfig).recipe);
  const found = gapOf(state);
  const testAccuracy = isChoosing(recipe) ? measured ?? found?.test ?? null : epochs[epochs.length - 1].val_accuracy;
  return {
    id, endedMs, isPinned: false, recipe, images, trainUsed: data.train_used, testUsed: data.test_used, epochs: epochs.map(figuresOf), testAccuracy,
    gap: found && { training: found.training, test: found.test, records: found.records },
  };
}

/** Whether a run began with the very same epoch, to the time it took. @param {EpochFigures[]} one @param {EpochFigures[]} other */
const isSameStart = ([one], [other]) => JSON.stringify(one && figuresOf(one)) === JSON.stringify(other && figuresOf(other));

/**
 * The row of a run: by its id, or, of one that was opened and says none, by its first epoch.
 * @param {KeptRun[]} rows @param {string | null} id @param {EpochFigures[]} epochs
 */
export const rowOf = (rows, id, epochs) => rows.find((row) => (id === null ? isSameStart(row.epochs, epochs) : row.id === id)) ?? null;

/** Newest first, and as many as there may be. @param {KeptRun[]} rows */
function bounded(rows) {
  const sorted = [...rows].sort((one, other) => other.endedMs - one.endedMs);
  let left = Math.max(1, RUNS_MOST - rows.filter(({ isPinned }) => isPinned).length);
  return sorted.filter(({ isPinned }) => isPinned || (left -= 1) >= 0);
}

/** The list with a run that has ended, in the place of what it said of it before. @param {KeptRun[]} rows @param {KeptRun} run @param {string | null} id The run's, where it is known. */
export function withRun(rows, run, id) {
  const row = rowOf(rows, id, run.epochs);
  const own = row ? { ...run, id: row.id, isPinned: row.isPinned } : run;
  return bounded([own, ...rows.filter((each) => each.id !== own.id)]);
}

/** The list with what was measured of a run that is in it; one that was removed stays away. @param {KeptRun[]} rows @param {KeptRun} run @param {string | null} id */
export function withMeasured(rows, run, id) {
  const row = rowOf(rows, id, run.epochs);
  return row ? rows.map((each) => (each === row ? { ...row, gap: run.gap, testAccuracy: run.testAccuracy ?? row.testAccuracy } : each)) : rows;
}

/** The list with a run that had been removed. @param {KeptRun[]} rows @param {KeptRun} run */
export const withReturned = (rows, run) => bounded([run, ...rows.filter(({ id }) => id !== run.id)]);

/** @param {KeptRun[]} rows @param {string} id */
export const without = (rows, id) => rows.filter((row) => row.id !== id);

/** @param {KeptRun[]} rows @param {string} id @param {boolean} isPinned */
export const withPin = (rows, id, isPinned) => bounded(rows.map((row) => (row.id === id ? { ...row, isPinned } : row)));

/** Seconds that its epochs took. @param {KeptRun} run */
export const secondsOf = ({ epochs }) => epochs.reduce((sum, { seconds }) => sum + seconds, 0);

/** How much more it knew of what it learnt from; null where that was not measured. @param {KeptRun} run */
export const gapFigure = ({ gap }) => gap && gap.training - gap.test;

/** What each column is sorted by. @type {Record<Column, (run: KeptRun) => number | null>} */
const FIGURES = {
  epochs: ({ epochs }) => epochs.length,
  batch: ({ recipe }) => recipe.batch ?? null,
  seed: ({ recipe }) => recipe.seed ?? null,
  accuracy: ({ testAccuracy }) => testAccuracy,
  gap: gapFigure,
  seconds: secondsOf,
  when: ({ endedMs }) => endedMs,
};

/** The rows in their order: pinned ones first, and one without the figure last. @param {KeptRuns} keptRuns @returns {KeptRun[]} */
export function sortedRows({ rows, by, isDescending }) {
  const last = isDescending ? -Infinity : Infinity;
  const figure = (/** @type {KeptRun} */ run) => FIGURES[by](run) ?? last;
  const compare = (/** @type {KeptRun} */ one, /** @type {KeptRun} */ other) => {
    if (one.isPinned !== other.isPinned) return one.isPinned ? -1 : 1;
    const [low, high] = isDescending ? [figure(other), figure(one)] : [figure(one), figure(other)];
    return low === high ? other.endedMs - one.endedMs : low - high;
  };
  return [...rows].sort(compare);
}

/** @type {Record<string, string>} */
const OPTIMIZERS = { adam: 'Adam', adamw: 'AdamW', sgd: 'SGD', rmsprop: 'RMSProp', muon: 'Muon' };

/** A run's network in a word: tutorial, T, S 40-48-60. @param {Pick<KeptRun, 'recipe'>} run */
export function networkOf({ recipe: { network } }) {
  if (typeof network !== 'string') return 'own network';
  return network.replace(/^[st]\b-?/, (begin) => begin.toUpperCase().replace('-', ' '));
}

/** What a run is called: by the recipe that it is of, however long and from whichever seed, else by network and optimiser. @param {Pick<KeptRun, 'recipe'>} run */
export function nameOfRun({ recipe }) {
  const preset = Object.keys(PRESETS).find((name) => presetOf({ ...recipe, epochs: PRESETS[name].epochs }) === name);
  if (preset === 'quick') return 'Quick run';
  return RECIPES.find(({ name }) => name === preset)?.title ?? `${networkOf({ recipe })}, ${OPTIMIZERS[recipe.optimizer ?? ''] ?? recipe.optimizer}`;
}

/** A run in a few words: what it is called, how long it was and what it reached. @param {KeptRun} run */
export function phraseOf(run) {
  const { length } = run.epochs;
  return `${nameOfRun(run)}, ${length} ${length === 1 ? 'epoch' : 'epochs'}${run.testAccuracy === null ? '' : `, ${run.testAccuracy.toFixed(4)}`}`;
}

/** A run's curves as what lies behind another's. @param {KeptRun} run @param {string | null} [id] Its row's, if it is in the list. @returns {Earlier} */
export function behind(run, id = run.id) {
  const { epochs, images } = run;
  /** @param {'loss' | 'accuracy' | 'val_loss' | 'val_accuracy'} figure */
  const bandOf = (figure) => {
    const values = epochs.map((epoch) => epoch[figure]);
    return { mean: values, low: values, high: values };
  };
  const bands = { loss: bandOf('loss'), accuracy: bandOf('accuracy'), val_loss: bandOf('val_loss'), val_accuracy: bandOf('val_accuracy') };
  return { id, images, reference: { runs: 1, epochs: epochs.length, bands, label: `Behind: ${phraseOf(run)}`, isHeldOut: isChoosing(run.recipe) } };
}

/** The page's own run as what lies behind the next one. @param {State} state @returns {Earlier | null} */
export function ownBehind(state) {
  const run = keptRunOf(state, { id: '', endedMs: 0 });
  return run && behind(run, rowOf(state.keptRuns.rows, null, run.epochs)?.id ?? null);
}

/** The curves of another run that are drawn behind: not over other images than theirs. @param {State} state @returns {Reference | null} */
export function shownEarlier(state) {
  const images = imagesOf(state);
  return state.earlier && (!images || isSameImages(state.earlier.images, images)) ? state.earlier.reference : null;
}

/** @param {State} state @param {string} id @returns {Partial<State>} */
function choose({ earlier, keptRuns }, id) {
  const run = keptRuns.rows.find((row) => row.id === id);
  return { earlier: earlier?.id === id || !run ? null : behind(run) };
}

/** How the store's state changes with them. @type {Changes} */
export const KEPT_RUNS = {
  kept_runs_listed: ({ keptRuns }, { rows }) => ({ keptRuns: { ...keptRuns, rows } }),
  kept_runs_unkept: ({ keptRuns }, { sentence }) => ({ keptRuns: { ...keptRuns, problem: sentence } }),
  kept_runs_sorted: ({ keptRuns }, { by }) => ({ keptRuns: { ...keptRuns, by, isDescending: by !== keptRuns.by || !keptRuns.isDescending } }),
  kept_run_removed: ({ keptRuns, earlier }, { run }) => ({ keptRuns: { ...keptRuns, removed: run }, earlier: earlier?.id === run.id ? null : earlier }),
  kept_run_returned: ({ keptRuns }) => ({ keptRuns: { ...keptRuns, removed: null } }),
  behind_chosen: (state, { id }) => choose(state, id),
  earlier_left: () => ({ earlier: null }),
};
