/**
 * Fetches the file of Keras's runs when their curves are first to be shown, and not before.
 *
 * @import { Store } from '../state/store.js'
 */
import { download } from './download.js';
import { referenceOf, wantsReference } from '../state/reference.js';

const FILE = 'reference/keras_tutorial.json';

/** Fetches the reference as soon as it is to be shown. @param {Store} store */
export function fetchReference(store) {
  let underWay = false;

  async function look() {
    if (underWay || store.get().reference || !wantsReference(store.get())) return;
    underWay = true;
    try {
      const text = new TextDecoder().decode(await download(FILE));
      store.dispatch({ type: 'reference_arrived', reference: referenceOf(JSON.parse(text)) });
    } catch {
      store.dispatch({ type: 'reference_missing' });
    } finally {
      underWay = false;
    }
  }

  store.subscribe(() => void look());
  void look();
}
