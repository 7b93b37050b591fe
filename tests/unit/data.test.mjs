import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DEFAULTS } from '../../www/state/fields.js';
import { PRESETS } from '../../www/state/presets.js';
import { RECORD_BYTES } from '../../www/protocol/protocol.js';
import { areWhole, countRecords, openRecords, recordAt, toRgba } from '../../www/loading/records.js';
import { promisedBy, readManifest, shardsNeeded } from '../../www/loading/shards.js';

/** @param {number} train @param {number} test @returns {import('../../www/protocol/protocol.js').Manifest} */
function manifest(train, test) {
  const shard = (/** @type {import('../../www/protocol/protocol.js').Split} */ split) => (/** @type {unknown} */ _, /** @type {number} */ i) => (
    { file: `${split}-0${i}`, split, records: 2_000, bytes: 2_000 * RECORD_BYTES, sha256: `${i}` });
  return {
    format_version: 1,
    class_names: [],
    shards: [...Array.from({ length: train }, shard('train')), ...Array.from({ length: test }, shard('test'))],
  };
}

test('only the shards that the configuration needs are fetched, the first of each split first', () => {
  const files = (/** @type {Partial<typeof DEFAULTS>} */ change) => shardsNeeded(manifest(4, 2), { ...DEFAULTS, ...change }).map(({ file }) => file);
  assert.deepEqual(files({ train: 2_000, test: 1_000 }), ['train-00', 'test-00']);
  assert.deepEqual(files({ train: 4_001, test: 2_001 }), ['train-00', 'test-00', 'train-01', 'train-02', 'test-01']);
  assert.deepEqual(files({ train: 50_000, test: 10_000 }).length, 6);
  assert.deepEqual(shardsNeeded(manifest(1, 0), DEFAULTS).map(({ file }) => file), ['train-00']);
});

test('the tutorial’s shards begin with those of the quick run', () => {
  const all = shardsNeeded(manifest(25, 5), DEFAULTS);
  const quick = shardsNeeded(manifest(25, 5), { ...DEFAULTS, ...PRESETS.quick });
  assert.equal(all.length, 30);
  assert.deepEqual(all.slice(0, quick.length), quick);
});

test('a manifest is read, anything else is refused with a sentence', () => {
  const bytes = (/** @type {unknown} */ value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  assert.deepEqual(readManifest(bytes(manifest(2, 1))), manifest(2, 1));
  assert.deepEqual(promisedBy(manifest(2, 1)), { train: 4_000, test: 2_000, files: ['train-00', 'train-01', 'test-00'] });
  for (const bad of ['<!doctype html>', 'null', {}, { shards: [{}] }, { shards: 3 }]) {
    assert.throws(() => readManifest(bytes(bad)), /not a list of data files/);
  }
});

test('gzip is known by its first bytes', async () => {
  const records = new Uint8Array(2 * RECORD_BYTES).fill(7);
  assert.deepEqual(await openRecords(new Uint8Array(gzipSync(records))), records);
  assert.equal(await openRecords(records), records);
  await assert.rejects(openRecords(new Uint8Array(gzipSync(records).subarray(0, 30))));
});

test('inflating ends where there is more than expected', async () => {
  const zipped = new Uint8Array(gzipSync(new Uint8Array(5_000_000)));
  assert.ok(zipped.length < 10_000);
  await assert.rejects(openRecords(zipped, 4_999_999), RangeError);
  assert.equal((await openRecords(zipped, 5_000_000)).length, 5_000_000);
});

test('records are counted and cut where they end', () => {
  const records = new Uint8Array(2 * RECORD_BYTES);
  records[RECORD_BYTES] = 9;
  records[RECORD_BYTES + 1] = 200;
  assert.equal(countRecords(records), 2);
  assert.ok(areWhole(records));
  assert.ok(!areWhole(records.subarray(1)));
  assert.ok(!areWhole(new Uint8Array()));
  const { label, pixels } = recordAt(records, 1);
  assert.equal(label, 9);
  assert.equal(pixels.length, 3_072);
  assert.equal(pixels[0], 200);
});

test('planes go to a canvas pixel by pixel, opaque', () => {
  const planes = Uint8Array.from({ length: 3_072 }, (_, i) => (i * 31) % 256);
  const rgba = toRgba(planes);
  assert.deepEqual([...rgba.subarray(0, 4)], [planes[0], planes[1024], planes[2048], 255]);
  assert.deepEqual([...rgba.subarray(-4)], [planes[1023], planes[2047], planes[3071], 255]);
});
