/**
 * Which runs of a recipe are measured: the recipe itself, and variants of it in which a cure is left out or, step by step
 * from the tutorial's run, added. Each variant is options of the command line that come after the recipe's own.
 *
 * Nothing is trained here.
 */

/** @typedef {{ name: string, what: string, options: string[] }} Variant */

/** The recipe as it is. @type {Variant} */
export const WHOLE = { name: 'whole', what: 'as it is', options: [] };

/** What SGD takes in place of Muon: measured best for these layers (Nesterov 0.9, peak 0.4, decay 0.0005). */
const SGD = ['--optimizer', 'sgd', '--lr', '0.4', '--weight-decay', '0.0005', '--norm-bias-lr-factor', '1'];

/** Adam as the tutorial has it, whose rate stays. */
const ADAM = ['--optimizer', 'adam', '--lr', '0.001', '--norm-bias-lr-factor', '1', '--schedule', 'constant', '--averaging', '0'];
const NOT_AUGMENTED = ['--flip', 'none', '--shift-px', '0'];
const NOT_SMOOTHED = ['--label-smoothing', '0'];

/** `tutorial-cured` with one cure left out each; without Muon it is the ladder's last step. @type {Variant[]} */
const LEFT_OUT = [
  { name: 'without-normalisation', what: 'without batch normalisation', options: ['--network', 'tutorial'] },
  { name: 'without-standardising', what: 'pixels ÷ 255 alone', options: ['--pixels', 'unit'] },
  { name: 'without-one-cycle', what: 'a rate that stays at its peak', options: ['--schedule', 'constant'] },
  { name: 'without-augmentation', what: 'images neither mirrored nor moved', options: NOT_AUGMENTED },
  { name: 'without-flip', what: 'images not mirrored', options: ['--flip', 'none'] },
  { name: 'without-shift', what: 'images not moved', options: ['--shift-px', '0'] },
  { name: 'without-smoothing', what: 'without label smoothing', options: NOT_SMOOTHED },
  { name: 'without-averaging', what: 'without averaged weights', options: ['--averaging', '0'] },
];

/** From the tutorial's run to `tutorial-cured`, a cure more each. @type {Variant[]} */
export const LADDER = [
  { name: 'step-1', what: 'batch normalisation, standardised pixels', options: [...ADAM, ...NOT_AUGMENTED, ...NOT_SMOOTHED, '--batch', '32', '--last-batch', 'keep'] },
  { name: 'step-2', what: '+ images mirrored and moved', options: [...ADAM, ...NOT_SMOOTHED, '--batch', '32', '--last-batch', 'keep'] },
  { name: 'step-3', what: '+ SGD under a rate that rises and falls', options: [...SGD, ...NOT_SMOOTHED, '--averaging', '0'] },
  { name: 'step-4', what: '+ label smoothing and averaged weights: all but Muon', options: SGD },
];

/** The variants of each recipe that are measured beside it. @type {Record<string, Variant[]>} */
export const VARIANTS = { 'tutorial-cured': [...LADDER, ...LEFT_OUT] };

/**
 * A run that is done.
 * @typedef {object} RecipeRun
 * @property {string} recipe
 * @property {string} variant
 * @property {number} seed
 * @property {string} by `command line` or `page`.
 * @property {number} accuracy On the test images, after the last epoch.
 * @property {number} training_accuracy On the first 10,000 training images as they are, with the same weights.
 * @property {number[]} curve Test accuracy after each epoch.
 * @property {string} arithmetic
 * @property {string} processor
 * @property {number} seconds
 * @property {string} date
 */

/** Whether a run is there already. @param {RecipeRun[]} runs @param {Pick<RecipeRun, 'recipe' | 'variant' | 'seed' | 'by'>} wanted */
export const isDone = (runs, { recipe, variant, seed, by }) => runs.some((run) => (
  run.recipe === recipe && run.variant === variant && run.seed === seed && run.by === by));

/** @param {number[]} values */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What runs come to: means, and how far the accuracies lie apart. @param {RecipeRun[]} runs */
export function summaryOf(runs) {
  const accuracies = runs.map(({ accuracy }) => accuracy);
  return {
    accuracy: mean(accuracies),
    gap: mean(runs.map(({ accuracy, training_accuracy: training }) => training - accuracy)),
    spread: Math.max(...accuracies) - Math.min(...accuracies),
    runs: runs.length,
  };
}
