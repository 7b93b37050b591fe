/**
 * The names of what this copy of the page stores. Several copies may share an origin, as `/a/` and `/b/` do, so
 * the page's own path is part of every name: runs, their list, the lock and caches. sw.js, which is no module, follows the
 * same rule with the folder that it lies in.
 */

/** The folder that the page lies in. */
export const FOLDER = new URL('../', import.meta.url);

/**
 * A path has no space, so that no name is the beginning of another copy's.
 * @param {'run' | 'list' | 'data' | 'page' | 'choices'} kind @param {string} [version] @param {URL} [folder]
 */
export function nameOf(kind, version = '', folder = FOLDER) {
  return `convburn-${kind} ${folder.pathname}${version && ` ${version}`}`;
}

/** Whether a cache is this copy's. @param {string} name @param {URL} [folder] */
export function isOwnCache(name, folder = FOLDER) {
  return (/** @type {const} */ (['data', 'page'])).some((kind) => name.startsWith(`${nameOf(kind, '', folder)} `));
}

/** The name of a folder of the private file system, which may hold no slash. @param {URL} [folder] */
export const runsFolder = (folder = FOLDER) => encodeURIComponent(nameOf('run', '', folder));
