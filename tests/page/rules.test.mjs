/** The rules of learning on the page: a recipe chosen, its settings, the rate's curve, and pictures before and after augmentation. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fits, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { share } from './visits.mjs';

const shared = share({ before, after });
const TINY = '#backend=flex&train=256&test=100&epochs=2&seed=7&workers=1';

/** So few images at such a rate are soon learnt by heart: no epoch is better than the first ones. */
const HASTY = '#backend=flex&train=256&test=100&epochs=30&lr=0.01&seed=7&workers=1&patience=1';

/** What every control of the form says. @param {import('playwright-core').Page} page */
const settingsOf = (page) => page.locator('#settings').evaluate((form) => Object.fromEntries(
  [.../** @type {HTMLFormElement} */ (form).elements].filter((each) => 'name' in each && each.name).map((each) => [/** @type {any} */ (each).name, /** @type {any} */ (each).value]),
));

/** What each canvas shows, as a text. @param {import('playwright-core').Page} page @param {string} id */
const picturesIn = (page, id) => page.locator(`#${id} canvas`).evaluateAll((all) => all.map((canvas) => /** @type {HTMLCanvasElement} */ (canvas).toDataURL()));

test('a recipe is chosen by the keyboard, says what it is, and its link gives the same settings', async (t) => {
  const { page, complaints } = await shared.visit(t, TINY, { options: { viewport: { width: 390, height: 844 } } });
  await waitForPhase(page, ['ready']);
  await page.locator('[name="preset"][value="recipe"]').focus();
  await page.keyboard.press('Space');
  assert.match(await textOf(page, 'recipe-text'), /122,794 parameters; its batches are made for up to 4 cores/);
  await page.getByTestId('recipe').selectOption('same-size');
  await waitForText(page, 'recipe-text', /seven convolutions/);
  await fits(page, 390);
  const settings = await settingsOf(page);
  const { network, optimizer, schedule, pixels, momentum, lr, seed, workers, flip } = settings;
  assert.deepEqual({ network, optimizer, schedule, pixels, momentum, lr, seed, workers, flip }, {
    network: 's-40-48-60', optimizer: 'sgd', schedule: 'one-cycle', pixels: 'cifar10', momentum: '0.9', lr: '0.4', seed: '7', workers: '1', flip: 'alternating',
  });
  const other = await shared.visit(t, new URL(page.url()).hash);
  assert.equal(await other.page.locator('[name="preset"]:checked').inputValue(), 'recipe');
  assert.equal(await other.page.getByTestId('recipe').inputValue(), 'same-size');
  assert.deepEqual(await settingsOf(other.page), settings);
  assert.deepEqual([...complaints, ...other.complaints], []);
});

