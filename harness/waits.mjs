/**
 * Waits on the page's own conditions: its phase, its test ids. Nothing waits for a time.
 *
 * @import { Page } from 'playwright-core'
 */

/** Long enough for a slow machine to load the engine or to train the short runs below. */
export const PATIENCE_MS = 300_000;

/** @param {Page} page @param {string[]} phases @param {number} [timeout] */
export async function waitForPhase(page, phases, timeout = PATIENCE_MS) {
  try {
    await page.waitForFunction((wanted) => wanted.includes(document.documentElement.dataset.phase ?? ''), phases, { timeout });
  } catch (thrown) {
    if (page.isClosed()) throw thrown;
    const said = await page.locator('#status-text, #notice-text, #error-text, #offer-text, #replace-text').allTextContents();
    throw new Error(`waited for ${phases.join(' or ')}, and it is ${await phaseOf(page)}: ${said.join(' ').trim()}`, { cause: thrown });
  }
}

/** Waits until nothing makes the page wider than its window: charts follow it a moment later. @param {Page} page @param {number} width */
export async function fits(page, width) {
  const isNarrow = () => page.evaluate((most) => document.documentElement.scrollWidth <= most, width);
  for (let frame = 0; frame < 60 && !await isNarrow(); frame += 1) await page.evaluate(() => new Promise(requestAnimationFrame));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) throw new Error(`The page is ${wide} pixels wide in ${width}.`);
}

/** @param {Page} page @returns {Promise<string>} */
export const phaseOf = (page) => page.evaluate(() => document.documentElement.dataset.phase ?? '');

/** @param {Page} page @param {string} id @returns {Promise<string>} */
export const textOf = async (page, id) => (await page.getByTestId(id).textContent()) ?? '';

/** @param {Page} page @param {string} id @param {RegExp} pattern @param {number} [timeout] */
export async function waitForText(page, id, pattern, timeout = PATIENCE_MS) {
  await page.waitForFunction(
    ([testId, source]) => new RegExp(source, 'i').test(document.querySelector(`[data-testid="${testId}"]`)?.textContent ?? ''),
    [id, pattern.source],
    { timeout },
  );
}

/**
 * Notes each text that an element shows from now on: one that stays for a moment may lie between two looks of a wait.
 * @param {Page} page @param {string} selector
 * @returns {Promise<() => Promise<string[]>>} What was noted so far.
 */
export async function textsFrom(page, selector) {
  const texts = await page.locator(selector).evaluateHandle((element) => {
    /** @type {string[]} */
    const noted = [];
    new MutationObserver(() => noted.push(element.textContent ?? '')).observe(element, { childList: true, characterData: true, subtree: true });
    return noted;
  });
  return () => texts.jsonValue();
}

/**
 * Asks again and again until something is so, and fails with what was waited for when it never is.
 * @param {string} what @param {() => Promise<boolean> | boolean} isSo @param {() => Promise<unknown>} [between] What helps it on, after each no.
 */
export async function until(what, isSo, between = () => new Promise((resolve) => setImmediate(resolve))) {
  const end_ms = performance.now() + PATIENCE_MS;
  while (!await isSo()) {
    if (performance.now() > end_ms) throw new Error(`waited in vain until ${what}`);
    await between();
  }
}
