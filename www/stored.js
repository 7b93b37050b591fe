/**
 * What this page has stored on the machine beside runs (keeping.js): images, its own files for visits without a
 * network, and the service worker that hands those out. Here it is only taken away, all at once.
 */

/** Every cache of this page's begins so. */
const PREFIX = 'convburn-';

/** Rejects where the browser refuses. */
export async function deleteStored() {
  const registration = await navigator.serviceWorker?.getRegistration();
  await registration?.unregister();
  if (!('caches' in globalThis)) return;
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX)) await caches.delete(name);
  }
}
