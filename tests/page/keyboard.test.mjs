/** The whole story by Tab, Enter and Space, and how the page lies on small and large screens. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SHORT, share, waitForPhase, waitForText } from './harness.mjs';

const shared = share({ before, after });

/** Presses Tab until the element has the focus. @param {import('playwright-core').Page} page @param {string} selector */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 120; presses += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach ${selector}`);
}

test('the story with the keyboard alone', async (t) => {
  const { page } = await shared.visit(t, SHORT.replace('epochs=1', 'epochs=30'));
  await waitForPhase(page, ['ready']);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the content');

  await tabTo(page, '[data-testid="start"]');
  await page.keyboard.press('Enter');
  await waitForPhase(page, ['training', 'compiling']);
  await waitForText(page, 'images-per-second', /\d/);
  await tabTo(page, '[data-testid="pause"]');
  await page.keyboard.press('Space');
  await waitForPhase(page, ['paused'], 10_000);
  await page.keyboard.press('Space');
  await waitForPhase(page, ['training'], 10_000);
  await page.keyboard.press('Space');
  await waitForPhase(page, ['paused'], 10_000);

  await tabTo(page, '#more-samples');
  await page.keyboard.press('Enter');
  await page.getByText('Images 26 to 50').waitFor();
  await tabTo(page, '[data-testid="evaluate"]');
  await page.keyboard.press('Enter');
  await page.getByText(/Test accuracy [\d.]+, test loss/).waitFor();
  await tabTo(page, '[data-testid="random-test"]');
  await page.keyboard.press('Space');
  await waitForText(page, 'predictions', /\d %/);
  await tabTo(page, '[data-testid="stop"]');
  await page.keyboard.press('Enter');
  await waitForPhase(page, ['ready'], 10_000);
});

test('every control that has the focus shows it and has a name', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, input, select')]
    .filter((each) => !each.textContent?.trim() && !(/** @type {HTMLInputElement} */ (each).labels?.length))
    .map((each) => each.outerHTML));
  assert.deepEqual(unnamed, []);
  await tabTo(page, '[data-testid="start"]');
  const ring = await page.evaluate(() => getComputedStyle(/** @type {Element} */ (document.activeElement)).outlineStyle);
  assert.equal(ring, 'solid');
});

for (const width of [360, 390, 768, 1440]) {
  test(`nothing sticks out at ${width} pixels`, async (t) => {
    const { page } = await shared.visit(t, `${SHORT}&run=1`, { options: { viewport: { width, height: 800 } } });
    await waitForPhase(page, ['done']);
    await page.getByTestId('random-test').click();
    await waitForText(page, 'predictions', /\d %/);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `the page is ${wide} pixels wide`);
  });
}
