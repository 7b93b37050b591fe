/**
 * What a WebAssembly module is made of: the bytes of its sections, and the code's bytes by the crate that a function
 * is of. The crate is read from the function's name (the name section, which a release build strips: it is asked of a
 * build with names), so a generic function counts where it is defined, whatever crate made it concrete.
 *
 * It reads bytes and decides nothing.
 *
 * @import { ISectionInformation } from 'wasmparser'
 */
import { BinaryReader, BinaryReaderState, ExternalKind, NameType, SectionCode, bytesToString } from 'wasmparser';

/** What a name without a crate of its own counts for. */
const STANDARD = ['core', 'alloc', 'std', 'hashbrown', 'impl', '__rustc'];

/**
 * The crate that a function is of: the first in its name that is not the standard library, so that
 * `<&mut burn_flex::Add as core::ops::Fn>::call` is burn_flex's. rustc may write a crate's hash behind its name.
 * @param {string | undefined} name As wasm-bindgen writes it: demangled.
 */
export function crateOf(name = '') {
  const words = [...name.matchAll(/(?<![\w:])([a-z_]\w*)(?=(?:\[[0-9a-f]+\])?::)/g)].map(([, word]) => word);
  return words.find((word) => !STANDARD.includes(word)) ?? (words.length > 0 ? 'standard library' : 'without a crate');
}

/** The sections that a table has, by their numbers in a module. */
export const CODE = SectionCode.Code;
export const DATA = SectionCode.Data;

/** Sections of which more is read than their size: what is imported, how long functions are, what they are called. */
const READ = [SectionCode.Import, SectionCode.Code];
/** @param {ISectionInformation} section */
const isRead = ({ id, name }) => READ.includes(id) || (id === SectionCode.Custom && bytesToString(name) === 'name');

/** The reader at each part of a module; it passes over instructions. @param {Uint8Array} bytes */
function* partsOf(bytes) {
  const reader = new BinaryReader();
  reader.setData(Uint8Array.from(bytes).buffer, 0, bytes.length);
  while (reader.read()) {
    const { state, position, result } = reader;
    if (state === BinaryReaderState.ERROR) throw reader.error;
    if (state === BinaryReaderState.BEGIN_SECTION && !isRead(/** @type {ISectionInformation} */ (result))) reader.skipSection();
    if (state === BinaryReaderState.BEGIN_FUNCTION_BODY) reader.skipFunctionBody();
    yield { state, position, result: /** @type {any} */ (result) };
  }
}

/** Bytes of a number in LEB128, which has 7 bits a byte. @param {number} number */
const lebBytes = (number) => Math.max(1, Math.ceil(Math.log2(number + 1) / 7));

/**
 * @param {Uint8Array} bytes
 * @returns {{ sections: Map<number, number>, crates: Map<string, number> }} Bytes by section, and of code by crate.
 */
export function measureModule(bytes) {
  const sections = new Map();
  const crates = new Map();
  /** @type {Map<number, string>} */
  const names = new Map();
  /** Where each function ends. @type {number[]} */
  const ends = [];
  let imported = 0;
  let [section, from, codeFrom] = [-1, 0, 0];
  for (const { state, position, result } of partsOf(bytes)) {
    if (state === BinaryReaderState.BEGIN_SECTION) {
      [section, from] = [result.id, position];
      if (section === SectionCode.Code) codeFrom = position;
    }
    if (state === BinaryReaderState.END_SECTION) sections.set(section, position - from);
    if (state === BinaryReaderState.IMPORT_SECTION_ENTRY && result.kind === ExternalKind.Function) imported += 1;
    if (state === BinaryReaderState.END_FUNCTION_BODY) ends.push(position);
    if (state === BinaryReaderState.NAME_SECTION_ENTRY && result.type === NameType.Function) {
      for (const { index, name } of result.names) names.set(index, bytesToString(name));
    }
  }
  ends.forEach((end, i) => {
    // Before the first function stands their number.
    const crate = crateOf(names.get(imported + i));
    crates.set(crate, (crates.get(crate) ?? 0) + end - (i > 0 ? ends[i - 1] : codeFrom + lebBytes(ends.length)));
  });
  return { sections, crates };
}
