/**
 * Hostile input to the page's own parsers: links, records, manifests and files of anything at all.
 *
 * Whatever comes, a parser answers with something valid or rejects with a sentence, soon and within its bound.
 * The crate's parsers are attacked in tests/hostile.rs and in fuzz/.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseFragment, readAddress, toFragment } from '../../www/state/config.js';
import { DEFAULTS, RULES, parseField, textOf } from '../../www/state/fields.js';
import { crossCheck } from '../../www/state/fitting.js';
import { presetOf } from '../../www/state/presets.js';
import { kindOf, routeOf } from '../../www/loading/file-kinds.js';
import { RECORD_BYTES } from '../../www/protocol/protocol.js';
import { areWhole, countRecords, openRecords, recordAt } from '../../www/loading/records.js';
import { describeRun, readRunFile } from '../../www/runs/run-files.js';
import { promisedBy, readManifest, shardsNeeded } from '../../www/loading/shards.js';
import { initialState, reduce } from '../../www/state/store.js';
import { rootOf } from '../../www/loading/svg.js';

/** The same inputs each time, so that a failure is one for everybody. */
const SEED = 6;
/** @param {number} numRuns */
const runs = (numRuns) => ({ seed: SEED, numRuns });

/** @param {string} text */
function isSentence(text) {
  assert.doesNotMatch(text, /\p{Surrogate}/u, 'half of a character');
  assert.ok(text.length > 3 && text.length <= 400, `${text.length} characters`);
  assert.match(text, /[.?!]$/);
}

/** A key of a link, or something like one. */
const key = fc.oneof(fc.constantFrom(...Object.keys(RULES), 'run', '__proto__', 'constructor', 'Train', ''), fc.string({ unit: 'binary', maxLength: 60 }));
const value = fc.oneof(
  fc.integer().map(String), fc.double().map(String), fc.string({ unit: 'binary', maxLength: 90 }),
  fc.constantFrom('-0', '0', '+1', '1e3', '0x10', ' 7 ', '5e-324', '1e999', 'NaN', 'Infinity', '٣', 'auto', 'flex', 'none', 'flip-shift', 'sgd', 'on', 'coupled', 'adamw', 'drops', '5,8', '8,5', 'batch', 'cifar10', '0.5,0.4,0.3/0.2,0.2,0.2', '4294967295', '4294967296', '%', '%zz'),
);
const separator = fc.constantFrom('&', '&', '&', '&&', ';', '#', '=');
/** A link as somebody may have typed it, encoded or not. */
const link = fc.oneof(
  fc.array(fc.tuple(key, value, separator, fc.boolean()), { maxLength: 14 }).map((pairs) => `#${pairs.map(([name, text, end, isEncoded]) => (
    isEncoded ? new URLSearchParams([[name, text]]) : `${name}=${text}`) + end).join('')}`),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

test('any fragment gives a configuration that is valid, with complaints that are sentences', () => {
  fc.assert(fc.property(link, (hash) => {
    const { config, autostart, complaints } = readAddress(hash);
    assert.deepEqual(Object.keys(config), Object.keys(DEFAULTS));
    for (const field of /** @type {import('../../www/state/fields.js').Field[]} */ (Object.keys(RULES))) {
      assert.deepEqual(parseField(field, textOf(field, config[field]) ?? ''), { value: config[field] }, field);
    }
    assert.deepEqual(crossCheck(config), {});
    assert.equal(typeof autostart, 'boolean');
    assert.ok(complaints.length <= 10);
    complaints.forEach(isSentence);
    presetOf(config);
    const again = toFragment(config, autostart);
    assert.deepEqual(readAddress(again), { config, autostart, complaints: [] });
    assert.equal(toFragment(readAddress(again).config, autostart), again);
  }), runs(10_000));
});

test('of a link that is nothing but mistakes a few are told, and how many more there are', () => {
  const { config, complaints } = parseFragment(`#${Array.from({ length: 5_000 }, (_, i) => `wrong${i}=1`).join('&')}`);
  assert.deepEqual(config, DEFAULTS);
  assert.equal(complaints.length, 9);
  assert.match(complaints[8], /4,992 more/);
  assert.equal(parseFragment(`#${'😀'.repeat(50)}=1`).complaints[0], `The link has a setting “${'😀'.repeat(40)}…” that this page does not know.`);
});

const one = new Uint8Array(RECORD_BYTES);
const seeds = [one, gzipSync(one), gzipSync(Uint8Array.from({ length: 2 * RECORD_BYTES }, (_, i) => (i % RECORD_BYTES === 0 ? 3 : (i * i) % 251))), Buffer.concat([gzipSync(one), gzipSync(one)])];
/** A change: where (as a share of the length), what kind, which byte. */
const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(3), fc.nat(255));
/** Records, raw or gzip, after some changes; or any bytes, with gzip's first two or without. */
const bytes = fc.oneof(
  fc.tuple(fc.constantFrom(...seeds), fc.array(change, { maxLength: 4 })).map(([seed, changes]) => changes.reduce(mutate, [...seed])),
  fc.tuple(fc.boolean(), fc.array(fc.nat(255), { maxLength: 400 })).map(([isGzip, rest]) => (isGzip ? [0x1f, 0x8b, 8, 0, ...rest] : rest)),
).map((list) => Uint8Array.from(list));

