/**
 * The crate as a library: the page that the README shows, word for word, against `pkg/` as
 * `wasm-pack build --target web` makes it, and the types that come with it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, openPage } from '../../harness/browser.mjs';
import { DIST, serve } from '../../harness/server.mjs';
import { PATIENCE_MS } from '../../harness/waits.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGE = join(ROOT, 'pkg');

before(() => {
  assert.ok(existsSync(join(PACKAGE, 'convburn.js')), `${PACKAGE} is missing: run \`wasm-pack build --target web\`, or \`cargo xtask test\`, which does.`);
});

/** The README's only HTML block. */
function pageOfReadme() {
  const [, html] = readFileSync(join(ROOT, 'README.md'), 'utf8').match(/```html\n([\s\S]*?)```/) ?? [];
  assert.ok(html, 'the README shows a page');
  return html;
}

test('the README’s page trains, evaluates and logs', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'convburn-library-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'index.html'), pageOfReadme());
  symlinkSync(PACKAGE, join(root, 'pkg'));
  symlinkSync(join(DIST, 'data'), join(root, 'data'));
  const server = await serve(root);
  t.after(() => server.close());
  const browser = await launch();
  t.after(() => browser.close());

  const { page, complaints } = await openPage(browser);
  await page.goto(server.url);
  await page.waitForFunction(
    () => /evaluated [\d.]+/.test(document.getElementById('log')?.textContent ?? ''),
    undefined,
    { timeout: PATIENCE_MS },
  );
  const log = (await page.textContent('#log')) ?? '';
  const [, validated, evaluated] = log.match(/val_accuracy ([\d.]+), evaluated ([\d.]+)/) ?? [];
  assert.ok(Number(validated) > 0.2, log);
  assert.equal(validated, evaluated);
  const losses = [...log.matchAll(/^\d+\/63 ([\d.]+)$/gm)].map(([, loss]) => Number(loss));
  assert.ok(losses.length > 1 && losses[losses.length - 1] < losses[0], log);
  // A browser asks for an icon that this page does not have.
  assert.deepEqual(complaints.filter((text) => !/404/.test(text)), []);
});

test('the package’s types name load, train_epoch and predict', () => {
  const types = readFileSync(join(PACKAGE, 'convburn.d.ts'), 'utf8');
  assert.match(types, /export function load\(config\?: Partial<Config> \| null, manifest\?: Manifest \| null\): Promise<Loaded>/);
  assert.match(types, /export function train_epoch\(.*\): Promise<EpochOutcome>/);
  assert.match(types, /export function predict\(pixels: Uint8Array, images\?: number \| null\): Promise<Float32Array>/);
});
