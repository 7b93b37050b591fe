/**
 * What is wrong with something that was dropped on the page: from another tab come addresses and texts.
 */

/** @param {{ files: { length: number }, types: readonly string[] } | null} dropped @returns {string | null} A sentence; null where there are files. */
export function dropProblem(dropped) {
  if (dropped && dropped.files.length > 0) return null;
  const types = dropped?.types ?? [];
  if (types.includes('text/uri-list')) return 'What was dropped is an address, not a file, and this page fetches nothing from elsewhere.';
  if (types.some((type) => type.startsWith('text/'))) return 'What was dropped is text, not a file.';
  return 'What was dropped has no file in it.';
}
