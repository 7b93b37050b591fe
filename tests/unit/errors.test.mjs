/** docs/errors.md, src/error.rs and the page's scripts name the same codes. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { PAGE_CODES, reportOf, wordsOf } from '../../www/protocol/errors.js';

const ROOT = new URL('../../', import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, ROOT), 'utf8');

/** The codes in the table under a heading, in order. @param {string} heading */
function documented(heading) {
  const [, section] = read('docs/errors.md').split(`## ${heading}\n`);
  assert.ok(section, heading);
  return [...section.split('\n## ')[0].matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, code]) => code);
}

/** The page's scripts, but for the list of codes itself, as one text. */
function scripts() {
  const all = /** @type {string[]} */ (readdirSync(new URL('www/', ROOT), { recursive: true })).map((path) => `www/${path}`);
  const paths = all.filter((path) => path.endsWith('.js') && path !== 'www/protocol/errors.js');
  assert.ok(paths.length > 60, 'the wings are read');
  return paths.map(read).join('\n');
}

test('the crate’s codes are documented, and no others', () => {
  const [, body] = read('src/error.rs').match(/fn code\(&self\)[^{]*\{([\s\S]*?)\n {4}\}/) ?? [];
  const codes = [...(body ?? '').matchAll(/=> "(\w+)"/g)].map(([, code]) => code);
  assert.ok(codes.length > 10);
  assert.deepEqual(documented('Codes of the crate').sort(), codes.sort());
});

test('the page’s codes are documented, and no others', () => {
  assert.deepEqual(documented('Codes of the page').sort(), [...PAGE_CODES].sort());
});

test('the page reports every one of its codes and nothing without a documented code', () => {
  const text = scripts();
  for (const code of PAGE_CODES) assert.ok(text.includes(`'${code}'`), `${code} is reported nowhere`);
  const named = [...text.matchAll(/(?:complain\(|reportOf\(|code: )'(\w+)'/g)].map(([, code]) => code);
  assert.ok(named.length >= 10);
  for (const code of named) assert.ok(/** @type {readonly string[]} */ (PAGE_CODES).includes(code), `${code} is not documented`);
});

test('the codes that the page decides by are the crate’s', () => {
  const known = [...documented('Codes of the crate'), ...PAGE_CODES];
  const compared = [...scripts().matchAll(/(?<!typeof [\w.?]*)\bcode === '(\w+)'/g)].map(([, code]) => code);
  const [, runOnly] = scripts().match(/const RUN_ONLY = \[([^\]]+)\]/) ?? [];
  const [, badBytes] = scripts().match(/const BAD_BYTES = \[([^\]]+)\]/) ?? [];
  const [, refused] = scripts().match(/const BACKEND_REFUSED = \[([^\]]+)\]/) ?? [];
  const listed = [...`${runOnly} ${badBytes} ${refused}`.matchAll(/'(\w+)'/g)].map(([, code]) => code);
  assert.ok(compared.length > 3 && listed.length > 5);
  for (const code of [...compared, ...listed]) assert.ok(known.includes(code), code);
});

test('no error tells a visitor to run a developer’s command', () => {
  assert.doesNotMatch(`${scripts()} ${read('src/error.rs')}`, /\bcargo\b/);
});

test('a report is a code, a sentence and a hint; words come from whatever was thrown', () => {
  assert.deepEqual(reportOf('busy', 'A.', 'B.'), { code: 'busy', message: 'A.', hint: 'B.' });
  assert.equal(wordsOf(new Error('is empty')), 'is empty');
  assert.equal(wordsOf('lost'), 'lost');
});
