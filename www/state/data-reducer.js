/**
 * How the state takes in data: the shards and files that are under way, and the engine's answers
 * about them. The rows of store.js's table of changes that have to do with data stand here.
 *
 * Pure, as the store is. It fetches nothing (shards.js, loader.js) and decides no phase (phases.js).
 *
 * @import { ErrorReport } from '../protocol/protocol.js'
 * @import { Action, AddedFile, Changes, State } from './store.js'
 */
import { complained } from './complaints.js';

/** Codes that say that the bytes themselves are bad. */
const BAD_BYTES = ['gzip', 'record_length', 'too_large', 'label', 'hash_mismatch'];
/** What a visitor can do about the server's data. */
export const DATA_HINT = 'Use your own copy of CIFAR-10, or try again. The page also tries by itself, now and then.';

/** Whether the engine refused the bytes themselves. @param {string} code */
export const isBadBytes = (code) => BAD_BYTES.includes(code);

/** Whether a complaint is about the server's data, and over when that is there. @param {ErrorReport | null} error */
export const isAboutData = (error) => error !== null && (['data_unavailable', 'invalid_manifest'].includes(error.code) || isBadBytes(error.code));

/** A file of the server's that is tried again, and why: the end of a sentence. @typedef {{ file: string, reason: string }} Missing */

/**
 * What the page itself reports of files that it has to fetch again.
 * @typedef {{ type: 'retry_waits', file: string, reason: string } | { type: 'retry_over', file: string }
 *   | { type: 'data_failed', sentence: string, retryAfterMs?: number } | { type: 'data_retried' }} RetryAction
 */

/** @typedef {{ missing: Missing[], refusals: Record<string, number> }} Retries `refusals` counts how often a shard came damaged, by its id. */

/** What the browser keeps of the page: nothing; all of it; all of it, and a newer version too. @typedef {'no' | 'kept' | 'newer'} Offline */
/** @typedef {{ type: 'offline_changed', offline: Offline }} OfflineAction */

/** @type {Retries} */
export const NO_RETRIES = { missing: [], refusals: {} };

/** Whether a shard came damaged more than once, which is no accident of the way. @param {Pick<Retries, 'refusals'>} state @param {string} id */
export const isDamagedAgain = ({ refusals }, id) => refusals[id] > 1;

/** What is missing while the page tries again, as sentences. @param {Retries} state @returns {string | null} */
export function missingSentence({ missing: [first, ...others] }) {
  if (!first) return null;
  const more = others.length > 0 ? `, and ${others.length} more ${others.length === 1 ? 'part is' : 'parts are'} missing` : '';
  return `Not here yet: ${first.reason}${more}. The page tries again by itself.`;
}

/** @param {Missing[]} missing @param {string} file */
const without = (missing, file) => (missing.some((each) => each.file === file) ? missing.filter((each) => each.file !== file) : missing);

/** @param {AddedFile[]} files @param {string} id @param {Partial<AddedFile>} change */
function amend(files, id, change) {
  return files.map((file) => (file.id === id ? { ...file, ...change } : file));
}

/** Whether this shard or file is of the present source, not of one before. @param {State} state @param {string} [id] */
function isCurrent(state, id) {
  return Boolean(id?.startsWith(`${state.turn}/`));
}

/**
 * A shard that was not added. The server's is held already after a second load of the same
 * manifest, which is as good, and is sent again when a run was in its way; a file that was refused
 * is not waited for any longer.
 * @param {State} state @param {ErrorReport} error @param {string} [id]
 * @returns {Partial<State>}
 */
export function withoutShard(state, error, id) {
  const { shards, source } = state;
  if (!isCurrent(state, id)) return {};
  if (error.code === 'not_loaded') return {}; // The load before it failed, and that is the news.
  if (source === 'files') {
    const counts = { ...shards, expected: shards.expected - 1, fetched: shards.fetched - 1 };
    return { error: complained(state.error, named(state, error, id), state.error?.drop), files: state.files.filter((file) => file.id !== id), shards: counts };
  }
  const asIfNotFetched = { shards: { ...shards, fetched: shards.fetched - 1 } };
  if (error.code === 'busy') return asIfNotFetched;
  if (id && isBadBytes(error.code)) {
    const refusals = { ...state.refusals, [id]: (state.refusals[id] ?? 0) + 1 };
    const file = id.slice(id.indexOf('/') + 1);
    // The first time it is fetched again, and only that is said.
    if (isDamagedAgain({ refusals }, id)) {
      const said = { ...error, message: `“${file}” came damaged from the server, twice. ${error.message}`, hint: DATA_HINT };
      return { ...asIfNotFetched, refusals, error: said };
    }
    return { ...asIfNotFetched, refusals, missing: [...without(state.missing, file), { file, reason: `“${file}” came damaged` }] };
  }
  return error.code === 'duplicate' ? { shards: { ...shards, added: shards.added + 1 } } : { error };
}

/** The engine knows no file names: of several files the sentence says which one it means. @param {State} state @param {ErrorReport} error @param {string} [id] */
function named({ files }, error, id) {
  const file = files.find((each) => each.id === id);
  return file ? { ...error, message: `“${file.file}”: ${error.message}` } : error;
}

/**
 * A change of source leaves nothing of the data before. Files that come take back what was complained of, but for
 * what was said of others of the same drop.
 * @param {State} state @param {Extract<Action, { type: 'source_chosen' }>} action @returns {Partial<State>}
 */
export function ofSource({ error }, { source, turn, promised, files = [], drop }) {
  const isOfDrop = drop !== undefined && error?.drop === drop;
  return {
    ...NO_RETRIES,
    source, turn, promised, files, data: null, dataProblem: null, sampleFrom: 0,
    error: source === 'files' && !isOfDrop ? null : error,
    shards: { expected: files.length, fetched: 0, added: 0 },
    pool: { train: null, test: null },
  };
}

/** What was wrong with the server's data is over, or tried again. @param {State} state @returns {Partial<State>} */
const withoutProblem = ({ dataProblem, error }) => ({ dataProblem: null, error: dataProblem !== null && isAboutData(error) ? null : error });

/** @type {Changes} */
export const ARRIVALS = {
  shards_expected: (state, { count }) => ({ ...withoutProblem(state), shards: { ...state.shards, expected: count } }),
  shard_fetched: (state) => ({ shards: { ...state.shards, fetched: state.shards.fetched + 1 } }),
  file_opening: (_state, { file }) => ({ opening: file }),
  runs_dropped: (_state, { files }) => ({ runFiles: files }),
  pool_filled: (state, { split, records }) => ({ pool: { ...state.pool, [split]: records } }),
  data_retried: withoutProblem,
  data_failed: (_state, { sentence }) => ({ dataProblem: sentence, missing: [] }),
  retry_waits: (state, { file, reason }) => ({ missing: [...without(state.missing, file), { file, reason }] }),
  retry_over: (state, { file }) => ({ missing: without(state.missing, file) }),
  offline_changed: (_state, { offline }) => ({ offline }),
  shard_added: (state, { id, added }) => (isCurrent(state, id) ? {
    data: added.data,
    shards: { ...state.shards, added: state.shards.added + 1 },
    files: amend(state.files, id, { split: added.split, records: added.records, known: added.name ?? null, isAdded: true }),
  } : {}),
};
