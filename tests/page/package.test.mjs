/**
 * `pkg/`, as `wasm-pack build --target web` makes it, in Node: what its functions say to wrong arguments, whether a
 * script that trains comes to its end, and what npm would publish. No browser is needed for any of it.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGE = join(ROOT, 'pkg');
/** Milliseconds in which a script that trains a few images ends, however slow the machine. */
const END_MS = 120_000;

/** @type {any} */
let convburn;

before(async () => {
  convburn = await import(join(PACKAGE, 'convburn.js'));
  await convburn.default({ module_or_path: readFileSync(join(PACKAGE, 'convburn_bg.wasm')) });
});

/** Whole CIFAR-10 records, all alike but for their labels. @param {number} count @param {number} pixel */
function records(count, pixel) {
  const bytes = new Uint8Array(count * 3_073).fill(pixel);
  for (let index = 0; index < count; index += 1) bytes[index * 3_073] = index % 10;
  return bytes;
}

/** What a call rejects with or throws, as `code: message`. @param {() => unknown} call @returns {Promise<string>} */
async function refusal(call) {
  try {
    await call();
  } catch (thrown) {
    const { code, message, hint } = /** @type {any} */ (thrown);
    assert.ok(hint, message);
    return `${code}: ${message}`;
  }
  return 'nothing';
}

/** An object of another kind than it is. @param {string} kind @param {object} parts */
const tagged = (kind, parts) => ({ ...parts, [Symbol.toStringTag]: kind });
const throwing = () => Object.defineProperty({}, 'batch', { enumerable: true, get() { throw new Error('mine'); } });
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
/** @type {{ self?: object }} */
const cyclic = {};
cyclic.self = cyclic;

const learnt = (/** @type {string} */ initializer) => ({ initializer, trainable: true });
/** The smallest network that there is. */
const NETWORK = {
  seeding: 'by-layer',
  layers: [{ id: 1, layer: 'flatten' }, { id: 2, layer: { dense: { units: 10, weight: learnt('glorot'), bias: learnt('zeros') } } }],
};
const MODEL = { network: NETWORK, image: { channels: 3, height: 32, width: 32 }, classes: 10, pixels: 'unit', norm_group: { records: 32 } };

/**
 * A helper's job, as `src/bindings/helpers/header.rs` lays it out: fourteen words, the values (after two figures' room), the images,
 * the labels and the model. All numbers are 0.
 * @param {unknown} model What the job says that it is of.
 * @param {{ values?: number, records?: number, image?: number, cut?: number, share?: number[] }} [more] `cut`: so many bytes are missing at the end.
 */
function job(model, { values = 0, records: images = 0, image = 3_072, cut = 0, share = [0, 1, 3] } = {}) {
  const json = new TextEncoder().encode(typeof model === 'string' ? model : JSON.stringify(model));
  const numbers = values < 1e6 ? values + 2 : 0; // One that claims more has no room for it.
  const start = 4 * (14 + numbers) + images * (image + 1);
  const buffer = new ArrayBuffer(start + json.length - cut);
  new Uint32Array(buffer, 0, 14).set([values, images, 0, 1, 0, 0, 0, image, json.length, 0, 0, ...share]);
  new Uint8Array(buffer).set(json.subarray(0, json.length - cut), start);
  return buffer;
}

