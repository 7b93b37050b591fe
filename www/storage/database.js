/**
 * The browser's database, as far as this page asks it: tables by name, and transactions that are all or nothing.
 */

/** The one table of each of this page's databases. */
const TABLE = 'runs';

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export const answered = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/**
 * The database of this name; null where there is none and none is to be made.
 * @param {string} name @param {boolean} create @returns {Promise<IDBDatabase | null>}
 */
export async function databaseOf(name, create) {
  const opening = indexedDB.open(name, 1);
  let isMissingHere = false;
  opening.onupgradeneeded = () => {
    if (create) opening.result.createObjectStore(TABLE);
    else {
      isMissingHere = true;
      opening.transaction?.abort(); // Then none is made.
    }
  };
  return answered(opening).catch((thrown) => {
    if (isMissingHere) return null;
    throw thrown;
  });
}

/**
 * A transaction is all or nothing, and over when it says so. Its last request's answer is what comes of it.
 * @template T @param {IDBDatabase} database @param {IDBTransactionMode} mode @param {(table: IDBObjectStore) => IDBRequest<T>} ask @returns {Promise<T>}
 */
export const transact = (database, mode, ask) => new Promise((resolve, reject) => {
  const transaction = database.transaction(TABLE, mode);
  const request = ask(transaction.objectStore(TABLE));
  transaction.oncomplete = () => resolve(request.result);
  transaction.onabort = () => reject(transaction.error);
});

/**
 * Reads what has this key and puts something else in its place, in one transaction: what another tab writes meanwhile waits, and
 * is not lost.
 * @template T @param {IDBDatabase} database @param {string} key @param {(value: unknown) => T} edit @returns {Promise<T>} What stands there now.
 */
export const edited = (database, key, edit) => new Promise((resolve, reject) => {
  const transaction = database.transaction(TABLE, 'readwrite');
  const table = transaction.objectStore(TABLE);
  /** @type {T} */
  let result;
  /** @type {unknown} */
  let thrown = null;
  const reading = table.get(key);
  reading.onsuccess = () => {
    try {
      result = edit(reading.result);
      table.put(result, key);
    } catch (problem) {
      thrown = problem;
      transaction.abort();
    }
  };
  transaction.oncomplete = () => resolve(result);
  transaction.onabort = () => reject(thrown ?? transaction.error);
});
