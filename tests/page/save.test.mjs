/** A run as one file: saved while it is paused, opened in another browser, it ends as one that never stopped. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { phaseOf, textOf, until, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, onDisk, share } from './visits.mjs';

const shared = share({ before, after });
const LINK = SHORT.replace('epochs=1', 'epochs=2');

/** The log's figures without the times. @param {import('playwright-core').Page} page */
async function figuresOf(page) {
  const rows = await page.getByTestId('epoch-table').locator('tbody tr').all();
  return Promise.all(rows.map(async (row) => (await row.locator('td').allTextContents()).slice(0, 4)));
}

/** @param {import('playwright-core').Page} page @param {string} [recipe] As the file's name says it. */
async function saveRun(page, recipe = 'own-2000-images') {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-run').click()]);
  assert.match(download.suggestedFilename(), new RegExp(`^convburn-run-${recipe}-epoch-1(-step-\\d+|-accuracy-0\\.\\d{4})\\.safetensors$`));
  return readFileSync(await download.path());
}

test('a run saved in the middle goes on elsewhere to the same figures', async (t) => {
  const whole = await shared.visit(t, `${LINK}&run=1`);
  await waitForPhase(whole.page, ['done']);
  const expected = await figuresOf(whole.page);
  assert.equal(expected.length, 2);

  const { page } = await shared.visit(t, LINK);
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('save-run').isDisabled(), 'there is nothing to save yet');
  await page.getByTestId('start').click();
  await waitForText(page, 'images-per-second', /\d/);
  await page.getByTestId('pause').click();
  await waitForPhase(page, ['paused']);
  const file = await saveRun(page);
  assert.ok(await page.getByTestId('open-run').isDisabled(), 'a paused run is not given up');

  const other = await shared.visit(t, '');
  await waitForPhase(other.page, ['ready']);
  await other.page.getByTestId('open-run').setInputFiles(onDisk('convburn-run.safetensors', file));
  await other.page.locator('#status-text').getByText(/A saved run: it goes on at epoch 1, after step \d+/).waitFor();
  assert.equal(await other.page.getByLabel('Training images', { exact: true }).inputValue(), '2000');
  assert.match(other.page.url(), /train=2000&test=1000&epochs=2/, 'the link is the run’s');
  await other.page.getByTestId('start').getByText('Go on').click();
  await waitForPhase(other.page, ['done']);
  assert.deepEqual(await figuresOf(other.page), expected);
  assert.equal(await textOf(other.page, 'error'), '');
  assert.deepEqual(other.complaints, []);
});

test('a file that is no run costs nothing, of two runs one is chosen, and other settings begin anew', async (t) => {
  const { page } = await shared.visit(t, `${SHORT}&run=1`);
  await waitForPhase(page, ['done']);
  const figures = await figuresOf(page);
  const file = await saveRun(page);
  const bad = [
    ['cut.safetensors', file.subarray(0, -9), /cannot be used as a run.*no complete/],
    ['empty.safetensors', Buffer.alloc(0), /empty\.safetensors.*is empty/],
    ['<b>.safetensors', Buffer.from('nothing of a file'), /cannot be used as a run/],
  ];
  for (const [name, bytes, words] of /** @type {[string, Buffer, RegExp][]} */ (bad)) {
    await page.getByTestId('open-run').setInputFiles(onDisk(name, bytes));
    await waitForText(page, 'error', words);
    assert.equal(await phaseOf(page), 'done');
    await page.getByRole('button', { name: 'Dismiss' }).click();
  }
  assert.deepEqual(await figuresOf(page), figures);

  // Of two at once none is opened unasked; the first of them could not be.
  const choice = page.locator('#run-choice');
  const chooseTwo = () => page.getByTestId('drop').setInputFiles([onDisk('<b>cut.safetensors', file.subarray(0, -9)), onDisk('whole.safetensors', file)]);
  await chooseTwo();
  await choice.getByText('You chose 2 saved runs. Which one is to be opened?').waitFor();
  assert.deepEqual(await choice.getByRole('button').allTextContents(), ['<b>cut.safetensors', 'whole.safetensors', 'None']);
  await choice.getByRole('button', { name: 'None' }).press('Enter');
  assert.ok(await choice.isHidden());
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'start', 'the focus is not lost with the button');
  assert.deepEqual([await figuresOf(page), await textOf(page, 'error')], [figures, '']);

  // The run is over: it is there as it was, with its settings.
  await page.getByLabel('Seed').fill('8');
  await page.getByLabel('Seed').press('Tab');
  assert.match(page.url(), /seed=8/);
  await chooseTwo();
  await choice.getByRole('button', { name: 'whole.safetensors' }).press('Enter');
  await page.waitForFunction(() => location.hash.includes('seed=7'));
  assert.ok(await choice.isHidden());
  assert.equal(await textOf(page, 'error'), '');
  await waitForPhase(page, ['done']);
  assert.deepEqual(await figuresOf(page), figures);
  await page.getByTestId('evaluate').click();
  await page.locator('#evaluation-line').getByText(`Test accuracy ${figures[0][2]}`).waitFor();
  await page.getByTestId('start').getByText('Train anew').click();
  await waitForPhase(page, ['done']);
  assert.deepEqual(await figuresOf(page), figures, 'the same seed is the same run');
});

