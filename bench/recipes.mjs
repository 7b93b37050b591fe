/**
 * `cargo xtask reproduce --recipe NAME`: a recipe on all of CIFAR-10, natively, by the command line with the kernels that the
 * page has; with `--in-page` in the release page, on all cores.
 *
 *     cargo xtask reproduce --recipe tutorial-cured [--seeds 1,2] [--variants all|none|NAME,…] [--in-page]
 *
 * A run that is over is appended to `bench/recipes.json` at once; one that is interrupted goes on from its file when this is
 * called again with the same program. BENCHMARKS.md's tables are made from that file.
 *
 * @import { RecipeRun, Variant } from './recipe-runs.mjs'
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { toFragment } from '../www/state/config.js';
import { DEFAULTS } from '../www/state/fields.js';
import { PRESETS } from '../www/state/presets.js';
import { writeSection } from './benchmarks-file.mjs';
import { savedHistory, trainInPage } from './page-run.mjs';
import { pictureOf } from './recipe-picture.mjs';
import { VARIANTS, WHOLE, isDone } from './recipe-runs.mjs';
import { recipesMarkdown } from './recipe-tables.mjs';
import { stateOf } from './run-file.mjs';

const RUNS_FILE = fileURLToPath(new URL('recipes.json', import.meta.url));
const PROGRAM = process.env.CONVBURN_PROGRAM ?? '';
if (!existsSync(PROGRAM)) throw new Error('CONVBURN_PROGRAM has to name the built command line: `cargo xtask reproduce --recipe` does.');

const { values: options } = parseArgs({
  options: { recipe: { type: 'string' }, seeds: { type: 'string', default: '1,2' }, variants: { type: 'string', default: 'none' }, 'in-page': { type: 'boolean', default: false } },
});
const recipe = options.recipe ?? '';
const seeds = options.seeds.split(',').map(Number);
const inPage = options['in-page'];
const by = inPage ? 'page' : 'command line';
const EPOCHS = 10;

/** @returns {RecipeRun[]} */
const doneRuns = () => (existsSync(RUNS_FILE) ? JSON.parse(readFileSync(RUNS_FILE, 'utf8')) : []);

/** A file half written is never in the place of a whole one. @param {RecipeRun} run */
function append(run) {
  const lines = [...doneRuns(), run].map((each) => JSON.stringify(each));
  writeFileSync(`${RUNS_FILE}.part`, `[\n${lines.join(',\n')}\n]\n`);
  renameSync(`${RUNS_FILE}.part`, RUNS_FILE);
}

/** @returns {Variant[]} */
function wantedVariants() {
  const known = [WHOLE, ...VARIANTS[recipe] ?? []];
  if (options.variants === 'none') return [WHOLE];
  if (options.variants === 'all') return known;
  const names = options.variants.split(',');
  const unknown = names.filter((name) => !known.some((variant) => variant.name === name));
  if (unknown.length > 0) throw new Error(`${recipe} has no variant ${unknown.join(', ')}; it has ${known.map(({ name }) => name).join(', ')}.`);
  return known.filter(({ name }) => names.includes(name));
}

/** Runs begun with another program or module are other runs. */
const computes = inPage ? join(DIST, 'convburn_cpu_relaxed_bg.wasm') : PROGRAM;
const sha = createHash('sha256').update(readFileSync(computes)).digest('hex').slice(0, 12);
const folder = fileURLToPath(new URL(`.runs/${sha}/`, import.meta.url));
mkdirSync(folder, { recursive: true });

/** @param {string[]} words @returns {string} What it printed. */
function convburn(words) {
  const { status, signal, stdout } = spawnSync(PROGRAM, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1e9 });
  if (status !== 0) throw new Error(`convburn ${words[0]} ended ${signal ? `by ${signal}` : `with ${status}`}: the same command goes on from there.`);
  return stdout;
}

/** @param {string} file @param {string} set @returns {number} */
const accuracyOn = (file, set) => JSON.parse(convburn(['evaluate', file, '--on', set, '--json'])).accuracy;

/** @param {Variant} variant @param {number} seed @param {string} file */
function trainNatively(variant, seed, file) {
  const begins = existsSync(file)
    ? ['--from', file]
    : ['--recipe', recipe, ...variant.options, '--seed', String(seed)];
  convburn(['train', ...begins, '--backend', 'flex', '--workers', String(availableParallelism()), '--save', file, '--json']);
}

/** @param {number} seed @param {string} file */
async function trainByPage(seed, file) {
  const server = await serve();
  const browser = await launch();
  try {
    const config = { ...DEFAULTS, ...PRESETS[recipe], seed, backend: /** @type {const} */ ('flex'), workers: 0 };
    await trainInPage(browser, server.url + toFragment(config, false), { name: `${recipe}, seed ${seed}`, file, epochs: EPOCHS });
  } finally {
    await browser.close();
    await server.close();
  }
}

/** @param {Variant} variant @param {number} seed @returns {Promise<RecipeRun>} */
async function train(variant, seed) {
  const file = join(folder, `${recipe}-${variant.name}-${seed}.safetensors`);
  if (savedHistory(file).length < EPOCHS) {
    if (inPage) await trainByPage(seed, file);
    else trainNatively(variant, seed, file);
  }
  const { history, origin } = stateOf(readFileSync(file));
  return {
    recipe,
    variant: variant.name,
    seed,
    by,
    accuracy: accuracyOn(file, 'test'),
    training_accuracy: accuracyOn(file, 'train'),
    curve: history.map(({ val_accuracy: accuracy }) => accuracy),
    arithmetic: origin.rounding === 'once' ? 'fused' : 'portable',
    processor: `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`,
    seconds: Math.round(history.reduce((sum, row) => sum + row.seconds, 0)),
    date: new Date().toISOString().slice(0, 10),
  };
}

for (const variant of wantedVariants()) {
  for (const seed of seeds) {
    if (isDone(doneRuns(), { recipe, variant: variant.name, seed, by })) continue;
    const run = await train(variant, seed);
    append(run);
    const { accuracy, training_accuracy: training } = run;
    console.log(`    ${recipe}, ${variant.what}, seed ${seed}, ${by}: test ${accuracy.toFixed(4)}, training ${training.toFixed(4)}, ${run.seconds} s`);
  }
}
const markdown = recipesMarkdown(doneRuns());
console.log(markdown);
writeSection('recipes', markdown);
writeFileSync(new URL('../docs/cures.svg', import.meta.url), pictureOf(doneRuns()));
