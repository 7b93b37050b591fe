/**
 * What may happen to a tab, as functions that make it happen to a page under training. Each ends when the run goes
 * on again, or throws when it does not.
 *
 * @import { Page } from 'playwright-core'
 */
import { waitForPhase } from '../harness/waits.mjs';

/** Lines that run in each engine before its own: they keep its graphics card within reach. */
export const HOLD_GPU = `
if (globalThis.GPUAdapter) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...wanted) {
    return (globalThis.card = await requestDevice.apply(this, wanted));
  };
}`;

/** Lines that run in each engine before its own: they add up what its checkpoints cost. */
export const COUNT_SAVING = `
globalThis.saving = { checkpoints: 0, ms: 0, bytes: 0 };
{
  const post = self.postMessage.bind(self);
  self.postMessage = (message, options) => {
    if (message.type === 'checkpoint') {
      saving.checkpoints += 1;
      saving.ms += message.save_ms;
      saving.bytes += message.bytes.length;
    }
    post(message, options);
  };
}`;

/** Runs in the page before its scripts: whether storage is refused. */
export function refuseStorage() {
  /** @type {any} */
  const scope = globalThis;
  const { createWritable } = FileSystemFileHandle.prototype;
  FileSystemFileHandle.prototype.createWritable = function (/** @type {FileSystemCreateWritableOptions | undefined} */ wanted) {
    if (scope.isStorageRefused) return Promise.reject(new DOMException('the quota is used up', 'QuotaExceededError'));
    return createWritable.call(this, wanted);
  };
}

/** @param {Page} page @param {string} script Name of a worker's script. */
export function workerOf(page, script) {
  const all = page.workers().filter((worker) => new URL(worker.url()).pathname.endsWith(`/${script}`));
  return all[all.length - 1] ?? null;
}

/** @param {Page} page @param {string} lines Run in the engine, which may end before it answers. */
async function inEngine(page, lines) {
  const engine = workerOf(page, 'worker.js');
  if (!engine) throw new Error('there is no engine');
  await engine.evaluate((source) => void new Function(source)(), lines).catch(() => undefined);
}

/** @param {Page} page */
async function goesOnAgain(page) {
  await waitForPhase(page, ['recovering', 'loading', 'compiling'], 90_000);
  await waitForPhase(page, ['training', 'done'], 180_000);
}

/** @param {Page} page Waits until it says a later step than now, or is done. */
async function getsOn(page) {
  const text = () => page.locator('#status-text').textContent();
  const before = await text();
  await page.waitForFunction(
    (said) => document.documentElement.dataset.phase === 'done' || document.querySelector('#status-text')?.textContent !== said,
    before, { timeout: 60_000 },
  );
}

/** `endsEngine`: the steps since the checkpoint are done again. @typedef {{ name: string, endsEngine: boolean, happen: (page: Page) => Promise<void> }} Fault */

/** @type {Fault[]} */
const ANYWHERE = [
  {
    name: 'panic in the module',
    endsEngine: true,
    async happen(page) {
      await inEngine(page, "setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable'); })");
      await goesOnAgain(page);
    },
  },
  {
    name: 'page reloaded',
    endsEngine: true,
    async happen(page) {
      await page.reload();
      await page.getByTestId('resume-kept').click({ timeout: 60_000 });
      await waitForPhase(page, ['training', 'compiling', 'done'], 180_000);
    },
  },
  {
    name: 'tab frozen for five seconds',
    endsEngine: false,
    async happen(page) {
      const client = await page.context().newCDPSession(page);
      await client.send('Page.setWebLifecycleState', { state: 'frozen' });
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await client.send('Page.setWebLifecycleState', { state: 'active' });
      await client.detach();
      await getsOn(page);
    },
  },
];

/** @type {Fault[]} */
const ON_CPU = [
  {
    name: 'worker ended without a word',
    endsEngine: true,
    async happen(page) {
      await inEngine(page, 'self.close()');
      await goesOnAgain(page);
    },
  },
  {
    name: 'helper worker ended',
    endsEngine: false,
    async happen(page) {
      await workerOf(page, 'helper.js')?.evaluate(() => self.close()).catch(() => undefined);
      await getsOn(page);
      await getsOn(page);
    },
  },
  {
    name: 'storage refused for ten seconds',
    endsEngine: false,
    async happen(page) {
      await page.evaluate(() => { /** @type {any} */ (globalThis).isStorageRefused = true; });
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      await page.evaluate(() => { /** @type {any} */ (globalThis).isStorageRefused = false; });
      await getsOn(page);
    },
  },
  {
    name: 'second tab on the same run',
    endsEngine: false,
    async happen(page) {
      const second = await page.context().newPage();
      await second.goto(page.url());
      await waitForPhase(second, ['ready'], 60_000);
      if (await second.getByTestId('offer').isVisible()) throw new Error('the second tab is offered the first one’s run');
      await second.close();
      await page.bringToFront();
      await getsOn(page);
    },
  },
];

/** @type {Fault[]} */
const ON_GPU = [
  {
    name: 'graphics card lost',
    endsEngine: true,
    async happen(page) {
      await inEngine(page, 'globalThis.card.destroy()');
      await goesOnAgain(page);
    },
  },
  {
    name: 'uncaptured WebGPU error',
    endsEngine: true,
    async happen(page) {
      await inEngine(page, 'globalThis.card.createBuffer({ size: 16, usage: 0xffff })');
      await goesOnAgain(page);
    },
  },
];

/** @param {boolean} isOnGpu */
export const faultsFor = (isOnGpu) => [...ANYWHERE, ...(isOnGpu ? ON_GPU : ON_CPU)];
