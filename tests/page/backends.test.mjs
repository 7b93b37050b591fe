/**
 * What the page says of backends: which can run, how a graphics card is got ready and checked, and
 * what follows when it is refused.
 *
 * The worker is the real one, but the crate's word about WebGPU is written here, because no machine
 * has a graphics card that computes wrongly. Whatever is not written comes from the crate.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { problems } from './schema.mjs';
import { DIST } from '../../harness/server.mjs';
import { phaseOf, textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, share } from './visits.mjs';
import { letGo, write } from './script.mjs';

const shared = share({ before, after });

const REFUSED = { backend: 'webgpu', available: false, remark: 'It is refused: the gradients differ by 12 %.' };
const OTHERS = [
  { backend: 'flex', available: true, remark: null },
  { backend: 'ndarray', available: true, remark: 'Many times slower than flex, and deprecated by Burn.' },
];
const CHECKED = {
  requested: 'auto', active: 'webgpu', reason: 'On the GPU, because there is a hardware adapter.', adapter: 'acme one', workers: 1,
  self_check: { loss_difference: 1.5e-7, gradient_difference: 2.25e-6, tolerance: 0.001 },
};
const FELL_BACK = {
  requested: 'auto', active: 'flex', reason: 'On the CPU, because the GPU was refused: the gradients differ by 12 %.', adapter: null, workers: 1, self_check: null,
};

/** @param {import('playwright-core').Page} page @param {string} value */
const optionOf = (page, value) => page.evaluate((wanted) => {
  const option = /** @type {HTMLOptionElement} */ (document.querySelector(`[data-testid="backend"] option[value="${wanted}"]`));
  return { disabled: option.disabled, text: option.text };
}, value);

test('a backend that cannot run here may not be chosen, and the reason is below', async (t) => {
  const { page } = await shared.visit(t, SHORT, { prepare: (opened) => write(opened, { backends: [[REFUSED, ...OTHERS]] }) });
  await waitForText(page, 'backend-remarks', /webgpu: It is refused: the gradients differ by 12 %\..*ndarray: Many times slower/);
  const webgpu = await optionOf(page, 'webgpu');
  assert.ok(webgpu.disabled);
  assert.match(webgpu.text, /graphics card — not available here$/);
  for (const value of ['auto', 'flex', 'ndarray']) assert.ok(!(await optionOf(page, value)).disabled, value);
  assert.match((await optionOf(page, 'ndarray')).text, /many times slower, deprecated/);
});

test('a link’s backend that cannot run here is shown, and another one may be chosen', async (t) => {
  const { page } = await shared.visit(t, SHORT.replace('flex', 'webgpu'), {
    prepare: (opened) => write(opened, { backends: [[REFUSED, ...OTHERS]] }),
  });
  await waitForText(page, 'backend-remarks', /webgpu/);
  const select = page.getByTestId('backend');
  assert.equal(await select.inputValue(), 'webgpu');
  assert.ok(await select.isEnabled());
  await select.selectOption('flex');
  await waitForPhase(page, ['ready']);
  assert.equal(await select.inputValue(), 'flex');
});

test('each part of getting a graphics card ready is said, and what the check found', async (t) => {
  const part = (/** @type {string} */ name, /** @type {number} */ done) => [{ type: 'compiling', part: name, done, of: 3 }];
  const { page, complaints } = await shared.visit(t, `${SHORT}&run=1`, {
    prepare: (opened) => write(opened, {
      backends: [[{ ...REFUSED, available: true, remark: null }, ...OTHERS]],
      pulls: [part('upload', 0), part('comparison', 1), [{ type: 'backend', backend: CHECKED }, ...part('first_step', 2)], []],
    }),
  });
  const status = page.locator('#status-text');
  const bar = page.locator('#run-progress');
  await waitForPhase(page, ['training']);
  for (const [sentence, done] of /** @type {[RegExp, number][]} */ ([
    [/Checking the graphics card.*part 1 of 3/, 0], [/Checking the graphics card.*processor.*part 2 of 3/, 1], [/Compiling for the graphics card.*part 3 of 3/, 2],
  ])) {
    await letGo(page);
    await status.getByText(sentence).waitFor();
    assert.equal(await phaseOf(page), 'compiling');
    const value = await bar.evaluate((element) => /** @type {HTMLProgressElement} */ (element).value);
    assert.ok(Math.abs(value - done / 3) < 1e-9, `${value}`);
  }
  assert.match(await textOf(page, 'backend-active'), /webgpu \(acme one\).*hardware adapter.*loss is 0\.000015 % apart.*gradients 0\.00022 %.*0\.1 % is accepted/);
  await letGo(page);
  await waitForPhase(page, ['done']);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('report').click()]);
  const report = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.deepEqual(problems(JSON.parse(readFileSync(`${DIST}/report.schema.json`, 'utf8')), report), []);
  assert.deepEqual(report.backend, CHECKED);
  assert.deepEqual(complaints, []);
});

test('a graphics card that fails its check leaves the run to the processor, and may not be chosen again', async (t) => {
  const { page } = await shared.visit(t, `${SHORT}&run=1`, {
    prepare: (opened) => write(opened, {
      backends: [[{ ...REFUSED, available: true, remark: null }, ...OTHERS], [REFUSED, ...OTHERS]],
      pulls: [[{ type: 'compiling', part: 'comparison', done: 1, of: 3 }, { type: 'backend', backend: FELL_BACK }]],
    }),
  });
  await waitForPhase(page, ['training']);
  assert.ok(!(await optionOf(page, 'webgpu')).disabled);
  await letGo(page);
  await waitForText(page, 'backend-active', /Runs on flex.*refused: the gradients differ/);
  await waitForText(page, 'backend-remarks', /webgpu: It is refused/);
  assert.ok((await optionOf(page, 'webgpu')).disabled);
  await waitForPhase(page, ['done']);
  assert.equal(await textOf(page, 'error'), '');
});

test('a graphics card asked for by name that fails its check ends the run, and loses nothing', async (t) => {
  const { page } = await shared.visit(t, SHORT, {
    prepare: (opened) => write(opened, {
      backends: [[REFUSED, ...OTHERS]],
      pulls: [[{ type: 'compiling', part: 'comparison', done: 1, of: 3 }], { code: 'self_check', message: 'The backend "webgpu" is refused: the gradients differ by 12 %.', hint: 'Choose "flex".' }],
    }),
  });
  await waitForPhase(page, ['ready']);
  await page.getByTestId('start').click();
  await waitForPhase(page, ['training']);
  await letGo(page);
  await waitForPhase(page, ['compiling']);
  await letGo(page);
  await waitForText(page, 'error', /refused: the gradients differ by 12 %.*Choose "flex"/);
  assert.equal(await phaseOf(page), 'ready');
  await page.getByTestId('start').click();
  await waitForPhase(page, ['done']);
  assert.equal(await textOf(page, 'error'), '');
});
