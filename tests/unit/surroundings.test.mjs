/** What keeps the engine from running, what is merely missing, and how the worker's handle says so. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { connect } from '../../www/client.js';
import { whyNoEngine, withheld } from '../../www/surroundings.js';

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

test('what is sent before the worker is ready waits for it', () => {
  /** @type {any[]} */
  const got = [];
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
  const client = connect(() => undefined);
  client.send({ type: 'pause' });
  assert.deepEqual(got, []);
  made.onmessage({ data: { type: 'ready' } });
  client.send({ type: 'stop' });
  assert.deepEqual(got, ['pause', 'stop']);
});
