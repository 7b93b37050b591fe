/**
 * The editor in the Network panel: the layers as a list that is edited by pointer and keyboard, with the crate's figures
 * beside each, or its sentence beside the one that is to blame.
 *
 * What an edit does is network-edits.js's, what the crate's words are about network-rows.js's; a row is editor/rows.js's.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 * @import { Edit } from '../state/network-edits.js'
 */
import { NAMED_NETWORKS } from '../protocol/networks.js';
import { epochSeconds } from '../state/network-cost.js';
import { canRedo, canUndo, layersOf } from '../state/network-edits.js';
import { allLayers } from '../state/network-layers.js';
import { blamed, readable, rowsOf, summaryOf } from '../state/network-rows.js';
import { isSame } from '../state/networks.js';
import { isOccupied } from '../state/phases.js';
import { createList, productsOf } from './editor/rows.js';
import { announce, byId, make, setText } from './shared/dom.js';
import { count, duration } from './shared/format.js';

/** The choice that stands for layers without a name, while they are that. */
const OWN = 'own';
const MOVES = { ArrowUp: 'up', ArrowDown: 'down' };

/** Why the network that is shown cannot be built, and where. @param {State} state */
export function refusalOf({ refusal, config: { network } }) {
  if (!refusal || !isSame(refusal.network, network)) return { blamed: null, problem: '' };
  const id = blamed(layersOf(network), refusal.sentence);
  return { blamed: id, problem: readable(refusal.sentence, id !== null) };
}

/** What the whole network costs. @param {State} state @returns {string} */
export function totalSentence(state) {
  const summary = summaryOf(state);
  if (refusalOf(state).problem) return 'This network cannot be built: Start waits until it can.';
  if (!summary) return '';
  const products = summary.layers.reduce((all, layer) => all + layer.multiply_adds, 0);
  const sizes = `In all ${count(summary.total_parameters, 'parameter')} and ${productsOf(products)} an image.`;
  const seconds = epochSeconds(state, summary);
  if (seconds === null) return `${sizes} How long an epoch takes here is known after the first steps of a run.`;
  return `${sizes} An epoch of ${count(state.config.train, 'image')} takes ${seconds < 1 ? 'under a second' : `about ${duration(seconds)}`} here.`;
}

/** @param {HTMLElement} editor @param {string} id @param {string} part */
const partOf = (editor, id, part) => editor.querySelector(`[data-layer="${id}"] > .layer-line [data-part="${part}"]`);

/** @param {Element | null} element The row that it lies in. */
const rowAround = (element) => /** @type {HTMLElement | null} */ (element?.closest('[data-layer]') ?? null);

