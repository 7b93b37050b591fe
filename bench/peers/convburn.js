/**
 * ConvBurn by its page's own worker. The step's time is the one that the page shows: training alone, reads of the loss
 * included. The driver has put counting.js and counted-posts.js before the worker's first line.
 *
 * @import { Counts, Records, Trainer } from './page.js'
 */
import { RECORD_BYTES, differenceOf } from './records.js';

/** The test records that an epoch ends with: as few as two workers can share. */
const TEST = 200;
const EPOCHS = 1_000;

/** Where the worker lies; at the top in a build of before 2026-11-27, which `--against` may name. */
async function workerScript() {
  const script = '/convburn/engine/worker.js';
  return (await fetch(script, { method: 'HEAD' })).ok ? script : '/convburn/worker.js';
}

/** What a run with this optimiser sets beside it: SGD and Muon as the recipes have them. @type {Record<string, object>} */
const RULES = {
  adam: { lr: 0.001 },
  sgd: { lr: 0.1, momentum: 0.9, nesterov: 'on', velocity: 'rate-outside' },
  muon: { lr: 0.1, momentum: 0.9, nesterov: 'on', velocity: 'rate-outside', muon_lr: 0.05, muon_momentum: 0.6 },
};

/** @param {string} backend @param {Records} records @param {{ workers: number, operators: string, network: string, batch: number, optimizer: string }} how 0 workers: as many as pay here. @returns {Promise<Trainer>} */
export async function open(backend, { count, bytes }, { workers, operators, network, batch, optimizer }) {
  // The name says which module, as www/engine/client.js gives it.
  const name = backend === 'flex' ? 'convburn cpu' : 'convburn full';
  const worker = new Worker(await workerScript(), { type: 'module', name });
  const config = {
    backend, workers, train: count, test: TEST, epochs: EPOCHS, batch, network, seed: 1,
    optimizer, ...RULES[optimizer], augment: 'none', operators, report_every_ms: 250,
  };
  const next = listen(worker);
  await next('ready');
  worker.postMessage({ type: 'load', config, manifest: null, turn: 1 });
  const { loaded } = await next('loaded');
  /** @param {'train' | 'test'} split @param {Uint8Array<ArrayBuffer>} part */
  const add = async (split, part) => {
    worker.postMessage({ type: 'add_shard', id: `1/${split}`, split, bytes: part });
    await next('shard_added');
  };
  await add('train', bytes.slice());
  // Other records than the training's, or they would be refused as loaded already: one pixel differs.
  const test = bytes.slice(-TEST * RECORD_BYTES);
  test[1] ^= 1;
  await add('test', test);
  let begun = false;

  return {
    versions: `ConvBurn ${loaded.version}`,
    async epoch() {
      worker.postMessage(begun ? { type: 'resume' } : { type: 'start', config });
      begun = true;
      /** @type {any[]} */
      const progress = [];
      const { result, evaluation, gpuCounts } = await next('epoch_end', (message) => {
        if (message.type === 'progress' && message.stage === 'training') progress.push(message);
      });
      worker.postMessage({ type: 'pause' });
      await next('paused');
      const evaluation_ms = (evaluation.seconds * 1_000 * 100) / evaluation.records;
      return { loss: result.loss, step_ms: result.step_ms, evaluation_ms, ...between(progress, gpuCounts) };
    },
  };
}

/**
 * What was counted from one report of the training to a later one, so that neither the validation nor the first
 * step's compiling is in it.
 * @param {any[]} progress @param {Counts} now
 */
function between(progress, now) {
  const [first, last] = [progress[0], progress[progress.length - 1]];
  const none = { dispatches: 0, submissions: 0, bytes_written: 0, wait_ms: 0, wasm_bytes: now.wasm_bytes };
  if (progress.length < 2) return { steps: 0, counts: none, elapsed_ms: Number.NaN };
  return {
    steps: last.step - first.step,
    counts: { ...differenceOf(last.gpuCounts, first.gpuCounts), wasm_bytes: now.wasm_bytes },
    elapsed_ms: last.postedMs - first.postedMs,
  };
}

/** Waits for one message of a type; an error ends the wait. @param {Worker} worker */
function listen(worker) {
  /** @type {any[]} */
  const untaken = [];
  /** @type {(() => void) | null} */
  let wake = null;
  worker.addEventListener('message', ({ data }) => {
    untaken.push(data);
    wake?.();
  });
  worker.addEventListener('error', (event) => {
    untaken.push({ type: 'failed', error: { message: event.message } });
    wake?.();
  });
  /** @param {string} type @param {(message: any) => void} [passing] @returns {Promise<any>} */
  return async (type, passing) => {
    for (;;) {
      const message = untaken.shift();
      if (!message) {
        await new Promise((resolve) => { wake = () => resolve(undefined); });
      } else if (message.type === type) {
        return message;
      } else if (message.type === 'error' || message.type === 'failed') {
        throw new Error(message.error.message);
      } else {
        passing?.(message);
      }
    }
  };
}
