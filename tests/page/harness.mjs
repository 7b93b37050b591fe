/**
 * What the page tests share: a static server that puts `dist/` under /convburn/, one browser, and
 * waits on the page's own conditions (its phase, its test ids). Nothing waits for a time.
 *
 * CONVBURN_DIST names the built page, CONVBURN_CHROMIUM the browser.
 *
 * @import { Browser, Page } from 'playwright-core'
 */
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';

export const DIST = process.env.CONVBURN_DIST ?? fileURLToPath(new URL('../../dist', import.meta.url));
const CHROMIUM = process.env.CONVBURN_CHROMIUM ?? '/usr/bin/chromium';
const PREFIX = '/convburn/';

/** Long enough for a slow machine to load the engine or to train the short runs below. */
export const PATIENCE_MS = 300_000;

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.wasm': 'application/wasm', '.gz': 'application/gzip',
  '.png': 'image/png', '.webmanifest': 'application/manifest+json', '.txt': 'text/plain',
};

const ARGS = [
  '--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--no-first-run', '--disable-quic',
];
/** Chromium's software WebGPU: an adapter without a GPU. */
const WEBGPU_ARGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** What a server says instead of a file. @typedef {(response: import('node:http').ServerResponse) => void} Answer */

/**
 * The file that a path stands for; none where no folder has it.
 * @param {string} path @param {Record<string, string>} folders By the beginning of the path.
 */
function fileOf(path, folders) {
  const prefix = Object.keys(folders).find((beginning) => path.startsWith(beginning));
  if (!prefix) return null;
  const file = join(folders[prefix], normalize(path.slice(prefix.length) || 'index.html'));
  return file.startsWith(folders[prefix]) && existsSync(file) && statSync(file).isFile() ? file : null;
}

/**
 * @param {string} [root] @param {{ folders?: Record<string, string>, headers?: Record<string, string>, port?: number }} [more] Other
 *   folders by the beginning of their paths, headers of every file, and the port of a server that was there before.
 * @returns {Promise<{ url: string, requests: string[], answers: Map<string, Answer>, close: () => Promise<void> }>}
 * `requests` are the paths asked for, from /convburn/ on; a path in `answers` is not looked for in `root`.
 */
export function serve(root = DIST, { folders = {}, headers = {}, port: wanted = 0 } = {}) {
  /** @type {string[]} */
  const requests = [];
  /** @type {Map<string, Answer>} */
  const answers = new Map();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname);
    requests.push(path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path);
    const answer = answers.get(requests[requests.length - 1]);
    if (answer) {
      answer(response);
      return;
    }
    const file = fileOf(path, { [PREFIX]: root, ...folders });
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', ...headers });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve({
        url: `http://127.0.0.1:${port}${PREFIX}`,
        requests,
        answers,
        close: () => new Promise((done) => {
          server.closeAllConnections();
          server.close(() => done());
        }),
      });
    });
  });
}

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
 * One server and one browser for all tests of a file.
 * @param {{ before: (hook: () => Promise<void>) => void, after: (hook: () => Promise<void>) => void }} hooks
 * @param {{ webgpu?: boolean, args?: string[], root?: string }} [more] The browser's, and what the server has in place of the built page.
 */
export function share({ before, after }, { root, ...more } = {}) {
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let server;
  /** @type {Browser} */
  let browser;
  before(async () => {
    server = await serve(root);
    browser = await launch(more);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  return {
    /** The paths that the server was asked for. */
    requests: () => server.requests,
    /** What the server says instead of files, by their paths. */
    answers: () => server.answers,
    /** What the server says instead of a file, until the test ends. @param {{ after: (hook: () => void) => void }} test @param {string} path @param {Answer} answer */
    answer(test, path, answer) {
      server.answers.set(path, answer);
      test.after(() => void server.answers.delete(path));
    },
    /**
     * A page of its own profile, closed when the test ends.
     * @param {{ after: (hook: () => Promise<void>) => void }} test
     * @param {string} fragment
     * @param {{ prepare?: (page: Page) => Promise<unknown>, options?: import('playwright-core').BrowserContextOptions, host?: string, port?: string }} [more]
     */
    async visit(test, fragment, { prepare, options, host = '127.0.0.1', port } = {}) {
      const opened = await openPage(browser, options);
      test.after(() => opened.context.close());
      await prepare?.(opened.page);
      const address = new URL(server.url.replace('127.0.0.1', host));
      if (port) address.port = port; // Another server's.
      const url = address.href;
      await opened.page.goto(`${url}${fragment}`);
      return { ...opened, origin: new URL(url).origin };
    },
  };
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

/** Takes away what is kept of runs, so that a link that starts by itself trains anew. @param {Page} page */
export const forgetRuns = (page) => page.evaluate(async () => {
  const root = await navigator.storage.getDirectory();
  for await (const name of /** @type {any} */ (root).keys()) await root.removeEntry(name, { recursive: true });
});

/** The page's short run: a few seconds on flex. */
export const SHORT = '#backend=flex&train=2000&test=1000&epochs=1&seed=7';

/** Of the addresses that a page asked for, those off its origin. @param {string[]} asked @param {string} origin */
export const strays = (asked, origin) => asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith(`blob:${origin}/`));

/** A shard's records, as the page's own data has them. @param {string} file */
export function shardRecords(file) {
  return gunzipSync(readFileSync(join(DIST, 'data/cifar10', file)));
}

/** The official data_batch_1.bin: it is the first five shards. */
export function officialBatch() {
  return Buffer.concat([0, 1, 2, 3, 4].map((i) => shardRecords(`train-0${i}.bin.gz`)));
}

/**
 * Drops files on the page. A size that is given is what the file claims.
 * @param {Page} page @param {{ name: string, bytes?: number[], type?: string, size?: number }[]} files
 */
export async function drop(page, files) {
  await page.evaluate((descriptions) => {
    const files = descriptions.map(({ name, bytes = [], type = '', size }) => {
      const file = new File([Uint8Array.from(bytes)], name, { type });
      if (size !== undefined) Object.defineProperty(file, 'size', { value: size });
      return file;
    });
    const event = new Event('drop', { bubbles: true, cancelable: true });
    Object.defineProperty(event, 'dataTransfer', { value: { files } });
    document.body.dispatchEvent(event);
  }, files);
}

/** Where the files of `onDisk` are, taken away at the end. @type {string | null} */
let chosen = null;
process.on('exit', () => chosen && rmSync(chosen, { recursive: true }));

/** The path of a file to choose. One of megabytes is there at once, where it would take seconds as bytes. @param {string} name @param {Uint8Array} bytes */
export function onDisk(name, bytes) {
  chosen ??= mkdtempSync(join(tmpdir(), 'convburn-chosen-'));
  const path = join(mkdtempSync(join(chosen, 'file-')), name);
  writeFileSync(path, bytes);
  return path;
}

/** A small file to choose. @param {string} name @param {Uint8Array} bytes */
export const upload = (name, bytes, mimeType = 'application/octet-stream') => ({ name, mimeType, buffer: Buffer.from(bytes) });
