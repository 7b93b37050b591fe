/** The run's buttons, the settings, and asking the network while it learns. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { phaseOf, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, onDisk, share, upload } from './visits.mjs';

const shared = share({ before, after });
const LONG = SHORT.replace('epochs=1', 'epochs=50');

test('pause, resume, stop and reset', async (t) => {
  const { page, complaints } = await shared.visit(t, LONG);
  const pause = page.getByTestId('pause');
  await waitForPhase(page, ['ready']);
  assert.ok(await pause.isDisabled());

  await page.getByTestId('start').click();
  await waitForText(page, 'images-per-second', /\d/);
  assert.ok(await page.getByLabel('Epochs', { exact: true }).isDisabled(), 'settings are fixed while a run is under way');
  await pause.click();
  await waitForPhase(page, ['paused'], 10_000);
  assert.equal(await pause.textContent(), 'Resume');

  await page.getByTestId('evaluate').click();
  await page.locator('#evaluation-line').getByText(/Test accuracy [\d.]+, test loss/).waitFor();
  await waitForPhase(page, ['paused']);
  assert.equal(await page.locator('#confusion tbody td').count(), 100);

  await pause.click();
  await waitForPhase(page, ['training'], 10_000);
  await page.getByTestId('epoch-table').locator('tbody tr').first().waitFor();
  await page.getByTestId('stop').click();
  await waitForPhase(page, ['ready'], 10_000);
  const rows = await page.getByTestId('epoch-table').locator('tbody tr').count();
  assert.ok(rows >= 1, 'a stopped run keeps its figures');

  await page.getByTestId('reset').click();
  await page.getByTestId('epoch-table').locator('tbody tr').first().waitFor({ state: 'detached' });
  assert.equal(await phaseOf(page), 'ready');
  assert.equal(await textOf(page, 'error'), '');
  assert.deepEqual(complaints, []);
});

test('a run that is stopped goes on after a reload, a run that is over for more epochs, and either is opened as it was', async (t) => {
  const { page, complaints } = await shared.visit(t, `${LONG}&run=1`);
  const rows = page.getByTestId('epoch-table').locator('tbody tr');
  const start = page.getByTestId('start');
  await waitForText(page, 'images-per-second', /\d/);
  await page.getByTestId('pause').click();
  await waitForPhase(page, ['paused'], 10_000);
  await page.getByTestId('stop').click();
  await waitForPhase(page, ['ready'], 10_000);
  assert.match((await page.locator('#status-text').textContent()) ?? '', /^Stopped at epoch 1, after step \d+: it can go on from there$/);
  assert.equal(await start.textContent(), 'Go on');
  assert.ok(await page.getByTestId('anew').isVisible(), '“Train anew” stands beside it');
  await page.getByTestId('kept-note').getByText(/are kept on this machine/).waitFor();

  const [address] = page.url().split('#');
  await page.goto('about:blank');
  await page.goto(`${address}${LONG}`);
  await page.getByTestId('offer').getByText(/Your last run stopped at epoch 1 of 50, and was kept/).waitFor();
  await page.getByTestId('resume-kept').click();
  await waitForPhase(page, ['training']);
  assert.match((await page.locator('#chart-live').getAttribute('aria-label')) ?? '', /the run was opened and went on once/);
  await page.getByTestId('stop').click();
  await waitForPhase(page, ['ready'], 10_000);
  await page.getByLabel('Epochs', { exact: true }).fill('1');
  await page.getByLabel('Epochs', { exact: true }).press('Tab');
  assert.match(page.url(), /epochs=1&/, 'the address bar is the link');
  await start.click();
  await waitForPhase(page, ['done']);
  assert.deepEqual([await rows.count(), await start.textContent()], [1, 'Train anew']);
  const more = page.getByTestId('more-epochs');
  assert.equal(await more.inputValue(), '2', 'as many again');
  await more.fill('1');
  await page.getByTestId('more-start').click();
  await page.getByText('Enter a whole number from 2 to 1,000').waitFor();
  await more.fill('2');
  await page.getByTestId('more-start').click();
  await rows.nth(1).waitFor();
  await waitForPhase(page, ['done']);
  const shown = async () => [await page.locator('.tiles').first().innerText(), await rows.allTextContents(), await page.locator('#confusion').innerText(), await page.locator('#status-text').textContent()];
  const before = await shown();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-run').click()]);
  const bytes = readFileSync(await file.path());

  await page.goto('about:blank');
  await page.goto(`${address}${LONG}`);
  await waitForPhase(page, ['ready']);
  await page.getByTestId('open-run').setInputFiles(onDisk('run.safetensors', bytes));
  await waitForPhase(page, ['done']);
  assert.deepEqual(await shown(), before);
  assert.ok(await page.getByTestId('more-start').isVisible());
  assert.equal(await textOf(page, 'error'), '');
  assert.deepEqual(complaints, []);
});

test('until a Start is answered nothing else may begin, and a short run need not wait for the data of a long one', async (t) => {
  const { page } = await shared.visit(t, '#backend=flex', {
    // The tutorial's later shards never come.
    prepare: (opened) => opened.route(/train-(0[4-9]|[12])/, () => undefined),
  });
  await page.locator('#data-state').getByText(/Fetching the images/).waitFor();
  await waitForPhase(page, ['loading']);
  await page.getByText('Quick run', { exact: true }).click();
  await waitForPhase(page, ['ready']);
  const disabled = await page.evaluate(() => {
    const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));
    button('start').click();
    // A Start that was pressed keeps the focus, which a disabled button would lose.
    return ['start', 'reset', 'evaluate'].map((id) => button(id).disabled || button(id).ariaDisabled === 'true');
  });
  assert.deepEqual(disabled, [true, true, true]);
  await waitForText(page, 'images-per-second', /\d/);
  await page.getByTestId('pause').click();
  await page.getByTestId('stop').click();
  await waitForPhase(page, ['ready'], 10_000);
  assert.equal(await textOf(page, 'error'), '');
});

test('a setting that cannot be used is shown at its field and Start refuses', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  await page.getByLabel('Batch size').fill('0');
  await page.getByLabel('Batch size').press('Tab');
  assert.match((await page.locator('#problem-batch').textContent()) ?? '', /whole number/);
  await page.getByTestId('start').click();
  await waitForText(page, 'error', /batch/);
  assert.equal(await phaseOf(page), 'ready');
});

test('more training images are fetched when they are asked for', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  await page.getByLabel('Training images', { exact: true }).fill('5000');
  await page.getByLabel('Training images', { exact: true }).press('Tab');
  await page.getByText('Ready: 6,000 training').waitFor();
  await waitForPhase(page, ['ready']);
});

test('the network answers while it trains: a test image, and the visitor’s own picture', async (t) => {
  const { page, complaints } = await shared.visit(t, `${LONG}&run=1`);
  await waitForText(page, 'images-per-second', /\d/);
  await page.getByTestId('random-test').click();
  await waitForText(page, 'predictions', /\d %/);
  assert.equal(await phaseOf(page), 'training');
  assert.match((await page.locator('#verdict').textContent()) ?? '', /Right|Wrong/);

  const png = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(90, 60);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no canvas');
    context.fillStyle = '#08f';
    context.fillRect(0, 0, 90, 60);
    context.fillStyle = '#f00';
    context.fillRect(0, 0, 15, 60); // Outside the middle square.
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  });
  await page.getByTestId('predict-file').setInputFiles(upload('sky.png', Uint8Array.from(png), 'image/png'));
  await page.getByText('sky.png, as the network sees it').waitFor();
  await page.locator('#verdict').getByText(/The network says/).waitFor();
  const seen = await page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('subject'));
    const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(0, 0, 32, 32);
    return { width: canvas.width, height: canvas.height, corner: [...data.slice(0, 3)] };
  });
  assert.deepEqual(seen, { width: 32, height: 32, corner: [0, 136, 255] });
  const shares = await page.getByTestId('predictions').locator('.bar-value').allTextContents();
  const sum = shares.map(parseFloat).reduce((a, b) => a + b, 0);
  assert.equal(shares.length, 10);
  assert.ok(Math.abs(sum - 100) < 1, `the shares add up to ${sum} %`);

  await page.getByTestId('predict-file').setInputFiles(upload('broken.png', Uint8Array.of(1, 2, 3), 'image/png'));
  await waitForText(page, 'error', /broken\.png/);
  assert.equal(await phaseOf(page), 'training');
  assert.deepEqual(complaints, []);
});
