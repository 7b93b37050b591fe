/**
 * What is wrong with several of the visitor's files, as one complaint in which each is named.
 *
 * Pure. What is wrong with a file is found elsewhere: by the crate, or where it is read.
 *
 * @import { ErrorReport } from './protocol.js'
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

/**
 * One complaint of all of them: files with the same fault share a sentence.
 * @param {FileProblem[]} problems At least one.
 * @returns {ErrorReport}
 */
export function complaintOf(problems) {
  /** @type {Map<string, { error: ErrorReport, names: string[] }>} */
  const groups = new Map();
  for (const { file, error } of problems) {
    const group = groups.get(error.message) ?? { error, names: [] };
    groups.set(error.message, { error, names: [...group.names, file] });
  }
  const all = [...groups.values()];
  const told = all.slice(0, SENTENCES_MAX);
  const untold = all.slice(SENTENCES_MAX).reduce((sum, { names }) => sum + names.length, 0);
  const sentences = told.map(({ names, error }) => `${listed(names)}: ${error.message}`);
  if (untold > 0) sentences.push(`${untold} more ${untold === 1 ? 'file was' : 'files were'} refused.`);
  const codes = new Set(all.map(({ error }) => error.code));
  return {
    code: codes.size === 1 ? all[0].error.code : 'invalid_data',
    message: sentences.join(' '),
    hint: [...new Set(told.map(({ error }) => error.hint))].join(' '),
  };
}

/** Two complaints as one. @param {Complaint} first @param {ErrorReport} second @returns {Complaint} */
export function joined(first, second) {
  const hint = first.hint.includes(second.hint) ? first.hint : `${first.hint} ${second.hint}`;
  return { ...first, message: `${first.message} ${second.message}`, hint };
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
