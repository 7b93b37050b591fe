/**
 * `cargo xtask bench --soak`: long runs with faults. Faults from the list (faults.mjs) happen to the page at random
 * moments, in a random order in which each comes before one comes again; the seed is printed. They come more often than
 * once a minute, so that each kind comes within the run. The history has to be complete, the heap flat, no worker left
 * over, and a run on flex has to end with the bits of one that nothing happened to.
 *
 *     cargo xtask bench --soak [--seed 7] [--epochs 200]
 *
 * @import { Browser, Page } from 'playwright-core'
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { launch, openPage } from '../harness/browser.mjs';
import { serve } from '../harness/server.mjs';
import { phaseOf, textOf, waitForPhase } from '../harness/waits.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { COUNT_SAVING, HOLD_GPU, faultsFor, refuseStorage, workerOf } from './faults.mjs';
import { stateOf } from './run-file.mjs';

const { values: options } = parseArgs({ options: { seed: { type: 'string' }, epochs: { type: 'string', default: '200' } } });
const seed = Number(options.seed ?? Date.now() % 100_000);
const EPOCHS = Number(options.epochs);

/** @typedef {{ title: string, link: string, epochs: number, webgpu: boolean, everyMs: number }} Soak */
/** @type {Soak[]} */
const SOAKS = [
  { title: 'flex, 2,000 images', link: `#backend=flex&train=2000&test=1000&epochs=${EPOCHS}&seed=1`, epochs: EPOCHS, webgpu: false, everyMs: 25_000 },
  { title: 'WebGPU (SwiftShader), 64 images', link: '#backend=webgpu&train=64&test=32&epochs=20&seed=1', epochs: 20, webgpu: true, everyMs: 4_000 },
];

/** A small generator, so that a soak can be repeated. @param {number} from */
function drawing(from) {
  let state = from;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Faults one after the other, as from a pack of cards: each comes before one comes again.
 * @template T @param {T[]} all @param {() => number} draw
 */
function dealing(all, draw) {
  /** @type {T[]} */
  let pack = [];
  return () => {
    if (pack.length === 0) pack = [...all];
    return pack.splice(Math.floor(draw() * pack.length), 1)[0];
  };
}

/** Optimiser steps up to where the page says that the run stands. @param {Page} page */
async function stepsSaid(page) {
  const text = (await page.locator('#status-text').textContent()) ?? '';
  const found = /Epoch ([\d,]+) of [\d,]+, step ([\d,]+) of ([\d,]+)/.exec(text);
  if (!found) return null;
  const [epoch, step, steps] = found.slice(1).map((digits) => Number(digits.replaceAll(',', '')));
  return (epoch - 1) * steps + step;
}

/** Optimiser steps of the checkpoint that is kept. @param {Page} page */
async function stepsKept(page) {
  const bytes = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(encodeURIComponent(`convburn-run ${new URL('./', location.href).pathname}`));
    const file = await (await folder.getFileHandle('last.safetensors')).getFile();
    return [...new Uint8Array(await file.slice(0, 400_000).arrayBuffer())];
  }).catch(() => null);
  return bytes ? stateOf(Buffer.from(bytes)).optimizer_steps : 0;
}

/** The tensors' bits of the run as the page saves it. @param {Page} page */
async function bitsOf(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-run').click()]);
  const bytes = readFileSync(await download.path());
  const length = Number(bytes.readBigUInt64LE(0));
  const { history } = stateOf(bytes);
  const seconds = history.reduce((sum, epoch) => sum + epoch.seconds, 0);
  return { sha256: createHash('sha256').update(bytes.subarray(8 + length)).digest('hex'), history: history.length, seconds };
}

/** The page's heap after a collection, in bytes. @param {Page} page */
async function heapOf(page) {
  const client = await page.context().newCDPSession(page);
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  await client.detach();
  return usedSize;
}

/** @param {Browser} browser @param {string} url @param {Soak} soak */
async function open(browser, url, { link }) {
  const opened = await openPage(browser);
  await opened.page.addInitScript(refuseStorage);
  await opened.page.route('**/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${HOLD_GPU}\n${COUNT_SAVING}\n${await response.text()}` });
  });
  await opened.page.goto(`${url}${link}`);
  await waitForPhase(opened.page, ['ready']);
  await opened.page.getByTestId('start').click();
  return opened;
}

/** @param {Page} page */
async function finish(page) {
  await waitForPhase(page, ['done', 'error'], 3_600_000);
  if (await phaseOf(page) === 'error') throw new Error(await textOf(page, 'error'));
}

/** @param {Browser} browser @param {string} url @param {Soak} soak */
async function undisturbed(browser, url, soak) {
  const { page, context } = await open(browser, url, soak);
  await finish(page);
  /** @type {{ checkpoints: number, ms: number, bytes: number }} */
  const saving = await workerOf(page, 'worker.js')?.evaluate(() => /** @type {any} */ (globalThis).saving);
  const found = { ...(await bitsOf(page)), saving };
  await context.close();
  return found;
}

