/**
 * Keeps the screen on while a run is under way, if the visitor wants it: a machine that goes to sleep
 * trains nothing. The browser takes the lock back whenever the page is hidden, so it is asked for again.
 *
 * @import { Store } from '../state/store.js'
 */
import { byId } from './shared/dom.js';

/** @param {Store} store */
export function mountWakeLock(store) {
  const box = byId('wake-lock', HTMLInputElement);
  const label = byId('wake-lock-label');
  label.hidden = !('wakeLock' in navigator); // Plain http has none.
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let asking = false;

  const isWanted = () => box.checked && !document.hidden && ['training', 'compiling', 'recovering'].includes(store.get().phase);

  async function update() {
    if (asking || label.hidden) return;
    if (!isWanted()) {
      void lock?.release();
      lock = null;
      return;
    }
    if (lock && !lock.released) return;
    asking = true;
    // A browser that saves its battery may refuse: the run goes on all the same.
    lock = await navigator.wakeLock.request('screen').catch(() => null);
    asking = false;
    if (!isWanted()) void update();
  }

  box.addEventListener('change', () => void update());
  document.addEventListener('visibilitychange', () => void update());
  store.subscribe((state, before) => {
    if (state.phase !== before.phase) void update();
  });
}
