/**
 * Where runs are kept on this machine: the origin's private file system, or IndexedDB where that is
 * missing. One file a name; a file is written under another name and then put in the place of the
 * old one, so that a tab that dies in the middle leaves the old one whole.
 *
 * It knows bytes and names only: what is kept when is checkpoints.js's, what is in it the crate's. Each copy of the
 * page on an origin has files of its own (names.js).
 *
 * @typedef {object} RunStorage
 * @property {(name: string, bytes: Uint8Array<ArrayBuffer>, isWanted?: () => boolean) => Promise<boolean | void>} write
 *   Asks at the last moment whether it is still wanted, and answers `false` where it is not: the old file stays.
 * @property {(name: string) => Promise<Uint8Array<ArrayBuffer> | null>} read None where there is no such file.
 * @property {(name: string) => Promise<void>} remove
 */

import { answered, databaseOf, transact } from './database.js';
import { OLDER, takeOverRuns } from './legacy-names.js';
import { nameOf, runsFolder } from './names.js';

/** What is being written; left behind by a tab that died, it is overwritten by the next. */
const UNFINISHED = '.unfinished';

/** @param {unknown} thrown Whether it says that there is no such file. */
const isMissing = (thrown) => thrown instanceof DOMException && thrown.name === 'NotFoundError';

/** @param {FileSystemDirectoryHandle} folder @returns {RunStorage} */
function filesIn(folder) {
  return {
    async write(name, bytes, isWanted = () => true) {
      const file = await folder.getFileHandle(name + UNFINISHED, { create: true });
      const stream = await file.createWritable();
      try {
        await stream.write(bytes);
        await stream.close();
      } catch (thrown) {
        await stream.abort().catch(() => undefined);
        throw thrown;
      }
      if (!isWanted()) return false;
      // TypeScript's DOM types do not have it yet.
      await /** @type {any} */ (file).move(name);
      return true;
    },
    async read(name) {
      try {
        const file = await (await folder.getFileHandle(name)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      } catch (thrown) {
        if (isMissing(thrown)) return null;
        throw thrown;
      }
    },
    async remove(name) {
      for (const each of [name, name + UNFINISHED]) {
        await folder.removeEntry(each).catch((thrown) => {
          if (!isMissing(thrown)) throw thrown;
        });
      }
    },
  };
}

/** An older version's files. @param {FileSystemDirectoryHandle} root */
async function findOlderFiles(root) {
  const folder = await root.getDirectoryHandle(OLDER.folder).catch(() => null);
  if (!folder) return null;
  const names = [];
  // TypeScript's DOM types do not have it yet.
  for await (const name of /** @type {any} */ (folder).keys()) if (!name.endsWith(UNFINISHED)) names.push(String(name));
  return { runStorage: filesIn(folder), names, discard: () => root.removeEntry(OLDER.folder, { recursive: true }) };
}

/** @returns {Promise<RunStorage>} */
async function openFiles() {
  const root = await navigator.storage.getDirectory();
  const runStorage = filesIn(await root.getDirectoryHandle(runsFolder(), { create: true }));
  await takeOverRuns(() => findOlderFiles(root), runStorage, navigator.locks).catch(() => undefined); // It is tried again at the next visit.
  return runStorage;
}

/** @param {IDBDatabase} database @returns {RunStorage} */
const tableOf = (database) => ({
  write: async (name, bytes) => void (await transact(database, 'readwrite', (table) => table.put(bytes, name))),
  read: async (name) => (await transact(database, 'readonly', (table) => table.get(name))) ?? null,
  remove: async (name) => void (await transact(database, 'readwrite', (table) => table.delete(name))),
});

/** An older version's database. */
async function findOlderDatabase() {
  const database = await databaseOf(OLDER.database, false);
  if (!database) return null;
  const names = await transact(database, 'readonly', (table) => table.getAllKeys());
  const discard = () => {
    database.close();
    return answered(indexedDB.deleteDatabase(OLDER.database));
  };
  return { runStorage: tableOf(database), names: names.map(String), discard };
}

/** @returns {Promise<RunStorage>} */
async function openDatabase() {
  const database = await databaseOf(nameOf('run'), true);
  if (!database) throw new Error('this browser keeps nothing for a page');
  const runStorage = tableOf(database);
  await takeOverRuns(findOlderDatabase, runStorage, navigator.locks).catch(() => undefined); // It is tried again at the next visit.
  return runStorage;
}

/** Whether a file of the private file system can be written and put in another's place here. */
const hasFiles = () => typeof globalThis.FileSystemFileHandle === 'function'
  && 'createWritable' in FileSystemFileHandle.prototype && 'move' in FileSystemFileHandle.prototype
  && typeof navigator.storage?.getDirectory === 'function';

/** @returns {Promise<RunStorage>} Rejects where the browser keeps nothing for this page. */
export async function openRunStorage() {
  if (hasFiles()) {
    // A browser may have it and lend it to nobody, as in a private window.
    const files = await openFiles().catch(() => null);
    if (files) return files;
  }
  if (!('indexedDB' in globalThis)) throw new Error('this browser keeps nothing for a page');
  return openDatabase();
}
