/**
 * A network that fails while the images come: what may pass is tried again, what is missing is said.
 *
 * What will not pass, and what the bytes may be, is in bad-input.test.mjs.
 *
 * @import { Page } from 'playwright-core'
 * @import { Answer } from '../../harness/server.mjs'
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIST, serve } from '../../harness/server.mjs';
import { phaseOf, textOf, until, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, share } from './visits.mjs';

const shared = share({ before, after });
const SHARDS = 'data/cifar10/';
const GZIP = { 'content-type': 'application/gzip' };

/** A part of a file, and then what is to come. @param {() => void} [then] @returns {Answer} */
const beginning = (then = () => undefined) => (response) => {
  response.writeHead(200, { ...GZIP, 'content-length': '4000000' });
  response.write('a beginning', then);
};

/** @param {Page} page */
async function endsWell(page) {
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  assert.equal(await textOf(page, 'error'), '');
}

/** How often a file is asked for from now on. @param {string} path */
function count(path) {
  const mark = shared.requests().length;
  return () => shared.requests().slice(mark).filter((each) => each === path).length;
}

/** Says that there is a network: a page that waits between its tries then tries at once. @param {Page} page */
const sayOnline = (page) => page.evaluate(() => void dispatchEvent(new Event('online')));

/** @param {Page} page */
const untilComplaint = (page) => until('the page complains', async () => await textOf(page, 'error') !== '', () => sayOnline(page));

/** @param {Page} page @param {RegExp} pattern */
const dataNotice = (page, pattern) => page.locator('#data-notice').getByText(pattern).waitFor();

test('a part that fails three times and then comes is waited for, and the run begins by itself', async (t) => {
  const path = `${SHARDS}train-00.bin.gz`;
  /** The third try, which hangs until the test breaks it off: else word of a network might bring the fourth before anybody has looked. @type {Promise<import('node:http').ServerResponse>} */
  const third = new Promise((resolve) => {
    /** @type {Answer[]} */
    const failures = [
      (response) => void response.writeHead(503).end(),
      (response) => void response.writeHead(429).end(),
      (response) => beginning(() => resolve(response))(response),
    ];
    shared.answer(t, path, (response) => {
      const [failure] = failures.splice(0, 1);
      if (failures.length === 0) shared.answers().delete(path);
      failure(response);
    });
  });
  const tries = count(path);
  const { page } = await shared.visit(t, `${SHORT}&run=1`);
  await dataNotice(page, /Not here yet: the server answered 503 for “train-00\.bin\.gz”.*tries again by itself/);
  await page.locator('#status-text').getByText('Some images did not come: trying again').waitFor();
  assert.ok(await page.locator('#data-retry').isHidden());
  assert.equal(await textOf(page, 'error'), '');
  await until('it is tried a third time', () => tries() === 3, () => sayOnline(page));
  (await third).destroy();
  await dataNotice(page, /“train-00\.bin\.gz” could not be fetched/);
  await until('it is tried a fourth time', () => tries() === 4, () => sayOnline(page));
  await endsWell(page);
  assert.ok(await page.locator('#data-notice').isHidden());
  assert.equal(tries(), 4);
});

test('a part that comes damaged once is fetched again, and nothing is complained of', async (t) => {
  const path = `${SHARDS}test-00.bin.gz`;
  shared.answer(t, path, (response) => {
    shared.answers().delete(path);
    response.writeHead(200, GZIP).end(readFileSync(join(DIST, path)).subarray(0, 100_000));
  });
  const tries = count(path);
  const { page } = await shared.visit(t, `${SHORT}&run=1`);
  await endsWell(page);
  assert.equal(tries(), 2);
});

test('a server that goes in the middle is said, and when it is back the button brings the rest', async (t) => {
  let server = await serve();
  t.after(() => server.close());
  const { port } = new URL(server.url);
  server.answers.set(`${SHARDS}train-03.bin.gz`, beginning(() => void server.close()));
  const { page } = await shared.visit(t, SHORT.replace('train=2000', 'train=8000'), { port });
  await dataNotice(page, /Not here yet: .* could not be fetched.*tries again by itself/);
  await untilComplaint(page);
  await waitForText(page, 'error', /images could not be had: “.*\.bin\.gz” could not be fetched.*try again/);
  assert.equal(await phaseOf(page), 'loading');
  server = await serve(DIST, { port: Number(port) });
  await page.getByRole('button', { name: 'Try again' }).click();
  await waitForPhase(page, ['ready']);
  assert.equal(await textOf(page, 'error'), '');
  assert.ok(server.requests.every((path) => path.startsWith(SHARDS)), `only images were asked for: ${server.requests.join(' ')}`);
});

test('a network that is back brings the rest by itself', async (t) => {
  const path = `${SHARDS}train-01.bin.gz`;
  /** @type {Promise<import('node:http').ServerResponse>} */
  const begun = new Promise((resolve) => {
    shared.answer(t, path, (response) => beginning(() => resolve(response))(response));
  });
  const { page, context } = await shared.visit(t, SHORT.replace('train=2000', 'train=4000'));
  await waitForText(page, 'backend-active', /flex/); // The engine is there, and train-00 has come.
  const response = await begun;
  shared.answers().delete(path);
  await context.setOffline(true);
  response.destroy();
  await untilComplaint(page);
  await waitForText(page, 'error', /“train-01\.bin\.gz” could not be fetched/);
  await context.setOffline(false);
  await waitForPhase(page, ['ready']);
  assert.equal(await textOf(page, 'error'), '');
});