/** @param {Store} store @param {Actions} actions */
export function mountEditor(store, actions) {
  const editor = byId('editor', HTMLDetailsElement);
  const fields = byId('editor-fields', HTMLFieldSetElement);
  const named = byId('editor-named', HTMLSelectElement);
  const undo = byId('editor-undo', HTMLButtonElement);
  const redo = byId('editor-redo', HTMLButtonElement);
  const first = byId('editor-first', HTMLButtonElement);
  const problem = byId('editor-problem');
  const own = make('option', { text: 'layers of your own', attributes: { value: OWN } });
  named.append(...Object.keys(NAMED_NETWORKS).map((name) => make('option', { text: name, attributes: { value: name } })));
  const list = createList('Layers of the network', false, edit);
  byId('editor-list').append(list.element);
  let heard = '';
  /** The control that had the focus when a key moved or removed its layer. @type {string | undefined} */
  let keyPart;

  /** The ids of the layers that are shown, in order. */
  const shownIds = () => allLayers(layersOf(store.get().config.network).layers).map(({ id }) => String(id));

  /** @param {Edit} action @param {string} said @param {string} pressed The control that did it. */
  function edit(action, said, pressed) {
    const before = shownIds();
    const part = keyPart ?? pressed;
    actions.editNetwork({ type: 'network_edited', edit: action });
    const { network } = store.get().config;
    const isNamed = typeof network === 'string';
    announce(`${said.charAt(0).toUpperCase()}${said.slice(1)}.${isNamed ? ` This is the network ${network}.` : ''}`);
    const after = shownIds();
    const at = before.indexOf(String(action.do === 'add' ? action.after : action.id));
    // A field that was left by Tab has handed the focus on already, and its row stays. A network that has a name has ids of its own.
    if (action.do === 'add') focusOn(isNamed ? after[at + 1] : after.find((id) => !before.includes(id)), part);
    else if (action.do === 'remove') focusOn(after[Math.min(at, after.length - 1)], part);
    else if (action.do === 'move') focusOn(isNamed ? after[at + action.by] : String(action.id), part);
  }

  /** Gives the focus to a control of a row, or to the first button where there is no row left. @param {string | undefined} id @param {string} part */
  function focusOn(id, part) {
    const found = id === undefined ? first : partOf(editor, id, part) ?? partOf(editor, id, 'kind');
    if (found instanceof HTMLElement && found !== document.activeElement) found.focus();
  }

  /** @param {'network_undone' | 'network_redone'} type */
  function step(type) {
    const isPossible = type === 'network_undone' ? canUndo(store.get()) : canRedo(store.get());
    if (!isPossible) return;
    const held = /** @type {HTMLElement | null} */ (document.activeElement);
    const id = rowAround(held)?.dataset.layer;
    const place = id ? shownIds().indexOf(id) : 0;
    actions.editNetwork({ type });
    announce(type === 'network_undone' ? 'Undone.' : 'Done again.');
    if (!id) return;
    const ids = shownIds();
    focusOn(ids.includes(id) ? id : ids[Math.min(place, ids.length - 1)], held?.dataset.part ?? 'kind');
  }

  /** Whether a key belongs to the text that is being typed. @param {EventTarget | null} target */
  const isTyping = (target) => target instanceof HTMLInputElement && target.type === 'text';

  editor.addEventListener('keydown', (event) => {
    if (isOccupied(store.get())) return;
    const row = rowAround(/** @type {Element} */ (event.target));
    const move = MOVES[/** @type {keyof typeof MOVES} */ (event.key)];
    const press = (/** @type {string} */ part) => {
      event.preventDefault();
      const button = row && partOf(editor, row.dataset.layer ?? '', part);
      keyPart = /** @type {HTMLElement} */ (event.target).dataset.part ?? 'kind';
      if (button instanceof HTMLElement) button.click();
      keyPart = undefined;
    };
    if (event.altKey && move && row) press(move);
    else if (event.key === 'Delete' && row && !isTyping(event.target)) press('remove');
    else if ((event.ctrlKey || event.metaKey) && ['z', 'y'].includes(event.key.toLowerCase())) {
      if (isTyping(event.target) && isHalfTyped(/** @type {HTMLInputElement} */ (event.target))) return; // The browser undoes letters.
      event.preventDefault();
      step(event.key.toLowerCase() === 'y' || event.shiftKey ? 'network_redone' : 'network_undone');
    }
  });
  undo.addEventListener('click', () => step('network_undone'));
  redo.addEventListener('click', () => step('network_redone'));
  first.addEventListener('click', () => edit({ do: 'add', after: null, kind: 'conv' }, 'Convolution added at the beginning', 'kind'));
  named.addEventListener('change', () => {
    if (named.value === OWN) return;
    actions.editNetwork({ type: 'network_chosen', name: named.value });
    announce(`The layers of ${named.value} are shown.`);
  });
  editor.addEventListener('toggle', () => render(store.get()));

  /** @param {State} state */
  function renderChoice({ config }) {
    const isNamed = typeof config.network === 'string';
    if (isNamed) own.remove();
    else if (!own.isConnected) named.append(own);
    named.value = isNamed ? /** @type {string} */ (config.network) : OWN;
  }

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    if (!editor.open) return;
    fields.disabled = isOccupied(state);
    setText(byId('editor-total'), totalSentence(state));
    if (before && state.config.network === before.config.network && state.refusal === before.refusal && state.planned === before.planned
      && state.loaded === before.loaded) return;
    renderChoice(state);
    undo.setAttribute('aria-disabled', String(!canUndo(state)));
    redo.setAttribute('aria-disabled', String(!canRedo(state)));
    const network = layersOf(state.config.network);
    const summary = summaryOf(state);
    const refused = refusalOf(state);
    const held = document.activeElement;
    list.show(network.layers, '', { rows: summary && rowsOf(network, summary), ...refused });
    // A row that was moved has lost the focus.
    if (held instanceof HTMLElement && held !== document.activeElement && held.isConnected && editor.contains(held)) held.focus();
    problem.hidden = refused.problem === '' || refused.blamed !== null;
    setText(problem, problem.hidden ? '' : refused.problem);
    if (refused.problem !== heard && refused.problem !== '') announce(refused.problem);
    heard = refused.problem;
  }

  store.subscribe(render);
}

/** Whether a text field holds other text than the network has. @param {HTMLInputElement} input */
const isHalfTyped = (input) => input.dataset.shown !== undefined && input.dataset.shown !== input.value;
