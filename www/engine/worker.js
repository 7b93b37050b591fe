/**
 * The dedicated module worker: the only file that imports a wasm module. It turns commands
 * into calls of the crate and answers with messages.
 *
 * There are two modules of one crate. The small one trains on the processor; a worker that holds it
 * hands back (`other_module`) what asks for a backend that only the full one has, before anything
 * has changed. The crate says when that is.
 *
 * Training is pulled: `advance` does about 100 ms of steps and comes back, then the worker yields
 * once, so that a pause, a stop or a prediction is served between two pulls. Calls of the crate
 * never overlap: each waits for the one before (`exclusively`), so its `busy` guard stays idle.
 *
 * It knows nothing of the page, holds no pixels and decides nothing about learning.
 *
 * @import { BackendStatus, Changes, Command, Config, Event, Manifest, Message, ErrorReport, Resend } from '../protocol/protocol.js'
 */
import { watchGpu } from './gpu-watch.js';
import { offerHelpers } from './pool.js';

/** Which module this worker is for: the small one, for the processor alone, or the one with every backend. */
const isFull = self.name === 'convburn full';
/** @type {typeof import('../convburn_cpu.js')} The module's exports, once it is fetched. */
let convburn;

/** Milliseconds of training between two looks at the messages; a pause waits that long at most. */
const ADVANCE_BUDGET_MS = 100;
/** Milliseconds of training after which the page is given the run to keep, beside each epoch's end. */
const CHECKPOINT_EVERY_MS = 30_000;
/** Milliseconds between two epochs' ends that it is given; the best so far is always given. */
const EPOCHS_CHECKPOINT_EVERY_MS = 1_000;
/** Milliseconds in which a graphics card's own word about its end is waited for. */
const GPU_WORD_MS = 300;
/** Codes with which the crate refuses to go on with a run that waits, and keeps it: its images are not there. */
const RUN_WAITS = ['checkpoint', 'data_missing'];
/** Milliseconds between two signs of life. */
const HEARTBEAT_MS = 5_000;

/** @type {Manifest | null} The manifest of the data held: a new run loads with the same one. */
let manifest = null;
/** The turn of the page's data that the session was loaded for: its shards, and no others, are taken. */
let turnHeld = 0;
/** The batch that the graphics card is ready for: its kernels depend on it. */
let warmBatch = 0;
/** Whether a run is under way, paused or not. */
let inRun = false;
/** Whether a run that was stopped or restored waits in the crate to go on. */
let waiting = false;
/** @type {{ bytes: Uint8Array<ArrayBuffer>, network: Config['network'] } | null} A file of weights that the next Start begins from, if it is of their network. */
let weights = null;
/** Whether a Start is being prepared: the new session is not there yet, so nothing else may begin. */
let starting = false;
/** Whether the loop that pulls it is turning. */
let turning = false;
/** How often it has turned: an engine that lives and does not get on is no better than one that died. */
let pulls = 0;
/** When the page was last given the run, or it began. */
let checkpointMs = 0;
/** The run's best accuracy on the test images since it began or was opened. */
let bestAccuracy = -1;
/** Whether the run was told to stop and has not yet said that it did. */
let stopping = false;

/** @param {Message} message @param {Transferable[]} [transfer] */
function post(message, transfer = []) {
  // The page's `postMessage` has another second parameter, and `tsc` sees the page's.
  self.postMessage(message, { transfer });
}

/** @param {any} thrown @returns {ErrorReport} */
function report(thrown) {
  const code = typeof thrown?.code === 'string' ? thrown.code : 'engine_failed';
  const message = String(thrown?.message ?? thrown);
  const hint = typeof thrown?.hint === 'string' ? thrown.hint : 'Reload the page to start the engine afresh.';
  return { code, message, hint };
}

/** A panic in the crate surfaces as a `RuntimeError` and leaves the module unusable. @param {unknown} thrown */
function isFatal(thrown) {
  return thrown instanceof WebAssembly.RuntimeError;
}

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Runs `call` after every call before it has come back.
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<T>}
 */
function exclusively(call) {
  const mine = last.then(call);
  last = mine.catch(() => undefined);
  return mine;
}

const channel = new MessageChannel();

/** Lets waiting messages in; unlike a timer, a message between ports is not throttled. @returns {Promise<void>} */
function yieldOnce() {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}

/**
 * Says which backends can run here. It is not one of the calls that wait for each other: a browser
 * that takes its time to look for a graphics card holds nothing up. Nothing depends on the answer.
 */
