/**
 * The settings form and the presets: kept in step with the configuration and the address bar.
 *
 * index.html has the fields with their words, and a setting that it has no field for gets one here. The rules of the
 * fields are config.js's, and which backends can run is the crate's to say; here
 * it is only shown.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 * @import { Field, Rule } from '../state/config.js'
 * @import { SelfCheck } from '../protocol/protocol.js'
 */
import { LABELS, PRESETS, RULES, isSaidByLink, presetOf, stepped } from '../state/config.js';
import { groupsOf, isNormalising } from '../state/networks.js';
import { isOccupied } from '../state/phases.js';
import { shownNetwork } from '../state/planning.js';
import { problemsOf } from '../state/store.js';
import { withheld } from '../engine/capabilities.js';
import { byId, make, setText } from './shared/dom.js';
import { count } from './shared/format.js';

/** @typedef {HTMLInputElement | HTMLSelectElement} Control */

/** A field of a setting that index.html has no place for: it stands behind the others. @param {Field} field @returns {Control} */
function addField(field) {
  const attributes = { id: `field-${field}`, name: field };
  const control = 'choices' in RULES[field] ? make('select', { attributes }) : make('input', { attributes: { ...attributes, type: 'text' } });
  const label = make('label', { text: LABELS[field], attributes: { for: control.id } });
  byId('settings-note').before(make('div', { className: 'field wide', children: [label, control] }));
  return control;
}

/**
 * Gives a control what its rule says: a choice that index.html has no words for is called as links call it, and a
 * number brings the keyboard for one. Its text stays text, so that whatever is typed can be read and answered.
 * @param {Control} control @param {Rule} rule
 */
function prepare(control, rule) {
  if (control instanceof HTMLSelectElement && 'choices' in rule) {
    const offered = [...control.options].map(({ value }) => value);
    const missing = rule.choices.filter((word) => !offered.includes(word));
    control.append(...missing.map((word) => make('option', { text: word, attributes: { value: word } })));
  } else if (control instanceof HTMLInputElement && 'whole' in rule) {
    control.inputMode = rule.whole ? 'numeric' : 'decimal';
    control.autocomplete = 'off';
    control.spellcheck = false;
  }
}

/** @param {HTMLFormElement} form @returns {Map<Field, { control: Control, note: HTMLElement }>} */
function findFields(form) {
  const fields = new Map();
  for (const field of /** @type {Field[]} */ (Object.keys(RULES))) {
    const found = form.elements.namedItem(field);
    const control = found instanceof HTMLInputElement || found instanceof HTMLSelectElement ? found : addField(field);
    prepare(control, RULES[field]);
    const note = make('p', { className: 'problem', attributes: { id: `problem-${field}` } });
    note.hidden = true;
    control.after(note);
    const described = control.getAttribute('aria-describedby');
    control.setAttribute('aria-describedby', [described, note.id].filter(Boolean).join(' '));
    fields.set(field, { control, note });
  }
  return fields;
}

/** @param {number} share @returns {string} Also of a share that is far below a hundredth. */
const tiny = (share) => `${Number((share * 100).toPrecision(2))} %`;

/** @param {SelfCheck | null | undefined} check @returns {string} */
function checkSentence(check) {
  if (!check) return '';
  return ` One batch was computed on the processor too: the loss is ${tiny(check.loss_difference)} apart and the gradients `
    + `${tiny(check.gradient_difference)}, and ${tiny(check.tolerance)} is accepted.`;
}

/**
 * More workers than cores are not refused, because the same number of them gives the same figures on every machine.
 * @param {number} workers @param {number | undefined} cores Where the browser says how many there are.
 */
export function workersPhrase(workers, cores) {
  if (workers < 2) return '';
  return cores && workers > cores ? `, with ${workers} workers on ${count(cores, 'core')}, which only takes more time` : `, on ${workers} cores`;
}

/** What the choice of cores is worth here. @param {number} workers @param {number | undefined} cores */
export function workersNote(workers, cores) {
  const tooMany = cores && workers > cores ? `This machine has ${count(cores, 'core')}: more than that only take more time. ` : '';
  return `${tooMany}0: as many as pay here. The graphics card does not use them.`;
}

/** As many as the crate takes by itself at most. */
const USUAL_WORKERS = 8;

/**
 * That a network is computed by fewer cores than were asked for, because it normalises whole groups of images.
 * @param {State} state @param {number | undefined} cores
 */
export function groupsNote(state, cores) {
  const { batch, workers } = state.config;
  const shown = shownNetwork(state);
  const groups = groupsOf(state.config);
  const asked = workers || Math.min(cores ?? 1, USUAL_WORKERS);
  if (!shown || !isNormalising(shown.summary) || asked <= groups) return '';
  if (groups === 1) return `This network normalises a batch of ${count(batch, 'image')} as one group, so one core is used. `;
  return `This network normalises a batch of ${count(batch, 'image')} in ${groups} groups, so at most ${groups} cores are used. `;
}

/** @param {State} state @returns {string} What runs, and why; and whether a choice still waits. */
function backendSentence(state) {
  if (!state.loaded) return 'The engine is not ready yet.';
  const { active, reason, adapter, workers, self_check: check } = state.loaded.backend;
  const { config } = state.loaded;
  const waits = config.backend !== state.config.backend || config.workers !== state.config.workers ? ' Your choice applies at the next start.' : '';
  return `Runs on ${active}${adapter ? ` (${adapter})` : ''}${workersPhrase(workers, navigator.hardwareConcurrency)}. ${reason}${checkSentence(check)}${waits}`;
}

