/**
 * The page's store, www/client.js and www/worker.js, joined by two queues, with a crate of a few lines behind them.
 *
 * A tape of numbers decides everything: which button is pressed, which queue moves, what the crate says and
 * whether it fails. It is a helper of machine.test.mjs and draws no page.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from '../../www/client.js';
import { isOccupied } from '../../www/phases.js';
import { goesOn, initialState, isSettled, problemsOf, reduce } from '../../www/store.js';
import { pressable } from '../../www/views/controls.js';

const SOURCE = readFileSync(new URL('../../www/worker.js', import.meta.url), 'utf8')
  .replaceAll(/await import\('\.\/convburn_\w+\.js'\)/g, 'crate')
  .replace("import { offerHelpers } from './pool.js';", 'const offerHelpers = () => {};')
  .replaceAll(/new URL\(script, import\.meta\.url\)\.href/g, "''")
  .replace('export {};', '');
const AsyncFunction = /** @type {any} */ ((async () => undefined).constructor);
/** The worker's script as a function, so that each test has a worker of its own. */
const runWorker = new AsyncFunction('self', 'crate', 'MessageChannel', SOURCE);

/** Node's own ports would keep the process alive. */
class Channel {
  port1 = { onmessage: () => undefined };
  port2 = { postMessage: () => setImmediate(() => this.port1.onmessage()) };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));
const refusal = (/** @type {string} */ code) => Object.assign(new Error(`It says ${code}.`), { code, hint: 'Mend it.' });

/**
 * A crate that keeps to the border's rules and knows nothing of learning. A call takes a while, in which others come.
 * @param {any} loaded @param {any} fixture @param {() => number} next The tape's next number; 0 is the calm answer.
 */
function makeCrate(loaded, fixture, next) {
  const event = (/** @type {string} */ type) => fixture.events.find((/** @type {any} */ each) => each.type === type);
  const run = { isThere: false, pause: false, stop: false, isClosed: false };
  /** @param {string[]} codes */
  async function call(...codes) {
    if (run.isClosed) await new Promise(() => undefined); // A run of a test that is over would turn for ever.
    for (let waits = next() % 3; waits > 0; waits -= 1) await tick();
    const choice = next() % 12;
    if (choice === 11 && next() % 8 === 7) throw new WebAssembly.RuntimeError('unreachable');
    if (choice === 10 && codes.length > 0) throw refusal(codes[next() % codes.length]);
  }
  return {
    run,
    default: async () => undefined,
    backends: async () => fixture.backends,
    warm_up: async () => undefined,
    needs_other_module: async () => false,
    async load(/** @type {any} */ config) {
      await call('invalid_config', 'backend_unavailable');
      Object.assign(run, { isThere: false, pause: false, stop: false });
      return { ...loaded, config };
    },
    async advance() {
      run.isThere = true;
      try {
        await call('diverged', 'compute', 'self_check', 'checkpoint');
      } catch (thrown) {
        run.isThere = false;
        throw thrown;
      }
      if (run.stop) {
        Object.assign(run, { isThere: false, pause: false, stop: false });
        return [event('stopped')];
      }
      if (run.pause) {
        run.pause = false;
        return [event('paused')];
      }
      const choice = next() % 8;
      if (choice === 7) run.isThere = false;
      return choice === 7 ? [event('epoch_end'), event('done')] : [[], [event('progress')], [event('compiling')], [event('epoch_end')]][choice % 4];
    },
    pause: () => (run.pause = true),
    stop: () => (run.stop = true),
    async evaluate() {
      await call('compute', 'data_missing');
      return fixture.evaluation;
    },
    async reset() {
      await call('compute');
      Object.assign(run, { isThere: false, pause: false, stop: false });
      return loaded;
    },
    async restore(/** @type {Uint8Array} */ bytes) {
      await call('checkpoint', 'invalid_config');
      Object.assign(run, { isThere: bytes[0] === 1, pause: false, stop: false });
      return { kind: bytes[0] === 2 ? 'weights' : 'run', loaded, history: [], position: bytes[0] === 1 ? { epoch: 1, step: 2 } : null, remarks: [] };
    },
    save: async () => new Uint8Array(3),
  };
}

/**
 * A page whose engine and data are there.
 * @param {any} loaded @param {any} fixture @param {number[]} tape
 */
