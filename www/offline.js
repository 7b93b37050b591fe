/**
 * Has the browser keep the page, so that a later visit needs no network. The keeping is sw.js's;
 * here it is asked for, and its state is told to the store.
 *
 * It waits until the data is there or cannot be had, so that a first visit is not slowed. Where a
 * browser has no service workers, or refuses this one, the page works as it does without.
 *
 * @import { Offline } from './arrivals.js'
 * @import { State, Store } from './store.js'
 */
import { FULL_ONLY } from './client.js';

/** Whether the visit has come to rest: everything is here, or will not come. @param {State} state */
const isAtRest = ({ phase, dataProblem }) => phase !== 'loading' || dataProblem !== null;

/** @param {ServiceWorkerRegistration} registration @returns {Offline} */
function stateOf({ active, waiting }) {
  if (!active) return 'no';
  return waiting ? 'newer' : 'kept';
}

/** Calls back on each change of the registration's workers. @param {ServiceWorkerRegistration} registration @param {() => void} changed */
function watch(registration, changed) {
  const follow = (/** @type {ServiceWorker | null} */ worker) => worker?.addEventListener('statechange', changed);
  for (const worker of [registration.installing, registration.waiting, registration.active]) follow(worker);
  registration.addEventListener('updatefound', () => follow(registration.installing));
}

/** @returns {Promise<ServiceWorkerRegistration | null>} None where it is refused, as in some private windows. */
async function register() {
  try {
    // A browser may also only seem to register it, and give nothing.
    return await navigator.serviceWorker.register(new URL('./sw.js', import.meta.url), { updateViaCache: 'none' }) ?? null;
  } catch {
    return null;
  }
}

/** @param {Store} store */
export function keepForOffline(store) {
  if (!isSecureContext || !('serviceWorker' in navigator)) return;
  let begun = false;
  let usesFullModule = false;
  let keepsFullModule = false;
  /** @type {ServiceWorkerRegistration | null} */
  let registration = null;

  function tell() {
    if (!registration) return;
    const offline = stateOf(registration);
    if (offline !== store.get().offline) store.dispatch({ type: 'offline_changed', offline });
    // It is large, so it is kept for those who have used it.
    if (!usesFullModule || keepsFullModule || !registration.active) return;
    keepsFullModule = true;
    registration.active.postMessage('keep_later');
  }

  async function begin() {
    begun = true;
    registration = await register();
    if (registration) watch(registration, tell);
    tell();
  }

  store.subscribe((state, _before, { type }) => {
    usesFullModule ||= type === 'other_module' || (state.loaded !== null && FULL_ONLY.includes(state.loaded.backend.active));
    if (!begun && isAtRest(state)) void begin();
    if (type === 'loaded') tell();
  });
}