async function tellBackends() {
  try {
    const backends = await convburn.backends();
    post({ type: 'backends', backends: backends.map((/** @type {BackendStatus} */ each) => ({ ...each, available: each.available || each.in_other_module })) });
  } catch {
    // The choice stays as it is: what cannot run says so when it is loaded.
  }
}

/**
 * While data is fetched, a graphics card compiles what it will need. What goes wrong there goes wrong in the
 * run's own first step too, and is told then.
 * @param {import('../protocol/protocol.js').Loaded} loaded
 */
function warmUp({ backend, config }) {
  if (backend.active !== 'webgpu' || config.batch === warmBatch) return;
  warmBatch = config.batch;
  exclusively(() => convburn.warm_up()).catch(() => undefined);
}

/** Passes on what a pull brought. @param {Event} event */
function relay(event) {
  post(event);
  if (event.type === 'backend') void tellBackends(); // It may be there because another one was refused.
  if (event.type === 'stopped' || event.type === 'done') {
    inRun = false;
    waiting = event.type === 'stopped';
    stopping = false;
    turning = false;
  }
  // A stop that came while the crate was pausing waits for one more pull.
  if (event.type === 'paused') turning = stopping;
}

/** Whether these events end an epoch that did better on the test images than every one before. @param {Event[]} events */
function isBestSoFar(events) {
  const accuracy = Math.max(...events.map((event) => (event.type === 'epoch_end' ? event.result.val_accuracy : -1)));
  const isBest = accuracy > bestAccuracy;
  if (isBest) bestAccuracy = accuracy;
  return isBest;
}

/**
 * Whether the page is to be given the run after these events. A run of short epochs ends hundreds of them in the time
 * that a few checkpoints take.
 * @param {Event[]} events
 */
function isCheckpointDue(events) {
  const has = (/** @type {Event['type'][]} */ ...types) => events.some(({ type }) => types.includes(type));
  if (isBestSoFar(events) || has('paused', 'stopped', 'done')) return true;
  const everyMs = has('epoch_end') ? EPOCHS_CHECKPOINT_EVERY_MS : CHECKPOINT_EVERY_MS;
  return !has('compiling', 'backend') && performance.now() - checkpointMs >= everyMs;
}

/** The run as a file; none where there is nothing worth one, as after a loss that is no number. */
async function makeCheckpoint() {
  const beganMs = performance.now();
  try {
    /** @type {Uint8Array<ArrayBuffer>} */
    const bytes = await exclusively(() => convburn.save());
    checkpointMs = performance.now();
    return { bytes, save_ms: checkpointMs - beganMs };
  } catch (thrown) {
    if (isFatal(thrown)) throw thrown;
    return null;
  }
}

/**
 * Pulls the run until it pauses, stops or is done. Once that is so there is no further wait: a
 * command served in between would start a second loop.
 */
async function turn() {
  if (turning) return;
  turning = true;
  checkpointMs = performance.now();
  try {
    for (;;) {
      const events = await exclusively(() => convburn.advance(ADVANCE_BUDGET_MS));
      pulls += 1;
      waiting = false;
      const checkpoint = isCheckpointDue(events) ? await makeCheckpoint() : null; // Before what it brought is told: see below.
      for (const event of events) relay(event);
      if (checkpoint) post({ type: 'checkpoint', ...checkpoint }, [checkpoint.bytes.buffer]);
      if (!turning) return;
      if (stopping) convburn.stop(); // Asking twice does no harm, and the pause may have taken it.
      await yieldOnce();
    }
  } catch (thrown) {
    // A graphics card that was lost says so itself, and better, but a little later.
    if (['compute', 'self_check'].includes(report(thrown).code)) await new Promise((resolve) => { self.setTimeout(resolve, GPU_WORD_MS); });
    inRun = false;
    stopping = false;
    waiting &&= RUN_WAITS.includes(report(thrown).code);
    answerError(thrown, 'advance');
  } finally {
    turning = false;
  }
}

/** @param {unknown} thrown @param {Command['type'] | 'advance'} command @param {string} [id] */
function answerError(thrown, command, id) {
  const error = report(thrown);
  post(isFatal(thrown) ? { type: 'failed', error } : { type: 'error', error, command, id });
  if (error.code === 'self_check') void tellBackends(); // The crate remembers the refusal.
}

/** Says that the engine is alive, and whether it gets on. */
self.setInterval(() => post({ type: 'heartbeat', pulls, turning }), HEARTBEAT_MS);

