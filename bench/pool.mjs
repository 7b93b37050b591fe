/**
 * `cargo xtask bench --pool`: does a run that is split over all cores reach what the cores can do?
 *
 *     cargo xtask bench --pool [--rounds 5]
 *
 * In turn, in one browser: one worker alone; as many trainings of one worker each as there are cores, all at once, which
 * is the machine's ceiling, since cores share what they compute with; and one training over all of them. The table
 * goes into BENCHMARKS.md.
 *
 * @import { Subject } from './subject.mjs'
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { openPage } from './subject.mjs';
import { CORES } from './trainers.mjs';

/** Long enough that beginning and end of trainings at once do not count. */
const STEPS = 50;
const BATCH = 32;
/** Epochs of each before the first round. */
const WARM_UP_EPOCHS = 16;
/** What the pool has to reach of the ceiling. */
const REQUIRED = 0.9;

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, dry: { type: 'boolean', default: false } } });
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 2) throw new Error('--rounds wants a whole number from 2.');

const server = await serve(DIST, { folders: { '/bench/': fileURLToPath(new URL('.', import.meta.url)) } });
const browser = await launch({
  args: ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
});

/** @param {number} workers @param {'blocks' | 'layers'} [operators] */
const open = (workers, operators) => openPage(browser, new URL(server.url).origin, {
  id: 'convburn-flex', title: 'ConvBurn', trainer: 'convburn', backend: 'flex', repeats: 1, workers, operators,
}, STEPS * BATCH);

/** Milliseconds in which each evaluates 100 images after an epoch. @param {Subject[]} subjects */
async function evaluations(subjects) {
  const found = [];
  for (const subject of subjects) found.push((await subject.epoch()).evaluation_ms ?? Number.NaN);
  return found;
}

/** Images a second of trainings that run at once, added up. @param {Subject[]} subjects */
async function imagesPerSecond(subjects) {
  const epochs = await Promise.all(subjects.map((subject) => subject.epoch()));
  return epochs.reduce((sum, { step_ms }) => sum + (BATCH * 1_000) / step_ms, 0);
}

/** @param {number[]} values */
const span = (values) => `${Math.round(median(values))} (${Math.round(Math.min(...values))}–${Math.round(Math.max(...values))})`;

try {
  const independent = [];
  for (let core = 0; core < CORES; core += 1) independent.push(await open(1));
  const together = await open(CORES);
  const [alone] = independent;
  const layers = await open(1, 'layers');
  /** @type {{ alone: number[], ceiling: number[], pool: number[] }} */
  const found = { alone: [], ceiling: [], pool: [] };
  // The browser compiles what runs often anew, on the same cores, while it runs: until then a helper counts for less.
  for (let epoch = 0; epoch < WARM_UP_EPOCHS; epoch += 1) {
    await imagesPerSecond(independent);
    await imagesPerSecond([together]);
  }
  for (let round = 0; round < rounds; round += 1) {
    found.alone.push(await imagesPerSecond([alone]));
    found.ceiling.push(await imagesPerSecond(independent));
    found.pool.push(await imagesPerSecond([together]));
    const [one, all, pool] = [found.alone, found.ceiling, found.pool].map((values) => values[values.length - 1]);
    console.log(`    round ${round + 1}: ${one.toFixed(0)}, ${all.toFixed(0)}, ${pool.toFixed(0)} images/s; pool / ceiling ${(pool / all).toFixed(3)}`);
  }
  /** @type {number[][]} */
  const evaluated = [];
  for (let round = 0; round < rounds; round += 1) evaluated.push(await evaluations([layers, alone, together]));
  const [layersMs, aloneMs, togetherMs] = [0, 1, 2].map((which) => median(evaluated.map((round) => round[which])));
  const ratios = found.pool.map((value, round) => value / found.ceiling[round]);
  const times = (/** @type {number[]} */ values) => (median(values) / median(found.alone)).toFixed(2);
  const reached = median(ratios);
  const markdown = `
\`cargo xtask bench --pool\`: the tutorial's network on flex, batch ${BATCH}, ${STEPS} steps an epoch, one headless Chromium. Each of the ${rounds} rounds
goes through the three in turn, after ${WARM_UP_EPOCHS} epochs of each that do not count. The ceiling is ${CORES} trainings of one worker each at once: the cores share what they compute
with, so it is below ${CORES} times one worker. Required: the pool reaches ${REQUIRED * 100} % of it (median of the rounds' ratios). It reaches
${(reached * 100).toFixed(1)} % (${ratios.map((ratio) => (ratio * 100).toFixed(1)).join(', ')}).

${table(['', 'images a second (lowest–highest)', 'times one worker'], [
    ['one worker', span(found.alone), '1.00'],
    [`${CORES} trainings at once, one worker each`, span(found.ceiling), times(found.ceiling)],
    [`one training, ${CORES} workers`, span(found.pool), times(found.pool)],
  ])}

To evaluate 100 images, in milliseconds, the median of ${rounds} rounds: one worker with Burn's operators ${layersMs.toFixed(1)}, one worker with blocks
${aloneMs.toFixed(1)} (${(layersMs / aloneMs).toFixed(2)} times as quick), ${CORES} workers ${togetherMs.toFixed(1)}.

${machine([`Chromium ${browser.version()}`, alone.versions])}`;
  console.log(markdown);
  if (!options.dry) writeSection('pool', markdown);
  if (reached < REQUIRED) {
    console.error(`not met: the pool reaches ${(reached * 100).toFixed(1)} % of the ceiling`);
    process.exitCode = 1;
  }
} finally {
  await browser.close();
  await server.close();
}
