/** The visitor's own data files, with no data on the server and in place of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { phaseOf, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, officialBatch, onDisk, share, shardRecords, upload } from './visits.mjs';

const shared = share({ before, after });
const RECORD_BYTES = 3_073;

/** A server without images says so at once; how a network that fails is tried again is in network.test.mjs. @param {import('playwright-core').Page} page */
const withoutData = (page) => page.route('**/data/**', (route) => route.fulfill({ status: 404 }));

test('without data on the server an official file is enough: 20 % are held out', async (t) => {
  const { page } = await shared.visit(t, SHORT.replace('test=1000', 'test=500'), { prepare: withoutData });
  await page.locator('#data-state').getByText('There are no images yet').waitFor();
  await page.locator('#data-notice').getByText(/could not be had.*Use your own copy/).waitFor();
  assert.match(await textOf(page, 'error'), /could not be had/);
  await page.locator('#status-text').getByText('There are no images yet: use your own copy, or try again').waitFor();
  assert.equal(await phaseOf(page), 'loading');

  await page.getByTestId('drop').setInputFiles(onDisk('data_batch_1.bin', officialBatch()));
  await waitForPhase(page, ['ready']);
  await page.getByText('known as data_batch_1.bin').waitFor();
  assert.equal(await textOf(page, 'error'), '');
  await page.getByText(/No test batch.*held out/).waitFor();
  await page.getByText('Images 1 to 25').waitFor();

  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  const accuracy = Number(await textOf(page, 'val-accuracy'));
  assert.ok(accuracy > 0.1 && accuracy <= 1);
  assert.match((await page.locator('#evaluation-line').textContent()) ?? '', /on 500 images/);
});

test('bad files leave the page as it was, unknown ones are labelled', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  const records = shardRecords('train-00.bin.gz');
  const drop = page.getByTestId('drop');

  await drop.setInputFiles(upload('data_batch_1.bin', records.subarray(0, 10 * RECORD_BYTES - 5)));
  await waitForText(page, 'error', /“data_batch_1\.bin”: The file is cut short/);
  assert.equal(await phaseOf(page), 'ready');
  await page.getByText('Ready: 2,000 training').waitFor();

  const mislabelled = Buffer.from(records.subarray(0, 10 * RECORD_BYTES));
  mislabelled[3 * RECORD_BYTES] = 200;
  await drop.setInputFiles(upload('data_batch_1.bin', mislabelled));
  await waitForText(page, 'error', /label/);
  await page.getByText('Ready: 2,000 training').waitFor();
  await waitForPhase(page, ['ready']);

  await drop.setInputFiles(upload('mine.bin', records.subarray(0, 100 * RECORD_BYTES)));
  await page.getByText('unknown: not an official file').waitFor();
  await page.getByText(/Some images are unknown/).waitFor();
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
});

test('a bad file takes no trained network away, a good one starts a new one', async (t) => {
  const { page } = await shared.visit(t, `${SHORT}&run=1`);
  await waitForPhase(page, ['done']);
  const rows = page.getByTestId('epoch-table').locator('tbody tr');
  const mislabelled = Buffer.from(shardRecords('train-00.bin.gz').subarray(0, 10 * RECORD_BYTES));
  mislabelled[3 * RECORD_BYTES] = 10;
  const drop = page.getByTestId('drop');
  await drop.setInputFiles(upload('data_batch_1.bin', mislabelled));
  await waitForText(page, 'error', /record 4 has the label 10/);
  assert.equal(await phaseOf(page), 'done');
  assert.equal(await rows.count(), 1);
  await page.getByTestId('evaluate').click();
  await page.locator('#evaluation-line').getByText(/Test accuracy [\d.]+, test loss.* on 1,000 images/).waitFor();
  await waitForPhase(page, ['done']);

  await page.locator('#drop-box').getByText(/start a new network/).waitFor();
  await drop.setInputFiles(upload('mine.bin', shardRecords('train-00.bin.gz').subarray(0, 100 * RECORD_BYTES)));
  await waitForPhase(page, ['ready']);
  assert.equal(await rows.count(), 0);
});

test('a trained network outlives images that cannot be had', async (t) => {
  const { page } = await shared.visit(t, `${SHORT}&run=1`);
  await waitForPhase(page, ['done']);
  await page.route('**/train-01*', (route) => route.fulfill({ status: 404 }));
  const train = page.getByLabel('Training images', { exact: true });
  await train.fill('4000');
  await train.press('Tab');
  await waitForText(page, 'error', /could not be had/);
  assert.equal(await phaseOf(page), 'done');
  assert.ok(await page.getByTestId('start').isDisabled());
  await page.locator('#status-text').getByText('Some images are missing: try again, or train on fewer').waitFor();
  await page.unroute('**/train-01*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Ready: 4,000 training').waitFor();
  assert.equal(await phaseOf(page), 'done');
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);
  assert.ok(await page.getByTestId('start').isEnabled());
});

