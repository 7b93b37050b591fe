/**
 * What is wrong with something that was dropped on the page: from another tab come addresses and texts.
 */

/** @typedef {{ types?: readonly string[], files: { length: number } }} Dropped */

/** @param {Dropped | null} dropped While it is dragged the files are not shown, only that there are some. */
export const hasFiles = (dropped) => Boolean(dropped && (dropped.files.length > 0 || dropped.types?.includes('Files')));

/** @param {{ target: EventTarget | null, dataTransfer: Dropped | null }} event @returns {boolean} Text that is dragged into a field is the browser's to put there. */
export const isForField = ({ target, dataTransfer }) => (
  !hasFiles(dataTransfer) && target !== null && 'type' in target && ['text', 'number'].includes(String(target.type)));

/** @param {Dropped | null} dropped @returns {string | null} A sentence; null where there are files. */
export function dropProblem(dropped) {
  if (dropped && dropped.files.length > 0) return null;
  const types = dropped?.types ?? [];
  if (types.includes('text/uri-list')) return 'What was dropped is an address, not a file, and this page fetches nothing from elsewhere.';
  if (types.some((type) => type.startsWith('text/'))) return 'What was dropped is text, not a file.';
  return 'What was dropped has no file in it.';
}

/** Files that are looked at, in a folder or not: a person who drops more has dropped the wrong one. */
export const FILES_MAX = 1_000;

/** Where in a dropped folder a file lies. @type {WeakMap<File, string>} */
const paths = new WeakMap();

/** A file's name, with its place in the folder that was dropped or chosen. @param {File} file */
export const nameOf = (file) => paths.get(file) ?? (file.webkitRelativePath || file.name);

/** @param {FileSystemDirectoryReader} reader @returns {Promise<FileSystemEntry[]>} Some of a folder's entries; none when there are no more. */
const readSome = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** @param {FileSystemEntry} entry @param {File[]} found Is added to. */
async function walk(entry, found) {
  if (found.length >= FILES_MAX) throw new Error(`holds more than ${FILES_MAX.toLocaleString('en')} files`);
  if (entry.isFile) {
    const file = await fileOf(/** @type {FileSystemFileEntry} */ (entry));
    paths.set(file, entry.fullPath.replace(/^\//, ''));
    found.push(file);
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (let some = await readSome(reader); some.length > 0; some = await readSome(reader)) {
    for (const each of some) await walk(each, found);
  }
}

/**
 * The files that were dropped, those in folders too. It has to be called while the drop is told: later a
 * browser says nothing of it.
 * @param {Pick<DataTransfer, 'files'> & { items?: Iterable<DataTransferItem> }} dropped
 * @returns {Promise<File[]>} Rejects with a sentence where a folder cannot be read.
 */
export async function filesIn(dropped) {
  const plain = [...dropped.files];
  const items = [...(dropped.items ?? [])].filter(({ kind }) => kind === 'file');
  const entries = items.map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  if (!entries.some(({ entry }) => entry?.isDirectory)) return plain;
  /** @type {File[]} */
  const found = [];
  for (const { entry, file } of entries) {
    if (!entry?.isDirectory) {
      if (file) found.push(file);
      continue;
    }
    await walk(entry, found).catch((thrown) => {
      throw new Error(`The folder “${entry.name}” ${thrown instanceof Error && thrown.message.startsWith('holds') ? thrown.message : 'cannot be read'}.`);
    });
  }
  return found;
}
