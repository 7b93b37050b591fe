/** The page in Firefox, which trains on the CPU: the whole story, and the same figures as in Chromium. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Key } from 'selenium-webdriver';
import {
  chooseIn, epochsIn, phaseIn, press, shareFirefox, tabToIn, textIn, waitForPhaseIn, waitForTextIn,
} from './firefox-harness.mjs';
import { launch, openPage } from '../../harness/browser.mjs';
import { phaseOf, textOf, waitForPhase } from '../../harness/waits.mjs';
import { SHORT } from './visits.mjs';
import { FOREIGN_SVG, HEIC, SHOWN, differenceOf, pictureCases } from './picture-cases.mjs';
import { whitePng } from './png.mjs';

const shared = shareFirefox({ before, after });

/** How many of the sample pictures show more than one colour. */
const PICTURES = `return [...document.querySelectorAll('#samples canvas')].filter((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size > 10;
}).length`;

/** @param {string} text Of the list of shares. @returns {number[]} */
const shares = (text) => [...text.matchAll(/([\d.]+) %/g)].map(([, share]) => Number(share));

/** The figures that a link gives in Chromium. @param {import('node:test').TestContext} t @param {string} fragment */
async function figuresOfChromium(t, fragment) {
  const browser = await launch();
  t.after(() => browser.close());
  const { page } = await openPage(browser);
  await page.goto(`${shared.url()}${fragment}`);
  await waitForPhase(page, ['done', 'error']);
  assert.equal(await phaseOf(page), 'done', await textOf(page, 'error'));
  return page.getByTestId('epoch-table').locator('tbody tr td').allTextContents();
}

test('the story in Firefox: look, train, read the figures, which are Chromium’s, ask', async (t) => {
  const { driver, complaints } = await shared.visit(t, SHORT);
  await waitForPhaseIn(driver, ['ready', 'error']);
  assert.equal(await phaseIn(driver), 'ready', await textIn(driver, 'error'));
  assert.match(await textIn(driver, 'backend-active'), /flex/);
  assert.equal(await driver.executeScript(PICTURES), 25);

  await tabToIn(driver, 'start');
  await press(driver, Key.ENTER);
  await waitForPhaseIn(driver, ['done', 'error']);
  assert.equal(await phaseIn(driver), 'done', await textIn(driver, 'error'));
  const rows = await epochsIn(driver);
  assert.equal(rows.length, 1);
  const [[, ...inFirefox]] = rows;
  const accuracy = Number(await textIn(driver, 'val-accuracy'));
  assert.ok(accuracy > 0.2 && accuracy < 0.7, `val_accuracy ${accuracy}`);

  await tabToIn(driver, 'random-test');
  await press(driver, Key.SPACE);
  await waitForTextIn(driver, 'predictions', /\d %/);
  const answer = shares(await textIn(driver, 'predictions'));
  assert.equal(answer.length, 10);
  const sum = answer.reduce((total, share) => total + share, 0);
  assert.ok(Math.abs(sum - 100) <= 0.5, `ten shares sum to ${sum} %`);
  assert.match(await textIn(driver, 'backend-active'), /flex/);
  assert.equal(await textIn(driver, 'error'), '');
  assert.deepEqual(complaints, []);

  const inChromium = await figuresOfChromium(t, `${SHORT}&run=1`);
  // Accuracy, loss, val_accuracy and val_loss; the times after them are each machine's own.
  assert.deepEqual(inFirefox.slice(0, 4), inChromium.slice(0, 4));
  t.diagnostic(`Firefox: ${inFirefox.join(' ')}; Chromium: ${inChromium.join(' ')}`);
});

test('pause, resume and stop in Firefox', async (t) => {
  const { driver, complaints } = await shared.visit(t, `${SHORT.replace('epochs=1', 'epochs=50')}&run=1`);
  await waitForTextIn(driver, 'images-per-second', /\d/);
  await tabToIn(driver, 'pause');
  await press(driver, Key.SPACE);
  await waitForPhaseIn(driver, ['paused'], 10_000);
  await press(driver, Key.SPACE);
  await waitForPhaseIn(driver, ['training'], 10_000);
  await driver.wait(async () => (await epochsIn(driver)).length > 0, 60_000, 'for an epoch after the pause');
  await tabToIn(driver, 'stop');
  await press(driver, Key.ENTER);
  await waitForPhaseIn(driver, ['ready'], 10_000);
  assert.equal(await textIn(driver, 'error'), '');
  assert.deepEqual(complaints, []);
});

test('without WebGPU the page trains on the CPU and says why', async (t) => {
  const { driver } = await shared.visit(t, '#train=2000&test=1000');
  await waitForPhaseIn(driver, ['ready', 'error']);
  assert.equal(await phaseIn(driver), 'ready', await textIn(driver, 'error'));
  await waitForTextIn(driver, 'backend-active', /flex.*On the CPU, because .*WebGPU/);
});

/** Chooses a picture by a file on disk. @param {import('node:test').TestContext} t @param {import('selenium-webdriver').WebDriver} driver */
function choosing(t, driver) {
  const folder = mkdtempSync(join(tmpdir(), 'convburn-pictures-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return (/** @type {string} */ name, /** @type {Buffer} */ bytes) => {
    writeFileSync(join(folder, name), bytes);
    return chooseIn(driver, 'predict-file', join(folder, name));
  };
}

test('every picture in Firefox is the average of its middle square, whatever its kind and size', async (t) => {
  const { driver, complaints } = await shared.visit(t, SHORT);
  const choose = choosing(t, driver);
  for (const { name, bytes, levels } of pictureCases()) {
    await choose(name, bytes);
    await waitForTextIn(driver, 'subject-title', new RegExp(`^${name}, as the network sees it`));
    const difference = differenceOf(await driver.executeScript(`return ${SHOWN}`), levels);
    t.diagnostic(`${name}: ${difference.toFixed(2)} levels`);
    assert.ok(difference <= 2, `${name} differs by ${difference} levels`);
  }
  assert.equal(await textIn(driver, 'error'), '');
  await choose('IMG_1', HEIC);
  await waitForTextIn(driver, 'error', /“IMG_1” is a HEIC picture, which this browser cannot read/);
  await choose('drawing', FOREIGN_SVG);
  await waitForTextIn(driver, 'error', /“drawing” is an SVG picture with parts of a web page in it/);
  assert.deepEqual(complaints, []);
});

test('a Firefox that falsifies canvases is said, and shows the network nothing false', async (t) => {
  const { driver } = await shared.visitWith(t, SHORT, { 'privacy.resistFingerprinting': true });
  await choosing(t, driver)('photo.png', whitePng(40, 40));
  await waitForTextIn(driver, 'error', /“photo\.png” cannot be given to the network: this browser falsifies.*Allow this page to use canvas data/);
  assert.doesNotMatch(await textIn(driver, 'subject-title'), /photo/);
});
