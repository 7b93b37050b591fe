/**
 * What older versions stored under names that every copy of the page on an origin shared: taken over once, by the
 * first copy that finds it, and then gone. A run goes to that copy; an image goes to the copy whose address it has.
 *
 * @import { RunStorage } from './run-storage.js'
 */

/** Older versions' names. */
export const OLDER = { lock: 'convburn-run', folder: 'convburn-runs', database: 'convburn', cache: 'convburn-data-v1' };

/**
 * Moves what an older store holds, unless a tab of the older version is still at it, or a run of this copy's
 * own would be lost for it: then it stays where it is.
 * @param {() => Promise<{ runStorage: RunStorage, names: string[], discard: () => Promise<unknown> } | null>} findOlder None where there is none.
 * @param {RunStorage} runStorage
 * @param {LockManager | undefined} locks
 */
export async function takeOverRuns(findOlder, runStorage, locks) {
  const move = async () => {
    const older = await findOlder();
    if (!older) return;
    const found = await Promise.all(older.names.map(async (name) => ({ name, bytes: await older.runStorage.read(name), own: await runStorage.read(name) })));
    if (found.some(({ own }) => own !== null)) return;
    for (const { name, bytes } of found) if (bytes) await runStorage.write(name, bytes);
    await older.discard();
  };
  if (!locks) return move(); // Plain http has no locks.
  await locks.request(OLDER.lock, { ifAvailable: true }, (lock) => (lock ? move() : undefined));
}

/**
 * Moves this copy's images from the cache that all copies shared.
 * @param {Cache} own @param {string} folder The address that they lie under. @param {CacheStorage} storage
 */
export async function takeOverImages(own, folder, storage = caches) {
  if (!(await storage.has(OLDER.cache))) return;
  const older = await storage.open(OLDER.cache);
  for (const request of await older.keys()) {
    if (!request.url.startsWith(folder)) continue;
    const response = await older.match(request);
    if (response) await own.put(request, response);
    await older.delete(request);
  }
  if ((await older.keys()).length === 0) await storage.delete(OLDER.cache);
}
