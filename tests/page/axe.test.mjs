/**
 * Axe finds nothing in any phase, light or dark, on a wide screen or a phone's.
 *
 * What axe calls minor is let pass: matters of taste are looked at by people.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import { phaseOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { toFragment } from '../../www/state/config.js';
import { DEFAULTS } from '../../www/state/fields.js';
import { PRESETS } from '../../www/state/presets.js';
import { SHORT, share } from './visits.mjs';
import { letGo, write } from './script.mjs';

const shared = share({ before, after });
const LONG = SHORT.replace('epochs=1', 'epochs=50');
const GRAVE = ['moderate', 'serious', 'critical'];

/** @param {import('playwright-core').Page} page @returns {Promise<string[]>} A line for each fault. */
async function faults(page) {
  await page.evaluate(axe.source); // As the test's own code: the page's policy forbids a script of this size and kind.
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter((/** @type {any} */ { impact }) => GRAVE.includes(impact))
    .flatMap((/** @type {any} */ { id, impact, nodes }) => nodes.map((/** @type {any} */ node) => `${impact}: ${id}: ${node.target.join(' ')}: ${node.failureSummary}`));
}

/** @param {import('playwright-core').Page} page @param {string} phase In which the page is, and stays. */
async function assertFaultless(page, phase) {
  assert.equal(await phaseOf(page), phase);
  await page.locator('#live-figures, #recipe-source, details.group').evaluateAll((all) => all.forEach((details) => details.setAttribute('open', '')));
  for (const width of [1440, 390]) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await faults(page), [], `${width} pixels, ${colorScheme}`);
      assert.equal(await phaseOf(page), phase);
    }
  }
}

test('while the engine loads', async (t) => {
  const { page } = await shared.visit(t, '', { prepare: (opened) => opened.route('**/*.wasm', () => undefined) });
  await page.getByText('Images 1 to 25').waitFor();
  await assertFaultless(page, 'loading');
});

test('without images, with a recipe chosen', async (t) => {
  const { page } = await shared.visit(t, toFragment({ ...DEFAULTS, ...PRESETS['tutorial-cured'] }, false), { prepare: (opened) => opened.route('**/data/**', (route) => route.fulfill({ status: 404 })) });
  await page.locator('#data-state').getByText('There are no images yet').waitFor();
  await assertFaultless(page, 'loading');
});

test('on a first visit', async (t) => {
  const { page } = await shared.visit(t, '');
  await waitForPhase(page, ['ready']);
  await page.getByTestId('budget-plan').click();
  await waitForText(page, 'budget-text', /not known yet/);
  await assertFaultless(page, 'ready');
});

test('while it trains, paused and while it measures', async (t) => {
  const { page } = await shared.visit(t, LONG, { prepare: (opened) => write(opened, { evaluations: true }) });
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await waitForText(page, 'images-per-second', /\d/);
  await assertFaultless(page, 'training');
  await page.getByTestId('pause').click();
  await waitForPhase(page, ['paused']);
  await assertFaultless(page, 'paused');
  await page.getByTestId('evaluate').click();
  await waitForPhase(page, ['evaluating']);
  await assertFaultless(page, 'evaluating');
  await letGo(page);
  await waitForPhase(page, ['paused']);
});

test('when a run is done, with a setting that cannot be used and an error to read', async (t) => {
  const { page } = await shared.visit(t, `${SHORT}&schedule=one-cycle&flip=random&patience=1&run=1`);
  await waitForPhase(page, ['done']);
  await assertFaultless(page, 'done');
  await page.getByLabel('Batch size').fill('0');
  await page.getByLabel('Batch size').press('Tab');
  await page.getByTestId('start').click();
  await waitForText(page, 'error', /batch/);
  await assertFaultless(page, 'done');
});

test('without an engine', async (t) => {
  const { page } = await shared.visit(t, SHORT, { prepare: (opened) => opened.route('**/convburn_cpu*', (route) => route.abort()) });
  await waitForPhase(page, ['error']);
  await assertFaultless(page, 'error');
});

test('while it compiles for the graphics card', async (t) => {
  const compiling = [{ type: 'compiling', part: 'comparison', done: 1, of: 3 }];
  const { page } = await shared.visit(t, SHORT, { prepare: (opened) => write(opened, { pulls: [compiling, []] }) });
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await waitForPhase(page, ['training']);
  await letGo(page);
  await waitForPhase(page, ['compiling']);
  await assertFaultless(page, 'compiling');
});
