/**
 * What this page has stored on the machine beside runs (checkpoints.js): images, its own files for visits without a
 * network, and the service worker that hands those out. Here it is only taken away.
 */

import { FOLDER, isOwnCache, nameOf } from './names.js';

/** @param {(name: string) => boolean} isMeant */
async function deleteCaches(isMeant) {
  if (!('caches' in globalThis)) return;
  for (const name of await caches.keys()) {
    if (isOwnCache(name) && isMeant(name)) await caches.delete(name);
  }
}

async function unregister() {
  const registration = await navigator.serviceWorker?.getRegistration();
  // The worker of a copy in a folder above this one answers too, and is that copy's.
  if (registration?.scope === FOLDER.href) await registration.unregister();
}

/** All of it. Rejects where the browser refuses. */
export async function deleteStored() {
  await unregister();
  await deleteCaches(() => true);
}

/** The page's own files, and whoever hands them out. Rejects where the browser refuses. */
export async function deletePage() {
  await unregister();
  await deleteCaches((name) => name.startsWith(`${nameOf('page')} `));
}
