/**
 * The service worker: keeps the page and its modules, so that a later visit needs no network.
 *
 * The build writes the list of one version's files, each with its SHA-256, into this script, so the
 * script is the version: a changed file is another script, which the browser notices, installs
 * beside this one and lets take over once no page of this one is open. A version is taken whole
 * or not at all: every file is fetched and compared with its sum before one of them is kept, and
 * what does not compare is never handed out. A page thus gets the files of one version only.
 *
 * The large module is kept when it is first asked for, or when the page says that it is in use
 * (offline.js), under the same sums. Images are not its business: shards.js keeps them.
 *
 * An address may go to another project some day, whose visitors must not be shown this page. So each visit is
 * answered at once, and beside it the server is asked for the start page: where another one stands, or
 * where neither that nor this script is left, the service worker takes leave. A server that errs, is out
 * of reach or leads elsewhere is no reason.
 *
 * On Android only a service worker may notify (views/notify.js): a click on such a notification brings the tab to the front.
 *
 * Without a list, as `trunk serve` builds the page, nothing is kept, and a version that was is given up.
 */

/** @typedef {{ version: string, files: Record<string, string>, later: Record<string, string> }} Release Paths from the page's folder, with their SHA-256. */
/** @typedef {Event & { waitUntil: (work: Promise<unknown>) => void }} LifeEvent */
/** @typedef {LifeEvent & { request: Request, respondWith: (answer: Promise<Response>) => void, resultingClientId: string }} RequestEvent */
/** @typedef {{ url: string, postMessage: (message: string) => void, focus: () => Promise<unknown> }} Client A page of this origin. */
/** @typedef {LifeEvent & { notification: { close: () => void } }} NotificationClick */
/**
 * `tsc` knows the page's global scope only.
 * @typedef {object} Scope
 * @property {(type: string, listener: (event: any) => void) => void} addEventListener
 * @property {ServiceWorkerRegistration} registration
 * @property {{ get: (id: string) => Promise<Client | undefined>, matchAll: (options?: { type: 'window', includeUncontrolled: boolean }) => Promise<Client[]> }} clients
 * @property {() => Promise<void>} skipWaiting
 */

/** The next line is the build's: xtask/src/release.rs writes the list there. */
const RELEASE = /** @type {Release | null} */ (
  /* release */ null
);

const worker = /** @type {Scope} */ (/** @type {unknown} */ (self));
/** The folder that the page lies in. */
const FOLDER = new URL('./', self.location.href);
/** Several copies of the page may share an origin, so the folder is part of the name. */
const PREFIX = `convburn-page ${FOLDER.pathname} `;
const NAME = PREFIX + (RELEASE?.version ?? 'none');
/** All that this version may hand out. @type {Map<string, string>} */
const SUMS = new Map(Object.entries({ ...RELEASE?.files, ...RELEASE?.later }));

/** What every version's start page begins with, and no other page. */
const PAGE_MARK = /<html\b[^>]*\bdata-phase="?loading\b/;
/** What every version of this script has in it. */
const SCRIPT_MARK = /convburn-page/;
/** Milliseconds in which an open page may take away what is kept itself, before it loads anew. */
const LEAVE_MS = 10_000;
/** Whether another page has taken this one's place. */
let isLeaving = false;

/** @param {string} path */
const addressOf = (path) => new URL(path, FOLDER).href;

/** @param {ArrayBuffer} bytes */
async function sumOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * A file of this version from the server, compared with its sum.
 * @param {string} path
 * @returns {Promise<Response>}
 */
async function fetchListed(path) {
  // The browser's own cache is asked whether it is right, and passed over where it says so wrongly.
  for (const cache of /** @type {const} */ (['no-cache', 'reload'])) {
    const response = await fetch(addressOf(path), { cache });
    if (!response.ok) throw new Error(`The server answered ${response.status} for “${path}”.`);
    const bytes = await response.arrayBuffer();
    if (await sumOf(bytes) !== SUMS.get(path)) continue;
    // A new response: the server's may have been redirected, and may say that its body is still compressed.
    const headers = new Headers(response.headers);
    for (const name of ['content-encoding', 'content-length']) headers.delete(name);
    return new Response(bytes, { headers });
  }
  throw new Error(`“${path}” is not of the version ${RELEASE?.version}.`);
}

/** A module with one instruction of relaxed SIMD's: as in engine/capabilities.js, which a script of this kind cannot import. */
const RELAXED_SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0,
  10, 28, 1, 26, 0, 67, 0, 0, 0, 0, 253, 19, 67, 0, 0, 0, 0, 253, 19, 67, 0, 0, 0, 0, 253, 19, 253, 133, 2, 11,
);
/** The small module that this browser never asks for. */
const OTHER_MODULE = WebAssembly.validate(RELAXED_SIMD_MODULE) ? 'convburn_cpu_bg.wasm' : 'convburn_cpu_relaxed_bg.wasm';

/** Keeps all files of the version but those that are not for everyone, or none. */
async function install() {
  const paths = Object.keys(RELEASE?.files ?? {}).filter((path) => path !== OTHER_MODULE);
  const responses = await Promise.all(paths.map(fetchListed));
  try {
    const cache = await caches.open(NAME);
    for (const [i, path] of paths.entries()) await cache.put(addressOf(path), responses[i]);
  } catch (thrown) {
    await caches.delete(NAME); // No room left: what is half there would only take more of it.
    throw thrown;
  }
}

