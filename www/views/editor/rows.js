/**
 * The rows of the editor of networks: a layer each, with its kind, its fields, what the crate says of it, and the buttons
 * that move, remove and add. A residual layer's row has its own list.
 *
 * Rows are kept as long as their layer is there, or another one comes to its place (the layers of a network that has a name
 * have other ids): whoever types or tabs keeps the place.
 *
 * @import { LayerSpec } from '../../protocol/protocol.js'
 * @import { Kind } from '../../state/network-layers.js'
 * @import { Edit } from '../../state/network-edits.js'
 * @import { Row } from '../../state/network-rows.js'
 */
import { KINDS, bodyOf, kindOf } from '../../state/network-layers.js';
import { FIELDS, makeField } from './fields.js';
import { make, setText } from '../shared/dom.js';
import { count } from '../shared/format.js';

/** @type {Record<Kind, string>} */
export const KIND_NAMES = {
  conv: 'Convolution', batch_norm: 'Batch normalisation', activation: 'Activation', max_pool: 'Max pooling', avg_pool: 'Mean pooling',
  global_max_pool: 'Global max pooling', global_avg_pool: 'Global mean pooling', dropout: 'Dropout', pad: 'Border', scale: 'Scale',
  flatten: 'Flatten', dense: 'Dense', residual: 'Residual block',
};

/** What all rows are drawn from. @typedef {{ rows: Map<number, Row> | null, blamed: number | null, problem: string }} Said */
/** What a row does: `part` is the control of a row that is to have the focus afterwards. @typedef {(edit: Edit, said: string, part: string) => void} DoEdit */

/** The layer that is added most often behind one. @param {Kind} kind @param {Row | undefined} row @returns {Kind} */
function kindAfter(kind, row) {
  if (kind === 'conv' || kind === 'dense') return 'activation';
  return row && row.row.output_shape.length === 1 ? 'dense' : 'conv';
}

/** Multiply-adds as a person reads them. @param {number} products */
export const productsOf = (products) => `${products < 1e6 ? count(products) : `${(products / 1e6).toFixed(1)} million`} multiply-adds`;

/** What the crate says of a layer: its shape, and what it has and costs. @param {Row | undefined} said */
export function figuresOf(said) {
  if (!said) return '';
  const { output_shape: shape, parameters, multiply_adds: products } = said.row;
  const parts = [shape.map((side) => count(side)).join(' × ')];
  if (said.isOwn && parameters > 0) parts.push(count(parameters, 'parameter'));
  if (said.isOwn && products > 0) parts.push(productsOf(products));
  return parts.join(' · ');
}

/** @param {string} part @param {string} text @param {() => void} press */
function makeButton(part, text, press) {
  const button = make('button', { className: 'layer-button', text, attributes: { type: 'button', 'data-part': part } });
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') !== 'true') press();
  });
  return button;
}

/**
 * What a row has of its layer's kind: its fields, those that few change behind “More”, and a residual layer's own list.
 * @param {() => number} id @param {Kind} kind @param {DoEdit} doEdit @param {() => string} place @param {(problem: string) => void} tell
 */
function makeContent(id, kind, doEdit, place, tell) {
  const fields = FIELDS[kind].map((field) => ({
    isRare: field.isRare,
    ...makeField(field, (name, value) => doEdit({ do: 'change', id: id(), field: name, value }, `${field.label} of ${place()} changed`, field.name), tell),
  }));
  const usual = fields.filter(({ isRare }) => !isRare).map(({ element }) => element);
  const rare = fields.filter(({ isRare }) => isRare).map(({ element }) => element);
  const title = make('summary', { text: 'More' });
  const more = make('details', { className: 'layer-more', children: [title, make('div', { className: 'layer-fields', children: rare })] });
  const inner = kind === 'residual' ? createList('Layers of the residual block', true, doEdit) : null;
  return {
    kind,
    fields: rare.length > 0 ? [...usual, more] : usual,
    inner: inner ? [inner.element] : [],
    /** @param {any} body The layer's value. @param {string} prefix Of the numbers of a residual layer's own. @param {Said} said */
    show(body, prefix, said) {
      title.setAttribute('aria-label', `More of ${place()}`);
      for (const field of fields) field.show(body, place());
      inner?.show(body.layers, prefix, said);
    },
  };
}

/** The buttons of a row. @param {() => number} id @param {DoEdit} doEdit @param {() => string} place @param {() => Kind} kindToAdd */
function makeButtons(id, doEdit, place, kindToAdd) {
  const buttons = {
    up: makeButton('up', '↑', () => doEdit({ do: 'move', id: id(), by: -1 }, `${place()} moved up`, 'up')),
    down: makeButton('down', '↓', () => doEdit({ do: 'move', id: id(), by: 1 }, `${place()} moved down`, 'down')),
    remove: makeButton('remove', '×', () => doEdit({ do: 'remove', id: id() }, `${place()} removed`, 'remove')),
    add: makeButton('add', '+', () => doEdit({ do: 'add', after: id(), kind: kindToAdd() }, `${KIND_NAMES[kindToAdd()]} added behind ${place()}`, 'kind')),
  };
  return {
    elements: Object.values(buttons),
    /** @param {boolean} isFirst @param {boolean} isLast */
    show(isFirst, isLast) {
      const names = { up: `Move ${place()} up`, down: `Move ${place()} down`, remove: `Remove ${place()}`, add: `Add a layer behind ${place()}` };
      for (const [part, name] of Object.entries(names)) {
        const button = buttons[/** @type {keyof typeof buttons} */ (part)];
        button.setAttribute('aria-label', name);
        button.title = name;
      }
      buttons.up.setAttribute('aria-disabled', String(isFirst));
      buttons.down.setAttribute('aria-disabled', String(isLast));
    },
  };
}

