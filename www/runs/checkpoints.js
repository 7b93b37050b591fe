/**
 * Keeps the run on this machine, so that a reload or a crash costs seconds: the last checkpoint and the best
 * one by accuracy on the test images. The last one also stays in memory, for an engine that takes a lost
 * one's place.
 *
 * Of several tabs of this page the first one that trains keeps its run; the others are told. A run that this page
 * neither wrote nor opened is never written over, unless the visitor says so. Where nothing can be kept, training goes
 * on, and that is said once. Where files lie is run-storage.js's, when a checkpoint is made the worker's, and what is in it the crate's.
 *
 * @import { Message } from '../protocol/protocol.js'
 * @import { RunDescription } from './run-files.js'
 * @import { Action, State } from '../state/store.js'
 * @import { RunStorage } from '../storage/run-storage.js'
 */
import { wordsOf } from '../protocol/errors.js';
import { isSameRun, keptRun } from '../state/storage-reducer.js';
import { createRunLock } from '../storage/run-lock.js';
import { describeRun } from './run-files.js';

const LAST = 'last.safetensors';
const BEST = 'best.safetensors';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/**
 * A run that the engine has been given. `run`: the last one that is kept, if it is that; `isKept`: whether it is that or the best one, not a file.
 * @typedef {{ bytes: Bytes, run: RunDescription | null, isKept: boolean }} Opened
 */

/** @param {Bytes | null} bytes */
const describe = (bytes) => bytes && describeRun(bytes);

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {object} browser
 * @param {() => Promise<RunStorage>} browser.open
 * @param {LockManager} [browser.locks]
 * @param {Pick<StorageManager, 'persist' | 'persisted'>} [browser.storage]
 * @param {() => Promise<void>} [browser.deleteOthers] Deletes what is stored beside runs.
 */