/** @param {boolean} andOwn */
async function forgetOthers(andOwn) {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && (andOwn || name !== NAME)) await caches.delete(name);
  }
}

/** @param {string} path @param {Response} response */
async function keep(path, response) {
  const cache = await caches.open(NAME);
  await cache.put(addressOf(path), response);
}

/**
 * A file of this version: the one kept, else the server's, which is kept then.
 * @param {string} path
 * @returns {Promise<Response>}
 */
async function answer(path) {
  const kept = await caches.match(addressOf(path), { cacheName: NAME, ignoreVary: true }).catch(() => undefined);
  if (kept) return kept;
  try {
    const fresh = await fetchListed(path);
    if (!isLeaving) await keep(path, fresh.clone()).catch(() => undefined); // Without room it works all the same.
    return fresh;
  } catch {
    return Response.error(); // As without a network: the file of another version is of no use to this page.
  }
}

/** @param {string} url @returns {string | null} Which file of the list lies there. */
function pathOf(url) {
  const { origin, pathname } = new URL(url);
  if (origin !== FOLDER.origin || !pathname.startsWith(FOLDER.pathname)) return null;
  const path = pathname.slice(FOLDER.pathname.length) || 'index.html';
  return SUMS.has(path) ? path : null;
}

/**
 * Which file of the list is asked for, by this page: another project's pages may have files of the same names.
 * @param {Request} request @returns {string | null}
 */
function wantedOf({ method, mode, referrer, url }) {
  if (method !== 'GET') return null;
  const isOurs = mode === 'navigate' || !/^https?:/.test(referrer) || pathOf(referrer) !== null;
  return isOurs ? pathOf(url) : null;
}

/**
 * What the server has at an address now: what belongs there, something else, nothing, or nobody knows.
 * A portal's or a login's redirection says nothing, nor does an error.
 * @param {string} path @param {RegExp} mark
 * @returns {Promise<'own' | 'other' | 'gone' | 'unknown'>}
 */
async function look(path, mark) {
  try {
    const response = await fetch(addressOf(path), { cache: 'no-cache', redirect: 'manual' });
    if (response.status === 404 || response.status === 410) return 'gone';
    if (response.status !== 200) return 'unknown';
    return mark.test(await response.text()) ? 'own' : 'other';
  } catch {
    return 'unknown';
  }
}

/** Whether the address is another project's now. The second question is asked only where the first is in doubt. @param {string} start */
async function isAnothers(start) {
  const page = await look(start, PAGE_MARK);
  if (page !== 'other' && page !== 'gone') return false;
  const script = await look('sw.js', SCRIPT_MARK);
  return page === 'other' ? script !== 'unknown' : script === 'gone';
}

/**
 * Takes leave where another page stands: the page's files only, never images or runs. Pages that are open are
 * told (offline.js); they may need a file yet, so what they leave is deleted after a while.
 * @param {string} start @param {string} visitor The page that is being opened.
 */
async function leaveIfAnothers(start, visitor) {
  if (isLeaving || !(await isAnothers(start))) return;
  isLeaving = true;
  await worker.registration.unregister();
  const pages = [await worker.clients.get(visitor), ...await worker.clients.matchAll()];
  for (const page of new Set(pages)) page?.postMessage('another_page');
  await new Promise((resolve) => {
    setTimeout(resolve, LEAVE_MS);
  });
  await forgetOthers(true);
}

/** Without a list: takes away an older version, whose files would hide what `trunk serve` has just built. */
async function giveUp() {
  await forgetOthers(true);
  await worker.registration.unregister();
}

worker.addEventListener('install', (/** @type {LifeEvent} */ event) => {
  if (RELEASE) event.waitUntil(install());
  else if (worker.registration.active) event.waitUntil(worker.skipWaiting());
  else event.waitUntil(Promise.reject(new Error('This build of the page has no list of its files: nothing is kept.')));
});

// Pages that are open are not claimed: they began with the server's files and go on with those.
worker.addEventListener('activate', (/** @type {LifeEvent} */ event) => {
  event.waitUntil(RELEASE ? forgetOthers(false) : giveUp());
});

worker.addEventListener('fetch', (/** @type {RequestEvent} */ event) => {
  const path = wantedOf(event.request);
  const answering = path === null ? Promise.resolve() : answer(path);
  if (path !== null) event.respondWith(/** @type {Promise<Response>} */ (answering));
  if (event.request.mode !== 'navigate' || !RELEASE) return;
  // After the answer, so that a visit does not wait for it.
  const start = new URL(event.request.url).pathname.endsWith('/index.html') ? 'index.html' : '';
  event.waitUntil(answering.then(() => leaveIfAnothers(start, event.resultingClientId)));
});

worker.addEventListener('message', (/** @type {LifeEvent & MessageEvent} */ event) => {
  if (event.data === 'keep_later') event.waitUntil(Promise.all(Object.keys(RELEASE?.later ?? {}).map(answer)));
});

/** The tab of this page: also one that began before this worker was there. */
async function focusPage() {
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  await pages.find(({ url }) => url.startsWith(FOLDER.href))?.focus();
}

worker.addEventListener('notificationclick', (/** @type {NotificationClick} */ event) => {
  event.notification.close();
  event.waitUntil(focusPage());
});
