/**
 * Two workers in a real browser: a helper that dies in the middle of a run, by an exception, by closing itself
 * or because it cannot be started, changes no figure of it.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST } from '../../harness/server.mjs';
import { textOf, waitForPhase } from '../../harness/waits.mjs';
import { share } from './visits.mjs';

const shared = share({ before, after });
const HELPER = readFileSync(join(DIST, 'engine/helper.js'), 'utf8');
/** Its listener comes before helper.js's own: at the third job it dies as `death` says. @param {string} death */
const dying = (death) => `let jobs = 0; self.addEventListener('message', ({ data }) => { if (data.task && (jobs += 1) === 3) { ${death} } });\n${HELPER}`;
const THROWS = dying('queueMicrotask(() => { throw new Error("a test"); }); self.onmessage = null;');
const CLOSES = dying('self.onmessage = null; self.close();');

/** A helper that has closed itself is missed after 3 seconds and not 10. */
const IMPATIENT = readFileSync(join(DIST, 'engine/pool.js'), 'utf8').replace('PATIENCE_MS = 10_000', 'PATIENCE_MS = 3_000');

/**
 * Trains ten steps by the page's own worker, and counts the helpers' scripts that were asked for.
 * @param {import('node:test').TestContext} t @param {number} workers @param {string[]} helpers The scripts that helpers get, in turn; the last one stays.
 */
async function train(t, workers, helpers) {
  let started = 0;
  shared.answer(t, 'engine/helper.js', (response) => {
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(helpers[Math.min(started, helpers.length - 1)]);
    started += 1;
  });
  shared.answer(t, 'engine/pool.js', (response) => void response.writeHead(200, { 'content-type': 'text/javascript' }).end(IMPATIENT));
  const { page, complaints } = await shared.visit(t, '#backend=flex&train=320&test=100&workers=1');
  const figures = await page.evaluate(async (count) => {
    const worker = new Worker('engine/worker.js', { type: 'module' });
    /** @type {any[]} */
    const said = [];
    let wake = () => {};
    worker.onmessage = ({ data }) => {
      said.push(data);
      wake();
    };
    /** @param {string} type @returns {Promise<any>} */
    const next = async (type) => {
      for (;;) {
        const message = said.shift();
        if (!message) await new Promise((resolve) => { wake = () => resolve(undefined); });
        else if (message.type === 'error' || message.type === 'failed') throw new Error(message.error.message);
        else if (message.type === type) return message;
      }
    };
    const manifest = await (await fetch('data/cifar10/manifest.json')).json();
    const config = {
      backend: 'flex', workers: count, train: 320, test: 250, epochs: 1, batch: 32, lr: 0.001, seed: 7,
      optimizer: 'adam', augment: 'flip-shift', report_every_ms: 250,
    };
    await next('ready');
    worker.postMessage({ type: 'load', config, manifest, turn: 1 });
    const { loaded } = await next('loaded');
    for (const split of ['train', 'test']) {
      const bytes = new Uint8Array(await (await fetch(`data/cifar10/${split}-00.bin.gz`)).arrayBuffer());
      worker.postMessage({ type: 'add_shard', id: `1/${split}`, split, bytes });
      await next('shard_added');
    }
    worker.postMessage({ type: 'start', config });
    const { result, evaluation } = await next('epoch_end');
    worker.terminate();
    return {
      workers: loaded.backend.workers, loss: result.loss, accuracy: result.accuracy,
      valLoss: result.val_loss, confusion: JSON.stringify(evaluation.confusion),
    };
  }, workers);
  assert.deepEqual(complaints, []);
  return { figures, started };
}

test('a helper that dies in a run is replaced, and the run’s figures are those of an undisturbed one', async (t) => {
  const undisturbed = await train(t, 2, [HELPER]);
  assert.equal(undisturbed.figures.workers, 2);
  assert.equal(undisturbed.started, 1);

  const disturbed = await train(t, 2, [THROWS, CLOSES, HELPER]);
  assert.deepEqual(disturbed.figures, undisturbed.figures);
  assert.equal(disturbed.started, 3, 'one threw, one closed itself, the third one lived');

  const alone = await train(t, 2, ['throw new Error("no helper starts")']);
  assert.deepEqual(alone.figures, undisturbed.figures, 'the run’s own worker computed the slices');
  assert.ok(alone.started > 2);

  const one = await train(t, 1, [HELPER]);
  assert.equal(one.started, 0);
  assert.ok(Math.abs(one.figures.loss / undisturbed.figures.loss - 1) < 1e-4);
});

test('the page says on how many cores it trains, and the address bar how many were asked for', async (t) => {
  const { page } = await shared.visit(t, '#backend=flex&train=320&test=100&epochs=1&workers=3&run=1');
  await waitForPhase(page, ['done']);
  assert.match(await textOf(page, 'backend-active'), /Runs on flex, (on 3 cores|with 3 workers on \d cores?, which only takes more time)\./);
  await page.getByLabel('Processor cores').fill('1');
  await page.getByLabel('Processor cores').press('Tab');
  assert.match(page.url(), /workers=1/);
  assert.match(await textOf(page, 'backend-active'), /applies at the next start/);
});
