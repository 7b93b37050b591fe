/**
 * The helpers of the run's own worker: other workers that compute a slice of each batch.
 *
 * A helper keeps nothing from one job to the next, so one that died (its script could not be had, its
 * module panicked, it was ended or does not answer) is replaced, and its job is rejected: the crate asks
 * again, and the second time it computes by itself. What is split, and why, is the crate's business.
 *
 * A job is one buffer, transferred, not shared: it works on any host, whatever headers it sends.
 *
 * @typedef {'gradients' | 'logits' | 'directions'} Task
 * @typedef {{ resolve: (answer: ArrayBuffer) => void, reject: (reason: Error) => void, untilMs: number }} Pending
 * @typedef {{ worker: Worker, pending: Pending | null }} Helper
 */

/** Milliseconds after which a helper that has not answered never will: a start, and so much for each image. */
const PATIENCE_MS = 10_000;
const PATIENCE_IMAGE_MS = 100;
/** Milliseconds between two looks at who has not answered: a timer for each job would be a fiftieth of a step. */
const LOOK_EVERY_MS = 1_000;

/**
 * @param {string} script Address of the module's JavaScript.
 * @param {() => Worker} [open] Opens a helper's worker.
 */
export function createPool(script, open = () => new Worker(new URL('./helper.js', import.meta.url), { type: 'module', name: 'convburn-helper' })) {
  /** @type {(Helper | null)[]} */
  const helpers = [];
  /** @type {WebAssembly.Module | null} */
  let module = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let looking;

  /** @param {number} index @returns {Helper} */
  function start(index) {
    const worker = open();
    /** @type {Helper} */
    const helper = { worker, pending: null };
    worker.onmessage = ({ data }) => {
      if (data.answer) settle(helper)?.resolve(data.answer);
      else lose(index, helper, data.problem);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // It is told below, and mended.
      lose(index, helper, event.message ?? 'its script could not be loaded');
    };
    worker.onmessageerror = () => lose(index, helper, 'a message could not be read');
    worker.postMessage({ script, module });
    helpers[index] = helper;
    return helper;
  }

  /** The job that a helper had; it has none from then on. @param {Helper} helper */
  function settle(helper) {
    const { pending } = helper;
    helper.pending = null;
    return pending;
  }

  /** Gives up who has not answered in time. */
  function look() {
    helpers.forEach((helper, index) => {
      if (helper?.pending && performance.now() > helper.pending.untilMs) lose(index, helper, 'it did not answer');
    });
  }

  /** Ends a helper; the next job for its place starts another. @param {number} index @param {Helper} helper @param {string} problem */
  function lose(index, helper, problem) {
    helper.worker.terminate();
    if (helpers[index] === helper) helpers[index] = null;
    const pending = settle(helper);
    if (!pending) return;
    console.warn(`A helper was lost and is replaced: ${problem}`);
    pending.reject(new Error(problem));
  }

  return {
    /** So many helpers may be asked from now on: they start while there is time. @param {number} count @param {WebAssembly.Module} compiled */
    want(count, compiled) {
      module = compiled;
      helpers.splice(count).forEach((helper, past) => helper && lose(count + past, helper, 'it is not wanted any more'));
      for (let index = 0; index < count; index += 1) {
        if (!helpers[index]) start(index);
      }
      clearInterval(looking);
      looking = count > 0 ? setInterval(look, LOOK_EVERY_MS) : undefined;
    },

    /**
     * Sends a job, whose buffer is given away.
     * @param {number} index @param {Task} task @param {ArrayBuffer} job
     * @param {number} records How many the job brings.
     * @returns {Promise<ArrayBuffer>}
     */
    ask(index, task, job, records) {
      const helper = helpers[index] ?? start(index);
      return new Promise((resolve, reject) => {
        helper.pending = { resolve, reject, untilMs: performance.now() + PATIENCE_MS + PATIENCE_IMAGE_MS * records };
        helper.worker.postMessage({ task, job }, [job]);
      });
    },
  };
}

/**
 * Tells the crate who helps it: as many as there are cores, if the run wants them.
 * @param {{ use_helpers: (cores: number, want: ReturnType<typeof createPool>['want'], ask: ReturnType<typeof createPool>['ask']) => void }} convburn
 * @param {string} script Address of the module's JavaScript.
 */
export function offerHelpers(convburn, script) {
  const pool = createPool(script);
  convburn.use_helpers(navigator.hardwareConcurrency || 1, pool.want, pool.ask);
}
