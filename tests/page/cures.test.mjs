/** Overfitting named by a run's own numbers, its cures chosen, the earlier run behind the cured one's curves, and both in the list of runs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import { fits, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { share } from './visits.mjs';

const shared = share({ before, after });
/** Few images and many epochs: it learns them by heart. */
const BY_HEART = '#backend=flex&train=200&test=200&epochs=30&batch=32&lr=0.003&seed=7&workers=1';

/** Axe finds nothing in a panel. @param {import('playwright-core').Page} page @param {string} panel */
async function assertFaultless(page, panel) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate((selector) => /** @type {any} */ (globalThis).axe.run(selector, { resultTypes: ['violations'] }), panel);
  assert.deepEqual(violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.length}`), []);
}

/** Presses a button of the list by the keyboard. @param {import('playwright-core').Page} page @param {RegExp} name */
async function press(page, name) {
  await page.locator('#runs').getByRole('button', { name }).focus();
  await page.keyboard.press('Enter');
}

/** Each row's name and figures. @param {import('playwright-core').Page} page */
const listed = (page) => page.locator('#run-table tbody tr').evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('th, td.num')].map(({ textContent }) => textContent ?? '')));

/** Waits until so many runs are listed. @param {import('playwright-core').Page} page @param {number} count */
const waitForRuns = (page, count) => page.waitForFunction((wanted) => document.querySelectorAll('#run-table tbody tr').length === wanted, count);

test('a run that learnt by heart is told so by its own numbers, and is cured with its curves behind the next run’s', async (t) => {
  const { page, complaints } = await shared.visit(t, BY_HEART, { options: { viewport: { width: 390, height: 844 } } });
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('gap').isHidden());
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  await waitForText(page, 'gap', /“Evaluate now” measures it on those too/);
  await page.getByTestId('evaluate').click();
  await waitForText(page, 'gap', /a gap of \d+\.\d points\. It has begun to learn its images by heart\./);
  assert.ok(await page.getByTestId('cure-some').isDisabled());
  await fits(page, 390);
  assert.match(await textOf(page, 'gap-bars'), /It learnt from\d+\.\d %Never seen\d+\.\d %/);
  await assertFaultless(page, '#evaluate-panel');

  // One cure by the keyboard.
  await page.getByLabel('Label smoothing', { exact: true }).and(page.locator('#cures input')).focus();
  await page.keyboard.press('Space');
  await page.getByTestId('cure-some').click();
  assert.match(page.url(), /label_smoothing=0\.1/);
  assert.doesNotMatch(page.url(), /network=t&/);

  // All of them: the next run has them, and the earlier one stays behind it.
  await page.getByTestId('cure-all').click();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'start');
  for (const said of [/network=t&/, /optimizer=muon/, /schedule=one-cycle/, /flip=alternating/, /averaging=0\.98/, /epochs=30/, /train=200/]) assert.match(page.url(), said);
  await page.keyboard.press('Enter');
  await waitForPhase(page, ['training']);
  assert.ok(await page.getByTestId('gap').isHidden());
  await waitForPhase(page, ['done']);
  await page.getByTestId('evaluate').click();
  await page.locator('#chart-accuracy[aria-label*="Behind: tutorial, Adam, 30 epochs, "]').waitFor();
  await waitForText(page, 'gap', /It is right about \d+/);
  // It learnt from mirrored images, so it is asked about both.
  await waitForText(page, 'evaluation-line', /Averaged over each image and its mirror image, accuracy 0\.\d{4}\./);
  // Both are in the list, with their gaps; the earlier one says that its curves are shown.
  await page.waitForFunction(() => [...document.querySelectorAll('#run-table td[data-label^="Gap"]')].every(({ textContent }) => textContent !== '–'));
  assert.deepEqual((await listed(page)).map(([name]) => name), ['T, Muon200 training images', 'tutorial, Adam200 training images']);
  assert.equal(await page.getByRole('button', { name: /^Show behind: tutorial/ }).getAttribute('aria-pressed'), 'true');
  await fits(page, 390);
  await assertFaultless(page, '#runs');
  await page.getByTestId('earlier-leave').click();
  await page.locator('#chart-accuracy:not([aria-label*="Behind: "])').waitFor();
  assert.match(await textOf(page, 'epoch-table'), /30/);

  await t.test('the list is sorted, and a run put behind another, by the keyboard', async () => {
    const accuracies = async () => (await listed(page)).map((row) => Number(row[4]));
    for (const [order, least] of /** @type {const} */ ([['descending', 1], ['ascending', 0]])) {
      await press(page, /Test accuracy$/);
      assert.equal(await page.locator('th', { has: page.getByTestId('sort-accuracy') }).getAttribute('aria-sort'), order);
      const [first, second] = await accuracies();
      assert.ok(least === 1 ? first >= second : first <= second, `${order}: ${first}, ${second}`);
    }
    await press(page, /^Show behind: T, Muon/);
    await page.locator('#chart-accuracy[aria-label*="Behind: T, Muon, 30 epochs, "]').waitFor();
    assert.match(await page.locator('.key.reference').last().textContent() ?? '', /^Behind: T, Muon, 30 epochs, 0\.\d{4}$/);
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-pressed')), 'true');
  });

  await t.test('another visit has the list, whose runs are pinned, taken up again and removed', async () => {
    await page.reload();
    await waitForPhase(page, ['ready']);
    await waitForRuns(page, 2);
    await press(page, /^Pin: tutorial/);
    await page.getByRole('button', { name: /^Pin: tutorial/, pressed: true }).waitFor();
    assert.match((await listed(page))[0][0], /^tutorial/);
    await press(page, /^Use its settings: tutorial/);
    assert.match(page.url(), /network=tutorial&train=200&test=200&epochs=30&batch=32&lr=0\.003&seed=7&/);
    assert.doesNotMatch(page.url(), /optimizer/);

    await press(page, /^Remove: T, Muon/);
    await waitForRuns(page, 1);
    await page.keyboard.press('Enter'); // The focus is on the way back.
    await waitForRuns(page, 2);
    assert.match(await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''), /^Remove: T, Muon/);
  });

  await t.test('of two tabs that change the list at once neither loses a row, and a broken list is an empty one', async () => {
    const left = await page.evaluate(async () => {
      const { createListStorage } = await import(new URL('storage/run-list.js', document.baseURI).href);
      const tabs = [createListStorage('tabs'), createListStorage('tabs')];
      const add = (/** @type {number} */ row) => tabs[row % 2].change((/** @type {number[] | undefined} */ rows = []) => [...rows, row]);
      await Promise.all(Array.from({ length: 20 }, (_, row) => add(row)));
      const rows = await tabs[0].change((/** @type {number[]} */ all) => all);
      await tabs[0].remove();
      await createListStorage().change(() => ['broken', { id: 3 }]);
      return rows.length;
    });
    assert.equal(left, 20);
    await page.reload();
    await waitForPhase(page, ['ready']);
    assert.ok(await page.getByTestId('runs').isHidden());
  });

  await t.test('“Delete everything stored” empties it', async () => {
    await page.getByTestId('start').click();
    await page.getByTestId('replace-yes').click();
    await waitForPhase(page, ['done']);
    await waitForRuns(page, 1);
    await page.getByTestId('delete-kept').click();
    await page.getByTestId('delete-yes').click();
    await waitForRuns(page, 0);
    await page.reload();
    await waitForPhase(page, ['ready']);
    assert.ok(await page.getByTestId('runs').isHidden());
  });
  assert.deepEqual(complaints, []);
});
