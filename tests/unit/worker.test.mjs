/**
 * The worker against a crate of a few lines: what it lets through while a Start is prepared, and
 * how a run is pulled. The wasm modules' imports are replaced by `globalThis.crate`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';

const CONFIG = { seed: 1 };
/** What the crate was asked, in order. @type {string[]} */
let calls = [];
/** What the worker said. @type {any[]} */
let said = [];
/** What each pull brings, or does before it brings nothing. @type {(() => any[] | Promise<any[]>)[]} */
let pulls = [];
/** What `backends` does. */
let backends = async () => /** @type {any[]} */ ([]);
/** Opens the engine's door: a load waits for it. @type {Promise<unknown>} */
let door = Promise.resolve();
/** What the engine says when its door has opened. @type {{ code: string } | null} */
let refusal = null;
/** @type {(event: { data: any }) => void} */
let listener = () => undefined;

/** @type {any} */
const scope = globalThis;
/** What the crate says of a restored run’s records. @type {Error | null} */
let otherData = null;
scope.crate = {
  default: async () => undefined,
  warm_up: async () => calls.push('warm_up'),
  needs_other_module: async (/** @type {any} */ config) => config.backend === 'webgpu',
  config_of: async (/** @type {Uint8Array} */ bytes) => ({ backend: bytes.length > 4 ? 'webgpu' : 'flex' }),
  load: async (/** @type {any} */ config, /** @type {any} */ manifest) => {
    calls.push(manifest?.shards.length === 0 ? 'let go' : 'load');
    await door;
    if (refusal) throw refusal;
    return { config, backend: { active: config?.active ?? 'flex' } };
  },
  add_shard: async () => calls.push('add_shard'),
  extend: async (/** @type {number} */ epochs) => {
    calls.push(`extend ${epochs}`);
    if (refusal) throw refusal;
    return { config: { epochs } };
  },
  open_file: async (/** @type {string} */ name) => {
    if (name !== 'a.bin') throw Object.assign(new Error('This is a text file.'), { code: 'other_format', hint: 'Use another.' });
    return { files: [{ name, bytes: new Uint8Array(2) }], refused: [] };
  },
  advance: async () => {
    calls.push('advance');
    return (await pulls.shift()?.()) ?? [{ type: 'done', epochs: 1 }];
  },
  backends: () => backends(),
  predict: async () => Promise.reject(Object.assign(new Error('No whole image.'), { code: 'pixel_length', hint: 'Mend it.' })),
  evaluate: async () => calls.push('evaluate'),
  save: async () => new Uint8Array(3),
  check_restored: async () => {
    if (otherData) throw otherData;
  },
  records: async (/** @type {string} */ set, /** @type {number} */ first, /** @type {number} */ count) => Uint8Array.of(set === 'test' ? 1 : 0, first, count),
  restore: async (/** @type {Uint8Array} */ bytes) => ({ position: bytes.length > 0 ? { epoch: 1, step: 2 } : null }),
  summary_of: async (/** @type {any} */ { network }) => {
    if (network === 'none such') throw Object.assign(new Error('There is none such.'), { code: 'invalid_config', hint: 'Change it.' });
    return `of ${JSON.stringify(network)}`;
  },
  reset: async () => {
    calls.push('reset');
    await door;
    if (refusal) throw refusal;
  },
  pause: () => calls.push('pause'),
  stop: () => calls.push('stop'),
};
scope.self = {
  postMessage: (/** @type {any} */ message) => said.push(message),
  setInterval: (/** @type {() => void} */ beat) => {
    scope.beat = beat;
  },
  setTimeout: (/** @type {() => void} */ then) => then(),
  addEventListener: (/** @type {string} */ _type, /** @type {typeof listener} */ listen) => {
    listener = listen;
  },
};
/** Node's own ports would keep the process alive. */
scope.MessageChannel = class {
  port1 = { onmessage: () => undefined };
  port2 = { postMessage: () => setImmediate(() => this.port1.onmessage()) };
};

const source = readFileSync(new URL('../../www/engine/worker.js', import.meta.url), 'utf8')
  .replaceAll(/import\('\.\.\/(convburn_\w+)\.js'\)/g, 'globalThis.crate')
  .replace("import { offerHelpers } from './pool.js';", 'const offerHelpers = () => {};')
  .replace("import { watchGpu } from './gpu-watch.js';", 'const watchGpu = (tell) => { globalThis.loseGpu = tell; };')
  .replaceAll(/new URL\(script, import\.meta\.url\)\.href/g, "''");
