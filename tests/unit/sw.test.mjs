/** The service worker's decisions: which requests are this page's, and when another project has the address. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const SOURCE = readFileSync(new URL('../../www/sw.js', import.meta.url), 'utf8');
const PAGE = readFileSync(new URL('../../www/index.html', import.meta.url), 'utf8');
const RELEASE = JSON.stringify({ version: 'v', files: { 'index.html': '0', 'main.js': '0', 'style.css': '0' }, later: {} });
const SCRIPT = SOURCE.replace(/(\/\* release \*\/ )null/, (_line, mark) => mark + RELEASE);
assert.notEqual(SCRIPT, SOURCE);
const run = new Function('self', 'caches', 'fetch', 'setTimeout', SCRIPT);
const FOLDER = 'https://host.test/convburn/';
const STORED = ['convburn-page /convburn/ v', 'convburn-page /convburn/ old', 'convburn-page /other/ v', 'convburn-data /convburn/ v1', 'a stranger’s'];

/** A browser around the script. @param {(path: string) => Response} server What is at an address now; it may throw. */
function setUp(server) {
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {};
  const stored = new Set(STORED);
  /** @type {string[]} */
  const asked = [];
  const happened = { unregistered: 0, told: /** @type {string[]} */ ([]) };
  const page = { postMessage: (/** @type {string} */ message) => void happened.told.push(message) };
  run({
    location: new URL(`${FOLDER}sw.js`),
    addEventListener: (/** @type {string} */ type, /** @type {any} */ listener) => (listeners[type] = listener),
    registration: { unregister: async () => void (happened.unregistered += 1) },
    clients: { get: async () => page, matchAll: async () => [page] },
  }, {
    match: async () => new Response('kept'),
    keys: async () => [...stored],
    delete: async (/** @type {string} */ name) => stored.delete(name),
  }, async (/** @type {string} */ url, /** @type {RequestInit} */ options) => {
    assert.equal(options.cache, 'no-cache');
    asked.push(url.slice(FOLDER.length));
    return server(url.slice(FOLDER.length));
  }, (/** @type {() => void} */ call) => call());

  /** A request, its answer and everything that it sets going. @param {string} path @param {{ mode?: string, referrer?: string }} [more] */
  async function request(path, { mode = 'navigate', referrer = '' } = {}) {
    /** @type {Promise<Response> | null} */
    let answer = null;
    /** @type {Promise<unknown>[]} */
    const work = [];
    listeners.fetch({
      request: { method: 'GET', url: FOLDER + path, mode, referrer }, resultingClientId: 'new',
      respondWith: (/** @type {Promise<Response>} */ response) => (answer = response), waitUntil: (/** @type {Promise<unknown>} */ each) => work.push(each),
    });
    const text = answer && await (await /** @type {Promise<Response>} */ (answer)).text();
    await Promise.all(work);
    return text;
  }
  return { request, asked, happened, stored };
}

const html = (/** @type {string} */ text, status = 200) => () => new Response(text, { status });
const OTHER = html('<!doctype html><html lang="en"><title>Another project</title><p>ConvBurn was here.');
const gone = (/** @type {number} */ status) => html('Not found', status);
const OWN_PAGE = html(PAGE);
const OWN_SCRIPT = html(SCRIPT);
const fails = () => {
  throw new TypeError('Failed to fetch');
};
/** As `redirect: 'manual'` shows it. @returns {any} */
const redirected = () => ({ status: 0, type: 'opaqueredirect', text: async () => '' });

/** @type {[string, () => Response, () => Response, boolean][]} */
const CASES = [
  ['this page', OWN_PAGE, OWN_SCRIPT, false],
  ['this page, whose script was lost', OWN_PAGE, gone(404), false],
  ['no network', fails, fails, false],
  ['a server that errs', html('Oops', 500), html('Oops', 500), false],
  ['a server that refuses', html('Who are you?', 403), html('', 401), false],
  ['a portal that redirects', redirected, redirected, false],
  ['a portal that answers 511', html('Log in', 511), html('Log in', 511), false],
  ['another page, while the script cannot be had', OTHER, fails, false],
  ['another page, while the script’s server errs', OTHER, html('', 503), false],
  ['half an upload', gone(404), OWN_SCRIPT, false],
  ['an empty address whose every file is a page', gone(404), OTHER, false],
  ['another page', OTHER, gone(404), true],
  ['another page that stands for every address', OTHER, OTHER, true],
  ['another page beside what was left of this one', OTHER, OWN_SCRIPT, true],
  ['another page with a service worker of its own', OTHER, html('self.addEventListener("fetch", () => {});'), true],
  ['nothing any more', gone(404), gone(404), true],
  ['nothing, and for good', gone(410), gone(410), true],
];

for (const [what, page, script, leaves] of CASES) {
  test(`${leaves ? 'it takes leave' : 'it stays'} where there is ${what}`, async () => {
    const { request, happened, stored } = setUp((path) => (path === 'sw.js' ? script() : page()));
    assert.equal(await request(''), 'kept', 'the visit is answered from this version');
    assert.equal(happened.unregistered, leaves ? 1 : 0);
    assert.equal(new Set(happened.told).has('another_page'), leaves);
    assert.deepEqual([...stored], leaves ? STORED.slice(2) : STORED, 'page caches of this folder only');
  });
}

test('a visit asks one thing of the server, and the second only in doubt; other requests ask nothing', async () => {
  const { request, asked } = setUp(OWN_PAGE);
  await request('');
  assert.deepEqual(asked, ['']);
  await request('index.html#a');
  assert.deepEqual(asked, ['', 'index.html']);
  await request('main.js', { mode: 'cors', referrer: FOLDER });
  assert.equal(asked.length, 2);
});

test('what another page of the folder asks for is the server’s to answer, and its visit shows the change too', async () => {
  const { request, happened } = setUp((path) => (path === 'sw.js' ? gone(404)() : OTHER()));
  assert.equal(await request('style.css', { mode: 'no-cors', referrer: FOLDER }), 'kept');
  assert.equal(await request('style.css', { mode: 'no-cors', referrer: `${FOLDER}about.html` }), null);
  assert.equal(await request('main.js', { mode: 'cors', referrer: `${FOLDER}main.js` }), 'kept', 'a module that a module asks for');
  assert.equal(happened.unregistered, 0);
  assert.equal(await request('about.html'), null);
  assert.equal(happened.unregistered, 1);
});
