/**
 * The page's store, www/engine/client.js, www/engine/recovery.js and www/engine/commands.js, joined by queues, with a crate of a few lines
 * behind them, which drives a run as src/driver.rs does (tests/native/driver.rs holds that to the same rules).
 *
 * A tape of numbers decides everything: which button is pressed, which queue moves, what the crate says and
 * whether it fails. It is a helper of machine.test.mjs and draws no page.
 */
import assert from 'node:assert/strict';
import { connect } from '../../www/engine/client.js';
import { createCommands } from '../../www/engine/commands.js';
import { isOccupied } from '../../www/state/phases.js';
import { createRecovery } from '../../www/engine/recovery.js';
import { goesOn, isExtended, moreEpochs } from '../../www/state/run-reducer.js';
import { initialState, isSettled, problemsOf, reduce } from '../../www/state/store.js';
import { pressable } from '../../www/views/controls.js';

/** @returns {Promise<void>} */
const tick = () => new Promise((resolve) => { setImmediate(resolve); });
const refusal = (/** @type {string} */ code) => Object.assign(new Error(`It says ${code}.`), { code, hint: 'Mend it.' });

/**
 * A crate that keeps to the border's rules and knows nothing of learning. A call takes a while, in which others come.
 * @param {any} loaded @param {any} fixture @param {() => number} next The tape's next number; 0 is the calm answer.
 */
function makeCrate(loaded, fixture, next) {
  const event = (/** @type {string} */ type) => fixture.events.find((/** @type {any} */ each) => each.type === type);
  /** `state` is the driver's. @type {{ state: 'idle' | 'running' | 'paused' | 'waiting', isTrained: boolean, pause: boolean, stop: boolean, resumed: boolean, waited: boolean, isClosed: boolean }} */
  const run = { state: 'idle', isTrained: false, pause: false, stop: false, resumed: false, waited: false, isClosed: false };
  const go = (/** @type {Partial<typeof run>} */ more) => Object.assign(run, { state: 'running', pause: false, stop: false, ...more });
  /** @param {string[]} codes */
  async function call(...codes) {
    if (run.isClosed) await new Promise(() => undefined); // A run of a test that is over would turn for ever.
    for (let waits = next() % 3; waits > 0; waits -= 1) await tick();
    const choice = next() % 12;
    if (choice === 11 && next() % 8 === 7) throw new WebAssembly.RuntimeError('unreachable');
    if (choice === 10 && codes.length > 0) throw refusal(codes[next() % codes.length]);
  }
  /** @param {string[]} states */
  const refuseIn = (...states) => {
    if (states.includes(run.state)) throw refusal('busy');
  };
  /** What a turn's slice brings. */
  function events() {
    if (run.stop) return [event('stopped')];
    if (run.pause) return [event('paused')];
    const choice = next() % 8;
    if (choice % 4 === 3) run.isTrained = true;
    return choice === 7 ? [event('epoch_end'), event('done')] : [[], [event('progress')], [event('compiling')], [event('epoch_end')]][choice % 4];
  }
  return {
    run,
    backends: async () => fixture.backends,
    warm_up: async () => undefined,
    needs_other_module: async () => false,
    weights_for: () => null,
    config_of: async () => loaded.config,
    async load(/** @type {any} */ config) {
      refuseIn('running', 'paused');
      await call('invalid_config', 'backend_unavailable');
      Object.assign(run, { state: 'idle', isTrained: false });
      return { ...loaded, config };
    },
    async start(/** @type {any} */ config) {
      refuseIn('running', 'paused');
      await call('invalid_config', 'backend_unavailable');
      go({ isTrained: false, resumed: false, waited: false });
      return { ...loaded, config };
    },
    async turn() {
      if (run.state !== 'running') return { events: [], checkpoint: null, goes_on: false };
      if (run.resumed) {
        run.resumed = false;
        return { events: [event('resumed')], checkpoint: null, goes_on: true };
      }
      try {
        await call(...(run.waited ? ['checkpoint'] : ['diverged', 'compute', 'self_check']));
      } catch (thrown) {
        run.state = run.waited && /** @type {any} */ (thrown).code === 'checkpoint' ? 'waiting' : 'idle'; // It waits for its images.
        throw thrown;
      }
      run.waited = false;
      const brought = events();
      const has = (/** @type {string[]} */ ...types) => brought.some(({ type }) => types.includes(type));
      if (has('stopped')) run.state = 'waiting';
      if (has('done')) run.state = 'idle';
      if (has('paused')) run.state = 'paused';
      if (run.state !== 'running') Object.assign(run, { pause: false, stop: false });
      const checkpoint = has('epoch_end', 'paused', 'stopped', 'done') ? { bytes: new Uint8Array(3), save_ms: 1, is_best: false } : null;
      return { events: brought, checkpoint, goes_on: run.state === 'running' };
    },
    async resume() {
      if (run.state !== 'paused' && run.state !== 'waiting') return;
      if (run.state === 'waiting') await call('checkpoint', 'data_missing');
      go({ resumed: true, waited: run.state === 'waiting' });
    },
    async train_until(/** @type {number} */ epochs) {
      await call('invalid_config');
      if (run.state === 'waiting' || run.state === 'idle') go({ resumed: true, waited: run.isTrained });
      return { ...loaded, config: { ...loaded.config, epochs } };
    },
    pause() {
      run.pause ||= run.state === 'running';
    },
    stop() {
      if (run.state === 'running' || run.state === 'paused') Object.assign(run, { state: 'running', stop: true });
    },
    async evaluate() {
      refuseIn('running');
      await call('compute', 'data_missing');
      return fixture.evaluation;
    },
    async reset() {
      refuseIn('running');
      await call('compute');
      Object.assign(run, { state: 'idle', isTrained: false, pause: false, stop: false });
      return loaded;
    },
    async restore(/** @type {Uint8Array} */ bytes) {
      refuseIn('running', 'paused');
      await call('checkpoint', 'invalid_config');
      Object.assign(run, { state: bytes[0] === 1 ? 'waiting' : 'idle', isTrained: bytes[0] !== 2, pause: false, stop: false });
      const { history, trace, more } = fixture.restored;
      return { kind: bytes[0] === 2 ? 'weights' : 'run', loaded, history: bytes[0] === 2 ? [] : history, position: bytes[0] === 1 ? { epoch: 2, step: 2 } : null, more: bytes[0] === 2 ? null : more, trace, remarks: [], sources: [] };
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
      worker = this;
      const post = (/** @type {any} */ message) => void this.toPage.push(message);
      const commands = createCommands(/** @type {any} */ (this.crate), { isFull: name === 'convburn full', post, yieldOnce: tick, pause: tick });
      this.listen = ({ data }) => void commands.serve(data);
      post({ type: 'ready' });
      void commands.tellBackends();
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
    evaluate: () => send({ type: 'evaluate', flips: false }),
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
      const isThere = run.state !== 'idle';
      const shown = `${phase}, and the engine’s run is ${run.state}`;
      assert.ok(!starting && !['evaluating', 'loading', 'recovering'].includes(phase), `everything is answered: ${shown}`);
      if (phase === 'error') return;
      assert.equal(isThere, ['compiling', 'training', 'paused'].includes(phase) || resumable !== null, shown);
    },
  };
}
