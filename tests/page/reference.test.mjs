/** Keras's curves behind the visitor's own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitForPhase } from '../../harness/waits.mjs';
import { SHORT, share } from './visits.mjs';

const shared = share({ before, after });
const FILE = 'reference/keras_tutorial.json';
const asksFor = (/** @type {string[]} */ asked) => asked.some((url) => url.endsWith(FILE));

/** The colours of a chart's pixels, of which there are more with the reference behind it. @param {import('playwright-core').Page} page */
const coloursOf = (page) => page.evaluate(() => {
  const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('#chart-accuracy canvas'));
  const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
});

test('the tutorial’s run has them, and they can be put away', async (t) => {
  const { page, asked, complaints } = await shared.visit(t, '#backend=flex', {
    prepare: (opened) => opened.route(/(train|test)-\d+/, () => undefined), // The images are not needed here.
  });
  const box = page.getByTestId('reference');
  const key = page.locator('.charts .key.reference').first();
  await key.getByText(/^Keras, \d+ runs$/).waitFor();
  assert.ok(await box.isChecked());
  assert.ok(asksFor(asked));
  const shown = await coloursOf(page);
  await box.focus();
  await page.keyboard.press('Space');
  await key.waitFor({ state: 'hidden' });
  const hidden = await coloursOf(page);
  assert.ok(shown > hidden, `${shown} colours with the reference, ${hidden} without`);
  assert.deepEqual(complaints, []);
});

test('another run does not ask for them, until its visitor does', async (t) => {
  const { page, asked } = await shared.visit(t, `${SHORT}&run=1`);
  await waitForPhase(page, ['done']);
  assert.ok(!await page.getByTestId('reference').isChecked());
  assert.ok(!asksFor(asked));
  const chart = page.locator('#chart-accuracy');
  assert.doesNotMatch(await chart.getAttribute('aria-label') ?? '', /Keras/);
  await page.getByTestId('reference').check();
  await page.locator('.charts .key.reference').first().waitFor();
  assert.match(await chart.getAttribute('aria-label') ?? '', /After epoch 1: accuracy .*Keras, \d+ runs: accuracy on test images then 0\.5/);
});

test('where they cannot be fetched a sentence says so, and nothing else suffers', async (t) => {
  shared.answer(t, FILE, (response) => response.writeHead(404).end());
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  await page.getByTestId('reference').click();
  await page.getByText('They could not be fetched.').waitFor();
  assert.ok(!await page.getByTestId('reference').isChecked());
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
});
