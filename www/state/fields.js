/**
 * What each setting may be: read from what people type and from links, and written as the same text again.
 *
 * Each field has one rule, used for the fragment and for the form alike. The rules, the defaults and the labels come
 * from the crate's table of settings; here stands only what is the page's own. Pure.
 *
 * @import { Config, NetworkSpec, Pixels } from '../protocol/protocol.js'
 * @import { Steps } from './numbers.js'
 */
import { RECIPES } from '../protocol/recipes.js';
import { SETTINGS } from '../protocol/settings.js';
import { MARK, networkFromText, networkToText } from './network-links.js';
import { isSame } from './networks.js';
import { nextNumber, readNumber } from './numbers.js';

/** @typedef {typeof SETTINGS[number]} Setting */
/** A setting that links carry and that the form has. @typedef {Extract<Setting, { label: string }>} Linked */
/** @typedef {Linked['name']} Field */

/** `above`: the low end itself is none of them; `below`: the high end is not. @typedef {{ low: number, high: number, whole: boolean, steps: Steps, ends: 'both' | 'above' | 'below' }} NumberRule */
/** @typedef {{ choices: readonly string[] } | NumberRule | { list: { low: number, high: number } } | { group: { low: number, high: number } } | { pixels: readonly string[] }} Rule */

/** The tutorial's run. */
export const DEFAULTS = /** @type {Config} */ (Object.fromEntries(SETTINGS.map((setting) => [setting.name, setting.default])));

/** The settings of a link, in the order in which a link has them: the recipe's, then how it is computed. */
const LINKED = /** @type {Linked[]} */ (SETTINGS.filter((setting) => setting.label !== null));

/** What the form calls each field. */
export const LABELS = /** @type {Record<Field, string>} */ (Object.fromEntries(LINKED.map(({ name, label }) => [name, label])));

/** What each does, for people. */
export const SENTENCES = /** @type {Record<Field, string>} */ (Object.fromEntries(LINKED.map(({ name, sentence }) => [name, sentence])));

/** How the arrow keys go through a number, where that is not one by one. @type {Record<string, Steps>} */
const STEPS = {
  train: 'digit', test: 'digit', batch: 'double', lr: 'one_two_five', muon_lr: 'one_two_five', weight_decay: 'one_two_five', drop_factor: 'one_two_five',
  momentum: 'hundredth', muon_momentum: 'hundredth', warm_up: 'hundredth', lr_start: 'hundredth', lr_end: 'hundredth', label_smoothing: 'hundredth', averaging: 'hundredth',
};

/** The page knows CIFAR-10 alone, which has no more; the crate takes other data too. @type {Record<string, number>} */
const MOST = { train: 60_000, test: 60_000 };

/** Images that batch normalisation may take together, as src/network/check.rs has it. */
const GROUP = { low: 2, high: 4_096 };
/** Numbers in a list at most, as src/protocol/limits.rs has it. */
const LIST_MOST = 32;
/** Channels of the page's images, and how small a deviation may be. */
const CHANNELS = 3;
const LEAST_DEVIATION = 1e-4;

/** How a link calls the means and deviations of CIFAR-10's training images, which recipes have. */
const CIFAR10 = 'cifar10';
const CIFAR10_PIXELS = RECIPES.map(({ settings }) => settings.pixels).find((pixels) => typeof pixels === 'object') ?? 'unit';

/** @param {Linked} setting @returns {Rule} */
function ruleOf(setting) {
  if (setting.name === 'norm_group') return { group: GROUP };
  if (setting.name === 'pixels') return { pixels: ['unit', CIFAR10] };
  if ('words' in setting) return { choices: setting.words };
  const steps = STEPS[setting.name] ?? 'one';
  switch (setting.kind) {
    case 'list': return { list: { low: setting.low, high: setting.high } };
    case 'positive': return { low: 0, high: setting.high, whole: false, steps, ends: 'above' };
    case 'below': return { low: 0, high: setting.end, whole: false, steps, ends: 'below' };
    case 'between': return { low: setting.low, high: setting.high, whole: false, steps, ends: 'both' };
    default: return { low: setting.low, high: MOST[setting.name] ?? setting.high, whole: true, steps, ends: 'both' };
  }
}

/** Every field that a link carries, in a link's order. */
export const RULES = /** @type {Record<Field, Rule>} */ (Object.fromEntries(LINKED.map((setting) => [setting.name, ruleOf(setting)])));

/** @param {string} key @returns {key is Field} */
export function isField(key) {
  return Object.hasOwn(RULES, key);
}

/** @typedef {{ value: Config[Field] } | { problem: string }} Read The problem is a sentence. */

/** @param {number} value */
const shown = (value) => value.toLocaleString('en', { maximumFractionDigits: 6 });

/** @param {NumberRule} rule @param {string} text @returns {Read} */
function readOne(rule, text) {
  const read = readNumber(text, rule.whole);
  if ('problem' in read) return read;
  const { value } = read;
  const { low, high, whole, ends } = rule;
  // The engine computes in 32 bits, where the least numbers are 0, and the largest below 1 are 1.
  const isLargeEnough = ends === 'above' ? Math.fround(value) > low : value >= low;
  const isSmallEnough = ends === 'below' ? Math.fround(value) < high : value <= high;
  // Adding 0 makes 0 of -0, which a link would not bring back.
  if ((!whole || Number.isInteger(value)) && isLargeEnough && isSmallEnough) return { value: value + 0 };
  if (whole) return { problem: `Enter a whole number from ${low} to ${shown(high)}.` };
  if (ends === 'above') return { problem: `Enter a number above ${low} and up to ${high}.` };
  return { problem: `Enter a number from ${low} to ${ends === 'below' ? 'below ' : ''}${high}.` };
}

