/** What keeps the engine from running, what is merely missing, and how the worker's handle says so. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { DEFAULTS } from '../../www/state/fields.js';
import { connect } from '../../www/engine/client.js';
import { savingDoubts, whyNoEngine, withheld } from '../../www/engine/capabilities.js';

/** @type {any} */
const scope = globalThis;
afterEach(() => {
  delete scope.Worker;
});

const { WebAssembly } = globalThis;
class Worker {}

test('a browser that can run the engine has no reason not to', () => {
  assert.equal(whyNoEngine({ WebAssembly, Worker }), null);
});

test('a browser that cannot is told which part is missing and what to do', () => {
  const codes = [{}, { WebAssembly: {} }, { WebAssembly: { validate: () => false }, Worker }, { WebAssembly }]
    .map((each) => whyNoEngine(/** @type {any} */ (each)));
  assert.deepEqual(codes.map((report) => report?.code), ['no_wasm', 'no_wasm', 'no_simd', 'no_module_worker']);
  for (const report of codes) assert.match(report?.hint ?? '', /browser/);
});

test('a page without an origin of its own is told to be opened by itself, under its address', () => {
  const location = { href: 'https://host.test/convburn/#train=2000' };
  const report = whyNoEngine({ WebAssembly, Worker, origin: 'null', location });
  assert.deepEqual([report?.code, report?.hint], ['no_origin', 'Open https://host.test/convburn/ in a tab of its own.']);
  assert.equal(whyNoEngine({ WebAssembly, Worker, origin: 'https://host.test', location }), null);
});

test('a worker that the browser refuses is a failure like any other', async () => {
  scope.Worker = class {
    constructor() {
      throw new DOMException('The script cannot be accessed.', 'SecurityError');
    }
  };
  /** @type {any[]} */
  const told = [];
  connect((message) => told.push(message));
  await Promise.resolve();
  assert.deepEqual([told[0].type, told[0].error.code], ['failed', 'worker_failed']);
  assert.match(told[0].error.message, /no worker can be started here \(The script cannot be accessed/);
});

test('a file that a frame does not let out is said not to be saved; where nobody can tell, that it may not have come', () => {
  /** A page in frames, the outermost first; `null` is another origin's. @param {(string[] | null | undefined)[]} frames Words of `sandbox`; undefined without it. */
  const framed = (...frames) => {
    /** @type {any} */
    let page = { location: { href: 'https://host.test/#a' }, frameElement: null };
    page.parent = page;
    for (const words of frames) {
      const frameElement = words === null ? null : { hasAttribute: () => words !== undefined, sandbox: { contains: (/** @type {string} */ word) => words?.includes(word) } };
      page = { ...page, parent: page, frameElement };
    }
    return savingDoubts('run.bin', page);
  };
  const refused = '“run.bin” was not saved: the frame around this page allows no downloads. Open https://host.test/ in a tab of its own to save files.';
  const unknown = /^If “run\.bin” did not arrive, .*Open https:\/\/host\.test\/ in a tab/;
  assert.equal(framed(), null);
  assert.equal(framed(undefined), null);
  assert.equal(framed(['allow-scripts', 'allow-downloads']), null);
  assert.equal(framed(['allow-scripts']), refused);
  assert.equal(framed(['allow-scripts'], undefined), refused, 'a frame in such a frame');
  assert.match(framed(null) ?? '', unknown);
  assert.match(framed(null, undefined) ?? '', unknown);
  const throwing = /** @type {any} */ ({ location: { href: 'https://host.test/' }, parent: null, get frameElement() { throw new Error('SecurityError'); } });
  assert.match(savingDoubts('run.bin', throwing) ?? '', unknown);
});

test('plain http is explained, https and older browsers are not', () => {
  assert.match(withheld({ isSecureContext: false }) ?? '', /plain http.*graphics card.*https.*localhost/);
  assert.equal(withheld({ isSecureContext: true }), null);
  assert.equal(withheld({}), null);
});

test('a browser without workers, or without those made of modules, fails after the page has begun to listen', async () => {
  /** @type {any[]} */
  const told = [];
  connect((message) => told.push(message)).send({ type: 'pause' });
  assert.equal(told.length, 0);
  await Promise.resolve();
  assert.deepEqual(told.map(({ type, error }) => [type, error.code]), [['failed', 'no_module_worker']]);

  let ended = false;
  scope.Worker = class {
    terminate = () => {
      ended = true;
    };
  };
  connect((message) => told.push(message));
  await Promise.resolve();
  assert.equal(told[1].error.code, 'no_module_worker');
  assert.ok(ended);
});

/** A handle, what its worker gets and what the page is told; `made()` is the worker. */
function makeClient() {
  /** @type {string[]} */
  const got = [];
  /** @type {string[]} */
  const told = [];
  /** @type {any} */
  let made;
  scope.Worker = class {
    /** @param {unknown} _url @param {{ type: string }} options */
    constructor(_url, { type }) {
      assert.equal(type, 'module');
      made = this;
    }

    /** @param {any} command */
    postMessage(command) {
      got.push(command.type);
    }
  };
  return { client: connect(({ type }) => told.push(type)), got, told, made: () => made };
}

test('what is sent before the worker is ready waits for it', () => {
  const { client, got, made } = makeClient();
  client.send({ type: 'pause' });
  assert.deepEqual(got, []);
  made().onmessage({ data: { type: 'ready' } });
  client.send({ type: 'stop' });
  assert.deepEqual(got, ['pause', 'stop']);
});

test('a worker whose module lacks a backend is replaced by one with the other module, which gets what is sent from then on', () => {
  /** @type {any[]} */
  const made = [];
  scope.Worker = class {
    /** @type {string[]} */
    got = [];
    ended = false;
    /** @param {unknown} _url @param {{ type: string, name: string }} options */
    constructor(_url, { type, name }) {
      assert.equal(type, 'module');
      this.name = name;
      made.push(this);
    }

    /** @param {any} command */
    postMessage(command) {
      this.got.push(command.type);
    }

    terminate() {
      this.ended = true;
    }
  };
  /** @type {string[]} */
  const told = [];
  const client = connect(({ type }) => {
    told.push(type);
    if (type === 'other_module') client.send({ type: 'start', config: DEFAULTS });
  }, 'auto');
  made[0].onmessage({ data: { type: 'ready' } });
  made[0].onmessage({ data: { type: 'other_module' } });
  assert.ok(made[0].ended && made[0].onmessage === null);
  assert.deepEqual(made[1].got, [], 'it waits for `ready`');
  made[1].onmessage({ data: { type: 'ready' } });
  assert.deepEqual(made.map(({ name, got }) => [name, got]), [['convburn cpu', []], ['convburn full', ['start']]]);
  assert.deepEqual(told, ['ready', 'other_module', 'ready']);

  connect(() => undefined, 'ndarray');
  connect(() => undefined, 'flex');
  assert.deepEqual(made.slice(2).map(({ name }) => name), ['convburn full', 'convburn cpu']);
});

test('what is sent to a worker that is of no use is dropped, also what waited for it', () => {
  for (const end of /** @type {((worker: any) => void)[]} */ ([
    (worker) => worker.onmessage({ data: { type: 'failed' } }), (worker) => worker.onerror({}), (worker) => worker.onmessageerror(),
  ])) {
    const { client, got, told, made } = makeClient();
    client.send({ type: 'pause' });
    end(made());
    client.send({ type: 'stop' });
    made().onmessage({ data: { type: 'ready' } });
    assert.deepEqual(told, ['failed'], 'nothing is built on what it still says');
    assert.deepEqual(got, [], 'nothing waited');
  }
});
