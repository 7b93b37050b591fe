/**
 * Has the browser keep the page, so that a later visit needs no network. The keeping is sw.js's;
 * here it is asked for, and its state is told to the store.
 *
 * Where another project's page has come to stand at this address, sw.js says so: then this page makes room
 * for it, unless there is something here that the visitor would lose.
 *
 * It waits until the data is there or cannot be had, so that a first visit is not slowed. Where a
 * browser has no service workers, or refuses this one, the page works as it does without.
 *
 * @import { Offline } from '../state/data-reducer.js'
 * @import { State, Store } from '../state/store.js'
 */
import { FULL_ONLY } from '../engine/workers.js';
import { isOccupied } from '../state/phases.js';
import { deletePage } from './cleanup.js';

const ANOTHER_PAGE = 'Another page stands at this address now. This one goes on until it is closed or reloaded: save before that what you want to keep.';

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

/** Whether a reload would cost the visitor something. @param {State} state */
const isInUse = (state) => isOccupied(state) || state.trained || state.files.length > 0;

/** @returns {ServiceWorkerContainer | null} None where there is none, or in a frame that may have none, which throws. */
function containerOf() {
  try {
    return isSecureContext ? navigator.serviceWorker ?? null : null;
  } catch {
    return null;
  }
}

/** @returns {Promise<ServiceWorkerRegistration | null>} None where it is refused, as in some private windows. */
async function register() {
  try {
    // A browser may also only seem to register it, and give nothing.
    return await navigator.serviceWorker.register(new URL('../sw.js', import.meta.url), { updateViaCache: 'none' }) ?? null;
  } catch {
    return null;
  }
}

/** @param {Store} store */
export function keepForOffline(store) {
  const container = containerOf();
  if (!container) return;
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

  /** Another project has this address: its page is loaded, now or when the visitor does so. */
  async function makeRoom() {
    begun = true; // Nothing is to be kept any more.
    registration = null;
    await deletePage().catch(() => undefined); // The service worker does it too, a little later.
    store.dispatch({ type: 'offline_changed', offline: 'no' });
    if (isInUse(store.get())) store.dispatch({ type: 'noticed', sentence: ANOTHER_PAGE });
    else location.reload();
  }

  container.addEventListener('message', ({ data }) => {
    if (data === 'another_page') void makeRoom();
  });

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
