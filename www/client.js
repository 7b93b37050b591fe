/**
 * The worker's handle: send, be told, terminate, restart.
 *
 * What is sent before the worker has said `ready` would be lost, so it waits here. A worker that
 * dies (its script or the wasm module cannot be had, or it throws outside a command) becomes a
 * `failed` message like any other, and so does a browser in which none can run.
 *
 * It does not look into messages and keeps no state of the run.
 *
 * @import { Command, ErrorReport, Message } from './protocol.js'
 */
import { reportOf } from './errors.js';
import { noModuleWorker, whyNoEngine } from './surroundings.js';

/** @param {string} detail @returns {Message} */
function failed(detail) {
  const message = detail ? `The training engine stopped: ${detail}` : 'The training engine could not be loaded.';
  const hint = 'Reload the page; if it happens again, try another browser or the backend “flex”.';
  return { type: 'failed', error: reportOf('worker_failed', message, hint) };
}

/** @returns {{ worker: Worker, readsType: boolean }} `readsType`: whether the browser knows module workers. */
function open() {
  let readsType = false;
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    // A browser that does not know the type never asks for it, and would run the script as another kind.
    get type() {
      readsType = true;
      return /** @type {const} */ ('module');
    },
    name: 'convburn',
  });
  return { worker, readsType };
}

/**
 * @param {(message: Message) => void} tell Is given every message of the worker, in order.
 * @returns {{ send: (command: Command, transfer?: Transferable[]) => void, terminate: () => void, restart: () => void }}
 */
export function connect(tell) {
  /** @type {Worker | null} */
  let worker = null;
  let ready = false;
  /** @type {[Command, Transferable[]][]} */
  let waiting = [];

  /** @param {MessageEvent<Message>} event */
  function receive(event) {
    if (event.data.type === 'ready') {
      ready = true;
      for (const [command, transfer] of waiting) worker?.postMessage(command, transfer);
      waiting = [];
    }
    tell(event.data);
  }

  /** Later, because whoever connects listens only after it. @param {ErrorReport} error */
  const tellNoEngine = (error) => queueMicrotask(() => tell({ type: 'failed', error }));

  function restart() {
    worker?.terminate();
    worker = null;
    ready = false;
    const reason = whyNoEngine();
    if (reason) return tellNoEngine(reason);
    const opened = open();
    if (!opened.readsType) {
      opened.worker.terminate();
      return tellNoEngine(noModuleWorker());
    }
    worker = opened.worker;
    worker.onmessage = receive;
    worker.onerror = (event) => tell(failed(event.message ?? ''));
    worker.onmessageerror = () => tell(failed('a message could not be read.'));
  }

  restart();
  return {
    send(command, transfer = []) {
      if (ready) worker?.postMessage(command, transfer);
      else waiting.push([command, transfer]);
    },
    terminate() {
      worker?.terminate();
      worker = null;
    },
    restart,
  };
}
