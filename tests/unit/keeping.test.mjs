/** What is kept, by which tab, and what is said when nothing can be. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createKeeping } from '../../www/keeping.js';
import { describeRun } from '../../www/run-files.js';

/** @type {any} */
let state;
/** @type {any[]} */
let told;
/** @type {Map<string, number>} Names and the first byte of what was written. */
let files;
/** @type {(() => Promise<void>) | null} */
let beforeWrite;
/** @type {any} */
let held;

const store = { get: () => state, dispatch: (/** @type {any} */ message) => told.push(message) };
const vault = {
  write: async (/** @type {string} */ name, /** @type {Uint8Array} */ bytes) => {
    await beforeWrite?.();
    files.set(name, bytes[0]);
  },
  read: async (/** @type {string} */ name) => (files.has(name) ? new Uint8Array([files.get(name) ?? 0]) : null),
  remove: async (/** @type {string} */ name) => void files.delete(name),
};
/** Locks of one origin, as far as they are used. @returns {any} */
const locks = () => ({
  query: async () => ({ held: held ? [{ name: held }] : [] }),
  request: async (/** @type {string} */ name, /** @type {object} */ _options, /** @type {(lock: object | null) => unknown} */ take) => {
    if (held) return take(null);
    held = name;
    return take({});
  },
});
const settle = async () => {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
/** @param {import('../../www/keeping.js').Keeping} keeping @param {number} byte @param {number} [accuracy] */
async function checkpoint(keeping, byte, accuracy) {
  if (accuracy !== undefined) state.epochs = [...state.epochs, { val_accuracy: accuracy }];
  keeping.heard(/** @type {any} */ ({ type: 'checkpoint', bytes: new Uint8Array([byte]) }));
  await settle();
}

beforeEach(() => {
  state = { trained: true, epochs: [] };
  told = [];
  files = new Map();
  beforeWrite = null;
  held = null;
});

test('the last checkpoint and the best one are kept, and a fresh run has a best of its own', async () => {
  const keeping = createKeeping(store, async () => vault, locks());
  await checkpoint(keeping, 1, 0.5);
  await checkpoint(keeping, 2, 0.7);
  await checkpoint(keeping, 3, 0.6);
  assert.deepEqual([...files], [['last.safetensors', 3], ['best.safetensors', 2]]);
  assert.deepEqual(keeping.latest(), new Uint8Array([3]));
  state.epochs = [];
  keeping.heard(/** @type {any} */ ({ type: 'started' }));
  assert.equal(keeping.latest(), null);
  await checkpoint(keeping, 4, 0.1);
  assert.equal(files.get('best.safetensors'), 4);
});

test('a network that has learnt nothing is not kept', async () => {
  const keeping = createKeeping(store, async () => vault, locks());
  state.trained = false;
  await checkpoint(keeping, 1);
  assert.equal(files.size, 0);
});

test('while one is written only the newest waits', async () => {
  const keeping = createKeeping(store, async () => vault, locks());
  /** @type {() => void} */
  let release = () => undefined;
  let writes = 0;
  beforeWrite = () => {
    writes += 1;
    return writes === 1 ? new Promise((resolve) => { release = resolve; }) : Promise.resolve();
  };
  for (const byte of [1, 2, 3, 4]) await checkpoint(keeping, byte);
  release();
  await settle();
  assert.equal(writes, 2);
  assert.equal(files.get('last.safetensors'), 4);
});

test('where nothing can be kept that is said once, and training’s checkpoint stays in memory', async () => {
  const keeping = createKeeping(store, async () => { throw new Error('the quota is used up'); }, locks());
  await checkpoint(keeping, 1);
  await checkpoint(keeping, 2);
  assert.equal(told.length, 1);
  assert.match(told[0].sentence, /the quota is used up.*save the run as a file/i);
  assert.deepEqual(keeping.latest(), new Uint8Array([2]));
});

test('of two tabs the first one writes, and the second is told and finds nothing', async () => {
  const [first, second] = [createKeeping(store, async () => vault, locks()), createKeeping(store, async () => vault, locks())];
  await checkpoint(first, 1);
  told = [];
  await second.find();
  assert.deepEqual(told, [{ type: 'run_found', found: null }]);
  told = [];
  await checkpoint(second, 2);
  assert.match(told[0].sentence, /Another tab/);
  assert.equal(files.get('last.safetensors'), 1);
});

test('without locks, as over plain http, a run is kept all the same', async () => {
  await checkpoint(createKeeping(store, async () => vault, undefined), 1);
  assert.equal(files.get('last.safetensors'), 1);
});

/** A file whose description is this. @param {string} run */
function fileOf(run) {
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: { run } }));
  const bytes = new Uint8Array(8 + header.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  return bytes;
}

test('where a run stands is read from its own description, and of anything else nothing', () => {
  const history = [{ epoch: 1, val_accuracy: 0.25 }, { epoch: 2, val_accuracy: 0.5 }];
  const run = { config: { epochs: 3 }, history, position: { epoch: 2, step: 812, epochs_end: 4 } };
  assert.deepEqual(describeRun(fileOf(JSON.stringify(run))), { config: { epochs: 3 }, trained: 2, epochs: 4, position: { epoch: 3, step: 812 }, valAccuracy: 0.5 });
  const over = describeRun(fileOf(JSON.stringify({ ...run, position: null })));
  assert.deepEqual(over, { config: { epochs: 3 }, trained: 2, epochs: 2, position: null, valAccuracy: 0.5 });
  const odd = [new Uint8Array(), new Uint8Array(7), new Uint8Array(64).fill(255), fileOf('{'), fileOf('null'), fileOf('{"config":{},"history":[]}')];
  for (const bytes of odd) assert.equal(describeRun(bytes), null);
});
