/**
 * Brings data to the engine: the server's shards, or files of the visitor's.
 *
 * It decides the order (browsing begins with the first shard), keeps a few fetches under way,
 * sends each shard once and starts over when the source changes. What a shard is worth is said by
 * the crate; what a file is called only guesses where it belongs.
 *
 * @import { Command, Config, Manifest, ManifestShard, Split } from './protocol.js'
 * @import { Action, State } from './store.js'
 */
import { isBusy } from './phases.js';
import { RECORD_BYTES } from './protocol.js';
import { areWhole, countRecords, openRecords } from './records.js';
import { fetchManifest, fetchShard, forgetShard, shardsNeeded } from './shards.js';

/** Fetches under way at a time. */
const FETCHES = 4;
/** The crate holds out one in so many training records when there is no test batch. */
const HELD_OUT_ONE_IN = 5;

/** Codes that say that the bytes themselves are bad. */
const BAD_BYTES = ['gzip', 'record_length', 'too_large', 'label', 'hash_mismatch'];

/** @param {string} name @returns {Split} */
export function guessSplit(name) {
  return /test/i.test(name) ? 'test' : 'train';
}

/** @param {unknown} thrown */
const sentenceOf = (thrown) => (thrown instanceof Error ? thrown.message : String(thrown));

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {(command: Command, transfer?: Transferable[]) => void} send
 */
