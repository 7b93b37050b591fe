/**
 * `cargo xtask reproduce --recipe NAME`: a recipe on all of CIFAR-10, natively, by the command line with the kernels that the
 * page has.
 *
 *     cargo xtask reproduce --recipe tutorial-cured [--seeds 1,2] [--variants all|none|NAME,…]
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
import { writeSection } from './benchmarks-file.mjs';
import { VARIANTS, WHOLE, isDone } from './recipe-runs.mjs';
import { recipesMarkdown } from './recipe-tables.mjs';
import { historyOf, stateOf } from './run-file.mjs';

const RUNS_FILE = fileURLToPath(new URL('recipes.json', import.meta.url));
const PROGRAM = process.env.CONVBURN_PROGRAM ?? '';
if (!existsSync(PROGRAM)) throw new Error('CONVBURN_PROGRAM has to name the built command line: `cargo xtask reproduce --recipe` does.');

const { values: options } = parseArgs({
  options: { recipe: { type: 'string' }, seeds: { type: 'string', default: '1,2' }, variants: { type: 'string', default: 'none' } },
});
const recipe = options.recipe ?? '';
const seeds = options.seeds.split(',').map(Number);

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

/** Runs begun with another program are other runs. */
const programSha = createHash('sha256').update(readFileSync(PROGRAM)).digest('hex').slice(0, 12);
const folder = fileURLToPath(new URL(`.runs/${programSha}/`, import.meta.url));
mkdirSync(folder, { recursive: true });

/** @param {string[]} words @returns {string} What it printed. */
function convburn(words) {
  const { status, signal, stdout } = spawnSync(PROGRAM, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1e9 });
  if (status !== 0) throw new Error(`convburn ${words[0]} ended ${signal ? `by ${signal}` : `with ${status}`}: the same command goes on from there.`);
  return stdout;
}

/** @param {string} file @param {string} set @returns {number} */
const accuracyOn = (file, set) => JSON.parse(convburn(['evaluate', file, '--on', set, '--json'])).accuracy;

/** @param {Variant} variant @param {number} seed @returns {RecipeRun} */
function train(variant, seed) {
  const file = join(folder, `${recipe}-${variant.name}-${seed}.safetensors`);
  const epochs = existsSync(file) ? historyOf(readFileSync(file)).length : 0;
  if (epochs < 10) {
    const begins = existsSync(file)
      ? ['--from', file]
      : ['--recipe', recipe, ...variant.options, '--seed', String(seed)];
    convburn(['train', ...begins, '--backend', 'flex', '--workers', String(availableParallelism()), '--save', file, '--json']);
  }
  const { history, origin } = stateOf(readFileSync(file));
  return {
    recipe,
    variant: variant.name,
    seed,
    by: 'command line',
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
    if (isDone(doneRuns(), { recipe, variant: variant.name, seed, by: 'command line' })) continue;
    const run = train(variant, seed);
    append(run);
    const { accuracy, training_accuracy: training } = run;
    console.log(`    ${recipe}, ${variant.what}, seed ${seed}: test ${accuracy.toFixed(4)}, training ${training.toFixed(4)}, ${run.seconds} s`);
  }
}
const markdown = recipesMarkdown(doneRuns());
console.log(markdown);
writeSection('recipes', markdown);