await import(`data:text/javascript,${encodeURIComponent(source)}`);

const send = (/** @type {string} */ type, more = {}) => listener({ data: { type, config: CONFIG, manifest: null, ...more } });
/** Without the checkpoints, which have a test of their own. */
const types = () => said.map(({ type }) => type).filter((type) => type !== 'checkpoint');
const turns = () => calls.filter((call) => call === 'advance').length;
/** Lets everything that is due happen. */
async function settle() {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** @param {number} [accuracy] On the test images. */
const epochEnd = (accuracy = 0.5) => ({ type: 'epoch_end', result: { val_accuracy: accuracy } });

await settle();
const saidFirst = said;

test('the worker is ready first, then it says which backends can run', () => {
  assert.deepEqual(saidFirst, [{ type: 'ready' }, { type: 'backends', backends: [] }]);
});

beforeEach(() => {
  backends = async () => [];
  calls = [];
  said = [];
  pulls = [];
  door = Promise.resolve();
  refusal = null;
  scope.self.postMessage = (/** @type {any} */ message) => said.push(message);
});

/** Closes the engine's door. @returns {() => void} What opens it. */
function shut() {
  /** @type {(value?: unknown) => void} */
  let open = () => undefined;
  door = new Promise((resolve) => {
    open = resolve;
  });
  return open;
}

test('a graphics card is warmed up once a batch, and the processor never', async () => {
  const load = (/** @type {object} */ config) => send('load', { config });
  load({ active: 'flex', batch: 16 });
  await settle();
  load({ active: 'webgpu', batch: 16 });
  load({ active: 'webgpu', batch: 16 });
  await settle();
  load({ active: 'webgpu', batch: 8 });
  await settle();
  assert.deepEqual(calls, ['load', 'load', 'load', 'warm_up', 'load', 'warm_up']);
  assert.deepEqual(types(), ['loaded', 'loaded', 'loaded', 'loaded']);
});

test('while a Start is prepared nothing else begins', async () => {
  const open = shut();
  send('start');
  for (const command of ['evaluate', 'reset', 'load', 'start']) send(command);
  await settle();
  assert.deepEqual(said.map(({ type, command, error }) => [type, command, error.code]), ['evaluate', 'reset', 'load', 'start'].map((each) => ['error', each, 'busy']));
  send('stop'); // There is nothing to stop yet, and the run is not lost by it.
  open();
  await settle();
  assert.deepEqual(types().slice(4), ['started', 'done']);
  assert.deepEqual(calls, ['load', 'advance']);
});

test('a run that has paused is pulled by one loop only, whatever comes right after', async () => {
  const step = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return [];
  };
  pulls = [() => [{ type: 'paused' }], step, step, () => [{ type: 'paused' }]];
  scope.self.postMessage = (/** @type {any} */ message) => {
    said.push(message);
    if (message.type === 'paused' && turns() === 1) queueMicrotask(() => send('resume'));
  };
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'paused', 'resumed', 'paused']);
  assert.equal(turns(), 4);
  send('resume');
  await settle();
  assert.deepEqual(types().slice(4), ['resumed', 'done']);
  assert.equal(turns(), 5);
});

test('the page is given the run when it pauses, stops or ends an epoch, after the news of it, and not while a graphics card is prepared', async () => {
  pulls = [() => [{ type: 'compiling' }], () => [{ type: 'progress' }], () => [epochEnd()], () => [{ type: 'paused' }]];
  send('start');
  await settle();
  const order = said.map(({ type }) => type);
  assert.deepEqual(order, ['started', 'compiling', 'progress', 'epoch_end', 'checkpoint', 'paused', 'checkpoint']);
  const [checkpoint] = said.filter(({ type }) => type === 'checkpoint');
  assert.equal(checkpoint.bytes.length, 3);
  assert.ok(checkpoint.save_ms >= 0);
  send('stop');
  pulls = [() => [{ type: 'stopped' }]];
  await settle();
  assert.deepEqual(said.slice(order.length).map(({ type }) => type), ['stopped', 'checkpoint']);
});

