/**
 * What a visitor may meet with: a server that errs, files and pictures that are none, settings that
 * cannot be used, a browser that refuses. Each is said in a sentence, and what ran before runs on.
 *
 * docs/errors.md lists the codes. The crate's own border is tested in border.test.mjs.
 *
 * @import { Page } from 'playwright-core'
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { phaseOf, textOf, until, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, drop, share, shardRecords, upload } from './visits.mjs';
import { LABELS } from '../../www/state/fields.js';
import { whitePng } from './png.mjs';

const shared = share({ before, after });
const RECORD_BYTES = 3_073;
const SHARD = 'data/cifar10/train-00.bin.gz';
const records = shardRecords('train-00.bin.gz');

/** @typedef {import('../../harness/server.mjs').Answer} Answer */

/** A server's headers; the browser's own cache keeps what they come with. */
const GZIP = { 'content-type': 'application/gzip', 'cache-control': 'max-age=3600' };
const HTML = { 'content-type': 'text/html', 'cache-control': 'max-age=3600' };

/** @param {Uint8Array} bytes @param {Record<string, string>} [headers] @returns {Answer} */
const send = (bytes, headers = GZIP) => (response) => void response.writeHead(200, headers).end(bytes);

/** The first records, changed. @param {number} count @param {(bytes: Buffer) => void} [change] */
function someRecords(count, change = () => undefined) {
  const some = Buffer.from(records.subarray(0, count * RECORD_BYTES));
  change(some);
  return some;
}

/** What the server may say instead of the first shard, and what the page makes of it. @type {[string, Answer, RegExp][]} */
const BAD_ANSWERS = [
  ['a truncated shard', send(gzipSync(records).subarray(0, 100_000)), /damaged/],
  ['a shard of other images', send(gzipSync(someRecords(2_000, (bytes) => bytes.fill(1, 5, 50)))), /does not match/],
  ['a shard with the label 10', send(gzipSync(someRecords(2_000, (bytes) => void (bytes[0] = 10)))), /label 10/],
  ['the status 404', (response) => void response.writeHead(404).end('no such file'), /answered 404 for “train-00\.bin\.gz”/],
  ['a web page with the status 200', send(Buffer.from('<!doctype html><title>Welcome</title>'), HTML), /web page in place of “train-00/],
  ['a web page that calls itself a file', send(Buffer.from('<!doctype html><title>Welcome</title>')), /web page in place of “train-00/],
  ['a shard compressed twice', send(gzipSync(gzipSync(records))), /“train-00\.bin\.gz” came damaged.*not CIFAR-10/],
];

for (const [what, answer, sentence] of BAD_ANSWERS) {
  test(`${what} is said, and trying again brings the images`, async (t) => {
    const { page } = await shared.visit(t, SHORT, { prepare: async () => shared.answer(t, SHARD, answer) });
    await waitForText(page, 'error', sentence);
    await page.locator('#data-notice').getByText(/could not be had.*train-00/).waitFor();
    assert.equal(await phaseOf(page), 'loading');
    assert.equal(await page.locator('#samples-range').textContent(), '', 'no bad images are shown');
    shared.answers().delete(SHARD);
    await page.getByRole('button', { name: 'Try again' }).click();
    await waitForPhase(page, ['ready']);
    assert.equal(await textOf(page, 'error'), '');
    await page.getByText('Images 1 to 25').waitFor();
  });
}

test('a server that compresses what is compressed, and says so, is understood', async (t) => {
  const headers = { ...GZIP, 'content-encoding': 'gzip' };
  for (const bytes of [gzipSync(gzipSync(records)), gzipSync(records)]) {
    const { page, context } = await shared.visit(t, SHORT, { prepare: async () => shared.answer(t, SHARD, send(bytes, headers)) });
    await waitForPhase(page, ['ready', 'error']);
    assert.equal(await phaseOf(page), 'ready', await textOf(page, 'error'));
    await context.close();
  }
});