/** Full-width digits and signs as others write them. @param {string} text */
const plain = (text) => text.normalize('NFKC').trim();

/** @param {{ low: number, high: number }} range @param {string} text @returns {Read} */
function readList({ low, high }, text) {
  const parts = plain(text) === '' ? [] : plain(text).split(',').map((part) => part.trim());
  const values = parts.map(Number);
  const fits = parts.length <= LIST_MOST && parts.every((part) => /^\d{1,5}$/.test(part))
    && values.every((value, i) => value >= low && value <= high && (i === 0 || value > values[i - 1]));
  return fits ? { value: values } : { problem: `Enter whole numbers from ${low} to ${shown(high)}, each larger than the one before, like 5, 8; at most ${LIST_MOST}.` };
}

/** @param {{ low: number, high: number }} range @param {string} text @returns {Read} */
function readGroup({ low, high }, text) {
  if (plain(text) === 'batch') return { value: 'batch' };
  const { value } = { value: Number.NaN, ...readNumber(text, true) };
  if (Number.isInteger(value) && value >= low && value <= high) return { value: { records: value } };
  return { problem: `Enter a whole number from ${low} to ${shown(high)}, or the word batch.` };
}

/** The shortest number that is the same in 32 bits, which the engine answers with. @param {number} value */
function shortest(value) {
  const wanted = Math.fround(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(wanted.toPrecision(digits));
    if (Math.fround(short) === wanted) return short + 0;
  }
  return Number(wanted.toPrecision(9)) + 0;
}

/** @param {string} text @param {number} low @returns {number[] | null} */
function readChannels(text, low) {
  const values = text.split(',').map((part) => shortest({ value: Number.NaN, ...readNumber(part, false) }.value));
  return values.length === CHANNELS && values.every((value) => Math.fround(value) >= Math.fround(low) && value <= 1) ? values : null;
}

/** @param {string} text @returns {Read} */
function readPixels(text) {
  if (text === 'unit') return { value: 'unit' };
  if (text === CIFAR10) return { value: CIFAR10_PIXELS };
  const [means, deviations, ...more] = plain(text).split('/');
  const mean = readChannels(means, 0);
  const deviation = readChannels(deviations ?? '', LEAST_DEVIATION);
  if (mean && deviation && more.length === 0) return { value: { standardized: { mean, deviation } } };
  return { problem: `Choose unit, ${CIFAR10}, or three means from 0 to 1 and three deviations, like 0.5,0.5,0.5/0.25,0.25,0.25.` };
}

/**
 * Reads one field's text.
 * @param {Field} field
 * @param {string} text
 * @returns {Read}
 */
export function parseField(field, text) {
  const rule = RULES[field];
  if (field === 'network' && text.startsWith(MARK)) {
    const value = networkFromText(text);
    return value ? { value } : { problem: 'These layers cannot be read.' };
  }
  if ('list' in rule) return readList(rule.list, text);
  if ('group' in rule) return readGroup(rule.group, text);
  if ('pixels' in rule) return readPixels(text);
  if ('whole' in rule) return readOne(rule, text);
  if (rule.choices.includes(text)) return { value: /** @type {Config[Field]} */ (text) };
  return { problem: `Choose one of ${rule.choices.join(', ')}.` };
}

/** @param {Pixels} pixels @returns {string | null} */
function textOfPixels(pixels) {
  if (pixels === 'unit') return pixels;
  const text = numbersOf(pixels);
  if (CIFAR10_PIXELS !== 'unit' && text === numbersOf(CIFAR10_PIXELS)) return CIFAR10;
  return pixels.standardized.mean.length === CHANNELS ? text : null;
}

/** @param {Exclude<Pixels, string>} pixels */
function numbersOf({ standardized: { mean, deviation } }) {
  return [mean, deviation].map((values) => values.map(shortest).join(',')).join('/');
}

/**
 * The text that is read as this value.
 * @param {keyof Config} field @param {Config[keyof Config] | undefined} value
 * @returns {string | null} None where it has none: of a network that is too long for a link, and of pixels of other images than the page's.
 */
export function textOf(field, value) {
  if (field === 'pixels' && value) return textOfPixels(/** @type {Pixels} */ (value));
  if (field === 'norm_group' && typeof value === 'object') return String(/** @type {{ records: number }} */ (value).records);
  if (field === 'network' && typeof value === 'object') return networkToText(/** @type {NetworkSpec} */ (value));
  if (Array.isArray(value)) return value.join(',');
  return String(value);
}

/** Whether two values of a setting are the same to the engine. @param {keyof Config} field @param {any} one @param {any} other */
export function isSameSetting(field, one, other) {
  return isSame(one, other) || (field === 'pixels' && one && other && textOf(field, one) !== null && textOf(field, one) === textOf(field, other));
}

/**
 * Where an arrow key takes a field's text; the text as it is where it cannot be read, or at the end of the range.
 * @param {Field} field @param {string} text @param {1 | -1} direction Up or down.
 * @returns {string}
 */
export function stepped(field, text, direction) {
  const rule = RULES[field];
  const read = parseField(field, text);
  if (!('whole' in rule) || 'problem' in read) return text;
  const next = nextNumber(Number(read.value), rule.steps, direction);
  const within = String(Math.min(rule.high, Math.max(rule.low, next)));
  return 'value' in parseField(field, within) ? within : text;
}
