/**
 * The configuration and the address bar's fragment, which holds it: `#train=2000&epochs=1&run=1`.
 *
 * Each field has one rule, used for the fragment and for the form alike. The rules, the defaults and the labels come
 * from the crate's table of settings; here stands only what is the page's own. Pure: no DOM, no location.
 *
 * @import { Config, NetworkSpec } from '../protocol/protocol.js'
 * @import { Steps } from './numbers.js'
 */
import { SETTINGS } from '../protocol/settings.js';
import { MARK, networkFromText, networkToText } from './network-links.js';
import { isSame } from './networks.js';
import { nextNumber, readNumber } from './numbers.js';

/** @typedef {typeof SETTINGS[number]} Setting */
/** A setting that links carry and that the form has. @typedef {Extract<Setting, { label: string }>} Linked */
/** @typedef {Linked['name']} Field */

/** The tutorial's run. */
export const DEFAULTS = /** @type {Config} */ (Object.fromEntries(SETTINGS.map((setting) => [setting.name, setting.default])));

/**
 * The settings of a recipe that neither form nor link can say: a file may bring other values. Which records are held out is not
 * among them, because it computes nothing where there are test images, and a run of before has another rule.
 */
const UNSAID = SETTINGS.filter(({ name, part, label }) => part === 'recipe' && label === null && name !== 'hold_out').map(({ name }) => name);

/** The tutorial's network and its values of those settings; a run of before there were others has these. */
export const TUTORIALS = pick(DEFAULTS, ['network', ...UNSAID]);

/** What of a configuration is how a run is computed; all else is its recipe, which is what it computes. @type {string[]} */
const COMPUTE = SETTINGS.filter(({ part }) => part === 'compute').map(({ name }) => name);

/** @template {keyof Config} Key @param {Config} config @param {Key[]} keys @returns {Pick<Config, Key>} */
function pick(config, keys) {
  return /** @type {Pick<Config, Key>} */ (Object.fromEntries(keys.map((key) => [key, config[key]])));
}

/** A configuration's two parts, as the crate has them. @param {Config} config */
export function partsOf(config) {
  const all = Object.entries(config);
  const isCompute = (/** @type {string} */ key) => COMPUTE.includes(/** @type {keyof Config} */ (key));
  return {
    recipe: Object.fromEntries(all.filter(([key]) => !isCompute(key))),
    compute: Object.fromEntries(all.filter(([key]) => isCompute(key))),
  };
}

/** Ready-made choices, by name. @type {Record<string, Partial<Config>>} */
export const PRESETS = {
  quick: { ...TUTORIALS, train: 5_000, test: 1_000, epochs: 3, batch: 32, lr: 0.001, augment: 'none' },
  tutorial: { ...TUTORIALS, ...pick(DEFAULTS, ['train', 'test', 'epochs', 'batch', 'lr', 'augment']) },
};

/** @typedef {{ low: number, high: number, whole: boolean, steps: Steps }} NumberRule */
/** @typedef {{ choices: readonly string[] } | NumberRule} Rule */

/** The settings of a link, in the order in which a link has them: the recipe's, then how it is computed. */
const LINKED = SETTINGS.filter((setting) => setting.label !== null);

/** What the form calls each field. */
export const LABELS = /** @type {Record<Field, string>} */ (Object.fromEntries(LINKED.map(({ name, label }) => [name, label])));

/** How the arrow keys go through a number, where that is not one by one. @type {Partial<Record<Field, Steps>>} */
const STEPS = { train: 'digit', test: 'digit', batch: 'double', lr: 'one_two_five' };

/** The page knows CIFAR-10 alone, which has no more; the crate takes other data too. @type {Partial<Record<Field, number>>} */
const MOST = { train: 60_000, test: 60_000 };

/** @param {Linked} setting @returns {Rule} */
function ruleOf(setting) {
  if ('words' in setting) return { choices: setting.words };
  const { name, kind } = setting;
  const steps = STEPS[name] ?? 'one';
  if (kind === 'positive') return { low: 0, high: setting.high, whole: false, steps };
  return { low: setting.low, high: MOST[name] ?? setting.high, whole: true, steps };
}

/** Every field that a link carries, in a link's order. */
export const RULES = /** @type {Record<Field, Rule>} */ (Object.fromEntries(LINKED.map((setting) => [setting.name, ruleOf(setting)])));

/** @param {string} key @returns {key is Field} */
function isField(key) {
  return Object.hasOwn(RULES, key);
}

/**
 * Reads one field's text.
 * @param {Field} field
 * @param {string} text
 * @returns {{ value: string | number | NetworkSpec } | { problem: string }} The problem is a sentence.
 */
export function parseField(field, text) {
  const rule = RULES[field];
  if (field === 'network' && text.startsWith(MARK)) {
    const value = networkFromText(text);
    return value ? { value } : { problem: 'These layers cannot be read.' };
  }
  if ('choices' in rule) {
    if (rule.choices.includes(text)) return { value: text };
    return { problem: `Choose one of ${rule.choices.join(', ')}.` };
  }
  const read = readNumber(text, rule.whole);
  if ('problem' in read) return read;
  const { value } = read;
  // The engine computes in 32 bits, where the least numbers are 0.
  const isLargeEnough = rule.whole ? value >= rule.low : Math.fround(value) > rule.low;
  // Adding 0 makes 0 of -0, which a link would not bring back.
  if ((!rule.whole || Number.isInteger(value)) && isLargeEnough && value <= rule.high) return { value: value + 0 };
  const range = rule.whole
    ? `Enter a whole number from ${rule.low} to ${rule.high.toLocaleString('en')}.`
    : `Enter a number above ${rule.low} and up to ${rule.high}.`;
  return { problem: range };
}

