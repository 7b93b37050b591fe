/**
 * What a long run does to the page: the longest task on its main thread while it trains, and whether memory is flat.
 * `cargo xtask bench --steady` trains 23 epochs on flex and on WebGPU's software adapter through the page's own
 * buttons, measures after the third and after the last, writes BENCHMARKS.md's section, and fails where a task or a
 * growth is more than is allowed.
 *
 * @import { Browser, Page } from 'playwright-core'
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { launch, openPage } from '../harness/browser.mjs';
import { serve } from '../harness/server.mjs';
import { waitForPhase } from '../harness/waits.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';

const EPOCHS_BEFORE = 3;
const EPOCHS = EPOCHS_BEFORE + 20;
/** The run is paused where it is measured, so that both times the page does the same: it may not be over. */
const EPOCHS_ASKED = EPOCHS + 1;
/** A longer task makes a page feel stuck; the browser calls it long from there on. */
const TASK_MOST_MS = 50;
const GROWTH_MOST = 0.02;
const COUNTING = readFileSync(new URL('counting.js', import.meta.url), 'utf8');

const RUNS = [
  { title: 'flex, 2,000 images', webgpu: false, link: `#backend=flex&train=2000&test=1000&epochs=${EPOCHS_ASKED}&seed=1` },
  { title: 'WebGPU (SwiftShader), 64 images', webgpu: true, link: `#backend=webgpu&train=64&test=32&epochs=${EPOCHS_ASKED}&seed=1` },
];

/** Bytes. @typedef {{ js_heap: number, wasm: number, gpu: number }} Memory */
/** @typedef {{ title: string, before: Memory, after: Memory, longestTaskMs: number, longTasks: number }} Steadiness */

/** Memory can be measured, and what is not held can be collected. */
const ARGS = ['--js-flags=--expose-gc', '--enable-blink-features=ForceEagerMeasureMemory'];
/**
 * The same without the compilers for the page's own scripts (the module's stay): their code comes and goes as V8 likes, up
 * to half a MiB of it in 20 epochs, and is nothing that the page holds.
 */
const ARGS_WITHOUT_COMPILERS = ['--js-flags=--expose-gc --no-sparkplug --no-maglev --no-opt', ...ARGS.slice(1)];

/** A task by its beginning and length. @typedef {{ at_ms: number, task_ms: number }} Task */

/** Runs in the page before its scripts: notes the tasks that the browser calls long. */
function watchTasks() {
  /** @type {Task[]} */
  const longTasks = [];
  Object.assign(globalThis, { longTasks });
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ startTime, duration }) => ({ at_ms: startTime, task_ms: duration })))).observe({ type: 'longtask' });
}

/** Looks at the memory, of which the least counts: code that is being compiled comes and goes between them. */
const LOOKS = 5;

/** What is held of the memory of the page and its workers. @param {Page} page @returns {Promise<Memory>} */
async function memoryOf(page) {
  /** @type {Memory[]} */
  const looks = [];
  for (let i = 0; i < LOOKS; i += 1) looks.push(await lookAt(page));
  const least = (/** @type {keyof Memory} */ name) => Math.min(...looks.map((look) => look[name]));
  return { js_heap: least('js_heap'), wasm: least('wasm'), gpu: least('gpu') };
}

/** The memory after a collection. @param {Page} page @returns {Promise<Memory>} */
async function lookAt(page) {
  const [worker] = page.workers();
  const client = await page.context().newCDPSession(page);
  // Twice: what a finaliser lets go is collected by the second.
  for (let i = 0; i < 2; i += 1) {
    await client.send('HeapProfiler.collectGarbage');
    await worker.evaluate(() => /** @type {any} */ (globalThis).gc());
  }
  await client.detach();
  const { wasm_bytes, gpu_bytes } = await worker.evaluate(() => gpuCounts());
  const js_heap = await page.evaluate(async () => {
    const { breakdown } = await /** @type {any} */ (performance).measureUserAgentSpecificMemory();
    return breakdown.reduce((/** @type {number} */ sum, /** @type {any} */ part) => sum + (part.types.includes('JavaScript') ? part.bytes : 0), 0);
  });
  return { js_heap, wasm: wasm_bytes, gpu: gpu_bytes };
}

/** @param {Page} page @param {number} count */
async function waitForEpochs(page, count) {
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('[data-testid="epoch-table"] tbody tr').length >= wanted,
    count, { timeout: 0 },
  );
}

/** @param {Page} page Milliseconds of the page's clock. */
const now = (page) => page.evaluate(() => performance.now());

/**
 * Trains until so many epochs are in the log and pauses there.
 * @param {Page} page @param {string} button What begins it, or resumes. @param {number} epochs
 * @returns {Promise<{ from: number, to: number }>} When it trained, in milliseconds of the page's clock.
 */
