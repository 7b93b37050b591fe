/** Copies of the page on one origin: whose is what is stored, and what becomes of what older versions stored for all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OLDER, takeOverImages, takeOverRuns } from '../../www/storage/legacy-names.js';
import { isOwnCache, nameOf, runsFolder } from '../../www/storage/names.js';

const [a, b, inner] = ['/a/', '/b/', '/a/b/'].map((path) => new URL(path, 'https://host.test'));

test('each copy has names of its own, also one that lies in another’s folder', () => {
  assert.equal(nameOf('data', 'v1', a), 'convburn-data /a/ v1');
  const copies = [a, b, inner];
  for (const kind of /** @type {const} */ (['run', 'data', 'page'])) assert.equal(new Set(copies.map((each) => nameOf(kind, 'v1', each))).size, 3);
  for (const mine of copies) {
    for (const other of copies) {
      for (const kind of /** @type {const} */ (['data', 'page'])) assert.equal(isOwnCache(nameOf(kind, 'v1', other), mine), mine === other);
    }
  }
  assert.ok(!isOwnCache(OLDER.cache, a) && !isOwnCache('another page’s', a));
  assert.equal(runsFolder(a), 'convburn-run%20%2Fa%2F', 'a folder’s name holds no slash');
});

/** A store in memory. @param {[string, number][]} [files] */
function runStorageOf(files = []) {
  const held = new Map(files);
  return {
    held,
    write: async (/** @type {string} */ name, /** @type {Uint8Array} */ bytes) => void held.set(name, bytes[0]),
    read: async (/** @type {string} */ name) => (held.has(name) ? new Uint8Array([held.get(name) ?? 0]) : null),
    remove: async (/** @type {string} */ name) => void held.delete(name),
  };
}

/** An origin on which an older version kept two files. */
function origin() {
  const older = runStorageOf([['last', 1], ['best', 2]]);
  let isThere = true;
  return {
    isThere: () => isThere,
    find: async () => (isThere ? { runStorage: older, names: [...older.held.keys()], discard: async () => { isThere = false; } } : null),
  };
}

/** Locks, of which one may be held elsewhere. @param {string | null} held @returns {any} */
const locksWith = (held) => ({
  request: async (/** @type {string} */ name, /** @type {object} */ _options, /** @type {(lock: object | null) => unknown} */ take) => take(name === held ? null : {}),
});

test('an older version’s run goes to the first copy that finds it, once', async () => {
  const [first, second, shared] = [runStorageOf(), runStorageOf(), origin()];
  await takeOverRuns(shared.find, first, locksWith(null));
  await takeOverRuns(shared.find, second, locksWith(null));
  assert.deepEqual([[...first.held], [...second.held]], [[['last', 1], ['best', 2]], []]);
  assert.ok(!shared.isThere());
});

test('an older run is left where a tab of that version holds it, or a run of this copy’s would be lost for it', async () => {
  const [empty, full, shared] = [runStorageOf(), runStorageOf([['last', 9]]), origin()];
  await takeOverRuns(shared.find, empty, locksWith(OLDER.lock));
  await takeOverRuns(shared.find, full, undefined);
  assert.deepEqual([[...empty.held], [...full.held]], [[], [['last', 9]]]);
  assert.ok(shared.isThere());
});

/** Cache Storage as far as it is used: addresses and what they hold. */
function storageOf() {
  /** @type {Map<string, Map<string, string>>} */
  const all = new Map();
  const open = async (/** @type {string} */ name) => {
    const held = all.get(name) ?? new Map();
    all.set(name, held);
    return {
      keys: async () => [...held.keys()].map((url) => ({ url })),
      match: async (/** @type {{ url: string }} */ { url }) => held.get(url),
      put: async (/** @type {{ url: string }} */ { url }, /** @type {string} */ response) => void held.set(url, response),
      delete: async (/** @type {{ url: string }} */ { url }) => held.delete(url),
    };
  };
  const storage = { open, has: async (/** @type {string} */ name) => all.has(name), delete: async (/** @type {string} */ name) => all.delete(name) };
  return { all, storage: /** @type {any} */ (storage) };
}

test('each copy takes its own images from the cache that all shared, which is gone with the last', async () => {
  const { all, storage } = storageOf();
  const addresses = [a, b].map((folder) => new URL('data/train-00.bin.gz', folder).href);
  all.set(OLDER.cache, new Map(addresses.map((url) => [url, `of ${url}`])));
  for (const [i, folder] of [a, b].entries()) {
    await takeOverImages(await storage.open(folder.pathname), new URL('data/', folder).href, storage);
    assert.deepEqual([...all.get(folder.pathname) ?? []], [[addresses[i], `of ${addresses[i]}`]]);
    assert.equal(all.has(OLDER.cache), i === 0);
  }
});
