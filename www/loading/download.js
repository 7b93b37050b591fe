/**
 * One file from the page's own server, with a sentence for each way in which that goes wrong.
 *
 * A connection that gives no byte for a while is given up: without that, a page behind a dead
 * access point waits for ever. The time counts from the last byte, so a slow line is no failure.
 *
 * What the bytes are worth is not looked at, but for one thing: a static host may answer for a
 * missing file with its own page and the status 200, which would only be called damaged later.
 *
 * Each failure says whether it may pass. Trying again is retry.js's.
 */

/** Milliseconds without a byte after which a download is given up. */
const STALL_MS = 20_000;
/** `<`, with which a web page begins; neither gzip nor a label nor JSON's brace does. */
const LESS_THAN = 0x3c;

/** Milliseconds beyond which a server's wish for patience is not believed. */
const MOST_RETRY_AFTER_MS = 300_000;
/** The form of a date in a header (RFC 9110, 5.6.7); what else `Date.parse` would read is a guess. */
const HTTP_DATE = /^[a-z]+, .* GMT$/i;

/** What went wrong, as the end of a sentence. */
export class DownloadError extends Error {
  /**
   * @param {string} message
   * @param {boolean} mayPass Whether the same request may be answered well a moment later.
   * @param {number} [retryAfterMs] Milliseconds that the server asks to wait before that; 0 where it says nothing.
   */
  constructor(message, mayPass, retryAfterMs = 0) {
    super(message);
    this.name = 'Error'; // It is told as any other is.
    this.mayPass = mayPass;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Milliseconds that an answer asks to wait, in either form of `Retry-After`: seconds, or a date by the server's own clock.
 * @param {Headers} headers
 * @returns {number} 0 where it asks for nothing, or for nothing that can be read.
 */
export function retryAfterOf(headers) {
  const text = headers.get('retry-after')?.trim() ?? '';
  const nowMs = Date.parse(headers.get('date') ?? '') || Date.now();
  let ms = 0;
  if (/^\d+$/.test(text)) ms = Number(text) * 1_000;
  else if (HTTP_DATE.test(text)) ms = Date.parse(text) - nowMs;
  return ms > 0 ? Math.min(ms, MOST_RETRY_AFTER_MS) : 0;
}

/** Whether a status speaks of a server that is busy or down, not of a file that is not there. @param {number} status */
const isPassing = (status) => status >= 500 || status === 408 || status === 429;

/** @param {string} url */
const nameOf = (url) => url.replace(/\?.*$/, '').replace(/^.*\//, '');

/** @param {Response} response @param {() => void} heard Is called when something came. @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function readBody(response, heard) {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    heard();
    chunks.push(read.value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** @param {Response} response @param {string} name */
function refusal({ status, headers }, name) {
  const mayPass = isPassing(status);
  const retryAfterMs = mayPass ? retryAfterOf(headers) : 0;
  const seconds = Math.ceil(retryAfterMs / 1_000);
  const wish = seconds > 0 ? `, and asks to wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}` : '';
  return new DownloadError(`the server answered ${status} for “${name}”${wish}`, mayPass, retryAfterMs);
}

/** @param {Response} response @param {string} name */
function checkAnswer(response, name) {
  if (!response.ok) throw refusal(response, name);
  if (/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) throw notThatFile(name);
}

/** @param {string} name */
const notThatFile = (name) => new DownloadError(`the server sent a web page in place of “${name}”`, false);

/**
 * @param {string} url
 * @param {RequestInit} [options]
 * @param {number} [stallMs]
 * @returns {Promise<Uint8Array<ArrayBuffer>>} Rejects with a `DownloadError`.
 */
export async function download(url, options = {}, stallMs = STALL_MS) {
  const name = nameOf(url);
  const giveUp = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => giveUp.abort(), stallMs);
  };
  heard();
  try {
    const response = await fetch(url, { ...options, signal: giveUp.signal });
    heard();
    checkAnswer(response, name);
    const bytes = await readBody(response, heard);
    if (bytes[0] === LESS_THAN) throw notThatFile(name);
    return bytes;
  } catch (thrown) {
    if (giveUp.signal.aborted) throw new DownloadError(`“${name}” stalled: nothing came for ${stallMs / 1_000} seconds`, true);
    // What `fetch` throws names nothing: “Failed to fetch”.
    if (thrown instanceof TypeError) throw new DownloadError(`“${name}” could not be fetched (${thrown.message})`, true);
    throw thrown;
  } finally {
    clearTimeout(timer);
    giveUp.abort(); // The rest of an answer that is not wanted.
  }
}
