/**
 * Tells the visitor that a run has ended, by a notification, if they want that and do not look at the page.
 *
 * The browser is asked for its permission only when the box is ticked; where it gives none, the box stays empty and
 * beside it stands why.
 *
 * @import { State, Store } from '../state/store.js'
 */
import { accuracyOf, endingOf } from '../state/endings.js';
import { byId, setText } from './shared/dom.js';
import { count } from './shared/format.js';

const NUMBERS = ['', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten'];

/** What is told of a run's end; null of everything else. @param {State} state @param {State} before @returns {string | null} */
export function endSentence(state, before) {
  const ending = endingOf(state, before);
  if (ending === 'failed') return `The run ended: ${state.error?.message ?? 'it cannot go on.'}`;
  if (ending !== 'done') return null;
  const trained = state.epochs[state.epochs.length - 1]?.epoch ?? state.runConfig?.epochs ?? 0;
  const epochs = `${NUMBERS[trained] || count(trained)} ${trained === 1 ? 'epoch' : 'epochs'}`;
  const accuracy = accuracyOf(state);
  const early = state.bestEpoch?.stopped_early ? 'Stopped early. ' : '';
  return accuracy === null ? `${early}${epochs}: the run is complete` : `${early}${epochs}: test accuracy ${accuracy.toFixed(3)}`;
}

/** @typedef {NotificationPermission | 'insecure' | 'unsupported'} Permission */

/** What is said beside the box. @type {Record<Permission, string>} */
export const REASONS = {
  granted: '',
  default: 'The browser has not allowed it: tick this again to be asked once more.',
  denied: 'The browser does not let this page notify you: allow it in the browser’s settings for this address, then tick this again.',
  insecure: 'Browsers notify only from https, or from this machine itself.',
  unsupported: 'This browser lets no page notify you.',
};

/** @returns {Permission} */
function permissionNow() {
  if (!isSecureContext) return 'insecure';
  return 'Notification' in globalThis ? Notification.permission : 'unsupported';
}

/** @returns {Promise<Permission>} */
async function ask() {
  const permission = permissionNow();
  return permission === 'default' ? Notification.requestPermission().catch(() => 'denied') : permission;
}

/** The service worker of this copy of the page, which may notify where a page may not. @returns {Promise<ServiceWorkerRegistration | null>} */
async function ownRegistration() {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  return registration?.active && registration.scope === new URL('./', document.baseURI).href ? registration : null;
}

/** @param {string} text */
async function show(text) {
  const { origin, pathname } = location;
  const options = { body: text, icon: 'icons/icon-192.png', tag: `${origin}${pathname}` };
  try {
    const notification = new Notification('ConvBurn', options);
    notification.addEventListener('click', () => {
      window.focus();
      notification.close();
    });
  } catch {
    // On Android only a service worker may (sw.js brings the tab to the front).
    await (await ownRegistration())?.showNotification('ConvBurn', options).catch(() => undefined);
  }
}

/** @param {Store} store */
export function mountNotify(store) {
  const box = byId('notify', HTMLInputElement);
  const note = byId('notify-note');

  /** @param {State} state */
  function render({ choices }) {
    // The permission may have been taken back since.
    box.checked = choices.notifies && permissionNow() === 'granted';
  }

  box.addEventListener('change', async () => {
    const permission = box.checked ? await ask() : 'granted';
    setText(note, REASONS[permission]);
    store.dispatch({ type: 'notify_chosen', notifies: box.checked && permission === 'granted' });
  });

  store.subscribe((state, before) => {
    if (state.choices !== before.choices) render(state);
    const sentence = endSentence(state, before);
    if (sentence && state.choices.notifies && document.hidden && permissionNow() === 'granted') void show(sentence);
  });
  render(store.get());
}