test('of epochs that end hundreds of times a second the page is given the best ones and the last, and one a second', async () => {
  const { now } = performance;
  let nowMs = 0;
  performance.now = () => nowMs;
  try {
    const accuracies = [0.1, 0.3, 0.3, 0.2, 0.4, ...Array(14).fill(0.2)];
    pulls = accuracies.map((accuracy, i) => () => {
      nowMs = 100 * (i + 1);
      return i === accuracies.length - 1 ? [epochEnd(accuracy), { type: 'done', epochs: 19 }] : [epochEnd(accuracy)];
    });
    send('start');
    for (let i = 0; i < 10; i += 1) await settle();
  } finally {
    performance.now = now;
  }
  const given = said.flatMap(({ type }, i) => (type === 'checkpoint' ? [said.slice(0, i).filter((each) => each.type === 'epoch_end').length] : []));
  assert.deepEqual(given, [1, 2, 5, 15, 19]);
});

test('a run that cannot be saved goes on; a graphics card that is lost is told, and so is that the worker lives', async () => {
  const { save } = scope.crate;
  scope.crate.save = async () => Promise.reject(Object.assign(new Error('not finite'), { code: 'checkpoint', hint: '' }));
  pulls = [() => [epochEnd()]];
  send('start');
  await settle();
  scope.crate.save = save;
  assert.deepEqual(said.map(({ type }) => type), ['started', 'epoch_end', 'done']);
  scope.loseGpu('the graphics card was lost (test)');
  scope.beat();
  const [lost, beat] = said.slice(3);
  assert.equal(lost.type, 'failed');
  assert.equal(lost.error.code, 'gpu_lost');
  assert.deepEqual([beat.type, beat.turning], ['heartbeat', false]);
});

test('a stop that comes while the crate is pausing is not lost', async () => {
  pulls = [
    () => {
      send('stop');
      return [{ type: 'paused' }];
    },
    () => [{ type: 'stopped' }],
  ];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'paused', 'stopped']);
  assert.deepEqual(calls, ['load', 'advance', 'stop', 'stop', 'advance']);
});

test('a failed step ends the run, and new weights may be asked for', async () => {
  pulls = [() => Promise.reject(Object.assign(new Error('lost'), { code: 'compute', hint: 'Reset.' }))];
  send('start');
  await settle();
  send('reset');
  await settle();
  assert.deepEqual(types(), ['started', 'error', 'was_reset']);
});

test('a paused run that is being reset can neither be resumed nor stopped, and is there again if that fails', async () => {
  pulls = [() => [{ type: 'paused' }]];
  send('start');
  await settle();
  let open = shut();
  refusal = { code: 'compute' };
  send('reset');
  send('resume');
  open();
  await settle();
  assert.deepEqual(types(), ['started', 'paused', 'error']);
  pulls = [() => [{ type: 'paused' }]];
  send('resume');
  await settle();
  assert.deepEqual(types().slice(3), ['resumed', 'paused']);

  open = shut();
  refusal = null;
  said = [];
  send('reset');
  send('resume');
  send('stop');
  open();
  await settle();
  send('resume');
  await settle();
  assert.deepEqual(types(), ['was_reset']);
  assert.equal(turns(), 2);
});

test('shards of data for which the engine could not be loaded are refused, those of the data held are not', async () => {
  const codes = () => said.map(({ type, error }) => error?.code ?? type);
  send('load', { turn: 1 });
  send('add_shard', { id: '1/train-00', bytes: Uint8Array.of(7) });
  await settle();
  refusal = { code: 'backend_unavailable' };
  send('load', { turn: 1 });
  send('add_shard', { id: '1/train-01', bytes: Uint8Array.of(8) });
  send('load', { turn: 2 });
  send('add_shard', { id: '2/1', bytes: Uint8Array.of(9) });
  await settle();
  assert.deepEqual(codes(), ['loaded', 'shard_added', 'backend_unavailable', 'shard_added', 'backend_unavailable', 'not_loaded']);
  assert.equal(said[5].id, '2/1');
  assert.deepEqual(said.map(({ bytes }) => bytes?.[0]), [undefined, 7, undefined, 8, undefined, undefined], 'what was accepted comes back to be kept');
  refusal = null;
  said = [];
  send('load', { turn: 2 });
  send('add_shard', { id: '2/1', bytes: Uint8Array.of(9) });
  send('add_shard', { id: '1/train-02', bytes: Uint8Array.of(9) });
  await settle();
  assert.deepEqual(codes(), ['loaded', 'shard_added', 'not_loaded']);
});

