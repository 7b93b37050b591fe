/**
 * What the page tests share beyond the harness: one server and one browser for all tests of a file, and what a visitor
 * brings along.
 *
 * @import { Browser, Page } from 'playwright-core'
 * @import { Answer } from '../../harness/server.mjs'
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { launch, openPage } from '../../harness/browser.mjs';
import { DIST, serve } from '../../harness/server.mjs';

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
