/**
 * The settings form: kept in step with the configuration and the address bar.
 *
 * Its controls are shared/fields.js's to make, the rules of the fields are those of the state (fields.js, fitting.js), and which
 * backends can run is the crate's to say; here it is only shown. A field that does nothing under the others is hidden, and keeps
 * its value; one that cannot stay is always in sight.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 * @import { Field } from '../state/fields.js'
 * @import { Control, Placed } from './shared/fields.js'
 * @import { SelfCheck } from '../protocol/protocol.js'
 */
import { isSaidByLink } from '../state/config.js';
import { DEFAULTS, isSameSetting, stepped, textOf } from '../state/fields.js';
import { isEffective, warningsOf } from '../state/fitting.js';
import { groupsOf, isNormalising } from '../state/networks.js';
import { isOccupied } from '../state/phases.js';
import { shownNetwork } from '../state/planning.js';
import { problemsOf } from '../state/store.js';
import { withheld } from '../engine/capabilities.js';
import { byId, make, setText } from './shared/dom.js';
import { placeFields } from './shared/fields.js';
import { count } from './shared/format.js';
import { choosingSentence } from './shared/images-sentence.js';

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

/** What stands for a setting that no text says, as long as a file's run has it. */
const OF_FILE = 'file';
/** What stands for layers without a name, of the editor, a link or a file. */
const OWN_LAYERS = 'layers of its own, as the Network panel lists them';

/** Has a control show a setting. @param {Control} control @param {Field} field @param {State['config']} config */
function show(control, field, config) {
  const text = textOf(field, config[field]);
  const words = field === 'network' ? OWN_LAYERS : text ?? 'from the file';
  if (control instanceof HTMLSelectElement) {
    control.querySelector('[data-own]')?.remove(); // What only a link or a file has is offered as long as it is set.
    const value = text ?? OF_FILE;
    const isOffered = [...control.options].some((option) => option.value === value);
    if (!isOffered) control.append(make('option', { text: words, attributes: { value, 'data-own': '' } }));
  }
  control.value = text ?? OF_FILE;
}

/** What of the settings the address bar does not hold. */
const NOT_SAID = 'The address bar holds these settings, but not all that came with the file: to hand this run on, save it and share the file.';

/** How each folded group is told of in a word or two, beside its name. @type {Record<string, (state: State, fields: Field[]) => string>} */
const GROUPS = {
  'group-rule': ({ config }) => config.optimizer,
  'group-schedule': ({ config }) => config.schedule,
  'group-overfitting': changedPhrase,
  'group-data': changedPhrase,
};

/** How many of a group's settings are other ones than the tutorial's. @param {State} state @param {Field[]} fields */
function changedPhrase(state, fields) {
  const changed = fields.filter((field) => isEffective(field, state) && !isSameSetting(field, state.config[field], DEFAULTS[field]));
  return changed.length === 0 ? 'as in the tutorial' : `${changed.length} in use`;
}

/** The groups of fields, folded until somebody opens them, or a field in one cannot stay. @param {Map<Field, Placed>} fields */
function mountGroups(fields) {
  const groups = Object.entries(GROUPS).map(([id, say]) => {
    const box = byId(id, HTMLDetailsElement);
    const within = [...fields].filter(([, placed]) => box.contains(placed.box)).map(([field]) => field);
    return { box, within, say, phrase: /** @type {HTMLElement} */ (box.querySelector('.group-phrase')) };
  });
  /** @param {State} state @param {Record<string, string>} problems @param {Record<string, string>} problemsBefore */
  return function renderGroups(state, problems, problemsBefore) {
    for (const { box, within, say, phrase } of groups) {
      setText(phrase, say(state, within));
      if (within.some((field) => problems[field] && !problemsBefore[field])) box.open = true;
    }
  };
}

/** @param {Store} store @param {Actions} actions */
export function mountSettings(store, actions) {
  const form = byId('settings', HTMLFormElement);
  const fields = placeFields(form);
  const backendActive = byId('backend-active');
  const workers = byId('workers-note');
  const note = byId('settings-note');
  const choosing = byId('choosing');
  const said = note.textContent ?? '';
  const renderGroups = mountGroups(fields);
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

  /** @param {Field} field @param {Placed} placed @param {State} state @param {State | undefined} before @param {{ problem: string | undefined, warning: string | undefined, isLocked: boolean }} said */
  function renderField(field, { control, problem, warning, box }, state, before, said) {
    control.disabled = said.isLocked;
    for (const [note, sentence] of /** @type {const} */ ([[problem, said.problem], [warning, said.warning]])) {
      note.hidden = !sentence;
      setText(note, sentence ?? '');
    }
    control.setAttribute('aria-invalid', String(Boolean(said.problem)));
    box.hidden = !said.problem && !isEffective(field, state);
    if (!state.problems[field] && state.config !== before?.config) show(control, field, state.config);
  }

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    const isLocked = isOccupied(state);
    const problems = problemsOf(state);
    const warnings = warningsOf(state.config);
    for (const [field, placed] of fields) renderField(field, placed, state, before, { problem: problems[field], warning: warnings[field], isLocked });
    renderGroups(state, problems, before ? problemsOf(before) : {});
    setText(backendActive, backendSentence(state));
    setText(workers, `${groupsNote(state, navigator.hardwareConcurrency)}${workersNote(state.config.workers, navigator.hardwareConcurrency)}`);
    setText(choosing, choosingSentence(state));
    choosing.hidden = choosing.textContent === '';
    setText(note, isSaidByLink(state.config) ? said : NOT_SAID);
    if (state.backends !== before?.backends) renderBackends(state);
  }
  store.subscribe(render);
  render(store.get());
}