watchGpu((problem) => post({
  type: 'failed',
  error: { code: 'gpu_lost', message: `Training on the graphics card ended: ${problem}.`, hint: 'Reload the page; choose the backend “flex” if it happens again.' },
}));

/** The weights that were opened, if a run of this configuration begins from them. @param {Config} config */
const weightsFor = ({ network }) => (weights && JSON.stringify(weights.network) === JSON.stringify(network) ? weights.bytes : null);

/** Gives the weights that were opened to the run that begins; the next one begins anew. @param {Config} config */
async function takeWeights(config) {
  const bytes = weightsFor(config);
  weights = null;
  if (bytes) await exclusively(() => convburn.restore(bytes, null));
}

/** @returns {ErrorReport} */
function alreadyRunning() {
  return {
    code: 'busy',
    message: 'A run is under way.',
    hint: 'Stop it first, then try again.',
  };
}

/** The load that was to come before a shard failed, and the session of other data stays. @returns {ErrorReport} */
function notLoaded() {
  return {
    code: 'not_loaded',
    message: 'These images came, but the engine was not loaded for them.',
    hint: 'Choose other settings: then they are sent again.',
  };
}

/**
 * Whether the small module lacks what this configuration asks for. What is wrong with a configuration
 * is said by the call that follows.
 * @param {Config | null} config @param {Changes | null} [changes] What of it is to be otherwise.
 */
async function isForOther(config, changes = null) {
  return !isFull && config !== null && convburn.needs_other_module({ ...config, ...changes }).catch(() => false);
}

/** @param {Partial<Resend>} resend */
function handBack({ bytes = null, changes = null, start = false }) {
  post({ type: 'other_module', resend: { bytes, changes, start } }, bytes ? [bytes.buffer] : []);
}

/**
 * A list of no files. The crate keeps the data of a load with the same list, and "none" is the same as "none": between
 * two sets of the visitor's files this one lets the former go.
 * @type {Manifest}
 */
const NO_FILES = { format_version: 1, class_names: Array.from({ length: 10 }, () => ''), shards: [] };

/** Loads the crate; data of another turn is not kept. @param {Extract<Command, { type: 'load' }>} command */
async function loadAnew({ turn: turnWanted, config, manifest: wanted }) {
  const isOtherFiles = wanted === null && manifest === null && turnHeld !== 0 && turnHeld !== turnWanted;
  if (isOtherFiles) await convburn.load(config, NO_FILES);
  return convburn.load(config, wanted);
}

