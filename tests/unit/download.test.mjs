/** One file from the server: what may go wrong on the way, and the sentence for it. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { download, retryAfterOf } from '../../www/loading/download.js';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** @param {(signal: AbortSignal) => Response | Promise<Response>} answer */
function serve(answer) {
  globalThis.fetch = async (_url, options) => answer(/** @type {AbortSignal} */ (options?.signal));
}

/**
 * A body that gives a byte every so often, then ends or, when it has no end, gives nothing more.
 * @param {AbortSignal} signal @param {number} bytes @param {number} everyMs @param {boolean} ends
 */
function drip(signal, bytes, everyMs, ends) {
  return new ReadableStream({
    async start(controller) {
      signal.addEventListener('abort', () => controller.error(signal.reason));
      for (let i = 0; i < bytes && !signal.aborted; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, everyMs));
        if (!signal.aborted) controller.enqueue(Uint8Array.of(i));
      }
      if (ends && !signal.aborted) controller.close();
    },
  });
}

test('the bytes come as they are', async () => {
  serve(() => new Response(Uint8Array.of(31, 139, 8)));
  assert.deepEqual(await download('data/x.bin.gz?v=1'), Uint8Array.of(31, 139, 8));
  serve(() => new Response(null));
  assert.deepEqual(await download('data/x.bin.gz'), new Uint8Array());
});

test('a status, a web page and a lost connection are said with the file’s name', async () => {
  serve(() => new Response('gone', { status: 404 }));
  await assert.rejects(download('data/x.bin.gz?v=1'), /^Error: the server answered 404 for “x.bin.gz”$/);
  serve(() => new Response('  <!doctype html>', { headers: { 'content-type': 'Text/HTML; charset=utf-8' } }));
  await assert.rejects(download('data/x.bin.gz'), /web page in place of “x.bin.gz”/);
  serve(() => new Response('<!doctype html>', { headers: { 'content-type': 'application/octet-stream' } }));
  await assert.rejects(download('data/x.bin.gz'), /web page in place of “x.bin.gz”/);
  serve(() => Promise.reject(new TypeError('Failed to fetch')));
  await assert.rejects(download('data/x.bin.gz'), /“x.bin.gz” could not be fetched \(Failed to fetch\)/);
});

test('a download that gives nothing for a while is given up, before its answer and within it', async () => {
  serve((signal) => new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  }));
  await assert.rejects(download('data/x.bin.gz', {}, 20), /“x.bin.gz” stalled: nothing came for 0.02 seconds/);
  serve((signal) => new Response(drip(signal, 3, 1, false)));
  await assert.rejects(download('data/x.bin.gz', {}, 60), /stalled/);
});

test('a slow download is not a stalled one', async () => {
  serve((signal) => new Response(drip(signal, 8, 50, true)));
  assert.equal((await download('data/x.bin.gz', {}, 250)).length, 8);
});

test('how long a server asks to wait is read in both forms, by its own clock, and bounded', async () => {
  /** @type {[string, number][]} */
  const forms = [['120', 120_000], [' 3 ', 3_000], ['0', 0], ['86400', 300_000], ['Thu, 26 Nov 2026 12:00:30 GMT', 30_000], ['Thu, 26 Nov 2026 11:00:00 GMT', 0],
    ['Fri, 27 Nov 2026 12:00:00 GMT', 300_000], ['soon', 0], ['-5', 0], ['1.5', 0], ['2030', 300_000], ['2030-01-01', 0], ['', 0]];
  for (const [text, ms] of forms) {
    assert.equal(retryAfterOf(new Headers({ 'retry-after': text, date: 'Thu, 26 Nov 2026 12:00:00 GMT' })), ms, text);
  }
  assert.equal(retryAfterOf(new Headers()), 0);
  assert.equal(retryAfterOf(new Headers({ 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() })), 300_000, 'by the machine’s clock without the server’s');

  serve(() => new Response(null, { status: 429, headers: { 'retry-after': '1' } }));
  await assert.rejects(download('data/x.bin.gz'), { mayPass: true, retryAfterMs: 1_000, message: 'the server answered 429 for “x.bin.gz”, and asks to wait 1 second' });
  serve(() => new Response(null, { status: 404, headers: { 'retry-after': '7' } }));
  await assert.rejects(download('data/x.bin.gz'), { mayPass: false, retryAfterMs: 0, message: 'the server answered 404 for “x.bin.gz”' });
});

test('a failure says whether it may pass', async () => {
  /** @type {[number, boolean][]} */
  const statuses = [[404, false], [403, false], [408, true], [429, true], [500, true], [503, true]];
  for (const [status, mayPass] of statuses) {
    serve(() => new Response(null, { status }));
    await assert.rejects(download('data/x.bin.gz'), { mayPass }, String(status));
  }
  serve(() => new Response('<!doctype html>'));
  await assert.rejects(download('data/x.bin.gz'), { mayPass: false });
  serve(() => Promise.reject(new TypeError('Failed to fetch')));
  await assert.rejects(download('data/x.bin.gz'), { mayPass: true });
  serve((signal) => new Response(drip(signal, 1, 1, false)));
  await assert.rejects(download('data/x.bin.gz', {}, 20), { mayPass: true });
});
