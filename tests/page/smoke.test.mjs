/** A link with `run=1` trains by itself, says what came out, and a reload fetches no data again. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST } from '../../harness/server.mjs';
import { phaseOf, textOf, waitForPhase } from '../../harness/waits.mjs';
import { SHORT, share, strays } from './visits.mjs';
import { problems } from './schema.mjs';

const shared = share({ before, after });

test('a shared link trains to the end and nothing leaves the page', async (t) => {
  const { page, complaints, asked, origin } = await shared.visit(t, `${SHORT}&run=1`);
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));

  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);
  const cells = await page.getByTestId('epoch-table').locator('tbody tr td').allTextContents();
  const [accuracy, loss, valAccuracy, valLoss, seconds, stepMs] = cells.map(Number);
  for (const figure of [loss, valLoss, seconds, stepMs]) assert.ok(Number.isFinite(figure) && figure > 0, cells.join(' '));
  assert.ok(accuracy > 0.1 && accuracy <= 1, cells.join(' '));
  const shown = Number(await textOf(page, 'val-accuracy'));
  assert.ok(shown > 0.1 && shown <= 1);
  assert.equal(shown, valAccuracy);
  assert.ok(Number(await textOf(page, 'images-per-second')) > 0);
  assert.match(await textOf(page, 'backend-active'), /flex/);

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('report').click()]);
  const report = JSON.parse(readFileSync(await download.path(), 'utf8'));
  const schema = JSON.parse(readFileSync(join(DIST, 'report.schema.json'), 'utf8'));
  assert.deepEqual(problems(schema, report), []);
  assert.equal(report.epochs.length, 1);
  assert.deepEqual([report.recipe.seed, report.recipe.network, report.compute.backend], [7, 'tutorial', 'flex']);
  assert.deepEqual(report.layers.map((/** @type {any} */ layer) => layer.own_kernel), [true, true, true, true, true, false, false, false]);
  assert.equal(report.data.train_used, 2_000);
  assert.equal(report.data.test_used, 1_000);
  assert.equal(report.backend.active, 'flex');

  assert.deepEqual(complaints, []);
  assert.deepEqual(strays(asked, origin), []);
});

test('the summary table is the tutorial’s, and a reload fetches no shard', async (t) => {
  const mark = shared.requests().length;
  const shards = () => shared.requests().slice(mark).filter((path) => path.endsWith('.bin.gz'));
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  const fetched = ['data/cifar10/train-00.bin.gz', 'data/cifar10/test-00.bin.gz'];
  assert.deepEqual(shards(), fetched);
  const rows = await page.locator('#summary tr').allInnerTexts();
  assert.equal(rows.length, 1 + 8 + 2);
  assert.match(rows[9], /Before the dense part\s+56,320/);
  assert.match(rows[10], /All parameters\s+122,570/);
  await page.reload();
  await waitForPhase(page, ['ready']);
  assert.deepEqual(shards(), fetched);
});

test('without Cache Storage, as on plain http, the shards are simply fetched', async (t) => {
  const { page } = await shared.visit(t, SHORT, {
    prepare: (opened) => opened.addInitScript(() => Reflect.deleteProperty(globalThis, 'caches')),
  });
  await waitForPhase(page, ['ready']);
  assert.equal(await page.evaluate(() => 'caches' in globalThis), false);
  assert.equal(await textOf(page, 'error'), '');
});

test('a bad link is complained of, the rest of it is used', async (t) => {
  const { page } = await shared.visit(t, `${SHORT.replace('epochs=1', 'epochs=none')}&colour=red`);
  await waitForPhase(page, ['ready']);
  assert.match(await textOf(page, 'error'), /epochs.*colour/);
  assert.equal(await page.getByLabel('Training images', { exact: true }).inputValue(), '2000');
  assert.equal(await page.getByLabel('Epochs', { exact: true }).inputValue(), '10');
});

test('a link whose settings forbid each other is complained of and leaves a page that works', async (t) => {
  const { page } = await shared.visit(t, '#backend=flex&train=10&test=10&epochs=1&run=1');
  await waitForPhase(page, ['ready', 'error']);
  assert.equal(await phaseOf(page), 'ready');
  assert.match(await textOf(page, 'error'), /batch cannot be larger/);
  assert.equal(await page.getByLabel('Batch size').inputValue(), '10');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
});

test('an engine that cannot be loaded is an error with a sentence, and images are there all the same', async (t) => {
  const { page } = await shared.visit(t, SHORT, {
    prepare: (opened) => opened.route('**/convburn_cpu*', (route) => route.abort()),
  });
  await waitForPhase(page, ['error']);
  assert.match(await textOf(page, 'error'), /engine.*Reload/);
  await page.getByText('Images 1 to 25').waitFor();
});

test('a backend that cannot run here is said so, and another one may be chosen', async (t) => {
  const { page } = await shared.visit(t, SHORT.replace('flex', 'webgpu'), {
    prepare: (opened) => opened.route('**/worker.js', async (route) => {
      // Whatever the machine has: this worker has no WebGPU.
      const response = await route.fetch();
      const body = `Object.defineProperty(navigator, 'gpu', { value: undefined });\n${await response.text()}`;
      await route.fulfill({ response, body });
    }),
  });
  await waitForPhase(page, ['error']);
  assert.match(await textOf(page, 'error'), /webgpu.*cannot run here/);
  await page.getByTestId('backend').selectOption('flex');
  await waitForPhase(page, ['ready']);
  assert.equal(await textOf(page, 'error'), '');
  assert.match(await textOf(page, 'backend-active'), /flex/);
});

test('the content security policy refuses inline script and other origins', async (t) => {
  const { page, asked, origin } = await shared.visit(t, SHORT);
  const refused = await page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.ranInline = true';
    document.head.append(script);
    const elsewhere = await fetch('https://example.com/').then(() => 'fetched', () => 'refused');
    return { inline: 'ranInline' in window, elsewhere };
  });
  assert.deepEqual(refused, { inline: false, elsewhere: 'refused' });
  assert.deepEqual(strays(asked, origin), []);
});
