/**
 * What the measured recipes came to, as tables for BENCHMARKS.md.
 *
 * @import { RecipeRun } from './recipe-runs.mjs'
 */
import { table } from './benchmarks-file.mjs';
import { VARIANTS, WHOLE, summaryOf } from './recipe-runs.mjs';

/** What is required of a recipe's mean accuracy on the test images. @type {Record<string, number>} */
const REQUIRED = { 'tutorial-cured': 0.84, 'same-size': 0.88, small: 0.9, large: 0.913 };

/** @param {RecipeRun[]} runs @param {(run: RecipeRun) => string} key @returns {Map<string, RecipeRun[]>} */
function groupedBy(runs, key) {
  const groups = new Map();
  for (const run of runs) groups.set(key(run), [...groups.get(key(run)) ?? [], run]);
  return groups;
}

/** @param {number} value */
const figure = (value) => value.toFixed(4);

/** @param {RecipeRun[]} runs */
function recipesTable(runs) {
  const whole = runs.filter(({ variant }) => variant === WHOLE.name);
  const rows = [...groupedBy(whole, ({ recipe, by }) => `${recipe}, ${by}`)].map(([name, group]) => {
    const { accuracy, gap } = summaryOf(group);
    const each = group.map((run) => figure(run.accuracy)).join(' · ');
    const required = REQUIRED[group[0].recipe];
    const seconds = group.map((run) => String(run.seconds)).join(' · ');
    return [name, each, figure(accuracy), required === undefined ? '–' : String(required), figure(gap), seconds];
  });
  return table(['recipe, computed by', 'test accuracy, a seed each', 'mean', 'required', 'gap', 's of training'], rows);
}

/** @param {RecipeRun[]} runs @param {string} recipe */
function variantsTable(runs, recipe) {
  const all = runs.filter((run) => run.recipe === recipe && run.by === 'command line');
  const of = (/** @type {string} */ variant) => all.filter((run) => run.variant === variant);
  const whole = of(WHOLE.name);
  if (whole.length === 0) return '';
  const { accuracy: best } = summaryOf(whole);
  const measured = [WHOLE, ...VARIANTS[recipe]].filter(({ name }) => of(name).length > 0);
  const rows = measured.map(({ name, what }) => {
    const { accuracy, gap, spread, runs: count } = summaryOf(of(name));
    const points = (accuracy - best) * 100;
    return [what, figure(accuracy), count > 1 ? figure(spread) : '–', String(count), name === WHOLE.name ? '' : `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(1)}`, figure(gap)];
  });
  return table(['variant', 'test accuracy, mean', 'apart', 'seeds', 'points beside the whole', 'gap'], rows);
}

/** @param {RecipeRun[]} runs @returns {string} */
export function recipesMarkdown(runs) {
  const machines = [...new Set(runs.map(({ processor }) => processor))].join('; ');
  const dates = runs.map(({ date }) => date).sort();
  const variants = Object.keys(VARIANTS).map((recipe) => [`Variants of \`${recipe}\`: first the way from the tutorial's run, a cure more in each line, then each cure left out.`, variantsTable(runs, recipe)]);
  return [
    '`cargo xtask reproduce --recipe NAME [--variants all]`: ten epochs on all of CIFAR-10, figures after the last epoch, nothing chosen on the',
    'test images. Gap: accuracy on the first 10,000 training images, as they are, less test accuracy. Seconds are told and not judged: other work',
    'ran beside.',
    '',
    recipesTable(runs),
    '',
    ...variants.flat().flatMap((part) => [part, '']),
    `Machine: ${machines}. Dates: ${dates[0]} to ${dates.at(-1)}.`,
  ].join('\n');
}
