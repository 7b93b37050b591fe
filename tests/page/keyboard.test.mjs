/** The whole story by Tab, Enter and Space, and how the page lies on small and large screens. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fits, phaseOf, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, share, shardRecords, upload } from './visits.mjs';

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
  await page.evaluate(() => {
    /** @type {any} */ (globalThis).lost = false;
    const look = () => {
      if (document.activeElement === document.body) /** @type {any} */ (globalThis).lost = true;
      requestAnimationFrame(look);
    };
    look();
  });
  await page.keyboard.press('Enter');
  await waitForPhase(page, ['training', 'compiling']);
  await waitForText(page, 'images-per-second', /\d/);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'pause', 'the focus goes to what may be pressed next');
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).lost), false, 'and was on the page’s body at no moment');
  await page.keyboard.press('Space');
  await waitForPhase(page, ['paused'], 10_000);
  assert.deepEqual(await page.locator('.buttons button.primary:visible').allTextContents(), ['Resume']);
  await page.keyboard.press('Space');
  await waitForPhase(page, ['training'], 10_000);
  await page.keyboard.press('Space');
  await waitForPhase(page, ['paused'], 10_000);

  await tabTo(page, '#more-samples');
  await page.keyboard.press('Enter');
  await page.getByText('Images 26 to 50').waitFor();
  await tabTo(page, '[data-testid="evaluate"]');
  await page.keyboard.press('Enter');
  await page.locator('#evaluation-line').getByText(/Test accuracy [\d.]+, test loss/).waitFor();
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
  for (const value of ['recipe', 'own', 'quick', 'tutorial']) {
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate(() => /** @type {HTMLInputElement} */ (document.activeElement).value), value);
    assert.equal(await page.evaluate(() => scrollY), 0);
  }
});

test('a decimal comma is read, the wheel changes nothing, and arrows step', async (t) => {
  const { page } = await shared.visit(t, '#backend=flex&train=50000&test=10000', { prepare: (opened) => opened.route('**/data/**', (route) => route.abort()) });
  const [lr, epochs] = [page.getByLabel('Learning rate', { exact: true }), page.getByLabel('Epochs', { exact: true })];
  await lr.fill('');
  await lr.pressSequentially('0,005');
  await lr.press('Tab');
  assert.equal(await lr.inputValue(), '0.005');
  assert.match(page.url(), /&lr=0\.005&/);
  await lr.press('ArrowUp');
  assert.equal(await lr.inputValue(), '0.01');
  await epochs.focus();
  await epochs.hover();
  await page.mouse.wheel(0, 400);
  await epochs.press('ArrowDown');
  assert.equal(await epochs.inputValue(), '9', 'of 10 the arrow took one, and the wheel none');
  await page.getByLabel('Training images', { exact: true }).fill('10');
  await page.getByLabel('Batch size').fill('64');
  await page.getByLabel('Batch size').press('Tab');
  await page.getByText('A batch cannot be larger than the 10 training images.').waitFor();
  assert.match(page.url(), /&train=50000&.*&epochs=9&/, 'the address keeps what the page accepts');
});