test('what the link asked of a backend that cannot run here does not keep files out', async (t) => {
  const { page } = await shared.visit(t, SHORT, {
    prepare: (opened) => opened.route('**/worker.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `Object.defineProperty(navigator, 'gpu', { value: undefined });\n${await response.text()}` });
    }),
  });
  await waitForPhase(page, ['ready']);
  await page.evaluate(() => {
    location.hash = location.hash.replace('flex', 'webgpu');
  });
  await waitForText(page, 'error', /webgpu.*cannot run here/);
  await page.getByTestId('drop').setInputFiles(upload('mine.bin', shardRecords('train-00.bin.gz').subarray(0, 100 * RECORD_BYTES)));
  await page.getByText('100 images for training, unknown').waitFor();
  await waitForPhase(page, ['ready']);
});

/** Five images of each class, class after class, each class of a colour of its own. */
function coloured() {
  const records = new Uint8Array(50 * RECORD_BYTES);
  for (let record = 0; record < 50; record += 1) {
    const label = Math.floor(record / 5);
    const at = record * RECORD_BYTES;
    records[at] = label;
    for (let channel = 0; channel < 3; channel += 1) {
      const level = Math.floor(label / 3 ** channel) % 3;
      records.fill(level * 127, at + 1 + channel * 1_024, at + 1 + (channel + 1) * 1_024);
    }
  }
  return records;
}

test('files dropped anywhere on the page are taken, gzip or not; sorted by class they teach every class, and what the stage and the figures say agrees', async (t) => {
  const { page } = await shared.visit(t, '#backend=flex&train=40&test=10&epochs=30&batch=10&lr=0.002&seed=7&workers=1', { prepare: withoutData });
  await page.locator('#data-state').getByText('There are no images yet').waitFor();
  const transfer = await page.evaluateHandle(async (bytes) => {
    const zipped = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new CompressionStream('gzip'));
    const data = new DataTransfer();
    data.items.add(new File([await new Response(zipped).blob()], 'mine.bin.gz'));
    return data;
  }, [...coloured()]);
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  await page.getByText('50 images for training, unknown').waitFor();
  await waitForPhase(page, ['ready']);

  // The last fifth of the file has two classes: held out, it would leave the accuracy at 0.0000 beside images that are told rightly.
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  assert.equal(await textOf(page, 'val-accuracy'), '1.0000');
  for (let image = 0; image < 3; image += 1) {
    await page.getByTestId('random-test').click();
    await page.locator('#verdict').getByText(/^✓ Right/).waitFor();
  }
});

test('an archive is unpacked; a file’s split is changed and a file removed by keyboard; the server’s images come back', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  const records = shardRecords('train-00.bin.gz');
  const archive = readFileSync(new URL('../fixtures/small.tar.gz', import.meta.url));
  await page.getByTestId('drop').setInputFiles([
    upload('small.tar.gz', archive),
    upload('contest.bin', records.subarray(0, 100 * RECORD_BYTES)),
    upload('test_batch', Buffer.from([0x80, 2, 0x7d])),
    upload('readme.html', Buffer.from('<meta content="0; url=http://www.cs.toronto.edu/~kriz/cifar.html">')),
  ]);
  await waitForText(page, 'error', /^“test_batch”: This is a Python pickle.*cifar-10-binary\.tar\.gz/);
  await page.getByText('100 images for training, unknown').waitFor();
  await page.getByText('1 image for training, unknown').waitFor();
  await waitForPhase(page, ['ready']);

  const use = page.getByLabel('Use contest.bin for');
  await use.focus();
  await use.press('ArrowDown'); // A select takes the next choice at once, but on a Mac.
  await page.getByText('100 images for testing, unknown').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Use contest.bin for', 'the focus stays');
  await use.selectOption('train');
  await page.getByText('100 images for training, unknown').waitFor();
  await page.getByRole('button', { name: 'Remove one.bin' }).press('Enter');
  await page.getByText('Your own file: 100 training').waitFor();
  assert.equal(await page.locator('#file-list li').count(), 1);

  await page.getByTestId('leave-files').press('Enter');
  await page.getByText('Ready: 2,000 training').waitFor();
  assert.ok(await page.getByTestId('leave-files').isHidden());
  await waitForPhase(page, ['ready']);
});