/** What checkpoints cost a run to which nothing happens. @param {Awaited<ReturnType<typeof undisturbed>>} run */
function savingSentence({ saving, seconds }) {
  const share = saving.ms / 10 / seconds;
  if (share >= 1) faultsOf.push(`Checkpoints take ${share.toFixed(2)} % of the training.`);
  return `Checkpoints: ${saving.checkpoints} in the run on flex to which nothing happened, ${(saving.ms / saving.checkpoints).toFixed(1)} ms and `
    + `${(saving.bytes / saving.checkpoints / 2 ** 20).toFixed(2)} MiB each, ${share.toFixed(2)} % of its ${seconds.toFixed(0)} seconds of training and `
    + 'measuring (required: less than 1 %).';
}

/** @param {Page} page @param {number} ms Whether the run is over before that. */
const isOverWithin = (page, ms) => waitForPhase(page, ['done', 'error'], ms).then(() => true, () => false);

/** @param {Browser} browser @param {string} url @param {Soak} soak */
async function disturbed(browser, url, soak) {
  const draw = drawing(seed);
  const nextFault = dealing(faultsFor(soak.webgpu), draw);
  const { page, context } = await open(browser, url, soak);
  /** @type {{ name: string, redone: number, seconds: number }[]} */
  const happened = [];
  let heapBefore = 0;
  while (!(await isOverWithin(page, soak.everyMs * (0.5 + draw())))) {
    if (heapBefore === 0) heapBefore = await heapOf(page);
    const fault = nextFault();
    const [said, kept] = [await stepsSaid(page), await stepsKept(page)];
    const beganMs = Date.now();
    await fault.happen(page);
    const redone = fault.endsEngine ? Math.max(0, (said ?? kept) - kept) : 0;
    happened.push({ name: fault.name, redone, seconds: (Date.now() - beganMs) / 1_000 });
    console.log(`    ${soak.title}: ${fault.name}, ${redone} steps redone, ${((Date.now() - beganMs) / 1_000).toFixed(1)} s`);
  }
  await finish(page);
  const found = { ...(await bitsOf(page)), rows: await page.getByTestId('epoch-table').locator('tbody tr').count() };
  const heap = await heapOf(page);
  const workers = page.workers().length;
  await context.close();
  return { ...found, happened, heapBefore, heap, workers };
}

/** MiB by which the heap may grow: the log and the curves of 200 epochs take less than half of it. */
const GROWTH_MAX_MIB = 0.6;
/** The run's own worker and a helper for each other core, as many as `auto` takes. @param {Soak} soak */
const workersWanted = ({ webgpu }) => (webgpu ? 1 : Math.min(8, cpus().length));

const server = await serve();
/** @type {string[][]} */
const rows = [];
/** @type {string[]} */
const faultsOf = [];
let version = '';
let saved = '';
console.log(`    seed ${seed}`);
for (const soak of SOAKS) {
  const browser = await launch({ webgpu: soak.webgpu, args: ['--js-flags=--expose-gc'] });
  version = `Chromium ${browser.version()}`;
  const expected = soak.webgpu ? null : await undisturbed(browser, server.url, soak);
  const found = await disturbed(browser, server.url, soak);
  await browser.close();
  if (expected) saved = savingSentence(expected);
  const isComplete = found.rows === soak.epochs && found.history === soak.epochs;
  if (!isComplete) faultsOf.push(`${soak.title}: ${found.rows} of ${soak.epochs} epochs are in the log.`);
  if (expected && expected.sha256 !== found.sha256) faultsOf.push(`${soak.title}: the weights are not those of an undisturbed run.`);
  const growth = (found.heap - found.heapBefore) / 2 ** 20;
  if (growth > GROWTH_MAX_MIB) faultsOf.push(`${soak.title}: the heap grew by ${growth.toFixed(2)} MiB.`);
  if (found.workers > workersWanted(soak)) faultsOf.push(`${soak.title}: ${found.workers} workers are there at the end.`);
  const names = [...new Set(found.happened.map(({ name }) => name))];
  const kinds = names.map((each) => `${each} (${found.happened.filter(({ name }) => name === each).length})`).join(', ');
  const redone = found.happened.reduce((sum, each) => sum + each.redone, 0);
  rows.push([
    soak.title, `${found.rows} of ${soak.epochs}`, kinds || 'none', String(redone),
    expected ? (expected.sha256 === found.sha256 ? 'equal' : 'DIFFERENT') : 'not compared',
    `${(found.heapBefore / 2 ** 20).toFixed(2)} → ${(found.heap / 2 ** 20).toFixed(2)}`, String(found.workers),
  ]);
}
await server.close();
const markdown = `
\`cargo xtask bench --soak\`: long runs through the page's own buttons, to which faults happen at random moments and in random order (seed ${seed}),
about one in ${SOAKS[0].everyMs / 1_000} seconds on flex and one in ${SOAKS[1].everyMs / 1_000} on WebGPU. Steps redone are those between the checkpoint on disk and the fault: at most so
many, since the page's own copy may be newer. The weights and moments of the
run on flex are compared bit by bit with those of a run that nothing happened to. Heap: the page's, after a forced collection, before the
first fault → at the end (allowed: ${GROWTH_MAX_MIB} MiB more). Workers: those there at the end. A run that does not go on after a fault ends the soak as failed, and nothing is written.

${table(['run', 'epochs in the log', 'faults', 'steps redone', 'weights and moments', 'heap, MiB', 'workers'], rows)}

${saved}

${machine([version, `Node ${process.version}`])}`;
console.log(markdown);
if (faultsOf.length === 0) writeSection('soak', markdown);
else {
  console.error(faultsOf.join('\n'));
  process.exitCode = 1;
}