export function createCheckpoints(store, { open, locks, storage, deleteOthers = async () => undefined }) {
  /** @type {Promise<RunStorage> | null} */
  let runStorage = null;
  /** The run's last checkpoint. @type {Bytes | null} */
  let latest = null;
  /** Whether there is a best one of this run. */
  let hasBest = false;
  /** What waits to be written: a newer one takes an older one's place. @type {Map<string, Bytes>} */
  const waiting = new Map();
  let writing = false;
  /** The page was left, and may be frozen to be shown again. */
  let isAway = false;
  /** The run that may be written over: what this page last wrote, opened, or was told. @type {RunDescription | null} */
  let known = null;
  /** Whether what is kept was looked at since this page may write. */
  let isChecked = false;
  /** What the visitor was asked about, or has answered, for the present run. @type {RunDescription | null} */
  let askedAbout = null;
  /** The best run that is kept. @type {RunDescription | null} */
  let best = null;
  /** Whether that is of another run than the page's. */
  let isBestOfAnother = true;
  /** @type {Opened | null} */
  let opening = null;
  /** What was complained of last. */
  let told = '';
  const lock = createRunLock(locks, comeBack);

  const opened = () => (runStorage ??= open());

  /** @param {string} sentence */
  function complain(sentence) {
    if (told === sentence) return;
    told = sentence;
    store.dispatch({ type: 'keeping_failed', sentence });
  }

  /** Whether nothing but this page's run would be written over; another one is asked about. @param {RunStorage} there */
  async function check(there) {
    if (isChecked) return true;
    const found = describe(await there.read(LAST));
    isChecked = found === null || isSameRun(found, known);
    if (isChecked) return true;
    if (isSameRun(found, askedAbout)) return false;
    askedAbout = found;
    store.dispatch({ type: 'run_found', found, best, isHeld: false });
    store.dispatch({ type: 'replace_asked', by: 'keep' });
    return false;
  }

  /** @param {RunStorage} there */
  async function writeWaiting(there) {
    for (let [next] = waiting; next && !isAway; [next] = waiting) {
      const [name, bytes] = next;
      waiting.delete(name);
      const isFirst = known === null && keptRun(store.get().kept) === null;
      if (await there.write(name, bytes, () => !isAway) === false) return;
      if (name === BEST) best = describe(bytes);
      else if (isBestOfAnother) {
        await there.remove(BEST);
        best = null;
      }
      if (name === LAST) known = describe(bytes);
      isBestOfAnother = false;
      store.dispatch({ type: 'run_kept', own: known, best });
      if (isFirst) void askToPersist();
    }
  }

  async function writeAll() {
    if (writing || isAway) return;
    writing = true;
    try {
      if (!(await lock.take())) {
        complain('Another tab of this page keeps its run. This one trains all the same, and is not kept: save the run as a file before you close it.');
        return;
      }
      if (isAway) return lock.release();
      const there = await opened();
      if (await check(there)) await writeWaiting(there);
    } catch (thrown) {
      runStorage = null; // Perhaps it is there again next time.
      complain(`The run cannot be kept on this machine (${wordsOf(thrown)}). Training goes on; save the run as a file before you close the page.`);
    } finally {
      waiting.clear();
      writing = false;
    }
  }

  /** Asks the browser to keep what is stored also when room runs short. Nothing waits for it: a browser may ask the visitor. */
  async function askToPersist() {
    const isPersistent = await storage?.persist?.().catch(() => false);
    if (isPersistent !== undefined) store.dispatch({ type: 'persistence_told', isPersistent });
  }

  /** @param {Bytes} bytes @param {boolean} isBest Whether no epoch of the run did better. */
  function keep(bytes, isBest) {
    latest = bytes;
    waiting.set(LAST, bytes);
    // Of a run that was opened from a file the best is not here: what comes first stands in for it.
    if (isBest || (!hasBest && store.get().epochs.length > 0)) {
      hasBest = true;
      waiting.set(BEST, bytes);
    }
    void writeAll();
  }

  /** The engine has taken what it was given. */
  function takeOver() {
    if (!opening) return; // A successor was given the run that it had.
    latest = opening.bytes;
    known = opening.run;
    isChecked = false;
    askedAbout = null;
    isBestOfAnother = !opening.isKept;
    hasBest = opening.isKept && best !== null;
    opening = null;
  }

  /** @param {Message | Action} message */
  function heard(message) {
    if (message.type === 'checkpoint' && store.get().trained) keep(message.bytes, message.is_best);
    if (message.type === 'restored') takeOver();
    // The engine refused it, or was lost with it.
    if (message.type === 'recovering' || (message.type === 'error' && message.command === 'restore')) opening = null;
    if (message.type === 'started') {
      isBestOfAnother = true;
      askedAbout = null;
    }
    if (message.type === 'started' || message.type === 'was_reset' || (message.type === 'source_chosen' && !store.get().trained)) {
      latest = null;
      hasBest = false;
    }
    if (message.type === 'replace_answered' && message.agreed) {
      known = store.get().kept.found;
      askedAbout = null;
      if (message.by === 'keep') keepLatest();
    }
  }

  function keepLatest() {
    if (!latest) return;
    waiting.set(LAST, latest);
    void writeAll();
  }

  /** The page is shown again, or another tab has let go: the page's run is kept on, or it is said why not. */
  function comeBack() {
    isAway = false;
    if (latest && store.get().trained) keepLatest();
    else void find();
  }

  /** What an earlier visit left. That nothing can be kept is said when there is something to keep. */
  async function find() {
    const nothing = { found: null, best: null, isHeld: false };
    store.dispatch({ type: 'run_found', ...await look().catch(() => nothing) });
  }

  async function look() {
    if (await lock.isElsewhere()) return { found: null, best: null, isHeld: true };
    const there = await opened();
    best = describe(await there.read(BEST));
    const found = describe(await there.read(LAST)) ?? best;
    if (found) void storage?.persisted?.().then((isPersistent) => store.dispatch({ type: 'persistence_told', isPersistent }), () => undefined);
    return { found: isSameRun(found, known) ? null : found, best, isHeld: false };
  }

  return {
    heard,
    find,
    /** The run's last checkpoint, a copy to be given away. @returns {Bytes | null} */
    latest: () => latest?.slice() ?? null,
    /** Notes a run that the engine is given from a file. @param {Bytes} bytes */
    note(bytes) {
      opening = { bytes: bytes.slice(), run: null, isKept: false };
    },
    /** The last run that is kept, to be given to the engine. @returns {Promise<Bytes | null>} */
    async readLast() {
      const there = await opened();
      const bytes = (await there.read(LAST)) ?? await there.read(BEST);
      opening = bytes && { bytes: bytes.slice(), run: describe(bytes), isKept: true };
      return bytes;
    },
    /** The best one. @param {boolean} isOpened Whether it is to be given to the engine. @returns {Promise<Bytes | null>} */
    async readBest(isOpened) {
      const bytes = await (await opened()).read(BEST);
      if (isOpened) opening = bytes && { bytes: bytes.slice(), run: null, isKept: true };
      return bytes;
    },
    async remove() {
      try {
        const there = await opened();
        await there.remove(LAST);
        await there.remove(BEST);
        await deleteOthers();
        known = null;
        best = null;
        store.dispatch({ type: 'runs_deleted' });
      } catch (thrown) {
        store.dispatch({ type: 'noticed', sentence: `Not everything that is stored could be deleted (${wordsOf(thrown)}).` });
      }
    },
    /** The page is left. It may be frozen and shown again: nothing of it may stand in another visit's way. */
    leave() {
      isAway = true;
      waiting.clear();
      lock.release();
      isChecked = false;
    },
    comeBack,
  };
}

/** @typedef {ReturnType<typeof createCheckpoints>} Keeping */
