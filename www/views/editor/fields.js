/**
 * The fields of a layer in the editor of networks: which each kind has, and a control for each. A field reads its value
 * from a layer and answers with the value that is to be there; what values a network may have is the crate's to say.
 *
 * @import { TensorSpec } from '../../protocol/protocol.js'
 * @import { Kind } from '../../state/network-layers.js'
 */
import { nextNumber, readNumber } from '../../state/numbers.js';
import { isSame } from '../../state/networks.js';
import { make } from '../shared/dom.js';

/**
 * A field of a layer. `of`: the field of the layer's value that it is in, where that is not its name; `isRare`: behind “More”.
 * @typedef {{ name: string, label: string, of?: string, isRare?: boolean }
 *   & ({ as: 'whole' | 'number' } | { as: 'choice', words: Record<string, string> } | { as: 'switch' | 'learns' } | { as: 'begins', words: string[] })} Field
 */

/** Largest number that a field takes: the crate refuses far smaller ones with its own sentence. */
const WHOLE_MAX = 1_000_000;

/** @type {TensorSpec} */
const ZEROS = { initializer: 'zeros', trainable: true };
/** As the `s` networks have it: computed from the images, it does not learn. @type {TensorSpec} */
const WHITENING = { initializer: { whitening: { epsilon: 5e-4 } }, trainable: false };

/** @type {Field[]} */
const WINDOW = [{ name: 'size', label: 'Window', as: 'whole' }];
/** @type {Field} */
const BIAS = { name: 'bias', label: 'Bias', as: 'switch' };
/** @type {Field} */
const LEARNS = { name: 'learns', label: 'Weights learn', of: 'weight', as: 'learns', isRare: true };

/** @type {Record<Kind, Field[]>} */
export const FIELDS = {
  conv: [
    { name: 'filters', label: 'Filters', as: 'whole' },
    { name: 'kernel', label: 'Kernel', as: 'whole' },
    { name: 'padding', label: 'Padding', as: 'choice', words: { valid: 'valid', same: 'same' } },
    BIAS,
    { name: 'stride', label: 'Stride', as: 'whole', isRare: true },
    { name: 'begins', label: 'Weights begin', of: 'weight', as: 'begins', words: ['glorot', 'kaiming', 'dirac', 'whitening'], isRare: true },
    LEARNS,
  ],
  batch_norm: [
    { name: 'scale', label: 'Scale', as: 'switch' },
    { name: 'momentum', label: 'Momentum', as: 'number', isRare: true },
    { name: 'epsilon', label: 'Epsilon', as: 'number', isRare: true },
  ],
  activation: [{ name: 'function', label: 'Function', as: 'choice', words: { relu: 'ReLU', gelu: 'GELU', silu: 'SiLU' } }],
  max_pool: WINDOW,
  avg_pool: WINDOW,
  global_max_pool: [],
  global_avg_pool: [],
  dropout: [{ name: 'rate', label: 'Share', as: 'number' }],
  pad: [{ name: 'width', label: 'Pixels', as: 'whole' }, { name: 'with', label: 'Of', as: 'choice', words: { zero: 'zeros', reflect: 'the mirrored edge' } }],
  scale: [{ name: 'factor', label: 'Factor', as: 'number' }],
  flatten: [],
  dense: [
    { name: 'units', label: 'Units', as: 'whole' },
    BIAS,
    { name: 'begins', label: 'Weights begin', of: 'weight', as: 'begins', words: ['glorot', 'kaiming'], isRare: true },
    LEARNS,
  ],
  residual: [],
};

/** @param {TensorSpec['initializer']} initializer */
const wordOf = (initializer) => (typeof initializer === 'string' ? initializer : 'whitening');

/** What a field's part of a layer's value is. @param {Field} field @param {any} body */
const partOf = (field, body) => (typeof body === 'object' ? body[field.of ?? field.name] : body);

/** A control's text, or whether its box is ticked. @param {Field} field @param {any} part @returns {string | boolean} */
function shownAs(field, part) {
  if (field.as === 'switch') return part !== null;
  if (field.as === 'learns') return part.trainable;
  return field.as === 'begins' ? wordOf(part.initializer) : String(part);
}

