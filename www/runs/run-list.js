/**
 * When the list of this browser's runs changes: a run that ends or is stopped is put in, what is measured of it then is added, and
 * what the visitor does with a row is done. One change comes after the other.
 *
 * Where the browser keeps nothing, the list is of this visit, and says so. What a row is and what becomes of the list is kept-runs.js's
 * of the state, where it lies the storage's.
 *
 * @import { Message } from '../protocol/protocol.js'
 * @import { Action, State } from '../state/store.js'
 * @import { KeptRun } from '../state/kept-runs.js'
 * @import { ListStorage } from '../storage/run-list.js'
 */
import { wordsOf } from '../protocol/errors.js';
import { keptRunOf, withMeasured, withPin, withReturned, withRun, without } from '../state/kept-runs.js';
import { readKeptRuns } from '../state/kept-runs-reading.js';
import { isOccupied } from '../state/phases.js';

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {ListStorage} storage
 * @param {{ nowMs: () => number, makeId: () => string }} machine Milliseconds since 1970; an id that no other run has.
 */
export function createRunList(store, storage, { nowMs, makeId }) {
  /** The run that this page started; null of one that was opened, whose row is found by its figures. @type {string | null} */
  let id = null;
  /** Whether the browser has refused to keep the list. */
  let isUnkept = false;
  /** The change before. @type {Promise<unknown>} */
  let last = Promise.resolve();

  /** @param {(rows: KeptRun[]) => KeptRun[]} edit */
  async function changeNow(edit) {
    let rows = null;
    if (!isUnkept) {
      rows = await storage.change((value) => edit(readKeptRuns(value))).catch((thrown) => {
        isUnkept = true;
        store.dispatch({ type: 'kept_runs_unkept', sentence: `The list cannot be kept on this machine (${wordsOf(thrown)}): what is added now is gone with this page.` });
        return null;
      });
    }
    store.dispatch({ type: 'kept_runs_listed', rows: rows ?? edit(store.get().keptRuns.rows) });
  }

  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  function inTurn(task) {
    const done = last.then(task);
    last = done.catch(() => undefined);
    return done;
  }

  /** @param {(rows: KeptRun[]) => KeptRun[]} edit */
  const change = (edit) => inTurn(() => changeNow(edit));

  /** @param {typeof withRun} put @param {number | null} [measured] Its accuracy on the test images, where its end measured that. */
  function note(put, measured = null) {
    const run = keptRunOf(store.get(), { id: id ?? makeId(), endedMs: nowMs() }, measured);
    const known = id;
    if (run) void change((rows) => put(rows, run, known));
  }

  /** @param {Message | Action} message @param {State} before From before it. */
  function heard(message, before) {
    if (message.type === 'started') id = makeId();
    if (message.type === 'restored' && before.phase !== 'recovering') id = null;
    if (message.type === 'stopped') note(withRun);
    if (message.type === 'done') note(withRun, message.evaluation?.accuracy);
    if (message.type === 'training_evaluation' && !isOccupied(store.get())) note(withMeasured);
  }

  return {
    heard,
    /** Reads the list, which another tab may have changed. */
    look: () => change((rows) => rows),
    /** @param {string} rowId @param {boolean} isPinned */
    pin: (rowId, isPinned) => change((rows) => withPin(rows, rowId, isPinned)),
    /** @param {string} rowId */
    remove: (rowId) => change((rows) => without(rows, rowId)),
    /** Puts one that was removed back. @param {KeptRun} run */
    giveBack: (run) => change((rows) => withReturned(rows, run)),
    /** Deletes all of it. Rejects where the browser refuses. */
    clear: () => inTurn(() => storage.remove()),
  };
}

/** @typedef {ReturnType<typeof createRunList>} RunList */
