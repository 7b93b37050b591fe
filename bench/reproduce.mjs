/**
 * `cargo xtask reproduce`: the tutorial's whole run in the release page, a seed at a time, beside what the tutorial
 * printed and what Keras does over ten seeds.
 *
 * The run is saved after every epoch as a visitor would save it, and goes on from there when this is called again with
 * the same module. With the last seed the epoch table is written into BENCHMARKS.md, and what is required of it held
 * against it. It measures no speed: the seconds are told, and depend on what else the machine does.
 *
 *     cargo xtask reproduce [--seeds 1,2,3]
 *
 * @import { Page } from 'playwright-core'
 * @import { EpochRow } from './run-file.mjs'
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch, openPage } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { phaseOf, textOf, waitForPhase } from '../harness/waits.mjs';
import { machine, writeSection } from './benchmarks-file.mjs';
import { compare, markdownOf } from './reproduction.mjs';
import { historyOf } from './run-file.mjs';

const EPOCHS = 10;
/** An epoch takes one and a half minutes here; a machine twenty times slower is not waited for. */
const EPOCH_PATIENCE_MS = 30 * 60_000;
const REFERENCE = JSON.parse(readFileSync(new URL('../tests/fixtures/keras_tutorial.json', import.meta.url), 'utf8'));

const { values: options } = parseArgs({ options: { seeds: { type: 'string', default: '1,2,3' } } });
const seeds = options.seeds.split(',').map(Number);

/** The module's fingerprint: a run begun with another module is another run. */
const moduleSha = createHash('sha256').update(readFileSync(join(DIST, 'convburn_cpu_relaxed_bg.wasm'))).digest('hex').slice(0, 12);
const folder = fileURLToPath(new URL(`.runs/${moduleSha}/`, import.meta.url));
mkdirSync(folder, { recursive: true });

/** @param {number} seed */
const fileOf = (seed) => join(folder, `seed-${seed}.safetensors`);

/** @param {number} seed @returns {EpochRow[]} */
const savedHistory = (seed) => (existsSync(fileOf(seed)) ? historyOf(readFileSync(fileOf(seed))) : []);

/** @param {Page} page */
const epochsDone = (page) => page.getByTestId('epoch-table').locator('tbody tr').count();

/** Saves the run as it stands; a file half written is never in the place of a whole one. @param {Page} page @param {number} seed */
async function save(page, seed) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-run').click()]);
  const bytes = readFileSync(await download.path());
  writeFileSync(`${fileOf(seed)}.part`, bytes);
  renameSync(`${fileOf(seed)}.part`, fileOf(seed));
}

/** @param {Page} page @param {number} seed */
async function begin(page, seed) {
  await waitForPhase(page, ['ready', 'error']);
  if (savedHistory(seed).length > 0) {
    await page.getByTestId('open-run').setInputFiles(fileOf(seed));
    await page.locator('#status-text').getByText('it goes on at').waitFor();
  }
  await page.getByTestId('start').click();
}

/** @param {EpochRow} row */
const say = (row) => `epoch ${row.epoch}/${EPOCHS}: loss ${row.loss.toFixed(4)}, accuracy ${row.accuracy.toFixed(4)}, `
  + `val_loss ${row.val_loss.toFixed(4)}, val_accuracy ${row.val_accuracy.toFixed(4)}, ${row.seconds.toFixed(0)} s`;

/** @param {import('playwright-core').Browser} browser @param {string} url @param {number} seed */
async function train(browser, url, seed) {
  const { page, context } = await openPage(browser);
  await page.goto(`${url}#backend=flex&train=50000&test=10000&epochs=${EPOCHS}&batch=32&lr=0.001&augment=none&seed=${seed}&workers=1&arithmetic=portable`);
  await begin(page, seed);
  for (let done = savedHistory(seed).length; done < EPOCHS;) {
    await page.waitForFunction(
      (known) => ['done', 'error'].includes(document.documentElement.dataset.phase ?? '')
        || document.querySelectorAll('[data-testid="epoch-table"] tbody tr').length > known,
      done,
      { timeout: EPOCH_PATIENCE_MS },
    );
    if (await phaseOf(page) === 'error') throw new Error(`Seed ${seed}: ${await textOf(page, 'error')}`);
    done = await epochsDone(page);
    await save(page, seed);
    console.log(`    seed ${seed}, ${say(savedHistory(seed)[done - 1])}`);
  }
  await context.close();
}

const server = await serve();
const browser = await launch();
try {
  for (const seed of seeds) {
    if (savedHistory(seed).length < EPOCHS) await train(browser, server.url, seed);
    else console.log(`    seed ${seed} was trained before with this module`);
  }
  const runs = seeds.map((seed) => ({ seed, rows: savedHistory(seed) }));
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
