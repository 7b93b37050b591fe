/** Hosts and browsers that give less: plain http, no network after the first visit, old browsers. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DIST, serve } from '../../harness/server.mjs';
import { PATIENCE_MS, phaseOf, textOf, until, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, share, strays } from './visits.mjs';

const shared = share({ before, after }, { args: ['--host-resolver-rules=MAP classroom.test 127.0.0.1'] });

test('over plain http a run goes to its end on the processor, and the page says what is missing', async (t) => {
  const { page, complaints, asked, origin } = await shared.visit(t, `${SHORT.replace('backend=flex&', '')}&run=1`, { host: 'classroom.test' });
  assert.deepEqual(
    await page.evaluate(() => ['isSecureContext' in window && window.isSecureContext, 'gpu' in navigator, 'caches' in window, 'subtle' in crypto]),
    [false, false, false, false],
  );
  assert.match(await textOf(page, 'withheld'), /plain http.*graphics card.*https.*localhost/);
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.match(await textOf(page, 'backend-active'), /Runs on flex.*because/);
  assert.ok(Number(await textOf(page, 'val-accuracy')) > 0.1);
  assert.equal(await textOf(page, 'error'), '');
  assert.deepEqual(complaints, []);
  assert.deepEqual(strays(asked, origin), []);

  // The explanation can be put away.
  const note = page.getByTestId('withheld');
  await note.locator('summary').click();
  await note.locator('p').waitFor({ state: 'hidden' });
});

test('over plain http WebGPU asked for by name is refused with a reason, and flex takes its place', async (t) => {
  const { page } = await shared.visit(t, SHORT.replace('flex', 'webgpu'), { host: 'classroom.test' });
  await waitForPhase(page, ['error']);
  assert.match(await textOf(page, 'error'), /webgpu.*cannot run here/);
  await page.getByTestId('backend').selectOption('flex');
  await waitForPhase(page, ['ready']);
});

test('at localhost nothing is said to be missing, and after one visit a reload needs no data from the server', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('withheld').isHidden());
  const keptFiles = () => page.evaluate(async () => (await (await caches.open((await caches.keys()).find((name) => name.startsWith('convburn-data')) ?? '')).keys()).length);
  await until('all three files are kept', async () => await keptFiles() >= 3);
  await page.route('**/data/**', (route) => route.abort());
  await page.reload();
  await waitForPhase(page, ['ready', 'error']);
  assert.equal(await phaseOf(page), 'ready', await textOf(page, 'error'));
  await page.getByText('Images 1 to 25').waitFor();
  assert.equal(await textOf(page, 'error'), '');
});

/** What an older browser lacks, taken from this one before its first script. @type {[string, () => void, RegExp][]} */
const OLDER = [
  ['no SIMD', () => {
    const { validate } = WebAssembly;
    // A module with SIMD has its prefix, 0xfd.
    WebAssembly.validate = (bytes) => !new Uint8Array(/** @type {ArrayBuffer} */ (bytes)).includes(0xfd) && validate(bytes);
  }, /no SIMD.*newer browser/],
  ['no WebAssembly', () => void Reflect.deleteProperty(globalThis, 'WebAssembly'), /no WebAssembly.*another browser/],
  ['no workers', () => void Reflect.deleteProperty(globalThis, 'Worker'), /no module workers.*newer browser/],
  ['no module workers', () => {
    // An old browser does not look at the option that it does not know.
    const { Worker } = globalThis;
    globalThis.Worker = class extends Worker {
      /** @param {string | URL} url */
      constructor(url) {
        super(url);
      }
    };
  }, /no module workers.*newer browser/],
];

for (const [what, take, sentence] of OLDER) {
  test(`a browser with ${what} says so, and shows the images all the same`, async (t) => {
    const { page } = await shared.visit(t, `${SHORT}&run=1`, { prepare: (opened) => opened.addInitScript(take) });
    await waitForPhase(page, ['error']);
    await waitForText(page, 'error', sentence);
    await page.getByText('Images 1 to 25').waitFor();
    assert.ok(await page.getByTestId('start').isDisabled());
  });
}

test('without JavaScript the page says what it needs', async (t) => {
  const { page } = await shared.visit(t, '', { options: { javaScriptEnabled: false } });
  await page.getByText(/trains a network with JavaScript and WebAssembly/).waitFor();
});

/** The sentence that is there where no script has run, before and after its ten seconds. @param {import('playwright-core').Page} page */
async function seenAndSeenLater(page) {
  const sentence = page.getByText('The program of this page has not started');
  const before = await sentence.isVisible();
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) if (/** @type {CSSAnimation} */ (animation).animationName === 'unstarted') animation.finish();
  });
  return [before, await sentence.isVisible()];
}

test('from disk, and from a server that sends scripts as text, the page says that it cannot start', async (t) => {
  const { page } = await shared.visit(t, '', { options: { reducedMotion: 'reduce' } });
  assert.equal(await page.locator('#unstarted').count(), 0, 'its script took it away');
  await page.goto(pathToFileURL(join(DIST, 'index.html')).href);
  assert.deepEqual(await seenAndSeenLater(page), [false, true]);

  shared.answer(t, 'main.js', (response) => void response.writeHead(200, { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' }).end('0;'));
  const { page: typed } = await shared.visit(t, '');
  assert.deepEqual(await seenAndSeenLater(typed), [false, true]);
});

test('in a frame without an origin the page says so, and in one without downloads a file that is saved is said not to be', async (t) => {
  const server = await serve(DIST, { headers: { 'access-control-allow-origin': '*' } });
  t.after(() => server.close());
  const { page } = await shared.visit(t, '');
  for (const [sandbox, path] of [['allow-scripts', 'a.html'], ['allow-scripts allow-same-origin', 'b.html']]) {
    server.answers.set(path, (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(`<iframe sandbox="${sandbox}" src="./${SHORT}"></iframe>`));
  }
  await page.goto(`${server.url}a.html`);
  const own = `${server.url.replaceAll('.', '\\.')}`;
  await page.frameLocator('iframe').getByTestId('error').getByText(new RegExp(`starts no training engine.*Open ${own} in a tab`)).waitFor();
  await page.goto(`${server.url}b.html`);
  await page.frameLocator('iframe').getByTestId('report').click({ timeout: PATIENCE_MS });
  await page.frameLocator('iframe').getByTestId('notice').getByText(new RegExp(`was not saved: the frame around this page allows no downloads\\. Open ${own} in a tab`)).waitFor();
});
