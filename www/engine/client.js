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
import { FULL_ONLY, dismiss, listen, nameFor, openOrSay } from './workers.js';

/** @import { Name } from './workers.js' */
/**
 * A worker that was opened before there was anybody to listen, and what it said.
 * @typedef {{ name: Name, opened: Worker | ErrorReport, said: Message[] }} First
 */

/**
 * @param {(message: Message) => void} tell Is given every message of the worker, in order.
 * @param {Backend} [backend] What the page begins with.
 * @param {First | null} [first] The worker that is open already.
 * @returns {{ send: (command: Command, transfer?: Transferable[]) => void, restart: (backend: Backend) => void }}
 */
export function connect(tell, backend = 'auto', first = null) {
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

  /** @param {Name} name @param {Worker | ErrorReport} opened @param {Message[]} [said] What it has said already. */
  function begin(name, opened, said = []) {
    holds = name;
    const isWorker = !('code' in opened);
    if (isWorker) {
      worker = opened;
      listen(worker, receive);
    }
    // Later, because whoever connects listens only after it.
    queueMicrotask(() => {
      if (isWorker) said.forEach(receive);
      else receive({ type: 'failed', error: opened });
    });
  }

  /** Another worker takes this one's place. @param {Name} name */
  function replace(name) {
    dismiss(worker);
    engine = 'awaited';
    waiting = [];
    begin(name, openOrSay(name));
  }

  const wanted = nameFor(backend);
  if (first?.name === wanted) begin(wanted, first.opened, first.said);
  else {
    if (first && !('code' in first.opened)) dismiss(first.opened);
    begin(wanted, openOrSay(wanted));
  }

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
