/**
 * The learning rate over a run before it is trained, and while it is: the engine is asked how it goes by the settings, and by
 * those of the run that is there, wherever a schedule moves it.
 *
 * It knows no DOM and no wasm: the panel is views/rate.js's.
 *
 * @import { Command, Config, LearningRates } from '../protocol/protocol.js'
 * @import { Changes, State } from './store.js'
 */
import { crossCheck } from './fitting.js';

/** What the engine answered. @typedef {{ key: string, rates: LearningRates }} Answered */

/** Settings that the rates hang on. */
const KEYS = /** @type {const} */ (['train', 'batch', 'last_batch', 'epochs', 'lr', 'optimizer', 'muon_lr', 'schedule', 'warm_up', 'lr_start', 'lr_end', 'drops', 'drop_factor']);

/** Answers that are kept: the form's, the run's, and some of before, to which settings often go back. */
const MOST_KEPT = 6;

/** Settings rest for so long before the engine is asked. */
const REST_MS = 120;

/** @param {Config} config */
const keyOf = (config) => JSON.stringify(KEYS.map((key) => config[key]));

/** How the store's state takes the engine's answer. @type {Changes} */
export const RATES = {
  learning_rates: (state, { config, rates }) => {
    const key = keyOf(config);
    return { rates: [{ key, rates }, ...state.rates.filter((answer) => answer.key !== key)].slice(0, MOST_KEPT) };
  },
};

/** Whether the learning rate of a configuration changes on the way. @param {Config} config */
export const isMoved = ({ schedule }) => schedule !== 'constant';

/** The rates of a configuration; none where it stays, or before the engine has said. @param {State} state @param {Config | null} config @returns {LearningRates | null} */
export function ratesOf({ rates }, config) {
  if (!config || !isMoved(config)) return null;
  const key = keyOf(config);
  return rates.find((answer) => answer.key === key)?.rates ?? null;
}

/** Whose rates are missing, and can be told. @param {State} state @returns {Config | null} */
function missing(state) {
  const isUsable = Object.keys({ ...state.problems, ...crossCheck(state.config) }).length === 0;
  const wanted = [state.runConfig, ...(isUsable ? [state.config] : [])];
  return wanted.find((config) => config && isMoved(config) && !ratesOf(state, config)) ?? null;
}

/**
 * @param {{ get: () => State }} store
 * @param {(command: Command) => void} send
 * @param {(call: () => void, ms: number) => unknown} later
 */
export function createRates(store, send, later) {
  /** What was asked for last, and of which engine: one that refuses is not asked again. */
  let asked = '';
  let waits = false;

  function ask() {
    waits = false;
    const config = missing(store.get());
    if (!config || !store.get().alive || asked === keyOf(config)) return;
    asked = keyOf(config);
    send({ type: 'learning_rates', config });
  }

  return {
    /** Asks for what is missing once the settings rest, after each message. */
    look() {
      const state = store.get();
      if (!state.alive) asked = '';
      const config = missing(state);
      if (!config || !state.alive || waits || asked === keyOf(config)) return;
      waits = true;
      later(ask, REST_MS);
    },
  };
}
