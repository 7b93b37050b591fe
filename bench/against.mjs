/**
 * `cargo xtask bench --against FOLDER`: is a step of this build as quick as one of another build?
 *
 *     cargo xtask bench --against ../before/dist [--rounds 12] [--only flex]
 *
 * The folder is the `dist/` of the other build, made from another commit. Epochs of both take turns in one browser, on
 * flex with one worker, on flex with all cores and on WebGPU, and visits to both pages; rounds are added until the 95 % interval of the ratios'
 * median is narrow enough, or there are too many. The table goes into BENCHMARKS.md; one of some (`--only`) is printed and written nowhere.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { openVisitor } from './first-loss.mjs';
import { medianInterval } from './statistics.mjs';
import { openPage } from './subject.mjs';
import { CORES } from './trainers.mjs';

const BATCH = 32;
/** Most that a step may cost, as the other build's share: the median of the rounds' ratios. */
const MOST = 1.03;
/** Width of the interval that is narrow enough. */
const NARROW = 0.06;
const ROUNDS_MAX = 60;
/** Visits of each build, at least. */
const VISITS = 20;
const VISIT = 'navigation to the first loss, cached';
/** Most dispatches of a step on WebGPU. */
const DISPATCHES = 35;

/** Steps an epoch, and epochs that do not count: the browser compiles what runs often anew while it runs. */
const WAYS = [
  { title: 'flex, one worker', id: 'convburn-flex', backend: 'flex', workers: 1, steps: 50, warmUp: 12 },
  { title: `flex, ${CORES} workers`, id: 'convburn-flex', backend: 'flex', workers: CORES, steps: 50, warmUp: 12 },
  { title: 'WebGPU', id: 'convburn-webgpu', backend: 'webgpu', workers: 1, steps: 10, warmUp: 1 },
];

const { values: options } = parseArgs({
  options: { against: { type: 'string' }, rounds: { type: 'string', default: '12' }, only: { type: 'string', default: '' }, dry: { type: 'boolean', default: false } },
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

/**
 * What both builds take, by turns, until the interval of the ratios' median is narrow.
 * @param {(which: number) => Promise<number>} take @param {number} least Rounds.
 */
async function byTurns(take, least) {
  /** @type {[number, number][]} */
  const pairs = [];
  let interval = { low: 0, high: Infinity };
  while (pairs.length < least || (interval.high - interval.low > NARROW && pairs.length < ROUNDS_MAX)) {
    // Who goes first changes, or a machine that slows down would always meet the second.
    const order = pairs.length % 2 === 0 ? [0, 1] : [1, 0];
    /** @type {[number, number]} */
    const pair = [0, 0];
    for (const which of order) pair[which] = await take(which);
    pairs.push(pair);
    interval = medianInterval(pairs.map(([here, there]) => here / there));
  }
  const [here, there] = [0, 1].map((which) => median(pairs.map((pair) => pair[which])));
  return { here, there, interval, ratio: median(pairs.map((pair) => pair[0] / pair[1])), rounds: pairs.length };
}

/** @param {string} title @param {Awaited<ReturnType<typeof byTurns>>} found */
function tell(title, { here, there, ratio, interval, rounds: turns }) {
  console.log(`    ${title}: ${here.toFixed(2)} against ${there.toFixed(2)}, ratio ${ratio.toFixed(3)} (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}), ${turns} rounds`);
}

/** Both builds' steps, in milliseconds. @param {typeof WAYS[number]} way */
async function measure({ title, id, backend, workers, steps, warmUp }) {
  /** @type {import('./subject.mjs').Subject[]} */
  const subjects = [];
  for (const { url } of servers) {
    subjects.push(await openPage(browser, new URL(url).origin, { id, title, trainer: 'convburn', backend, repeats: 1, workers }, steps * BATCH));
  }
  for (let epoch = 0; epoch < warmUp; epoch += 1) for (const subject of subjects) await subject.epoch();
  let dispatches = 0;
  const found = await byTurns(async (which) => {
    const epoch = await subjects[which].epoch();
    if (which === 0) dispatches = epoch.dispatches;
    return epoch.step_ms;
  }, rounds);
  for (const subject of subjects) await subject.close();
  tell(title, found);
  return { title: `a step, ${title}, ms`, ...found, dispatches: backend === 'webgpu' ? dispatches : null };
}

/** Both builds' page, from navigation to the first loss of a later visit, in seconds. */
async function measureVisits() {
  /** @type {Awaited<ReturnType<typeof openVisitor>>[]} */
  const visitors = [];
  for (const { url } of servers) visitors.push(await openVisitor(browser, url));
  const found = await byTurns((which) => visitors[which].seconds(), VISITS);
  for (const visitor of visitors) await visitor.close();
  tell(VISIT, found);
  return { title: `${VISIT}, s`, ...found, dispatches: null };
}

try {
  const found = [];
  for (const way of WAYS.filter(({ title }) => title.includes(options.only))) found.push(await measure(way));
  if (VISIT.includes(options.only)) found.push(await measureVisits());
  const markdown = `
\`cargo xtask bench --against FOLDER\`: a step of the tutorial's network, batch ${BATCH}, and a later visit, of this build and of the one before it, by turns in one headless
Chromium. Required: the median of the rounds' ratios is at most ${MOST}, and a step on WebGPU takes at most ${DISPATCHES} dispatches.

${table(['', 'this build', 'the other', 'ratio (95 % of the median)', 'rounds', 'dispatches a step'], found.map((each) => [
    each.title, each.here.toFixed(2), each.there.toFixed(2),
    `${each.ratio.toFixed(3)} (${each.interval.low.toFixed(3)}–${each.interval.high.toFixed(3)})`, each.rounds, each.dispatches?.toFixed(0) ?? '–',
  ]))}

${machine([`Chromium ${browser.version()}`])}`;
  console.log(markdown);
  if (!options.only && !options.dry) writeSection('against', markdown);
  const missed = found.filter(({ ratio, dispatches }) => ratio > MOST || (dispatches ?? 0) > DISPATCHES);
  for (const { title, ratio, dispatches } of missed) console.error(`not met: ${title}, ratio ${ratio.toFixed(3)}, ${dispatches ?? 'no'} dispatches`);
  if (missed.length > 0) process.exitCode = 1;
} finally {
  await browser.close();
  for (const server of servers) await server.close();
}
