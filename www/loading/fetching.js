/**
 * Fetches what the server has, and tells the store what is tried again meanwhile.
 *
 * @import { Manifest, ManifestShard } from '../protocol/protocol.js'
 * @import { Patience, Pause } from './retry.js'
 * @import { Action, State } from '../state/store.js'
 */
import { wordsOf } from '../protocol/errors.js';
import { fetchManifest, fetchShard } from './shards.js';

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {Pause} [pause]
 */
export function createFetching(store, pause) {
  /**
   * @template T
   * @param {string} file
   * @param {() => boolean} wanted Whether anybody still waits for it.
   * @param {(patience: Patience) => Promise<T>} fetchIt
   */
  async function patiently(file, wanted, fetchIt) {
    try {
      return await fetchIt({ pause, wanted, told: (thrown) => store.dispatch({ type: 'retry_waits', file, reason: wordsOf(thrown) }) });
    } finally {
      // Nothing waits for this file any longer: it is there, or was given up.
      if (store.get().missing.some((each) => each.file === file)) store.dispatch({ type: 'retry_over', file });
    }
  }

  return {
    /** @param {() => boolean} wanted @returns {Promise<Manifest>} */
    manifest: (wanted) => patiently('manifest.json', wanted, fetchManifest),
    /** @param {ManifestShard} shard @param {() => boolean} wanted */
    shard: (shard, wanted) => patiently(shard.file, wanted, (patience) => fetchShard(shard, patience)),
  };
}
