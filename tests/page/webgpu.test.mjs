/** WebGPU on the software adapter: what it trains, and when it is not taken. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { phaseOf, share, textOf, waitForPhase, waitForText } from './harness.mjs';

const shared = share({ before, after }, { webgpu: true });

test('a run on WebGPU names the compiling of its kernels and ends', async (t) => {
  const { page, complaints } = await shared.visit(t, '#backend=webgpu&train=64&test=20&epochs=1&batch=16&seed=7');
  await waitForPhase(page, ['ready', 'error']);
  assert.equal(await phaseOf(page), 'ready', await textOf(page, 'error'));
  assert.match(await textOf(page, 'backend-active'), /webgpu/i);
  const compiling = waitForPhase(page, ['compiling'], 60_000);
  await page.getByTestId('start').click();
  await compiling;
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.equal(await page.getByTestId('epoch-table').locator('tbody tr').count(), 1);
  const accuracy = Number(await textOf(page, 'val-accuracy'));
  assert.ok(accuracy >= 0 && accuracy <= 1);
  assert.deepEqual(complaints, []);
});

test('auto prefers the CPU to a software adapter and says why', async (t) => {
  const { page } = await shared.visit(t, '#train=2000&test=1000');
  await waitForPhase(page, ['ready', 'error']);
  await waitForText(page, 'backend-active', /flex.*software/);
});
