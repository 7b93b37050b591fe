/**
 * The worker's handle: send, be told, terminate, restart.
 *
 * What is sent before the worker has said `ready` would be lost, so it waits here. A worker that
 * dies (its script or the wasm module cannot be had, or it throws outside a command) becomes a
 * `failed` message like any other.
 *
 * It does not look into messages and keeps no state of the run.
 *
 * @import { Command, Message } from './protocol.js'
 */

/** @param {string} detail @returns {Message} */
function failed(detail) {
  return {
    type: 'failed',
    error: {
      code: 'worker_failed',
      message: detail ? `The training engine stopped: ${detail}` : 'The training engine could not be loaded.',
      hint: 'Reload the page; if it happens again, try another browser or the backend “flex”.',
    },
  };
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

  function restart() {
    worker?.terminate();
    ready = false;
    worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'convburn' });
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
