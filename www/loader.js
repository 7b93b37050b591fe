/**
 * Brings data to the engine: the server's shards, or files of the visitor's.
 *
 * It decides the order (browsing begins with the first shard), keeps a few fetches under way,
 * sends each shard once and starts over when the source changes. During a run nothing is sent,
 * because its records must not change: what was under way is asked for again afterwards. What a
 * shard is worth is said by the crate; what a file is called only guesses where it belongs.
 *
 * @import { Command, Config, Manifest, ManifestShard, Split } from './protocol.js'
 * @import { OpenedFile } from './records.js'
 * @import { Action, State } from './store.js'
 */
import { isOccupied } from './phases.js';
import { RECORD_BYTES } from './protocol.js';
import { areWhole, countRecords, openFile, openRecords } from './records.js';
import { fetchManifest, fetchShard, forgetShard, promisedBy, shardsNeeded } from './shards.js';

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
  /** The stream of shards under way; one that finds another in its place ends. @type {object | null} */
  let streaming = null;
  let filesSeen = 0;
  const nothingOwn = () => ({
    files: /** @type {File[]} */ ([]),
    count: 0,
    last: /** @type {{ name: string, records: Uint8Array } | null} */ (null),
  });
  /** The visitor's files, the training records in them, and the last file with such records. */
  let own = nothingOwn();

  /** Loads this configuration; the same manifest keeps the data that is there. @param {Config} config */
  function load(config) {
    send({ type: 'load', config, manifest: store.get().source === 'server' ? manifest : null });
  }

  /** @param {'server' | 'files'} source */
  function begin(source) {
    turn += 1;
    asked = new Set();
    streaming = null;
    own = nothingOwn();
    const promised = source === 'server' && manifest ? promisedBy(manifest) : null;
    store.dispatch({ type: 'source_chosen', source, turn, promised });
    // What was accepted once is accepted again, so that the data changes whatever the form says: Start sends the rest.
    const { loaded, config } = store.get();
    load(loaded?.config ?? config);
  }

  /** @param {Split} split @param {Uint8Array<ArrayBuffer>} bytes @param {object} mine */
  async function fillPool(split, bytes, mine) {
    const records = await openRecords(bytes.slice());
    if (mine === streaming && areWhole(records)) store.dispatch({ type: 'pool_filled', split, records });
  }

  /** @param {unknown} thrown */
  function giveUp(thrown) {
    streaming = null;
    const sentence = `The server’s images could not be had: ${sentenceOf(thrown)}.`;
    store.dispatch({ type: 'data_failed', sentence });
    if (store.get().error) return; // What led here is said already.
    const hint = 'Use your own copy of CIFAR-10, or try again.';
    store.dispatch({ type: 'complained', error: { code: 'data_unavailable', message: sentence, hint } });
  }

  /** The shards that the configuration needs and that were not asked for. @returns {ManifestShard[]} */
  function missing() {
    if (!manifest || isOccupied(store.get())) return [];
    return shardsNeeded(manifest, store.get().config).filter(({ file }) => !asked.has(file));
  }

  /** Says how many shards there will be in all; what failed before is being tried again. */
  function announce() {
    const { shards, dataProblem } = store.get();
    const count = asked.size + missing().length;
    if (count !== shards.expected || dataProblem) store.dispatch({ type: 'shards_expected', count });
  }

  /** Sees to it that the shards that the configuration needs are sent. */
  async function ensure() {
    if (!manifest || store.get().source !== 'server') return;
    announce();
    if (streaming || missing().length === 0) return;
    const mine = {};
    streaming = mine;
    /** @type {{ shard: ManifestShard, fetching: Promise<Uint8Array<ArrayBuffer>> }[]} */
    const underWay = [];
    try {
      while (await step(underWay, mine));
    } catch (thrown) {
      if (mine === streaming) giveUp(thrown);
    }
    if (streaming === mine) streaming = null;
    if (streaming || store.get().dataProblem) return;
    announce();
    // A stream that took this one's place may have ended before this one forgot what it had asked for.
    if (missing().length > 0) await ensure();
  }

  /**
   * Passes the next shard on, a few fetches ahead, looking at the configuration each time: it may
   * have come to need more shards, or fewer. Whatever does not arrive may be asked for again.
   * @param {{ shard: ManifestShard, fetching: Promise<Uint8Array<ArrayBuffer>> }[]} underWay
   * @param {object} mine
   * @returns {Promise<boolean>} Whether there is more to do.
   */
  async function step(underWay, mine) {
    for (const shard of missing().slice(0, FETCHES - underWay.length)) {
      asked.add(shard.file);
      const fetching = fetchShard(shard);
      fetching.catch(() => undefined); // Awaited below, in order; until then it is not unhandled.
      underWay.push({ shard, fetching });
    }
    const [next] = underWay;
    if (!next) return false;
    const askedThen = asked;
    let passed = false;
    try {
      passed = await passOn(next.shard, await next.fetching, mine);
    } finally {
      underWay.shift();
      // The others of a stream that ends are forgotten with it.
      if (!passed) for (const { shard } of [next, ...underWay]) askedThen.delete(shard.file);
    }
    return passed;
  }

  /** @param {ManifestShard} shard @param {Uint8Array<ArrayBuffer>} bytes @param {object} mine @returns {Promise<boolean>} Whether it was sent. */
  async function passOn(shard, bytes, mine) {
    if (mine === streaming && store.get().pool[shard.split] === null) await fillPool(shard.split, bytes, mine);
    if (mine !== streaming || isOccupied(store.get())) return false;
    store.dispatch({ type: 'shard_fetched' });
    send({ type: 'add_shard', id: `${turn}/${shard.file}`, split: shard.split, bytes }, [bytes.buffer]);
    return true;
  }

  /** The server's data from the start. */
  async function useServer() {
    const before = turn;
    /** @type {Manifest | null} */
    let fetched = null;
    /** @type {unknown} */
    let problem = null;
    try {
      fetched = await fetchManifest();
    } catch (thrown) {
      problem = thrown;
    }
    if (turn !== before) return; // Another source was chosen meanwhile.
    manifest = fetched;
    begin('server');
    if (fetched) await ensure();
    else giveUp(problem);
  }

  /** Tries again what failed. A network that is there is not given up for it. */
  async function retry() {
    const { source, loaded } = store.get();
    if (source === 'files') {
      const { files } = own;
      begin('files');
      await useFiles(files);
    } else if (manifest && loaded) {
      await ensure();
    } else {
      await useServer();
    }
  }

  /**
   * The engine refused a shard: the server's is not kept, and after the only file of the visitor's
   * the server's data comes back.
   * @param {string} id @param {string} code
   */
  async function refused(id, code) {
    if (!id.startsWith(`${turn}/`)) return;
    const file = id.slice(id.indexOf('/') + 1);
    if (code === 'busy') asked.delete(file);
    if (!BAD_BYTES.includes(code)) return;
    const shard = manifest?.shards.find((each) => each.file === file);
    if (store.get().source === 'server') {
      asked.delete(file);
      giveUp(new Error(`“${file}” is damaged`));
      if (shard) await forgetShard(shard);
    } else if (store.get().files.length === 0) {
      await useServer();
    }
  }

  /** @param {string} code @param {string} message @param {string} hint */
  function complain(code, message, hint) {
    store.dispatch({ type: 'complained', error: { code, message, hint } });
  }

  /** @returns {boolean} Whether files cannot be taken now, which is said. */
  function refusesFiles() {
    const occupied = isOccupied(store.get());
    if (occupied) complain('busy', 'The data cannot change while a run is under way.', 'Stop the run, then choose the files again.');
    return occupied;
  }

  /**
   * The visitor's files, in the order of their names. Files that are no CIFAR-10 are refused before
   * anything else is given up for them.
   * @param {File[]} files
   */
  async function useFiles(files) {
    if (refusesFiles()) return;
    /** @type {OpenedFile[]} */
    const opened = [];
    try {
      for (const file of files) opened.push(await openFile(file));
    } catch (thrown) {
      complain('invalid_data', sentenceOf(thrown), 'Choose data_batch_1.bin to data_batch_5.bin and test_batch.bin of the binary version.');
      return;
    }
    if (refusesFiles()) return; // A run may have started meanwhile.
    opened.sort((a, b) => a.file.name.localeCompare(b.file.name, 'en'));
    if (store.get().source !== 'files') begin('files');
    for (const each of opened) addFile(each);
    holdOut();
  }

  /** @param {OpenedFile} opened */
  function addFile({ file, bytes, records }) {
    const split = guessSplit(file.name);
    const id = `${turn}/${(filesSeen += 1)}`;
    own.files.push(file);
    store.dispatch({ type: 'file_expected', id, file: file.name });
    store.dispatch({ type: 'shards_expected', count: store.get().shards.expected + 1 });
    store.dispatch({ type: 'shard_fetched' });
    if (split === 'test' || store.get().pool.train === null) {
      store.dispatch({ type: 'pool_filled', split, records: records.slice() });
    }
    if (split === 'train') {
      const isLast = !own.last || file.name.localeCompare(own.last.name, 'en') >= 0;
      own.count += countRecords(records);
      if (isLast) own.last = { name: file.name, records };
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

  return {
    useServer,
    useFiles,
    ensure,
    refused,
    retry,
    /** Loads the form's configuration. */
    reload: () => load(store.get().config),
  };
}