export function createLoader(store, send) {
  /** @type {Manifest | null} */
  let manifest = null;
  /** Names of the shards that were sent or are under way. @type {Set<string>} */
  let asked = new Set();
  /** Goes up with each change of source; what began under an older one is dropped. */
  let turn = 0;
  let filesSeen = 0;
  /**
   * Training records in the visitor's files, and the last of those files.
   * @type {{ count: number, last: { name: string, records: Uint8Array } | null }}
   */
  let own = { count: 0, last: null };

  /** Loads the changed configuration; the same manifest keeps the data that is there. */
  function reload() {
    const { config, source } = store.get();
    send({ type: 'load', config, manifest: source === 'server' ? manifest : null });
  }

  /** @param {'server' | 'files'} source */
  function begin(source) {
    turn += 1;
    asked = new Set();
    own = { count: 0, last: null };
    store.dispatch({ type: 'source_chosen', source });
    reload();
  }

  /** @param {Split} split @param {Uint8Array<ArrayBuffer>} bytes @param {number} mine */
  async function fillPool(split, bytes, mine) {
    const records = await openRecords(bytes.slice());
    if (mine === turn && areWhole(records)) store.dispatch({ type: 'pool_filled', split, records });
  }

  /** @param {unknown} thrown */
  function giveUp(thrown) {
    const sentence = `The server’s images could not be had: ${sentenceOf(thrown)}.`;
    store.dispatch({ type: 'data_failed', sentence });
    if (store.get().error) return; // What led here is said already.
    const hint = 'Use your own copy of CIFAR-10, or try again.';
    store.dispatch({ type: 'complained', error: { code: 'data_unavailable', message: sentence, hint } });
  }

  /** @param {ManifestShard} shard @param {Uint8Array<ArrayBuffer>} bytes @param {number} mine */
  async function passOn(shard, bytes, mine) {
    store.dispatch({ type: 'shard_fetched' });
    if (store.get().pool[shard.split] === null) await fillPool(shard.split, bytes, mine);
    if (mine === turn) send({ type: 'add_shard', id: shard.file, split: shard.split, bytes }, [bytes.buffer]);
  }

  /** Sends the shards that the configuration needs and that were not sent yet. @param {Config} config */
  async function ensure(config) {
    if (!manifest || store.get().source !== 'server') return;
    const missing = shardsNeeded(manifest, config).filter((shard) => !asked.has(shard.file));
    if (missing.length === 0) return;
    for (const shard of missing) asked.add(shard.file);
    store.dispatch({ type: 'shards_expected', count: missing.length });
    await stream(missing, turn);
  }

  /** Fetches a few at a time and passes them on in order. @param {ManifestShard[]} shards @param {number} mine */
  async function stream(shards, mine) {
    /** @type {Promise<Uint8Array<ArrayBuffer>>[]} */
    const fetches = [];
    for (let i = 0; i < shards.length && mine === turn; i += 1) {
      while (fetches.length < Math.min(i + FETCHES, shards.length)) {
        const fetching = fetchShard(shards[fetches.length]);
        fetching.catch(() => undefined); // Awaited below, in order; until then it is not unhandled.
        fetches.push(fetching);
      }
      try {
        const bytes = await fetches[i];
        if (mine === turn) await passOn(shards[i], bytes, mine);
      } catch (thrown) {
        if (mine === turn) giveUp(thrown);
        return;
      }
    }
  }

  /** The server's data from the start: also the way to try again. */
  async function useServer() {
    try {
      manifest = await fetchManifest();
    } catch (thrown) {
      manifest = null;
      begin('server');
      giveUp(thrown);
      return;
    }
    begin('server');
    await ensure(store.get().config);
  }

  /**
   * The engine refused a shard: the server's is not kept, and after the only file of the visitor's
   * the server's data comes back.
   * @param {string} id @param {string} code
   */
  function refused(id, code) {
    if (!BAD_BYTES.includes(code)) return;
    const shard = manifest?.shards.find((each) => each.file === id);
    if (store.get().source === 'server') {
      if (shard) void forgetShard(shard);
      giveUp(new Error(`“${id}” is damaged`));
    } else if (store.get().files.length === 0) {
      void useServer();
    }
  }

  /**
   * The visitor's files, in the order of their names. Files that are no whole records are
   * refused before anything else is given up for them.
   * @param {File[]} files
   */
  async function useFiles(files) {
    const opened = [];
    for (const file of files) {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const records = await openRecords(bytes).catch(() => new Uint8Array());
      if (!areWhole(records)) return complainOf(file, records.length);
      opened.push({ file, bytes, records });
    }
    if (isBusy(store.get().phase)) return complainOfRun();
    opened.sort((a, b) => a.file.name.localeCompare(b.file.name, 'en'));
    if (store.get().source !== 'files') begin('files');
    for (const { file, bytes, records } of opened) addFile(file, bytes, records);
    holdOut();
  }

  /** @param {File} file @param {Uint8Array<ArrayBuffer>} bytes @param {Uint8Array} records */
  function addFile(file, bytes, records) {
    const split = guessSplit(file.name);
    const id = `file-${(filesSeen += 1)}`;
    store.dispatch({ type: 'file_expected', id, file: file.name });
    store.dispatch({ type: 'shards_expected', count: 1 });
    store.dispatch({ type: 'shard_fetched' });
    if (split === 'test' || store.get().pool.train === null) {
      store.dispatch({ type: 'pool_filled', split, records: records.slice() });
    }
    if (split === 'train') {
      const isLast = !own.last || file.name.localeCompare(own.last.name, 'en') >= 0;
      own = { count: own.count + countRecords(records), last: isLast ? { name: file.name, records } : own.last };
    }
    send({ type: 'add_shard', id, split, bytes });
  }

  /** Without a test batch the crate holds out the last fifth: the page picks test images from there. */
  function holdOut() {
    if (!own.last || store.get().files.some(({ file }) => guessSplit(file) === 'test')) return;
    const { records } = own.last;
    const held = Math.min(countRecords(records), Math.max(1, Math.floor(own.count / HELD_OUT_ONE_IN)));
    store.dispatch({ type: 'pool_filled', split: 'test', records: records.slice(records.length - held * RECORD_BYTES) });
  }

  function complainOfRun() {
    const message = 'The data cannot change while a run is under way.';
    const hint = 'Stop the run, then choose the files again.';
    store.dispatch({ type: 'complained', error: { code: 'busy', message, hint } });
  }

  /** @param {File} file @param {number} length */
  function complainOf(file, length) {
    const left = length % RECORD_BYTES;
    store.dispatch({
      type: 'complained',
      error: {
        code: 'invalid_data',
        message: length === 0
          ? `“${file.name}” is empty or is not a complete gzip file.`
          : `“${file.name}” is cut short or is not CIFAR-10: ${left} bytes are left over after whole records of ${RECORD_BYTES} bytes.`,
        hint: 'Choose data_batch_1.bin to data_batch_5.bin and test_batch.bin of the binary version.',
      },
    });
  }

  return { useServer, useFiles, ensure, refused, reload };
}
