/**
 * A helper's worker: it computes the slice that it is sent, with the parameters that come along, and keeps
 * nothing. The first message brings the module, compiled already, and the address of its JavaScript.
 *
 * It knows no run and no page; what it cannot do it says, and `pool.js` replaces it.
 *
 * @import { Task } from './pool.js'
 */

/** @typedef {{ helper_gradients: (...args: unknown[]) => Promise<ArrayBuffer>, helper_logits: (...args: unknown[]) => Promise<ArrayBuffer>, helper_directions: (...args: unknown[]) => Promise<ArrayBuffer> }} Crate */

/** @type {Promise<Crate> | null} */
let loading = null;

/** @param {string} script @param {WebAssembly.Module} module @returns {Promise<Crate>} */
async function load(script, module) {
  const crate = await import(script);
  await crate.default({ module_or_path: module });
  return crate;
}

/** @param {{ task: Task, job: ArrayBuffer }} message */
async function compute({ task, job }) {
  if (!loading) throw new Error('a job came before the module');
  const crate = await loading;
  if (task === 'gradients') return crate.helper_gradients(job);
  if (task === 'directions') return crate.helper_directions(job);
  return crate.helper_logits(job);
}

self.onmessage = async ({ data }) => {
  try {
    if ('script' in data) {
      loading = load(data.script, data.module);
      await loading;
      return;
    }
    const answer = await compute(data);
    // The page's `postMessage` has another second parameter, and `tsc` sees the page's.
    self.postMessage({ answer }, { transfer: [answer] });
  } catch (thrown) {
    self.postMessage({ problem: String(/** @type {any} */ (thrown)?.message ?? thrown) });
  }
};
