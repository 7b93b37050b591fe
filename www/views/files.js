/**
 * The visitor's own files in the Data panel: choosing them, what each is for, taking one away, and the way
 * back to the server's images.
 *
 * A row stays the same element while its file is there, so that the focus stays in it when the files are sent anew.
 *
 * @import { AddedFile, State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { isOccupied } from '../state/phases.js';
import { byId, make, setText } from './shared/dom.js';
import { count } from './shared/format.js';

/** @typedef {{ item: HTMLLIElement, use: HTMLSelectElement, remove: HTMLButtonElement, told: HTMLElement }} Row */

/** @param {AddedFile} file @returns {string} */
export function fileSentence({ split, records, known, isAdded }) {
  if (!isAdded) return 'being checked';
  return `${count(records, 'image')} for ${split === 'test' ? 'testing' : 'training'}, ${known ? `known as ${known}` : 'unknown: not an official file'}`;
}

/** @param {AddedFile} file @param {Actions} actions @returns {Row} */
function makeRow({ key, file }, actions) {
  const option = (/** @type {string} */ value, /** @type {string} */ text) => make('option', { text, attributes: { value } });
  const use = make('select', { attributes: { 'aria-label': `Use ${file} for` }, children: [option('train', 'Training'), option('test', 'Testing')] });
  const remove = make('button', { text: 'Remove', attributes: { type: 'button', 'aria-label': `Remove ${file}` } });
  const told = make('span');
  use.addEventListener('change', () => void actions.setSplit(key, use.value === 'test' ? 'test' : 'train'));
  remove.addEventListener('click', () => {
    byId('drop').focus(); // Else the focus would go with the row.
    void actions.removeFile(key);
  });
  const item = make('li', { children: [make('strong', { text: file }), told, make('span', { className: 'row', children: [use, remove] })] });
  return { item, use, remove, told };
}

/** @param {Store} store @param {Actions} actions */
export function mountFiles(store, actions) {
  const list = byId('file-list');
  const leave = byId('leave-files', HTMLButtonElement);
  const inputs = [byId('drop', HTMLInputElement), byId('drop-folder', HTMLInputElement)];
  /** @type {Map<number, Row>} */
  const rows = new Map();

  for (const input of inputs) {
    input.addEventListener('change', () => {
      void actions.takeFiles([...(input.files ?? [])]);
      input.value = ''; // The same file may be chosen again.
    });
  }
  leave.addEventListener('click', actions.leaveFiles);

  /** @param {AddedFile[]} files */
  function renderRows(files) {
    for (const [key, { item }] of rows) {
      if (files.some((file) => file.key === key)) continue;
      item.remove();
      rows.delete(key);
    }
    files.forEach((file, at) => {
      const row = rows.get(file.key) ?? makeRow(file, actions);
      rows.set(file.key, row);
      row.use.value = file.split;
      setText(row.told, fileSentence(file));
      if (list.children[at] !== row.item) list.insertBefore(row.item, list.children[at] ?? null);
    });
  }

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    if (state.files !== before?.files) renderRows(state.files);
    const isFixed = isOccupied(state);
    for (const input of inputs) input.disabled = isFixed;
    for (const { use, remove } of rows.values()) use.disabled = remove.disabled = isFixed;
    leave.disabled = isFixed;
    leave.hidden = state.source !== 'files';
  }
  store.subscribe(render);
  render(store.get());
}
