/**
 * What may happen to a tab, made to happen: the engine panics, dies without a word or loses its graphics card;
 * the page is reloaded; nothing can be kept; two tabs train. No run is lost, and a run on flex ends with the
 * figures of one that nothing happened to.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { phaseOf, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { share } from './visits.mjs';

/** @typedef {import('playwright-core').Page} Page */

const shared = share({ before, after }, { webgpu: true });
const LINK = '#backend=flex&train=2000&test=500&epochs=4&seed=7&workers=2';

/** The log's figures without the times. @param {Page} page */
async function figuresOf(page) {
  const rows = await page.getByTestId('epoch-table').locator('tbody tr').all();
  return Promise.all(rows.map(async (row) => (await row.locator('td').allTextContents()).slice(0, 4)));
}

/** The run's own worker. @param {Page} page */
function engineOf(page) {
  const all = page.workers().filter((worker) => new URL(worker.url()).pathname.endsWith('/worker.js'));
  assert.ok(all.length > 0, 'there is no engine');
  return all[all.length - 1];
}

/** Lines that run in each engine before its own. @param {string} lines */
const injecting = (lines) => (/** @type {Page} */ page) => page.route('**/worker.js', async (route) => {
  const response = await route.fetch();
  await route.fulfill({ response, body: `${lines}\n${await response.text()}` });
});

/** @param {Page} page @param {number} count */
async function waitForEpochs(page, count) {
  await page.waitForFunction((wanted) => document.querySelectorAll('[data-testid="epoch-table"] tbody tr').length >= wanted, count, { timeout: 0 });
}

/** @param {Page} page */
async function finish(page) {
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
}

/** Has the page's clock pass over the silence after which an engine is missed. @param {Page} page */
const passSilence = (page) => page.clock.runFor(30_000);

/** Begins the run and waits until its first epoch is kept. @param {Page} page */
async function trainOneEpoch(page) {
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await waitForEpochs(page, 1);
  await page.getByTestId('kept-note').getByText(/are kept on this machine/).waitFor();
}

/** @type {string[][]} What the run comes to when nothing happens: the first test finds it out. */
let undisturbed = [];
test('a run to which nothing happens', async (t) => {
  const { page, complaints } = await shared.visit(t, `${LINK}&run=1`);
  await finish(page);
  undisturbed = await figuresOf(page);
  assert.equal(undisturbed.length, 4);
  assert.deepEqual(complaints, []);
});

test('after a reload in the middle one click goes on, to the same figures', async (t) => {
  const { page, complaints } = await shared.visit(t, LINK);
  await trainOneEpoch(page);
  await page.reload();
  await page.getByTestId('offer').getByText(/Your last run stopped at epoch [2-4] of 4, and was kept/).waitFor();
  const resume = page.getByTestId('resume-kept');
  await resume.getByText(/Resume epoch [2-4], step \d+/).click();
  await finish(page);
  assert.deepEqual(await figuresOf(page), undisturbed);
  assert.ok(await page.getByTestId('offer').isHidden());
  assert.deepEqual(complaints, []);

  await page.getByTestId('delete-kept').click();
  await page.getByTestId('delete-yes').click();
  await page.getByTestId('kept-note').getByText(/A run is kept/).waitFor();
  await page.getByTestId('notice').getByText(/Everything .* is deleted: runs and their list, choices, images/).waitFor();
  assert.deepEqual(await page.evaluate(() => caches.keys()), []);
  await page.reload();
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('offer').isHidden());
});

test('a link that starts by itself goes on with its own run, and leaves another one to the visitor', async (t) => {
  const { page } = await shared.visit(t, LINK);
  await trainOneEpoch(page);
  const [address] = page.url().split('#');
  await page.goto(`about:blank`);
  await page.goto(`${address}${LINK.replace('seed=7', 'seed=8')}&run=1`);
  await page.getByTestId('resume-kept').getByText(/Resume epoch/).waitFor();
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('start').isEnabled());
  await page.goto(`about:blank`);
  await page.goto(`${address}${LINK}&run=1`);
  await finish(page);
  assert.deepEqual(await figuresOf(page), undisturbed);
});

