/**
 * Training images as the run would see them: the engine is asked for some, while somebody looks, whenever what they come to may be
 * another. The same images as they are lie in the state already.
 *
 * It draws nothing.
 *
 * @import { Command, Message } from '../protocol/protocol.js'
 * @import { Action, State } from '../state/store.js'
 */
import { AUGMENTED, isAugmenting } from '../state/augmentation.js';
import { crossCheck } from '../state/fitting.js';

/** Settings rest for so long before the engine is asked. */
const REST_MS = 120;

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {(command: Command) => void} send
 * @param {(call: () => void, ms: number) => unknown} later
 */
export function createAugmenting(store, send, later) {
  /** What was asked for last. @type {unknown[]} */
  let asked = [];
  let ids = 0;
  let waits = false;

  /** What the pictures hang on; none while there are none, or nobody looks. @param {State} state @returns {unknown[] | null} */
  function wanted({ config, problems, augmentation, pool, loaded, alive }) {
    const isUsable = Object.keys({ ...problems, ...crossCheck(config) }).length === 0;
    if (!augmentation.isShown || !isAugmenting(config) || !isUsable || !pool.train || !loaded || !alive) return null;
    const { augment, flip, shift_px, shift_edge, cutout_px, seed } = config;
    return [augment, flip, shift_px, shift_edge, cutout_px, seed, augmentation.epoch, pool.train, loaded];
  }

  /** @param {unknown[] | null} now @returns {now is unknown[]} Whether it is to be asked for. */
  const isNew = (now) => now !== null && now.some((value, i) => value !== asked[i]);

  function ask() {
    waits = false;
    const state = store.get();
    const now = wanted(state);
    if (!isNew(now)) return;
    asked = now;
    ids += 1;
    send({ type: 'augment', id: ids, config: state.config, first: 0, count: AUGMENTED, epoch: state.augmentation.epoch });
  }

  return {
    /** @param {Message | Action} message */
    heard(message) {
      if (message.type === 'augmented' && message.id === ids) {
        store.dispatch({ type: 'augmentation_laid', records: message.records.length > 0 ? message.records : null });
      }
      if (waits || !isNew(wanted(store.get()))) return;
      waits = true;
      later(ask, REST_MS);
    },
  };
}
