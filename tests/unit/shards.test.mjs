/** What is kept of the server's data: only what the engine has accepted. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

/** A browser's Cache Storage, as far as it is used. @type {Map<string, Uint8Array>} */
const kept = new Map();
const pathOf = (/** @type {string} */ url) => url.replace(/\?.*$/, '');
/** @type {any} */ (globalThis).caches = {
  keys: async () => [],
  has: async () => false,
  open: async () => ({
    match: async (/** @type {string} */ url) => (kept.has(url) ? new Response(/** @type {any} */ (kept.get(url))) : undefined),
    put: async (/** @type {string} */ url, /** @type {Response} */ response) => void kept.set(url, new Uint8Array(await response.arrayBuffer())),
    delete: async (/** @type {string} */ url, { ignoreSearch = false } = {}) => {
      for (const key of [...kept.keys()]) if (key === url || (ignoreSearch && pathOf(key) === pathOf(url))) kept.delete(key);
    },
  }),
};
const { fetchManifest, fetchShard, forgetShard, keepManifest, keepShard } = await import('../../www/loading/shards.js');

const SHARD = { file: 'train-00.bin.gz', split: /** @type {const} */ ('train'), records: 1, bytes: 3_073, sha256: 'aabbccddee' };
const ADDRESS = 'data/cifar10/train-00.bin.gz?v=aabbccdd';
const LIST = 'data/cifar10/manifest.json';
const realFetch = globalThis.fetch;
let fetches = 0;
beforeEach(() => {
  kept.clear();
  fetches = 0;
  globalThis.fetch = async (url) => {
    fetches += 1;
    return new Response(String(url) === LIST ? JSON.stringify({ shards: [SHARD] }) : Uint8Array.of(1, 2, 3));
  };
});
afterEach(() => {
  globalThis.fetch = realFetch;
});

test('a shard is kept once it was accepted, and not fetched or kept anew after that', async () => {
  const bytes = await fetchShard(SHARD);
  assert.deepEqual([...kept.keys()], []);
  kept.set('data/cifar10/train-00.bin.gz?v=00000000', Uint8Array.of(9));
  await keepShard(SHARD, bytes);
  assert.deepEqual([...kept], [[ADDRESS, Uint8Array.of(1, 2, 3)]], 'older data of that name goes');
  await fetchShard(SHARD);
  assert.equal(fetches, 1);
  await keepShard(SHARD, Uint8Array.of(7));
  assert.deepEqual(kept.get(ADDRESS), Uint8Array.of(1, 2, 3));
});

test('a shard that was refused is never kept, and one that was is forgotten', async () => {
  const bytes = await fetchShard(SHARD);
  await forgetShard(SHARD);
  await keepShard(SHARD, bytes);
  assert.deepEqual([...kept.keys()], []);
  kept.set(ADDRESS, Uint8Array.of(9));
  await forgetShard(SHARD);
  assert.deepEqual(await fetchShard(SHARD), Uint8Array.of(1, 2, 3));
});

test('a list is kept once something of it was accepted: one of no use never takes a good one’s place', async () => {
  kept.set(LIST, new TextEncoder().encode(JSON.stringify({ shards: [] })));
  const manifest = await fetchManifest();
  assert.equal(manifest.shards.length, 1, 'the server’s comes first');
  globalThis.fetch = async () => new Response(null, { status: 404 });
  assert.equal((await fetchManifest()).shards.length, 0);
  await keepManifest(manifest);
  assert.equal((await fetchManifest()).shards.length, 1);
});
