/**
 * `cargo xtask bench --against FOLDER`: is a step of this build as quick as one of another build?
 *
 *     cargo xtask bench --against ../before/dist [--rounds 12] [--only flex]
 *
 * The folder is the `dist/` of the other build, made from another commit. Epochs of both take turns in one browser, on
 * flex with one worker, on flex with all cores and on WebGPU; rounds are added until the 95 % interval of the ratios'
 * median is narrow enough, or there are too many. The table goes into BENCHMARKS.md; one of some (`--only`) is printed and written nowhere.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { medianInterval } from './statistics.mjs';
import { openPage } from './subject.mjs';
import { CORES } from './trainers.mjs';

const BATCH = 32;
/** Most that a step may cost, as the other build's share: the median of the rounds' ratios. */
const MOST = 1.03;
/** Width of the interval that is narrow enough. */
const NARROW = 0.06;
const ROUNDS_MAX = 60;
/** Most dispatches of a step on WebGPU. */
const DISPATCHES = 35;

/** Steps an epoch, and epochs that do not count: the browser compiles what runs often anew while it runs. */
const WAYS = [
  { title: 'flex, one worker', id: 'convburn-flex', backend: 'flex', workers: 1, steps: 50, warmUp: 12 },
  { title: `flex, ${CORES} workers`, id: 'convburn-flex', backend: 'flex', workers: CORES, steps: 50, warmUp: 12 },
  { title: 'WebGPU', id: 'convburn-webgpu', backend: 'webgpu', workers: 1, steps: 10, warmUp: 1 },
];

const { values: options } = parseArgs({
  options: { against: { type: 'string' }, rounds: { type: 'string', default: '12' }, only: { type: 'string', default: '' } },
});
if (!options.against) throw new Error('--against wants the dist/ of another build.');
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 6) throw new Error('--rounds wants a whole number from 6.');

const folders = { '/bench/': fileURLToPath(new URL('.', import.meta.url)) };
const servers = [await serve(DIST, { folders }), await serve(resolve(options.against), { folders })];
const browser = await launch({
  webgpu: true,
  args: ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
});

/** Both builds' steps, by turns. @param {typeof WAYS[number]} way */
async function measure({ title, id, backend, workers, steps, warmUp }) {
  const subjects = [];
  for (const { url } of servers) {
    subjects.push(await openPage(browser, new URL(url).origin, { id, title, trainer: 'convburn', backend, repeats: 1, workers }, steps * BATCH));
  }
  for (let epoch = 0; epoch < warmUp; epoch += 1) for (const subject of subjects) await subject.epoch();
  /** @type {[number, number][]} */
  const pairs = [];
  let dispatches = 0;
  let interval = { low: 0, high: Infinity };
  while (pairs.length < rounds || (interval.high - interval.low > NARROW && pairs.length < ROUNDS_MAX)) {
    // Who goes first changes, or a machine that slows down would always meet the second.
    const order = pairs.length % 2 === 0 ? [0, 1] : [1, 0];
    /** @type {[number, number]} */
    const stepMs = [0, 0];
    for (const which of order) {
      const epoch = await subjects[which].epoch();
      stepMs[which] = epoch.step_ms;
      if (which === 0) dispatches = epoch.dispatches;
    }
    pairs.push(stepMs);
    interval = medianInterval(pairs.map(([here, there]) => here / there));
  }
  for (const subject of subjects) await subject.close();
  const ratio = median(pairs.map(([here, there]) => here / there));
  const [here, there] = [0, 1].map((which) => median(pairs.map((pair) => pair[which])));
  console.log(`    ${title}: ${here.toFixed(2)} against ${there.toFixed(2)} ms a step, ratio ${ratio.toFixed(3)} (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}), ${pairs.length} rounds`);
  return { title, here, there, ratio, interval, rounds: pairs.length, dispatches: backend === 'webgpu' ? dispatches : null };
}

try {
  const found = [];
  for (const way of WAYS.filter(({ title }) => title.includes(options.only))) found.push(await measure(way));
  const markdown = `
\`cargo xtask bench --against FOLDER\`: a step of the tutorial's network, batch ${BATCH}, of this build and of the one before it, by turns in one headless
Chromium. Required: the median of the rounds' ratios is at most ${MOST}, and a step on WebGPU takes at most ${DISPATCHES} dispatches.

${table(['', 'this build, ms', 'the other, ms', 'ratio (95 % of the median)', 'rounds', 'dispatches a step'], found.map((each) => [
    each.title, each.here.toFixed(2), each.there.toFixed(2),
    `${each.ratio.toFixed(3)} (${each.interval.low.toFixed(3)}–${each.interval.high.toFixed(3)})`, each.rounds, each.dispatches?.toFixed(0) ?? '–',
  ]))}

${machine([`Chromium ${browser.version()}`])}`;
  console.log(markdown);
  if (!options.only) writeSection('against', markdown);
  const missed = found.filter(({ ratio, dispatches }) => ratio > MOST || (dispatches ?? 0) > DISPATCHES);
  for (const { title, ratio, dispatches } of missed) console.error(`not met: ${title}, ratio ${ratio.toFixed(3)}, ${dispatches ?? 'no'} dispatches`);
  if (missed.length > 0) process.exitCode = 1;
} finally {
  await browser.close();
  for (const server of servers) await server.close();
}
