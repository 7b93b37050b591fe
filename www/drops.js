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
