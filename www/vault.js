/**
 * Where runs are kept on this machine: the origin's private file system, or IndexedDB where that is
 * missing. One file a name; a file is written under another name and then put in the place of the
 * old one, so that a tab that dies in the middle leaves the old one whole.
 *
 * It knows bytes and names only: what is kept when is keeping.js's, what is in it the crate's.
 *
 * @typedef {object} Vault
 * @property {(name: string, bytes: Uint8Array<ArrayBuffer>) => Promise<void>} write
 * @property {(name: string) => Promise<Uint8Array<ArrayBuffer> | null>} read None where there is no such file.
 * @property {(name: string) => Promise<void>} remove
 */

const FOLDER = 'convburn-runs';
const DATABASE = 'convburn';
const TABLE = 'runs';
/** What is being written; left behind by a tab that died, it is overwritten by the next. */
const UNFINISHED = '.unfinished';

/** @param {unknown} thrown Whether it says that there is no such file. */
const isMissing = (thrown) => thrown instanceof DOMException && thrown.name === 'NotFoundError';

/** @returns {Promise<Vault>} */
async function openFiles() {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  return {
    async write(name, bytes) {
      const file = await folder.getFileHandle(name + UNFINISHED, { create: true });
      const stream = await file.createWritable();
      try {
        await stream.write(bytes);
        await stream.close();
      } catch (thrown) {
        await stream.abort().catch(() => undefined);
        throw thrown;
      }
      // TypeScript's DOM types do not have it yet.
      await /** @type {any} */ (file).move(name);
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

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const answered = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** @returns {Promise<Vault>} */
async function openDatabase() {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
  const database = await answered(opening);
  /**
   * A transaction is all or nothing, and over when it says so.
   * @template T @param {IDBTransactionMode} mode @param {(table: IDBObjectStore) => IDBRequest<T>} ask @returns {Promise<T>}
   */
  const transact = (mode, ask) => new Promise((resolve, reject) => {
    const transaction = database.transaction(TABLE, mode);
    const request = ask(transaction.objectStore(TABLE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
  return {
    write: async (name, bytes) => void (await transact('readwrite', (table) => table.put(bytes, name))),
    read: async (name) => (await transact('readonly', (table) => table.get(name))) ?? null,
    remove: async (name) => void (await transact('readwrite', (table) => table.delete(name))),
  };
}

/** Whether a file of the private file system can be written and put in another's place here. */
const hasFiles = () => typeof globalThis.FileSystemFileHandle === 'function'
  && 'createWritable' in FileSystemFileHandle.prototype && 'move' in FileSystemFileHandle.prototype
  && typeof navigator.storage?.getDirectory === 'function';

/** @returns {Promise<Vault>} Rejects where the browser keeps nothing for this page. */
export async function openVault() {
  if (hasFiles()) {
    // A browser may have it and lend it to nobody, as in a private window.
    const files = await openFiles().catch(() => null);
    if (files) return files;
  }
  if (!('indexedDB' in globalThis)) throw new Error('this browser keeps nothing for a page');
  return openDatabase();
}
