/**
 * A run goes from the browser to the command line and back: the same file, history and place; what is computed further
 * differs by rounding alone. The program is the one that the native tests built.
 *
 * What the command line does by itself is tests/cli.rs's.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { phaseOf, textOf, waitForPhase } from '../../harness/waits.mjs';
import { onDisk, share } from './visits.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/convburn');
/** Two epochs of ten steps, each measured on a hundred images. */
const RUN = '#backend=flex&workers=1&train=320&test=100&epochs=2&seed=7';
/** As far as ten steps may part by rounding, as a share of the loss; the goldens allow ten times as much (tests/native/golden.rs). */
const LOSS_TOLERANCE = 1e-4;

const shared = share({ before, after });
const folder = mkdtempSync(join(tmpdir(), 'convburn-cli-'));
after(() => rmSync(folder, { recursive: true }));

/** What the program says to a command, a JSON value a line. @param {string[]} words @returns {any[]} */
function run(...words) {
  const said = execFileSync(PROGRAM, [...words, '--json'], { cwd: ROOT, encoding: 'utf8' });
  return said.trim().split('\n').map((line) => JSON.parse(line));
}

/** The epochs of a run's file. @param {string} file */
const historyOf = (file) => run('info', file)[0].history.map((/** @type {any} */ { seconds: _, step_ms: __, ...figures }) => figures);

test('a run that Chromium began goes on by the command line, and its end goes on in Chromium', async (t) => {
  const { page } = await shared.visit(t, `${RUN.replace('epochs=2', 'epochs=1')}&run=1`);
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  const save = async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-run').click()]);
    return onDisk(download.suggestedFilename(), readFileSync(await download.path()));
  };
  const begun = await save();
  const info = run('info', begun)[0];
  assert.deepEqual([info.kind, info.config.seed, info.config.train, info.position, info.history.length], ['run', 7, 320, null, 1]);
  const shown = await page.getByTestId('epoch-table').locator('tbody tr').first().locator('td').first().textContent();
  assert.equal(info.history[0].accuracy.toFixed(4), shown);

  // The next ten steps, natively and in the browser.
  const ended = join(folder, 'ended.safetensors');
  const words = run('train', '--from', begun, '--epochs', '2', '--save', ended);
  assert.ok(words.some(({ type, complete }) => type === 'saved' && complete));
  await page.getByTestId('more-epochs').fill('2');
  await page.getByTestId('more-start').click();
  await page.locator('#status-text').getByText(/after 2 epochs/).waitFor();
  const [native, browsers] = [historyOf(ended), historyOf(await save())];
  assert.deepEqual(native[0], browsers[0], 'what was trained before is the same to the digit');
  assert.ok(Math.abs(native[1].loss - browsers[1].loss) < LOSS_TOLERANCE * browsers[1].loss, `${native[1].loss} and ${browsers[1].loss}`);

  // The native program's file, in the browser.
  const other = (await shared.visit(t, RUN)).page;
  await waitForPhase(other, ['ready']);
  await other.getByTestId('open-run').setInputFiles(ended);
  await waitForPhase(other, ['done']);
  const rows = other.getByTestId('epoch-table').locator('tbody tr');
  assert.equal(await rows.count(), 2);
  assert.equal(await rows.nth(1).locator('td').nth(2).textContent(), native[1].val_accuracy.toFixed(4));
  await other.getByTestId('more-epochs').fill('3');
  await other.getByTestId('more-start').click();
  await rows.nth(2).waitFor();
  await waitForPhase(other, ['done']);
  assert.equal(await textOf(other, 'error'), '');
});