/**
 * The choice of a backend: one that cannot run here may not be chosen, and below stands why.
 * @param {HTMLSelectElement} select @param {HTMLElement} list
 */
function mountBackends(select, list) {
  const names = new Map([...select.options].map((option) => [option, option.text]));
  /** @param {State} state */
  return function renderBackends({ backends }) {
    for (const [option, name] of names) {
      const cannot = backends.some(({ backend, available }) => backend === option.value && !available);
      option.disabled = cannot;
      option.text = cannot ? `${name} — not available here` : name;
    }
    list.replaceChildren(...backends.filter(({ remark }) => remark).map(({ backend, remark }) => (
      make('li', { text: `${backend}: ${remark}` }))));
  };
}

/** The choice in the list of networks that stands for layers without a name, of the editor, a link or a file, while it is that. */
const OWN_LAYERS = 'own';

/** Offers layers without a name as long as they are what is set. @param {HTMLSelectElement} select */
function mountNetworks(select) {
  const own = make('option', { text: 'layers of its own, as the Network panel lists them', attributes: { value: OWN_LAYERS } });
  /** @param {State} state */
  return function renderNetworks({ config }) {
    if (typeof config.network === 'string') own.remove();
    else if (!own.isConnected) select.append(own);
  };
}

/** What a control shows of a setting. @param {State['config'][Field]} value */
const shownAs = (value) => (typeof value === 'object' ? OWN_LAYERS : String(value));

/** What of the settings the address bar does not hold. */
const NOT_SAID = 'The address bar holds these settings, but not all that came with the file: to hand this run on, save it and share the file.';

/** What the settings are as long as none was changed, by the preset. @type {Record<string, string>} */
const STILL = { quick: 'the quick run’s', tutorial: 'those of the tutorial’s run' };

/** Whoever wants a run of their own is told whose settings these still are. @param {State} state @returns {string} */
function ownHint({ config }) {
  const preset = presetOf(config);
  return preset ? `The settings are still ${STILL[preset]}: change what you like.` : '';
}

/** @param {Store} store @param {Actions} actions */
export function mountSettings(store, actions) {
  const form = byId('settings', HTMLFormElement);
  const fields = findFields(form);
  const presets = byId('presets', HTMLFieldSetElement);
  const backendActive = byId('backend-active');
  const hint = byId('own-hint');
  const workers = byId('workers-note');
  const note = byId('settings-note');
  const said = note.textContent ?? '';
  const renderNetworks = mountNetworks(byId('field-network', HTMLSelectElement));
  const renderBackends = mountBackends(byId('field-backend', HTMLSelectElement), byId('backend-remarks'));
  const missing = withheld();
  byId('withheld').hidden = missing === null;
  setText(byId('withheld-text'), missing ?? '');

  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', (event) => {
    const control = /** @type {Control} */ (event.target);
    store.dispatch({ type: 'field_edited', field: /** @type {Field} */ (control.name), text: control.value });
    actions.writeFragment();
  });
  // The fields are plain text: the wheel changes nothing, and a comma stays to be read.
  form.addEventListener('keydown', (event) => {
    const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : null;
    const control = event.target;
    if (!direction || !(control instanceof HTMLInputElement) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const field = /** @type {Field} */ (control.name);
    const text = stepped(field, control.value, direction);
    if (text === control.value) return;
    store.dispatch({ type: 'field_edited', field, text });
    actions.writeFragment();
  });
  presets.addEventListener('change', (event) => {
    const name = /** @type {HTMLInputElement} */ (event.target).value;
    if (!PRESETS[name]) { // “Your own” is the form below; the arrow keys pass over it, so the focus stays.
      showHint(ownHint(store.get()));
      return;
    }
    store.dispatch({ type: 'preset_chosen', preset: PRESETS[name] });
    actions.writeFragment();
  });

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    const locked = isOccupied(state);
    const problems = problemsOf(state);
    presets.disabled = locked;
    renderNetworks(state);
    for (const [field, { control, note: problem }] of fields) {
      control.disabled = locked;
      problem.hidden = !problems[field];
      setText(problem, problems[field] ?? '');
      control.setAttribute('aria-invalid', String(Boolean(problems[field])));
      const unreadable = Boolean(state.problems[field]);
      if (!unreadable && state.config !== before?.config) control.value = shownAs(state.config[field]);
    }
    setText(backendActive, backendSentence(state));
    setText(workers, `${groupsNote(state, navigator.hardwareConcurrency)}${workersNote(state.config.workers, navigator.hardwareConcurrency)}`);
    setText(note, isSaidByLink(state.config) ? said : NOT_SAID);
    if (state.backends !== before?.backends) renderBackends(state);
    if (state.config !== before?.config) {
      renderPreset(presetOf(state.config) ?? 'own');
      showHint('');
    }
  }

  /** @param {string} text */
  function showHint(text) {
    hint.hidden = text === '';
    setText(hint, text);
  }

  /** @param {string} name */
  function renderPreset(name) {
    for (const radio of presets.querySelectorAll('input')) radio.checked = radio.value === name;
  }

  store.subscribe(render);
  render(store.get());
}