test('a download that stalls is tried again, then given up, and trying again brings the images', async (t) => {
  const mark = shared.requests().length;
  const tries = () => shared.requests().slice(mark).filter((path) => path === SHARD).length;
  const { page } = await shared.visit(t, SHORT, {
    prepare: async (opened) => {
      await opened.clock.install();
      // A part of it, and then nothing.
      shared.answer(t, SHARD, (response) => {
        response.writeHead(200, { 'content-type': 'application/gzip' });
        response.write(gzipSync(records).subarray(0, 5_000));
      });
    },
  });
  await page.locator('#data-state').getByText(/Fetching the images: 0 of 2/).waitFor();
  await page.clock.fastForward(15_000);
  assert.equal(await textOf(page, 'error'), '');
  for (const again of [2, 3, 4]) {
    await page.clock.fastForward(20_000);
    await page.locator('#data-notice').getByText(/“train-00.bin.gz” stalled.*tries again by itself/).waitFor();
    await page.clock.fastForward(6_000);
    await until(`it is tried for the ${again}th time`, () => tries() === again);
  }
  await page.clock.fastForward(21_000);
  await waitForText(page, 'error', /“train-00.bin.gz” stalled: nothing came for 20 seconds/);
  shared.answers().delete(SHARD);
  await page.getByRole('button', { name: 'Try again' }).click();
  await waitForPhase(page, ['ready']);
});

test('a missing manifest is said, and so is a web page in its place', async (t) => {
  const path = 'data/cifar10/manifest.json';
  const { page } = await shared.visit(t, SHORT, {
    prepare: async () => shared.answer(t, path, (response) => void response.writeHead(404).end()),
  });
  await waitForText(page, 'error', /answered 404 for “manifest\.json”/);
  shared.answers().set(path, send(Buffer.from('<html></html>'), HTML));
  await page.getByRole('button', { name: 'Try again' }).click();
  await waitForText(page, 'error', /web page in place of “manifest\.json”/);
  shared.answers().delete(path);
  await page.getByRole('button', { name: 'Try again' }).click();
  await waitForPhase(page, ['ready']);
});

/** @param {number} count */
const recordBytes = (count) => [...records.subarray(0, count * RECORD_BYTES)];

