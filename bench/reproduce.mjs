/**
 * `cargo xtask reproduce`: the tutorial's whole run in the release page, a seed at a time, beside what the tutorial
 * printed and what Keras does over ten seeds.
 *
 * The run is saved after every epoch as a visitor would save it, and goes on from there when this is called again with
 * the same module. With the last seed the epoch table is written into BENCHMARKS.md, and what is required of it held
 * against it. It measures no speed: the seconds are told, and depend on what else the machine does.
 *
 *     cargo xtask reproduce [--seeds 1,2,3]
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, writeSection } from './benchmarks-file.mjs';
import { savedHistory, trainInPage } from './page-run.mjs';
import { compare, markdownOf } from './reproduction.mjs';

const EPOCHS = 10;
const REFERENCE = JSON.parse(readFileSync(new URL('../tests/fixtures/keras_tutorial.json', import.meta.url), 'utf8'));

const { values: options } = parseArgs({ options: { seeds: { type: 'string', default: '1,2,3' } } });
const seeds = options.seeds.split(',').map(Number);

/** The module's fingerprint: a run begun with another module is another run. */
const moduleSha = createHash('sha256').update(readFileSync(join(DIST, 'convburn_cpu_relaxed_bg.wasm'))).digest('hex').slice(0, 12);
const folder = fileURLToPath(new URL(`.runs/${moduleSha}/`, import.meta.url));
mkdirSync(folder, { recursive: true });

/** @param {number} seed */
const fileOf = (seed) => join(folder, `seed-${seed}.safetensors`);

/** @param {number} seed */
const addressOf = (seed) => `#backend=flex&train=50000&test=10000&epochs=${EPOCHS}&batch=32&lr=0.001&augment=none&seed=${seed}&workers=1&arithmetic=portable`;

const server = await serve();
const browser = await launch();
try {
  for (const seed of seeds) {
    const file = fileOf(seed);
    if (savedHistory(file).length < EPOCHS) await trainInPage(browser, server.url + addressOf(seed), { name: `seed ${seed}`, file, epochs: EPOCHS });
    else console.log(`    seed ${seed} was trained before with this module`);
  }
  const runs = seeds.map((seed) => ({ seed, rows: savedHistory(fileOf(seed)) }));
  const comparison = compare(runs.map(({ rows }) => rows), REFERENCE.runs);
  const where = machine([`Chromium ${browser.version()}`, `Node ${process.version}`]);
  const markdown = markdownOf({ runs, comparison, reference: REFERENCE, where, moduleSha });
  console.log(markdown);
  writeSection('reproduce', markdown);
  for (const failure of comparison.failures) console.error(`not met: ${failure}`);
  if (comparison.failures.length > 0) process.exitCode = 1;
} finally {
  await browser.close();
  await server.close();
}
