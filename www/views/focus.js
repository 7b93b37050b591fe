/**
 * The keyboard's place. A control that has the focus and goes, or may no longer be used, would drop it to the page's
 * beginning: it goes to the run's first button that may be pressed, or to the content.
 *
 * It is mounted last, so that it sees what the other panels have done.
 *
 * @import { Store } from '../state/store.js'
 */
import { byId } from './shared/dom.js';

/** Where the focus goes, the first that can take it. */
const PLACES = ['start', 'pause', 'stop', 'content'];

/** @param {Element} element */
const canHold = (element) => !element.matches(':disabled') && element.getClientRects().length > 0;

/** @param {Store} store */
export function mountFocus(store) {
  /** Whether a control was hidden while it had the focus: some browsers take it at once, others a moment later. */
  let dropped = false;
  document.addEventListener('focusout', ({ target, relatedTarget }) => {
    dropped = relatedTarget === null && target instanceof Element && !canHold(target);
  });
  document.addEventListener('focusin', () => {
    dropped = false;
  });
  store.subscribe(() => {
    const held = document.activeElement;
    const isHeld = held !== null && held !== document.body;
    if (isHeld ? canHold(held) : !dropped) return;
    PLACES.map((id) => byId(id)).find(canHold)?.focus({ preventScroll: true });
  });
}
