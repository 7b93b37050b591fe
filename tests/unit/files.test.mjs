/** The visitor's own files: taken, changed, removed, and the way back to the server's images. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DEFAULTS } from '../../www/state/fields.js';
import { filesIn, nameOf } from '../../www/loading/drops.js';
import { createFiles } from '../../www/loading/files.js';
import { createLoader } from '../../www/loading/loader.js';
import { RECORD_BYTES } from '../../www/protocol/protocol.js';
import { createStore, initialState, reduce } from '../../www/state/store.js';
import { imagesSentence } from '../../www/views/shared/images-sentence.js';
import { open, records } from './opened.mjs';

const MANIFEST = {
  format_version: 1, class_names: [],
  shards: ['train', 'test'].map((split) => ({ file: `${split}-00`, split, records: 2_000, bytes: 2_000 * RECORD_BYTES, sha256: split })),
};
const realFetch = globalThis.fetch;
let isOffline = false;
beforeEach(() => {
  isOffline = false;
  globalThis.fetch = async (url) => {
    if (isOffline) throw new TypeError('offline');
    return new Response(String(url).includes('manifest') ? JSON.stringify(MANIFEST) : gzipSync(new Uint8Array(RECORD_BYTES)));
  };
});
afterEach(() => {
  globalThis.fetch = realFetch;
});

const file = (/** @type {string} */ name, /** @type {Uint8Array} */ bytes) => new File([Uint8Array.from(bytes)], name);

/** A page whose server's images are there, and what the engine was sent since. */
async function setUp() {
  const store = createStore(() => 0);
  /** @type {any[]} */
  const sent = [];
  store.dispatch({ type: 'configured', config: { ...DEFAULTS, train: 2_000, test: 1_000 }, autostart: false });
  const loader = createLoader(store, (command) => sent.push(command), open, async () => undefined);
  await loader.useServer();
  sent.length = 0;
  /** Each load, and each shard with its split. */
  const since = () => sent.splice(0).map(({ type, id, split }) => (type === 'add_shard' ? `${id} ${split}` : type));
  const key = (/** @type {string} */ name) => store.get().files.find((each) => each.file === name)?.key ?? -1;
  return { store, loader, since, key, complaint: () => store.get().error?.message ?? null };
}

test('files are sent in the order of their names with the split that the engine says, in whatever order they come', async () => {
  const { store, loader, since } = await setUp();
  await loader.useFiles([file('test.bin', records(3)), file('b.bin', records(2))]);
  assert.deepEqual(since(), ['load', '2/2 train', '2/1 test']);
  await loader.useFiles([file('a.bin', records(1, 2))]);
  assert.deepEqual(since(), ['load', '3/3 train', '3/2 train', '3/1 test'], 'all of them anew, under a turn of their own');
  const { files, shards, source } = store.get();
  assert.deepEqual(files.map(({ file: name, split, records: held, isAdded }) => [name, split, held, isAdded]), [
    ['a.bin', 'train', 2, false], ['b.bin', 'train', 1, false], ['test.bin', 'test', 1, false],
  ]);
  assert.deepEqual([shards, source], [{ expected: 3, fetched: 3, added: 0 }, 'files']);
});

test('a bad file keeps no other out, and each is named', async () => {
  const { store, loader, since, complaint } = await setUp();
  const bad = new Uint8Array(RECORD_BYTES).fill(77);
  await loader.useFiles([file('bad.bin', bad), file('good.bin', records(1)), file('cut.bin', Uint8Array.of(1, 2)), file('copy.bin', records(1))], 1);
  assert.equal(since().length, 2, 'a load and the good one');
  assert.equal(complaint(), '“bad.bin”: It has the label 77. “cut.bin”: The file is cut short. Use another. “copy.bin”: These records are already loaded (good.bin).');
  assert.deepEqual(store.get().files.map((each) => each.file), ['good.bin']);
  await loader.useFiles([file('next.bin', records(2))], 2);
  assert.equal(complaint(), null, 'another drop takes the sentence back');
});

