/**
 * The crate's modules: the page shows images before any is there, fetches the full one only when
 * something asks for a backend that the small one lacks, and goes over to it without losing anything.
 */
import assert from 'node:assert/strict';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST } from '../../harness/server.mjs';
import { phaseOf, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, onDisk, share, shardRecords, upload } from './visits.mjs';

const shared = share({ before, after });
/** The small module for a browser with relaxed SIMD, and the one for any other. */
const [SMALL, PLAIN] = ['convburn_cpu_relaxed_bg.wasm', 'convburn_cpu_bg.wasm'];
/** Few images, because ndarray is slow. */
const TINY = SHORT.replace('train=2000&test=1000', 'train=64&test=20');

/** What is asked of the server from now on. */
function listen() {
  const mark = shared.requests().length;
  const since = () => shared.requests().slice(mark);
  return {
    modules: () => since().filter((path) => path.endsWith('.wasm')),
    shards: () => since().filter((path) => path.endsWith('.bin.gz')),
  };
}

/** @param {import('playwright-core').Page} page */
async function endsWell(page) {
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.equal(await textOf(page, 'error'), '');
}

test('images are drawn before the module has come, and it is compiled while it comes', async (t) => {
  /** @type {() => void} */
  let release = () => undefined;
  const held = new Promise((resolve) => { release = () => resolve(undefined); });
  shared.answer(t, SMALL, async (response) => {
    await held;
    response.writeHead(200, { 'content-type': 'application/wasm' });
    createReadStream(join(DIST, SMALL)).pipe(response);
  });
  const { page, complaints } = await shared.visit(t, SHORT);
  await page.getByText('Images 1 to 25').waitFor();
  await page.getByText('Test image: cat').waitFor();
  const corners = await page.locator('#samples canvas').evaluateAll((all) => all.map((canvas) => (
    /** @type {CanvasRenderingContext2D} */ (/** @type {HTMLCanvasElement} */ (canvas).getContext('2d')).getImageData(0, 0, 1, 1).data[3])));
  assert.ok(corners.length > 0 && corners.every((alpha) => alpha === 255), corners.join(' '));
  assert.equal(await phaseOf(page), 'loading');
  release();
  await waitForPhase(page, ['ready']);
  // Where streaming is not possible, wasm-bindgen says so in the console.
  assert.deepEqual(complaints, []);
});

test('on the processor the full module is never fetched', async (t) => {
  for (const link of [SHORT, SHORT.replace('flex', 'auto')]) {
    const asked = listen();
    const { page } = await shared.visit(t, link);
    await waitForPhase(page, ['ready']);
    assert.match(await textOf(page, 'backend-active'), /flex/);
    await waitForText(page, 'backend-remarks', /ndarray: Many times slower/);
    assert.deepEqual(asked.modules(), [SMALL], link);
  }
});

test('another backend may be chosen after a run: the Start goes over to the full module, and no image is fetched again', async (t) => {
  const asked = listen();
  const { page, complaints } = await shared.visit(t, `${TINY}&run=1`);
  await endsWell(page);
  const shards = asked.shards();
  await page.getByTestId('backend').selectOption('ndarray');
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1, 'the figures stay until the next Start');
  assert.deepEqual(asked.modules(), [SMALL]);
  await page.getByTestId('start').click();
  await waitForPhase(page, ['training']);
  await endsWell(page);
  assert.match(await textOf(page, 'backend-active'), /ndarray/);
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);
  assert.deepEqual(asked.modules(), [SMALL, 'convburn_full_bg.wasm']);
  assert.deepEqual(asked.shards(), shards);

  await page.getByTestId('backend').selectOption('flex');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['training']);
  await endsWell(page);
  assert.equal(asked.modules().length, 2, 'the full module has flex too');
  assert.deepEqual(complaints, []);
});

test('where the full module cannot be had, the page says so and trains on the processor', async (t) => {
  for (const file of ['convburn_full.js', 'convburn_full_bg.wasm']) shared.answer(t, file, (response) => response.writeHead(404).end());
  const { page } = await shared.visit(t, TINY.replace('flex', 'ndarray'));
  await waitForPhase(page, ['error']);
  assert.match(await textOf(page, 'error'), /"ndarray" cannot run here: the module with it could not be loaded \(.*\), and a reload of the page tries again\..*"flex"/s);
  await waitForText(page, 'backend-remarks', /ndarray: It cannot run here: the module/);
  await page.getByTestId('backend').selectOption('auto');
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await waitForPhase(page, ['training', 'done']);
  await endsWell(page);
  assert.match(await textOf(page, 'backend-active'), /flex/);
});

test('the visitor’s own images go over to the full module too', async (t) => {
  const { page } = await shared.visit(t, TINY);
  await waitForPhase(page, ['ready']);
  await page.getByTestId('drop').setInputFiles(upload('mine.bin', shardRecords('train-00.bin.gz').subarray(0, 100 * 3_073)));
  await page.getByText('100 images for training, unknown').waitFor();
  await waitForPhase(page, ['ready']);
  await page.getByTestId('backend').selectOption('ndarray');
  await waitForText(page, 'backend-active', /ndarray/);
  await page.getByText('100 images for training, unknown').waitFor();
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await endsWell(page);
});

test('a link to a backend of the full module fetches that one alone, and its saved run is opened in a page that has the small one', async (t) => {
  const asked = listen();
  const first = await shared.visit(t, `${TINY.replace('flex', 'ndarray')}&run=1`);
  await endsWell(first.page);
  assert.match(await textOf(first.page, 'backend-active'), /ndarray/);
  assert.deepEqual(asked.modules(), ['convburn_full_bg.wasm']);
  const [download] = await Promise.all([first.page.waitForEvent('download'), first.page.getByTestId('save-run').click()]);
  const bytes = readFileSync(await download.path());
  await first.context.close();

  const { page } = await shared.visit(t, TINY);
  await waitForPhase(page, ['ready']);
  await page.getByTestId('open-run').setInputFiles(onDisk('convburn-run.safetensors', bytes));
  await waitForText(page, 'backend-active', /ndarray/);
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);
  assert.equal(await textOf(page, 'error'), '');
  await page.getByTestId('evaluate').click();
  await waitForText(page, 'val-accuracy', /\d/);
});

test('a browser without relaxed SIMD gets the module without it; portable arithmetic computes the same bits in both', async (t) => {
  const link = `${TINY}&workers=1&arithmetic=portable&run=1`;
  /** @param {import('playwright-core').Page} page */
  const figuresOf = async (page) => {
    await endsWell(page);
    return (await page.getByTestId('epoch-table').locator('tbody td').allTextContents()).slice(0, 4); // Behind them are times.
  };
  const asked = listen();
  const first = await shared.visit(t, link);
  const found = await figuresOf(first.page);
  assert.deepEqual(asked.modules(), [SMALL]);
  await first.context.close();
  // A browser of before cannot be had here, so the bytes that it is asked about are made invalid.
  const script = readFileSync(join(DIST, 'engine/capabilities.js'), 'utf8');
  const without = script.replace('253, 133, 2, 11', '253, 255, 2, 11');
  assert.notEqual(without, script);
  shared.answer(t, 'engine/capabilities.js', (response) => {
    response.writeHead(200, { 'content-type': 'text/javascript' });
    response.end(without);
  });
  const { page } = await shared.visit(t, link);
  assert.deepEqual(await figuresOf(page), found);
  assert.deepEqual(asked.modules(), [SMALL, PLAIN]);
});
