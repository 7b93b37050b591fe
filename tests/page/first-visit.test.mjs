/** What a visitor meets who knows nothing: one button, a picture, a curve; and how the page names itself to others. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST } from '../../harness/server.mjs';
import { fits, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, share, shardRecords, strays } from './visits.mjs';

const shared = share({ before, after });
const STAGE = ['#subject', '#predictions', '#chart-live'];

/** Of these elements, those that are not wholly in sight below the bar. @param {import('playwright-core').Page} page @param {string[]} selectors */
function outOfSight(page, selectors) {
  return page.evaluate((wanted) => {
    const bar = /** @type {Element} */ (document.querySelector('.runbar')).getBoundingClientRect().bottom;
    return wanted.filter((selector) => {
      const box = /** @type {Element} */ (document.querySelector(selector)).getBoundingClientRect();
      return box.top < bar || box.bottom > innerHeight || box.right > innerWidth || box.height === 0;
    });
  }, selectors);
}

/** @param {import('playwright-core').Page} page */
const sharesOf = (page) => page.getByTestId('predictions').locator('.bar-value').allTextContents();

test('one button begins the quick run, and the picture, the guess and the curve are in sight together', async (t) => {
  const { page, complaints, asked, origin } = await shared.visit(t, '', { options: { viewport: { width: 1440, height: 900 } } });
  await waitForPhase(page, ['ready']);
  assert.deepEqual(await page.locator('.runbar button:visible').allTextContents(), ['Train a network']);
  assert.equal(await page.locator('.primary:visible').count(), 1);
  assert.equal(await page.locator('[name="preset"]:checked').inputValue(), 'quick');
  assert.deepEqual(await outOfSight(page, STAGE), []);
  await waitForText(page, 'predictions', /\d %/);
  const blind = await sharesOf(page);

  await page.getByTestId('start').click();
  await waitForPhase(page, ['training']);
  await page.locator('#chart-live:not(.empty)').waitFor();
  await page.waitForFunction(
    (old) => [...document.querySelectorAll('#predictions .bar-value')].filter((each, i) => each.textContent !== old[i]).length >= 5,
    blind,
  );
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 0, 'the guess moves before the first epoch ends');
  assert.deepEqual(await outOfSight(page, STAGE), []);
  assert.match(await page.locator('#status-text').innerText(), /of 157/); // 5,000 images in batches of 32.
  assert.deepEqual(complaints, []);
  assert.deepEqual(strays(asked, origin), []);
});

