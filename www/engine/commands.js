/**
 * The page's commands as calls of the crate, and what the crate answers as messages.
 *
 * The crate drives a run: each `turn` brings it on a little and says what happened and whether another is due, and between
 * two turns the messages that wait are let in, so that a pause, a stop or a prediction is served. Calls of the crate never
 * overlap: each waits for the one before (`exclusively`).
 *
 * It knows nothing of the page, holds no pixels and decides nothing about a run: src/driver.rs does. Which module the crate
 * comes from is worker.js's to know; here is only asked whether it lacks a backend (`isFull`).
 *
 * @import { BackendStatus, Changes, Command, Config, ErrorReport, Loaded, Manifest, Message, OpenedFile, Resend, Summary } from '../protocol/protocol.js'
 */

/** Milliseconds in which a graphics card's own word about its end is waited for. */
const GPU_WORD_MS = 300;

/** Points of a curve of learning rates: more than a chart has pixels for would be in vain. */
const RATE_POINTS = 200;

/** @param {any} thrown @returns {ErrorReport} */
export function reportOf(thrown) {
  const code = typeof thrown?.code === 'string' ? thrown.code : 'engine_failed';
  const message = String(thrown?.message ?? thrown);
  const hint = typeof thrown?.hint === 'string' ? thrown.hint : 'Reload the page to start the engine afresh.';
  return { code, message, hint };
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
 * A list of no files. The crate keeps the data of a load with the same list, and "none" is the same as "none": between
 * two sets of the visitor's files this one lets the former go.
 * @type {Manifest}
 */
const NO_FILES = { format_version: 1, class_names: Array.from({ length: 10 }, () => ''), shards: [] };

/**
 * @param {typeof import('../convburn_cpu.js')} crate The module's exports.
 * @param {object} worker
 * @param {boolean} worker.isFull Whether the module has every backend.
 * @param {(message: Message, transfer?: Transferable[]) => void} worker.post
 * @param {() => Promise<void>} worker.yieldOnce Lets the messages in that wait.
 * @param {(ms: number) => Promise<unknown>} worker.pause
 */
export function createCommands(crate, { isFull, post, yieldOnce, pause }) {
  /** The manifest of the data held. @type {Manifest | null} */
  let manifest = null;
  /** The turn of the page's data that the session was loaded for: its shards, and no others, are taken. */
  let turnHeld = 0;
  /** The batch that the graphics card is ready for: its kernels depend on it. */
  let warmBatch = 0;
  /** Whether the loop that brings the run on is turning. */
  let turning = false;
  /** How often it has turned: an engine that lives and does not get on is no better than one that died. */
  let pulls = 0;
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

  /**
   * Says which backends can run here. It is not one of the calls that wait for each other: a browser
   * that takes its time to look for a graphics card holds nothing up. Nothing depends on the answer.
   */
  async function tellBackends() {
    try {
      const backends = await crate.backends();
      post({ type: 'backends', backends: backends.map((/** @type {BackendStatus} */ each) => ({ ...each, available: each.available || each.in_other_module })) });
    } catch {
      // The choice stays as it is: what cannot run says so when it is loaded.
    }
  }

  /**
   * A panic in the crate surfaces as a `RuntimeError` and leaves the module unusable.
   * @param {unknown} thrown @param {Command['type'] | 'advance'} command @param {string} [id]
   */
  function answerError(thrown, command, id) {
    const error = reportOf(thrown);
    post(thrown instanceof WebAssembly.RuntimeError ? { type: 'failed', error } : { type: 'error', error, command, id });
    if (error.code === 'self_check') void tellBackends(); // The crate remembers the refusal.
  }

  /** Brings the run on, if there is one to bring on, until the crate says that no further turn is due. */
  async function drive() {
    if (turning) return;
    turning = true;
    try {
      for (;;) {
        const { events, checkpoint, goes_on: goesOn } = await exclusively(() => crate.turn());
        pulls += 1;
        if (!goesOn) turning = false; // Before a command that these events bring about comes to look.
        for (const event of events) {
          post(event);
          if (event.type === 'backend') void tellBackends(); // It may be there because another one was refused.
        }
        if (checkpoint) post({ type: 'checkpoint', ...checkpoint }, [checkpoint.bytes.buffer]);
        if (!goesOn) return;
        await yieldOnce();
      }
    } catch (thrown) {
      // A graphics card that was lost says so itself, and better, but a little later.
      if (['compute', 'self_check'].includes(reportOf(thrown).code)) await pause(GPU_WORD_MS);
      turning = false;
      answerError(thrown, 'advance');
    }
  }

  /**
   * While data is fetched, a graphics card compiles what it will need. What goes wrong there goes wrong in the
   * run's own first step too, and is told then.
   * @param {Loaded} loaded
   */
  function warmUp({ backend, config }) {
    if (backend.active !== 'webgpu' || config.batch === warmBatch) return;
    warmBatch = config.batch;
    exclusively(() => crate.warm_up()).catch(() => undefined);
  }

  /**
   * Whether the small module lacks what this configuration asks for. What is wrong with a configuration
   * is said by the call that follows.
   * @param {Config | null} config @param {Changes | null} [changes] What of it is to be otherwise.
   */
  async function isForOther(config, changes = null) {
    return !isFull && config !== null && crate.needs_other_module({ ...config, ...changes }).catch(() => false);
  }

  /** @param {Partial<Resend>} resend */
  function handBack({ bytes = null, changes = null, start = false }) {
    post({ type: 'other_module', resend: { bytes, changes, start } }, bytes ? [bytes.buffer] : []);
  }

  /** Loads the crate; data of another turn is not kept. @param {Extract<Command, { type: 'load' }>} command */
  async function loadAnew({ turn, config, manifest: wanted }) {
    const isOtherFiles = wanted === null && manifest === null && turnHeld !== 0 && turnHeld !== turn;
    if (isOtherFiles) await crate.load(config, NO_FILES);
    return crate.load(config, wanted);
  }

  /** One function a command; each answers with its message or throws. */
  const handlers = {
    /** @param {Extract<Command, { type: 'load' }>} command */
    async load(command) {
      const loaded = await exclusively(async () => (await isForOther(command.config) ? null : loadAnew(command)));
      if (!loaded) return handBack({});
      manifest = command.manifest;
      turnHeld = command.turn;
      post({ type: 'loaded', loaded });
      warmUp(loaded);
    },

    /** A file is opened without a session, so it waits for no other call. @param {Extract<Command, { type: 'open_file' }>} command */
    async open_file({ id, name, bytes }) {
      /** @type {OpenedFile} */
      const opened = await crate.open_file(name, bytes);
      post({ type: 'opened', id, opened }, opened.files.map((file) => file.bytes.buffer));
    },

    /** @param {Extract<Command, { type: 'add_shard' }>} command */
    async add_shard({ id, split, bytes, name }) {
      const added = await exclusively(async () => {
        if (!id.startsWith(`${turnHeld}/`)) throw notLoaded();
        return crate.add_shard(split, bytes, name);
      });
      post({ type: 'shard_added', id, added, bytes }, [bytes.buffer]); // To be kept: it was accepted.
    },

    /** @param {Extract<Command, { type: 'show' }>} command Records of those that a run trains on, or measures on. */
    async show({ id, set, first, count }) {
      /** @type {Uint8Array<ArrayBuffer>} */
      const records = await exclusively(() => crate.records(set, first, count));
      post({ type: 'shown', id, set, first, records }, [records.buffer]);
    },

    /** @param {Extract<Command, { type: 'summarize' }>} command */
    async summarize({ network }) {
      try {
        /** @type {Summary} */
        const summary = await exclusively(() => crate.summary_of({ network }));
        post({ type: 'summarized', network, summary });
      } catch (thrown) {
        const error = reportOf(thrown);
        if (error.code !== 'invalid_config') throw thrown;
        post({ type: 'network_refused', network, error });
      }
    },

    /** @param {Extract<Command, { type: 'learning_rates' }>} command */
    async learning_rates({ config }) {
      post({ type: 'learning_rates', config, rates: crate.learning_rates(config, RATE_POINTS) });
    },

    /** @param {Extract<Command, { type: 'augment' }>} command */
    async augment({ id, config, first, count, epoch }) {
      /** @type {Uint8Array<ArrayBuffer>} */
      const records = await exclusively(() => crate.augmented(config, first, count, epoch));
      post({ type: 'augmented', id, records }, [records.buffer]);
    },

    async measure_training() {
      post({ type: 'training_evaluation', evaluation: await exclusively(() => crate.evaluate('train')) });
    },

    /** @param {Extract<Command, { type: 'start' }>} command */
    async start({ config }) {
      const loaded = await exclusively(() => crate.start(config));
      if (!loaded) return handBack({ bytes: crate.weights_for(config), start: true });
      post({ type: 'started', loaded });
      void drive();
    },

    async pause() {
      crate.pause();
    },

    async resume() {
      await exclusively(() => crate.resume());
      void drive();
    },

    /** @param {Extract<Command, { type: 'extend' }>} command */
    async extend({ epochs }) {
      post({ type: 'extended', loaded: await exclusively(() => crate.train_until(epochs)) });
      void drive();
    },

    async stop() {
      crate.stop();
      void drive(); // A run that is paused says by one more turn that it has stopped.
    },

    async reset() {
      post({ type: 'was_reset', loaded: await exclusively(() => crate.reset()) });
    },

    async save() {
      const bytes = await exclusively(() => crate.save());
      post({ type: 'saved', bytes }, [bytes.buffer]);
    },

    /** @param {Extract<Command, { type: 'restore' }>} command */
    async restore({ bytes, changes }) {
      const restored = await exclusively(async () => (
        !isFull && await isForOther(await crate.config_of(bytes), changes) ? null : crate.restore(bytes, changes)));
      if (!restored) return handBack({ bytes, changes });
      post({ type: 'restored', restored });
    },

    /** @param {Extract<Command, { type: 'evaluate' }>} command */
    async evaluate({ flips }) {
      const evaluation = await exclusively(() => {
        post({ type: 'evaluating' });
        return crate.evaluate('test', flips);
      });
      post({ type: 'evaluation', evaluation });
    },

    /** @param {Extract<Command, { type: 'predict' }>} command */
    async predict({ id, pixels }) {
      post({ type: 'prediction', id, probabilities: await exclusively(() => crate.predict(pixels)) });
    },
  };

  return {
    tellBackends,
    /** A sign of life, and whether the run gets on. */
    heartbeat: () => post({ type: 'heartbeat', pulls, turning }),
    /** @param {Command} command */
    async serve(command) {
      const handler = /** @type {(command: Command) => Promise<void>} */ (handlers[command.type]);
      try {
        await handler(command);
      } catch (thrown) {
        answerError(thrown, command.type, 'id' in command ? String(command.id) : undefined);
      }
    },
  };
}
