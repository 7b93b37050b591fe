/**
 * Opens the page's worker with one of the crate's modules, or says why there can be none.
 *
 * @import { Backend, ErrorReport, Message } from '../protocol/protocol.js'
 */
import { reportOf, wordsOf } from '../protocol/errors.js';
import { noModuleWorker, whyNoEngine } from './capabilities.js';

/** @typedef {'convburn cpu' | 'convburn full'} Name A worker's name says which module it is to hold. */

/** Backends that only the full module has. Whether `auto` comes to one of them is the crate's to say. @type {readonly string[]} */
export const FULL_ONLY = /** @type {Backend[]} */ (['webgpu', 'ndarray']);

/** Which worker a page begins with. @param {string | null} backend Of its settings; a link may say anything. @returns {Name} */
export const nameFor = (backend) => (backend !== null && FULL_ONLY.includes(backend) ? 'convburn full' : 'convburn cpu');

/** @param {string} detail @returns {Extract<Message, { type: 'failed' }>} */
export function failed(detail) {
  const message = detail ? `The training engine stopped: ${detail.replace(/\.?$/, '.')}` : 'The training engine could not be loaded.';
  const hint = 'Reload the page; if it happens again, try another browser or the backend “flex”.';
  return { type: 'failed', error: reportOf('worker_failed', message, hint) };
}

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
export function openOrSay(name) {
  try {
    return open(name);
  } catch (thrown) {
    return failed(`no worker can be started here (${wordsOf(thrown)})`).error;
  }
}

/** Has `hear` told all that a worker says, and how it ends. @param {Worker} worker @param {(message: Message) => void} hear */
export function listen(worker, hear) {
  worker.onmessage = (event) => hear(event.data);
  worker.onerror = (event) => hear(failed(event.message ?? ''));
  worker.onmessageerror = () => hear(failed('a message could not be read.'));
}

/** What it still says is of the past. @param {Worker | null} worker */
export function dismiss(worker) {
  if (worker) worker.onmessage = worker.onerror = worker.onmessageerror = null;
  worker?.terminate();
}
