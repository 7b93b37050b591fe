/** The loader against a store and an engine that only note what comes. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { missingSentence } from '../../www/state/data-reducer.js';
import { DEFAULTS } from '../../www/state/fields.js';
import { PRESETS } from '../../www/state/presets.js';
import { createLoader } from '../../www/loading/loader.js';
import { RECORD_BYTES } from '../../www/protocol/protocol.js';
import { createStore } from '../../www/state/store.js';
import { open, records } from './opened.mjs';

const shard = (/** @type {string} */ split, /** @type {number} */ i) => (
  { file: `${split}-0${i}`, split, records: 2_000, bytes: 2_000 * RECORD_BYTES, sha256: `${split}${i}` });
const MANIFEST = {
  format_version: 1,
  class_names: [],
  shards: [...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => shard('train', i)), shard('test', 0), shard('test', 1)],
};
const RECORDS = gzipSync(new Uint8Array(RECORD_BYTES));
/** @type {any} */
const LOADED = { config: DEFAULTS, data: { train_records: 0, test_records: 0, complete: false } };

const realFetch = globalThis.fetch;
/** The list that the server has. @type {any} */
let manifest = MANIFEST;
/** Files that cannot be had. @type {string[]} */
let offline = [];
/** When set, a shard waits for it. @type {((file: string) => Promise<void>) | null} */
let hold = null;
/** How the browser's own cache was to be used, by file. @type {[string, string | undefined][]} */
let cacheUses = [];
/** What happens during each wait before another try. @type {(ms: number) => void} */
let whileWaiting = () => undefined;

