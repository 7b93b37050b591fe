/**
 * BENCHMARKS.md's sections that commands write, each between two comments, and what they say of the machine.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

const FILE = new URL('../BENCHMARKS.md', import.meta.url);

/**
 * Puts `markdown` between `<!-- name: begin -->` and `<!-- name: end -->`.
 * @param {string} text @param {string} name @param {string} markdown
 */
export function withSection(text, name, markdown) {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`BENCHMARKS.md has no section between ${begin} and ${end}.`);
  return `${text.slice(0, from + begin.length)}\n${markdown.trim()}\n${text.slice(to)}`;
}

/** @param {string} name @param {string} markdown */
export function writeSection(name, markdown) {
  writeFileSync(FILE, withSection(readFileSync(FILE, 'utf8'), name, markdown));
}

/** @param {(string | number)[]} head @param {(string | number)[][]} rows */
export function table(head, rows) {
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** This machine and what ran on it. @param {string[]} versions */
export function machine(versions) {
  const os = osName();
  const [cpu] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const date = new Date().toISOString().slice(0, 10);
  return `Machine: ${cpus().length} cores of ${cpu?.model.trim() ?? 'an unknown processor'}, ${gigabytes} GiB, ${os}, `
    + `${versions.join(', ')}. Date: ${date}.`;
}

function osName() {
  try {
    return /PRETTY_NAME="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}
