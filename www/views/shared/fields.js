/**
 * The settings' controls: those that index.html has, and those made here of the crate's table, in the place that
 * index.html names for them.
 *
 * @import { Field, Rule } from '../../state/fields.js'
 */
import { LABELS, RULES, SENTENCES } from '../../state/fields.js';
import { byId, make } from './dom.js';

/** @typedef {HTMLInputElement | HTMLSelectElement} Control */
/** A control with what stands around it. @typedef {{ control: Control, problem: HTMLElement, warning: HTMLElement, box: HTMLElement }} Placed */

/** What a choice is called, where its word alone says too little. @type {Partial<Record<Field, Record<string, string>>>} */
const WORDS = {
  optimizer: { adam: 'adam: the tutorial’s', adamw: 'adamw: weights decay apart', sgd: 'sgd: gradient descent', muon: 'muon: for kernels and matrices' },
  velocity: { 'rate-inside': 'rate-inside: as Keras', 'rate-outside': 'rate-outside: as PyTorch' },
  decay: { coupled: 'coupled: in the gradient', decoupled: 'decoupled: beside it' },
  decay_of: { weights: 'weights: kernels and matrices', all: 'all: biases too' },
  schedule: { constant: 'constant: as it is', 'one-cycle': 'one-cycle: up, then down', cosine: 'cosine: up, then down softly', drops: 'drops: after some epochs' },
  last_batch: { keep: 'keep: a smaller batch', drop: 'drop: left out' },
  pixels: { unit: 'unit: divided by 255', cifar10: 'cifar10: standardised too' },
  augment: { none: 'none: as chosen below', 'flip-shift': 'flip-shift: mirrored and moved a little' },
  flip: { none: 'none: as they are', random: 'random: by chance', alternating: 'alternating: every other epoch' },
  shift_edge: { zero: 'zero: black', reflect: 'reflect: mirrored' },
  keep: { last: 'last: of the last step', best: 'best: of the best epoch' },
  hold_out: { 'by-class': 'by-class: a share of each class', last: 'last: the last ones' },
};

/** What a field is told of with in the form, where the table's sentence goes by the names of other settings. @type {Partial<Record<Field, string>>} */
const HINTS = {
  augment: 'Ready-made, or none: then mirroring, shift and cutout say what is done to a training image.',
  lr_start: 'What the rate begins with, as a share of the learning rate.',
  lr_end: 'What it ends with, as a share of the learning rate.',
  warm_up: 'Share of all steps in which it rises to the learning rate.',
  drops: 'Numbers of the epochs after which it drops, like 5, 8.',
  drop_factor: 'What each drop multiplies it by.',
  patience: 'So many epochs without a smaller loss on held-out images end the run, with the weights of its best epoch; 0: it goes on to its end.',
  keep: 'Those of the last step, or of the epoch with the smallest loss on held-out images.',
  muon_momentum: 'Momentum of what Muon moves; it looks ahead.',
};

/** The table's sentence, without the marks that README has around names. @param {Field} field */
const sentenceOf = (field) => HINTS[field] ?? SENTENCES[field].replaceAll('`', '');

/** A field of a setting that index.html has no control for. @param {Field} field @param {(box: HTMLElement) => void} place @returns {Control} */
function makeField(field, place) {
  const attributes = { id: `field-${field}`, name: field, 'aria-describedby': `note-${field}` };
  const rule = RULES[field];
  const control = 'choices' in rule || 'pixels' in rule ? make('select', { attributes }) : make('input', { attributes: { ...attributes, type: 'text' } });
  const label = make('label', { text: LABELS[field], attributes: { for: control.id } });
  const note = make('p', { className: 'quiet', text: sentenceOf(field), attributes: { id: `note-${field}` } });
  place(make('div', { className: 'field wide', children: [label, control, note] }));
  return control;
}

/**
 * Gives a control what its rule says: a choice that index.html has no words for is called as links call it, and a
 * number brings the keyboard for one. Its text stays text, so that whatever is typed can be read and answered.
 * @param {Field} field @param {Control} control @param {Rule} rule
 */
function prepare(field, control, rule) {
  if (control instanceof HTMLSelectElement) {
    const offered = [...control.options].map(({ value }) => value);
    const words = 'choices' in rule ? rule.choices : 'pixels' in rule ? rule.pixels : [];
    const missing = words.filter((word) => !offered.includes(word));
    control.append(...missing.map((word) => make('option', { text: WORDS[field]?.[word] ?? word, attributes: { value: word } })));
    return;
  }
  if ('whole' in rule) control.inputMode = rule.whole ? 'numeric' : 'decimal';
  control.autocomplete = 'off';
  control.spellcheck = false;
}

/** Settings that index.html names a place for, and the place. @returns {Map<Field, HTMLElement>} */
function placesOf() {
  const places = new Map();
  for (const box of document.querySelectorAll('[data-fields]')) {
    const names = box.getAttribute('data-fields') ?? '';
    for (const name of names.split(' ')) places.set(/** @type {Field} */ (name), box);
  }
  return places;
}

/** @param {Control} control @param {string} id */
function describeBy(control, id) {
  const described = control.getAttribute('aria-describedby');
  control.setAttribute('aria-describedby', [described, id].filter(Boolean).join(' '));
}

/** @param {Field} field @param {Control} control @returns {Placed} */
function surround(field, control) {
  const [problem, warning] = ['problem', 'warning'].map((kind) => {
    const note = make('p', { className: kind, attributes: { id: `${kind}-${field}` } });
    note.hidden = true;
    control.after(note);
    describeBy(control, note.id);
    return note;
  });
  return { control, problem, warning, box: /** @type {HTMLElement} */ (control.closest('.field')) };
}

/**
 * Every field of the form. Those made here stand in the order that their place names; one that no place names comes last.
 * @param {HTMLFormElement} form @returns {Map<Field, Placed>}
 */
export function placeFields(form) {
  const places = placesOf();
  const known = /** @type {Field[]} */ (Object.keys(RULES));
  const fields = new Map();
  for (const field of [...[...places.keys()].filter((name) => known.includes(name)), ...known.filter((name) => !places.has(name))]) {
    const found = form.elements.namedItem(field);
    const isThere = found instanceof HTMLInputElement || found instanceof HTMLSelectElement;
    const named = places.get(field);
    const place = (/** @type {HTMLElement} */ box) => (named ? named.append(box) : byId('settings-note').before(box));
    const control = isThere ? found : makeField(field, place);
    prepare(field, control, RULES[field]);
    fields.set(field, surround(field, control));
  }
  return fields;
}