test('the picture is the first test image for everyone', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  await page.getByText('Test image: cat').waitFor();
  const corner = await page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('subject'));
    return [.../** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(0, 0, 1, 1).data.slice(0, 3)];
  });
  const first = shardRecords('test-00.bin.gz');
  assert.deepEqual(corner, [first[1], first[1 + 1_024], first[1 + 2_048]]);
});

test('a link that says something has the tutorial’s values for the rest', async (t) => {
  const { page } = await shared.visit(t, '#backend=flex');
  assert.equal(await page.getByLabel('Training images', { exact: true }).inputValue(), '50000');
  assert.equal(await page.getByLabel('Epochs', { exact: true }).inputValue(), '10');
});

test('on a phone the button is in sight at once, and it leads to the picture and the guess', async (t) => {
  const { page } = await shared.visit(t, '', { options: { viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' } });
  await waitForPhase(page, ['ready']);
  const bottom = await page.getByTestId('start').evaluate((button) => button.getBoundingClientRect().bottom);
  assert.ok(bottom <= 844, `the button ends at ${bottom}`);
  await page.getByTestId('start').click();
  await waitForPhase(page, ['training']);
  assert.deepEqual(await outOfSight(page, ['#subject', '#verdict', '#predictions']), []);
});

test('who points at a run of their own is led to the settings, and told whose they still are', async (t) => {
  const { page } = await shared.visit(t, '', { options: { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' } });
  await waitForPhase(page, ['ready']);
  const hint = page.locator('#own-hint');
  assert.ok(await hint.isHidden());
  await page.getByText('Your own', { exact: true }).click();
  await hint.getByText('still the quick run’s').waitFor();
  assert.deepEqual(await outOfSight(page, ['#own-hint', '#field-train']), []);
  await page.getByLabel('Epochs', { exact: true }).fill('2');
  await page.getByLabel('Epochs', { exact: true }).press('Tab');
  await hint.waitFor({ state: 'hidden' });
  assert.equal(await page.locator('[name="preset"]:checked').inputValue(), 'own');
});

test('of a run that is done', async (t) => {
  const { page } = await shared.visit(t, `${SHORT}&run=1`);
  await waitForPhase(page, ['done']);

  await t.test('a screen reader is told each epoch, and the answers that its reader asked for', async () => {
    const announce = page.locator('#announce[aria-live="polite"]');
    assert.match((await announce.textContent()) ?? '', /^Epoch 1\/1 — .*accuracy: [\d.]+ — loss: [\d.]+ — val_accuracy: [\d.]+ — val_loss: [\d.]+\. Test accuracy [\d.]+ after 1 epoch$/);
    assert.equal(await page.locator('#verdict').getAttribute('aria-live'), 'off', 'nobody asked');
    await page.getByTestId('random-test').click();
    await announce.getByText(/Right|Wrong/).waitFor({ state: 'attached' });
    assert.equal(await announce.textContent(), await page.locator('#verdict').textContent());
  });

  await t.test('the figures behind the live curve are a table, written while it is open', async () => {
    const rows = page.locator('#live-figures tbody tr');
    assert.equal(await rows.count(), 0);
    await page.getByText('The figures behind this curve').click();
    await rows.first().waitFor();
    const cells = await page.locator('#live-figures tbody tr').evaluateAll((all) => all.map((row) => [...row.children].map((cell) => Number(cell.textContent))));
    assert.ok(cells.length > 1 && cells.length <= 20, `${cells.length} rows`);
    assert.ok(cells.every(([at, loss], i) => loss > 0 && at <= 1 && (i === 0 || at >= cells[i - 1][0])), JSON.stringify(cells));
    assert.match((await page.locator('#chart-live').getAttribute('aria-label')) ?? '', /Running loss [\d.]+/);
  });

  await t.test('forced colours hide neither the progress nor the bars', async () => {
    await waitForText(page, 'predictions', /\d %/);
    await page.emulateMedia({ forcedColors: 'active' });
    const looks = await page.evaluate(() => {
      const style = (/** @type {string} */ selector) => getComputedStyle(/** @type {Element} */ (document.querySelector(selector)));
      return {
        fill: style('#predictions .bar-fill').backgroundColor,
        track: style('#predictions .bar-track').backgroundColor,
        progress: style('#run-progress').color,
        page: style('body').backgroundColor,
        frame: style('#confusion td.hit').outlineStyle,
      };
    });
    await page.emulateMedia({ forcedColors: null });
    assert.notEqual(looks.fill, looks.track);
    assert.notEqual(looks.progress, looks.page);
    assert.equal(looks.frame, 'solid');
  });

  await t.test('enlarged or on a small phone the page does not scroll sideways and can be used', async () => {
    for (const [what, viewport] of Object.entries({
      'at 200 % zoom': { width: 640, height: 512 }, 'at 400 % zoom': { width: 320, height: 256 }, 'on a small phone': { width: 320, height: 640 },
    })) {
      await page.setViewportSize(viewport);
      await fits(page, viewport.width);
      await page.getByTestId('evaluate').scrollIntoViewIfNeeded();
      const bar = await page.evaluate(() => /** @type {Element} */ (document.querySelector('.runbar')).getBoundingClientRect().bottom);
      assert.ok(bar < viewport.height * 0.4, `${what} the bar covers ${bar} of ${viewport.height} pixels`);
      await page.getByTestId('evaluate').click();
      await waitForPhase(page, ['done']);
    }
  });
});

