/**
 * What a WebAssembly module is made of: the bytes of its sections, and the code's bytes by the crate that a function
 * is of. The crate is read from the function's name (the name section, which a release build strips: it is asked of a
 * build with names), so a generic function counts where it is defined, whatever crate made it concrete.
 *
 * It reads bytes and decides nothing.
 */

const SECTIONS = ['custom', 'types', 'imports', 'functions', 'tables', 'memories', 'globals', 'exports', 'start', 'elements', 'code', 'data', 'data count', 'tags'];
const FUNCTION_NAMES = 1;

/** A place in the bytes that moves as it reads. */
class Reader {
  /** @param {Uint8Array} bytes @param {number} [at] */
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** An unsigned LEB128 number. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at];
      this.at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  text() {
    const length = this.number();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }
}

/** @param {Uint8Array} bytes @returns {Iterable<{ name: string, from: number, end: number }>} */
function* sectionsOf(bytes) {
  const reader = new Reader(bytes, 8);
  while (reader.at < bytes.length) {
    const id = bytes[reader.at];
    reader.at += 1;
    const length = reader.number();
    const end = reader.at + length;
    const name = id === 0 ? new Reader(bytes, reader.at).text() : SECTIONS[id] ?? `section ${id}`;
    yield { name, from: reader.at, end };
    reader.at = end;
  }
}

/** Number of imported functions: they have the first indices. @param {Uint8Array} bytes @param {{ from: number, end: number }} section */
function importedFunctions(bytes, section) {
  const reader = new Reader(bytes, section.from);
  let functions = 0;
  for (let left = reader.number(); left > 0; left -= 1) {
    reader.text();
    reader.text();
    const kind = bytes[reader.at];
    reader.at += 1;
    if (kind === 0) functions += 1;
    skipImport(reader, kind);
  }
  return functions;
}

/** @param {Reader} reader @param {number} kind Function, table, memory, global or tag. */
function skipImport(reader, kind) {
  if (kind === 1 || kind === 3 || kind === 4) reader.at += 1; // A type of value; of a tag, its attribute.
  if (kind === 3) reader.at += 1; // Whether it changes.
  if (kind === 0 || kind === 4) reader.number();
  if (kind === 1 || kind === 2) {
    const hasMost = reader.number() & 1;
    reader.number();
    if (hasMost) reader.number();
  }
}

/** @param {Uint8Array} bytes @param {{ from: number, end: number }} section @returns {number[]} Bytes of each function. */
function bodies(bytes, section) {
  const reader = new Reader(bytes, section.from);
  return Array.from({ length: reader.number() }, () => {
    const from = reader.at;
    const length = reader.number();
    reader.at += length;
    return reader.at - from;
  });
}

/** @param {Uint8Array} bytes @param {{ from: number, end: number }} section @returns {Map<number, string>} Names by index. */
function functionNames(bytes, section) {
  const reader = new Reader(bytes, section.from);
  reader.text();
  const names = new Map();
  while (reader.at < section.end) {
    const id = bytes[reader.at];
    reader.at += 1;
    const length = reader.number();
    const end = reader.at + length;
    if (id === FUNCTION_NAMES) {
      for (let left = reader.number(); left > 0; left -= 1) names.set(reader.number(), reader.text());
    }
    reader.at = end;
  }
  return names;
}

/** What a name without a crate of its own counts for. */
const STANDARD = ['core', 'alloc', 'std', 'hashbrown', 'impl'];

/** How rustc writes signs into a symbol. @type {Record<string, string>} */
const SIGNS = { LT: '<', GT: '>', RF: '&', BP: '*', LP: '(', RP: ')', C: ',', SP: '@' };

/** A symbol's path: `_ZN9burn_flex3ops3add17h…E` is `burn_flex::ops::add::h…`. @param {string} symbol */
export function pathOf(symbol) {
  if (!symbol.startsWith('_ZN')) return symbol;
  const parts = [];
  for (let at = 3; ;) {
    const [digits] = /^\d+/.exec(symbol.slice(at, at + 6)) ?? [];
    if (!digits) break;
    at += digits.length;
    parts.push(symbol.slice(at, at + Number(digits)));
    at += Number(digits);
  }
  return parts.map((part) => part.replace(/^_(?=\$)/, '')).join('::')
    .replace(/\$u([0-9a-f]+)\$/g, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/\$(\w+)\$/g, (_, sign) => SIGNS[sign] ?? ' ')
    .replaceAll('..', '::');
}

/**
 * The crate that a function is of: the first in its name that is not the standard library, so that
 * `<&mut burn_flex::Add as core::ops::Fn>::call` is burn_flex's.
 * @param {string | undefined} name
 */
export function crateOf(name) {
  const words = [...pathOf(name ?? '').matchAll(/(?<![\w:])([a-z_]\w*)(?=::)/g)].map(([, word]) => word);
  return words.find((word) => !STANDARD.includes(word)) ?? (words.length > 0 ? 'standard library' : 'without a crate');
}

/**
 * @param {Uint8Array} bytes
 * @returns {{ sections: Map<string, number>, crates: Map<string, number> }} Bytes by section, and of code by crate.
 */
export function measureModule(bytes) {
  const sections = new Map();
  const crates = new Map();
  const add = (/** @type {Map<string, number>} */ map, /** @type {string} */ key, /** @type {number} */ size) => map.set(key, (map.get(key) ?? 0) + size);
  let imported = 0;
  /** @type {number[]} */
  let sizes = [];
  let names = new Map();
  for (const section of sectionsOf(bytes)) {
    add(sections, section.name, section.end - section.from);
    if (section.name === 'imports') imported = importedFunctions(bytes, section);
    if (section.name === 'code') sizes = bodies(bytes, section);
    if (section.name === 'name') names = functionNames(bytes, section);
  }
  sizes.forEach((size, index) => add(crates, crateOf(names.get(index + imported)), size));
  return { sections, crates };
}
