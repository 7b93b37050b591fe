/**
 * The network that the settings ask for, as a table, before a run trains it: the engine is asked for that table, and it
 * is shown while nothing runs. During a run the table is the run's own.
 *
 * It knows no DOM and no wasm: the panel is views/network.js's.
 *
 * @import { Command, Config, ErrorReport, Summary } from '../protocol/protocol.js'
 * @import { Changes, State } from './store.js'
 */
import { readable } from './network-rows.js';
import { isSame } from './networks.js';
import { isOccupied } from './phases.js';

/** The table of a network that is not loaded. @typedef {{ network: Config['network'], summary: Summary }} Planned */
/** Why the crate refused a network: with the layer's id in it. @typedef {{ network: Config['network'], sentence: string }} Refusal */
/** `isNext`: of the next run's, not of the one that is loaded. @typedef {{ summary: Summary, isNext: boolean }} Shown */

/** How the store's state takes the engine's answer. @type {Changes} */
export const PLANS = {
  // Tables of networks with a name are asked for by budget.js too: those are not the settings', and take no table's place.
  summarized: ({ config, tables, loaded }, { network, summary }) => ({
    ...(isSame(config.network, network) ? { planned: { network, summary } } : {}),
    ...(typeof network === 'string' && loaded ? { tables: { ...tables, [network]: { backend: loaded.backend.active, summary } } } : {}),
  }),
  // A network that cannot be built is a setting that cannot be used: Start says so, and the address stays.
  network_refused: ({ config, problems }, { network, error }) => (isSame(config.network, network)
    ? { refusal: { network, sentence: sentenceOf(error) }, problems: { ...problems, network: readable(sentenceOf(error), false) } }
    : {}),
};

/** The crate's sentence without its beginning, which names the setting. @param {ErrorReport} error */
const sentenceOf = ({ message }) => message.replace('The setting "network" cannot be used: ', '');

/** Whether the settings ask for another network than the loaded one. @param {State} state */
const asksForOther = ({ loaded, config }) => loaded !== null && !isSame(loaded.config.network, config.network);

/** The table to be shown; none before the engine has loaded. @param {State} state @returns {Shown | null} */
export function shownNetwork(state) {
  const { loaded, planned, config } = state;
  if (!loaded) return null;
  if (planned && asksForOther(state) && isSame(planned.network, config.network) && !isOccupied(state)) return { summary: planned.summary, isNext: true };
  return { summary: loaded.summary, isNext: false };
}

/**
 * @param {{ get: () => State }} store
 * @param {(command: Command) => void} send
 */
export function createPlanning(store, send) {
  /** What was asked last, and of what the engine then held. @type {Pick<State, 'loaded'> & Pick<Config, 'network'> | null} */
  let asked = null;

  return {
    /** Asks for the table once it is wanted, after each message. */
    look() {
      const state = store.get();
      const { loaded, alive, config: { network } } = state;
      if (!alive || !asksForOther(state) || isOccupied(state)) {
        asked = null;
        return;
      }
      if (asked?.loaded === loaded && isSame(asked.network, network)) return;
      asked = { loaded, network };
      send({ type: 'summarize', network });
    },
  };
}