test('fields come with what they belong to, the rate is drawn before the run and goes into its log, and augmentation is seen', async (t) => {
  const { page, complaints } = await shared.visit(t, TINY);
  await waitForPhase(page, ['ready']);

  await page.getByText('Learning rate over time').click();
  assert.ok(await page.getByLabel('Warm-up').isHidden());
  await page.getByLabel('Schedule').selectOption('one-cycle');
  assert.ok(await page.getByLabel('Warm-up').isVisible());
  await waitForText(page, 'rate-text', /begins at 0\.0002, is highest in epoch 1/);
  await page.getByLabel('Begins with').fill('0,5');
  await page.getByLabel('Begins with').press('Tab');
  await waitForText(page, 'rate-text', /begins at 0\.0005/);
  assert.ok(await page.locator('#rate-planned polyline').isVisible());
  assert.match(page.url(), /schedule=one-cycle&lr_start=0\.5&/);

  await page.getByText('Against overfitting').click();
  assert.ok(await page.getByTestId('augmented').isHidden());
  await page.getByLabel('Mirroring').selectOption('alternating');
  await page.getByLabel('Shift in pixels').fill('4');
  await page.getByLabel('Shift in pixels').press('Tab');
  await page.waitForFunction(() => {
    const [before, after] = ['before', 'after'].map((when) => [...document.querySelectorAll(`#augmented-${when} canvas`)].map((each) => /** @type {HTMLCanvasElement} */ (each).toDataURL()));
    return new Set(after).size === 6 && after.some((picture, i) => picture !== before[i]);
  });
  const seen = await picturesIn(page, 'augmented-after');
  await page.getByTestId('augmented-next').click();
  await page.waitForFunction((old) => [...document.querySelectorAll('#augmented-after canvas')].some((each, i) => /** @type {HTMLCanvasElement} */ (each).toDataURL() !== old[i]), seen);
  assert.match(await textOf(page, 'augmented'), /as in epoch 2/);

  await page.getByLabel('Optimiser').evaluate((select) => select.closest('details')?.setAttribute('open', ''));
  await page.getByLabel('Optimiser').selectOption('sgd');
  await page.getByLabel('Momentum', { exact: true }).fill('1');
  await page.getByLabel('Momentum', { exact: true }).press('Tab');
  await page.locator('#problem-momentum').getByText('Enter a number from 0 to below 1.').waitFor();
  await page.getByLabel('Momentum', { exact: true }).fill('0.9');
  await page.getByLabel('Momentum', { exact: true }).press('Tab');
  assert.ok(await page.getByLabel('Nesterov').isVisible());

  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  assert.equal(await page.getByTestId('epoch-table').locator('thead th:visible').count(), 8);
  const rates = await page.getByTestId('epoch-table').locator('tbody td:nth-child(6)').allTextContents();
  assert.ok(rates.length === 2 && Number(rates[0]) > Number(rates[1]), rates.join(' '));
  assert.ok(await page.locator('#rate-run polyline').isVisible());
  assert.ok(await page.getByTestId('no-more').isVisible());
  assert.ok(await page.getByTestId('more-start').isHidden());
  assert.deepEqual(complaints, []);
});

test('a run that waits in vain for a better epoch stops early, says why, and is measured on held-out images until its end', async (t) => {
  const { page, complaints } = await shared.visit(t, HASTY, { options: { viewport: { width: 390, height: 844 } } });
  await waitForPhase(page, ['ready']);
  await page.locator('#group-overfitting > summary').click();
  await waitForText(page, 'choosing', /^25 of 256 training images are held out to choose by; the test images are measured once, at the end\.$/);
  assert.ok(await page.locator('#field-keep').isHidden(), 'a run that may stop early ends with its best weights anyway');
  await page.locator('#field-schedule').evaluate((select) => select.closest('details')?.setAttribute('open', ''));
  await page.locator('#field-schedule').selectOption('one-cycle');
  await page.locator('#warning-patience').getByText('falls until the last epoch').waitFor();
  await page.locator('#field-schedule').selectOption('constant');
  await page.locator('#warning-patience').waitFor({ state: 'hidden' });
  assert.match(page.url(), /patience=1/);

  await page.getByTestId('start').click();
  await page.locator('#tile-val-name').getByText('Held-out accuracy').waitFor();
  await waitForPhase(page, ['done']);
  await page.locator('#status-text').getByText(/^Stopped early: no better loss on held-out images for 1 epoch; the weights are those after epoch \d+\. Test accuracy 0\.\d{4}$/).waitFor();
  const rows = await page.getByTestId('epoch-table').locator('tbody tr').count();
  assert.ok(rows < 30, `${rows} epochs`);
  assert.match(await page.locator('#status-text').textContent() ?? '', new RegExp(`after epoch ${rows - 1}\\.`));
  assert.equal(await page.locator('#tile-val-name').textContent(), 'Test accuracy');
  assert.match(await page.locator('#evaluation-line').textContent() ?? '', /^Test accuracy .* on 100 images/);
  assert.equal(await page.locator('#chart-accuracy').locator('xpath=..').locator('.key.dashed').textContent(), 'held-out');
  assert.match(await page.locator('#epochs-title').textContent() ?? '', /held-out training images/);
  assert.equal(await page.getByTestId('start').textContent(), 'Train anew');
  await fits(page, 390);
  assert.deepEqual(complaints, []);
});