test('another set of the visitor’s files begins without the records of the one before, the same set keeps them', async () => {
  calls = [];
  const load = async (/** @type {number} */ turn, /** @type {any} */ manifest) => {
    send('load', { turn, manifest });
    await settle();
    return calls.splice(0);
  };
  const server = { shards: [{}] };
  assert.deepEqual(await load(20, server), ['load']);
  assert.deepEqual(await load(21, null), ['load'], 'another list lets go by itself');
  assert.deepEqual(await load(21, null), ['load'], 'settings that change take no data away');
  assert.deepEqual(await load(22, null), ['let go', 'load']);
  assert.deepEqual(await load(23, server), ['load']);
});

test('which backends can run is said again when one was refused, and a failure of it is nobody’s', async () => {
  const backend = { requested: 'auto', active: 'flex', reason: 'Refused.' };
  pulls = [() => [{ type: 'backend', backend }], () => [{ type: 'done' }]];
  send('start');
  await settle();
  assert.deepEqual(types().sort(), ['backend', 'backends', 'done', 'started']);

  said = [];
  backends = () => Promise.reject(new Error('no answer'));
  pulls = [() => Promise.reject(Object.assign(new Error('Refused.'), { code: 'self_check', hint: 'Choose flex.' }))];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'error']);
  assert.deepEqual(said[1].error, { code: 'self_check', message: 'Refused.', hint: 'Choose flex.' });

  said = [];
  backends = async () => [{ backend: 'webgpu', available: false, remark: 'Refused.' }];
  pulls = [() => Promise.reject(Object.assign(new Error('Refused.'), { code: 'self_check', hint: '' }))];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'error', 'backends']);
});

test('a prediction that fails is an error of its own, and the run goes on', async () => {
  pulls = [() => {
    send('predict');
    return [];
  }];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'error', 'done']);
  assert.equal(said[1].command, 'predict');
  assert.equal(said[1].error.code, 'pixel_length');
});

test('a panic of the crate is the engine’s end', async () => {
  pulls = [() => Promise.reject(new WebAssembly.RuntimeError('unreachable'))];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'failed']);
  assert.equal(said[1].error.code, 'engine_failed');
});

test('a restored run that has other records waits on, and goes on once it has its own', async () => {
  send('restore', { bytes: new Uint8Array(1) });
  await settle();
  otherData = Object.assign(new Error('It was trained on others.'), { code: 'checkpoint', hint: 'Drop them.' });
  send('resume');
  await settle();
  assert.deepEqual(types(), ['restored', 'error']);
  assert.deepEqual([said[1].command, said[1].error.code], ['resume', 'checkpoint']);
  otherData = null;
  send('resume');
  await settle();
  assert.deepEqual(types().slice(2), ['resumed', 'done']);
});

test('records to look at are the crate’s, and are shown while a run is under way too', async () => {
  send('show', { id: 3, set: 'test', first: 7, count: 25 });
  await settle();
  const [{ records, ...answer }] = said;
  assert.deepEqual(answer, { type: 'shown', id: 3, set: 'test', first: 7 });
  assert.deepEqual([...records], [1, 7, 25]);
  said = [];
  pulls = [() => {
    send('show', { id: 4, set: 'train', first: 0, count: 1 });
    return [];
  }];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'shown', 'done']);
});

test('a stopped run goes on from where it stands, and waits on while its images are not there', async () => {
  pulls = [() => [{ type: 'stopped' }], () => Promise.reject(Object.assign(new Error('other data'), { code: 'checkpoint', hint: '' })), () => [{ type: 'done' }]];
  send('start');
  await settle();
  send('resume');
  await settle();
  send('resume');
  await settle();
  assert.deepEqual(types(), ['started', 'stopped', 'resumed', 'error', 'resumed', 'done']);
  assert.deepEqual(calls, ['load', 'advance', 'advance', 'advance']);
});

