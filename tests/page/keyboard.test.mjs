/** The whole story by Tab, Enter and Space, and how the page lies on small and large screens. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SHORT, phaseOf, share, shardRecords, textOf, upload, waitForPhase, waitForText } from './harness.mjs';

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

test('a run to its end, its report, a new start and the visitor’s own images with the keyboard alone', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  page.on('filechooser', () => undefined); // Keeps choosers intercepted: asked for at the key's press, it may come too late.
  await waitForPhase(page, ['ready']);
  await tabTo(page, '[data-testid="start"]');
  await page.keyboard.press('Enter');
  await waitForPhase(page, ['done']);
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);

  await tabTo(page, '[data-testid="report"]');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  assert.match(download.suggestedFilename(), /\.json$/);

  await tabTo(page, '[data-testid="predict-file"]');
  const png = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(40, 40);
    canvas.getContext('2d')?.fillRect(0, 0, 40, 40);
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  });
  await chooseWith(page, 'Enter', upload('night.png', Uint8Array.from(png), 'image/png'));
  await page.getByText('night.png, as the network sees it').waitFor();
  await waitForText(page, 'predictions', /\d %/);

  await tabTo(page, '[data-testid="reset"]');
  await page.keyboard.press('Enter');
  await waitForPhase(page, ['ready'], 10_000);

  await tabTo(page, '[data-testid="drop"]');
  await chooseWith(page, 'Enter', upload('mine.bin', shardRecords('train-00.bin.gz').subarray(0, 100 * 3_073)));
  await page.getByText('100 images for training, unknown').waitFor();
  await waitForPhase(page, ['ready']);
});

/**
 * Opens the focused file input's chooser with a key. @param {import('playwright-core').Page} page
 * @param {string} key @param {ReturnType<typeof upload>} file
 */
async function chooseWith(page, key, file) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press(key)]);
  await chooser.setFiles(file);
}

test('the arrow keys pass over the presets and keep the focus there', async (t) => {
  const { page } = await shared.visit(t, '#backend=flex&train=50000&test=10000', { prepare: (opened) => opened.route('**/data/**', (route) => route.abort()) });
  await tabTo(page, '[name="preset"]');
  for (const value of ['own', 'quick', 'tutorial']) {
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate(() => /** @type {HTMLInputElement} */ (document.activeElement).value), value);
    assert.equal(await page.evaluate(() => scrollY), 0);
  }
});

test('an error is in sight wherever the page is scrolled to, on a small screen too', async (t) => {
  const { page } = await shared.visit(t, SHORT, { options: { viewport: { width: 390, height: 760 } } });
  await waitForPhase(page, ['ready']);
  await page.getByTestId('predict-file').scrollIntoViewIfNeeded();
  await page.getByTestId('predict-file').setInputFiles(upload('broken.png', Uint8Array.of(1, 2, 3), 'image/png'));
  await waitForText(page, 'error', /broken\.png/);
  assert.equal(await phaseOf(page), 'ready', await textOf(page, 'error'));
  const { top, bottom, right, bar, tall } = await page.evaluate(() => {
    const box = /** @type {Element} */ (document.querySelector('[data-testid="error"]')).getBoundingClientRect();
    const runbar = /** @type {Element} */ (document.querySelector('.runbar')).getBoundingClientRect();
    return { top: box.top, bottom: box.bottom, right: box.right, bar: runbar.height, tall: innerHeight };
  });
  assert.ok(top >= 0 && bottom <= tall && right <= 390, `${top} to ${bottom} of ${tall}`);
  assert.ok(bar < tall / 2, `the bar takes ${bar} of ${tall} pixels`);
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
