/**
 * The run as a file: the button that downloads it, and the one that opens one.
 *
 * The file is made and read by the crate; dropping one anywhere on the page does the same (main.js).
 *
 * @import { Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { fileNameOf } from '../runs/file-names.js';
import { isOccupied } from '../state/phases.js';
import { byId, download } from './shared/dom.js';

/** @param {Store} store @param {Actions} actions */
export function mountSaving(store, actions) {
  const save = byId('save-run', HTMLButtonElement);
  const open = byId('open-run', HTMLInputElement);
  save.addEventListener('click', () => actions.send({ type: 'save' }));
  open.addEventListener('change', () => {
    void actions.takeFiles([...(open.files ?? [])]);
    open.value = ''; // The same file may be chosen again.
  });
  store.subscribe((state, _before, message) => {
    if (message.type === 'saved') download(store, new Blob([message.bytes]), fileNameOf(state, 'run', 'safetensors'));
    save.disabled = !state.alive || !state.trained || state.diverged;
    open.disabled = !state.loaded || isOccupied(state);
  });
}