test('a run is extended and goes on when it rests or is over, and stays paused when it is', async () => {
  send('start');
  await settle();
  pulls = [() => [{ type: 'paused' }], () => [{ type: 'stopped' }], () => [{ type: 'done' }]];
  send('extend', { epochs: 3 });
  send('evaluate'); // Not while it is under way.
  await settle();
  send('extend', { epochs: 4 });
  await settle();
  assert.deepEqual(types(), ['started', 'done', 'error', 'extended', 'resumed', 'paused', 'extended']);
  send('stop');
  await settle();
  refusal = { code: 'invalid_config' };
  send('extend', { epochs: 1 });
  await settle();
  refusal = null;
  assert.deepEqual(said.filter(({ type }) => type === 'error').map(({ command, error }) => [command, error.code]), [['evaluate', 'busy'], ['extend', 'invalid_config']]);
  send('resume');
  await settle();
  assert.deepEqual(types().slice(7), ['stopped', 'error', 'resumed', 'done']);
  assert.deepEqual(calls.filter((call) => call !== 'advance'), ['load', 'extend 3', 'extend 4', 'stop', 'extend 1']);
});

test('a restored run goes on when it is resumed, and is no run that is in the way', async () => {
  send('restore', { bytes: new Uint8Array(1) });
  await settle();
  send('resume');
  await settle();
  assert.deepEqual(types(), ['restored', 'resumed', 'done']);
  send('restore', { bytes: new Uint8Array(1) });
  await settle();
  send('load', { turn: 1 });
  await settle();
  send('resume'); // The load took it away.
  send('restore', { bytes: new Uint8Array(0) });
  await settle();
  send('resume'); // A run that is over.
  send('save');
  await settle();
  assert.deepEqual(types().slice(3), ['restored', 'loaded', 'restored', 'saved']);
});

test('what asks for a backend of the other module is handed back, with the file that it needs, and changes nothing', async () => {
  const other = { seed: 1, backend: 'webgpu' };
  send('load', { config: other, turn: 1 });
  await settle();
  send('restore', { bytes: new Uint8Array(5) }); // Its run is on WebGPU.
  await settle();
  send('start', { config: other });
  await settle();
  assert.deepEqual(said.map(({ type, resend }) => [type, resend.bytes?.length ?? 0, resend.start]), [
    ['other_module', 0, false], ['other_module', 5, false], ['other_module', 0, true],
  ]);
  assert.deepEqual(calls, []);

  scope.crate.restore = weightsOfT;
  said = [];
  send('restore', { bytes: new Uint8Array(3) });
  await settle();
  send('start', { config: { ...other, network: 't' } });
  await settle();
  assert.deepEqual(said.map(({ type, resend }) => [type, resend?.bytes.length]), [['restored', undefined], ['other_module', 3]]);
  said = [];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'done'], 'another Start is not refused');
});

const weightsOfT = async () => {
  calls.push('restore');
  return { kind: 'weights', position: null, loaded: { config: { network: 't' } } };
};

test('a run begins from weights of its own network alone', async () => {
  scope.crate.restore = weightsOfT;
  for (const [network, expected] of /** @type {const} */ ([['t', ['load', 'restore', 'advance']], ['tutorial', ['load', 'advance']]])) {
    send('restore', { bytes: new Uint8Array(3) });
    await settle();
    calls = [];
    send('start', { config: { network } });
    await settle();
    assert.deepEqual(calls, expected, network);
  }
});

test('the table of another network is asked for, and nothing else of it', async () => {
  const asked = { seeding: 'by-layer', layers: [] };
  for (const network of ['t', asked, 'none such']) send('summarize', { network });
  await settle();
  assert.deepEqual(said.map(({ type, network, summary, command }) => [type, network ?? command, summary]), [
    ['summarized', 't', 'of "t"'], ['summarized', asked, `of ${JSON.stringify(asked)}`], ['error', 'summarize', undefined],
  ]);
  assert.deepEqual(calls, []);
});

test('a file is opened without a session, and its records are handed over', async () => {
  said = [];
  send('open_file', { id: '1', name: 'a.bin', bytes: new Uint8Array(3) });
  send('open_file', { id: '2', name: 'notes.txt', bytes: new Uint8Array(3) });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(said.map(({ type, id, error }) => [type, id, error?.code]), [['opened', '1', undefined], ['error', '2', 'other_format']]);
  assert.deepEqual(said[0].opened.files[0].name, 'a.bin');
});
