/**
 * The server's data: the manifest, which shards a configuration needs, and one shard's bytes.
 *
 * Shards are kept in Cache Storage, so that a reload fetches none. A shard's address carries the
 * first digits of its SHA-256: changed data has another address and is never mixed with old.
 * Without Cache Storage (plain http) it is a plain fetch.
 *
 * Checking the bytes is the crate's work, and only what it has accepted is kept: a damaged shard, or a
 * list that is of no use, would be handed out again at each visit.
 *
 * What fails for a reason that may pass is tried again (retry.js).
 *
 * @import { Config, Manifest, ManifestShard } from '../protocol/protocol.js'
 * @import { Patience } from './retry.js'
 */
import { DownloadError, download } from './download.js';
import { takeOverImages } from '../storage/legacy-names.js';
import { openRecords } from './records.js';
import { withRetries } from './retry.js';
import { FOLDER, isOwnCache, nameOf } from '../storage/names.js';

/** Where the data lies, seen from the page. */
export const DATA_URL = 'data/cifar10/';
/** Goes up when what is kept changes its form. */
const CACHE_NAME = nameOf('data', 'v1');
/** Milliseconds without a byte after which a manifest that is kept does instead of the server's. */
const KEPT_STALL_MS = 5_000;

/** @returns {Promise<Cache | null>} None where the browser has none, or lends none. */
async function openCache() {
  if (!('caches' in globalThis)) return null;
  try {
    for (const name of await caches.keys()) {
      if (isOwnCache(name) && name.startsWith(nameOf('data')) && name !== CACHE_NAME) await caches.delete(name);
    }
    const own = await caches.open(CACHE_NAME);
    await takeOverImages(own, new URL(DATA_URL, FOLDER).href);
    return own;
  } catch {
    return null;
  }
}

/** @type {Promise<Cache | null> | null} */
let opened = null;
const cache = () => (opened ??= openCache());

/** Addresses whose last answer was of no use: the browser's own cache may hold it, so the next try passes that over. @type {Set<string>} */
const spoilt = new Set();
/** Addresses of shards that came from the server and that the engine has not accepted yet. @type {Set<string>} */
const unchecked = new Set();
/** Lists that came from the server and of which the engine has not accepted anything yet. @type {WeakMap<Manifest, Uint8Array<ArrayBuffer>>} */
const uncheckedLists = new WeakMap();

/** First tries that were begun before anybody asked, by their addresses; none once somebody has. @type {Map<string, Promise<any>> | null} */
let ahead = null;
let isAsked = false;

/**
 * Begins to fetch the list, and the first shard of each split, which every configuration needs. Once somebody has asked for
 * the list there is nothing to be ahead of.
 */
export function fetchAhead() {
  if (isAsked) return;
  const begun = new Map();
  ahead = begun;
  /** @param {string} url @param {Promise<any>} coming */
  const begin = (url, coming) => {
    begun.set(url, coming);
    coming.catch(() => undefined); // Whoever takes it over says so.
  };
  const list = tryManifest();
  begin(MANIFEST_URL, list);
  list.then(({ shards }) => {
    const firsts = ['train', 'test'].map((split) => shards.find((shard) => shard.split === split));
    for (const shard of firsts) if (shard) begin(addressOf(shard), bytesOf(shard));
  }, () => undefined);
}

/**
 * A try that was begun ahead, which only the first who asks gets, or one of its own.
 * @template T
 * @param {string} url @param {() => Promise<T>} tryIt @returns {Promise<T>}
 */
function firstTry(url, tryIt) {
  isAsked = true;
  const begun = ahead?.get(url);
  ahead?.delete(url);
  return begun ?? tryIt();
}

/** @param {string} url @param {Uint8Array<ArrayBuffer>} bytes */
async function keep(url, bytes) {
  try {
    const store = await cache();
    await store?.delete(url, { ignoreSearch: true });
    // A new response, because the server's may say that its body is still compressed.
    await store?.put(url, new Response(bytes));
  } catch {
    // No room left: the page works without, and fetches again next time.
  }
}

/** All of CIFAR-10 in one. */
const MOST_RECORDS = 60_000;

/** A file's name becomes an address beside the manifest's, and may lead nowhere else. @param {any} shard */
function isShard(shard) {
  return typeof shard?.file === 'string' && /^\w[\w.-]*$/.test(shard.file) && ['train', 'test'].includes(shard.split)
    && Number.isInteger(shard.records) && shard.records >= 0 && shard.records <= MOST_RECORDS && typeof shard.sha256 === 'string';
}

/**
 * Reads a manifest as far as the page uses it; the crate checks the rest.
 * @param {Uint8Array} bytes
 * @returns {Manifest}
 */
export function readManifest(bytes) {
  let value;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    value = null; // A static host may answer with its own page.
  }
  if (!Array.isArray(value?.shards) || !value.shards.every(isShard)) throw new DownloadError('the server’s manifest is not a list of data files', true);
  return value;
}

/**
 * The manifest: the server's if it can be had, so that changed data is noticed, else the one kept.
 * @param {Patience} [patience]
 * @returns {Promise<Manifest>}
 */
