/** WebGPU on the software adapter: what it trains, and when it is not taken. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { phaseOf, textOf, textsFrom, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { share, shardRecords, upload } from './visits.mjs';

const shared = share({ before, after }, { webgpu: true });

test('a run on WebGPU names the compiling of its kernels and ends', async (t) => {
  const { page, complaints } = await shared.visit(t, '#backend=webgpu&train=64&test=20&epochs=1&batch=16&seed=7');
  await waitForPhase(page, ['ready', 'error']);
  assert.equal(await phaseOf(page), 'ready', await textOf(page, 'error'));
  assert.match(await textOf(page, 'backend-active'), /webgpu/i);
  await page.locator('#verdict').getByText(/from its first step on, before which the graphics card is checked/).waitFor();
  const compiling = waitForPhase(page, ['compiling'], 60_000);
  await page.getByTestId('start').click();
  await compiling;
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.match(await textOf(page, 'backend-active'), /One batch was computed on the processor too.*% is accepted/);
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);
  await waitForText(page, 'predictions', /\d %/);
  const accuracy = Number(await textOf(page, 'val-accuracy'));
  assert.ok(accuracy >= 0 && accuracy <= 1);
  assert.deepEqual(complaints, []);
});

test('auto prefers the CPU to a software adapter and says why', async (t) => {
  const { page } = await shared.visit(t, '#train=2000&test=1000');
  await waitForPhase(page, ['ready', 'error']);
  await waitForText(page, 'backend-active', /flex.*software/);
});

/** What goes wrong with the graphics card, as lines that run in the worker before the engine. */
const FAULTS = {
  upload: `
    const write = GPUQueue.prototype.writeBuffer;
    GPUQueue.prototype.writeBuffer = function (buffer, at, data, ...range) {
      const [start = 0, length = data.byteLength - start] = range;
      if (length < 100_000) return write.call(this, buffer, at, data, ...range);
      const bytes = new Uint8Array(data.buffer ?? data, (data.byteOffset ?? 0) + start, length).slice();
      bytes.fill(0, length / 2, length / 2 + 64);
      return write.call(this, buffer, at, bytes);
    };`,
  // ReLU is max(x, 0), and so is pooling a maximum.
  kernels: `
    const create = GPUDevice.prototype.createShaderModule;
    GPUDevice.prototype.createShaderModule = function (descriptor) {
      return create.call(this, { ...descriptor, code: descriptor.code.replaceAll('max(', 'min(') });
    };`,
};
/** A card that was well while it was checked: no target of a batch that it gets afterwards is a number. */
const BREAKS_LATER = `
    const { writeBuffer } = GPUQueue.prototype;
    let checked = false;
    const { postMessage } = self;
    self.postMessage = (message, options) => {
      checked ||= message.type === 'backend';
      postMessage.call(self, message, options);
    };
    GPUQueue.prototype.writeBuffer = function (buffer, at, data, ...range) {
      const [start = 0, length = data.byteLength - start] = range;
      const isBatch = checked && length === 16 * 10 * 4;
      return writeBuffer.call(this, buffer, at, ...(isBatch ? [new Uint8Array(length).fill(0xff)] : [data, ...range]));
    };`;
/** A software adapter that says it is hardware, so that `auto` takes it. */
const DISGUISE = "Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });";

/** @param {string} lines */
const injecting = (lines) => (/** @type {import('playwright-core').Page} */ page) => page.route('**/worker.js', async (route) => {
  const response = await route.fetch();
  await route.fulfill({ response, body: `${lines}\n${await response.text()}` });
});

test('a batch that arrives changed on the graphics card is noticed: by name it is refused, and nothing is lost', async (t) => {
  const { page } = await shared.visit(t, '#backend=webgpu&train=64&test=20&epochs=1&batch=16&seed=7', { prepare: injecting(FAULTS.upload) });
  await waitForPhase(page, ['ready', 'error']);
  await page.getByTestId('start').click();
  await waitForText(page, 'error', /refused: of \d+ numbers sent to it, \d+ came back changed/);
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('backend').locator('option[value=webgpu]').isDisabled());
  assert.doesNotMatch(await textOf(page, 'predictions'), /\d/, 'nobody asked, so nothing else ran on it');

  // Nor does the refusal keep the visitor's own data out.
  await page.getByTestId('drop').setInputFiles(upload('mine.bin', shardRecords('train-00.bin.gz').subarray(0, 100 * 3_073)));
  await page.getByText('100 images for training, unknown').waitFor();
  await waitForPhase(page, ['ready']);
  assert.ok(await page.getByTestId('start').isEnabled());
  assert.equal(await textOf(page, 'error'), '');
  await page.getByTestId('backend').selectOption('flex');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
});

test('a graphics card that computes wrongly is left for the processor by auto, with the figures', async (t) => {
  const { page } = await shared.visit(t, '#train=64&test=20&epochs=1&batch=16&seed=7', { prepare: injecting(DISGUISE + FAULTS.kernels) });
  await waitForPhase(page, ['ready', 'error']);
  await waitForText(page, 'backend-active', /webgpu.*hardware adapter/);
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.match(await textOf(page, 'backend-active'), /flex.*On the CPU, because the GPU was refused: its loss differs.* by (inf|[\d.]+e)/);
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);
});

test('auto times a graphics card beside the processor, takes the faster one and says by how much, now and at the next Start', async (t) => {
  const { page, complaints } = await shared.visit(t, '#train=64&test=20&epochs=1&batch=16&seed=7', { prepare: injecting(DISGUISE) });
  await waitForPhase(page, ['ready', 'error']);
  await waitForText(page, 'backend-active', /webgpu.*hardware adapter/);
  const said = await textsFrom(page, '#status-text');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.match((await said()).join('\n'), /Timing a few steps.*part 3 of 4/);
  // The software adapter computes on the same cores, so that it is the slower one everywhere.
  const told = /flex.*On the CPU, where a step took [\d.]+ ms.* in a short trial: [\d.]+ times as fast as on the GPU/;
  assert.match(await textOf(page, 'backend-active'), told);
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);
  await page.getByTestId('start').click();
  await waitForPhase(page, ['training', 'done', 'error']);
  await waitForPhase(page, ['done', 'error']);
  assert.match(await textOf(page, 'backend-active'), told);
  assert.deepEqual(complaints, []);
});

test('a loss that is no number ends the run, and new weights are the way on', async (t) => {
  const { page } = await shared.visit(t, '#backend=webgpu&train=64&test=20&epochs=2&batch=16&seed=7', { prepare: injecting(BREAKS_LATER) });
  await waitForPhase(page, ['ready', 'error']);
  await page.getByTestId('start').click();
  await waitForText(page, 'error', /diverged/);
  assert.equal(await phaseOf(page), 'ready');
  const status = page.locator('#status-text');
  await status.getByText(/diverged.*Reset gives new ones/).waitFor();
  await page.getByTestId('random-test').click();
  await page.locator('#verdict').getByText(/no answer: its training diverged/).waitFor();
  await page.getByTestId('reset').click();
  await status.getByText('Press the button to begin').waitFor();
  await page.getByTestId('backend').selectOption('flex');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  await page.locator('#verdict').getByText(/Right|Wrong/).waitFor();
});
