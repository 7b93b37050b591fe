/**
 * A static server that puts the built page under /convburn/, as a host would under a path of its own.
 *
 * CONVBURN_DIST names the built page.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const DIST = process.env.CONVBURN_DIST ?? fileURLToPath(new URL('../dist', import.meta.url));
const PREFIX = '/convburn/';

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.wasm': 'application/wasm', '.gz': 'application/gzip',
  '.png': 'image/png', '.webmanifest': 'application/manifest+json', '.txt': 'text/plain',
};

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