export async function openPage(loaded, fixture, tape) {
  let at = 0;
  const next = () => tape[(at += 1) - 1] ?? 0;
  /** @type {any[]} */
  const toPage = [];
  /** @type {any[]} */
  const toWorker = [];
  /** @type {(event: { data: any }) => void} */
  let listen = () => undefined;
  let state = initialState();
  /** What the page hears of the worker. @type {(message: any) => void} */
  let hear = () => undefined;
  /** What happened, to be read when a test fails. @type {string[]} */
  const log = [];

  /** What the client takes for the browser's. */
  class Worker {
    onmessage = (/** @type {{ data: any }} */ _event) => undefined;
    /** @param {URL} _script @param {WorkerOptions} options */
    constructor(_script, options) {
      assert.deepEqual([options.type, options.name], ['module', 'convburn full']);
      hear = (data) => this.onmessage({ data });
    }

    /** @param {any} command */
    postMessage = (command) => void toWorker.push(command);
    terminate = () => undefined;
  }
  const self = {
    name: 'convburn full',
    postMessage: (/** @type {any} */ message) => void toPage.push(message),
    addEventListener: (/** @type {string} */ _type, /** @type {typeof listen} */ listener) => (listen = listener),
  };
  const crate = makeCrate(loaded, fixture, next);
  const dispatch = (/** @type {any} */ message) => {
    state = reduce(state, message, at);
    log.push(`${message.type}${message.command ? ` of ${message.command}, ${message.error.code}` : ''} → ${state.phase}`);
  };
  /** @type {any} */ (globalThis).Worker = Worker;
  const client = connect(dispatch, 'webgpu');
  const send = (/** @type {any} */ command) => {
    log.push(`pressed: ${command.type}`);
    client.send(command);
  };

  dispatch({ type: 'configured', config: loaded.config, autostart: false });
  dispatch({ type: 'source_chosen', source: 'server', turn: 1, promised: { train: 50_000, test: 10_000 } });
  await runWorker(self, crate, Channel);
  send({ type: 'load', turn: 1, config: state.config, manifest: null });

  /** What main.js does. */
  function start() {
    if (state.starting || !isSettled(state) || Object.keys(problemsOf(state)).length > 0) return;
    if (goesOn(state)) return send({ type: 'resume' });
    dispatch({ type: 'start_sent' });
    send({ type: 'start', config: state.config });
  }

  /** @type {Record<string, () => void>} */
  const BUTTONS = {
    start,
    pause: () => send({ type: state.phase === 'paused' ? 'resume' : 'pause' }),
    stop: () => send({ type: 'stop' }),
    reset: () => send({ type: 'reset' }),
    evaluate: () => send({ type: 'evaluate' }),
    open: () => send({ type: 'restore', bytes: Uint8Array.of(next() % 3, 0, 0) }),
    settings: () => dispatch({ type: 'field_edited', field: 'seed', text: String(next()) }),
  };

  /** Names of what may be pressed now. @returns {string[]} */
  function open() {
    const names = Object.entries(pressable(state)).filter(([, may]) => may).map(([name]) => name);
    return isOccupied(state) ? names : [...names, ...(state.loaded ? ['open'] : []), 'settings'];
  }

  /** One thing happens. @param {number} choice */
  async function move(choice) {
    if (choice % 3 === 0 && toPage.length > 0) hear(toPage.shift());
    else if (choice % 3 === 1 && toWorker.length > 0) listen({ data: toWorker.shift() });
    else if (choice % 3 === 2) {
      const names = open();
      if (names.length > 0) BUTTONS[names[next() % names.length]]();
    }
    await tick();
  }

  /** Everything that is under way arrives; from now on nothing fails. */
  async function calm() {
    at = tape.length;
    for (let quiet = 0; quiet < 12; quiet += 1) {
      while (toWorker.length > 0) listen({ data: toWorker.shift() });
      await tick();
      while (toPage.length > 0) hear(toPage.shift());
    }
  }

  const recorded = tape;
  tape = [];
  await calm(); // The engine loads.
  tape = recorded;
  at = 0;
  return {
    log,
    state: () => state,
    async play() {
      while (at < tape.length) await move(next());
    },
    calm,
    /** @param {string} name */
    async press(name) {
      assert.ok(open().includes(name), `${name} may be pressed`);
      BUTTONS[name]();
      await calm();
    },
    close: () => (crate.run.isClosed = true),
    /** The page shows what the engine does. */
    agree() {
      const { phase, starting, resumable } = state;
      const shown = `${phase}, and the engine ${crate.run.isThere ? 'has a run' : 'has none'}`;
      assert.ok(!starting && phase !== 'evaluating' && phase !== 'loading', `everything is answered: ${shown}`);
      if (phase === 'error') return;
      assert.equal(crate.run.isThere, ['compiling', 'training', 'paused'].includes(phase) || resumable !== null, shown);
    },
  };
}
