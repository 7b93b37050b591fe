/**
 * The gap of a run: how far it does better on images that it learnt from than on others. Pure.
 *
 * @import { State } from './store.js'
 */

/** A gap that is worth a cure: the recipes that have had theirs keep 3 to 4 points of it (BENCHMARKS.md). */
const GAP_OPEN = 0.05;
/** Standard deviations that chance alone seldom makes. */
const BEYOND_CHANCE = 3;

/** The variance of an accuracy by the number of images that it was measured on. @param {{ accuracy: number, records: number }} evaluation */
const varianceOf = ({ accuracy, records }) => accuracy * (1 - accuracy) / Math.max(1, records);

/**
 * How much more it knows of what it learnt from, and whether that is worth a cure: not where so few images were measured that
 * chance may have made it. `records`: of those that it learnt from. Null until both are measured.
 * @param {Pick<State, 'trainingEvaluation' | 'evaluation'>} state
 */
export function gapOf({ trainingEvaluation, evaluation }) {
  if (!trainingEvaluation || !evaluation) return null;
  const gap = trainingEvaluation.accuracy - evaluation.accuracy;
  const chance = Math.sqrt(varianceOf(trainingEvaluation) + varianceOf(evaluation));
  return {
    training: trainingEvaluation.accuracy, test: evaluation.accuracy, gap, records: trainingEvaluation.records,
    isOpen: gap >= Math.max(GAP_OPEN, BEYOND_CHANCE * chance),
  };
}
