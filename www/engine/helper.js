/**
 * A helper's worker: it computes the slice that it is sent, with the parameters that come along, and keeps
 * nothing. The first message brings the module, compiled already, and the address of its JavaScript.
 *
 * Until its first job comes it computes slices that are thrown away: the browser compiles what runs often anew, and does so
 * while the data is still on its way, for the run's own worker too, which has the same module.
 *
 * It knows no run and no page; what it cannot do it says, and `pool.js` replaces it.
 *
 * @import { Task } from './pool.js'
 */

/** @typedef {{ helper_gradients: (...args: unknown[]) => Promise<ArrayBuffer>, helper_logits: (...args: unknown[]) => Promise<ArrayBuffer>, helper_warm_up: () => Promise<void> }} Crate */

/** Slices that are thrown away, at most: by then the browser has compiled what they run. */
const WARM_UPS_MAX = 16;

/** @type {Promise<Crate> | null} */
let loading = null;
/** Whether a job has come. */
let isAsked = false;

/** @param {string} script @param {WebAssembly.Module} module @returns {Promise<Crate>} */
async function load(script, module) {
  const crate = await import(script);
  await crate.default({ module_or_path: module });
  return crate;
}

/** Lets a job in between two slices. */
const yieldOnce = () => new Promise((resolve) => { setTimeout(resolve); });

/** What fails here fails in a job too, and is told then. @param {Crate} crate */
async function warmUp(crate) {
  try {
    for (let done = 0; done < WARM_UPS_MAX && !isAsked; done += 1) {
      await crate.helper_warm_up();
      await yieldOnce();
    }
  } catch {
    // It is told by the first job.
  }
}

/** @param {{ task: Task, job: ArrayBuffer }} message */
async function compute({ task, job }) {
  if (!loading) throw new Error('a job came before the module');
  const crate = await loading;
  if (task === 'gradients') return crate.helper_gradients(job);
  return crate.helper_logits(job);
}

self.onmessage = async ({ data }) => {
  try {
    if ('script' in data) {
      loading = load(data.script, data.module);
      await warmUp(await loading);
      return;
    }
    isAsked = true;
    const answer = await compute(data);
    // The page's `postMessage` has another second parameter, and `tsc` sees the page's.
    self.postMessage({ answer }, { transfer: [answer] });
  } catch (thrown) {
    self.postMessage({ problem: String(/** @type {any} */ (thrown)?.message ?? thrown) });
  }
};