async function trainUntil(page, button, epochs) {
  const from = await now(page);
  await page.getByTestId(button).click();
  await waitForEpochs(page, epochs);
  await page.getByTestId('pause').click();
  await waitForPhase(page, ['paused']);
  return { from, to: await now(page) };
}

/** @param {Browser} browser @param {string} url @param {(typeof RUNS)[number]} run @returns {Promise<Steadiness>} */
async function measure(browser, url, { title, link }) {
  const { context, page } = await openPage(browser);
  await page.addInitScript(watchTasks);
  await page.route('**/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${COUNTING}\n${await response.text()}` });
  });
  await page.goto(`${url}${link}`);
  await waitForPhase(page, ['ready']);
  const first = await trainUntil(page, 'start', EPOCHS_BEFORE);
  const before = await memoryOf(page);
  const second = await trainUntil(page, 'pause', EPOCHS); // The same button resumes.
  const after = await memoryOf(page);
  /** @type {Task[]} */
  const all = await page.evaluate(() => /** @type {any} */ (globalThis).longTasks);
  // Not those of the page's beginning, which is first-loss.mjs's matter, nor of the measuring.
  const tasks = all.filter(({ at_ms }) => [first, second].some(({ from, to }) => at_ms >= from && at_ms < to));
  console.log(title, tasks.map(({ at_ms, task_ms }) => `${task_ms} ms, ${Math.round(at_ms - first.from)} ms after Start`));
  await context.close();
  return { title, before, after, longestTaskMs: Math.max(0, ...tasks.map(({ task_ms }) => task_ms)), longTasks: tasks.length };
}

/** What is more than is allowed, as sentences. @param {Steadiness} run @returns {string[]} */
export function faultsOf({ title, before, after, longestTaskMs }) {
  const faults = longestTaskMs > TASK_MOST_MS ? [`${title}: a task took ${Math.round(longestTaskMs)} ms.`] : [];
  for (const [name, bytes] of Object.entries(before)) {
    const growth = growthOf(bytes, after[/** @type {keyof Memory} */ (name)]);
    if (growth > GROWTH_MOST) faults.push(`${title}: ${name} grew by ${(growth * 100).toFixed(1)} %.`);
  }
  return faults;
}

/** A share; of nothing to something it is endless. @param {number} before @param {number} after */
const growthOf = (before, after) => (after === before ? 0 : (after - before) / before);

/** @param {number} before @param {number} after */
function cell(before, after) {
  if (before === 0 && after === 0) return 'none';
  const [a, b] = [before, after].map((bytes) => (bytes / 2 ** 20).toFixed(2));
  return `${a} → ${b} (${(growthOf(before, after) * 100).toFixed(1)} %)`;
}

/** @param {Steadiness[]} runs @param {string[]} versions */
function markdownOf(runs, versions) {
  const rows = runs.map(({ title, before, after, longestTaskMs, longTasks }) => [
    title, longTasks === 0 ? `none of ${TASK_MOST_MS} or more` : `${Math.round(longestTaskMs)} (${longTasks} long)`,
    cell(before.js_heap, after.js_heap), cell(before.wasm, after.wasm), cell(before.gpu, after.gpu),
  ]);
  return [
    `\`cargo xtask bench --steady\`: ${EPOCHS} epochs through the page's own buttons. Tasks on the page's main thread from Start to the end,`,
    `by the Long Tasks API, which tells those of ${TASK_MOST_MS} ms and more. Memory of page and workers, MiB, the least of ${LOOKS} looks after forced collections, the run`,
    `paused: after epoch ${EPOCHS_BEFORE} → after epoch ${EPOCHS}, in a run of its own without V8's compilers for the page's scripts, whose code comes and goes. GPU buffers are those created and neither destroyed nor collected. Required: no task over`,
    `${TASK_MOST_MS} ms, no growth over ${GROWTH_MOST * 100} %.`, '',
    table(['run', 'longest task, ms', 'JS heap', 'wasm memory', 'GPU buffers'], rows), '', machine(versions),
  ].join('\n');
}

async function main() {
  // Isolated, so that the page may measure its memory.
  const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
  const server = await serve(undefined, { headers });
  /** @type {Steadiness[]} */
  const runs = [];
  let version = '';
  for (const run of RUNS) {
    /** @param {string[]} args */
    const trained = async (args) => {
      const browser = await launch({ webgpu: run.webgpu, args });
      version = `Chromium ${browser.version()}`;
      const found = await measure(browser, server.url, run);
      await browser.close();
      return found;
    };
    const { before, after } = await trained(ARGS_WITHOUT_COMPILERS);
    runs.push({ ...(await trained(ARGS)), before, after });
    console.log(runs[runs.length - 1]);
  }
  await server.close();
  writeSection('steady', markdownOf(runs, [version]));
  const faults = runs.flatMap(faultsOf);
  if (faults.length === 0) return;
  console.error(faults.join('\n'));
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
