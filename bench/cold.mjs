/**
 * `cargo xtask bench --cold`: do all cores count from a visit's first step on?
 *
 *     cargo xtask bench --cold [--rounds 8]
 *
 * Each round starts two fresh browsers, one after the other: in one a training over all cores takes its first steps, in the
 * other as many trainings of one worker each as there are cores take theirs, all at once. The browser compiles what runs
 * meanwhile. The table goes into BENCHMARKS.md.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { openPage } from './subject.mjs';
import { CORES } from './trainers.mjs';

const STEPS = 125;
const BATCH = 32;
/** What all cores have to reach of as many trainings at once. */
const REQUIRED = 0.85;

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '8' } } });
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 2) throw new Error('--rounds wants a whole number from 2.');
const server = await serve(DIST, { folders: { '/bench/': fileURLToPath(new URL('.', import.meta.url)) } });
let version = '';

/** Images a second over the first steps of trainings that run at once in a fresh browser, added up. @param {number[]} workers Of each training. */
async function imagesPerSecond(workers) {
  const browser = await launch({
    args: ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
  });
  version = browser.version();
  const open = (/** @type {number} */ count) => openPage(browser, new URL(server.url).origin, {
    id: 'convburn-flex', title: 'ConvBurn', trainer: 'convburn', backend: 'flex', repeats: 1, workers: count,
  }, STEPS * BATCH);
  try {
    const subjects = await Promise.all(workers.map(open));
    const epochs = await Promise.all(subjects.map((subject) => subject.epoch()));
    return epochs.reduce((sum, { step_ms }) => sum + (BATCH * 1_000) / step_ms, 0);
  } finally {
    await browser.close();
  }
}

try {
  /** @type {[number, number][]} */
  const found = [];
  for (let round = 0; round < rounds; round += 1) {
    const together = await imagesPerSecond([CORES]);
    const apart = await imagesPerSecond(Array.from({ length: CORES }, () => 1));
    found.push([together, apart]);
    console.log(`    round ${round + 1}: ${together.toFixed(0)} and ${apart.toFixed(0)} images/s, ratio ${(together / apart).toFixed(3)}`);
  }
  const ratios = found.map(([together, apart]) => together / apart);
  const span = (/** @type {0 | 1} */ which) => {
    const values = found.map((pair) => pair[which]);
    return `${median(values).toFixed(0)} (${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)})`;
  };
  const reached = median(ratios);
  const markdown = `
\`cargo xtask bench --cold\`: the first ${STEPS} steps of the tutorial's network on flex, batch ${BATCH}, each time in a fresh headless Chromium, ${rounds} rounds by turns.
Required: all cores reach ${REQUIRED * 100} % of ${CORES} trainings at once. They reach ${(reached * 100).toFixed(1)} % (${ratios.map((ratio) => (ratio * 100).toFixed(1)).join(', ')}).

${table(['', 'images a second (lowest–highest)'], [
    [`one training, ${CORES} workers`, span(0)],
    [`${CORES} trainings at once, one worker each`, span(1)],
  ])}

${machine([`Chromium ${version}`])}`;
  console.log(markdown);
  writeSection('cold', markdown);
  if (reached < REQUIRED) {
    console.error(`not met: ${(reached * 100).toFixed(1)} %`);
    process.exitCode = 1;
  }
} finally {
  await server.close();
}
