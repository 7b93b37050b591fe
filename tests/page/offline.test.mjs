/**
 * Visits without a server, and updates: what the service worker keeps, of one version all or nothing.
 *
 * The only tests that allow service workers: each has a server and a profile of its own.
 *
 * @import { BrowserContext, Page } from 'playwright-core'
 * @import { Answer } from '../../harness/server.mjs'
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { forgetRuns, launch, openPage } from '../../harness/browser.mjs';
import { DIST, serve } from '../../harness/server.mjs';
import { phaseOf, textOf, until, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, strays } from './visits.mjs';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const MANIFEST = 'data/cifar10/manifest.json';
/** Few images, because ndarray is slow. */
const TINY_NDARRAY = SHORT.replace('flex', 'ndarray').replace('train=2000&test=1000', 'train=64&test=20');

/**
 * A profile whose pages come from a server of the test's own.
 * @param {import('node:test').TestContext} t @param {string} [root]
 */
async function setUp(t, root) {
  const { url, answers, requests, close } = await serve(root);
  const { context, page, asked } = await openPage(browser, { serviceWorkers: 'allow' });
  t.after(async () => {
    await context.close();
    await close();
  });
  return { context, page, url, asked, answers, requests: () => requests, close };
}

/** @param {Page} page */
const isKept = (page) => waitForText(page, 'offline', /kept in your browser/);

/** @param {Page} page */
const keepsFullModule = (page) => page.evaluate(async () => Boolean(await caches.match(new URL('convburn_full_bg.wasm', location.href).href)));

/** @param {Page} page */
async function endsWell(page) {
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.equal(await textOf(page, 'error'), '');
}

test('after one visit a later one needs no server: the page loads, and trains on the images that were fetched', async (t) => {
  const { page, context, url, close } = await setUp(t);
  await page.goto(`${url}${SHORT}`);
  await waitForPhase(page, ['ready']);
  await isKept(page);
  await page.close();
  await close();

  const later = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  later.on('pageerror', (error) => complaints.push(String(error)));
  await later.goto(`${url}${SHORT}&run=1`);
  await endsWell(later);
  await later.getByText('Images 1 to 25').waitFor();
  assert.match(await textOf(later, 'backend-active'), /flex/);
  assert.deepEqual(complaints, []);
  await isKept(later);

  // Images that were never fetched are missing, and that is said.
  await later.goto(`${url}${SHORT.replace('train=2000', 'train=4000')}`);
  await later.reload();
  const complains = async () => await textOf(later, 'error') !== '';
  await until('the page complains', complains, () => later.evaluate(() => void dispatchEvent(new Event('online')))); // It tries again at once.
  await waitForText(later, 'error', /“train-01\.bin\.gz” could not be fetched/);
});

test('a later visit asks the server for the list of images and whether the page is still there, and for nothing that it has', async (t) => {
  const { page, context, url, requests } = await setUp(t);
  await page.goto(`${url}${SHORT}`);
  await isKept(page);
  assert.ok(!requests().includes('convburn_full_bg.wasm'), 'what is large and not used is not fetched to be kept');
  assert.ok(!requests().includes('convburn_cpu_bg.wasm'), 'nor the module for other browsers');
  const mark = requests().length;
  const later = await context.newPage();
  await later.goto(`${url}${SHORT}`);
  await waitForPhase(later, ['ready']);
  await isKept(later);
  const asked = requests().slice(mark).filter((path) => path !== 'sw.js');
  assert.deepEqual(asked.sort(), ['', MANIFEST]);
});