test('a panic in the engine costs the steps since the checkpoint, not the run; the curve shows where', async (t) => {
  const { page } = await shared.visit(t, LINK);
  await trainOneEpoch(page);
  for (let times = 0; times < 2; times += 1) {
    await engineOf(page).evaluate(() => void setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable'); }));
    await waitForPhase(page, ['recovering']);
    await waitForPhase(page, ['training', 'done']);
  }
  await finish(page);
  assert.deepEqual(await figuresOf(page), undisturbed);
  await waitForText(page, 'notice', /The training engine stopped: .*unreachable/);
  assert.match(await page.locator('#chart-live').getAttribute('aria-label') ?? '', /the engine was replaced 2 times/);
});

test('an engine that dies without a word is missed and replaced', async (t) => {
  const { page } = await shared.visit(t, LINK, { prepare: (opened) => opened.clock.install() });
  await trainOneEpoch(page);
  await engineOf(page).evaluate(() => self.close()).catch(() => undefined); // It may end before it answers.
  const recovering = waitForPhase(page, ['recovering'], 60_000);
  await passSilence(page);
  await recovering;
  await page.getByTestId('notice').getByText(/gave no sign of life/).waitFor();
  await finish(page);
  assert.deepEqual(await figuresOf(page), undisturbed);
});

test('an engine that falls silent before it has its data is replaced, and the link goes on to start', async (t) => {
  let engines = 0;
  const silenceTheFirst = async (/** @type {Page} */ page) => {
    await page.clock.install();
    await page.route('**/worker.js', async (route) => {
      const response = await route.fetch();
      const line = "self.addEventListener('message', ({ data }) => data.type === 'load' && self.close());";
      await route.fulfill({ response, body: `${engines === 0 ? line : ''}\n${await response.text()}` });
      engines += 1;
    });
  };
  const { page } = await shared.visit(t, `${LINK}&run=1`, { prepare: silenceTheFirst });
  await page.locator('#status-text').getByText(/engine that checks them is still loading|Fetching the images/).waitFor(); // It has begun.
  await passSilence(page);
  await page.getByTestId('notice').getByText(/gave no sign of life/).waitFor({ timeout: 60_000 });
  await finish(page);
  assert.equal(engines, 2);
  assert.deepEqual(await figuresOf(page), undisturbed);
});

test('a run that dies before its first checkpoint begins anew', async (t) => {
  const { page } = await shared.visit(t, LINK);
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await waitForText(page, 'images-per-second', /\d/);
  await engineOf(page).evaluate(() => void setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable'); }));
  await page.getByTestId('notice').getByText(/unreachable/).waitFor();
  await waitForPhase(page, ['training']);
  await finish(page);
  assert.deepEqual(await figuresOf(page), undisturbed);
});

test('an engine that fails again and again is given up, and what was kept is there at the next visit', async (t) => {
  const { page } = await shared.visit(t, LINK.replace('epochs=4', 'epochs=1000').replace('train=2000', 'train=50000'));
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await waitForText(page, 'images-per-second', /\d/);
  await page.getByTestId('pause').click();
  await page.getByTestId('kept-note').getByText(/are kept/).waitFor();
  await page.getByTestId('pause').click();
  for (let times = 0; times < 4; times += 1) {
    await waitForPhase(page, ['training']);
    await engineOf(page).evaluate(() => void setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable'); }));
    await waitForPhase(page, times < 3 ? ['recovering'] : ['error']);
  }
  await page.reload();
  await page.getByTestId('resume-kept').getByText(/Resume epoch 1, step \d+/).waitFor();
});

/** Keeps the engine's graphics card within reach, to take it away. */
const HOLD_GPU = `
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...wanted) {
    return (globalThis.card = await requestDevice.apply(this, wanted));
  };`;

test('a graphics card that is lost is tried once more, then the processor goes on', async (t) => {
  const { page } = await shared.visit(t, '#backend=webgpu&train=64&test=20&epochs=20&batch=16&seed=7', { prepare: injecting(HOLD_GPU) });
  await trainOneEpoch(page);
  const lose = () => engineOf(page).evaluate(() => /** @type {any} */ (globalThis).card.destroy());
  await lose();
  await waitForPhase(page, ['recovering']);
  await page.getByTestId('notice').getByText(/Training on the graphics card ended: the graphics card was lost/).waitFor();
  await waitForPhase(page, ['compiling']);
  assert.match(await textOf(page, 'backend-active'), /Runs on webgpu/);
  await lose(); // Again, before it has got as far as a checkpoint.
  await waitForText(page, 'backend-active', /Runs on flex/);
  await finish(page);
  assert.equal((await figuresOf(page)).length, 20);
});

test('a loss that is no number offers the way on from the last checkpoint, with a tenth of the learning rate', async (t) => {
  const poison = `
    const { writeBuffer } = GPUQueue.prototype;
    GPUQueue.prototype.writeBuffer = function (buffer, at, data, ...range) {
      const [start = 0, length = data.byteLength - start] = range;
      const isBatch = globalThis.isPoisoned && length === 16 * 10 * 4;
      return writeBuffer.call(this, buffer, at, ...(isBatch ? [new Uint8Array(length).fill(0xff)] : [data, ...range]));
    };`;
  const { page } = await shared.visit(t, '#backend=webgpu&train=64&test=20&epochs=8&batch=16&seed=7', { prepare: injecting(poison) });
  await trainOneEpoch(page);
  await engineOf(page).evaluate(() => { /** @type {any} */ (globalThis).isPoisoned = true; });
  await waitForText(page, 'error', /diverged: the loss became NaN in epoch \d. Most likely the graphics card computed something wrong/);
  await engineOf(page).evaluate(() => { /** @type {any} */ (globalThis).isPoisoned = false; });
  await page.getByTestId('go-on-carefully').click();
  await finish(page);
  assert.equal(await page.getByLabel('Learning rate', { exact: true }).inputValue(), '0.0001');
  assert.equal((await figuresOf(page)).length, 8);
  assert.equal(await textOf(page, 'error'), '');
});

test('where nothing can be kept that is said once, and training goes on', async (t) => {
  const forbid = (/** @type {Page} */ page) => page.addInitScript(() => {
    StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('not here', 'SecurityError'));
    IDBFactory.prototype.open = () => { throw new DOMException('not here either', 'SecurityError'); };
  });
  const { page } = await shared.visit(t, `${LINK}&run=1`, { prepare: forbid });
  await waitForText(page, 'notice', /cannot be kept on this machine \(not here either\)\. Training goes on; save the run as a file/);
  await page.locator('#notice-dismiss').click();
  await finish(page);
  assert.ok(await page.getByTestId('notice').isHidden(), 'it is said once');
  assert.deepEqual(await figuresOf(page), undisturbed);
  assert.match(await textOf(page, 'kept-note'), /cannot be kept/);
});

test('where the private file system is missing the run is kept in IndexedDB', async (t) => {
  const withoutFiles = (/** @type {Page} */ page) => page.addInitScript(() => {
    StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('not here', 'SecurityError'));
  });
  const { page } = await shared.visit(t, LINK, { prepare: withoutFiles });
  await trainOneEpoch(page);
  await page.reload();
  await page.getByTestId('resume-kept').getByText(/Resume epoch/).click();
  await finish(page);
  assert.deepEqual(await figuresOf(page), undisturbed);
});

test('of two tabs the second one is told, trains all the same, and does not touch what the first one keeps', async (t) => {
  const { page, context } = await shared.visit(t, LINK.replace('epochs=4', 'epochs=1000'));
  await trainOneEpoch(page);
  const second = await context.newPage();
  await second.goto(page.url().replace('epochs=1000', 'epochs=1').replace('seed=7', 'seed=8'));
  await waitForPhase(second, ['ready']);
  assert.ok(await second.getByTestId('offer').isHidden(), 'a run that goes on elsewhere is not offered');
  await second.getByTestId('start').click();
  await waitForText(second, 'notice', /Another tab of this page keeps its run/);
  await finish(second);
  await page.getByTestId('pause').click();
  await waitForPhase(page, ['paused']);
  await page.close();
  await second.reload();
  await second.getByTestId('offer').getByText(/of 1000, and was kept/).waitFor();
});

/** A small generator, so that a failure can be repeated. @param {number} seed */
function drawing(seed) {
  let state = seed;
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('fifty presses in five seconds in any order leave no stuck state and no error', async (t) => {
  const seed = Date.now() % 100_000;
  t.diagnostic(`seed ${seed}`);
  const draw = drawing(seed);
  const { page, complaints } = await shared.visit(t, '#backend=flex&train=500&test=100&epochs=3&seed=7');
  await waitForPhase(page, ['ready']);
  const buttons = ['start', 'pause', 'stop', 'reset', 'evaluate', 'random-test', 'save-run'];
  for (let press = 0; press < 50; press += 1) {
    const name = buttons[draw(buttons.length)];
    await page.evaluate((id) => /** @type {HTMLButtonElement | null} */ (document.querySelector(`[data-testid="${id}"]`))?.click(), name);
    await page.waitForTimeout(draw(200));
  }
  // Whatever state that left: Stop if it runs, then a fresh run ends.
  await page.waitForFunction(() => !['training', 'compiling', 'evaluating', 'recovering'].includes(document.documentElement.dataset.phase ?? ''), null, { timeout: 60_000 });
  if ((await phaseOf(page)) === 'paused') await page.getByTestId('stop').click();
  await waitForPhase(page, ['ready', 'done'], 60_000);
  assert.equal(await textOf(page, 'error'), '');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['training'], 60_000);
  await finish(page);
  assert.deepEqual(complaints, []);
});