test('every wrong argument is refused with what was expected and what came, and costs nothing', async () => {
  await convburn.load({ backend: 'flex', train: 20, test: 10, batch: 10, workers: 1 });
  await convburn.add_shard('train', records(20, 100));
  const { load, needs_other_module: needs, add_shard: add, predict, advance, train_epoch: train, restore, config_of: configOf, open_file: open } = convburn;
  const { use_helpers: helpers, helper_gradients: gradients, helper_logits: logits, helper_directions: directions, summary_of: summaryOf } = convburn;
  const nothing = () => undefined;
  const file = await convburn.save();
  const image = new Uint8Array(3_072);

  // What was given away has no bytes: it is answered, and nothing waits for it.
  const given = new Uint8Array(9);
  structuredClone(given.buffer, { transfer: [given.buffer] });
  for (const call of [() => add('train', given), () => open('a.bin', given), () => configOf(given), () => convburn.restore(given)]) await assert.rejects(call, (/** @type {any} */ thrown) => typeof thrown.code === 'string');

  /** @type {[() => unknown, RegExp][]} */
  const cases = [
    // What is no bytes, wherever bytes are meant.
    ...[predict, configOf, restore, ...['train', 'a.bin'].map((first, index) => (/** @type {unknown} */ bytes) => [add, open][index](first, bytes))].flatMap((call) => (/** @type {[unknown, string][]} */ ([
      [undefined, 'undefined'],
      [null, 'null'],
      ['bytes', 'the text "bytes"'],
      [3_072, 'the number 3072'],
      [new Float32Array(3_072), 'a Float32Array of 3,072'],
      [new Int8Array(3_072), 'an Int8Array of 3,072'],
      [new Uint8ClampedArray(3_072), 'a Uint8ClampedArray of 3,072'],
      [new DataView(new ArrayBuffer(3_072)), 'a DataView of 3,072 bytes'],
      [new ArrayBuffer(3_072), 'an ArrayBuffer of 3,072 bytes'],
      [new SharedArrayBuffer(8), 'a SharedArrayBuffer of 8 bytes'],
      [Array(3_072).fill(0), 'an Array of 3,072'],
      [new Blob(['abc']), 'a Blob of 3'],
      [Promise.resolve(image), 'a Promise, which has to be awaited,'],
      [tagged('ImageData', { width: 48, height: 48 }), 'an ImageData of 48 × 48'],
      [nothing, 'a function'],
      [Symbol('bytes'), 'a symbol'],
      [1n, 'a BigInt'],
      [{}, 'an object'],
      [revoked(), 'an object that cannot be read'],
    ]).map(([bytes, came]) => /** @type {[() => unknown, RegExp]} */ ([
      () => call(bytes),
      new RegExp(`^invalid_argument: .*"(pixels|bytes)".* a Uint8Array.* was expected, and ${came} came`),
    ])))),
    // Pixels, and how many images they are.
    [() => predict(new Uint8Array(48 * 48 * 4)), /^pixel_length: .* 9216 bytes .* 1 × 3072 bytes/],
    [() => predict(image, 2), /^pixel_length: .* 3072 bytes .* 2 × 3072 bytes/],
    [() => predict(new Uint8Array(0)), /^pixel_length: .* 0 bytes/],
    [() => predict(image, 0), /^invalid_argument: .*"images".* a whole number from 1 to 60000 was expected, and the number 0 came/],
    [() => predict(image, 1.5), /^invalid_argument: .*the number 1.5 came/],
    [() => predict(image, '1'), /^invalid_argument: .*the text "1" came/],
    // One of several words.
    [() => add(undefined, image), /^invalid_argument: .*"split".*`train`.*`test`.* was expected, and undefined came/],
    [() => add('trian', image), /^invalid_argument: .*and the text "trian" came/],
    [() => add({ train: null }, image), /^invalid_argument: .*and an object came/],
    [() => add('train'), /^invalid_argument: .*"bytes".* undefined came/],
    [() => open(undefined, image), /^invalid_argument: .*"name".* a text was expected, and undefined came/],
    [() => open(new File([], 'a.bin'), image), /^invalid_argument: .*a File of 0 came/],
    // Numbers and functions.
    [() => advance(), /^invalid_argument: .*"budget_ms".* 0 or more, was expected, and undefined came/],
    [() => advance(Number.NaN), /^invalid_argument: .*the number NaN came/],
    [() => advance(-1), /^invalid_argument: .*the number -1 came/],
    [() => advance('50'), /^invalid_argument: .*the text "50" came/],
    [() => train(5), /^invalid_argument: .*"on_progress".* a function was expected, and the number 5 came/],
    [() => train({ handleEvent: nothing }), /^invalid_argument: .*an object came/],
    [() => helpers(0, nothing, nothing), /^invalid_argument: .*"cores".* the number 0 came/],
    [() => helpers(2, undefined, nothing), /^invalid_argument: .*"want".* undefined came/],
    [() => helpers(2, nothing, {}), /^invalid_argument: .*"ask".* an object came/],
    [() => convburn.evaluate('test', 1), /^invalid_argument: .*"flips".* true or false was expected, and the number 1 came/],
    [() => convburn.no_other_module(5), /^invalid_argument: .*"problem".* a text was expected, and the number 5 came/],
    // Jobs of helpers: what they say of themselves is not believed.
    ...[gradients, logits, directions].flatMap((helper) => /** @type {[() => unknown, RegExp][]} */ ([
      [() => helper(new Uint8Array(8)), /^invalid_argument: .*"job".* an ArrayBuffer was expected, and a Uint8Array of 8 came/],
      [() => helper(undefined), /^invalid_argument: .*"job".* undefined came/],
      [() => helper(new ArrayBuffer(8)), /^checkpoint: .*shorter than it says/],
      [() => helper(job(MODEL, { cut: 1 })), /^checkpoint: .*shorter than it says/],
      [() => helper(job(MODEL, { values: 2 ** 32 - 1, cut: 8 })), /^checkpoint: .*shorter than it says/],
      [() => helper(job('none')), /^checkpoint: .*is of no model/],
      [() => helper(job({ ...MODEL, layers: 3 })), /^checkpoint: .*is of no model \(unknown field `layers`/],
      [() => helper(job({ ...MODEL, network: { ...NETWORK, layers: [] } })), /^invalid_config: .*"network".* it has no layers/],
      [() => helper(job({ ...MODEL, classes: 3 })), /^invalid_config: .*"network".* gives 10 numbers, and there are 3 classes/],
      [() => helper(job({ ...MODEL, image: { channels: 3, height: 1e9, width: 32 } })), /^dataset: .* 1000000000 pixels, and 8 to 96 can be used/],
    ])),
    ...[gradients, logits].flatMap((helper) => /** @type {[() => unknown, RegExp][]} */ ([
      [() => helper(job(MODEL)), /^checkpoint: .*it has 0 numbers, and the network has 30730/],
      [() => helper(job(MODEL, { values: 30_730, records: 1, image: 3_071 })), /^checkpoint: .*shorter than it says/],
    ])),
    [() => directions(job(MODEL, { values: 1 })), /^checkpoint: .*steps are of another network/],
    [() => directions(job(MODEL, { share: [0, 1, 2 ** 32 - 1] })), /^checkpoint: .*asks for 4294967295 iterations/],
    // Networks.
    ...[load, summaryOf].flatMap((call) => /** @type {[() => unknown, RegExp][]} */ ([
      [() => call({ network: 'resnet' }), /^invalid_config: .*"network".* "resnet" is none of tutorial, t/],
      [() => call({ network: 5 }), /^invalid_argument: .*its "network" .* and the number 5 came/],
      [() => call({ network: [] }), /^invalid_argument: .*its "network" .* and an Array of 0 came/],
      [() => call({ network: {} }), /^invalid_argument: .*its "network" cannot be read: missing field `seeding`/],
      [() => call({ network: cyclic }), /^invalid_argument: .*its "network" cannot be read/],
      [() => call({ network: { ...NETWORK, layers: NETWORK.layers.slice(0, 1) } }), /^invalid_config: .*"network".* flatten, gives 3072 numbers, and there are 10 classes/],
      [() => call({ network: { ...NETWORK, layers: [{ id: 1, layer: 'softmax' }] } }), /^invalid_argument: .*its "network" cannot be read: unknown variant `softmax`/],
    ])),
    [() => load({ norm_group: { records: 1 } }), /^invalid_config: .*"norm_group".* 1 is not "batch" and not between 2 and 4096/],
    [() => load({ pixels: { standardized: { mean: [0.5], deviation: [0.2] } } }), /^invalid_config: .*"pixels".* for each of 3 channels/],
    // Settings.
    ...[load, needs, summaryOf, (/** @type {unknown} */ changes) => restore(file, changes)].flatMap((call) => /** @type {[() => unknown, RegExp][]} */ ([
      [() => call('flex'), /^invalid_argument: .*"(config|changes)".* an object of settings was expected, and the text "flex" came/],
      [() => call([]), /^invalid_argument: .*an Array of 0 came/],
      [() => call(new Map([['lr', 1]])), /^invalid_argument: .*a Map of 1 came/],
      [() => call(Promise.resolve({})), /^invalid_argument: .*a Promise, which has to be awaited, came/],
      [() => call(nothing), /^invalid_argument: .*a function came/],
      [() => call(revoked()), /^invalid_argument: .*cannot be read came/],
      [() => call({ learning_rate: 1 }), /^invalid_config: .*"learning_rate".*there is no such setting/],
      [() => call({ lr: '0.1' }), /^invalid_argument: .*its "lr" a number was expected, and the text "0.1" came/],
      [() => call({ workers: -1 }), /^invalid_argument: .*its "workers" a whole number from 0 to 4294967295 was expected, and the number -1 came/],
      [() => call({ workers: 1.5 }), /^invalid_argument: .*the number 1.5 came/],
      [() => call({ backend: 'tpu' }), /^invalid_argument: .*its "backend" one of `auto`, `webgpu`, `flex`, `ndarray` was expected, and the text "tpu" came/],
      [() => call({ backend: revoked() }), /^invalid_argument: .*its "backend" .*cannot be read came/],
      [() => call({ lr: cyclic }), /^invalid_argument: .*its "lr" cannot be read/],
    ])),
    [() => load(throwing()), /^invalid_argument: .*"config"/],
    [() => load({ batch: null }), /^invalid_argument: .*its "batch" .*null came/],
    [() => load({ seed: 2 ** 32 }), /^invalid_argument: .*its "seed" .*the number 4294967296 came/],
    [() => load({ batch: 0 }), /^invalid_config: .*"batch"/],
    // The manifest.
    [() => load({}, 'manifest.json'), /^invalid_argument: .*"manifest".* a manifest, .* was expected, and the text "manifest.json" came/],
    [() => load({}, Promise.resolve({})), /^invalid_argument: .*a Promise, which has to be awaited, came/],
    [() => load({}, {}), /^invalid_argument: .*an object came \(missing field `format_version`/],
    [() => load({}, { format_version: 1, class_names: [], shards: 3 }), /^invalid_argument: .*an object came \(.*3/],
    [() => load({}, cyclic), /^invalid_argument: .*an object came/],
    [() => load({}, throwing()), /^invalid_argument: .*an object came/],
  ];
  for (const [call, expected] of cases) assert.match(await refusal(call), expected, String(call));

  // Nothing is claimed or locked, and the session is the one before.
  assert.equal((await convburn.predict(image)).length, 10);
  assert.equal((await convburn.predict(new Uint8Array(2 * 3_072), 2)).length, 20);
  assert.equal((await convburn.predict(Buffer.alloc(3_072), null)).length, 10, 'a Buffer is a Uint8Array');
  assert.equal((await convburn.save()).length, file.length);
  assert.equal((await convburn.add_shard('test', records(10, 50))).data.test_records, 10);
  assert.equal((await convburn.train_epoch(null)).epoch, 1);
});

test('a helper answers a job that says all that it is of', async () => {
  const asked = { values: 30_730, records: 2 };
  const logits = new Float32Array(await convburn.helper_logits(job(MODEL, asked)));
  assert.deepEqual([...logits], Array(20).fill(0), 'weights of 0 prefer no class');
  // In the job's own buffer, after its first words: loss, how many are right, and a gradient a number.
  const [loss, right, ...gradients] = new Float32Array(await convburn.helper_gradients(job(MODEL, asked)), 56, 2 + 30_730);
  assert.ok(Math.abs(loss - Math.log(10)) < 1e-6, String(loss));
  assert.equal(right, 2, 'of equal logits the first is taken, and the labels are 0');
  // Images of nothing but zeros: the bias alone moves, towards the label.
  const bias = gradients.slice(-10);
  assert.ok(gradients.slice(0, -10).every((gradient) => gradient === 0));
  // A network of one dense layer has no matrix that Muon moves: its share of no steps is none.
  assert.equal((await convburn.helper_directions(job(MODEL, { share: [4, 2 ** 32 - 1, 3] }))).byteLength > 56, true);
  bias.forEach((gradient, i) => assert.ok(Math.abs(gradient - (i === 0 ? -0.9 : 0.1)) < 1e-6, `${i}: ${gradient}`));
});

test('the table of any network can be had, and asking for it changes nothing', async () => {
  await convburn.load({ backend: 'flex', network: NETWORK, train: 20, test: 10, batch: 10, workers: 1 });
  const before = await convburn.summary();
  const { layers, total_parameters: parameters } = await convburn.summary_of({ network: 't' });
  assert.equal(parameters, 122_794);
  assert.deepEqual(layers.slice(0, 4).map((/** @type {any} */ { name, kind }) => [name, kind]), [
    ['conv2d', 'Conv2D 3×3'], ['max_pooling2d', 'MaxPooling2D 2×2'], ['batch_normalization', 'BatchNormalization'], ['activation', 'ReLU'],
  ]);
  const tutorial = await convburn.summary_of({});
  const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
  assert.deepEqual(tutorial, fixture.loaded.summary, 'on flex');
  assert.deepEqual(await convburn.summary(), before);
  assert.equal(before.total_parameters, 30_730);
});

test('a file opens its network, whatever network is there', async () => {
  await convburn.load({ backend: 'flex', network: NETWORK, train: 20, test: 10, batch: 10, workers: 1 });
  await convburn.add_shard('train', records(20, 101));
  const file = await convburn.save();
  await convburn.load({ backend: 'flex' });
  const { kind, loaded } = await convburn.restore(file);
  assert.deepEqual([kind, loaded.config.network, loaded.summary.total_parameters], ['run', NETWORK, 30_730]);
  assert.deepEqual((await convburn.config_of(file)).network, NETWORK);
});

/** The tensors' bytes of a file: what stands before them may be in any order. @param {Uint8Array} file */
const numbersOf = (file) => file.subarray(8 + Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true)));

test('the crate drives a run: its turns, its checkpoints, who waits for its end, and the weights that it begins from', async () => {
  const config = { backend: 'flex', network: NETWORK, train: 20, test: 10, batch: 10, workers: 1, epochs: 1 };
  await convburn.load(config);
  await convburn.add_shard('train', records(20, 77));
  await convburn.add_shard('test', records(10, 78));
  assert.deepEqual(await convburn.turn(), { events: [], checkpoint: null, goes_on: false }, 'no run is under way');
  /** Turns until none is due; the types of what happened but for figures on the way, and the last checkpoint. */
  async function drive() {
    const types = [];
    for (;;) {
      const { events, checkpoint, goes_on: goesOn } = await convburn.turn();
      types.push(...events.map((/** @type {any} */ { type }) => type).filter((/** @type {string} */ type) => type !== 'progress'));
      if (!goesOn) return { types, checkpoint };
    }
  }
  const loaded = await convburn.start(config);
  assert.equal(loaded.config.epochs, 1);
  for (const call of [() => convburn.load(config), () => convburn.start(config), () => convburn.evaluate(), () => convburn.reset()]) {
    assert.equal(await refusal(call), 'busy: A run is under way.');
  }
  convburn.pause();
  convburn.stop();
  assert.deepEqual((await drive()).types, ['stopped']);
  await convburn.resume();
  const { types, checkpoint } = await drive();
  assert.deepEqual(types, ['resumed', 'epoch_end', 'done']);
  assert.ok(checkpoint.is_best && checkpoint.save_ms >= 0);
  assert.equal((await convburn.train_until(2)).config.epochs, 2);
  assert.deepEqual((await drive()).types, ['resumed', 'epoch_end', 'done']);
  const { history } = await convburn.restore(checkpoint.bytes, null);
  assert.equal(history.length, 1, 'a checkpoint is a run’s file');

  const weights = await convburn.save_weights();
  await convburn.restore(weights, null);
  assert.deepEqual([convburn.weights_for(config).length, convburn.weights_for({})], [weights.length, null]);
  await convburn.start(config);
  assert.equal(convburn.weights_for(config), null, 'the run after it begins anew');
  assert.deepEqual(numbersOf(await convburn.save_weights()), numbersOf(weights));
  convburn.stop();
  await drive();
});

test('a browser that has no graphics card at first is asked again twice, later once', async (t) => {
  const adapter = {
    features: new Set(['timestamp-query']),
    info: { vendor: 'test' },
    limits: {
      maxStorageBuffersPerShaderStage: 8, maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupStorageSize: 16_384, maxStorageBufferBindingSize: 2 ** 27,
    },
  };
  /** @type {(() => Promise<unknown>)[]} */
  let answers = [];
  let asked = 0;
  const gpu = { requestAdapter: () => (answers[asked++] ?? (() => Promise.resolve(null)))() }; // A restarting GPU process cannot be had by wish.
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { gpu } });
  t.after(() => {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  });
  /** @param {(() => Promise<unknown>)[]} given */
  async function webgpu(given) {
    [answers, asked] = [given, 0];
    const [{ available, in_other_module: elsewhere, remark }] = await convburn.backends();
    return { asked, found: available || elsewhere, remark };
  }
  const none = () => Promise.resolve(null);
  const rejects = () => Promise.reject(new Error('the GPU process restarts'));
  const found = () => Promise.resolve(adapter);
  assert.deepEqual(await webgpu([found]), { asked: 1, found: true, remark: null });
  assert.deepEqual(await webgpu([none, found]), { asked: 2, found: true, remark: null });
  assert.deepEqual(await webgpu([none, rejects, found]), { asked: 3, found: true, remark: null });
  const remark = 'It cannot run here: the browser found no GPU adapter.';
  assert.deepEqual(await webgpu([none, none, none, found]), { asked: 3, found: false, remark });
  assert.deepEqual(await webgpu([none, found]), { asked: 1, found: false, remark }, 'patience is had once');
  assert.deepEqual(await webgpu([found]), { asked: 1, found: true, remark: null });
});