test('where another project has come to stand, its page is shown at the first visit, and runs stay', async (t) => {
  const { page, context, url, close } = await setUp(t);
  await page.goto(`${url}${SHORT}&run=1`);
  await endsWell(page);
  await isKept(page);
  await page.close();
  await close();
  const root = mkdtempSync(join(tmpdir(), 'convburn-other-'));
  writeFileSync(join(root, 'index.html'), '<!doctype html><html lang="en"><title>Other</title><link rel="icon" href="data:,"><h1>Another project</h1>');
  const other = await serve(root, { port: Number(new URL(url).port) });
  t.after(async () => {
    rmSync(root, { recursive: true, force: true });
    await other.close();
  });
  const later = await context.newPage();
  await later.goto(`${url}#about`);
  await later.getByText('Another project').waitFor();
  assert.equal(new URL(later.url()).hash, '#about');
  const left = await later.evaluate(async () => {
    let runs = 0;
    for await (const _ of /** @type {any} */ (await navigator.storage.getDirectory()).keys()) runs += 1;
    return { runs, workers: (await navigator.serviceWorker.getRegistrations()).length, caches: (await caches.keys()).map((name) => name.split(' ')[0]) };
  });
  assert.deepEqual(left, { runs: 1, workers: 0, caches: ['convburn-data'] });
});

test('the full module is kept for those who have used it', async (t) => {
  const { page, context, url, close } = await setUp(t);
  await page.goto(`${url}${TINY_NDARRAY}`);
  await waitForPhase(page, ['ready']);
  await isKept(page);
  await until('the full module is kept', () => keepsFullModule(page));
  await page.close();
  await close();
  const later = await context.newPage();
  await later.goto(`${url}${TINY_NDARRAY}&run=1`);
  await endsWell(later);
  assert.match(await textOf(later, 'backend-active'), /ndarray/);
});

test('no request of a visit with a run leaves the page’s origin, the service worker’s included', async (t) => {
  const { page, context, url, asked } = await setUp(t);
  const origin = new URL(url).origin;
  /** @type {string[]} */
  const byWorker = [];
  context.on('request', (request) => {
    if (request.serviceWorker()) byWorker.push(request.url());
  });
  for (let visit = 0; visit < 2; visit += 1) {
    await page.goto(`${url}${SHORT}&run=1`);
    await page.reload(); // The first time the fragment alone would be no visit.
    await endsWell(page);
    await isKept(page);
    await page.getByTestId('reference').check();
    await page.getByTestId('random-test').click();
    await waitForText(page, 'predictions', /\d %/);
    await page.getByTestId('evaluate').click();
    await waitForPhase(page, ['done']);
    await forgetRuns(page); // What is kept would be opened by the next visit, which is to train.
    await Promise.all([page.waitForEvent('download'), page.getByTestId('save-run').click()]);
  }
  assert.ok(asked.length > 50, `${asked.length} requests`);
  assert.ok(byWorker.length > 30, `${byWorker.length} requests of the service worker`);
  assert.deepEqual(strays(asked, origin), []);
});

