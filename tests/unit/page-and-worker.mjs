/**
 * The page's store, www/engine/client.js, www/engine/recovery.js and www/engine/worker.js, joined by queues, with a crate of a few lines
 * behind them.
 *
 * A tape of numbers decides everything: which button is pressed, which queue moves, what the crate says and
 * whether it fails. It is a helper of machine.test.mjs and draws no page.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from '../../www/engine/client.js';
import { isOccupied } from '../../www/state/phases.js';
import { createRecovery } from '../../www/engine/recovery.js';
import { goesOn, isExtended, moreEpochs } from '../../www/state/run-reducer.js';
import { initialState, isSettled, problemsOf, reduce } from '../../www/state/store.js';
import { pressable } from '../../www/views/controls.js';

const SOURCE = readFileSync(new URL('../../www/engine/worker.js', import.meta.url), 'utf8')
  .replaceAll(/await import\('\.\.\/convburn_\w+\.js'\)/g, 'crate')
  .replace("import { offerHelpers } from './pool.js';", 'const offerHelpers = () => {};')
  .replace("import { watchGpu } from './gpu-watch.js';", 'const watchGpu = () => {};')
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
  const run = { isThere: false, rests: false, isTrained: false, pause: false, stop: false, isClosed: false };
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
    config_of: async () => loaded.config,
    async load(/** @type {any} */ config) {
      await call('invalid_config', 'backend_unavailable');
      Object.assign(run, { isThere: false, rests: false, isTrained: false, pause: false, stop: false });
      return { ...loaded, config };
    },
    async advance() {
      const rested = run.rests;
      try {
        await call(...(rested ? ['checkpoint'] : ['diverged', 'compute', 'self_check']));
      } catch (thrown) {
        run.isThere &&= /** @type {any} */ (thrown).code === 'checkpoint'; // It waits for its images.
        throw thrown;
      }
      if (rested) Object.assign(run, { pause: false, stop: false });
      Object.assign(run, { isThere: true, rests: false });
      if (run.stop) {
        Object.assign(run, { rests: true, pause: false, stop: false });
        return [event('stopped')];
      }
      if (run.pause) {
        run.pause = false;
        return [event('paused')];
      }
      const choice = next() % 8;
      if (choice % 4 === 3) run.isTrained = true;
      if (choice === 7) run.isThere = false;
      return choice === 7 ? [event('epoch_end'), event('done')] : [[], [event('progress')], [event('compiling')], [event('epoch_end')]][choice % 4];
    },
    check_restored: () => call('checkpoint', 'data_missing'),
    async extend(/** @type {number} */ epochs) {
      await call('invalid_config');
      if (!run.isThere && run.isTrained) Object.assign(run, { isThere: true, rests: true });
      return { ...loaded, config: { ...loaded.config, epochs } };
    },
    pause: () => (run.pause = true),
    stop: () => (run.stop = true),
    async evaluate() {
      await call('compute', 'data_missing');
      return fixture.evaluation;
    },
    async reset() {
      await call('compute');
      Object.assign(run, { isThere: false, rests: false, isTrained: false, pause: false, stop: false });
      return loaded;
    },
    async restore(/** @type {Uint8Array} */ bytes) {
      await call('checkpoint', 'invalid_config');
      Object.assign(run, { isThere: bytes[0] === 1, rests: bytes[0] === 1, isTrained: bytes[0] !== 2, pause: false, stop: false });
      const { history, trace } = fixture.restored;
      return { kind: bytes[0] === 2 ? 'weights' : 'run', loaded, history: bytes[0] === 2 ? [] : history, position: bytes[0] === 1 ? { epoch: 2, step: 2 } : null, trace, remarks: [], sources: [] };
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
  let state = initialState();
  /** What happened, to be read when a test fails. @type {string[]} */
  const log = [];

  /** What the client takes for the browser's: each has a crate of its own, and its messages wait. */
  class Worker {
    onmessage = (/** @type {{ data: any }} */ _event) => undefined;
    /** @type {any[]} */
    toPage = [];
    /** @type {any[]} */
    toWorker = [];
    listen = (/** @type {{ data: any }} */ _event) => undefined;
    crate = makeCrate(loaded, fixture, next);
    /** @param {URL} _script @param {WorkerOptions} options */
    constructor(_script, { type, name }) {
      assert.equal(type, 'module');
      const self = {
        name,
        postMessage: (/** @type {any} */ message) => void this.toPage.push(message),
        addEventListener: (/** @type {string} */ _type, /** @type {any} */ listener) => (this.listen = listener),
        setInterval: () => undefined, // Signs of life are recovery.js's own tests'.
        setTimeout: (/** @type {() => void} */ call) => setImmediate(call),
      };
      worker = this;
      void runWorker(self, this.crate, Channel);
    }

    /** @param {any} command */
    postMessage = (command) => void this.toWorker.push(command);
    terminate() {
      this.crate.run.isClosed = true;
      this.toPage.length = this.toWorker.length = 0;
    }
  }
  /** @type {any} The one that is there now. */
  let worker = null;
  /** @type {any} */ (globalThis).Worker = Worker;

  const dispatch = (/** @type {any} */ message) => {
    state = reduce(state, message, at);
    log.push(`${message.type}${message.command ? ` of ${message.command}, ${message.error.code}` : ''} → ${state.phase}`);
    react();
  };
  /** @type {Uint8Array<ArrayBuffer> | null} The last checkpoint. */
  let latest = null;
  const client = connect((message) => {
    if (message.type === 'checkpoint') latest = Uint8Array.of(1, 0, 0);
    recovery.hear(message);
  }, 'webgpu');
  const send = (/** @type {any} */ command) => {
    log.push(`sent: ${command.type}`);
    client.send(command);
  };
  /** What loader.js does, without shards: they come with the load here. @param {any} resend */
  async function sendAgain({ bytes, changes }) {
    send({ type: 'load', turn: 1, config: state.config, manifest: null });
    if (bytes) send({ type: 'restore', bytes, changes });
  }
  const recovery = createRecovery({ get: () => state, dispatch }, { restart: client.restart, sendAgain, latest: () => latest }, () => at);

  /** What main.js does with each change. */
  function react() {
    if (state.resumes && state.resumable && isSettled(state)) send({ type: 'resume' });
    else if (state.startWaits) start();
  }

  dispatch({ type: 'configured', config: loaded.config, autostart: false });
  dispatch({ type: 'source_chosen', source: 'server', turn: 1, promised: { train: 50_000, test: 10_000 } });
  send({ type: 'load', turn: 1, config: state.config, manifest: null });

  /** What main.js does. */
  function start(anew = false) {
    if (state.starting || !isSettled(state) || (state.phase !== 'ready' && state.phase !== 'done')) return;
    if (Object.keys(problemsOf(state)).length > 0) return;
    const goes = goesOn(state) && !anew;
    if (goes && !isExtended(state)) return send({ type: 'resume' });
    dispatch({ type: 'start_sent', extends: goes });
    send(goes ? { type: 'extend', epochs: state.config.epochs } : { type: 'start', config: state.config });
  }

  /** @type {Record<string, () => void>} */
  const BUTTONS = {
    start: () => start(),
    anew: () => start(true),
    more() {
      dispatch({ type: 'field_edited', field: 'epochs', text: String(moreEpochs(state)?.usual) });
      start();
    },
    pause: () => send({ type: state.phase === 'paused' ? 'resume' : 'pause' }),
    stop: () => (state.phase === 'recovering' ? dispatch({ type: 'recovery_left' }) : send({ type: 'stop' })),
    reset: () => send({ type: 'reset' }),
    evaluate: () => send({ type: 'evaluate' }),
    open: () => send({ type: 'restore', bytes: Uint8Array.of(next() % 3, 0, 0) }),
    settings: () => dispatch({ type: 'field_edited', field: 'seed', text: String(next()) }),
  };

  /** Names of what may be pressed now. @returns {string[]} */
  function open() {
    const names = Object.entries(pressable(state)).filter(([, may]) => may).map(([name]) => name);
    return isOccupied(state) ? names : [...names, ...(state.loaded ? ['open'] : []), ...(moreEpochs(state) ? ['more'] : []), 'settings'];
  }

  /** One thing happens. @param {number} choice */
  async function move(choice) {
    if (choice % 3 === 0 && worker.toPage.length > 0) worker.onmessage({ data: worker.toPage.shift() });
    else if (choice % 3 === 1 && worker.toWorker.length > 0) worker.listen({ data: worker.toWorker.shift() });
    else if (choice % 3 === 2) {
      const names = open();
      if (names.length > 0) BUTTONS[names[next() % names.length]]();
    }
    await tick();
  }

  /** Everything that is under way arrives; from now on nothing fails. */
  async function calm() {
    at = tape.length;
    for (let quiet = 0; quiet < 24; quiet += 1) {
      while (worker.toWorker.length > 0) worker.listen({ data: worker.toWorker.shift() });
      await tick();
      while (worker.toPage.length > 0) worker.onmessage({ data: worker.toPage.shift() });
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
    close: () => (worker.crate.run.isClosed = true),
    /** The page shows what the engine does. */
    agree() {
      const { phase, starting, resumable } = state;
      const { run } = worker.crate;
      const shown = `${phase}, and the engine ${run.isThere ? 'has a run' : 'has none'}`;
      assert.ok(!starting && !['evaluating', 'loading', 'recovering'].includes(phase), `everything is answered: ${shown}`);
      if (phase === 'error') return;
      assert.equal(run.isThere, ['compiling', 'training', 'paused'].includes(phase) || resumable !== null, shown);
    },
  };
}
