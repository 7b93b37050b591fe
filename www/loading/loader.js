/**
 * Brings data to the engine: the server's shards, or files of the visitor's (files.js).
 *
 * It decides the order (browsing begins with the first shard), keeps a few fetches under way,
 * sends each shard once and starts over when the source changes. During a run nothing is sent,
 * because its records must not change: what was under way is asked for again afterwards. What a
 * shard is worth is said by the crate: one that it accepts is kept, one that came damaged is fetched
 * once more by itself.
 *
 * @import { Command, Config, Manifest, ManifestShard, OpenedFile, Resend, Split } from '../protocol/protocol.js'
 * @import { Read } from './opening.js'
 * @import { Pause } from './retry.js'
 * @import { Action, State } from '../state/store.js'
 */
import { DATA_HINT, isBadBytes, isDamagedAgain } from '../state/data-reducer.js';
import { DownloadError } from './download.js';
import { reportOf, wordsOf } from '../protocol/errors.js';
import { createFetching } from './fetching.js';
import { createFiles } from './files.js';
import { mayFeed } from '../state/phases.js';
import { areWhole, openRecords } from './records.js';
import { ONCE } from './retry.js';
import { fetchManifest, forgetShard, keepManifest, keepShard, probeShard, promisedBy, shardsNeeded } from './shards.js';

/** Fetches under way at a time. */
const FETCHES = 4;

/** @param {Manifest} one @param {Manifest} other */
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {(command: Command, transfer?: Transferable[]) => void} send
 * @param {(name: string, read: Read) => Promise<OpenedFile>} open Asks the engine what is in a file of the visitor's.
 * @param {Pause} [pause] How it waits before another try; a test need not.
 */
