/**
 * Keeps the run on this machine, so that a reload or a crash costs seconds: the last checkpoint and the best
 * one by accuracy on the test images. The last one also stays in memory, for an engine that takes a lost
 * one's place.
 *
 * Of several tabs of this page the first one that trains keeps its run; the others are told. Where
 * nothing can be kept, training goes on, and that is said once. Where files lie is vault.js's, when a
 * checkpoint is made the worker's, and what is in it the crate's.
 *
 * @import { Message } from './protocol.js'
 * @import { Action, State } from './store.js'
 * @import { Vault } from './vault.js'
 */
import { wordsOf } from './errors.js';
import { describeRun } from './run-files.js';
import { nameOf } from './scope.js';

const LAST = 'last.safetensors';
const BEST = 'best.safetensors';
/** One tab at a time holds it, from its first checkpoint on until it closes. */
const LOCK = nameOf('run');

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {() => Promise<Vault>} open
 * @param {LockManager | undefined} locks
 * @param {() => Promise<void>} [deleteOthers] Deletes what is stored beside runs.
 */
export function createKeeping(store, open, locks, deleteOthers = async () => undefined) {
  /** @type {Promise<Vault> | null} */
  let vault = null;
  /** The run's last checkpoint. @type {Uint8Array<ArrayBuffer> | null} */
  let latest = null;
  /** @type {number | null} */
  let bestAccuracy = null;
  /** What waits to be written: a newer one takes an older one's place. @type {Map<string, Uint8Array<ArrayBuffer>>} */
  const waiting = new Map();
  let writing = false;
  let isMine = false;
  let isTold = false;

  const opened = () => (vault ??= open());

  /** @param {string} sentence */
  function complain(sentence) {
    if (isTold) return;
    isTold = true;
    store.dispatch({ type: 'keeping_failed', sentence });
  }

  /** Whether this tab may write. @returns {Promise<boolean>} */
  function claim() {
    if (isMine || !locks) return Promise.resolve(true); // Plain http has no locks.
    return new Promise((resolve) => {
      const held = (/** @type {Lock | null} */ lock) => {
        isMine = lock !== null;
        resolve(isMine);
        return lock ? new Promise(() => undefined) : undefined; // Until the tab closes.
      };
      locks.request(LOCK, { ifAvailable: true }, held).catch(() => resolve(true));
    });
  }

  async function writeAll() {
    if (writing) return;
    writing = true;
    try {
      if (!(await claim())) {
        complain('Another tab of this page keeps its run. This one trains all the same, and is not kept: save the run as a file before you close it.');
        return;
      }
      const there = await opened();
      for (let [next] = waiting; next; [next] = waiting) {
        waiting.delete(next[0]);
        await there.write(...next);
        store.dispatch({ type: 'run_kept' });
      }
    } catch (thrown) {
      vault = null; // Perhaps it is there again next time.
      complain(`The run cannot be kept on this machine (${wordsOf(thrown)}). Training goes on; save the run as a file before you close the page.`);
    } finally {
      waiting.clear();
      writing = false;
    }
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  function keep(bytes) {
    latest = bytes;
    waiting.set(LAST, bytes);
    const { epochs } = store.get();
    const accuracy = epochs[epochs.length - 1]?.val_accuracy ?? null;
    if (accuracy !== null && (bestAccuracy === null || accuracy > bestAccuracy)) {
      bestAccuracy = accuracy;
      waiting.set(BEST, bytes);
    }
    void writeAll();
  }

  /** @param {Message | Action} message */
  function heard(message) {
    if (message.type === 'checkpoint' && store.get().trained) keep(message.bytes);
    if (message.type === 'started' || message.type === 'was_reset' || (message.type === 'source_chosen' && !store.get().trained)) {
      latest = null;
      bestAccuracy = null;
    }
  }

  /** What an earlier visit left, if no other tab is at it. */
  async function find() {
    store.dispatch({ type: 'run_found', found: await look().catch(() => null) }); // That nothing is kept is said when there is something to keep.
  }

  async function look() {
    const others = await locks?.query();
    if (others?.held?.some(({ name }) => name === LOCK)) return null;
    const bytes = await (await opened()).read(LAST);
    return bytes && describeRun(bytes);
  }

  return {
    heard,
    find,
    /** The run's last checkpoint, a copy to be given away. @returns {Uint8Array<ArrayBuffer> | null} */
    latest: () => latest?.slice() ?? null,
    /** Notes a run that was opened from a file. @param {Uint8Array<ArrayBuffer>} bytes */
    note(bytes) {
      latest = bytes.slice();
    },
    /** What an earlier visit left. @returns {Promise<Uint8Array<ArrayBuffer> | null>} */
    async read() {
      const there = await opened();
      return (await there.read(LAST)) ?? there.read(BEST);
    },
    async remove() {
      try {
        const there = await opened();
        await there.remove(LAST);
        await there.remove(BEST);
        await deleteOthers();
        store.dispatch({ type: 'runs_deleted' });
      } catch (thrown) {
        store.dispatch({ type: 'noticed', sentence: `Not everything that is stored could be deleted (${wordsOf(thrown)}).` });
      }
    },
  };
}

/** @typedef {ReturnType<typeof createKeeping>} Keeping */
