/**
 * What becomes of the page's commands: which calls of the crate, in which order, and which messages come back. The crate
 * is one of a few lines; how it drives a run is tests/native/driver.rs's.
 */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createCommands } from '../../www/engine/commands.js';

const CONFIG = { seed: 1 };
/** What the crate was asked, in order. @type {string[]} */
let calls = [];
/** What was said. @type {any[]} */
let said = [];
/** What each turn brings, or does before it brings nothing. @type {(() => any | Promise<any>)[]} */
let turns = [];
/** What `backends` does. */
let backends = async () => /** @type {any[]} */ ([]);
/** Opens the engine's door: a load waits for it. @type {Promise<unknown>} */
let door = Promise.resolve();
/** What the engine says when its door has opened. @type {{ code: string } | null} */
let refusal = null;
/** What is done when a message is posted. */
let onPost = (/** @type {any} */ _message) => undefined;

/** @param {string} code @param {string} [message] */
const refused = (code, message = 'It cannot be.') => Object.assign(new Error(message), { code, hint: 'Mend it.' });

/** @param {string} name @param {unknown} [answer] */
const noting = (name, answer) => async () => {
  calls.push(name);
  await door;
  if (refusal) throw refusal;
  return answer;
};

const DONE = { events: [{ type: 'done', epochs: 1 }], checkpoint: null, goes_on: false };
/** A turn after which another is due. @param {any[]} events */
const onward = (...events) => ({ events, checkpoint: null, goes_on: true });
/** A turn after which none is. @param {any[]} events */
const resting = (...events) => ({ ...onward(...events), goes_on: false });

/** @type {any} */
const crate = {
  warm_up: noting('warm_up'),
  needs_other_module: async (/** @type {any} */ config) => config.backend === 'webgpu',
  config_of: async (/** @type {Uint8Array} */ bytes) => ({ backend: bytes.length > 4 ? 'webgpu' : 'flex' }),
  load: async (/** @type {any} */ config, /** @type {any} */ manifest) => {
    await noting(manifest?.shards.length === 0 ? 'let go' : 'load')();
    return { config, backend: { active: config?.active ?? 'flex' } };
  },
  start: async (/** @type {any} */ config) => (config.backend === 'webgpu' ? null : noting('start', { config })()),
  weights_for: (/** @type {any} */ { network }) => (network === 't' ? new Uint8Array(3) : null),
  turn: async () => {
    calls.push('turn');
    return (await turns.shift()?.()) ?? DONE;
  },
  resume: noting('resume'),
  train_until: async (/** @type {number} */ epochs) => noting(`until ${epochs}`, { config: { epochs } })(),
  pause: () => calls.push('pause'),
  stop: () => calls.push('stop'),
  reset: noting('reset', { config: CONFIG }),
  add_shard: noting('add_shard'),
  open_file: async (/** @type {string} */ name) => {
    if (name !== 'a.bin') throw refused('other_format');
    return { files: [{ name, bytes: new Uint8Array(2) }], refused: [] };
  },
  backends: () => backends(),
  predict: async () => Promise.reject(refused('pixel_length')),
  evaluate: noting('evaluate', { accuracy: 0.5 }),
  save: async () => new Uint8Array(3),
  records: async (/** @type {string} */ set, /** @type {number} */ first, /** @type {number} */ count) => Uint8Array.of(set === 'test' ? 1 : 0, first, count),
  restore: noting('restore', { position: null }),
  summary_of: async (/** @type {any} */ { network }) => {
    if (network === 'none such') throw refused('invalid_config');
    return `of ${JSON.stringify(network)}`;
  },
};

/** @returns {Promise<void>} */
const tick = () => new Promise((resolve) => { setImmediate(resolve); });
/** @type {ReturnType<typeof createCommands>} */
let commands;

const send = (/** @type {string} */ type, more = {}) => void commands.serve(/** @type {any} */ ({ type, config: CONFIG, manifest: null, ...more }));
const types = () => said.map(({ type }) => type);
const failures = () => said.filter(({ type }) => type === 'error').map(({ command, error }) => [command, error.code]);
/** Lets everything that is due happen. */
async function settle() {
  for (let i = 0; i < 20; i += 1) await tick();
}

