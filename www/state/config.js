/**
 * The configuration and the address bar's fragment, which holds it: `#train=2000&epochs=1&run=1`.
 *
 * What each field may be is fields.js's, what they mean beside each other fitting.js's. Pure: no DOM, no location.
 *
 * @import { Config } from '../protocol/protocol.js'
 * @import { Field } from './fields.js'
 */
import { SETTINGS } from '../protocol/settings.js';
import { DEFAULTS, LABELS, RULES, isField, isSameSetting, parseField, textOf } from './fields.js';
import { fitted } from './fitting.js';
import { PRESETS } from './presets.js';

/** What every link says, so that it can be read; all else only where it is not the tutorial's. @type {string[]} */
const ALWAYS = ['network', 'train', 'test', 'epochs', 'batch', 'lr', 'seed', 'augment', 'backend', 'workers', 'arithmetic'];

/** All of a configuration that is how a run is computed; all else is its recipe, which is what it computes. @type {string[]} */
const COMPUTE = SETTINGS.filter(({ part }) => part === 'compute').map(({ name }) => name);

/** A configuration's two parts, as the crate has them. @param {Config} config */
export function partsOf(config) {
  const all = Object.entries(config);
  const isCompute = (/** @type {string} */ key) => COMPUTE.includes(/** @type {keyof Config} */ (key));
  return {
    recipe: Object.fromEntries(all.filter(([key]) => !isCompute(key))),
    compute: Object.fromEntries(all.filter(([key]) => isCompute(key))),
  };
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
 * default; of a key that comes more than once the first counts. What fields forbid each
 * other is complained of and mended, because the engine loads with what comes out of here.
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
  const { config: usable, clashes } = fitted(config);
  return { config: usable, autostart: autostart && clashes.length === 0, complaints: [...readable(complaints), ...clashes] };
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

/** @param {Config} config @returns {Field[]} The fields that a link of it has. */
function saidFields(config) {
  const fields = /** @type {Field[]} */ (Object.keys(RULES));
  return fields.filter((field) => ALWAYS.includes(field) || !isSameSetting(field, config[field], DEFAULTS[field]));
}

/** Whether a link says all of a configuration; of one that came from a file it may not. @param {Config} config */
export const isSaidByLink = (config) => saidFields(config).every((field) => textOf(field, config[field]) !== null);

/**
 * The fragment that gives this configuration to anyone: every field that is not as the tutorial has it, but for what no text says.
 * @param {Config} config
 * @param {boolean} autostart
 * @returns {string} With the `#`.
 */
export function toFragment(config, autostart) {
  const pairs = saidFields(config).flatMap((field) => {
    const text = textOf(field, config[field]);
    return text === null ? [] : [[String(field), text]];
  });
  if (autostart) pairs.push(['run', '1']);
  // Commas and slashes mean nothing in a fragment, and stand for themselves.
  return `#${new URLSearchParams(pairs).toString().replaceAll('%2C', ',').replaceAll('%2F', '/')}`;
}
