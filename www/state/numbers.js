/**
 * Numbers as people type them, and where an arrow key takes them. Which numbers a field allows is config.js's. Pure.
 */

/**
 * How far an arrow key moves a number: by one; to the double or the half; by one of its leading digit, a thousand
 * at most; to the next of 1, 2 and 5 of each decade; by a hundredth.
 * @typedef {'one' | 'double' | 'digit' | 'one_two_five' | 'hundredth'} Steps
 */

/** A number as it is written in a program. */
const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** Thousands set apart by commas, spaces or apostrophes. */
const GROUPED = /^\d{1,3}([, \u00a0\u202f'’]\d{3})+$/;
/** 50.000, which is 50 to some and 50,000 to others. */
const AMBIGUOUS = /^\d{1,3}(\.\d{3}){1,4}$/;
/** A comma where others write a point. */
const DECIMAL_COMMA = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i;

/**
 * A number as people write it. Whole numbers may have their thousands set apart, others a decimal comma; what can be
 * read in two ways is not guessed.
 * @param {string} text @param {boolean} whole
 * @returns {{ value: number } | { problem: string }} Not a number where there is none.
 */
export function readNumber(text, whole) {
  // Full-width digits, as Chinese and Japanese keyboards write them, and the sign that is no hyphen.
  const trimmed = text.normalize('NFKC').replaceAll('\u2212', '-').trim();
  if (whole && GROUPED.test(trimmed)) return { value: Number(trimmed.replace(/\D/g, '')) };
  if (whole && AMBIGUOUS.test(trimmed)) {
    return { problem: `“${trimmed}” can be read in two ways: write ${trimmed.replaceAll('.', '')} or ${Number.parseInt(trimmed, 10)}.` };
  }
  if (!whole && DECIMAL_COMMA.test(trimmed)) return { value: Number(trimmed.replace(',', '.')) };
  if (trimmed.includes(',')) {
    return { problem: whole ? 'Enter a whole number, without a comma.' : 'Enter a number with one point, and without further commas.' };
  }
  return { value: PLAIN.test(trimmed) ? Number(trimmed) : Number.NaN };
}

/** What comes after 0, going up: no rung is between. */
const LEAST_RUNG = 1e-5;

/** @param {number} value From 0 on. @param {1 | -1} direction */
function nextOneTwoFive(value, direction) {
  if (value === 0) return direction > 0 ? LEAST_RUNG : 0;
  const decade = Math.floor(Math.log10(value));
  const rungs = [decade - 1, decade, decade + 1].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  const beyond = rungs.filter((rung) => (direction > 0 ? rung > value : rung < value && rung > 0));
  return (direction > 0 ? beyond[0] : beyond[beyond.length - 1]) ?? value;
}

/** @type {Record<Steps, (value: number, direction: 1 | -1) => number>} */
const NEXT = {
  one: (value, direction) => value + direction,
  double: (value, direction) => (direction > 0 ? value * 2 : Math.ceil(value / 2)),
  hundredth: (value, direction) => (Math.round(value * 100) + direction) / 100,
  one_two_five: nextOneTwoFive,
  digit(value, direction) {
    // From 1,000 down it goes by hundreds, from 1,000 up by thousands.
    const size = Math.min(1_000, 10 ** Math.floor(Math.log10(Math.max(1, direction > 0 ? value : value - 1))));
    return direction > 0 ? (Math.floor(value / size) + 1) * size : (Math.ceil(value / size) - 1) * size;
  },
};

/** The number after or before this one. @param {number} value @param {Steps} steps @param {1 | -1} direction */
export const nextNumber = (value, steps, direction) => NEXT[steps](value, direction);