test('files and pictures that are none cost a run that is under way nothing', async (t) => {
  const { page, complaints } = await shared.visit(t, `${SHORT.replace('epochs=1', 'epochs=50')}&run=1`);
  await page.getByTestId('epoch-table').locator('tbody tr').first().waitFor();
  const picture = page.getByTestId('predict-file');
  const subject = page.locator('#subject-title');

  await drop(page, [{ name: 'mine.bin', bytes: recordBytes(2) }]);
  await waitForText(page, 'error', /under way.*Stop the run/);
  await picture.setInputFiles(upload('empty.png', new Uint8Array(), 'image/png'));
  await waitForText(page, 'error', /“empty\.png” is empty/);
  await picture.setInputFiles(upload('text.png', Buffer.from('no picture'), 'image/png'));
  await waitForText(page, 'error', /“text\.png” cannot be read as a picture/);
  await picture.setInputFiles(upload('vast.png', whitePng(20_000, 20_000), 'image/png'));
  await waitForText(page, 'error', /“vast\.png” is too large a picture: 20000 × 20000 pixels/);
  await drop(page, [{ name: 'film.png', type: 'image/png', size: 2 ** 31 }]);
  await waitForText(page, 'error', /“film\.png” is too large a file/);
  await page.evaluate(() => {
    location.hash = '#backend=cuda&train=1';
  });
  await waitForText(page, 'error', /link was followed while a run is under way/);
  assert.match(page.url(), /seed=7&.*&run=1$/, 'the address says what runs');
  await page.getByRole('button', { name: 'Dismiss' }).click();

  await picture.setInputFiles(upload('wide.png', whitePng(30_000, 10), 'image/png'));
  await subject.getByText('wide.png, as the network sees it').waitFor();
  await drop(page, ['dropped.png', 'other.png'].map((name) => ({ name, type: 'image/png', bytes: [...whitePng(40, 40)] })));
  await subject.getByText('dropped.png, the first of 2 pictures, as the network sees it').waitFor();
  await waitForText(page, 'predictions', /\d %/);
  const white = await page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('subject'));
    return [.../** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(16, 16, 1, 1).data];
  });
  assert.deepEqual(white, [255, 255, 255, 255]);

  assert.equal(await textOf(page, 'error'), '');
  assert.equal(await phaseOf(page), 'training');
  const rows = await page.getByTestId('epoch-table').locator('tbody tr').count();
  assert.ok(rows >= 1);
  await page.evaluate((link) => {
    location.hash = link;
  }, SHORT.replace('seed=7', 'seed=8'));
  await page.getByTestId('open-link').click();
  await waitForPhase(page, ['ready'], 30_000);
  assert.match(page.url(), /seed=8$/);
  assert.equal(await textOf(page, 'error'), '');
  assert.ok(await page.getByTestId('epoch-table').locator('tbody tr').count() >= rows);
  assert.deepEqual(complaints, []);
});

test('files of no use are refused before a trained network is given up, copies after', async (t) => {
  const { page } = await shared.visit(t, `${SHORT}&run=1`);
  await waitForPhase(page, ['done']);
  const rows = page.getByTestId('epoch-table').locator('tbody tr');
  await drop(page, [{ name: 'empty.bin' }]);
  await waitForText(page, 'error', /“empty\.bin”: The file is empty/);
  await drop(page, [{ name: 'film.bin', size: 2 ** 31 }]);
  await waitForText(page, 'error', /“film\.bin”: It is larger than all of CIFAR-10/);
  await drop(page, [{ name: 'twice.bin.gz', bytes: [...gzipSync(gzipSync(someRecords(2)))] }]);
  await waitForText(page, 'error', /“twice\.bin\.gz”: This is compressed twice/);
  await drop(page, [{ name: 'bad.bin', bytes: [1, 2, 3] }, { name: 'data_batch_1', bytes: [0x80, 2, 0x7d] }]);
  await waitForText(page, 'error', /“bad\.bin”: The file is cut short.*“data_batch_1”: This is a Python pickle/);
  assert.equal(await phaseOf(page), 'done');
  assert.equal(await rows.count(), 1);

  const list = page.locator('#file-list li');
  await drop(page, [{ name: 'one.bin', bytes: recordBytes(20) }, { name: 'two.bin', bytes: recordBytes(20) }]);
  await waitForText(page, 'error', /“two\.bin”: These records are already loaded/);
  await page.getByText('20 images for training, unknown').waitFor();
  await waitForPhase(page, ['ready']);
  assert.equal(await list.count(), 1);

  // Fewer images than a batch: one batch of all of them.
  await page.getByTestId('start').click();
  await page.getByTestId('replace-yes').click(); // The network of the server's images is still kept.
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  await drop(page, [{ name: 'three.bin', bytes: recordBytes(20) }]);
  await waitForText(page, 'error', /“three\.bin”: These records are already loaded/);
  assert.equal(await phaseOf(page), 'done');
  assert.equal(await list.count(), 1);
  assert.equal(await rows.count(), 1);
});

test('names are text, never markup', async (t) => {
  const markup = '<img src=x onerror=alert(1)>';
  const { page, asked } = await shared.visit(t, `${SHORT}&${encodeURIComponent(markup)}=1`, {
    prepare: (opened) => opened.route('**/manifest.json', async (route) => {
      const response = await route.fetch();
      const manifest = await response.json();
      manifest.class_names[0] = markup;
      manifest.class_names[1] = '<b>automobile</b>';
      await route.fulfill({ response, json: manifest });
    }),
  });
  await waitForPhase(page, ['ready']);
  await waitForText(page, 'error', /“<img src=x onerror=alert\(1\)>”/);
  await page.locator('#counts').getByText(markup).waitFor();
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  await page.locator('#confusion').getByText(markup).first().waitFor();
  await page.getByTestId('random-test').click();
  await waitForText(page, 'predictions', /<b>automobile<\/b>/);

  await drop(page, [{ name: `${markup}.bin`, bytes: [1] }]);
  await waitForText(page, 'error', /“<img src=x onerror=alert\(1\)>\.bin”: The file is cut short/);
  await drop(page, [{ name: `${markup}.png`, type: 'image/png', bytes: [...whitePng(8, 8)] }]);
  await page.locator('#subject-title').getByText(`${markup}.png`).waitFor();
  await drop(page, [{ name: `${markup}.bin`, bytes: recordBytes(50) }]);
  await page.locator('#file-list').getByText(`${markup}.bin`).waitFor();
  await waitForPhase(page, ['ready']);
  const made = await page.evaluate(() => [...document.querySelectorAll('img[src="x"], b')].map((each) => each.outerHTML));
  assert.deepEqual(made, []);
  assert.ok(!asked.some((url) => url.endsWith('/x')));
});

