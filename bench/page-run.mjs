/**
 * A whole run in the release page, through the page's own buttons: saved after every epoch as a visitor would save it, and
 * going on from there when it is asked for again.
 *
 * @import { Browser, Page } from 'playwright-core'
 * @import { EpochRow } from './run-file.mjs'
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { openPage } from '../harness/browser.mjs';
import { phaseOf, textOf, waitForPhase } from '../harness/waits.mjs';
import { historyOf } from './run-file.mjs';

/** The longest epoch takes two minutes here; a machine fifteen times slower is not waited for. */
const EPOCH_PATIENCE_MS = 30 * 60_000;

/** The epochs of a run that was saved. @param {string} file @returns {EpochRow[]} */
export const savedHistory = (file) => (existsSync(file) ? historyOf(readFileSync(file)) : []);

/** @param {Page} page */
const epochsDone = (page) => page.getByTestId('epoch-table').locator('tbody tr').count();

/** Saves the run as it stands; a file half written is never in the place of a whole one. @param {Page} page @param {string} file */
async function save(page, file) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-run').click()]);
  const bytes = readFileSync(await download.path());
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
}

/** @param {Page} page @param {string} file */
async function begin(page, file) {
  await waitForPhase(page, ['ready', 'error']);
  if (savedHistory(file).length > 0) {
    await page.getByTestId('open-run').setInputFiles(file);
    await page.locator('#status-text').getByText('it goes on at').waitFor();
  }
  await page.getByTestId('start').click();
}

/** @param {EpochRow} row */
const say = (row) => `epoch ${row.epoch}: loss ${row.loss.toFixed(4)}, accuracy ${row.accuracy.toFixed(4)}, `
  + `val_loss ${row.val_loss.toFixed(4)}, val_accuracy ${row.val_accuracy.toFixed(4)}, ${row.seconds.toFixed(0)} s`;

/**
 * Trains what an address asks for.
 * @param {Browser} browser @param {string} address The page with its fragment.
 * @param {{ name: string, file: string, epochs: number }} run What it is called in the log, where it is saved, and its number of epochs.
 */
export async function trainInPage(browser, address, { name, file, epochs }) {
  const { page, context } = await openPage(browser);
  await page.goto(address);
  await begin(page, file);
  for (let done = savedHistory(file).length; done < epochs;) {
    await page.waitForFunction(
      (known) => ['done', 'error'].includes(document.documentElement.dataset.phase ?? '')
        || document.querySelectorAll('[data-testid="epoch-table"] tbody tr').length > known,
      done,
      { timeout: EPOCH_PATIENCE_MS },
    );
    if (await phaseOf(page) === 'error') throw new Error(`${name}: ${await textOf(page, 'error')}`);
    done = await epochsDone(page);
    await save(page, file);
    console.log(`    ${name}, ${say(savedHistory(file)[done - 1])}`);
  }
  await context.close();
}
