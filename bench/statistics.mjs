/** What is said of several measurements of one thing, beyond what simple-statistics says. Pure. */
import { binomialDistribution, mean, sampleStandardDeviation } from 'simple-statistics';

/**
 * The 95 % interval of a median, from the sample's own order: how many of n values lie below the median is a binomial
 * number with chance 1/2, so between two places of the sorted values it lies with that certainty or more.
 * @param {number[]} values
 */
export function medianInterval(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const chances = binomialDistribution(n, 0.5) ?? [];
  let below = chances[0];
  let place = 0;
  while (place < n / 2 - 1 && below + chances[place + 1] <= 0.025) {
    place += 1;
    below += chances[place];
  }
  return { low: sorted[place], high: sorted[n - 1 - place] };
}

/**
 * How far the mean of one sample is from the mean of another, in standard errors of that difference, when both come
 * from one distribution whose spread is the second's.
 * @param {number[]} few @param {number[]} reference
 */
export function standardErrorsApart(few, reference) {
  const error = sampleStandardDeviation(reference) * Math.sqrt(1 / few.length + 1 / reference.length);
  return (mean(few) - mean(reference)) / error;
}
