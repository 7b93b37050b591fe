/**
 * ConvBurn's epochs over some seeds beside Keras's and the tutorial's: what is required, and the table. Pure.
 *
 * @import { EpochRow } from './run-file.mjs'
 */
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { table } from './benchmarks-file.mjs';
import { standardErrorsApart } from './statistics.mjs';

/** @typedef {'loss' | 'accuracy' | 'val_loss' | 'val_accuracy'} Figure */
/** @typedef {{ seed: number } & Record<Figure, number[]>} Curves One number an epoch, as Keras reports them. */

/** Training loss and validation accuracy have to be this near in every epoch, in standard errors. */
const MOST_APART = 3;
/** Between these the mean test accuracy after the last epoch has to be. */
const LAST_ACCURACY = { low: 0.67, high: 0.72 };

/**
 * @param {EpochRow[][]} runs A list of epochs a seed.
 * @param {Curves[]} reference
 */
export function compare(runs, reference) {
  const epochs = runs[0].length;
  /** @param {Figure} figure @param {number} epoch From 0. */
  const apart = (figure, epoch) => standardErrorsApart(
    runs.map((rows) => rows[epoch][figure]), reference.map((run) => run[figure][epoch]));
  const of = (/** @type {Figure} */ figure) => Array.from({ length: epochs }, (_, epoch) => apart(figure, epoch));
  const standardErrors = { loss: of('loss'), val_accuracy: of('val_accuracy') };
  const lastAccuracy = mean(runs.map((rows) => rows[epochs - 1].val_accuracy));
  return { standardErrors, lastAccuracy, failures: failuresOf(standardErrors, lastAccuracy) };
}

/** @param {Record<string, number[]>} standardErrors @param {number} lastAccuracy */
function failuresOf(standardErrors, lastAccuracy) {
  const failures = [];
  for (const [figure, distances] of Object.entries(standardErrors)) {
    distances.forEach((distance, epoch) => {
      if (!(Math.abs(distance) <= MOST_APART)) failures.push(`epoch ${epoch + 1}: ${figure} is ${distance.toFixed(1)} standard errors from Keras's mean`);
    });
  }
  const { low, high } = LAST_ACCURACY;
  if (!(lastAccuracy >= low && lastAccuracy <= high)) failures.push(`the mean test accuracy at the end, ${lastAccuracy.toFixed(4)}, is not between ${low} and ${high}`);
  return failures;
}

/**
 * What a seed does to Keras's own shuffle, if the file has such runs.
 * @param {Curves[] | undefined} runs
 */
function oneOrderSentence(runs) {
  if (!runs) return '';
  const last = (/** @type {Figure} */ figure) => runs.map((run) => run[figure][run[figure].length - 1]);
  const said = (/** @type {Figure} */ figure) => `${four(mean(last(figure)))} ± ${four(sampleStandardDeviation(last(figure)))}`;
  return `
Keras's records come in a new order each epoch, as the tutorial's and ConvBurn's do. Left to itself after
\`keras.utils.set_random_seed\`, its \`fit\` repeats one order in every epoch: ${runs.length} such seeds end at loss ${said('loss')},
val_accuracy ${said('val_accuracy')} and val_loss ${said('val_loss')}, which is another experiment.
`;
}

/** @param {number} value */
const four = (value) => value.toFixed(4);

/**
 * @param {{ runs: { seed: number, rows: EpochRow[] }[], comparison: ReturnType<typeof compare>, where: string,
 *   moduleSha: string, reference: { runs: Curves[], runs_in_one_order?: Curves[], tutorial: Record<Figure, number[]> } }} all
 */
export function markdownOf({ runs, comparison, reference, where, moduleSha }) {
  const epochs = runs[0].rows.map((_, epoch) => epoch);
  /** @param {Figure} figure @param {number} epoch */
  const cells = (figure, epoch) => {
    const keras = reference.runs.map((run) => run[figure][epoch]);
    const ours = runs.map(({ rows }) => rows[epoch][figure]);
    return [four(reference.tutorial[figure][epoch]), `${four(mean(keras))} ± ${four(sampleStandardDeviation(keras))}`, four(mean(ours))];
  };
  /** @param {'loss' | 'val_accuracy'} figure @param {number} epoch */
  const apart = (figure, epoch) => comparison.standardErrors[figure][epoch].toFixed(1);
  const keras = `Keras (${reference.runs.length})`;
  const own = `ConvBurn (${runs.length})`;
  const heads = (/** @type {string} */ name) => [`${name}: tutorial`, keras, own];
  return `
\`cargo xtask reproduce\`: the release page in headless Chromium, \`#backend=flex&train=50000&test=10000&epochs=10&workers=1&arithmetic=portable\` with
the seeds ${runs.map(({ seed }) => seed).join(', ')}; beside it the tutorial's printed log (one run) and the mean ± standard deviation of
Keras 3.15.1 over ${reference.runs.length} seeds (\`tests/reference/curves.py\`). "Apart" is how far ConvBurn's mean is from Keras's, in standard
errors of that difference: Keras's deviation · √(1/${runs.length} + 1/${reference.runs.length}). Required: no further than ${MOST_APART}, and a test accuracy between
${LAST_ACCURACY.low} and ${LAST_ACCURACY.high} at the end. It is ${four(comparison.lastAccuracy)}.
${oneOrderSentence(reference.runs_in_one_order)}
${table(['epoch', ...heads('loss'), 'apart', ...heads('val_accuracy'), 'apart'],
    epochs.map((epoch) => [epoch + 1, ...cells('loss', epoch), apart('loss', epoch), ...cells('val_accuracy', epoch), apart('val_accuracy', epoch)]))}

${table(['epoch', ...heads('accuracy'), ...heads('val_loss')],
    epochs.map((epoch) => [epoch + 1, ...cells('accuracy', epoch), ...cells('val_loss', epoch)]))}

${table(['seed', 'loss', 'accuracy', 'val_loss', 'val_accuracy', 'seconds an epoch', 'ms a step'], runs.map(({ seed, rows }) => {
    const last = rows[rows.length - 1];
    return [seed, four(last.loss), four(last.accuracy), four(last.val_loss), four(last.val_accuracy),
      Math.round(mean(rows.map(({ seconds }) => seconds))), Math.round(mean(rows.map((row) => row.step_ms)))];
  }))}

The figures follow from seed and module (\`${moduleSha}\`, SHA-256), the times from what else the machine did.
${where}`;
}
