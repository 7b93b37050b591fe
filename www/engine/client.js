/**
 * The worker's handle: send and be told.
 *
 * What is sent before the worker has said `ready` would be lost, so it waits here. A worker that
 * dies (its script or the wasm module cannot be had, or it throws outside a command) becomes a
 * `failed` message like any other, and so does a browser in which none can run. What is sent after
 * that is dropped, because nobody will ever ask for it and a shard is megabytes.
 *
 * A worker holds one of the crate's two modules. It begins with the small one unless the backend is
 * one that only the full module has, and is replaced (`other_module`) by one that holds the full
 * module when something asks for that, or by another of its kind when it was lost (recovery.js): what is sent
 * from then on goes to the new one.
 *
 * Otherwise it does not look into messages, and it keeps no state of the run.
 *
 * @import { Backend, Command, ErrorReport, Message } from '../protocol/protocol.js'
 */
import { reportOf, wordsOf } from '../protocol/errors.js';
import { noModuleWorker, whyNoEngine } from './capabilities.js';

/** @param {string} detail @returns {Extract<Message, { type: 'failed' }>} */
function failed(detail) {
  const message = detail ? `The training engine stopped: ${detail.replace(/\.?$/, '.')}` : 'The training engine could not be loaded.';
  const hint = 'Reload the page; if it happens again, try another browser or the backend “flex”.';
  return { type: 'failed', error: reportOf('worker_failed', message, hint) };
}

/** @typedef {'convburn cpu' | 'convburn full'} Name A worker's name says which module it is to hold. */

/** Backends that only the full module has. Whether `auto` comes to one of them is the crate's to say. @type {Backend[]} */
export const FULL_ONLY = ['webgpu', 'ndarray'];

/** @param {Name} name @returns {Worker | ErrorReport} The worker, or why there can be none. */
function open(name) {
  const reason = whyNoEngine();
  if (reason) return reason;
  let readsType = false;
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    // A browser that does not know the type never asks for it, and would run the script as another kind.
    get type() {
      readsType = true;
      return /** @type {const} */ ('module');
    },
    name,
  });
  if (readsType) return worker;
  worker.terminate();
  return noModuleWorker();
}

/** Also where the browser refuses a worker by throwing. @param {Name} name @returns {Worker | ErrorReport} */
function openOrSay(name) {
  try {
    return open(name);
  } catch (thrown) {
    return failed(`no worker can be started here (${wordsOf(thrown)})`).error;
  }
}

/**
 * @param {(message: Message) => void} tell Is given every message of the worker, in order.
 * @param {Backend} [backend] What the page begins with.
 * @returns {{ send: (command: Command, transfer?: Transferable[]) => void, restart: (backend: Backend) => void }}
 */
export function connect(tell, backend = 'auto') {
  /** @type {Worker | null} */
  let worker = null;
  /** Whether the worker listens: not yet, now, or never more. @type {'awaited' | 'ready' | 'gone'} */
  let engine = 'awaited';
  /** @type {[Command, Transferable[]][]} */
  let waiting = [];
  /** @type {Name} */
  let holds = 'convburn cpu';

  /** @param {Message} message */
  function receive(message) {
    if (engine === 'gone') return; // A module that broke answers what was under way, and nothing may be built on that.
    if (message.type === 'ready') {
      engine = 'ready';
      for (const [command, transfer] of waiting) worker?.postMessage(command, transfer);
    }
    if (message.type === 'failed') engine = 'gone';
    if (message.type === 'other_module') replace('convburn full');
    if (engine !== 'awaited') waiting = [];
    tell(message);
  }

  /** @param {Name} name */
  function begin(name) {
    holds = name;
    const opened = openOrSay(name);
    if ('code' in opened) {
      // Later, because whoever connects listens only after it.
      queueMicrotask(() => receive({ type: 'failed', error: opened }));
      return;
    }
    worker = opened;
    worker.onmessage = (event) => receive(event.data);
    worker.onerror = (event) => receive(failed(event.message ?? ''));
    worker.onmessageerror = () => receive(failed('a message could not be read.'));
  }

  /** Another worker takes this one's place. @param {Name} name */
  function replace(name) {
    if (worker) worker.onmessage = worker.onerror = worker.onmessageerror = null; // What it still says is of the past.
    worker?.terminate();
    engine = 'awaited';
    waiting = [];
    begin(name);
  }

  begin(FULL_ONLY.includes(backend) ? 'convburn full' : 'convburn cpu');

  return {
    /** A lost worker is replaced; `auto` is left with the module that it had. */
    restart(wanted) {
      const isFull = FULL_ONLY.includes(wanted) || (wanted === 'auto' && holds === 'convburn full');
      replace(isFull ? 'convburn full' : 'convburn cpu');
    },
    send(command, transfer = []) {
      if (engine === 'ready') worker?.postMessage(command, transfer);
      else if (engine === 'awaited') waiting.push([command, transfer]);
    },
  };
}
