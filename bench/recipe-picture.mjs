/**
 * The way from the tutorial's accuracy to the cured recipe's, a cure more in each row: `docs/cures.svg` for README.md.
 *
 * @import { RecipeRun } from './recipe-runs.mjs'
 */
import { LADDER, WHOLE, summaryOf } from './recipe-runs.mjs';

const RECIPE = 'tutorial-cured';
const WIDTH = 760;
const ROW = 44;
const TOP = 78;
/** Where the scale begins and ends, in pixels and as accuracies. */
const SCALE = { left: 330, right: 690, low: 0.65, high: 0.95 };

/** @param {number} accuracy */
const x = (accuracy) => SCALE.left + ((accuracy - SCALE.low) / (SCALE.high - SCALE.low)) * (SCALE.right - SCALE.left);

/** @param {number} number */
const pixel = (number) => number.toFixed(1);

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** What a row says of its runs. @param {RecipeRun[]} runs @param {string} recipe @param {string} variant @param {string} what */
function row(runs, recipe, variant, what) {
  const all = runs.filter((run) => run.recipe === recipe && run.variant === variant);
  const natively = all.filter(({ by }) => by === 'command line');
  const found = natively.length > 0 ? natively : all;
  return found.length > 0 ? { what, ...summaryOf(found) } : null;
}

/** The rows, from the tutorial's run on. @param {RecipeRun[]} runs */
export function ladderOf(runs) {
  return [
    row(runs, 'tutorial', WHOLE.name, 'the tutorial’s run'),
    ...LADDER.map(({ name, what }, at) => row(runs, RECIPE, name, at === 0 ? `+ ${what}` : what.replace(/: all but Muon$/, ''))),
    row(runs, RECIPE, WHOLE.name, '+ Muon in place of SGD'),
  ].filter((found) => found !== null);
}

/** @param {ReturnType<typeof ladderOf>[number]} found @param {number} at @param {ReturnType<typeof ladderOf>[number] | undefined} before */
function rowMarkup({ what, accuracy, gap }, at, before) {
  const y = TOP + at * ROW;
  const gained = before ? ((accuracy - before.accuracy) * 100).toFixed(1) : '';
  const said = before ? `${Number(gained) >= 0 ? '+' : '−'}${gained.replace('-', '')}` : '';
  return [
    `<text class="what" x="${SCALE.left - 14}" y="${y + 5}" text-anchor="end">${escaped(what)}</text>`,
    `<line class="gap" x1="${pixel(x(accuracy))}" x2="${pixel(x(accuracy + gap))}" y1="${y}" y2="${y}"/>`,
    `<line class="test" x1="${SCALE.left}" x2="${pixel(x(accuracy))}" y1="${y}" y2="${y}"/>`,
    `<text class="figure" x="${SCALE.right + 12}" y="${y + 5}">${accuracy.toFixed(3)}</text>`,
    said && `<text class="gain" x="${SCALE.left + 10}" y="${y + 5}">${said}</text>`,
  ].filter(Boolean).join('\n  ');
}

/** @param {RecipeRun[]} runs @returns {string} Markup of an SVG of its own; empty before there are runs. */
export function pictureOf(runs) {
  const rows = ladderOf(runs);
  if (rows.length === 0) return '';
  const height = TOP + rows.length * ROW;
  const [first, last] = [rows[0], rows[rows.length - 1]];
  const title = `Test accuracy of the tutorial’s layers after ten epochs, from ${first.accuracy.toFixed(3)} to ${last.accuracy.toFixed(3)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
  <style>
    text { font: 14px system-ui, sans-serif; fill: #1f2328; }
    .head { font-weight: 600; }
    .key { font-size: 12px; fill: #59636e; }
    .figure { font-variant-numeric: tabular-nums; font-weight: 600; }
    .gain { fill: #ffffff; font-size: 12px; font-weight: 600; }
    .test { stroke: #2557a7; stroke-width: 22; }
    .gap { stroke: #d5b48a; stroke-width: 22; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .key { fill: #9198a1; }
      .gain { fill: #0d1117; }
      .test { stroke: #7fb0ff; }
      .gap { stroke: #8a6d45; }
    }
  </style>
  <text class="head" x="0" y="20">The tutorial’s layers, ten epochs, a cure more in each row</text>
  <text class="key" x="0" y="40">Blue: test accuracy and what each row adds, in points; to the end of the brown: training accuracy. From ${SCALE.low} to ${SCALE.high}.</text>
  ${rows.map((found, at) => rowMarkup(found, at, rows[at - 1])).join('\n  ')}
</svg>
`;
}
