/**
 * How large the wasm modules are, and by whose code: `cargo xtask bench --size` writes it into BENCHMARKS.md and into
 * sizes.json, and with `--check` (a step of `cargo xtask test`) a module that has outgrown sizes.json is an error.
 *
 * CONVBURN_DIST names the built page, CONVBURN_NAMED a folder with the same modules linked with their names.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { CODE, DATA, measureModule } from './module.mjs';
import { brotliBytes } from './sizes.mjs';

/** The modules that the page loads, by the names of their binaries. */
export const MODULES = ['convburn_cpu', 'convburn_cpu_relaxed', 'convburn_full'];
/** Growth beyond this share of what is recorded is an error. */
const GROWTH_MOST = 0.05;
/** Crates that a table names; the others are summed up. */
const CRATES_NAMED = 14;
const RECORDED = new URL('sizes.json', import.meta.url);

/** Raw bytes of each module, as in sizes.json. @typedef {Record<string, number>} Sizes */

/**
 * What has outgrown its record, as sentences.
 * @param {Sizes} recorded @param {Sizes} measured
 * @returns {string[]}
 */
export function outgrown(recorded, measured) {
  return Object.entries(measured).flatMap(([name, bytes]) => {
    const before = recorded[name];
    if (before === undefined) return [`${name} has no recorded size.`];
    if (bytes <= before * (1 + GROWTH_MOST)) return [];
    const percent = ((bytes / before - 1) * 100).toFixed(1);
    return [`${name} has grown by ${percent} %, to ${kilobytes(bytes)} KB from ${kilobytes(before)}; ${GROWTH_MOST * 100} % are allowed.`];
  });
}

/** @param {number} bytes */
const kilobytes = (bytes) => Math.round(bytes / 1_000).toLocaleString('en');

/** @param {string} dist @param {string} name */
const fileOf = (dist, name) => join(dist, `${name}_bg.wasm`);

/** @param {string} dist @returns {Sizes} */
function sizesIn(dist) {
  return Object.fromEntries(MODULES.map((name) => {
    const file = fileOf(dist, name);
    if (!existsSync(file)) throw new Error(`${file} is missing: run \`cargo xtask dist\`.`);
    return [name, readFileSync(file).length];
  }));
}

/** @param {string} dist */
function check(dist) {
  const measured = sizesIn(dist);
  const problems = outgrown(JSON.parse(readFileSync(RECORDED, 'utf8')), measured);
  for (const [name, bytes] of Object.entries(measured)) console.log(`${name}: ${kilobytes(bytes)} KB`);
  if (problems.length === 0) return;
  console.error(`${problems.join('\n')}\nIf it is worth it, \`cargo xtask bench --size\` records the new size.`);
  process.exitCode = 1;
}

/** The largest crates and the rest, in kilobytes. @param {Map<string, number>} crates @returns {[string, number][]} */
export function largest(crates) {
  const sorted = [...crates].sort(([, a], [, b]) => b - a);
  const rest = sorted.slice(CRATES_NAMED);
  const named = sorted.slice(0, CRATES_NAMED);
  if (rest.length === 0) return named;
  return [...named, [`${rest.length} others`, rest.reduce((sum, [, bytes]) => sum + bytes, 0)]];
}

/** Raw size, brotli, and the code by crate. @param {string} dist @param {string} named */
function measure(dist, named) {
  const sizes = sizesIn(dist);
  const rows = MODULES.map((name) => {
    const { sections } = measureModule(readFileSync(fileOf(dist, name)));
    const [code, data] = [CODE, DATA].map((section) => kilobytes(sections.get(section) ?? 0));
    return [`\`${name}\``, kilobytes(sizes[name]), kilobytes(brotliBytes(fileOf(dist, name))), code, data];
  });
  const byCrate = MODULES.map((name) => {
    const { crates } = measureModule(readFileSync(fileOf(named, name)));
    return table([`\`${name}\`: crate`, 'code, KB'], largest(crates).map(([crate, bytes]) => [crate, kilobytes(bytes)]));
  });
  const text = [
    '`cargo xtask bench --size`: the modules of the release build as the page fetches them; brotli at its highest quality. A page',
    'fetches one of them. The code by crate is that of the same build linked with names: a generic function of the standard',
    'library counts for the first other crate in its name, if there is one.', '',
    table(['module', 'KB', 'KB after brotli', 'code, KB', 'data, KB'], rows), '',
    ...byCrate.flatMap((each) => [each, '']),
    machine([`Node ${process.version}`]),
  ].join('\n');
  console.log(text);
  writeSection('size', text);
  writeFileSync(RECORDED, `${JSON.stringify(sizes, null, 2)}\n`);
}

function main() {
  const dist = process.env.CONVBURN_DIST ?? 'dist';
  const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  if (options.check) check(dist);
  else measure(dist, process.env.CONVBURN_NAMED ?? '');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