const TRAINING = `
import { readFileSync } from 'node:fs';
const convburn = await import(process.env.PACKAGE + '/convburn.js');
await convburn.default({ module_or_path: readFileSync(process.env.PACKAGE + '/convburn_bg.wasm') });
const records = (count, pixel) => Uint8Array.from({ length: count * 3_073 }, (_, at) => (at % 3_073 === 0 ? at / 3_073 % 10 : pixel));
await convburn.load({ train: 100, test: 50, workers: 1 });
await convburn.add_shard('train', records(100, 9));
await convburn.add_shard('test', records(50, 7));
const row = await convburn.train_epoch();
const { accuracy } = await convburn.evaluate();
for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate); // A port that is closed ends with a turn of the event loop.
const open = process.getActiveResourcesInfo().filter((kind) => /MessagePort|Timeout/.test(kind));
console.log(JSON.stringify({ epoch: row.epoch, same: accuracy === row.val_accuracy, open }));
`;

test('a Node script that trains an epoch ends by itself and leaves no port open', () => {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', TRAINING], {
    encoding: 'utf8', timeout: END_MS, env: { ...process.env, PACKAGE },
  });
  assert.equal(signal, null, `it did not end: ${stdout}`);
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { epoch: 1, same: true, open: [] });
});

test('the README’s script is strict TypeScript against the package’s types', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convburn-types-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [, script] = readFileSync(join(ROOT, 'README.md'), 'utf8').match(/<script type="module">\n([\s\S]*?)<\/script>/) ?? [];
  assert.ok(script, 'the README shows a script');
  writeFileSync(join(folder, 'page.ts'), script);
  symlinkSync(PACKAGE, join(folder, 'pkg'));
  const compilerOptions = {
    strict: true, noEmit: true, noImplicitReturns: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noUnusedLocals: true,
    skipLibCheck: false, skipDefaultLibCheck: true, preserveSymlinks: true,
    target: 'es2022', module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'], types: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['page.ts'] }));
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});

test('what npm would publish has the module, its types and every licence', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: PACKAGE, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  const paths = files.map((/** @type {{ path: string }} */ { path }) => path);
  for (const path of ['convburn.js', 'convburn.d.ts', 'convburn_bg.wasm', 'README.md', 'LICENSE.MIT', 'LICENSE.APACHE', 'LICENSE.dependencies.txt']) {
    assert.ok(paths.includes(path), `${path} is not among ${paths.join(', ')}`);
  }
  const others = readFileSync(join(PACKAGE, 'LICENSE.dependencies.txt'), 'utf8');
  for (const name of ['burn', 'burn-wgpu', 'wasm-bindgen']) assert.match(others, new RegExp(`^${name} \\d+\\.\\d+\\S* · .*MIT`, 'm'));
  assert.doesNotMatch(others, /^uplot /m, 'it is the page’s alone');
});
