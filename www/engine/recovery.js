/**
 * What is done when the engine is lost: its module panicked, its worker or its graphics card went, or it
 * gives no sign of life. Another worker takes its place, gets the data and the last checkpoint, and the run
 * goes on. The graphics card is tried once more, then the processor.
 *
 * An engine that is lost again and again without getting as far as a checkpoint is given up, and that is
 * said. How the state takes it is recovery-reducer.js's; what a checkpoint is, checkpoints.js's.
 *
 * @import { ErrorReport, Message } from '../protocol/protocol.js'
 * @import { Action, State } from '../state/store.js'
 * @import { Changes, Resend } from '../protocol/protocol.js'
 */
/** Losses without a checkpoint in between after which the engine is given up. */
const LOSSES_MAX = 3;
/**
 * Milliseconds without a sign of life, whether or not a run is under way: an engine of which nothing is asked beats
 * too. Firefox can block one for good while it opens a helper, which happens with its developer tools open or
 * under WebDriver: `WorkerPrivate::SetIsDebuggerRegistered` wakes one waiter, and the new worker may be that one.
 */
const SILENCE_MS = 20_000;
/** Milliseconds in which the run does not get on, although the worker lives: a graphics card that hangs. */
const STANDSTILL_MS = 60_000;
/** More of both for each image of a batch: the slowest backend takes a third of it. */
const PATIENCE_IMAGE_MS = 100;
/** A longer wait between two looks was no wait: the tab was frozen, or the machine slept. */
const ASLEEP_MS = 8_000;
/** Milliseconds between two looks. */
export const LOOK_EVERY_MS = 2_000;

/**
 * @param {{ get: () => State, dispatch: (message: Message | Action) => void }} store
 * @param {object} engine
 * @param {(backend: State['config']['backend']) => void} engine.restart Ends the worker and opens another.
 * @param {(resend: Resend) => Promise<void>} engine.sendAgain Loads it and brings it everything.
 * @param {() => Uint8Array<ArrayBuffer> | null} engine.latest The run's last checkpoint.
 * @param {() => number} now Milliseconds.
 */
export function createRecovery(store, { restart, sendAgain, latest }, now) {
  let losses = 0;
  let heardMs = now();
  let lookedMs = now();
  let pulls = 0;
  let gotOnMs = now();

  /** Whether another engine may mend it. @param {ErrorReport} error */
  function isHopeless({ code }) {
    const { alive, phase } = store.get();
    return (!alive && phase !== 'recovering') || losses >= LOSSES_MAX || code === 'no_module_worker';
  }

  /** @param {State} state @returns {Changes | null} */
  function changesFor({ loaded }) {
    const isOnGpu = loaded?.backend.active === 'webgpu';
    return isOnGpu && losses > 1 ? { backend: 'flex' } : null;
  }

  /**
   * Whether the engine is lost. A step that could not be computed or read back is no better than a panic.
   * @param {Message} message @returns {message is Extract<Message, { error: ErrorReport }>}
   */
  function isLoss(message) {
    return message.type === 'failed' || (message.type === 'error' && message.command === 'advance' && message.error.code === 'compute');
  }

  /** @param {ErrorReport} error */
  function recover(error) {
    losses += 1;
    const state = store.get();
    const changes = changesFor(state);
    const resumes = state.phase === 'training' || state.phase === 'compiling' || state.resumes || state.starting || state.startWaits;
    const bytes = state.trained ? latest() : null;
    store.dispatch({ type: 'recovering', reason: error.message, resumes, restores: bytes !== null, changes });
    heardMs = gotOnMs = now();
    restart(changes?.backend ?? state.loaded?.config.backend ?? state.config.backend);
    void sendAgain({ bytes, changes, start: resumes && bytes === null });
  }

  /** @param {Message} message Of the worker. */
  function hear(message) {
    heardMs = now();
    if (message.type !== 'heartbeat') gotOnMs = now();
    else if (message.pulls !== pulls || !message.turning) {
      ({ pulls } = message);
      gotOnMs = now();
    }
    if (message.type === 'checkpoint') losses = 0;
    if (message.type === 'heartbeat') return;
    if (isLoss(message) && !isHopeless(message.error)) return recover(message.error);
    store.dispatch(message);
    // The successor could not take the run over: there is nothing left to try.
    if (message.type === 'error' && message.command === 'restore' && store.get().phase === 'recovering') {
      store.dispatch({ type: 'failed', error: message.error });
    }
  }

  /** Looks whether the engine is alive; called every LOOK_EVERY_MS. */
  function look() {
    const waitedMs = now() - lookedMs;
    lookedMs = now();
    if (waitedMs > ASLEEP_MS) {
      heardMs = gotOnMs = now();
      return;
    }
    const { alive, phase, config } = store.get();
    if ((!alive && phase !== 'recovering') || phase === 'compiling') {
      heardMs = gotOnMs = now();
      return;
    }
    // A successor fetches its module first.
    const patienceMs = alive ? config.batch * PATIENCE_IMAGE_MS : STANDSTILL_MS;
    const isSilent = now() - heardMs > SILENCE_MS + patienceMs;
    const standsStill = phase === 'training' && now() - gotOnMs > STANDSTILL_MS + patienceMs;
    if (!isSilent && !standsStill) return;
    const message = isSilent ? 'The training engine gave no sign of life.' : 'The training engine did not get on.';
    hear({ type: 'failed', error: { code: 'worker_failed', message, hint: 'Reload the page.' } });
  }

  return { hear, look };
}