/** The parameters of a saved run as a file of weights alone, as `save_weights` writes it. @param {Buffer} run */
function weightsOf(run) {
  const length = Number(run.readBigUInt64LE(0));
  const header = JSON.parse(run.subarray(8, 8 + length).toString());
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__' && !name.startsWith('optimizer.'));
  /** @type {Record<string, any>} */
  const own = { __metadata__: { kind: 'weights', format_version: header.__metadata__.format_version, model: JSON.stringify(JSON.parse(header.__metadata__.run).recipe.model) } };
  /** @type {Buffer[]} */
  const parts = [];
  let at = 0;
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of tensors) {
    own[name] = { dtype, shape, data_offsets: [at, at + to - from] };
    parts.push(run.subarray(8 + length + from, 8 + length + to));
    at += to - from;
  }
  const text = Buffer.from(JSON.stringify(own));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, ...parts]);
}

test('weights alone begin a run of the present settings, and only the next one', async (t) => {
  const first = await shared.visit(t, `${SHORT}&run=1`);
  await waitForPhase(first.page, ['done']);
  const [[, , accuracy]] = await figuresOf(first.page);
  const weights = weightsOf(await saveRun(first.page));

  const { page, complaints } = await shared.visit(t, SHORT.replace('seed=7', 'seed=8'));
  await waitForPhase(page, ['ready']);
  await page.getByTestId('open-run').setInputFiles(onDisk('weights.safetensors', weights));
  await page.locator('#status-text').getByText('Opened weights: training begins from them').waitFor();
  assert.match(page.url(), /seed=8/, 'weights bring no settings');
  await page.getByTestId('evaluate').click();
  await page.locator('#evaluation-line').getByText(`Test accuracy ${accuracy}`).waitFor();
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  const rows = await figuresOf(page);
  assert.equal(rows.length, 1, 'the history is its own');
  const [further] = rows;
  assert.ok(Number(further[2]) > Number(accuracy), `${further} goes on from ${accuracy}`);
  await page.getByTestId('start').getByText('Train anew').click();
  await page.getByTestId('epoch-table').locator('tbody tr').first().waitFor({ state: 'detached' });
  await waitForPhase(page, ['done']);
  const [anew] = await figuresOf(page);
  assert.ok(Number(anew[2]) < Number(further[2]), `${anew} begins from nothing`);
  assert.deepEqual(complaints, []);
});

/** The network that the panel shows: its layers, how many of them are drawn, and its parameters. @param {import('playwright-core').Page} page */
async function networkOf(page) {
  const [layers, drawn] = await Promise.all([page.locator('#summary tbody tr').count(), page.locator('#layers li').count()]);
  return [layers, drawn - 1, await page.locator('#summary tfoot td').last().textContent()];
}
const TUTORIALS = [8, 8, '122,570'];
const T = [16, 8, '122,794'];

test('a link’s network is shown, trained and saved, and its file brings it to a page with the tutorial’s', async (t) => {
  const link = '#network=t&train=600&test=100&epochs=1&batch=32&backend=flex';
  const { page, asked, complaints } = await shared.visit(t, link);
  await waitForPhase(page, ['ready']);
  const select = page.getByTestId('network');
  const note = page.getByTestId('network-note');
  assert.deepEqual([await networkOf(page), await select.inputValue()], [T, 't']);
  assert.equal(await note.textContent(), '', 'ConvBurn’s kernels compute its convolutions');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  const figures = await figuresOf(page);
  assert.ok(figures.flat().every((figure) => Number.isFinite(Number(figure))), String(figures));

  // Keras's curves are of another network.
  const reference = page.getByTestId('reference');
  assert.deepEqual([await reference.isDisabled(), await reference.isChecked()], [true, false]);
  await page.getByText('They are of the tutorial’s network, and this is another one.').waitFor();
  assert.doesNotMatch(await page.locator('#chart-accuracy').getAttribute('aria-label') ?? '', /Keras/);
  assert.ok(!asked.some((url) => url.includes('keras')));

  // The table follows the setting; the curves stay the run's.
  await select.selectOption('tutorial');
  await note.getByText('This is the network that the next run trains.').waitFor();
  assert.deepEqual(await networkOf(page), TUTORIALS);
  assert.match(page.url(), /#network=tutorial&train=600&/);
  assert.ok(await reference.isDisabled());
  await select.selectOption('t');
  await until('the note is gone', async () => await note.textContent() === '');
  assert.deepEqual(await networkOf(page), T);
  const file = await saveRun(page, 't-600-images');
  assert.deepEqual(complaints, []);

  const other = await shared.visit(t, link.replace('network=t&', ''));
  await waitForPhase(other.page, ['ready']);
  assert.deepEqual([await networkOf(other.page), await other.page.getByTestId('reference').isEnabled()], [TUTORIALS, true]);
  await other.page.getByTestId('open-run').setInputFiles(onDisk('t.safetensors', file));
  await waitForPhase(other.page, ['done']);
  assert.deepEqual([await networkOf(other.page), await other.page.getByTestId('network').inputValue()], [T, 't']);
  assert.match(other.page.url(), /#network=t&train=600&/, 'the link is the run’s');
  assert.deepEqual(await figuresOf(other.page), figures);
  await other.page.getByTestId('evaluate').click();
  await other.page.locator('#evaluation-line').getByText(`Test accuracy ${figures[0][2]}`).waitFor();
  assert.equal(await textOf(other.page, 'error'), '');
  assert.deepEqual(other.complaints, []);
});
