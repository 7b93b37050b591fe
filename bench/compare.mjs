/**
 * `cargo xtask bench`: ConvBurn beside other trainers in one browser and one run, a round of each in turn.
 *
 *     cargo xtask bench [--native] [--rounds 5] [--only flex,jax]
 *
 * The tables go into BENCHMARKS.md and bench/results.json; a run of some (`--only`) is printed and written nowhere.
 *
 * @import { Subject, Epoch } from './subject.mjs'
 * @import { Measured } from './comparison.mjs'
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mean } from 'simple-statistics';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, writeSection } from './benchmarks-file.mjs';
import { failuresOf, markdownOf } from './comparison.mjs';
import { filesToFirstStep, measureFirstLoss } from './first-loss.mjs';
import { brotliTotal } from './sizes.mjs';
import { openKeras, openPage } from './subject.mjs';
import { CORES, chosen } from './trainers.mjs';

const STEPS_PER_EPOCH = 5;
const BATCH = 32;
const RECORDS = STEPS_PER_EPOCH * BATCH;
/** A hundred steps at a time: fewer are over in a tenth of a second. */
const KERAS_RECORDS = 100 * BATCH;
/** After so many steps memory is measured; the slowest trainers are not kept at it for so long. */
const MEMORY_MARKS = [10, 50];
/** One, and as many as ConvBurn takes workers on all cores. */
const KERAS_THREADS = [...new Set([1, CORES])];
const BENCH = fileURLToPath(new URL('.', import.meta.url));
/** What is not the trainer's: the harness of the measurement, and the data. */
const IGNORED = /\/data\/|\/bench\/peers\/(page|records)\.|favicon/;

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string' }, native: { type: 'boolean', default: false } },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 2) throw new Error('--rounds wants a whole number from 2.');

/** @param {string} path */
function fileOf(path) {
  if (path.startsWith('/bench/')) return join(BENCH, path.slice('/bench/'.length));
  if (path === '/convburn/') return join(DIST, 'index.html');
  return path.startsWith('/convburn/') ? join(DIST, path.slice('/convburn/'.length)) : null;
}

/** @param {Subject} subject @returns {Measured} */
const begin = ({ configuration, versions }) => ({
  id: configuration.id, title: configuration.title, versions, epochs: [], rounds_ms: [], memory: {}, brotli_bytes: null,
});

/** Trains an epoch, and measures the memory where a mark is reached. @param {Subject} subject @param {Measured} measured */
async function trainEpoch(subject, measured) {
  const epoch = await subject.epoch();
  measured.epochs.push(epoch);
  const steps = measured.epochs.length * STEPS_PER_EPOCH;
  if (MEMORY_MARKS.includes(steps)) measured.memory[steps] = { heap_bytes: await subject.heapBytes(), wasm_bytes: epoch.wasm_bytes };
  return epoch;
}

/** @param {Subject} subject @param {Measured} measured */
async function trainRound(subject, measured) {
  const times = [];
  for (let i = 0; i < subject.configuration.repeats; i += 1) times.push((await trainEpoch(subject, measured)).step_ms);
  measured.rounds_ms.push(mean(times));
  console.log(`    ${measured.title}: ${measured.rounds_ms[measured.rounds_ms.length - 1].toFixed(1)} ms a step, loss ${measured.epochs[measured.epochs.length - 1].loss.toFixed(3)}`);
}

/** @param {import('playwright-core').Browser} browser @param {string} origin */
async function openAll(browser, origin) {
  /** @type {{ subject: Subject, measured: Measured }[]} */
  const opened = [];
  const impossible = [];
  for (const configuration of chosen(options.only)) {
    try {
      const subject = await openPage(browser, origin, configuration, RECORDS);
      const measured = begin(subject);
      await trainEpoch(subject, measured);
      measured.brotli_bytes = brotliTotal(subject.asked, fileOf, IGNORED);
      opened.push({ subject, measured });
    } catch (error) {
      const [reason] = String(/** @type {any} */ (error)?.message ?? error).replace(/^page\.evaluate: /, '').split('\n');
      impossible.push({ title: configuration.title, reason });
      console.log(`    ${configuration.title} cannot run: ${reason}`);
    }
  }
  if (options.native) {
    const python = process.env.CONVBURN_KERAS_PYTHON;
    if (!python) throw new Error('CONVBURN_KERAS_PYTHON names no Python with Keras; `cargo xtask bench --native` sets it.');
    for (const threads of KERAS_THREADS) {
      const subject = await openKeras(python, threads, KERAS_RECORDS);
      const measured = begin(subject);
      await trainEpoch(subject, measured);
      opened.push({ subject, measured });
    }
  }
  return { opened, impossible };
}

const server = await serve(DIST, {
  folders: { '/bench/': BENCH },
  // What lets a page have threads (jax-js) and measure its memory.
  headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' },
});
const browser = await launch({
  webgpu: true,
  args: ['--enable-unsafe-swiftshader', '--disable-background-timer-throttling', '--disable-renderer-backgrounding',
    '--disable-backgrounding-occluded-windows', '--enable-blink-features=ForceEagerMeasureMemory'],
});
try {
  const { opened, impossible } = await openAll(browser, new URL(server.url).origin);
  for (let round = 0; round < rounds; round += 1) {
    console.log(`==> Round ${round + 1} of ${rounds}`);
    for (const { subject, measured } of opened) await trainRound(subject, measured);
  }
  for (const { subject } of opened) await subject.close();
  const all = opened.map(({ measured }) => measured);
  const firstLoss = await measureFirstLoss(browser, server.url, rounds);
  const pageBrotliBytes = brotliTotal(await filesToFirstStep(browser, server.url), fileOf, IGNORED);
  const versions = [`Chromium ${browser.version()}`, ...new Set(all.map((measured) => measured.versions))];
  const where = machine(versions);
  const command = `cargo xtask bench${options.native ? ' --native' : ''}${rounds === 5 ? '' : ` --rounds ${rounds}`}`;
  const markdown = markdownOf({ all, impossible, marks: MEMORY_MARKS, command, where, firstLoss, pageBrotliBytes, rounds });
  console.log(markdown);
  const failures = failuresOf(all);
  for (const failure of failures) console.error(`not met: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
  else if (!options.only) {
    writeSection('bench', markdown);
    const results = { command, where, all, impossible, first_loss_s: firstLoss, page_brotli_bytes: pageBrotliBytes };
    writeFileSync(join(BENCH, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
  }
} finally {
  await browser.close();
  await server.close();
}
