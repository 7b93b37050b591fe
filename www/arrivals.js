/**
 * How the state takes in data: the shards and files that are under way, and the engine's answers
 * about them. The rows of store.js's table of changes that have to do with data stand here.
 *
 * Pure, as the store is. It fetches nothing (shards.js, loader.js) and decides no phase (phases.js).
 *
 * @import { ErrorReport } from './protocol.js'
 * @import { AddedFile, Changes, State } from './store.js'
 */

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
    return { error: named(state, error, id), files: state.files.filter((file) => file.id !== id), shards: counts };
  }
  if (error.code === 'busy') return { shards: { ...shards, fetched: shards.fetched - 1 } };
  return error.code === 'duplicate' ? { shards: { ...shards, added: shards.added + 1 } } : { error };
}

/** The engine knows no file names: of several files the sentence says which one it means. @param {State} state @param {ErrorReport} error @param {string} [id] */
function named({ files }, error, id) {
  const file = files.find((each) => each.id === id);
  return file ? { ...error, message: `“${file.file}”: ${error.message}` } : error;
}

/** What a change of source leaves of the data: nothing. @type {Partial<State>} */
export const NO_DATA = {
  files: [], data: null, dataProblem: null, sampleFrom: 0,
  shards: { expected: 0, fetched: 0, added: 0 },
  pool: { train: null, test: null },
};

/** @type {Changes} */
export const ARRIVALS = {
  shards_expected: (state, { count }) => ({ shards: { ...state.shards, expected: count }, dataProblem: null }),
  shard_fetched: (state) => ({ shards: { ...state.shards, fetched: state.shards.fetched + 1 } }),
  file_expected: (state, { id, file }) => ({ error: null, files: [...state.files, { id, file, split: null, records: null, known: null }] }),
  pool_filled: (state, { split, records }) => ({ pool: { ...state.pool, [split]: records } }),
  data_failed: (_state, { sentence }) => ({ dataProblem: sentence }),
  shard_added: (state, { id, added }) => (isCurrent(state, id) ? {
    data: added.data,
    shards: { ...state.shards, added: state.shards.added + 1 },
    files: amend(state.files, id, { split: added.split, records: added.records, known: added.name ?? null }),
  } : {}),
};