/** What a switch that was on brings back. @param {Field} field @returns {TensorSpec} */
const switchedOn = ({ name }) => (name === 'scale' ? { initializer: 'ones', trainable: true } : ZEROS);

/**
 * The part of a layer's value that a control asks for.
 * @param {Field} field @param {any} part As it is. @param {string} text @param {boolean} isTicked
 * @returns {{ value: unknown } | { problem: string }}
 */
export function fieldValue(field, part, text, isTicked) {
  if (field.as === 'switch') return { value: isTicked ? switchedOn(field) : null };
  if (field.as === 'learns') return { value: { ...part, trainable: isTicked } };
  if (field.as === 'choice') return { value: text };
  if (field.as === 'begins') return { value: text === 'whitening' ? WHITENING : { initializer: text, trainable: true } };
  const read = readNumber(text, field.as === 'whole');
  if ('problem' in read) return read;
  const isFit = field.as === 'number' ? Number.isFinite(read.value) : Number.isInteger(read.value) && read.value >= 0 && read.value <= WHOLE_MAX;
  return isFit ? { value: read.value + 0 } : { problem: `Enter a ${field.as === 'whole' ? `whole number up to ${WHOLE_MAX.toLocaleString('en')}` : 'number'}.` };
}

/** @param {string} value @param {string} text */
const option = (value, text) => make('option', { text, attributes: { value } });

/** @param {Field} field */
function makeControl(field) {
  if (field.as === 'choice') return make('select', { children: Object.entries(field.words).map(([word, text]) => option(word, text)) });
  if (field.as === 'begins') return make('select', { children: field.words.map((word) => option(word, word)) });
  if (field.as === 'switch' || field.as === 'learns') return make('input', { attributes: { type: 'checkbox' } });
  const inputmode = field.as === 'whole' ? 'numeric' : 'decimal';
  return make('input', { className: 'number-field', attributes: { type: 'text', inputmode, autocomplete: 'off', spellcheck: 'false' } });
}

/**
 * A field with its label. What is typed and not yet taken stays when other things change.
 * @param {Field} field @param {(field: string, value: unknown) => void} change @param {(problem: string) => void} tell
 */
export function makeField(field, change, tell) {
  const control = makeControl(field);
  control.dataset.part = field.name;
  const isBox = control instanceof HTMLInputElement && control.type === 'checkbox';
  const label = make('span', { text: field.label });
  const element = make('label', { className: isBox ? 'layer-field check' : 'layer-field', children: isBox ? [control, label] : [label, control] });
  /** @type {any} */
  let part;
  /** What it showed last; nothing before the first time. @type {string | boolean | undefined} */
  let shown;

  /** @param {string} text */
  function take(text) {
    const read = fieldValue(field, part, text, isBox && control.checked);
    control.setAttribute('aria-invalid', String('problem' in read));
    tell('problem' in read ? `${field.label}: ${read.problem}` : '');
    if ('value' in read && !isSame(read.value, part)) change(field.of ?? field.name, read.value);
  }

  control.addEventListener('change', () => take(control.value));
  if (field.as === 'whole') {
    control.addEventListener('keydown', (event) => {
      const { key, altKey, ctrlKey, metaKey } = /** @type {KeyboardEvent} */ (event);
      const read = readNumber(control.value, true);
      if ((key !== 'ArrowUp' && key !== 'ArrowDown') || altKey || ctrlKey || metaKey || 'problem' in read) return;
      event.preventDefault();
      const next = Math.max(1, nextNumber(read.value, 'one', key === 'ArrowUp' ? 1 : -1));
      control.value = String(next);
      take(control.value);
    });
  }

  return {
    element,
    /** @param {any} body The layer's value. @param {string} place “layer 3”. */
    show(body, place) {
      part = partOf(field, body);
      control.setAttribute('aria-label', `${field.label} of ${place}`);
      const next = shownAs(field, part);
      if (next === shown) return;
      shown = next;
      control.setAttribute('aria-invalid', 'false');
      if (isBox) control.checked = Boolean(next);
      else {
        if (control instanceof HTMLSelectElement && ![...control.options].some(({ value }) => value === next)) control.append(option(String(next), String(next)));
        control.value = String(next);
        control.dataset.shown = control.value;
      }
    },
  };
}