beforeEach(() => {
  backends = async () => [];
  calls = [];
  said = [];
  turns = [];
  door = Promise.resolve();
  refusal = null;
  onPost = () => undefined;
  const post = (/** @type {any} */ message) => {
    said.push(message);
    onPost(message);
  };
  commands = createCommands(crate, { isFull: false, post, yieldOnce: tick, pause: tick });
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

test('calls wait for each other in the order of their commands; a pause and a stop wait for none', async () => {
  const open = shut();
  send('start');
  for (const command of ['evaluate', 'reset', 'restore', 'pause', 'stop']) send(command, { bytes: new Uint8Array(1) });
  await settle();
  assert.deepEqual(calls, ['pause', 'stop', 'start']);
  open();
  await settle();
  assert.deepEqual(calls.slice(2, 6), ['start', 'evaluate', 'reset', 'restore']);
  assert.deepEqual(types().filter((type) => type !== 'done'), ['started', 'evaluating', 'evaluation', 'was_reset', 'restored']);
});

test('a run is turned while the crate says so, and its checkpoints come after what happened', async () => {
  const checkpoint = { bytes: new Uint8Array(3), save_ms: 1, is_best: true };
  turns = [() => onward({ type: 'progress' }), () => ({ ...onward({ type: 'epoch_end' }), checkpoint }), () => resting({ type: 'paused' })];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'progress', 'epoch_end', 'checkpoint', 'paused']);
  assert.deepEqual(said[3], { type: 'checkpoint', ...checkpoint });
  assert.deepEqual(calls, ['start', 'turn', 'turn', 'turn']);
});

test('a run that has paused is turned by one loop only, whatever comes right after', async () => {
  turns = [() => resting({ type: 'paused' }), async () => tick().then(() => onward()), async () => onward(), () => resting({ type: 'paused' })];
  onPost = ({ type }) => {
    if (type === 'paused' && calls.filter((call) => call === 'turn').length === 1) queueMicrotask(() => send('resume'));
  };
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'paused', 'paused']);
  assert.deepEqual(calls, ['start', 'turn', 'resume', 'turn', 'turn', 'turn']);
  send('resume');
  await settle();
  assert.deepEqual(types().slice(3), ['done']);
});

test('a stop and a resume ask for a turn, and what the crate refuses to resume is not turned', async () => {
  send('stop');
  await settle();
  assert.deepEqual(calls, ['stop', 'turn']);
  refusal = refused('checkpoint');
  send('resume');
  send('extend', { epochs: 3 });
  await settle();
  assert.deepEqual(failures(), [['resume', 'checkpoint'], ['extend', 'checkpoint']]);
  assert.deepEqual(calls.slice(2), ['resume', 'until 3']);
  refusal = null;
  said = [];
  send('extend', { epochs: 4 });
  await settle();
  assert.deepEqual(types(), ['extended', 'done']);
  assert.equal(said[0].loaded.config.epochs, 4);
});

test('a turn that fails ends the loop and is told, and the next command begins another', async () => {
  turns = [() => Promise.reject(refused('compute'))];
  send('start');
  await settle();
  assert.deepEqual(failures(), [['advance', 'compute']]);
  commands.heartbeat();
  assert.deepEqual(said.at(-1), { type: 'heartbeat', pulls: 0, turning: false });
  send('reset');
  send('start');
  await settle();
  assert.deepEqual(types().slice(3), ['was_reset', 'started', 'done']);
});

test('a sign of life says how often the run was turned, and whether it is', async () => {
  turns = [() => onward(), () => new Promise(() => undefined)];
  send('start');
  await settle();
  commands.heartbeat();
  assert.deepEqual(said.at(-1), { type: 'heartbeat', pulls: 1, turning: true });
});