beforeEach(() => {
  manifest = MANIFEST;
  offline = [];
  hold = null;
  cacheUses = [];
  whileWaiting = () => undefined;
  globalThis.fetch = async (url, options) => {
    const file = String(url).replace(/^.*\//, '').replace(/\?.*$/, '');
    if (file === 'manifest.json') return new Response(JSON.stringify(manifest));
    cacheUses.push([file, options?.cache]);
    await hold?.(file);
    if (offline.includes(file)) throw new TypeError('offline');
    return new Response(RECORDS);
  };
});
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** A store, a loader and what the engine was sent. @param {Partial<typeof DEFAULTS>} [change] */
function setUp(change = {}) {
  const store = createStore(() => 0);
  /** @type {any[]} */
  const sent = [];
  store.dispatch({ type: 'configured', config: { ...DEFAULTS, ...change }, autostart: false });
  const loader = createLoader(store, (command) => sent.push(command), open, async (ms) => whileWaiting(ms));
  const shards = () => sent.filter(({ type }) => type === 'add_shard').map(({ id }) => id);
  /** As main.js does it. @param {string} id @param {string} code */
  const refuse = (id, code) => {
    store.dispatch({ type: 'error', command: 'add_shard', id, error: { code, message: 'It is bad.', hint: '' } });
    return loader.refused(id, code);
  };
  return { store, loader, sent, shards, refuse };
}

test('shards are sent in order under the turn of their source', async () => {
  const { loader, shards, sent } = setUp(PRESETS.quick);
  await loader.useServer();
  assert.deepEqual(shards(), ['1/train-00', '1/test-00', '1/train-01', '1/train-02']);
  assert.equal(sent[0].type, 'load');
  await loader.ensure();
  assert.equal(shards().length, 4, 'each is sent once');
});

test('a shard that cannot be had is asked for again, and nothing else is given up', async () => {
  const { store, loader, sent, shards } = setUp(PRESETS.quick);
  store.dispatch({ type: 'loaded', loaded: LOADED });
  offline = ['train-01'];
  await loader.useServer();
  assert.match(store.get().dataProblem ?? '', /offline/);
  assert.deepEqual(shards(), ['1/train-00', '1/test-00']);
  offline = [];
  await loader.retry();
  assert.equal(store.get().dataProblem, null);
  assert.deepEqual(shards(), ['1/train-00', '1/test-00', '1/train-01', '1/train-02']);
  assert.equal(sent.filter(({ type }) => type === 'load').length, 1, 'the network stays');
});

test('a shard that fails and then comes is waited for, and the page says what is missing meanwhile', async () => {
  const { store, loader, shards } = setUp(PRESETS.quick);
  /** @type {number[]} */
  const waits = [];
  offline = ['train-01', 'train-02'];
  whileWaiting = (ms) => {
    waits.push(ms);
    assert.equal(store.get().dataProblem, null);
    const sentence = missingSentence(store.get()) ?? '';
    assert.match(sentence, /^Not here yet: “train-0[12]” could not be fetched \(offline\).*tries again/);
    if (store.get().missing.length > 1) assert.match(sentence, /and 1 more part is missing/);
    if (waits.length === 6) offline = [];
  };
  await loader.useServer();
  assert.deepEqual(waits, [500, 500, 1_500, 1_500, 4_000, 4_000]);
  assert.deepEqual(shards(), ['1/train-00', '1/test-00', '1/train-01', '1/train-02']);
  assert.deepEqual(store.get().missing, []);
  assert.equal(store.get().error, null);
});

test('a manifest that fails is tried again, unless other data was chosen meanwhile', async () => {
  const { store, loader, sent } = setUp(PRESETS.quick);
  const { fetch } = globalThis;
  let asked = 0;
  globalThis.fetch = async (url, options) => {
    if (!String(url).endsWith('manifest.json')) return fetch(url, options);
    asked += 1;
    return asked < 3 ? new Response(asked === 1 ? '{"sha' : '', { status: asked === 1 ? 200 : 503 }) : fetch(url, options);
  };
  /** @type {string[]} */
  const said = [];
  whileWaiting = () => said.push(missingSentence(store.get()) ?? '');
  await loader.useServer();
  assert.match(said.join(' '), /not a list of data files.*answered 503 for “manifest\.json”/);
  assert.equal(store.get().dataProblem, null);
  assert.equal(sent.filter(({ type }) => type === 'add_shard').length, 4);

  asked = 0;
  /** @type {Promise<void> | null} */
  let taking = null;
  whileWaiting = () => {
    taking = loader.useFiles([new File([new Uint8Array(RECORD_BYTES)], 'mine.bin')]);
  };
  const before = sent.length;
  await loader.useServer();
  await taking;
  assert.equal(store.get().source, 'files');
  assert.deepEqual(sent.slice(before).map(({ type }) => type).sort(), ['add_shard', 'load']);
});

test('trying again asks for the list anew, and goes on with another one', async () => {
  const { store, loader, sent, shards } = setUp(PRESETS.quick);
  store.dispatch({ type: 'loaded', loaded: LOADED });
  offline = ['train-01'];
  await loader.useServer();
  manifest = { ...MANIFEST, shards: MANIFEST.shards.map((each) => ({ ...each, file: `new-${each.file}` })) };
  await loader.retry();
  assert.deepEqual(shards().slice(2), ['2/new-train-00', '2/new-test-00', '2/new-train-01', '2/new-train-02']);
  assert.equal(sent.filter(({ type }) => type === 'load')[1].manifest.shards[0].file, 'new-train-00', 'the engine has the list that they are checked against');
  assert.deepEqual([store.get().dataProblem, store.get().error], [null, null]);
});

test('a network that has learnt is not given up for another list, and that is said', async () => {
  const { store, loader, sent } = setUp(PRESETS.quick);
  store.dispatch({ type: 'loaded', loaded: LOADED });
  await loader.useServer();
  store.dispatch(/** @type {any} */ ({ type: 'progress', epoch: 1, step: 1 }));
  offline = ['train-03'];
  store.dispatch({ type: 'configured', config: DEFAULTS, autostart: false });
  await loader.ensure();
  manifest = { ...MANIFEST, class_names: ['other'] };
  await loader.retry();
  assert.equal(sent.filter(({ type }) => type === 'load').length, 1);
  assert.equal(store.get().trained, true);
  assert.match(store.get().error?.message ?? '', /changed since the network began to learn.*reload the page/);
  await assert.rejects(loader.probe(), /changed/);
});

test('a list that the engine refuses is said as the server’s, and trying again asks for another', async () => {
  const { store, loader, sent } = setUp(PRESETS.quick);
  await loader.useServer();
  store.dispatch({ type: 'error', command: 'load', error: { code: 'invalid_manifest', message: 'It is of version 9.', hint: 'Wait.' } });
  loader.loadRefused('invalid_manifest');
  assert.match(store.get().dataProblem ?? '', /list of its data files cannot be used/);
  assert.equal(store.get().error?.message, 'It is of version 9.');
  await assert.rejects(loader.probe());
  manifest = { ...MANIFEST, class_names: ['other'] };
  await loader.probe();
  await loader.retry();
  assert.deepEqual([store.get().dataProblem, store.get().error], [null, null]);
  assert.equal(sent.filter(({ type }) => type === 'load').at(-1).manifest.class_names[0], 'other');
});

test('a server that was given up is well when it has what was missing, whole; looking changes nothing', async () => {
  const records = new Uint8Array(RECORD_BYTES);
  const sha256 = createHash('sha256').update(records).digest('hex');
  manifest = { ...MANIFEST, shards: MANIFEST.shards.map((each) => ({ ...each, sha256 })) };
  const { store, loader } = setUp(PRESETS.quick);
  store.dispatch({ type: 'loaded', loaded: LOADED });
  offline = ['train-01'];
  await loader.useServer();
  const before = store.get();
  await assert.rejects(loader.probe(), /“train-01” could not be fetched/);
  offline = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (url, options) => (/train-01/.test(String(url)) ? new Response(RECORDS.subarray(0, 20)) : fetch(url, options));
  await assert.rejects(loader.probe(), /“train-01” is damaged/);
  globalThis.fetch = fetch;
  await loader.probe();
  assert.equal(store.get(), before);
  await loader.retry();
  assert.equal(store.get().dataProblem, null);
});

test('how long the server asks to wait is passed on when it is given up', async () => {
  const { store, loader } = setUp(PRESETS.quick);
  /** @type {any[]} */
  const failures = [];
  store.subscribe((_state, _before, message) => {
    if (message.type === 'data_failed') failures.push(message);
  });
  const { fetch } = globalThis;
  globalThis.fetch = async (url, options) => (/train-01/.test(String(url)) ? new Response(null, { status: 503, headers: { 'retry-after': '90' } }) : fetch(url, options));
  whileWaiting = () => assert.fail('it waits');
  await loader.useServer();
  assert.deepEqual(failures.map(({ retryAfterMs }) => retryAfterMs), [90_000]);
  assert.match(store.get().error?.message ?? '', /answered 503 for “train-01”, and asks to wait 90 seconds/);
});

test('what may not pass is not tried again', async () => {
  const { store, loader } = setUp(PRESETS.quick);
  const { fetch } = globalThis;
  globalThis.fetch = async (url, options) => (/train-01/.test(String(url)) ? new Response(null, { status: 404 }) : fetch(url, options));
  whileWaiting = () => assert.fail('it waits');
  await loader.useServer();
  assert.match(store.get().dataProblem ?? '', /answered 404/);
});

test('a damaged shard is fetched once more by itself; damaged again, it ends the stream and is asked for later', async () => {
  const { store, loader, shards, refuse } = setUp(PRESETS.quick);
  store.dispatch({ type: 'loaded', loaded: LOADED });
  await loader.useServer();
  const again = refuse('1/train-01', 'hash_mismatch');
  assert.match(missingSentence(store.get()) ?? '', /“train-01” came damaged.*tries again by itself/);
  await again;
  assert.deepEqual(shards().slice(4), ['1/train-01']);
  assert.deepEqual([store.get().missing, store.get().error, store.get().dataProblem], [[], null, null]);
  assert.deepEqual(store.get().shards, { expected: 4, fetched: 4, added: 0 });

  await refuse('1/train-01', 'hash_mismatch');
  assert.match(store.get().dataProblem ?? '', /train-01.*damaged/);
  assert.equal(store.get().error?.message, '“train-01” came damaged from the server, twice. It is bad.');
  await refuse('0/train-02', 'hash_mismatch');
  await loader.ensure();
  assert.deepEqual(shards().slice(5), ['1/train-01'], 'what an older source says is not heard');
});

test('what was of no use is fetched past the browser’s own cache', async () => {
  const { store, loader, refuse } = setUp({ train: 2_000, test: 1_000 });
  store.dispatch({ type: 'loaded', loaded: LOADED });
  await loader.useServer();
  offline = ['train-00'];
  await refuse('1/train-00', 'gzip');
  offline = [];
  await loader.retry();
  await loader.useServer();
  const uses = cacheUses.filter(([file]) => file === 'train-00').map(([, use]) => use);
  assert.deepEqual(uses, [undefined, 'reload', 'reload', 'reload', 'reload', 'reload', undefined]);
});

test('images of a damaged shard are taken out of sight, and others take their place', async () => {
  const { store, loader, shards, refuse } = setUp({ train: 2_000, test: 1_000 });
  store.dispatch({ type: 'loaded', loaded: LOADED });
  await loader.useServer();
  assert.notEqual(store.get().pool.train, null);
  const again = refuse('1/train-00', 'label');
  assert.equal(store.get().pool.train, null);
  assert.notEqual(store.get().pool.test, null);
  await again;
  assert.notEqual(store.get().pool.train, null);
  assert.deepEqual(shards(), ['1/train-00', '1/test-00', '1/train-00']);
});

test('a first shard that cannot be unpacked is still the engine’s to judge', async () => {
  const { store, loader, shards } = setUp({ train: 2_000, test: 1_000 });
  globalThis.fetch = async (url) => new Response(/manifest/.test(String(url)) ? JSON.stringify(MANIFEST) : RECORDS.subarray(0, 20));
  await loader.useServer();
  assert.deepEqual(shards(), ['1/train-00', '1/test-00']);
  assert.equal(store.get().dataProblem, null);
  assert.deepEqual(store.get().pool, { train: null, test: null });
});

test('what is no longer waited for may fail unheard', async () => {
  const { store, loader, shards } = setUp();
  offline = ['train-05'];
  hold = async (file) => {
    if (file === 'train-05') store.dispatch({ type: 'preset_chosen', preset: PRESETS.quick });
  };
  await loader.useServer();
  assert.equal(store.get().dataProblem, null);
  assert.equal(store.get().error, null);
  store.dispatch({ type: 'configured', config: DEFAULTS, autostart: false });
  hold = null;
  await loader.ensure();
  assert.match(store.get().dataProblem ?? '', /train-05/);
  assert.ok(!shards().includes('1/train-05'));
});

test('a file that is refused is not brought again, and what a file is, the crate says', async () => {
  const { store, loader, sent } = setUp();
  await loader.useFiles([1, 2].map((salt) => new File([records(salt, 10)], `data_batch_${salt}.bin`)));
  const [first] = sent.filter(({ type }) => type === 'add_shard');
  assert.equal(first.name, 'data_batch_1.bin');
  assert.deepEqual(store.get().pool, { train: null, test: null }, 'what is shown as what, the crate says too');
  const error = { code: 'duplicate', message: '', hint: '' };
  store.dispatch({ type: 'error', command: 'add_shard', id: '1/2', error });
  await loader.refused('1/2', 'duplicate');
  assert.equal(store.get().source, 'files');
  await loader.retry();
  assert.equal(sent.filter(({ type }) => type === 'add_shard').length, 3, 'two, then one');
});

test('a shorter configuration ends a long stream, a run holds it, its end continues it', async () => {
  const { store, loader, shards } = setUp();
  hold = async (file) => {
    if (file === 'train-02') store.dispatch({ type: 'preset_chosen', preset: PRESETS.quick });
  };
  await loader.useServer();
  assert.ok(shards().includes('1/train-02'));
  assert.ok(!shards().includes('1/train-07'), shards().join(' '));

  hold = async (file) => {
    if (file === 'train-06') store.dispatch({ type: 'start_sent' });
  };
  store.dispatch({ type: 'configured', config: DEFAULTS, autostart: false });
  await loader.ensure();
  assert.ok(!shards().includes('1/train-06'), 'the records of a run do not change');
  assert.equal(store.get().shards.expected, shards().length, 'and nothing seems to be under way');
  hold = null;
  await loader.ensure();
  assert.ok(!shards().includes('1/train-06'));
  store.dispatch({ type: 'error', command: 'start', error: { code: 'busy', message: '', hint: '' } });
  await loader.ensure();
  assert.equal(new Set(shards()).size, 10);
  assert.equal(shards().length, 10);
});

test('files are taken with the configuration that the engine accepted, and a bad one changes nothing', async () => {
  const { store, loader, sent } = setUp({ backend: 'webgpu' });
  store.dispatch({ type: 'loaded', loaded: { ...LOADED, config: { ...DEFAULTS, backend: 'flex' } } });
  await loader.useServer();
  const before = sent.length;
  const mislabelled = new Uint8Array(RECORD_BYTES).fill(77);
  await loader.useFiles([new File([mislabelled], 'data_batch_1.bin')]);
  assert.match(store.get().error?.message ?? '', /“data_batch_1\.bin”: It has the label 77/);
  assert.equal(store.get().source, 'server');
  assert.equal(sent.length, before);

  store.dispatch({ type: 'start_sent' });
  await loader.useFiles([new File([new Uint8Array(RECORD_BYTES)], 'mine.bin')]);
  assert.equal(store.get().error?.code, 'busy');
  assert.equal(sent.length, before);
  store.dispatch({ type: 'error', command: 'start', error: { code: 'busy', message: '', hint: '' } });

  await loader.useFiles([new File([new Uint8Array(RECORD_BYTES)], 'mine.bin')]);
  const [load, add] = sent.slice(before);
  assert.equal(load.config.backend, 'flex');
  assert.equal(load.manifest, null);
  assert.match(add.id, /^2\//);
});

test('data that is taken after the loaded backend was refused is loaded with another one', async () => {
  const { store, loader, sent } = setUp({ backend: 'webgpu' });
  await loader.useServer();
  store.dispatch({ type: 'backends', backends: [{ backend: 'webgpu', available: true, in_other_module: false, remark: null }] });
  store.dispatch({ type: 'loaded', loaded: { ...LOADED, config: { ...DEFAULTS, backend: 'webgpu', seed: 9 } } });
  await loader.useServer();
  store.dispatch({ type: 'backends', backends: [{ backend: 'webgpu', available: false, in_other_module: false, remark: 'It is refused.' }] });
  await loader.useFiles([new File([new Uint8Array(RECORD_BYTES)], 'mine.bin')]);
  const loads = sent.filter(({ type }) => type === 'load').map(({ turn, config }) => [turn, config.backend, config.seed]);
  assert.deepEqual(loads, [[1, 'webgpu', DEFAULTS.seed], [2, 'webgpu', 9], [3, 'auto', 9]]);
});

test('a backend that was asked for before anything was loaded is not replaced', async () => {
  const { store, loader, sent } = setUp({ backend: 'webgpu' });
  store.dispatch({ type: 'backends', backends: [{ backend: 'webgpu', available: false, in_other_module: false, remark: 'There is none.' }] });
  await loader.useServer();
  assert.equal(sent[0].config.backend, 'webgpu', 'its refusal is to be read');
});

test('files that came before anything could load are brought again', async () => {
  const { loader, sent, store } = setUp();
  await loader.useFiles([new File([new Uint8Array(RECORD_BYTES)], 'mine.bin')]);
  await loader.retry();
  assert.deepEqual(sent.map(({ type }) => type), ['load', 'add_shard', 'load', 'add_shard']);
  assert.match(sent[3].id, /^2\//);
  assert.deepEqual(store.get().files.map(({ file }) => file), ['mine.bin']);
});

test('what was sent while nothing could take it is brought again once something has loaded', async () => {
  const { store, loader, sent, shards } = setUp({ backend: 'webgpu', train: 2_000, test: 1_000 });
  await loader.useServer();
  await loader.refused('1/train-00', 'not_loaded');
  store.dispatch({ type: 'loaded', loaded: LOADED });
  await loader.afterLoad();
  assert.deepEqual(shards(), ['1/train-00', '1/test-00', '2/train-00', '2/test-00']);
  await loader.afterLoad();
  assert.equal(sent.filter(({ type }) => type === 'load').length, 2, 'once');
});

test('an engine that was replaced gets the load, what it was replaced for and the images, in this order', async () => {
  const { store, loader, sent } = setUp({ train: 2_000, test: 1_000 });
  await loader.useServer();
  store.dispatch({ type: 'loaded', loaded: { ...LOADED, config: { ...DEFAULTS, seed: 9 } } });
  const begun = async (/** @type {any} */ resend) => {
    const before = sent.length;
    store.dispatch({ type: 'other_module', resend });
    await loader.sendAgain(resend);
    return sent.slice(before).map(({ type, config, id }) => config?.seed ?? id ?? type);
  };
  const shards = (/** @type {number} */ turn) => [`${turn}/train-00`, `${turn}/test-00`];
  assert.deepEqual(await begun({ bytes: new Uint8Array(1), start: true }), [9, 'restore', ...shards(2)]);
  assert.deepEqual(await begun({ bytes: null, start: true }), [9, ...shards(3)]);
  assert.deepEqual(await begun({ bytes: null, start: false }), [9, DEFAULTS.seed, ...shards(4)]);

  await loader.useFiles([new File([new Uint8Array(RECORD_BYTES)], 'mine.bin')]);
  const [load, restore, file] = await begun({ bytes: new Uint8Array(1), start: false });
  assert.deepEqual([load, restore], [9, 'restore']);
  assert.match(file, /^6\//);
});
