/** What is kept, by which tab, and what is said when nothing can be. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createCheckpoints } from '../../www/runs/checkpoints.js';
import { NOTHING_KEPT } from '../../www/state/storage-reducer.js';
import { describeRun } from '../../www/runs/run-files.js';
import { createStore } from '../../www/state/store.js';

/** A run's file: so many epochs done, each with this accuracy on the test images. @param {number} epochs @param {number} [seed] @param {number[]} [accuracies] */
function runOf(epochs, seed = 1, accuracies = []) {
  const history = Array.from({ length: epochs }, (_, i) => ({ epoch: i + 1, val_accuracy: accuracies[i] ?? 0.5 }));
  return fileOf(JSON.stringify({ config: { epochs: 9, seed }, history, position: { epoch: epochs, step: 3, epochs_end: 9 } }));
}
/** What a file is, in short. @param {Uint8Array<ArrayBuffer> | null | undefined} bytes */
function nameOf(bytes) {
  const run = bytes ? describeRun(bytes) : null;
  return run && `seed ${run.config.seed}, epoch ${run.trained}`;
}

/** A browser on one machine: what is stored, who has the lock, what it says when it is asked to keep things. */
function machine() {
  /** @type {Map<string, Uint8Array<ArrayBuffer>>} */
  const files = new Map();
  let held = false;
  /** @type {(() => void)[]} */
  const queue = [];
  const grant = async (/** @type {(lock: object) => unknown} */ take) => {
    held = true;
    await take({});
    held = false;
    queue.shift()?.();
  };
  const locks = /** @type {any} */ ({
    query: async () => ({ held: held ? [{ name: nameOfLock }] : [] }),
    request: async (/** @type {string} */ name, /** @type {any} */ options, /** @type {(lock: object | null) => unknown} */ take) => {
      nameOfLock = name;
      if (!held) return grant(take);
      if (options.ifAvailable) return take(null);
      await new Promise((resolve, reject) => {
        queue.push(() => resolve(null));
        options.signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
      return grant(take);
    },
  });
  let nameOfLock = 'convburn-run /www/';
  const on = {
    files,
    locks,
    /** What happens before a file is put into its place. */
    /** @type {() => Promise<unknown>} */
    beforeMove: async () => undefined,
    persisted: false,
    /** What the browser answers, and how often it was asked. */
    persists: true,
    asked: 0,
    open: async () => ({
      write: async (/** @type {string} */ name, /** @type {Uint8Array<ArrayBuffer>} */ bytes, isWanted = () => true) => {
        await on.beforeMove();
        if (!isWanted()) return false;
        files.set(name, bytes);
        return true;
      },
      read: async (/** @type {string} */ name) => files.get(name) ?? null,
      remove: async (/** @type {string} */ name) => void files.delete(name),
    }),
    storage: {
      persisted: async () => on.persisted,
      persist: async () => {
        on.asked += 1;
        return on.persists;
      },
    },
  };
  return on;
}

const settle = async () => {
  for (let i = 0; i < 40; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A visit of the page: its store, which has a trained network, and what it keeps. @param {any} on @param {any} [more] */
function visit(on, more = {}) {
  const store = createStore(() => 0);
  const keeping = createCheckpoints(store, { open: on.open, locks: on.locks, storage: on.storage, ...more });
  /** @type {any[]} */
  const told = [];
  store.subscribe((_state, _before, message) => {
    told.push(message);
    keeping.heard(message);
  });
  const dispatch = (/** @type {any} */ message) => store.dispatch(message);
  return {
    ...keeping,
    store,
    told,
    dispatch,
    sentences: () => told.filter(({ type }) => type === 'keeping_failed').map(({ sentence }) => sentence),
    kept: () => store.get().kept,
    start: () => dispatch({ type: 'started', loaded: { config: {} } }),
    /**
     * @param {Uint8Array<ArrayBuffer>} bytes @param {number} [accuracy] At the end of an epoch, on the test images.
     * @param {boolean} [isBest] What the engine says of that.
     */
    async checkpoint(bytes, accuracy, isBest = accuracy !== undefined) {
      if (accuracy === undefined) dispatch({ type: 'progress', stage: 'training', epoch: 1, step: 1, steps: 2, loss: 1 });
      else dispatch({ type: 'epoch_end', result: { epoch: 1, val_accuracy: accuracy } });
      dispatch({ type: 'checkpoint', bytes, is_best: isBest });
      await settle();
    },
  };
}

/** @type {ReturnType<typeof machine>} */
let on;
const last = () => nameOf(on.files.get('last.safetensors'));
const best = () => nameOf(on.files.get('best.safetensors'));

beforeEach(() => {
  on = machine();
});

test('the last checkpoint and the best one are kept, and a fresh run has a best of its own', async () => {
  const page = visit(on);
  page.start();
  await page.checkpoint(runOf(1), 0.5);
  await page.checkpoint(runOf(2), 0.7);
  await page.checkpoint(runOf(3), 0.6, false);
  assert.deepEqual([last(), best()], ['seed 1, epoch 3', 'seed 1, epoch 2']);
  assert.deepEqual([page.kept().own?.trained, page.kept().best?.trained, page.kept().found], [3, 2, null]);
  assert.equal(nameOf(page.latest()), 'seed 1, epoch 3');
  page.start();
  assert.equal(page.latest(), null);
  await page.checkpoint(runOf(0, 2));
  assert.deepEqual([last(), best()], ['seed 2, epoch 0', null], 'the best one is never another run’s');
  await page.checkpoint(runOf(1, 2), 0.1);
  assert.equal(best(), 'seed 2, epoch 1');
});

test('a run that goes on in another visit keeps its best one', async () => {
  const before = visit(on);
  before.start();
  await before.checkpoint(runOf(1, 1, [0.7]), 0.7);
  await before.checkpoint(runOf(2, 1, [0.7, 0.6]), 0.6, false);
  before.leave();
  await settle();
  const page = visit(on);
  await page.find();
  assert.deepEqual([page.kept().found?.trained, page.kept().best?.valAccuracy], [2, 0.7]);
  page.dispatch({ type: 'kept_opening' });
  assert.equal(nameOf(await page.readLast()), 'seed 1, epoch 2');
  page.dispatch({ type: 'restored', restored: { kind: 'run', loaded: { config: {} }, history: [], trace: { points: [], resumed_at: [] }, remarks: [], position: { epoch: 3, step: 3 } } });
  page.dispatch({ type: 'resumed' });
  await page.checkpoint(runOf(3, 1, [0.7, 0.6, 0.65]), 0.65, false);
  assert.deepEqual([last(), best()], ['seed 1, epoch 3', 'seed 1, epoch 1']);
  assert.equal(nameOf(await page.readBest(false)), 'seed 1, epoch 1', 'and can be had');
});

test('a network that has learnt nothing is not kept', async () => {
  const page = visit(on);
  page.dispatch({ type: 'checkpoint', bytes: runOf(0) });
  await settle();
  assert.equal(on.files.size, 0);
});

test('while one is written only the newest waits', async () => {
  const page = visit(on);
  page.start();
  /** @type {() => void} */
  let release = () => undefined;
  let writes = 0;
  on.beforeMove = () => {
    writes += 1;
    return writes === 1 ? new Promise((resolve) => { release = () => resolve(undefined); }) : Promise.resolve(undefined);
  };
  for (const epoch of [1, 2, 3, 4]) await page.checkpoint(runOf(epoch));
  release();
  await settle();
  assert.equal(writes, 2);
  assert.equal(last(), 'seed 1, epoch 4');
});

test('where nothing can be kept that is said once, and training’s checkpoint stays in memory', async () => {
  const page = visit(on, { open: async () => { throw new Error('the quota is used up'); } });
  page.start();
  await page.checkpoint(runOf(1));
  await page.checkpoint(runOf(2));
  assert.equal(page.sentences().length, 1);
  assert.match(page.sentences()[0], /the quota is used up.*save the run as a file/i);
  assert.equal(nameOf(page.latest()), 'seed 1, epoch 2');
});

test('of two tabs the first one writes; the second is told, keeps its run once it may, and asks before it writes over the first’s', async () => {
  const [first, second] = [visit(on), visit(on)];
  first.start();
  await first.checkpoint(runOf(1));
  await second.find();
  assert.deepEqual([second.kept().isHeld, second.kept().found], [true, null], 'a lock that is held is not “nothing kept”');
  assert.match(second.store.get().notice ?? '', /Another tab of this page keeps its run/);
  second.start();
  await second.checkpoint(runOf(1, 2));
  assert.match(second.sentences()[0], /Another tab/);
  assert.equal(last(), 'seed 1, epoch 1');
  first.leave(); // Its tab is closed.
  await settle();
  assert.deepEqual([second.kept().asks, second.kept().found?.config.seed], ['keep', 1]);
  await second.checkpoint(runOf(2, 2));
  assert.equal(last(), 'seed 1, epoch 1', 'as long as there is no answer');
  second.dispatch({ type: 'replace_answered', agreed: true, by: 'keep' });
  await settle();
  assert.equal(last(), 'seed 2, epoch 2');
});

test('a tab that only waits finds the run as soon as the other one is closed', async () => {
  const [first, second] = [visit(on), visit(on)];
  first.start();
  await first.checkpoint(runOf(1));
  await second.find();
  first.leave();
  await settle();
  assert.deepEqual([second.kept().isHeld, second.kept().found?.trained, second.store.get().notice], [false, 1, null]);
});

test('a run is never written over by a page that neither wrote nor opened it', async () => {
  const page = visit(on);
  page.start();
  on.files.set('last.safetensors', runOf(7, 7)); // By a tab that is closed again.
  await page.checkpoint(runOf(1));
  assert.deepEqual([last(), page.kept().asks], ['seed 7, epoch 7', 'keep']);
  page.dispatch({ type: 'replace_answered', agreed: false, by: 'keep' });
  await page.checkpoint(runOf(2));
  assert.deepEqual([last(), page.kept().asks], ['seed 7, epoch 7', null], 'it is asked once');
  page.note(runOf(5, 5)); // A file of the visitor's, which goes on.
  page.dispatch({ type: 'restored', restored: { kind: 'run', loaded: { config: {} }, history: [], trace: { points: [], resumed_at: [] }, remarks: [], position: { epoch: 6, step: 3 } } });
  await page.checkpoint(runOf(6, 5));
  assert.deepEqual([last(), page.kept().asks], ['seed 7, epoch 7', 'keep']);
});

test('a page that is left lets go and writes no more; shown again it keeps on, or asks where another has written', async () => {
  const page = visit(on);
  page.start();
  await page.checkpoint(runOf(1));
  on.beforeMove = async () => void page.leave(); // In the middle of a write.
  await page.checkpoint(runOf(2));
  assert.equal(last(), 'seed 1, epoch 1');
  on.beforeMove = async () => undefined;
  page.comeBack();
  await settle();
  assert.equal(last(), 'seed 1, epoch 2', 'what it could not write');

  page.leave();
  await settle();
  const other = visit(on);
  await other.find();
  assert.equal(other.kept().found?.trained, 2, 'another visit is offered the run');
  other.dispatch({ type: 'replace_answered', agreed: true, by: 'start' });
  other.start();
  await other.checkpoint(runOf(1, 2));
  page.comeBack();
  await settle();
  assert.match(page.sentences()[0], /Another tab/);
  other.leave();
  await settle();
  assert.equal(page.kept().asks, 'keep');
  assert.equal(last(), 'seed 2, epoch 1');
});

test('a file that cannot be opened changes nothing of what an engine’s successor gets', async () => {
  const page = visit(on);
  page.start();
  await page.checkpoint(runOf(1));
  page.note(runOf(5, 5));
  page.dispatch({ type: 'error', command: 'restore', error: { code: 'checkpoint', message: '', hint: '' } });
  assert.equal(nameOf(page.latest()), 'seed 1, epoch 1');
  page.note(runOf(5, 5));
  page.dispatch({ type: 'recovering', reason: 'It broke.', resumes: false, restores: true, changes: null }); // Before it was opened.
  page.dispatch({ type: 'restored', restored: { kind: 'run', loaded: { config: {} }, history: [], trace: { points: [], resumed_at: [] }, remarks: [], position: { epoch: 2, step: 3 } } });
  assert.equal(nameOf(page.latest()), 'seed 1, epoch 1');
  await page.checkpoint(runOf(2));
  assert.equal(last(), 'seed 1, epoch 2');
});

test('the browser is asked to keep what is stored with the first run, and a refusal is known', async () => {
  on.persists = false;
  const page = visit(on);
  page.start();
  await page.checkpoint(runOf(1));
  await page.checkpoint(runOf(2));
  assert.deepEqual([on.asked, page.kept().isPersistent], [1, false]);
  page.leave();
  on.persisted = true;
  const later = visit(on);
  await later.find();
  await settle();
  assert.deepEqual([on.asked, later.kept().isPersistent], [1, true]);
});

test('what is deleted is all that is kept, and the next run is kept without a question', async () => {
  let others = 0;
  const page = visit(on, { deleteOthers: async () => { others += 1; } });
  page.start();
  await page.checkpoint(runOf(1), 0.5);
  await page.remove();
  assert.deepEqual([on.files.size, others], [0, 1]);
  assert.deepEqual(page.kept(), { ...NOTHING_KEPT, isPersistent: true });
  page.start();
  await page.checkpoint(runOf(1, 3));
  assert.equal(last(), 'seed 3, epoch 1');
});

test('without locks, as over plain http, a run is kept all the same', async () => {
  const page = visit(on, { locks: undefined });
  page.start();
  await page.checkpoint(runOf(1));
  assert.equal(last(), 'seed 1, epoch 1');
});

/** A file whose description is this. @param {string} run @param {Record<string, string>} [more] What else it says of itself. */
function fileOf(run, more = {}) {
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: { run, ...more } }));
  const bytes = new Uint8Array(8 + header.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  return bytes;
}

test('where a run stands is read from its own description, and of anything else nothing', () => {
  const history = [{ epoch: 1, val_accuracy: 0.25 }, { epoch: 2, val_accuracy: 0.5 }];
  const run = { config: { epochs: 3 }, history, position: { epoch: 2, step: 812, epochs_end: 4 } };
  assert.deepEqual(describeRun(fileOf(JSON.stringify(run))), { config: { epochs: 3 }, trained: 2, epochs: 4, position: { epoch: 3, step: 812 }, valAccuracy: 0.5, sources: [] });
  const over = describeRun(fileOf(JSON.stringify({ ...run, position: null })));
  assert.deepEqual(over, { config: { epochs: 3 }, trained: 2, epochs: 2, position: null, valAccuracy: 0.5, sources: [] });
  const odd = [new Uint8Array(), new Uint8Array(7), new Uint8Array(64).fill(255), fileOf('{'), fileOf('null'), fileOf('{"config":{},"history":[]}')];
  for (const bytes of odd) assert.equal(describeRun(bytes), null);
});

test('a file that has recipe and compute apart is described by one configuration, with its network’s name if it has one', () => {
  const network = { seeding: 'by-layer', layers: [{ id: 1, layer: 'flatten' }] };
  const model = { network, image: { channels: 3, height: 32, width: 32 }, classes: 10, pixels: 'unit', norm_group: { records: 32 } };
  const run = { recipe: { model, epochs: 3, seed: 7 }, compute: { backend: 'flex', workers: 1 }, history: [], position: null };
  const config = { pixels: 'unit', norm_group: { records: 32 }, epochs: 3, seed: 7, backend: 'flex', workers: 1 };
  assert.deepEqual(describeRun(fileOf(JSON.stringify(run), { network: 't' }))?.config, { ...config, network: 't' });
  assert.deepEqual(describeRun(fileOf(JSON.stringify(run)))?.config, { ...config, network });
  assert.equal(describeRun(fileOf(JSON.stringify({ ...run, recipe: {} }))), null);
});

test('a run names the files that it was trained on, each once, whatever else its file says of them', () => {
  const file = { name: 'own.bin', split: 'train', records: 500 };
  const run = { config: { epochs: 1 }, history: [], data: { digest: '', sources: [file, { ...file, split: 'test' }, { name: 7 }, { name: 'x', records: -1 }] } };
  assert.deepEqual(describeRun(fileOf(JSON.stringify(run)))?.sources, [{ name: 'own.bin', records: 500 }]);
});
