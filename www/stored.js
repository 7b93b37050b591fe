/**
 * What this page has stored on the machine beside runs (keeping.js): images, its own files for visits without a
 * network, and the service worker that hands those out. Here it is only taken away, all at once.
 */

import { FOLDER, isOwnCache } from './scope.js';

/** Rejects where the browser refuses. */
export async function deleteStored() {
  const registration = await navigator.serviceWorker?.getRegistration();
  // The worker of a copy in a folder above this one answers too, and is that copy's.
  if (registration?.scope === FOLDER.href) await registration.unregister();
  if (!('caches' in globalThis)) return;
  for (const name of await caches.keys()) {
    if (isOwnCache(name)) await caches.delete(name);
  }
}