test('what was said of a picture of the same drop stays beside the data', async () => {
  const { store, loader, complaint } = await setUp();
  store.dispatch({ type: 'complained', error: { code: 'invalid_picture', message: '“a.heic” is HEIC.', hint: 'Choose PNG.' }, drop: 4 });
  await loader.useFiles([file('bad.bin', Uint8Array.of(1)), file('good.bin', records(1))], 4);
  assert.equal(complaint(), '“a.heic” is HEIC. Choose PNG. “bad.bin”: The file is cut short.');
  store.dispatch({ type: 'error', command: 'add_shard', id: '2/1', error: { code: 'too_large', message: 'That is too much.', hint: '' } });
  assert.equal(complaint(), '“a.heic” is HEIC. Choose PNG. “bad.bin”: The file is cut short. Use another. “good.bin”: That is too much.');
});

test('files of no use change nothing; one that only goes with the data is said to hold no images', async () => {
  const { store, loader, since, complaint } = await setUp();
  await loader.useFiles([file('bad.bin', Uint8Array.of(1))]);
  assert.deepEqual([since(), store.get().source], [[], 'server']);
  const huge = file('film.bin', Uint8Array.of());
  Object.defineProperty(huge, 'size', { value: 2 ** 31 });
  huge.arrayBuffer = () => assert.fail('a file that is too large is not read');
  await loader.useFiles([huge]);
  assert.equal(complaint(), '“film.bin”: It is larger than all of CIFAR-10.');
  const companions = createLoader(store, () => assert.fail('nothing is sent'), async () => ({ files: [], refused: [] }));
  await companions.useFiles([file('readme.html', Uint8Array.of(60))]);
  assert.equal(complaint(), '“readme.html”: It goes with CIFAR-10 and holds no images.');
});

test('while a file is opened, which may take seconds, that is said', async () => {
  const { store } = await setUp();
  /** @type {string[]} */
  const told = [];
  const loader = createLoader(store, () => undefined, async (name, read) => {
    told.push(imagesSentence(store.get()));
    return open(name, read);
  });
  await loader.useFiles([file('a.bin', records(1)), file('b.bin', Uint8Array.of(1))]);
  assert.deepEqual(told, ['Opening “a.bin”', 'Opening “b.bin”']);
  assert.equal(store.get().opening, null);
});

test('an archive’s files are files of their own, and its bad ones are named', async () => {
  const { store, complaint } = await setUp();
  /** @type {any[]} */
  const sent = [];
  const opened = async () => ({
    files: [1, 2].map((salt) => ({ ...open1(salt), name: `cifar/${salt}.bin` })),
    refused: [{ name: 'cifar/data_batch_1', error: { code: 'other_format', message: 'This is a Python pickle.', hint: 'Use the binary version.' } }],
  });
  const open1 = (/** @type {number} */ salt) => ({ split: /** @type {const} */ ('train'), records: 1, sha256: String(salt), known: null, bytes: records(salt) });
  const loader = createLoader(store, (command) => sent.push(command), /** @type {any} */ (opened));
  await loader.useFiles([file('cifar.tar.gz', Uint8Array.of(31))]);
  assert.deepEqual(store.get().files.map((each) => each.file), ['cifar/1.bin', 'cifar/2.bin']);
  assert.equal(complaint(), '“cifar/data_batch_1”: This is a Python pickle.');
});

test('another split sends the data anew, and the file stays the same to the page', async () => {
  const { store, loader, since, key } = await setUp();
  await loader.useFiles([file('a.bin', records(1)), file('latest.bin', records(2))]);
  since();
  const before = key('latest.bin');
  await loader.setSplit(before, 'test');
  assert.deepEqual(since(), ['load', '3/1 train', '3/2 test']);
  assert.deepEqual(store.get().files.map(({ file: name, split }) => [name, split]), [['a.bin', 'train'], ['latest.bin', 'test']]);
  assert.equal(key('latest.bin'), before);
  await loader.retry();
  assert.deepEqual(since(), ['load', '4/1 train', '4/2 test'], 'and is remembered');
});

test('a file that is removed is not sent again, and the server’s images come back after the last one', async () => {
  const { store, loader, since, key } = await setUp();
  await loader.useFiles([file('a.bin', records(1)), file('b.bin', records(2))]);
  since();
  await loader.removeFile(key('a.bin'));
  assert.deepEqual(since(), ['load', '3/2 train']);
  await loader.removeFile(key('b.bin'));
  assert.deepEqual(since(), ['load', '4/train-00 train', '4/test-00 test']);
  assert.deepEqual([store.get().source, store.get().files], ['server', []]);
  await loader.useFiles([file('c.bin', records(3))]);
  assert.deepEqual(since(), ['load', '5/3 train'], 'what was removed does not come back');
});

