/**
 * The line in the footer that says what a visit without a network would find.
 *
 * @import { Offline } from '../state/data-reducer.js'
 * @import { Store } from '../state/store.js'
 */
import { byId, setText } from './shared/dom.js';

/** @type {Record<Offline, string>} */
const SENTENCES = {
  no: '',
  kept: 'This page is kept in your browser: it works without a network, with the images that it has fetched.',
  newer: 'A newer version of this page is here. It takes over once every tab of this page has been closed.',
};

/** @param {Store} store */
export function mountOffline(store) {
  const line = byId('offline');
  store.subscribe(({ offline }) => {
    line.hidden = offline === 'no';
    setText(line, SENTENCES[offline]);
  });
}
