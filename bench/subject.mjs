/**
 * One trainer under measurement: its page in the browser, or Keras's process. Each gives epochs of the same records.
 *
 * @import { Browser, Page } from 'playwright-core'
 * @import { Configuration } from './trainers.mjs'
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ loss: number, step_ms: number, evaluation_ms?: number, dispatches: number, submissions: number, bytes_written: number, host_ms: number, wasm_bytes: number }} Epoch
 * @typedef {{ configuration: Configuration, versions: string, epoch: () => Promise<Epoch>, heapBytes: () => Promise<number | null>, asked: string[], close: () => Promise<unknown> }} Subject
 */

const COUNTING = readFileSync(new URL('counting.js', import.meta.url), 'utf8');
const COUNTED_POSTS = readFileSync(new URL('counted-posts.js', import.meta.url), 'utf8');

/**
 * Opens a trainer's page and trains nothing yet.
 * @param {Browser} browser @param {string} origin @param {Configuration} configuration @param {number} records
 * @returns {Promise<Subject>}
 */
export async function openPage(browser, origin, configuration, records) {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  /** @type {string[]} */
  const asked = [];
  context.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.addInitScript({ content: COUNTING });
  await page.route('**/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${COUNTING}\n${COUNTED_POSTS}\n${await response.text()}` });
  });
  const { trainer, backend, workers = 1, operators = 'blocks', network = 'tutorial', batch = 32, optimizer = 'adam' } = configuration;
  await page.goto(`${origin}/bench/peers/page.html?trainer=${trainer}&backend=${backend}&records=${records}&workers=${workers}&operators=${operators}&network=${network}&batch=${batch}&optimizer=${optimizer}`);
  await page.waitForFunction(() => 'bench' in globalThis);
  const versions = await ask(page, 'open');
  return {
    configuration, versions, asked,
    async epoch() {
      await page.bringToFront();
      return ask(page, 'epoch');
    },
    heapBytes: () => ask(page, 'heapBytes'),
    close: () => context.close(),
  };
}

/** @param {Page} page @param {'open' | 'epoch' | 'heapBytes'} what @returns {Promise<any>} */
const ask = (page, what) => page.evaluate((name) => /** @type {any} */ (globalThis).bench[name](), what);

/** How Keras's `fit` runs its steps: one by one, compiled by XLA, or fifty in a call. @typedef {'plain' | 'jit' | 'fifty'} KerasWay */

/**
 * Keras itself, as one process that trains an epoch a line it is sent.
 * @param {string} python @param {number} threads @param {number} records
 * @param {{ network?: string, batch?: number, way?: KerasWay }} [how]
 * @returns {Promise<Subject>}
 */
export async function openKeras(python, threads, records, { network = 'tutorial', batch = 32, way = 'plain' } = {}) {
  const script = fileURLToPath(new URL('keras_trainer.py', import.meta.url));
  const child = spawn(python, [script, String(threads), String(records), network, String(batch), way], {
    stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('Keras ended before its answer.');
    return JSON.parse(value);
  };
  const { versions } = await answer();
  return {
    configuration: { id: `keras-${threads}`, title: `Keras, native, threads: ${threads}${way === 'plain' ? '' : `, ${way}`}`, trainer: 'keras', backend: 'cpu', repeats: 1 },
    versions,
    asked: [],
    async epoch() {
      child.stdin.write('epoch\n');
      const { loss, step_ms } = await answer();
      return { loss, step_ms, dispatches: 0, submissions: 0, bytes_written: 0, host_ms: Number.NaN, wasm_bytes: 0 };
    },
    heapBytes: async () => null,
    close: async () => child.stdin.end(),
  };
}