/** @param {boolean} isInner @param {DoEdit} doEdit */
function makeRow(isInner, doEdit) {
  let id = 0;
  let place = '';
  /** @type {Row | undefined} */
  let row;
  /** @type {ReturnType<typeof makeContent> | null} */
  let content = null;
  const kinds = KINDS.filter((each) => !isInner || each !== 'residual').map((each) => make('option', { text: KIND_NAMES[each], attributes: { value: each } }));
  const kindSelect = make('select', { className: 'layer-kind', attributes: { 'data-part': 'kind' }, children: kinds });
  kindSelect.addEventListener('change', () => {
    const kind = /** @type {Kind} */ (kindSelect.value);
    doEdit({ do: 'replace', id, kind }, `${place} is ${KIND_NAMES[kind]} now`, 'kind');
  });
  const buttons = makeButtons(() => id, doEdit, () => place, () => kindAfter(/** @type {Kind} */ (kindSelect.value), row));
  const number = make('span', { className: 'layer-number', attributes: { 'aria-hidden': 'true' } });
  const fields = make('div', { className: 'layer-fields' });
  const figures = make('p', { className: 'quiet layer-figures' });
  const unread = make('p', { className: 'problem' });
  const problem = make('p', { className: 'problem' });
  const inner = make('div', {});
  problem.hidden = unread.hidden = true;
  const line = make('div', { className: 'layer-line', children: [number, kindSelect, fields, make('span', { className: 'layer-buttons', children: buttons.elements })] });
  const element = make('li', { className: 'layer-row', children: [line, figures, unread, problem, inner] });

  /** What is typed and cannot be read. @param {string} sentence */
  function tell(sentence) {
    unread.hidden = sentence === '';
    setText(unread, sentence);
  }

  /** @param {Said} said */
  function showSaid(said) {
    const isBlamed = said.blamed === id;
    element.classList.toggle('blamed', isBlamed);
    problem.hidden = !isBlamed;
    setText(problem, isBlamed ? said.problem : '');
    if (isBlamed) kindSelect.setAttribute('aria-describedby', problem.id);
    else kindSelect.removeAttribute('aria-describedby');
    setText(figures, figuresOf(row));
  }

  return {
    element,
    /** @param {LayerSpec} spec @param {number} at @param {number} of How many layers its list has. @param {string} prefix Of a residual layer's own, its number. @param {Said} said */
    show({ id: layerId, layer }, at, of, prefix, said) {
      id = layerId;
      element.dataset.layer = String(id);
      problem.id = `layer-${id}-problem`;
      const kind = kindOf(layer);
      place = `layer ${prefix}${at + 1}`;
      row = said.rows?.get(id);
      if (content?.kind !== kind) {
        content = makeContent(() => id, kind, doEdit, () => place, tell);
        fields.replaceChildren(...content.fields);
        inner.replaceChildren(...content.inner);
        tell('');
      }
      if (kindSelect.value !== kind) kindSelect.value = kind;
      kindSelect.setAttribute('aria-label', `Kind of ${place}`);
      element.setAttribute('aria-label', `${place}, ${KIND_NAMES[kind]}`);
      setText(number, `${prefix}${at + 1}`);
      content.show(bodyOf(layer), `${prefix}${at + 1}.`, said);
      buttons.show(at === 0, at === of - 1);
      showSaid(said);
    },
  };
}

/**
 * A list of layers.
 * @param {string} name @param {boolean} isInner Whether it is a residual layer's own. @param {DoEdit} doEdit
 * @returns {{ element: HTMLElement, show: (layers: readonly LayerSpec[], prefix: string, said: Said) => void }}
 */
export function createList(name, isInner, doEdit) {
  const element = make('ol', { className: 'layer-list', attributes: { 'aria-label': name } });
  /** By the layers' ids. @type {Map<number, ReturnType<typeof makeRow>>} */
  let rows = new Map();

  return {
    element,
    show(layers, prefix, said) {
      const before = rows;
      const isRenumbered = layers.length === before.size && !layers.every(({ id }) => before.has(id));
      const inOrder = [...before.values()];
      rows = new Map(layers.map(({ id }, at) => [id, (isRenumbered ? inOrder[at] : before.get(id)) ?? makeRow(isInner, doEdit)]));
      const inUse = new Set(rows.values());
      for (const row of before.values()) if (!inUse.has(row)) row.element.remove();
      [...rows.values()].forEach((row, at) => {
        if (element.children[at] !== row.element) element.insertBefore(row.element, element.children[at] ?? null);
        row.show(layers[at], at, layers.length, prefix, said);
      });
    },
  };
}