/** One function a command; each answers with its message or throws. */
const handlers = {
  /** @param {Extract<Command, { type: 'load' }>} command */
  async load(command) {
    if (inRun) throw alreadyRunning();
    const loaded = await exclusively(async () => (
      await isForOther(command.config) ? null : loadAnew(command)));
    if (!loaded) return handBack({});
    manifest = command.manifest;
    turnHeld = command.turn;
    waiting = false;
    weights = null;
    post({ type: 'loaded', loaded });
    warmUp(loaded);
  },

  /** A file is opened without a session, so it waits for no other call. @param {Extract<Command, { type: 'open_file' }>} command */
  async open_file(command) {
    /** @type {import('../protocol/protocol.js').OpenedFile} */
    const opened = await convburn.open_file(command.name, command.bytes);
    post({ type: 'opened', id: command.id, opened }, opened.files.map(({ bytes }) => bytes.buffer));
  },

  /** @param {Extract<Command, { type: 'add_shard' }>} command */
  async add_shard(command) {
    const added = await exclusively(async () => {
      if (!command.id.startsWith(`${turnHeld}/`)) throw notLoaded();
      return convburn.add_shard(command.split, command.bytes, command.name);
    });
    post({ type: 'shard_added', id: command.id, added, bytes: command.bytes }, [command.bytes.buffer]); // To be kept: it was accepted.
  },

  /** @param {Extract<Command, { type: 'show' }>} command Records of those that a run trains on, or measures on. */
  async show({ id, set, first, count }) {
    /** @type {Uint8Array<ArrayBuffer>} */
    const records = await exclusively(() => convburn.records(set, first, count));
    post({ type: 'shown', id, set, first, records }, [records.buffer]);
  },

  /** @param {Extract<Command, { type: 'summarize' }>} command */
  async summarize({ network }) {
    /** @type {import('../protocol/protocol.js').Summary} */
    const summary = await exclusively(() => convburn.summary_of({ network }));
    post({ type: 'summarized', network, summary });
  },

  /** @param {Extract<Command, { type: 'start' }>} command */
  async start(command) {
    if (inRun) throw alreadyRunning();
    inRun = true;
    starting = true;
    try {
      const loaded = await exclusively(async () => (
        await isForOther(command.config) ? null : convburn.load(command.config, manifest)));
      if (!loaded) {
        inRun = false;
        return handBack({ bytes: weightsFor(command.config), start: true });
      }
      waiting = false;
      await takeWeights(command.config);
      bestAccuracy = -1;
      post({ type: 'started', loaded });
    } catch (thrown) {
      inRun = false;
      throw thrown;
    } finally {
      starting = false;
    }
    void turn();
  },

  async pause() {
    if (turning) convburn.pause();
  },

  async resume() {
    const mayGoOn = () => (inRun || waiting) && !turning && !starting;
    // One that was opened may wait for other records: it waits on then, and nothing is lost.
    if (mayGoOn() && waiting) await exclusively(() => convburn.check_restored());
    if (!mayGoOn()) return;
    inRun = true;
    post({ type: 'resumed' });
    void turn();
  },

  /** @param {Extract<Command, { type: 'extend' }>} command */
  async extend(command) {
    if (starting) throw alreadyRunning();
    const goesOn = !inRun;
    inRun = true;
    starting = goesOn;
    try {
      post({ type: 'extended', loaded: await exclusively(() => convburn.extend(command.epochs)) });
    } catch (thrown) {
      if (goesOn) inRun = false;
      throw thrown;
    } finally {
      if (goesOn) starting = false;
    }
    if (!goesOn) return;
    waiting = true;
    post({ type: 'resumed' });
    void turn();
  },

  async stop() {
    if (!inRun || starting) return;
    stopping = true;
    convburn.stop();
    void turn(); // A paused run is not turning: one more pull brings its `stopped`.
  },

  async reset() {
    if (turning || starting) throw alreadyRunning();
    const wasPaused = inRun;
    inRun = false; // At once: a run that is being taken away may not be resumed.
    try {
      const loaded = await exclusively(() => convburn.reset());
      waiting = false;
      weights = null;
      post({ type: 'was_reset', loaded });
    } catch (thrown) {
      inRun ||= wasPaused;
      throw thrown;
    }
  },

  async save() {
    const bytes = await exclusively(() => convburn.save());
    post({ type: 'saved', bytes }, [bytes.buffer]);
  },

  /** @param {Extract<Command, { type: 'restore' }>} command */
  async restore(command) {
    if (inRun || starting) throw alreadyRunning();
    const restored = await exclusively(async () => (
      !isFull && await isForOther(await convburn.config_of(command.bytes), command.changes) ? null : convburn.restore(command.bytes, command.changes)));
    if (!restored) return handBack({ bytes: command.bytes, changes: command.changes });
    waiting = !turning && Boolean(restored.position); // A run that was opened before it may have gone on meanwhile.
    weights = restored.kind === 'weights' ? { bytes: command.bytes, network: restored.loaded.config.network } : null;
    bestAccuracy = -1;
    post({ type: 'restored', restored });
  },

  async evaluate() {
    if (turning || starting) throw alreadyRunning();
    post({ type: 'evaluating' });
    const evaluation = await exclusively(() => convburn.evaluate());
    post({ type: 'evaluation', evaluation });
  },

  /** @param {Extract<Command, { type: 'predict' }>} command */
  async predict(command) {
    const probabilities = await exclusively(() => convburn.predict(command.pixels));
    post({ type: 'prediction', id: command.id, probabilities });
  },
};

/** @param {Command} command */
async function serve(command) {
  const handler = /** @type {(command: Command) => Promise<void>} */ (handlers[command.type]);
  try {
    await handler(command);
  } catch (thrown) {
    answerError(thrown, command.type, 'id' in command ? String(command.id) : undefined);
  }
}

self.addEventListener('message', (event) => void serve(event.data));

try {
  convburn = isFull ? await import('../convburn_full.js') : await import('../convburn_cpu.js');
  await convburn.default();
  const script = isFull ? '../convburn_full.js' : '../convburn_cpu.js';
  offerHelpers(convburn, new URL(script, import.meta.url).href);
  post({ type: 'ready' });
  void tellBackends();
} catch (thrown) {
  const error = report(thrown);
  post({ type: 'failed', error: { ...error, message: `The training engine could not be loaded: ${error.message}` } });
}

// Without an import or an export the type checker takes this for no module.
export {};