test('shards of data for which the engine could not be loaded are refused, those of the data held are not', async () => {
  const codes = () => said.map(({ type, error }) => error?.code ?? type);
  send('load', { turn: 1 });
  send('add_shard', { id: '1/train-00', bytes: Uint8Array.of(7) });
  await settle();
  refusal = { code: 'backend_unavailable' };
  send('load', { turn: 2 });
  await settle();
  refusal = null;
  send('add_shard', { id: '1/train-01', bytes: Uint8Array.of(8) });
  send('add_shard', { id: '2/1', bytes: Uint8Array.of(9) });
  await settle();
  assert.deepEqual(codes(), ['loaded', 'shard_added', 'backend_unavailable', 'shard_added', 'not_loaded']);
  assert.equal(said[4].id, '2/1');
  assert.deepEqual(said.map(({ bytes }) => bytes?.[0]), [undefined, 7, undefined, 8, undefined], 'what was accepted comes back to be kept');
  said = [];
  send('load', { turn: 2 });
  send('add_shard', { id: '2/1', bytes: Uint8Array.of(9) });
  send('add_shard', { id: '1/train-02', bytes: Uint8Array.of(9) });
  await settle();
  assert.deepEqual(codes(), ['loaded', 'shard_added', 'not_loaded']);
});

test('another set of the visitor’s files begins without the records of the one before, the same set keeps them', async () => {
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
  turns = [() => onward({ type: 'backend', backend: { active: 'flex' } })];
  send('start');
  await settle();
  assert.deepEqual(types().sort(), ['backend', 'backends', 'done', 'started']);

  said = [];
  backends = () => Promise.reject(new Error('no answer'));
  turns = [() => Promise.reject(refused('self_check'))];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'error']);
  assert.deepEqual(said[1].error, { code: 'self_check', message: 'It cannot be.', hint: 'Mend it.' });

  said = [];
  backends = async () => [{ backend: 'webgpu', available: false, remark: 'Refused.' }];
  turns = [() => Promise.reject(refused('self_check'))];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'error', 'backends']);
});

test('a prediction that fails is an error of its own, and the run goes on', async () => {
  turns = [() => {
    send('predict');
    return onward();
  }];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'error', 'done']);
  assert.deepEqual(failures(), [['predict', 'pixel_length']]);
});

test('a panic of the crate is the engine’s end', async () => {
  turns = [() => Promise.reject(new WebAssembly.RuntimeError('unreachable'))];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'failed']);
  assert.equal(said[1].error.code, 'engine_failed');
});

test('records to look at are the crate’s, and are shown while a run is under way too', async () => {
  turns = [() => {
    send('show', { id: 3, set: 'test', first: 7, count: 25 });
    return onward();
  }];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'shown', 'done']);
  const { records, ...answer } = said[1];
  assert.deepEqual(answer, { type: 'shown', id: 3, set: 'test', first: 7 });
  assert.deepEqual([...records], [1, 7, 25]);
});

test('what asks for a backend of the other module is handed back, with the file that it needs, and changes nothing', async () => {
  const other = { seed: 1, backend: 'webgpu' };
  send('load', { config: other, turn: 1 });
  await settle();
  send('restore', { bytes: new Uint8Array(5) }); // Its run is on WebGPU.
  await settle();
  send('start', { config: other });
  await settle();
  send('start', { config: { ...other, network: 't' } }); // Weights of that network were opened.
  await settle();
  assert.deepEqual(said.map(({ type, resend }) => [type, resend.bytes?.length ?? 0, resend.start]), [
    ['other_module', 0, false], ['other_module', 5, false], ['other_module', 0, true], ['other_module', 3, true],
  ]);
  assert.deepEqual(calls, []);
  said = [];
  send('start');
  await settle();
  assert.deepEqual(types(), ['started', 'done'], 'another Start is not refused');
});

test('the table of another network is asked for, and nothing else of it', async () => {
  const asked = { seeding: 'by-layer', layers: [] };
  for (const network of ['t', asked, 'none such']) send('summarize', { network });
  await settle();
  assert.deepEqual(said.map(({ type, network, summary }) => [type, network, summary]), [
    ['summarized', 't', 'of "t"'], ['summarized', asked, `of ${JSON.stringify(asked)}`], ['network_refused', 'none such', undefined],
  ]);
  assert.deepEqual(calls, []);
});

test('a file is opened without a session, and its records are handed over', async () => {
  send('open_file', { id: '1', name: 'a.bin', bytes: new Uint8Array(3) });
  send('open_file', { id: '2', name: 'notes.txt', bytes: new Uint8Array(3) });
  await settle();
  assert.deepEqual(said.map(({ type, id, error }) => [type, id, error?.code]), [['opened', '1', undefined], ['error', '2', 'other_format']]);
  assert.deepEqual(said[0].opened.files[0].name, 'a.bin');
});