/** @param {number[]} list @param {[number, number, number]} change */
function mutate(list, [share, kind, byte]) {
  const at = Math.floor(share * list.length);
  if (kind === 0) return [...list.slice(0, at), byte, ...list.slice(at + 1)];
  if (kind === 1) return list.slice(0, at);
  if (kind === 2) return [...list.slice(0, at), ...list.slice(at + byte)];
  return [...list.slice(0, at), ...list.slice(Math.max(0, at - byte))];
}

test('any bytes are records, or are refused with a sentence, and never more than asked for', async () => {
  const most = 3 * RECORD_BYTES;
  const seen = { taken: 0, refused: 0 };
  await fc.assert(fc.asyncProperty(bytes, async (input) => {
    const opened = await openRecords(input, most).catch((thrown) => {
      assert.ok(thrown instanceof Error, 'a typed rejection');
      return null;
    });
    assert.ok(opened === null || opened === input || opened.length <= most);
    seen[opened && areWhole(opened) ? 'taken' : 'refused'] += 1;
    if (!opened || !areWhole(opened)) return;
    for (let i = 0; i < countRecords(opened); i += 1) assert.equal(recordAt(opened, i).pixels.length, RECORD_BYTES - 1);
  }), runs(10_000));
  assert.ok(seen.taken > 200 && seen.refused > 200, JSON.stringify(seen));
});

test('a small file that unfolds without end is left at the limit', async () => {
  const bomb = new Uint8Array(gzipSync(new Uint8Array(200_000_000)));
  const before = process.memoryUsage().arrayBuffers;
  await assert.rejects(openRecords(bomb), RangeError);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 * 60_000 * RECORD_BYTES);
});

const listed = JSON.parse(readFileSync(new URL('../../fuzz/seeds/manifest/two.json', import.meta.url), 'utf8'));
/** A manifest in which some fields are anything. */
const almost = fc.record({
  format_version: fc.jsonValue(),
  shards: fc.oneof(fc.jsonValue(), fc.array(fc.oneof(fc.jsonValue(), fc.record({
    file: fc.oneof(fc.constantFrom('a.bin', '../a', '//b.example/a', 'a?b', 'a b', ''), fc.string()),
    split: fc.constantFrom('train', 'test', 'both', null),
    records: fc.oneof(fc.nat(60_000), fc.constantFrom(-1, 0.5, 1e308, null, '5')),
    sha256: fc.oneof(fc.string(), fc.jsonValue()),
  }, { requiredKeys: [] })), { maxLength: 5 }), fc.constant(listed.shards)),
}, { requiredKeys: [] }).map((object) => new TextEncoder().encode(JSON.stringify(object)));

