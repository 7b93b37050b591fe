/**
 * The best in N minutes: which recipe, and how many of its epochs, fit into the time that the visitor has, by how quickly
 * this machine learns. It plans and fills the form; Start is the visitor's.
 *
 * It knows no DOM and no wasm. A network's work comes from the engine's tables, which it asks for.
 *
 * @import { Command, Summary } from '../protocol/protocol.js'
 * @import { NamedRecipe } from '../protocol/recipes.js'
 * @import { Speed } from './speeds.js'
 * @import { Action, Changes, State } from './store.js'
 */
import { RECIPES } from '../protocol/recipes.js';
import { DEFAULTS } from './fields.js';
import { crossCheck } from './fitting.js';
import { workOf } from './network-cost.js';
import { groupsOf, isTutorials } from './networks.js';
import { isOccupied } from './phases.js';
import { PRESETS, presetOf } from './presets.js';
import { speedOf } from './speeds.js';

/** A network's table, and for which backend it was made: what has a kernel of its own differs. @typedef {{ backend: string, summary: Summary }} Table */
/** `by` is the preset's name; `expected` the accuracy that may be expected, null where nobody has measured that. @typedef {{ by: string, epochs: number, seconds: number, expected: number | null, lacks: 'epochs' | 'images' | null }} Plan */
/** Nothing fits: so many minutes would. @typedef {{ least_minutes: number }} TooShort */
/** What of the images counts: how many there are, and whether they are CIFAR-10's. `works` is a recipe's work for one image, by its name. @typedef {{ train: number, test: number, isKnown: boolean, works: Record<string, number> }} Images */
/** `wants`: what it waits for. `speed` is the one that it was planned by. @typedef {{ minutes: number, wants: 'tables' | 'trial' | null, isUnknown: boolean, plan: Plan | TooShort | null, speed: Speed | null }} Budget */
/** @typedef {{ type: 'budget_asked', minutes: number } | { type: 'budget_tried' } | { type: 'budget_unknown' } | { type: 'budget_left' } | { type: 'budget_planned', plan: Plan | TooShort, speed: Speed }} BudgetAction */

/** Minutes that may be asked for. */
export const MINUTES = { low: 1, high: 240 };
/** How many times longer than estimated a run may take: the estimate is within 1.06 with one worker, other ways are not measured (BENCHMARKS.md). */
const MARGIN = 1.25;
/** What measuring costs an image, of what learning from it costs: of three products of each layer it takes the first. */
const MEASURING_SHARE = 1 / 3;
/** As many workers as the crate takes by itself at most. */
const USUAL_WORKERS = 8;

/** Which recipes are planned with: those whose accuracy was measured. */
const MEASURED = RECIPES.filter(({ reached }) => reached !== null);

/** @param {NamedRecipe} recipe */
const presetBy = ({ name }) => ({ ...DEFAULTS, ...PRESETS[name] });

/** How much of the measured speed is left where a batch has fewer groups than there were workers. @param {NamedRecipe} recipe @param {Speed} speed */
function shareOfWorkers(recipe, { backend, asked, workers, cores }) {
  const preset = presetBy(recipe);
  if (backend !== 'flex' || isTutorials(preset)) return 1;
  const usable = Math.min(asked || Math.min(cores, USUAL_WORKERS), groupsOf(preset));
  return Math.min(1, usable / workers);
}

/** Seconds of one epoch, measuring included. @param {NamedRecipe} recipe @param {Speed} speed @param {Images} images */
function secondsOf(recipe, speed, { train, test, works }) {
  const preset = presetBy(recipe);
  const images = Math.min(preset.train, train) + Math.min(preset.test, test) * MEASURING_SHARE;
  return images * works[recipe.name] / (speed.work_per_second * shareOfWorkers(recipe, speed));
}

/** Whether these images are what the recipe was measured with. @param {NamedRecipe} recipe @param {Images} images */
function isMeasuredWith(recipe, { train, test, isKnown }) {
  const preset = presetBy(recipe);
  return isKnown && train >= preset.train && test >= preset.test;
}

/**
 * The best in so many minutes: the recipe of the highest measured accuracy whose epochs fit, with a margin; where none fits, the one
 * that gets through most epochs, without a promise; where there is more time, no more epochs than were measured.
 * @param {number} minutes @param {Speed} speed @param {Images} images
 * @returns {Plan | TooShort | null} Null where no recipe can be trained on these images.
 */
