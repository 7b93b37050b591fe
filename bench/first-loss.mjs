/**
 * Seconds from navigation to the first point of the loss curve in the product's own page, when its files and data are
 * cached: the visitor's second visit. The page's own curve says when (its label is told to screen readers).
 *
 * @import { Browser } from 'playwright-core'
 */
import { median } from 'simple-statistics';
import { forgetRuns, openPage } from '../harness/browser.mjs';
import { waitForPhase } from '../harness/waits.mjs';

const LINK = '#backend=flex&train=2000&test=1000&epochs=1&seed=1&run=1';

/** Runs in the page before its scripts. */
function watchFirstLoss() {
  const observer = new MutationObserver(() => {
    if (!document.getElementById('chart-live')?.ariaLabel?.startsWith('Running loss')) return;
    Object.assign(globalThis, { firstLossMs: performance.now() });
    observer.disconnect();
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-label'] });
}

/**
 * A visitor who has been there once.
 * @param {Browser} browser @param {string} url The page's.
 * @returns {Promise<{ seconds: () => Promise<number>, close: () => Promise<void> }>} Seconds of a further visit.
 */
export async function openVisitor(browser, url) {
  const { context, page } = await openPage(browser);
  await page.addInitScript(watchFirstLoss);
  await page.goto(`${url}${LINK}`);
  await waitForPhase(page, ['done']);
  return {
    async seconds() {
      await forgetRuns(page);
      await page.goto('about:blank');
      await page.goto(`${url}${LINK}`);
      const first = await page.waitForFunction(() => /** @type {any} */ (globalThis).firstLossMs);
      const found = await first.jsonValue() / 1_000;
      await waitForPhase(page, ['done']);
      return found;
    },
    close: () => context.close(),
  };
}

/** @param {Browser} browser @param {string} url The page's. @param {number} rounds */
export async function measureFirstLoss(browser, url, rounds) {
  const visitor = await openVisitor(browser, url);
  /** @type {number[]} */
  const seconds = [];
  for (let round = 0; round < rounds; round += 1) seconds.push(await visitor.seconds());
  await visitor.close();
  return { median: median(seconds), low: Math.min(...seconds), high: Math.max(...seconds), rounds };
}

/**
 * The files that the product's page asks for until its first loss, in a fresh profile.
 * @param {Browser} browser @param {string} url @returns {Promise<string[]>} Paths.
 */
export async function filesToFirstStep(browser, url) {
  const { context, page, asked } = await openPage(browser);
  await page.addInitScript(watchFirstLoss);
  await page.goto(`${url}${LINK}`);
  await page.waitForFunction(() => /** @type {any} */ (globalThis).firstLossMs);
  await context.close();
  return asked.filter((address) => address.startsWith('http')).map((address) => new URL(address).pathname);
}
