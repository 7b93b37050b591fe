/**
 * The dedicated module worker: the only file that imports a wasm module.
 *
 * The modules are of one crate. A small one trains on the processor, of which there are two: with relaxed SIMD's
 * instructions, which not every browser has, and without. A worker that holds a small one
 * hands back (`other_module`) what asks for a backend that only the full one has, before anything
 * has changed. The crate says when that is. Where the full one cannot be had (a server that lacks it, or is still
 * building it), a small one takes its place and says why a backend is missing.
 *
 * What becomes of a command is commands.js's; here are the module, the messages' way in and out, and signs of life.
 *
 * @import { Message } from '../protocol/protocol.js'
 */
import { hasRelaxedSimd } from './capabilities.js';
import { createCommands, reportOf } from './commands.js';
import { watchGpu } from './gpu-watch.js';
import { offerHelpers } from './pool.js';

/** Which module this worker is for: the small one, for the processor alone, or the one with every backend. */
const isFull = self.name === 'convburn full';
/** Milliseconds between two signs of life. */
const HEARTBEAT_MS = 5_000;

/** @param {Message} message @param {Transferable[]} [transfer] */
function post(message, transfer = []) {
  // The page's `postMessage` has another second parameter, and `tsc` sees the page's.
  self.postMessage(message, { transfer });
}

const channel = new MessageChannel();

/** Lets waiting messages in; unlike a timer, a message between ports is not throttled. @returns {Promise<void>} */
function yieldOnce() {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}

watchGpu((problem) => post({
  type: 'failed',
  error: { code: 'gpu_lost', message: `Training on the graphics card ended: ${problem}.`, hint: 'Reload the page; choose the backend “flex” if it happens again.' },
}));

/** Says that the worker lives, also while its module is fetched. */
let heartbeat = () => post({ type: 'heartbeat', pulls: 0, turning: false });
self.setInterval(() => heartbeat(), HEARTBEAT_MS);

/** The module for this browser, running, and the address of its JavaScript. @param {boolean} wantsFull */
async function open(wantsFull) {
  /** @param {string} script */
  const addressed = (script) => new URL(script, import.meta.url).href;
  if (wantsFull) return run(await import('../convburn_full.js'), addressed('../convburn_full.js'));
  if (hasRelaxedSimd()) return run(await import('../convburn_cpu_relaxed.js'), addressed('../convburn_cpu_relaxed.js'));
  return run(await import('../convburn_cpu.js'), addressed('../convburn_cpu.js'));
}

/** @param {typeof import('../convburn_cpu.js')} convburn @param {string} script */
async function run(convburn, script) {
  await convburn.default();
  return { convburn, script };
}

/** A small module in place of the full one. @param {unknown} thrown Why that one cannot be had. */
async function openWithout(thrown) {
  const opened = await open(false);
  opened.convburn.no_other_module(`the module with it could not be loaded (${reportOf(thrown).message}), and a reload of the page tries again`);
  return opened;
}

try {
  const { convburn, script } = await open(isFull).catch((thrown) => (isFull ? openWithout(thrown) : Promise.reject(thrown)));
  offerHelpers(convburn, script);
  const pause = (/** @type {number} */ ms) => new Promise((resolve) => { self.setTimeout(resolve, ms); });
  const commands = createCommands(convburn, { isFull, post, yieldOnce, pause });
  ({ heartbeat } = commands);
  self.addEventListener('message', ({ data }) => void commands.serve(data));
  post({ type: 'ready' });
  void commands.tellBackends();
} catch (thrown) {
  const error = reportOf(thrown);
  post({ type: 'failed', error: { ...error, message: `The training engine could not be loaded: ${error.message}` } });
}
