/**
 * Chromium, and pages of fresh profiles in it.
 *
 * CONVBURN_CHROMIUM names the browser.
 *
 * @import { Browser, Page } from 'playwright-core'
 */
import { chromium } from 'playwright-core';

const CHROMIUM = process.env.CONVBURN_CHROMIUM ?? '/usr/bin/chromium';

const ARGS = [
  '--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--no-first-run', '--disable-quic',
];
/** Chromium's software WebGPU: an adapter without a GPU. */
const WEBGPU_ARGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** @param {{ webgpu?: boolean, args?: string[], ignoreDefaultArgs?: string[] }} [more] @returns {Promise<Browser>} */
export function launch({ webgpu = false, args = [], ignoreDefaultArgs = [] } = {}) {
  const all = [...ARGS, ...(webgpu ? WEBGPU_ARGS : []), ...args];
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: all, ignoreDefaultArgs });
}

/**
 * A fresh profile's page, with what it complains of and what it asks for. Without service workers, unless the
 * options allow them: a test that puts something in a file's place would not reach the file that one keeps.
 * @param {Browser} browser
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ acceptDownloads: true, serviceWorkers: 'block', ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  /** @type {string[]} */
  const asked = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  context.on('request', (request) => asked.push(request.url()));
  return { context, page, complaints, asked };
}

/** Takes away what is kept of runs, so that a link that starts by itself trains anew. @param {Page} page */
export const forgetRuns = (page) => page.evaluate(async () => {
  const root = await navigator.storage.getDirectory();
  /** A file that is still being written cannot be taken away: a run that is just over is kept once more. */
  const isBusy = (/** @type {any} */ thrown) => /ModificationError|ModificationAllowed/.test(thrown?.name);
  for (let looks = 100; ; looks -= 1) {
    try {
      for await (const name of /** @type {any} */ (root).keys()) await root.removeEntry(name, { recursive: true });
      return;
    } catch (thrown) {
      if (!isBusy(thrown) || looks === 0) throw thrown;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }
});