test('after hundreds of epochs Stop works, and their rows are there', async (t) => {
  const { page } = await shared.visit(t, '#backend=flex&train=32&test=32&epochs=1000&batch=32&workers=1&run=1', { options: { viewport: { width: 390, height: 760 } } });
  const rows = page.getByTestId('epoch-table').locator('tbody tr');
  await rows.nth(150).waitFor();
  await page.getByTestId('stop').click();
  await waitForPhase(page, ['ready'], 10_000);
  const [count, last] = [await rows.count(), await rows.last().locator('th').textContent()];
  assert.equal(last, `${count}/1000`);
  await page.emulateMedia({ media: 'print' });
  const unprinted = await page.evaluate(() => ['.bar-track', '.bar-fill', '.block', '.counts .share', '#confusion tbody td'].filter((selector) => {
    const all = [...document.querySelectorAll(selector)];
    return all.length === 0 || all.some((each) => getComputedStyle(each).printColorAdjust !== 'exact' || each.getClientRects().length === 0);
  }));
  assert.deepEqual(unprinted, [], 'what a background draws is printed');
  const wide = await page.evaluate(() => [...document.querySelectorAll('.chart canvas')].map((canvas) => [
    canvas.getBoundingClientRect().right, /** @type {HTMLElement} */ (canvas.closest('.chart')).getBoundingClientRect().right,
  ]));
  for (const [canvas, box] of wide) assert.ok(canvas <= box + 1, 'on paper no chart covers what is beside it');
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
  const drawn = await page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('#samples canvas'));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const read = () => [...context.getImageData(0, 0, 32, 32).data];
    const shown = read();
    context.clearRect(0, 0, 32, 32);
    const lost = read();
    canvas.dispatchEvent(new Event('contextrestored'));
    return { off: context.getContextAttributes().willReadFrequently, lost: lost.every((byte) => byte === 0), same: String(read()) === String(shown) };
  });
  assert.deepEqual(drawn, { off: true, lost: true, same: true }, 'a sample is drawn again when its canvas is restored');
  const charts = await page.evaluate(async () => Promise.all([...document.querySelectorAll('.chart')].map(async (chart) => {
    const canvasOf = () => /** @type {HTMLCanvasElement} */ (chart.querySelector('canvas'));
    const shown = canvasOf().toDataURL();
    canvasOf().width += 0; // As one that was lost: nothing is on it, and its context is as new.
    const lost = canvasOf().toDataURL();
    canvasOf().dispatchEvent(new Event('contextrestored'));
    await new Promise(requestAnimationFrame);
    return [lost !== shown, canvasOf().toDataURL() === shown];
  })));
  assert.deepEqual(charts, [[true, true], [true, true], [true, true]], 'and so is a chart');
  await tabTo(page, '[data-testid="start"]');
  const ring = await page.evaluate(() => getComputedStyle(/** @type {Element} */ (document.activeElement)).outlineStyle);
  assert.equal(ring, 'solid');
});

/** Words of the log's header, of the run's choices and of the summary's shapes that a line's end divides. @param {import('playwright-core').Page} page */
const dividedWords = (page) => page.evaluate(() => {
  const found = [...document.querySelectorAll('#epochs thead th, .preset small, #summary th, #summary .shape, #summary .num')].flatMap((element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const words = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const { 0: word, index } of (node.nodeValue ?? '').matchAll(element.matches('.shape, small') ? /.+/g : /[^\s_]+_?/g)) {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) words.push(word);
      }
    }
    return words;
  });
  return found;
});

/** The stage's three columns: where each begins and ends, and the highest band in it with nothing to see. @param {import('playwright-core').Page} page */
const columnsOf = (page) => page.evaluate(() => [
  '.subject > *, .ask > *', '.said > *, #predictions > li', '.headline, .curve figcaption, .chart, #live-figures',
].map((parts) => {
  const boxes = [...document.querySelectorAll(parts)].filter((part) => part.closest('.stage')).map((part) => part.getBoundingClientRect())
    .filter(({ height }) => height > 0).sort((a, b) => a.top - b.top);
  const bands = boxes.slice(1).map(({ top }, i) => top - Math.max(...boxes.slice(0, i + 1).map(({ bottom }) => bottom)));
  return { top: boxes[0].top, bottom: Math.max(...boxes.map(({ bottom }) => bottom)), band: Math.max(...bands) };
}));

test('nothing sticks out, is cut or breaks within a word on any screen, and the stage has no empty band', async (t) => {
  const { page } = await shared.visit(t, `${SHORT}&run=1`, { options: { viewport: { width: 1440, height: 800 } } });
  await waitForPhase(page, ['done']);
  await page.getByTestId('random-test').click();
  await waitForText(page, 'predictions', /\d %/);
  const columns = await columnsOf(page);
  for (const { top, bottom, band } of columns) {
    assert.ok(Math.abs(top - columns[0].top) <= 2 && Math.abs(bottom - columns[0].bottom) <= 2, JSON.stringify(columns));
    assert.ok(band < 80, JSON.stringify(columns));
  }
  for (const width of [1440, 768, 390, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await fits(page, width);
    assert.deepEqual(await dividedWords(page), [], `at ${width} pixels`);
    const cut = await page.evaluate(() => [...document.querySelectorAll('#log, .table-box:has(#summary), .preset > span')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ id, textContent }) => id || textContent));
    assert.deepEqual(cut, [], `at ${width} pixels`);
    assert.ok(await page.locator('.curve figcaption').getByText('Each epoch’s mean begins anew, so the line jumps there.').isVisible());
  }
});
