/** Overfitting named by a run's own numbers, its cures chosen, and the earlier run behind the cured one's curves. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import { fits, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { share } from './visits.mjs';

const shared = share({ before, after });
/** Few images and many epochs: it learns them by heart. */
const BY_HEART = '#backend=flex&train=200&test=200&epochs=30&batch=32&lr=0.003&seed=7&workers=1';

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
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run('#evaluate-panel', { resultTypes: ['violations'] }));
  assert.deepEqual(violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.length}`), []);

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
  await page.locator('#chart-accuracy[aria-label*="The run before: accuracy on test images then"]').waitFor();
  await waitForText(page, 'gap', /It is right about \d+/);
  await page.getByTestId('earlier-leave').click();
  await page.locator('#chart-accuracy:not([aria-label*="The run before"])').waitFor();
  assert.match(await textOf(page, 'epoch-table'), /30/);
  assert.deepEqual(complaints, []);
});
