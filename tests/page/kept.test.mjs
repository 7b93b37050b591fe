/**
 * What is kept between visits, in a browser with its back/forward cache as people have it: nothing is written over
 * unasked, each copy of the page keeps to its own, and a run comes back with the data that it was trained on.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, openPage } from '../../harness/browser.mjs';
import { DIST, serve } from '../../harness/server.mjs';
import { textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { onDisk, shardRecords } from './visits.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  server = await serve(DIST, { folders: { '/copy/': DIST } });
  browser = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A second a run. @param {number} epochs */
const link = (epochs) => `#backend=flex&train=160&test=40&epochs=${epochs}&batch=16&seed=7&workers=1`;
/** It never ends by itself. */
const ENDLESS = link(1_000);

/** @param {import('node:test').TestContext} t */
async function setUp(t) {
  const { context, page, complaints } = await openPage(browser);
  t.after(() => context.close());
  return { page, complaints };
}

/** Another document: the fragment alone would be no visit. @param {Page} page @param {string} fragment @param {string} [url] */
async function visit(page, fragment, url = server.url) {
  await page.goto(new URL('licences.txt', url).href);
  await page.goto(`${url}${fragment}`);
}

/** The log, cell by cell. @param {Page} page */
async function rowsOf(page) {
  const rows = await page.getByTestId('epoch-table').locator('tbody tr').all();
  return Promise.all(rows.map((row) => row.locator('td').allTextContents()));
}

/** @param {Page} page */
async function keepEndlessRun(page) {
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await page.getByTestId('kept-note').getByText(/are kept on this machine/).waitFor();
}

test('a page in the back/forward cache lets its run go; Train and deletion ask in place; shown again it keeps on', async (t) => {
  const { page, complaints } = await setUp(t);
  await page.goto(`${server.url}${ENDLESS}`);
  await keepEndlessRun(page);
  await page.evaluate(() => Object.assign(globalThis, { isFirst: true }));
  await visit(page, `${ENDLESS.replace('seed=7', 'seed=8')}&run=1`);
  await page.getByTestId('offer').getByText(/Your last run stopped at epoch \d+ of 1000, and was kept/).waitFor();
  await page.getByTestId('replace-no').waitFor(); // The link would take its place.
  await waitForPhase(page, ['ready']);
  await page.getByTestId('replace-no').click();

  const focused = () => page.evaluate(() => document.activeElement?.id);
  await page.getByTestId('start').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('replace-yes').waitFor();
  assert.equal(await focused(), 'replace-no');
  await page.keyboard.press('Escape');
  assert.ok(await page.getByTestId('replace-yes').isHidden());
  assert.equal(await focused(), 'start');

  await page.getByTestId('delete-kept').focus();
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'delete-no');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'delete-kept');
  assert.match(await textOf(page, 'offer'), /was kept/, 'nothing was deleted');

  // A page from the cache loads nothing, so there is no load to wait for.
  await page.evaluate(() => history.go(-2));
  await page.waitForFunction(() => 'isFirst' in globalThis);
  const rows = await page.getByTestId('epoch-table').locator('tbody tr').count();
  await page.waitForFunction((many) => document.querySelectorAll('[data-testid="epoch-table"] tbody tr').length > many, rows);
  assert.ok(await page.getByTestId('offer').isHidden(), 'it has its run still');
  await page.getByTestId('pause').click();
  await waitForPhase(page, ['paused']);
  assert.deepEqual(complaints.filter((each) => !each.includes('404')), [], 'but for the icon of the page between');
});

test('a finished run whose link has run=1 is shown after a reload, not trained over; its best one can be had', async (t) => {
  const { page, complaints } = await setUp(t);
  await page.goto(`${server.url}${link(2)}&run=1`);
  await waitForPhase(page, ['done']);
  await page.getByTestId('kept-note').getByText(/are kept on this machine/).waitFor();
  const rows = await rowsOf(page);
  assert.equal(rows.length, 2);
  await page.reload();
  await page.getByTestId('epoch-table').locator('tbody tr').nth(1).waitFor();
  assert.deepEqual(await rowsOf(page), rows, 'also the times are those of then');

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-best').click()]);
  const file = readFileSync(await download.path());
  const { history } = JSON.parse(JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString()).__metadata__.run);
  const accuracies = rows.map((cells) => Number(cells[2]));
  assert.equal(history.at(-1).val_accuracy.toFixed(4), Math.max(...accuracies).toFixed(4));
  assert.deepEqual(complaints, []);
});

test('two copies of the page on one origin keep to their own; an older version’s run goes to the first that finds it', async (t) => {
  const { page } = await setUp(t);
  await page.goto(`${server.url}${ENDLESS}`);
  await keepEndlessRun(page);
  const copy = new URL('/copy/', server.url).href;
  await visit(page, ENDLESS, copy);
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('offer').isHidden());
  await page.getByTestId('delete-kept').click();
  await page.getByTestId('delete-yes').click();
  await page.getByTestId('notice').getByText(/is deleted/).waitFor();
  assert.equal((await page.evaluate(() => caches.keys())).length, 1, 'the other copy’s images are its own');

  // As versions before stored it.
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const names = [];
    for await (const name of /** @type {any} */ (root).keys()) names.push(name);
    const of = names.find((name) => decodeURIComponent(name) === 'convburn-run /convburn/');
    const bytes = await (await (await (await root.getDirectoryHandle(of)).getFileHandle('last.safetensors')).getFile()).arrayBuffer();
    await root.removeEntry(of, { recursive: true });
    const older = await (await root.getDirectoryHandle('convburn-runs', { create: true })).getFileHandle('last.safetensors', { create: true });
    const stream = await older.createWritable();
    await stream.write(bytes);
    await stream.close();
  });
  await visit(page, ENDLESS);
  await page.getByTestId('offer').getByText(/of 1000, and was kept/).waitFor();
  await visit(page, ENDLESS, copy);
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('offer').isHidden());
});

test('a run on an own file goes on whether Resume or the file comes first', async (t) => {
  const { page } = await setUp(t);
  server.answers.set('data/cifar10/manifest.json', (response) => void response.writeHead(404).end());
  t.after(() => void server.answers.delete('data/cifar10/manifest.json'));
  const file = onDisk('own.bin', shardRecords('train-00.bin.gz').subarray(0, 500 * 3_073));
  const drop = () => page.getByTestId('drop').setInputFiles(file);
  await page.goto(`${server.url}${ENDLESS}`);
  await waitForText(page, 'error', /could not be had/);
  await drop();
  await keepEndlessRun(page);
  for (const resumesFirst of [true, false]) {
    await visit(page, ENDLESS);
    await page.getByTestId('resume-kept').isEnabled();
    await waitForText(page, 'error', /could not be had/);
    if (resumesFirst) {
      await page.getByTestId('resume-kept').click();
      await page.getByTestId('offer').getByText(/It (goes on|waits)/).waitFor();
      await drop();
    } else {
      await drop();
      await page.getByTestId('resume-kept').click();
    }
    await waitForPhase(page, ['training']);
    assert.ok(await page.getByTestId('epoch-table').locator('tbody tr').count() >= 1);
    assert.ok(await page.getByTestId('offer').isHidden());
    await page.getByTestId('kept-note').getByText(/are kept on this machine/).waitFor();
  }
});