export function fetchManifest(patience) {
  return withRetries(() => firstTry(MANIFEST_URL, tryManifest), patience);
}

const MANIFEST_URL = `${DATA_URL}manifest.json`;

async function tryManifest() {
  const url = MANIFEST_URL;
  const kept = await (await cache())?.match(url).catch(() => undefined);
  const options = /** @type {const} */ ({ cache: spoilt.has(url) ? 'reload' : 'no-cache' });
  try {
    const bytes = await (kept ? download(url, options, KEPT_STALL_MS) : download(url, options));
    const manifest = readManifest(bytes);
    spoilt.delete(url);
    uncheckedLists.set(manifest, bytes);
    return manifest;
  } catch (thrown) {
    spoilt.add(url);
    if (!kept) throw thrown;
    return readManifest(new Uint8Array(await kept.arrayBuffer()));
  }
}

/** Keeps a manifest of which the engine has accepted a shard. @param {Manifest} manifest */
export async function keepManifest(manifest) {
  const bytes = uncheckedLists.get(manifest);
  uncheckedLists.delete(manifest);
  if (bytes) await keep(MANIFEST_URL, bytes);
}

/** Records that the manifest lists, and its files. @param {Manifest} manifest @returns {{ train: number, test: number, files: string[] }} */
export function promisedBy(manifest) {
  const sum = { train: 0, test: 0 };
  for (const { split, records } of manifest.shards) sum[split] += records;
  return { ...sum, files: manifest.shards.map(({ file }) => file) };
}

/** @param {ManifestShard} shard */
function addressOf(shard) {
  return `${DATA_URL}${shard.file}?v=${shard.sha256.slice(0, 8)}`;
}

/** @param {ManifestShard} shard @param {Patience} [patience] @returns {Promise<Uint8Array<ArrayBuffer>>} */
export function fetchShard(shard, patience) {
  return withRetries(() => firstTry(addressOf(shard), () => bytesOf(shard)), patience);
}

/** @param {ManifestShard} shard @returns {Promise<Uint8Array<ArrayBuffer>>} What is kept of it, else what the server has. */
async function bytesOf(shard) {
  const url = addressOf(shard);
  const kept = await (await cache())?.match(url).catch(() => undefined);
  if (kept) return new Uint8Array(await kept.arrayBuffer());
  const bytes = await tryShard(url);
  unchecked.add(url);
  return bytes;
}

/** Keeps a shard that the engine has accepted, unless it is kept already. @param {ManifestShard} shard @param {Uint8Array<ArrayBuffer>} bytes */
export async function keepShard(shard, bytes) {
  const url = addressOf(shard);
  if (unchecked.delete(url)) await keep(url, bytes);
}

/** Whether these are the promised records, as far as the browser lets a page see. @param {ManifestShard} shard @param {Uint8Array<ArrayBuffer>} bytes */
async function isPromised({ sha256 }, bytes) {
  if (!globalThis.crypto?.subtle) return true; // Plain http: the crate will say.
  try {
    const records = await openRecords(bytes);
    const digest = await crypto.subtle.digest('SHA-256', /** @type {Uint8Array<ArrayBuffer>} */ (records));
    return new Uint8Array(digest).every((byte, i) => byte === Number.parseInt(sha256.slice(2 * i, 2 * i + 2), 16));
  } catch {
    return false;
  }
}

/** Looks whether the server has a shard now, whole. @param {ManifestShard} shard @returns {Promise<void>} Rejects if not. */
export async function probeShard(shard) {
  const url = addressOf(shard);
  if (await isPromised(shard, await tryShard(url))) return;
  spoilt.add(url);
  throw new DownloadError(`“${shard.file}” is damaged`, false);
}

/** @param {string} url */
async function tryShard(url) {
  try {
    const bytes = await download(url, spoilt.has(url) ? { cache: 'reload' } : {});
    spoilt.delete(url);
    return bytes;
  } catch (thrown) {
    spoilt.add(url);
    throw thrown;
  }
}

/** Forgets a shard that turned out to be bad, so that the next try fetches it. @param {ManifestShard} shard */
export async function forgetShard(shard) {
  const url = addressOf(shard);
  spoilt.add(url);
  unchecked.delete(url);
  try {
    await (await cache())?.delete(url);
  } catch {
    // What cannot be forgotten is refused again, and that is said.
  }
}

/**
 * The shards that hold the first records that the configuration asks for. The first of each split
 * come first, because the page looks at those and a short run needs no other test images; each
 * split is in official order.
 *
 * @param {Manifest} manifest
 * @param {Config} config
 * @returns {ManifestShard[]}
 */
export function shardsNeeded(manifest, config) {
  const chosen = { train: /** @type {ManifestShard[]} */ ([]), test: /** @type {ManifestShard[]} */ ([]) };
  const held = { train: 0, test: 0 };
  for (const shard of manifest.shards) {
    if (held[shard.split] >= config[shard.split]) continue;
    held[shard.split] += shard.records;
    chosen[shard.split].push(shard);
  }
  const [firstTrain, ...train] = chosen.train;
  const [firstTest, ...test] = chosen.test;
  return [firstTrain, firstTest, ...train, ...test].filter((shard) => shard !== undefined);
}