test('settings that no run can use are said at their fields, and Start refuses each', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  /** @type {[string, string, RegExp][]} */
  const bad = [
    ['lr', '-1', /above 0 and up to 10/], ['lr', '1e9', /above 0 and up to 10/], ['lr', '', /above 0 and up to 10/],
    ['epochs', '0', /whole number from 1/], ['seed', '1.5', /whole number from 0/], ['batch', '2001', /cannot be larger than the 2,000/],
  ];
  for (const [name, text, sentence] of bad) {
    const field = page.locator(`[name="${name}"]`);
    const good = await field.inputValue();
    await field.fill(text);
    await field.press('Tab');
    await page.locator(`#problem-${name}`).getByText(sentence).waitFor();
    await page.getByTestId('start').click();
    await waitForText(page, 'error', new RegExp(`One setting cannot be used. ${LABELS[/** @type {keyof typeof LABELS} */ (name)]}: `));
    assert.equal(await phaseOf(page), 'ready');
    await field.fill(good);
    await field.press('Tab');
    assert.ok(await page.locator(`#problem-${name}`).isHidden());
    assert.equal(await textOf(page, 'error'), '', 'what was complained of is mended');
  }
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
});

test('a link with keys that are unknown, twice there or of no use is complained of, the rest is used', async (t) => {
  const { page } = await shared.visit(t, `${SHORT.replace('backend=flex', 'backend=cuda')}&train=9&lr=NaN&lr=0.01&epoch=3&seed=x`);
  await waitForPhase(page, ['ready']);
  const said = await textOf(page, 'error');
  for (const part of [/backend.*cuda/, /“train” more than once/, /“lr” more than once/, /lr.*NaN/, /“epoch”/, /“seed” more than once/]) assert.match(said, part);
  const values = await page.evaluate(() => ['backend', 'train', 'lr', 'epochs', 'seed'].map((name) => (
    /** @type {HTMLInputElement} */ (document.querySelector(`[name="${name}"]`)).value)));
  assert.deepEqual(values, ['auto', '2000', '0.001', '1', '7']);
});

/** Makes the worker's browser answer so when WebGPU is asked for. @param {Page} page @param {string} answer */
async function answerGpu(page, answer) {
  await page.route('**/worker.js', async (route) => {
    const response = await route.fetch();
    const gpu = `{ requestAdapter: () => ${answer}, getPreferredCanvasFormat: () => 'rgba8unorm' }`;
    await route.fulfill({ response, body: `Object.defineProperty(navigator, 'gpu', { value: ${gpu} });\n${await response.text()}` });
  });
}

for (const [what, answer] of [['rejects', "Promise.reject(new DOMException('no'))"], ['has none', 'Promise.resolve(null)']]) {
  test(`a browser that ${what} when a graphics card is asked for trains on the processor, and says why`, async (t) => {
    const { page } = await shared.visit(t, SHORT.replace('backend=flex&', ''), { prepare: (opened) => answerGpu(opened, answer) });
    await waitForPhase(page, ['ready', 'error']);
    assert.equal(await phaseOf(page), 'ready', await textOf(page, 'error'));
    assert.match(await textOf(page, 'backend-active'), /Runs on flex.*because/);
    await page.evaluate(() => {
      location.hash = location.hash.replace('train', 'backend=webgpu&train');
    });
    await waitForText(page, 'error', /webgpu.*cannot run here.*Choose/);
    assert.equal(await phaseOf(page), 'ready');
    await page.getByTestId('backend').selectOption('flex');
    await page.getByTestId('start').click();
    await waitForPhase(page, ['done']);
  });
}
