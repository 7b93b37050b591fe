/**
 * `cargo xtask bench --optimizers`: what an optimiser costs beside SGD, in a step of the network `t` on all cores.
 *
 *     cargo xtask bench --optimizers [--rounds 15]
 *
 * One page each, in one browser, an epoch of each by turns. The table goes into BENCHMARKS.md.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { medianInterval } from './statistics.mjs';
import { openPage } from './subject.mjs';
import { CORES } from './trainers.mjs';

const BATCH = 128;
const STEPS = 20;
/** Epochs of each before the first round: the browser compiles what runs often anew. */
const WARM_UP_EPOCHS = 12;
/** What a step with Muon may take beside one with SGD. */
const MUON_MOST = 1.1;

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, dry: { type: 'boolean', default: false } } });
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 2) throw new Error('--rounds wants a whole number from 2.');

const server = await serve(DIST, { folders: { '/bench/': fileURLToPath(new URL('.', import.meta.url)) } });
const browser = await launch({
  args: ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
});

/** @param {string} optimizer */
const open = (optimizer) => openPage(browser, new URL(server.url).origin, {
  id: 'convburn-flex', title: 'ConvBurn', trainer: 'convburn', backend: 'flex', repeats: 1, workers: CORES, network: 't', batch: BATCH, optimizer,
}, STEPS * BATCH);

/** @param {number[]} values */
const span = (values) => {
  const { low, high } = medianInterval(values);
  return `${median(values).toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
};

try {
  const names = ['sgd', 'adam', 'muon'];
  const subjects = [];
  for (const name of names) subjects.push(await open(name));
  for (let epoch = 0; epoch < WARM_UP_EPOCHS; epoch += 1) for (const subject of subjects) await subject.epoch();
  /** @type {number[][]} */
  const found = [];
  for (let round = 0; round < rounds; round += 1) {
    const row = [];
    for (const subject of subjects) row.push((await subject.epoch()).step_ms);
    found.push(row);
    console.log(`    round ${round + 1}: ${row.map((ms, at) => `${names[at]} ${ms.toFixed(2)} ms`).join(', ')}`);
  }
  const ratios = names.map((_, at) => found.map((row) => row[at] / row[0]));
  const muon = median(ratios[2]);
  const markdown = `
\`cargo xtask bench --optimizers\`: the network \`t\` on flex, batch ${BATCH}, ${CORES} workers, one headless Chromium; ${rounds} rounds of ${STEPS} steps of each by turns, after
${WARM_UP_EPOCHS} epochs of each that do not count. Beside SGD: the median of the rounds' ratios and its 95 % interval. Required of Muon: at most ${MUON_MOST}.

${table(['optimiser', 'a step, ms (median)', 'beside SGD'], names.map((name, at) => [name, median(found.map((row) => row[at])).toFixed(1), at === 0 ? '1' : span(ratios[at])]))}

${machine([`Chromium ${browser.version()}`, subjects[0].versions])}`;
  console.log(markdown);
  if (!options.dry) writeSection('optimizers', markdown);
  if (muon > MUON_MOST) {
    console.error(`not met: a step with Muon takes ${muon.toFixed(3)} times one with SGD`);
    process.exitCode = 1;
  }
} finally {
  await browser.close();
  await server.close();
}
