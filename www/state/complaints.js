/**
 * What is wrong with several of the visitor's files, as one complaint in which each is named.
 *
 * Pure. What is wrong with a file is found elsewhere: by the crate, or where it is read.
 *
 * @import { ErrorReport } from '../protocol/protocol.js'
 */

/** What is wrong with a file. @typedef {{ file: string, error: ErrorReport }} FileProblem */
/** A complaint, and the drop (or choice) of files that it is about. @typedef {ErrorReport & { drop?: number }} Complaint */

/** Sentences that are told of one drop; of more only their number. */
const SENTENCES_MAX = 5;
/** Files that are named in one sentence. */
const NAMES_MAX = 3;

/** @param {string[]} names */
function listed(names) {
  const quoted = names.slice(0, NAMES_MAX).map((name) => `“${name}”`);
  const more = names.length - quoted.length;
  if (more > 0) return `${quoted.join(', ')} and ${more} more ${more === 1 ? 'file' : 'files'}`;
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted[quoted.length - 1]}`;
}

/** What all of these are by the answer to a question, in the order in which the answers come. @template T @param {T[]} all @param {(each: T) => string} ask @returns {T[][]} */
function grouped(all, ask) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const each of all) groups.set(ask(each), [...(groups.get(ask(each)) ?? []), each]);
  return [...groups.values()];
}

/** What is said of the files that are only counted. @param {number} files @returns {ErrorReport} */
const restOf = (files) => (files === 1
  ? { code: 'invalid_data', message: '1 more file was refused.', hint: 'Try it alone to read why.' }
  : { code: 'invalid_data', message: `${files} more files were refused.`, hint: 'Try fewer at once to read why.' });

/**
 * One complaint of all of them: files with the same fault share a sentence, faults with the same remedy stand together, and
 * what to do follows them.
 * @param {FileProblem[]} problems At least one.
 * @returns {ErrorReport}
 */
export function complaintOf(problems) {
  const faults = grouped(problems, ({ error }) => error.message);
  const told = grouped(faults.slice(0, SENTENCES_MAX), ([{ error }]) => error.hint).flat();
  const sentences = told.map((files) => ({ ...files[0].error, message: `${listed(files.map(({ file }) => file))}: ${files[0].error.message}` }));
  const untold = faults.slice(SENTENCES_MAX).flat().length;
  const [first, ...others] = untold > 0 ? [...sentences, restOf(untold)] : sentences;
  const codes = new Set(faults.map(([{ error }]) => error.code));
  return { ...others.reduce(joined, first), code: codes.size === 1 ? first.code : 'invalid_data' };
}

/** Two complaints as one: what to do about the first stands before the second, unless the same is to be done. @template {ErrorReport} T @param {T} first @param {ErrorReport} second @returns {T} */
export function joined(first, second) {
  const said = first.hint === second.hint ? first.message : `${first.message} ${first.hint}`;
  return { ...first, message: `${said} ${second.message}`, hint: second.hint };
}

/**
 * What stands there after another complaint: those of one drop stand together, any other takes the place.
 * @param {Complaint | null} standing @param {ErrorReport} error @param {number} [drop]
 * @returns {Complaint}
 */
export function complained(standing, error, drop) {
  if (drop === undefined) return error;
  return standing?.drop === drop ? joined(standing, error) : { ...error, drop };
}