test('who asked for less motion sees none', async (t) => {
  const { page } = await shared.visit(t, SHORT.replace('epochs=1', 'epochs=50'), { options: { reducedMotion: 'reduce' } });
  const running = () => page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === 'running').length);
  assert.equal(await running(), 0);
  await waitForPhase(page, ['ready']);
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior), 'auto');
  await page.getByTestId('start').click();
  await waitForText(page, 'images-per-second', /\d/);
  await page.getByTestId('random-test').click();
  await waitForText(page, 'predictions', /\d %/);
  assert.equal(await running(), 0);
});

test('the skip link leads past the top and leaves the configuration alone', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
  assert.ok(page.url().endsWith(SHORT), page.url());
  assert.equal(await textOf(page, 'error'), '');
});

/** @param {Buffer} png @returns {number[]} Width and height, as the file's own header has them. */
const sizeOf = (png) => [png.readUInt32BE(16), png.readUInt32BE(20)];

test('the manifest, its icons and the card for links are there, under any path', async (t) => {
  const { page, complaints } = await shared.visit(t, SHORT);
  const linked = await page.evaluate(() => ({
    manifest: document.querySelector('link[rel="manifest"]')?.getAttribute('href') ?? '',
    touch: document.querySelector('link[rel="apple-touch-icon"]')?.getAttribute('href') ?? '',
    card: document.querySelector('meta[property="og:image"]')?.getAttribute('content') ?? '',
    colours: [...document.querySelectorAll('meta[name="theme-color"]')].map((each) => each.getAttribute('media')),
  }));
  const manifest = await (await page.request.get(new URL(linked.manifest, page.url()).href)).json();
  assert.equal(manifest.short_name, 'ConvBurn');
  for (const { src, sizes } of manifest.icons) {
    const answer = await page.request.get(new URL(src, page.url()).href);
    assert.ok(answer.ok(), src);
    if (sizes !== 'any') assert.deepEqual(sizeOf(await answer.body()).join('x'), sizes, src);
  }
  const card = readFileSync(join(DIST, linked.card));
  assert.deepEqual(sizeOf(card), [1_200, 630]);
  assert.ok(card.length < 150_000, `${card.length} bytes`);
  assert.deepEqual(sizeOf(readFileSync(join(DIST, linked.touch))), [180, 180]);
  assert.equal(linked.colours.length, 2);
  for (const address of [linked.manifest, linked.touch, linked.card, manifest.start_url, manifest.scope]) assert.doesNotMatch(address, /^\/|:/);
  const cdp = await page.context().newCDPSession(page);
  const { errors } = await cdp.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  assert.deepEqual(complaints, []);
});

test('the content security policy stays as strict as it can be', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  const policy = await page.evaluate(() => document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content') ?? '');
  const rules = new Map(policy.split(';').map((rule) => rule.trim().split(/\s+/)).map(([name, ...sources]) => [name, sources.join(' ')]));
  assert.equal(rules.get('default-src'), "'none'");
  assert.equal(rules.get('script-src'), "'self' 'wasm-unsafe-eval'");
  assert.equal(rules.get('style-src'), "'self'");
  assert.equal(rules.get('img-src'), "'self' blob:"); // The visitor's pictures.
  assert.equal(rules.get('connect-src'), "'self'");
  assert.equal(rules.get('worker-src'), "'self'");
  assert.equal(rules.get('manifest-src'), "'self'");
  assert.equal(rules.get('base-uri'), "'none'");
  assert.equal(rules.get('form-action'), "'none'");
  assert.doesNotMatch(policy.replace("'wasm-unsafe-eval'", ''), /unsafe|https?:|\*/);
  const inline = await page.evaluate(() => document.querySelectorAll('script:not([src]), style').length);
  assert.equal(inline, 0);
});