export function createLoader(store, send, open, pause) {
  /** @type {Manifest | null} */
  let manifest = null;
  /** Names of the shards that were sent or are under way. @type {Set<string>} */
  let asked = new Set();
  /** Goes up with each change of source; what began under an older one is dropped. */
  let turn = 0;
  /** The stream of shards under way; one that finds another in its place ends. @type {object | null} */
  let streaming = null;
  /** Whether something was sent that nothing loaded could take. */
  let lost = false;
  /** What the server is given up for, if it is: the shard that was waited for last, or the list of shards. @type {ManifestShard | 'list'} */
  let stuck = 'list';
  /** Which shard each split's images to look at are from. @type {Partial<Record<Split, string>>} */
  let shown = {};
  const fetching = createFetching(store, pause);
  const files = createFiles(store, send, { begin: (drop) => begin('files', drop), useServer }, open);

  /** Loads this configuration; the same manifest keeps the data that is there. @param {Config} config */
  function load(config) {
    send({ type: 'load', turn, config, manifest: store.get().source === 'server' ? manifest : null });
  }

  /** @param {'server' | 'files'} source @param {number} [drop] The drop that the files are of. */
  function begin(source, drop) {
    turn += 1;
    asked = new Set();
    streaming = null;
    lost = false;
    shown = {};
    if (source === 'server') files.clear();
    const promised = source === 'server' && manifest ? promisedBy(manifest) : null;
    store.dispatch({ type: 'source_chosen', source, turn, promised, files: files.listed(turn), drop });
    // What was accepted once is accepted again, so that the data changes whatever the form says: Start sends the rest.
    const { loaded, config } = store.get();
    load(loaded ? withBackendThere(loaded.config) : config);
  }

  /** A graphics card may have been refused since it was accepted. @param {Config} config @returns {Config} */
  function withBackendThere(config) {
    const gone = store.get().backends.some(({ backend, available }) => backend === config.backend && !available);
    return gone ? { ...config, backend: 'auto' } : config;
  }

  /** @param {ManifestShard} shard @param {Uint8Array<ArrayBuffer>} bytes @param {object} mine */
  async function fillPool({ split, file }, bytes, mine) {
    const records = await openRecords(bytes.slice()).catch(() => null); // The crate says what is wrong with it.
    if (mine !== streaming || !records || !areWhole(records)) return;
    shown[split] = file;
    store.dispatch({ type: 'pool_filled', split, records });
  }

  /** Takes images out of sight that turned out to be bad. @param {ManifestShard} shard */
  function emptyPool({ split, file }) {
    if (shown[split] !== file) return;
    shown[split] = undefined;
    store.dispatch({ type: 'pool_filled', split, records: null });
  }

  /** @param {ManifestShard} shard @param {object} mine */
  function fetchFor(shard, mine) {
    const isNeeded = () => manifest !== null && shardsNeeded(manifest, store.get().config).includes(shard);
    return fetching.shard(shard, () => mine === streaming && isNeeded());
  }

  /** @param {unknown} thrown */
  function giveUp(thrown) {
    streaming = null;
    const sentence = `The server’s images could not be had: ${wordsOf(thrown)}.`;
    store.dispatch({ type: 'data_failed', sentence, retryAfterMs: thrown instanceof DownloadError ? thrown.retryAfterMs : 0 });
    if (store.get().error) return; // What led here is said already.
    store.dispatch({ type: 'complained', error: reportOf('data_unavailable', sentence, DATA_HINT) });
  }

  /** The shards that the configuration needs and that were not asked for. @returns {ManifestShard[]} */
  function missing() {
    if (!manifest || !mayFeed(store.get())) return [];
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
    /** @type {{ shard: ManifestShard, coming: Promise<Uint8Array<ArrayBuffer>> }[]} */
    const underWay = [];
    try {
      while (await step(underWay, mine));
    } catch (thrown) {
      // What a run or a shorter configuration does not wait for is no news; it is asked for again when it is needed.
      if (mine === streaming && missing().length > 0) giveUp(thrown);
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
   * @param {{ shard: ManifestShard, coming: Promise<Uint8Array<ArrayBuffer>> }[]} underWay
   * @param {object} mine
   * @returns {Promise<boolean>} Whether there is more to do.
   */
  async function step(underWay, mine) {
    for (const shard of missing().slice(0, FETCHES - underWay.length)) {
      asked.add(shard.file);
      const coming = fetchFor(shard, mine);
      coming.catch(() => undefined); // Awaited below, in order; until then it is not unhandled.
      underWay.push({ shard, coming });
    }
    const [next] = underWay;
    if (!next) return false;
    stuck = next.shard;
    const askedThen = asked;
    let passed = false;
    try {
      passed = await passOn(next.shard, await next.coming, mine);
    } finally {
      underWay.shift();
      // The others of a stream that ends are forgotten with it.
      if (!passed) for (const { shard } of [next, ...underWay]) askedThen.delete(shard.file);
    }
    return passed;
  }

  /** @param {ManifestShard} shard @param {Uint8Array<ArrayBuffer>} bytes @param {object} mine @returns {Promise<boolean>} Whether it was sent. */
  async function passOn(shard, bytes, mine) {
    if (mine === streaming && store.get().pool[shard.split] === null) await fillPool(shard, bytes, mine);
    if (mine !== streaming || !mayFeed(store.get())) return false;
    store.dispatch({ type: 'shard_fetched' });
    send({ type: 'add_shard', id: `${turn}/${shard.file}`, split: shard.split, bytes, name: shard.file }, [bytes.buffer]);
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
      fetched = await fetching.manifest(() => turn === before);
    } catch (thrown) {
      problem = thrown;
    }
    if (turn !== before) return; // Another source was chosen meanwhile.
    manifest = fetched;
    begin('server');
    if (fetched) return ensure();
    stuck = 'list';
    giveUp(problem);
  }

  /** Back from the visitor's files to the server's images, which are looked for first: files that are there are better than none. */
  async function leaveFiles() {
    const before = turn;
    const fetched = await fetching.manifest(() => turn === before).catch((thrown) => {
      store.dispatch({ type: 'complained', error: reportOf('data_unavailable', `The server’s images could not be had: ${wordsOf(thrown)}.`, 'Your own files stay; try again later.') });
      return null;
    });
    if (!fetched || turn !== before || !mayFeed(store.get())) return;
    manifest = fetched;
    store.dispatch({ type: 'error_dismissed' });
    begin('server');
    await ensure();
  }

  /** The data of the present source from the start. */
  async function again() {
    await (store.get().source === 'files' ? files.bringAgain() : useServer());
  }

  /**
   * The engine was replaced, by one with the other module or because it was lost: it is loaded, then gets what
   * it was replaced for, then the data of the present source. A Start comes when all of that is there (main.js).
   * @param {Resend} resend
   */
  async function sendAgain({ bytes, changes, start }) {
    const { source, loaded } = store.get();
    if (source === 'none') return; // The manifest is still awaited, and then everything is sent anyway.
    if (source !== 'files') begin('server');
    const sending = source === 'files' ? again() : null;
    if (bytes) send({ type: 'restore', bytes, changes }, [bytes.buffer]);
    else if (loaded && !start) load(store.get().config); // The source began with what was accepted before.
    await (sending ?? ensure());
  }

  /** Tries again what failed. A network that is there is not given up for it. */
  async function retry() {
    store.dispatch({ type: 'data_retried' });
    const { source, loaded } = store.get();
    await (source !== 'files' && manifest && loaded ? renew(manifest) : again());
  }

  /** What is missing, by the server's list as it is now: after half an upload it is another one. @param {Manifest} before */
  async function renew(before) {
    const turnBefore = turn;
    const now = await fetchManifest(ONCE).catch(() => before);
    if (turn !== turnBefore || !mayFeed(store.get())) return;
    if (isSame(now, before)) return ensure();
    if (store.get().trained) return giveUp(hasChanged());
    manifest = now;
    begin('server');
    await ensure();
  }

  /** A network that has learnt is not given up for other data. */
  const hasChanged = () => new Error('they have changed since the network began to learn. Save the run, then reload the page to use the new ones');

  /** Looks, unseen, whether the server has what it was given up for. @returns {Promise<void>} Rejects while it has not. */
  async function probe() {
    const now = await fetchManifest(ONCE);
    if (!manifest) return;
    const isOther = !isSame(now, manifest);
    if (isOther && store.get().trained) throw hasChanged();
    if (isOther) return;
    if (stuck === 'list') throw new Error('the list is as it was');
    await probeShard(stuck);
  }

  /** The engine accepted a shard: now it is kept, and the list that promised it. @param {string} id @param {Uint8Array<ArrayBuffer>} bytes */
  function accepted(id, bytes) {
    const shard = shardOf(id);
    if (!manifest || !shard) return;
    void keepManifest(manifest);
    void keepShard(shard, bytes);
  }

  /** The server's shard of this id, if it is of the present source. @param {string} id */
  function shardOf(id) {
    if (store.get().source !== 'server' || !id.startsWith(`${turn}/`)) return undefined;
    return manifest?.shards.find(({ file }) => id === `${turn}/${file}`);
  }

  /** The engine refused a load; if for the server's list, nothing of the server's can be used. @param {string} code */
  function loadRefused(code) {
    if (code !== 'invalid_manifest' || store.get().source !== 'server') return;
    stuck = 'list';
    giveUp(new Error('the list of its data files cannot be used'));
  }

  /** The engine has loaded: what came when it had not is brought again. */
  async function afterLoad() {
    if (lost) await again();
  }

  /**
   * The engine refused a shard: the server's is not kept, and after the only file of the visitor's
   * the server's data comes back.
   * @param {string} id @param {string} code
   */
  async function refused(id, code) {
    if (!id.startsWith(`${turn}/`)) return;
    lost ||= code === 'not_loaded';
    if (store.get().source === 'files') {
      files.forget(id);
      if (isBadBytes(code) && store.get().files.length === 0) await useServer();
      return;
    }
    const file = id.slice(id.indexOf('/') + 1);
    if (code === 'busy') asked.delete(file);
    if (isBadBytes(code)) await refetch(id, file);
  }

  /** A damaged shard is fetched once more; after that only when the visitor says so. @param {string} id @param {string} file */
  async function refetch(id, file) {
    const shard = shardOf(id);
    if (shard) emptyPool(shard);
    const isTheEnd = isDamagedAgain(store.get(), id);
    if (isTheEnd && shard) stuck = shard;
    if (isTheEnd) giveUp(new Error(`“${file}” is damaged`));
    if (shard) await forgetShard(shard);
    if (!id.startsWith(`${turn}/`)) return;
    asked.delete(file);
    if (!isTheEnd) await ensure();
  }

  return {
    useServer,
    useFiles: files.take,
    setSplit: files.setSplit,
    removeFile: files.remove,
    leaveFiles,
    ensure,
    accepted,
    refused,
    loadRefused,
    retry,
    probe,
    afterLoad,
    sendAgain,
    /** Loads the form's configuration. */
    reload: () => load(store.get().config),
  };
}