/** A copy of the built page that a test may change; the images are the built page's. @param {import('node:test').TestContext} t */
function copyOfPage(t) {
  const root = mkdtempSync(join(tmpdir(), 'convburn-page-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const data = join(DIST, 'data');
  cpSync(DIST, root, { recursive: true, filter: (from) => from !== data });
  symlinkSync(data, join(root, 'data'));
  return root;
}

/** Makes another version of a copy: the same page with a name in three of its files. @param {string} root @param {string} name */
function release(root, name) {
  const page = readFileSync(join(root, 'index.html'), 'utf8');
  writeFileSync(join(root, 'index.html'), page.replace(/<html (data-version="\w+" )?/, `<html data-version="${name}" `));
  appendFileSync(join(root, 'main.js'), `document.documentElement.dataset.script = '${name}';\n`);
  appendFileSync(join(root, 'style.css'), `:root { --version: ${name}; }\n`);
  const script = readFileSync(join(root, 'sw.js'), 'utf8');
  writeFileSync(join(root, 'sw.js'), script.replace(/(\/\* release \*\/ )(.*)/, (_line, mark, list) => {
    const { files, later } = JSON.parse(list);
    for (const path of ['index.html', 'main.js', 'style.css']) {
      files[path] = createHash('sha256').update(readFileSync(join(root, path))).digest('hex');
    }
    return mark + JSON.stringify({ version: name, files, later });
  }));
}

/** Of which version the page's three changed files are. @param {Page} page */
function versionsOf(page) {
  return page.evaluate(() => {
    const { version, script } = document.documentElement.dataset;
    return [version, script, getComputedStyle(document.documentElement).getPropertyValue('--version').trim()];
  });
}

/** The versions that the browser keeps. @param {Page} page */
const keptVersions = (page) => page.evaluate(async () => (
  (await caches.keys()).filter((name) => name.startsWith('convburn-page ')).map((name) => name.replace(/^.* /, ''))));

/** Has the browser look for an update, as it does at a visit. @param {Page} page */
const askForUpdate = (page) => page.evaluate(async () => {
  await (await navigator.serviceWorker.getRegistration())?.update().catch(() => undefined);
});

/** Whether no service worker is on its way beside the active one. @param {Page} page */
const isAlone = (page) => page.evaluate(async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  return Boolean(registration?.active && !registration.installing && !registration.waiting);
});

/** A new page, after all others were closed. @param {BrowserContext} context @param {string} url */
async function visitAgain(context, url) {
  for (const page of context.pages()) await page.close();
  const page = await context.newPage();
  await page.goto(`${url}${SHORT}`);
  await waitForPhase(page, ['ready', 'error']);
  assert.equal(await phaseOf(page), 'ready', await textOf(page, 'error'));
  return page;
}

test('an update takes the place of all files or of none', async (t) => {
  const root = copyOfPage(t);
  release(root, 'first');
  const { context, page, url, answers, requests } = await setUp(t, root);
  await page.goto(`${url}${SHORT}`);
  await isKept(page);
  assert.deepEqual(await versionsOf(page), ['first', 'first', 'first']);

  // One file of the second version cannot be had, then comes as another than it should.
  release(root, 'second');
  const other = '/* of a third version */';
  for (const failure of /** @type {Answer[]} */ ([
    (response) => void response.writeHead(500).end(),
    (response) => void response.writeHead(200, { 'content-type': 'text/css' }).end(other),
  ])) {
    const mark = requests().length;
    answers.set('panels.css', failure);
    const later = await visitAgain(context, url);
    await forgetRuns(later); // A page that is closed at once may have kept its run a step before its end: Start would ask.
    assert.deepEqual(await versionsOf(later), ['first', 'first', 'first']);
    // The browser tries to take the second version, and lets it be.
    await until('the second version is asked for', () => requests().slice(mark).includes('panels.css'), () => askForUpdate(later));
    await until('the first version is alone', () => isAlone(later));
    await forgetRuns(later); // Else Start asks whether the run of the failure before may go.
    await later.reload();
    await waitForPhase(later, ['ready']);
    assert.deepEqual(await versionsOf(later), ['first', 'first', 'first']);
    await later.getByTestId('start').click();
    await endsWell(later);
    assert.deepEqual(await keptVersions(later), ['first']);
  }

  // All of it can be had: it waits until the page of the first version is closed.
  answers.delete('panels.css');
  const waiting = await visitAgain(context, url);
  await forgetRuns(waiting);
  await waitForText(waiting, 'offline', /newer version/);
  await waiting.reload();
  await waitForPhase(waiting, ['ready']);
  assert.deepEqual(await versionsOf(waiting), ['first', 'first', 'first']);
  let next = await visitAgain(context, url);
  // A browser may take a moment to notice that the page was closed.
  const isFirst = async () => (await versionsOf(next)).every((version) => version === 'first');
  await until('the second version is there', async () => !await isFirst(), async () => { next = await visitAgain(context, url); });
  assert.deepEqual(await versionsOf(next), ['second', 'second', 'second']);
  await forgetRuns(next);
  await next.reload();
  await next.getByTestId('start').click();
  await endsWell(next);
  assert.deepEqual(await keptVersions(next), ['second']);
});

test('a page of an older version is never given the full module of a newer one', async (t) => {
  const root = copyOfPage(t);
  release(root, 'first');
  const { context, page, url } = await setUp(t, root);
  await page.goto(`${url}${SHORT}`);
  await isKept(page);
  const later = await visitAgain(context, url);
  writeFileSync(join(root, 'convburn_full_bg.wasm'), 'another module');
  await later.getByTestId('backend').selectOption('ndarray');
  await waitForText(later, 'error', /"ndarray" cannot run here: the module with it could not be loaded/);
  await waitForPhase(later, ['ready']);
  assert.equal(await keepsFullModule(later), false);
});