/**
 * Where an arrow key takes a field's text; the text as it is where it cannot be read, or at the end of the range.
 * @param {Field} field @param {string} text @param {1 | -1} direction Up or down.
 * @returns {string}
 */
export function stepped(field, text, direction) {
  const rule = RULES[field];
  const read = parseField(field, text);
  if ('choices' in rule || 'problem' in read) return text;
  const next = nextNumber(Number(read.value), rule.steps, direction);
  const within = Math.min(rule.high, rule.whole ? Math.max(rule.low, next) : next);
  return String(within);
}

/**
 * Every setting that cannot stay, by the name that the form gives it.
 * @param {Record<string, string>} problems A sentence for each field.
 * @returns {string}
 */
export function refusalOf(problems) {
  const each = Object.entries(problems).map(([field, sentence]) => `${LABELS[/** @type {Field} */ (field)]}: ${sentence}`);
  return `${each.length === 1 ? 'One setting' : `${each.length} settings`} cannot be used. ${each.join(' ')}`;
}

/**
 * What a configuration's fields forbid each other.
 * @param {Config} config
 * @returns {Record<string, string>} A sentence for each field that has to change.
 */
export function crossCheck(config) {
  if (config.batch <= config.train) return {};
  return { batch: `A batch cannot be larger than the ${config.train.toLocaleString('en')} training ${config.train === 1 ? 'image' : 'images'}.` };
}

/** As much of a link's text as a sentence can hold, cut between two characters. @param {string} text */
function quote(text) {
  const start = Array.from(text.slice(0, 82));
  return `“${start.length > 40 ? `${start.slice(0, 40).join('')}…` : text}”`;
}

/** Of a link that is all wrong not every word is complained of. */
const MOST_COMPLAINTS = 8;

/** @param {string[]} complaints */
function readable(complaints) {
  const left = complaints.length - MOST_COMPLAINTS;
  if (left <= 1) return complaints;
  return [...complaints.slice(0, MOST_COMPLAINTS), `And ${left.toLocaleString('en')} more complaints of this kind.`];
}

/**
 * The pairs of a fragment, the first of each key.
 * @param {string} hash
 * @returns {{ pairs: Map<string, string>, repeated: Set<string> }}
 */
function readPairs(hash) {
  const pairs = new Map();
  const repeated = new Set();
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ''))) {
    if (pairs.has(key)) repeated.add(key);
    else pairs.set(key, text);
  }
  return { pairs, repeated };
}

/**
 * Reads a fragment. A key that is unknown or has a bad value is complained of and left at its
 * default; of a key that comes more than once the first counts. A batch larger than the training
 * images is complained of and lowered, because the engine loads with what comes out of here.
 * @param {string} hash With or without the `#`.
 * @returns {{ config: Config, autostart: boolean, complaints: string[] }}
 */
export function parseFragment(hash) {
  const config = { ...DEFAULTS };
  let autostart = false;
  const { pairs, repeated } = readPairs(hash);
  const complaints = [...repeated].map((key) => `The link has ${quote(key)} more than once: the first counts.`);
  for (const [key, text] of pairs) {
    if (key === 'run') {
      autostart = text === '1';
      if (text !== '0' && text !== '1') complaints.push('The link’s “run” is neither 0 nor 1.');
    } else if (!isField(key)) {
      complaints.push(`The link has a setting ${quote(key)} that this page does not know.`);
    } else {
      const read = parseField(key, text);
      if ('value' in read) Object.assign(config, { [key]: read.value });
      else complaints.push(`The link’s “${key}” cannot be ${quote(text)}. ${read.problem}`);
    }
  }
  const clashes = Object.values(crossCheck(config)).map((sentence) => `${sentence} It is ${config.train.toLocaleString('en')} now.`);
  config.batch = Math.min(config.batch, config.train);
  return { config, autostart: autostart && clashes.length === 0, complaints: [...readable(complaints), ...clashes] };
}

/**
 * What an address asks for. One without a fragment is a first visit's: it gets the quick run, which
 * shows something within seconds. Whatever a link leaves out is the tutorial's.
 * @param {string} hash With or without the `#`.
 */
export function readAddress(hash) {
  const read = parseFragment(hash);
  return /^#?$/.test(hash) ? { ...read, config: { ...read.config, ...PRESETS.quick } } : read;
}

/** A setting as a link has it; null where it cannot. @param {Config[Field]} value */
const textOf = (value) => (typeof value === 'object' ? networkToText(value) : String(value));

/** Whether a link says all of a configuration; of one that came from a file it may not. @param {Config} config */
export const isSaidByLink = (config) => textOf(config.network) !== null && UNSAID.every((name) => isSame(config[name], DEFAULTS[name]));

/**
 * The fragment that gives this configuration to anyone, every field spelled out but a network that is too long for a link.
 * @param {Config} config
 * @param {boolean} autostart
 * @returns {string} With the `#`.
 */
export function toFragment(config, autostart) {
  const said = Object.keys(RULES).map((key) => [key, textOf(config[/** @type {Field} */ (key)])]);
  const pairs = said.filter(([, text]) => text !== null).map(([key, text]) => [String(key), String(text)]);
  if (autostart) pairs.push(['run', '1']);
  return `#${new URLSearchParams(pairs)}`;
}

/**
 * The preset that a configuration is, if it is one.
 * @param {Partial<Config>} config One that was saved before there were other networks does not say its own.
 * @returns {string | null}
 */
export function presetOf(config) {
  const whole = { ...TUTORIALS, ...config };
  for (const [name, preset] of Object.entries(PRESETS)) {
    const keys = /** @type {(keyof Config)[]} */ (Object.keys(preset));
    if (keys.every((key) => isSame(preset[key], whole[key]))) return name;
  }
  return null;
}