export function bestIn(minutes, speed, images) {
  const candidates = MEASURED.filter((recipe) => recipe.name in images.works && Object.keys(crossCheck({ ...presetBy(recipe), train: Math.min(presetBy(recipe).train, images.train) })).length === 0)
    .map((recipe) => {
      const seconds = secondsOf(recipe, speed, images);
      const most = presetBy(recipe).epochs;
      return { recipe, seconds, most, epochs: Math.min(most, Math.floor(minutes * 60 / (MARGIN * seconds))), accuracy: recipe.reached?.accuracy ?? 0 };
    });
  if (candidates.length === 0) return null;
  const [best] = candidates.sort((one, other) => other.epochs / other.most - one.epochs / one.most || other.accuracy - one.accuracy);
  if (best.epochs < 1) return { least_minutes: Math.ceil(MARGIN * Math.min(...candidates.map(({ seconds }) => seconds)) / 60) };
  const lacks = best.epochs < best.most ? 'epochs' : isMeasuredWith(best.recipe, images) ? null : 'images';
  return { by: best.recipe.name, epochs: best.epochs, seconds: best.epochs * best.seconds, expected: lacks ? null : best.accuracy, lacks };
}

/** The work of a recipe's network, where the engine has said its table. @param {State} state @param {NamedRecipe} recipe */
function workBy({ tables, loaded }, recipe) {
  const table = tables[String(PRESETS[recipe.name].network)];
  return table && table.backend === loaded?.backend.active ? workOf(table.summary) : null;
}

/** @param {State} state @returns {Images} */
function imagesOf(state) {
  const { source, data, promised } = state;
  const isOwn = source === 'files';
  return {
    train: isOwn ? data?.train_records ?? 0 : promised?.train ?? 0,
    test: isOwn ? data?.test_records ?? 0 : promised?.test ?? 0,
    isKnown: !isOwn || data?.has_unknown === false,
    works: Object.fromEntries(MEASURED.flatMap((recipe) => {
      const work = workBy(state, recipe);
      return work === null ? [] : [[recipe.name, work]];
    })),
  };
}

/** The settings that a plan fills in. @param {Plan} plan */
const settingsBy = ({ by, epochs }) => ({ ...PRESETS[by], epochs });

/** Whether the settings are still those that were planned. @param {State} state @param {Plan} plan */
export const isAsPlanned = ({ config }, { by, epochs }) => config.epochs === epochs && presetOf({ ...config, epochs: PRESETS[by].epochs ?? DEFAULTS.epochs }) === by;

/** @param {State} state @param {Partial<Budget>} change */
const changed = ({ budget }, change) => ({ budget: budget && { ...budget, ...change } });

/** @type {Changes} */
export const BUDGETS = {
  budget_asked: (_state, { minutes }) => ({ budget: { minutes, wants: 'tables', isUnknown: false, plan: null, speed: null } }),
  budget_tried: (state) => changed(state, { wants: 'trial' }),
  budget_unknown: (state) => changed(state, { wants: null, isUnknown: true }),
  budget_left: () => ({ budget: null }),
  budget_planned: (state, { plan, speed }) => changed(state, { wants: null, isUnknown: false, plan, speed }),
};

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {(command: Command) => void} send
 * @param {number} cores
 */
export function createBudgeting(store, send, cores) {
  /** The networks whose tables were asked for, and by which loading of the engine. @type {{ loaded: State['loaded'], names: Set<string> }} */
  let asked = { loaded: null, names: new Set() };

  /** Asks for the tables that are missing. @param {State} state @returns {boolean} Whether there were any. */
  function askForTables(state) {
    if (asked.loaded !== state.loaded) asked = { loaded: state.loaded, names: new Set() };
    const missing = MEASURED.filter((recipe) => workBy(state, recipe) === null).map(({ name }) => PRESETS[name].network ?? DEFAULTS.network);
    for (const network of missing) {
      if (asked.names.has(String(network))) continue;
      asked.names.add(String(network));
      send({ type: 'summarize', network });
    }
    return missing.length > 0;
  }

  return {
    /** Plans once all that it needs is there, after each message. */
    look() {
      const state = store.get();
      const { budget, loaded, alive } = state;
      if (!budget?.wants || !loaded || !alive || isOccupied(state)) return;
      if (budget.wants === 'trial' && presetOf(state.config) !== 'quick') return store.dispatch({ type: 'budget_left' }); // Something else is wanted by now.
      const speed = speedOf(state, cores);
      if (!speed) {
        if (budget.wants === 'tables') store.dispatch({ type: 'budget_unknown' });
        return;
      }
      if (askForTables(state)) return;
      const plan = bestIn(budget.minutes, speed, imagesOf(state));
      if (!plan) return store.dispatch({ type: 'budget_left' });
      if ('by' in plan) store.dispatch({ type: 'preset_chosen', preset: settingsBy(plan) });
      store.dispatch({ type: 'budget_planned', plan, speed });
    },
  };
}