test('the way back to the server’s images leaves the files where there are none', async () => {
  const { store, loader, since, complaint } = await setUp();
  await loader.useFiles([file('a.bin', records(1))]);
  since();
  isOffline = true;
  await loader.leaveFiles();
  assert.deepEqual([store.get().source, since()], ['files', []]);
  assert.match(complaint() ?? '', /The server’s images could not be had/);
  assert.deepEqual(store.get().missing, []);
  isOffline = false;
  await loader.leaveFiles();
  assert.deepEqual([store.get().source, complaint()], ['server', null]);
  assert.deepEqual(since(), ['load', '3/train-00 train', '3/test-00 test']);
});

test('nothing changes while a run is under way, and that is said', async () => {
  const { store, loader, since, key, complaint } = await setUp();
  await loader.useFiles([file('a.bin', records(1))]);
  since();
  store.dispatch({ type: 'start_sent' });
  for (const change of [() => loader.setSplit(key('a.bin'), 'test'), () => loader.removeFile(key('a.bin')), () => loader.useFiles([file('b.bin', records(2))])]) {
    store.dispatch({ type: 'error_dismissed' });
    await change();
    assert.match(complaint() ?? '', /cannot change while a run is under way/);
  }
  await loader.leaveFiles();
  assert.deepEqual(since(), []);
  assert.equal(store.get().files[0].split, 'train');
});

test('files without end are left where a run would use no more of them', async () => {
  let state = initialState();
  const store = { get: () => state, dispatch: (/** @type {any} */ action) => void (state = /** @type {any} */ (reduce(state, action, 0))) };
  /** @type {any[]} */
  const sent = [];
  const begin = (/** @type {number | undefined} */ drop) => store.dispatch({ type: 'source_chosen', source: 'files', turn: state.turn + 1, promised: null, files: files.listed(state.turn + 1), drop });
  const files = createFiles(store, (command) => void sent.push(command), { begin, useServer: async () => assert.fail('there are files') }, open, 3);
  await files.take([file('a', records(1)), file('b', records(2))]);
  await files.take([file('c', records(3)), file('d', records(4))]);
  assert.deepEqual(state.files.map((each) => each.file), ['a', 'b', 'c']);
  assert.equal(state.error?.message, '“d”: With it there would be more than 3 images.');
});

/** An entry of a dropped folder, as browsers give it: some of a folder's entries at a time. @param {string} path @param {any[]} [children] */
function entry(path, children) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const left = [...(children ?? [])];
  return {
    name, fullPath: path, isFile: !children, isDirectory: Boolean(children),
    file: (/** @type {(file: File) => void} */ resolve) => resolve(file(name, Uint8Array.of(1))),
    createReader: () => ({ readEntries: (/** @type {(entries: any[]) => void} */ resolve) => resolve(left.splice(0, 2)) }),
  };
}

test('a dropped folder is its files, each with its place in it', async () => {
  const inner = entry('/cifar/test', [entry('/cifar/test/0.bin')]);
  const folder = entry('/cifar', [entry('/cifar/a.bin'), entry('/cifar/b.bin'), inner, entry('/cifar/readme.html')]);
  const alone = file('alone.bin', Uint8Array.of(1));
  const item = (/** @type {any} */ each, /** @type {File | null} */ asFile = null) => ({ kind: 'file', webkitGetAsEntry: () => each, getAsFile: () => asFile });
  /** @type {any} */
  const dropped = { files: [file('cifar', Uint8Array.of())], items: [item(folder), item(entry('/alone.bin'), alone), { kind: 'string' }] };
  const found = await filesIn(dropped);
  assert.deepEqual(found.map(nameOf), ['cifar/a.bin', 'cifar/b.bin', 'cifar/test/0.bin', 'cifar/readme.html', 'alone.bin']);
  assert.deepEqual(await filesIn({ .../** @type {any} */ (dropped), items: undefined }), dropped.files);
  const vast = entry('/all', Array.from({ length: 1_001 }, (_, i) => entry(`/all/${i}`)));
  await assert.rejects(filesIn(/** @type {any} */ ({ files: [], items: [item(vast)] })), /^Error: The folder “all” holds more than 1,000 files\.$/);
});
