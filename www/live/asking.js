/**
 * When the network is asked about the chosen image: each time that its weights are others, and
 * every second while it learns, so that its answer can be seen to change.
 *
 * A question takes its turn between two slices of training. One at a time is under way while the
 * network learns, so that questions never pile up behind a slow step. A graphics card that has not
 * been checked yet is asked only what the visitor asks. What the image is, is choosing.js's; what
 * becomes of the answer, try-it.js's.
 *
 * @import { Command, Message } from '../protocol/protocol.js'
 * @import { Action, State } from '../state/store.js'
 */

/** Often enough to be lively, too seldom to slow the training by more than a hundredth. */
const EVERY_MS = 1_000;

/** After these messages the network is another one, so its answer is too. */
const NEW_WEIGHTS = ['loaded', 'restored', 'started', 'paused', 'stopped', 'done', 'was_reset'];
/** While it learns they are others at each of these, as often as the engine likes. */
const LEARNS = ['progress', 'epoch_end'];

/** Whether nobody but the page would ask, and of a graphics card that was not checked yet: a run checks it. @param {State} state */
export function holdsBack({ subject, loaded, trained }) {
  return loaded?.backend.active === 'webgpu' && !loaded.backend.self_check && !trained && !subject?.asked;
}

/**
 * @param {{ get: () => State }} store
 * @param {(command: Command) => void} send
 * @param {{ now: () => number, isSeen: () => boolean }} page The time in milliseconds, and whether anyone looks.
 */
export function createAsking(store, send, { now, isSeen }) {
  let underWay = 0;
  let askedMs = 0;

  /** Asks about the chosen image, if there is one and a network to ask. */
  function ask() {
    const { subject, loaded } = store.get();
    if (!subject || !loaded || holdsBack(store.get())) return;
    underWay += 1;
    askedMs = now();
    send({ type: 'predict', id: subject.id, pixels: subject.pixels });
  }

  /** @param {Message | Action} message */
  function heard(message) {
    if (message.type === 'prediction' || (message.type === 'error' && message.command === 'predict')) underWay = Math.max(0, underWay - 1);
    if (message.type === 'failed' || message.type === 'ready') underWay = 0; // An engine that ends answers nothing more.
    if (NEW_WEIGHTS.includes(message.type)) ask();
    if (LEARNS.includes(message.type) && underWay === 0 && isSeen() && now() - askedMs >= EVERY_MS) ask();
  }

  return { ask, heard };
}
