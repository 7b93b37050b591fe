/**
 * Where the list of runs is kept on this machine: one value in a database of its own, since a run's figures are small and are
 * read together. Each copy of the page on an origin has a list of its own (names.js).
 *
 * A change reads and writes in one transaction, so that of two tabs neither loses the other's rows. The database is open
 * only meanwhile: it stands in no other tab's way. What is in the list is kept-runs.js's of the state to say.
 *
 * @typedef {object} ListStorage
 * @property {<T>(edit: (value: unknown) => T) => Promise<T>} change Puts in the list's place what `edit` makes of it. Rejects where the browser keeps nothing.
 * @property {() => Promise<void>} remove
 */
import { answered, databaseOf, edited } from './database.js';
import { nameOf } from './names.js';

/** What the list lies under. */
const KEY = 'list';

/** @returns {ListStorage} */
export function createListStorage(name = nameOf('list')) {
  return {
    async change(edit) {
      if (!('indexedDB' in globalThis)) throw new Error('this browser keeps nothing for a page');
      const database = await databaseOf(name, true);
      if (!database) throw new Error('this browser keeps nothing for a page');
      try {
        return await edited(database, KEY, edit);
      } finally {
        database.close();
      }
    },
    async remove() {
      if ('indexedDB' in globalThis) await answered(indexedDB.deleteDatabase(name));
    },
  };
}
