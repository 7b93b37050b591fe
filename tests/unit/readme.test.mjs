/** The README's table of the library's functions, held against what the crate exports. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, ROOT), 'utf8');

test('the README’s table names every exported function once, and no others', () => {
  const files = ['src/bindings.rs', ...readdirSync(new URL('src/bindings/', ROOT)).filter((name) => name.endsWith('.rs')).map((name) => `src/bindings/${name}`)];
  const exported = files.flatMap((file) => [...read(file).matchAll(/#\[wasm_bindgen(?:\([^\n]*\))?\]\n(?:#\[[^\n]*\]\n)*pub (?:async )?fn (\w+)\(/g)].map(([, name]) => name));
  assert.ok(exported.length > 15, String(exported));
  const [, library] = read('README.md').split('## As a library\n');
  const rows = library.split('\n## ')[0].split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) => [...row.split(/(?<!\\)\|/)[1].matchAll(/`(\w+)\(/g)].map(([, name]) => name));
  assert.deepEqual(named.sort(), exported.sort());
});
