/** The network learns in the page as it does elsewhere. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { phaseOf, textOf, waitForPhase } from '../../harness/waits.mjs';
import { share, strays } from './visits.mjs';

const shared = share({ before, after });

// One worker and portable arithmetic, whose bits are the same everywhere: otherwise the sums' order or their rounding moves the accuracy by as much as a seed does.
test('three epochs over 10,000 images classify more than 48 % of 2,000 test images rightly', async (t) => {
  const { page, complaints, asked, origin } = await shared.visit(t, '#backend=flex&train=10000&test=2000&epochs=3&seed=1&workers=1&arithmetic=portable&run=1');
  await waitForPhase(page, ['done', 'error'], 600_000);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 3);
  assert.ok(Number(await textOf(page, 'val-accuracy')) > 0.48, await textOf(page, 'val-accuracy'));
  assert.deepEqual(complaints, []);
  assert.ok(asked.length > 0);
  assert.deepEqual(strays(asked, origin), []);
  // For BENCHMARKS.md; a time is never asserted.
  for (const row of await page.getByTestId('epoch-table').locator('tr').allInnerTexts()) {
    t.diagnostic(row.replaceAll('\u00ad', '').replaceAll(/\s+/g, ' '));
  }
});

test('ndarray trains to the same figures as flex, many times slower', async (t) => {
  /** @param {string} backend */
  const rowOf = async (backend) => {
    const { page } = await shared.visit(t, `#backend=${backend}&train=320&test=50&epochs=1&seed=7&run=1`);
    await waitForPhase(page, ['done', 'error'], 600_000);
    assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
    return (await page.getByTestId('epoch-table').locator('tbody td').allTextContents()).map(Number);
  };
  const [flex, ndarray] = [await rowOf('flex'), await rowOf('ndarray')];
  const LOSS = 1;
  const STEP_MS = 5;
  assert.ok(Math.abs(flex[LOSS] - ndarray[LOSS]) < 1e-3, `${flex} and ${ndarray}`);
  // For README and BENCHMARKS.md.
  t.diagnostic(`${flex[STEP_MS]} ms a step on flex, ${ndarray[STEP_MS]} on ndarray: ${(ndarray[STEP_MS] / flex[STEP_MS]).toFixed(1)} times`);
});
