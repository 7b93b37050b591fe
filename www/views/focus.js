/**
 * The keyboard's place. A control that has the focus and goes, or may no longer be used, would drop it to the page's
 * beginning: it goes to the run's first button that may be pressed, or to the content.
 *
 * It is mounted last, so that it sees what the other panels have done.
 *
 * @import { Store } from '../store.js'
 */
import { byId } from './dom.js';

/** Where the focus goes, the first that can take it. */
const PLACES = ['start', 'pause', 'stop', 'content'];

/** @param {Element} element */
const canHold = (element) => !element.matches(':disabled') && element.getClientRects().length > 0;

/** @param {Store} store */
export function mountFocus(store) {
  store.subscribe(() => {
    const held = document.activeElement;
    if (!held || held === document.body || canHold(held)) return;
    PLACES.map((id) => byId(id)).find(canHold)?.focus({ preventScroll: true });
  });
}
