/**
 * A page with one trainer, named in its address: `?trainer=tensorflow&backend=webgl&records=320`,
 * of ConvBurn also `workers=2`, `network=t` and `batch=128`. The driver calls
 * `bench.open()` and then `bench.epoch()` as often as it likes.
 *
 * A trainer is a module whose `open(backend, records, workers)` gives an `epoch()`: every record once, in order, in batches of 32,
 * and the epoch's mean loss when all of it is computed.
 *
 * @typedef {{ count: number, bytes: Uint8Array<ArrayBuffer>, labels: Uint8Array }} Records CIFAR-10's: a label and 3,072 bytes each.
 * @typedef {{ steps: number, loss: number, step_ms?: number, evaluation_ms?: number, counts?: Counts, elapsed_ms?: number }} Epoch
 *   A trainer that measures itself says `step_ms`, and how long 100 images take to evaluate (`evaluation_ms`); what it counts elsewhere it says in `counts`, over `elapsed_ms` and `steps`.
 * @typedef {{ dispatches: number, submissions: number, bytes_written: number, wait_ms: number, wasm_bytes: number }} Counts
 * @typedef {{ epoch: () => Promise<Epoch>, versions: string }} Trainer
 */
import { RECORD_BYTES, differenceOf } from './records.js';

const asked = new URLSearchParams(location.search);
const count = Number(asked.get('records'));

/** The first records of the training data, as the page's own shard has them. @returns {Promise<Records>} */
async function fetchRecords() {
  /** @type {Uint8Array[]} */
  const shards = [];
  for (let held = 0, shard = 0; held < count; shard += 1) {
    const response = await fetch(`/convburn/data/cifar10/train-${String(shard).padStart(2, '0')}.bin.gz`);
    if (!response.ok || !response.body) throw new Error(`The data is missing: ${response.status}`);
    const stream = response.body.pipeThrough(new DecompressionStream('gzip'));
    shards.push(new Uint8Array(await new Response(stream).arrayBuffer()));
    held += shards[shards.length - 1].length / RECORD_BYTES;
  }
  const bytes = new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (shards)).arrayBuffer()).slice(0, count * RECORD_BYTES);
  return { count, bytes, labels: Uint8Array.from({ length: count }, (_, i) => bytes[i * RECORD_BYTES]) };
}

/** @type {Trainer} */
let trainer;

/** What the driver calls. */
const bench = {
  async open() {
    const { open } = await import(`./${asked.get('trainer')}.js`);
    trainer = await open(asked.get('backend'), await fetchRecords(), {
      workers: Number(asked.get('workers') ?? 1),
      operators: asked.get('operators') ?? 'blocks',
      network: asked.get('network') ?? 'tutorial',
      batch: Number(asked.get('batch') ?? 32),
      optimizer: asked.get('optimizer') ?? 'adam',
    });
    return trainer.versions;
  },

  async epoch() {
    const before = gpuCounts();
    const startMs = performance.now();
    const epoch = await trainer.epoch();
    const elapsedMs = performance.now() - startMs;
    const { counts = differenceOf(gpuCounts(), before), steps, elapsed_ms = elapsedMs } = epoch;
    const per = steps || 1;
    return {
      loss: epoch.loss,
      step_ms: epoch.step_ms ?? elapsedMs / steps,
      evaluation_ms: epoch.evaluation_ms,
      dispatches: counts.dispatches / per,
      submissions: counts.submissions / per,
      bytes_written: counts.bytes_written / per,
      host_ms: (elapsed_ms - counts.wait_ms) / per,
      wasm_bytes: counts.wasm_bytes,
    };
  },

  /** JavaScript's memory of this page and its workers, after a collection. */
  async heapBytes() {
    // Only where the page is cross-origin isolated, which the driver's server sees to.
    const { breakdown } = await /** @type {any} */ (performance).measureUserAgentSpecificMemory();
    return breakdown.reduce((/** @type {number} */ sum, /** @type {any} */ part) => sum + (part.types.includes('JavaScript') ? part.bytes : 0), 0);
  },
};
Object.assign(globalThis, { bench });
