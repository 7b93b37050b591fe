/**
 * `cargo xtask bench --keras`: how long is a step beside native Keras's on the same cores?
 *
 *     cargo xtask bench --keras [--rounds 8] [--only tutorial,t]
 *
 * Of each network ConvBurn's page in one headless Chromium, by one worker and on all cores, and Keras by plain `fit`, compiled by XLA
 * (`jit_compile`) and with fifty steps in a call (`steps_per_execution`), with one thread and with as many as cores, by turns. A
 * ratio is that of two medians, Keras's being the least of its three ways. The table goes into BENCHMARKS.md; a run of some networks
 * (`--only`) is printed alone.
 *
 * @import { Subject } from './subject.mjs'
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { openKeras, openPage } from './subject.mjs';
import { CORES } from './trainers.mjs';

/**
 * What is trained: `required` is the largest ratio with one core and with all; `steps` an epoch's, here and there.
 * @type {{ network: string, batch: number, steps: number, kerasSteps: number, required: [number | null, number] }[]}
 */
const TRAININGS = [
  { network: 'tutorial', batch: 32, steps: 100, kerasSteps: 100, required: [1.15, 0.85] },
  { network: 't', batch: 128, steps: 30, kerasSteps: 50, required: [1.2, 1] },
  { network: 's-32-64-96', batch: 128, steps: 12, kerasSteps: 50, required: [null, 1.3] },
];
/** @type {import('./subject.mjs').KerasWay[]} */
const WAYS = ['plain', 'jit', 'fifty'];

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '8' }, only: { type: 'string' } } });
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 2) throw new Error('--rounds wants a whole number from 2.');
const only = options.only?.split(',');
const python = process.env.CONVBURN_KERAS_PYTHON;
if (!python) throw new Error('CONVBURN_KERAS_PYTHON names no Python with Keras; `cargo xtask bench --keras` sets it.');
const trainings = TRAININGS.filter(({ network }) => !only || only.includes(network));
if (trainings.length === 0) throw new Error(`There are ${TRAININGS.map(({ network }) => network).join(', ')}.`);

const server = await serve(DIST, { folders: { '/bench/': fileURLToPath(new URL('.', import.meta.url)) } });
const browser = await launch({
  args: ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
});
const { origin } = new URL(server.url);
const threads = [...new Set([1, CORES])];

/** Step times, round by round, of all that train one network by turns. @param {typeof TRAININGS[number]} training */
async function measured({ network, batch, steps, kerasSteps }) {
  /** @type {{ cores: number, way: string, subject: Subject, stepMs: number[] }[]} */
  const all = [];
  for (const cores of threads) {
    const configuration = { id: 'convburn-flex', title: 'ConvBurn', trainer: 'convburn', backend: 'flex', repeats: 1, workers: cores, network, batch };
    all.push({ cores, way: 'ConvBurn', subject: await openPage(browser, origin, configuration, steps * batch), stepMs: [] });
    for (const way of WAYS) all.push({ cores, way, subject: await openKeras(String(python), cores, kerasSteps * batch, { network, batch, way }), stepMs: [] });
  }
  // The first two epochs warm up.
  for (let round = -2; round < rounds; round += 1) {
    for (const each of all) {
      const { step_ms: stepMs } = await each.subject.epoch();
      if (round >= 0) each.stepMs.push(stepMs);
    }
    if (round >= 0) console.log(`    ${network}, round ${round + 1}: ${all.map(({ cores, way, stepMs }) => `${way} ${cores}: ${stepMs[round].toFixed(1)}`).join(', ')}`);
  }
  for (const { subject } of all) await subject.close();
  return all.map(({ cores, way, subject, stepMs }) => ({ cores, way, stepMs, versions: subject.versions }));
}

try {
  const rows = [];
  const missed = [];
  const versions = new Set();
  for (const training of trainings) {
    const all = await measured(training);
    for (const { versions: each } of all) versions.add(each);
    for (const [at, cores] of threads.entries()) {
      const of = (/** @type {string} */ way) => all.find((each) => each.cores === cores && each.way === way)?.stepMs ?? [];
      const told = (/** @type {string} */ way) => `${median(of(way)).toFixed(1)} (${Math.min(...of(way)).toFixed(1)}–${Math.max(...of(way)).toFixed(1)})`;
      const ratio = median(of('ConvBurn')) / Math.min(...WAYS.map((way) => median(of(way))));
      const required = training.required[at];
      if (required !== null && ratio > required) missed.push(`${training.network}, cores: ${cores}: ${ratio.toFixed(2)}, not ${required}`);
      rows.push([`${training.network}, batch ${training.batch}`, cores, told('ConvBurn'), ...WAYS.map(told), ratio.toFixed(2), required ?? '–']);
    }
  }
  const markdown = `
\`cargo xtask bench --keras\`${rounds === 8 ? '' : ` with ${rounds} rounds`}: a step in the page on flex and in native Keras on the same cores, by turns; median (lowest–highest) in milliseconds of
${rounds} epochs after two. The ratio is to the fastest of Keras's three ways.${missed.length > 0 ? ` Not met: ${missed.join('; ')}.` : ''}

${table(['network', 'cores', 'ConvBurn', 'Keras, `fit`', '`jit_compile`', '`steps_per_execution` 50', 'ratio', 'required'], rows)}

${machine([`Chromium ${browser.version()}`, ...versions])}`;
  console.log(markdown);
  for (const each of missed) console.error(`not met: ${each}`);
  if (!only) writeSection('keras', markdown);
  if (missed.length > 0) process.exitCode = 1;
} finally {
  await browser.close();
  await server.close();
}