test('any bytes are a manifest that the page can use, or are refused', () => {
  let taken = 0;
  fc.assert(fc.property(fc.oneof(almost, bytes, fc.json().map((text) => new TextEncoder().encode(text))), (input) => {
    let manifest;
    try {
      manifest = readManifest(input);
    } catch (thrown) {
      assert.ok(thrown instanceof Error && thrown.message === 'the server’s manifest is not a list of data files');
      return;
    }
    taken += 1;
    const promised = promisedBy(manifest);
    for (const sum of [promised.train, promised.test]) assert.ok(Number.isSafeInteger(sum) && sum >= 0);
    for (const { file, split, sha256 } of shardsNeeded(manifest, DEFAULTS)) {
      assert.match(file, /^[^/\\?#%:]+$/, 'a name beside the manifest');
      assert.ok(split in promised && typeof sha256 === 'string');
    }
  }), runs(10_000));
  assert.ok(taken > 500, String(taken));
});

test('a file that its content does not tell is a saved run by its name, and read only if it is no larger than the crate reads', async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary' }), fc.oneof(fc.nat(2_000), fc.constantFrom(64 * 2 ** 20, 64 * 2 ** 20 + 1, 2 ** 40)), fc.boolean(), async (name, size, fails) => {
    const file = new File([new Uint8Array(Math.min(size, 2_000))], `${name}.SafeTensors`);
    assert.equal(routeOf(file, null), 'run');
    assert.equal(routeOf(new File([], `${name}x`), null), 'data');
    Object.defineProperty(file, 'size', { value: size });
    let wasRead = false;
    const { arrayBuffer } = file;
    file.arrayBuffer = () => {
      wasRead = true;
      return fails ? Promise.reject(new DOMException('gone', 'NotFoundError')) : arrayBuffer.call(file);
    };
    const may = size > 0 && size <= 64 * 2 ** 20;
    const read = await readRunFile(file).catch((thrown) => thrown.message);
    assert.equal(wasRead, may);
    if (may && !fails) assert.ok(read instanceof Uint8Array);
    else assert.match(read, /^(is empty|is too large to be a saved run|cannot be read: .+)$/);
  }), runs(2_000));
});

test('records are never taken for a picture, and whatever comes has a kind or none', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ maxLength: 300 }), (label, pixels) => {
    assert.equal(kindOf(Uint8Array.of(label, ...pixels)), null);
  }), runs(20_000));
  const beginnings = ['<svg', '<svg width="', '<!--', '<?xml', '<!DOCTYPE svg [', 'RIFF', '\0\0\0\x20ftyp', '\0\0\x01\0', 'BM', '\xff\xfe'];
  fc.assert(fc.property(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 300 }), (beginning, rest) => {
    const kind = kindOf(Uint8Array.from([...Buffer.from(beginning, 'latin1'), ...rest]));
    if (kind) assert.match(kind.name, /^an? /);
  }), runs(20_000));
});

test('a long beginning of an SVG is read in a moment, whatever it is made of', () => {
  for (const part of ['<!---->', '<?a?>', '<!DOCTYPE [', ' ', '<!--', '<svg a="b" ', '<svg ']) {
    const text = part.repeat(200_000 / part.length);
    assert.equal(rootOf(text), null, part);
    assert.equal(kindOf(Buffer.from(text)), null, part);
  }
});

const folder = new URL('../../fuzz/seeds/checkpoint/', import.meta.url);
const files = readdirSync(folder).map((name) => [...readFileSync(new URL(name, folder))]);
/** A run's file whose header is changed as text, its length made right again or not. */
const almostRun = fc.tuple(fc.constantFrom(...files), fc.array(change, { maxLength: 3 }), fc.boolean(), fc.oneof(fc.constant(null), fc.tuple(
  fc.constantFrom('epochs', 'history', 'position', 'epochs_end', 'step', 'val_accuracy', 'config', '__metadata__', 'run'), fc.jsonValue(),
))).map(([file, changes, isRight, odd]) => {
  const length = Number(new DataView(Uint8Array.from(file).buffer).getBigUint64(0, true));
  let header = changes.reduce(mutate, file.slice(8, 8 + length));
  // Some value of the JSON in JSON, or of the outer one, becomes anything.
  if (odd) header = [...new TextEncoder().encode(new TextDecoder().decode(Uint8Array.from(header)).replace(new RegExp(`(\\\\?"${odd[0]}\\\\?":)[^,}]*`), (_, start) => (
    start + JSON.stringify(odd[1]).replaceAll('"', start.startsWith('\\') ? '\\"' : '"'))))];
  const bytes = Uint8Array.from([...file.slice(0, 8), ...header, ...file.slice(8 + length)]);
  if (isRight) new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  return bytes;
});

test('any file is told where its run stands, or nothing of it', () => {
  let told = 0;
  fc.assert(fc.property(fc.oneof(almostRun, bytes), (input) => {
    const run = describeRun(input);
    if (!run) return;
    told += 1;
    for (const count of [run.trained, run.epochs, ...(run.position ? [run.position.epoch, run.position.step] : [])]) assert.ok(Number.isInteger(count) && count >= 0);
    assert.ok(run.valAccuracy === null || typeof run.valAccuracy === 'number');
    assert.equal(typeof run.config, 'object');
  }), runs(10_000));
  assert.ok(told > 500, String(told));
});
