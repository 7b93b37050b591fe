/**
 * The strict reading of what a browser kept of the list of runs: a row of which anything is not as it should be is dropped, a setting
 * that it does not say is the tutorial's, and nothing else of it is taken.
 *
 * @import { Config } from '../protocol/protocol.js'
 * @import { EpochFigures, Images, KeptRun, MeasuredGap } from './kept-runs.js'
 */
import { SETTINGS } from '../protocol/settings.js';
import { isField, parseField, textOf } from './fields.js';
import { readNetwork } from './network-layers.js';
import { TUTORIALS } from './presets.js';

/** What is read is no row. */
class NotARow extends Error {}

/** @param {boolean} isRight */
function demand(isRight) {
  if (!isRight) throw new NotARow();
}

/** More epochs than a run may have. */
const EPOCHS_MOST = 1_000;
/** More text than any name has. */
const TEXT_MOST = 1_000;
const TEXTS_MOST = 1_000;

/** @param {unknown} value @returns {any} */
function object(value) {
  demand(typeof value === 'object' && value !== null && !Array.isArray(value));
  return value;
}

/** @param {any} value @param {number} [most] @returns {number} */
function count(value, most = Number.MAX_SAFE_INTEGER) {
  demand(Number.isInteger(value) && value >= 0 && value <= most);
  return value;
}

/** @param {any} value @returns {number} */
function share(value) {
  demand(typeof value === 'number' && value >= 0 && value <= 1);
  return value;
}

/** @param {any} value @returns {boolean} */
function truth(value) {
  demand(typeof value === 'boolean');
  return value;
}

/** @param {any} value @returns {string} */
function text(value) {
  demand(typeof value === 'string' && value.length <= TEXT_MOST);
  return value;
}

/** @template T @param {any} value @param {number} most @param {(each: unknown) => T} read @returns {T[]} */
function list(value, most, read) {
  demand(Array.isArray(value) && value.length <= most);
  return value.map((/** @type {unknown} */ each) => read(each));
}

/** A loss, which may be no number. @param {any} value @returns {number} */
function loss(value) {
  demand(typeof value === 'number');
  return value;
}

/** @param {any} value @returns {number} */
function seconds(value) {
  demand(Number.isFinite(value) && value >= 0);
  return value;
}

/** @param {unknown} value @returns {EpochFigures} */
function epochOf(value) {
  const each = object(value);
  return {
    epoch: count(each.epoch), loss: loss(each.loss), accuracy: share(each.accuracy), val_loss: loss(each.val_loss), val_accuracy: share(each.val_accuracy),
    seconds: seconds(each.seconds),
  };
}

/** @param {unknown} value @returns {Images} */
function imagesOf(value) {
  const { classNames, isHeldOut, files } = object(value);
  return { classNames: list(classNames, TEXTS_MOST, text), isHeldOut: truth(isHeldOut), files: list(files, TEXTS_MOST, text) };
}

/** @param {unknown} value @returns {MeasuredGap | null} */
function gapOf(value) {
  if (value === null) return null;
  const { training, test, records } = object(value);
  return { training: share(training), test: share(test), records: count(records) };
}

/** A setting's value as the form would read it. @param {keyof Config} name @param {any} value */
function settingOf(name, value) {
  if (name === 'network' && typeof value === 'object') {
    const network = readNetwork(value);
    demand(network !== null);
    return network;
  }
  const said = textOf(name, value);
  demand(said !== null && isField(name));
  const read = parseField(/** @type {import('./fields.js').Field} */ (name), String(said));
  if (!('value' in read)) throw new NotARow();
  return read.value;
}

/** @param {unknown} value @returns {Partial<Config>} */
function recipeOf(value) {
  const said = object(value);
  const names = SETTINGS.filter(({ part, label }) => part === 'recipe' && label !== null).map(({ name }) => name);
  return { ...TUTORIALS, ...Object.fromEntries(names.filter((name) => Object.hasOwn(said, name)).map((name) => [name, settingOf(name, said[name])])) };
}

/** @param {unknown} value @returns {KeptRun} */
function rowOf(value) {
  const { id, endedMs, isPinned, recipe, images, trainUsed, testUsed, epochs, testAccuracy, gap } = object(value);
  const row = {
    id: text(id), endedMs: count(endedMs), isPinned: truth(isPinned), recipe: recipeOf(recipe), images: imagesOf(images), trainUsed: count(trainUsed),
    testUsed: count(testUsed), epochs: list(epochs, EPOCHS_MOST, epochOf),
    testAccuracy: testAccuracy === null ? null : share(testAccuracy), gap: gapOf(gap),
  };
  demand(row.epochs.length > 0);
  return row;
}

/**
 * The rows of what was stored; none of anything else.
 * @param {unknown} value @returns {KeptRun[]}
 */
export function readKeptRuns(value) {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each) => {
    try {
      return [rowOf(each)];
    } catch {
      return []; // Another version's, or damaged. A value may be so strange that even a reader of the page's own fails on it.
    }
  });
}
