/** What is said of several measurements of one thing. Pure. */

/** @param {number[]} values */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The sample's standard deviation: over n − 1. @param {number[]} values */
export function standardDeviation(values) {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The 95 % interval of a median, from the sample's own order: how many of n values lie below the median is a binomial
 * number with chance 1/2, so between two places of the sorted values it lies with that certainty or more.
 * @param {number[]} values
 */
export function medianInterval(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let chance = 0.5 ** n;
  let below = chance;
  let place = 0;
  while (place < n / 2 - 1) {
    chance *= (n - place) / (place + 1);
    if (below + chance > 0.025) break;
    below += chance;
    place += 1;
  }
  return { low: sorted[place], high: sorted[n - 1 - place] };
}

/**
 * How far the mean of one sample is from the mean of another, in standard errors of that difference, when both come
 * from one distribution whose spread is the second's.
 * @param {number[]} few @param {number[]} reference
 */
export function standardErrorsApart(few, reference) {
  const error = standardDeviation(reference) * Math.sqrt(1 / few.length + 1 / reference.length);
  return (mean(few) - mean(reference)) / error;
}
