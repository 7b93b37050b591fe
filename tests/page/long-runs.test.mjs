/** Long runs: the tab's title, the notification at the end, and the best in some minutes, planned by what was measured here. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fits, textOf, textsFrom, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { share } from './visits.mjs';

const shared = share({ before, after });
const TINY = '#backend=flex&train=256&test=100&epochs=2&seed=7&workers=1';

/** Notes what the page tells by a notification, and has it believe that nobody looks. @param {import('playwright-core').Page} page */
const leaveAlone = (page) => page.evaluate(() => {
  const told = /** @type {string[]} */ (Object.assign(globalThis, { told: [] }).told);
  globalThis.Notification = new Proxy(Notification, {
    construct(made, [title, options]) {
      told.push(`${title}: ${options.body}`);
      return new made(title, options);
    },
  });
  Object.defineProperty(document, 'hidden', { value: true });
});

test('the title says how far the run is, and its end is told of to whoever asked for it and looks elsewhere', async (t) => {
  const { page, context, complaints } = await shared.visit(t, TINY);
  await waitForPhase(page, ['ready']);
  const usual = await page.title();
  const box = page.getByTestId('notify');
  await context.clearPermissions();
  await box.click();
  await waitForText(page, 'notify-note', /does not let this page notify you|not allowed it/);
  assert.equal(await box.isChecked(), false);

  await context.grantPermissions(['notifications']);
  await box.click();
  await waitForText(page, 'notify-note', /^$/);
  assert.ok(await box.isChecked());
  await page.reload();
  await waitForPhase(page, ['ready']);
  assert.ok(await box.isChecked(), 'it is remembered');

  await leaveAlone(page);
  const titles = await textsFrom(page, 'title');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  assert.match(await page.title(), /^Done: 0\.\d{3} · ConvBurn$/);
  assert.ok((await titles()).some((title) => /^\d+ % · epoch [12] of 2 · ConvBurn$/.test(title)), (await titles()).join());
  assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).told), [`ConvBurn: Two epochs: test accuracy ${(await page.title()).slice(6, 11)}`]);
  await page.getByTestId('reset').click();
  await waitForPhase(page, ['ready']);
  assert.equal(await page.title(), usual);
  assert.deepEqual(complaints, []);
});

test('the best in some minutes is planned once the machine was measured, fills the settings, and is remembered', async (t) => {
  const { page, context, complaints } = await shared.visit(t, '#backend=flex&train=5000&test=1000&epochs=2', { options: { viewport: { width: 390, height: 844 } } });
  await waitForPhase(page, ['ready']);
  const minutes = page.getByTestId('budget-minutes');
  await minutes.fill('0');
  await minutes.press('Enter');
  await page.getByText('Enter a whole number of minutes from 1 to 240.').waitFor();
  await minutes.fill('240');
  await minutes.press('Enter');
  await waitForText(page, 'budget-text', /is not known yet/);
  await page.getByTestId('budget-trial').click();
  await waitForPhase(page, ['training']);
  await waitForText(page, 'budget-text', /^In 240 minutes on this machine: “[^”]+”, 10 epochs \(about [^)]+\), expected test accuracy about 0\.\d\d \(measured elsewhere\)/);
  assert.equal(await page.getByLabel('Epochs', { exact: true }).inputValue(), '10');
  assert.equal(await page.locator('#field-train').inputValue(), '50000');
  assert.match(page.url(), /train=50000&test=10000&epochs=10&.*schedule=one-cycle/);
  await fits(page, 390);

  // A later visit knows it still; other settings take the sentence away.
  const later = await context.newPage();
  await later.goto(page.url());
  await waitForPhase(later, ['ready']);
  await later.getByTestId('budget-plan').focus();
  await later.keyboard.press('Enter');
  await waitForText(later, 'budget-text', /The speed was measured on \d+ \w+ \d{4}\.$/);
  await later.getByLabel('Epochs', { exact: true }).fill('3');
  await later.getByLabel('Epochs', { exact: true }).press('Tab');
  await later.getByTestId('budget-text').waitFor({ state: 'hidden' });
  assert.doesNotMatch(await textOf(later, 'budget-text'), /In \d+/);
  assert.deepEqual(complaints, []);
});
