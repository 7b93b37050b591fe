/**
 * Which images there are to look at once the engine has them: those that a run trains on and those that it measures
 * on, as the crate says, held-out ones among them. What is drawn of the server's before that is loader.js's.
 *
 * It decides nothing about records and draws nothing.
 *
 * @import { Command, Message, Split } from '../protocol/protocol.js'
 * @import { Action, State } from '../state/store.js'
 */

/** Images of each part that are asked for: as many as a shard of the server's has. */
const MOST_SHOWN = 2_000;

/**
 * What the choice of a run's records hangs on; null while records are still on their way.
 * @param {Pick<State, 'data' | 'loaded' | 'turn' | 'files'>} state
 * @returns {string | null}
 */
export function choiceOf({ data, loaded, turn, files }) {
  if (!data?.complete || !loaded || files.some(({ isAdded }) => !isAdded)) return null;
  const { train_records, test_records, train_used, test_used, held_out } = data;
  const { seed, hold_out } = loaded.config;
  return JSON.stringify([turn, train_records, test_records, train_used, test_used, held_out && [seed, hold_out]]);
}

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {(command: Command) => void} send
 */
export function createShowing(store, send) {
  /** @type {string | null} The choice that was last asked for. */
  let asked = null;
  let ids = 0;
  /** What is awaited for each part: an older answer is out of date. @type {Partial<Record<Split, number>>} */
  const awaited = {};

  /** @param {Split} set */
  function ask(set) {
    awaited[set] = ids += 1;
    send({ type: 'show', id: ids, set, first: 0, count: MOST_SHOWN });
  }

  /** @param {Message | Action} message */
  function heard(message) {
    if (message.type === 'shown') {
      const records = message.records.length > 0 ? message.records : null;
      if (message.id === awaited[message.set]) store.dispatch({ type: 'pool_filled', split: message.set, records });
      return;
    }
    if (message.type === 'error' && message.command === 'show') asked = null;
    const choice = choiceOf(store.get());
    if (choice === null || choice === asked || message.type === 'error') return;
    asked = choice;
    ask('train');
    ask('test');
  }

  return { heard };
}
