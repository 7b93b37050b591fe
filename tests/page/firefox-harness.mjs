/**
 * Firefox for the page tests: one for all visits of a file, and the waits of the harness in its terms.
 *
 * Playwright drives only a Firefox of its own making, so selenium-webdriver drives the one that
 * visitors have. It downloads nothing: browser and driver are named.
 *
 * CONVBURN_FIREFOX names the browser, CONVBURN_GECKODRIVER its driver.
 *
 * @import { WebDriver } from 'selenium-webdriver'
 */
import { By, Key } from 'selenium-webdriver';
import logInspector from 'selenium-webdriver/bidi/logInspector.js';
import { Driver, Options, ServiceBuilder } from 'selenium-webdriver/firefox.js';
import { DIST, serve } from '../../harness/server.mjs';
import { PATIENCE_MS } from '../../harness/waits.mjs';

const FIREFOX = process.env.CONVBURN_FIREFOX ?? '/usr/bin/firefox-esr';
const GECKODRIVER = process.env.CONVBURN_GECKODRIVER ?? '/usr/bin/geckodriver';

// Selenium asks this program for a browser or a driver that it was not told of, and the program
// downloads them. There is none of this name, so that a mistake here is an error.
process.env.SE_MANAGER_PATH = 'selenium-manager-is-not-used';

/** @param {Record<string, boolean>} preferences */
function options(preferences) {
  const chosen = new Options();
  chosen.setBinary(FIREFOX);
  chosen.addArguments('-headless');
  // Where it reports the page's errors.
  chosen.enableBidi();
  // Firefoxes differ in whether they have WebGPU; these tests are of the page without it.
  chosen.setPreference('dom.webgpu.enabled', false);
  // On macOS Tab passes over buttons unless this is asked for.
  chosen.setPreference('accessibility.tabfocus', 7);
  for (const [name, value] of Object.entries(preferences)) chosen.setPreference(name, value);
  return chosen;
}

/** What the page complains of, from now on. @param {WebDriver} driver */
async function listen(driver) {
  /** @type {string[]} */
  const complaints = [];
  const inspector = await logInspector(driver);
  await inspector.onLog((entry) => {
    if (entry.level === 'error') complaints.push(entry.text);
  });
  return complaints;
}

/** @param {Record<string, boolean>} [preferences] */
const open = (preferences = {}) => Driver.createSession(options(preferences), new ServiceBuilder(GECKODRIVER).build());

/** Copies of the page on the server: each keeps what it stores to itself, as a profile does. */
const COPIES = 9;

/**
 * One server and one Firefox for all tests of a file, as visits.mjs has it for Chromium.
 * @param {{ before: (hook: () => Promise<void>) => void, after: (hook: () => Promise<void>) => void }} hooks
 */
export function shareFirefox({ before, after }) {
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let server;
  /** @type {Driver} */
  let firefox;
  /** @type {string[]} */
  let complaints;
  let visits = 0;
  before(async () => {
    server = await serve(DIST, { folders: Object.fromEntries(Array.from({ length: COPIES }, (_, i) => [`/${i}/`, DIST])) });
    firefox = open();
    complaints = await listen(firefox);
  });
  after(async () => {
    await server?.close();
    await firefox?.quit();
  });
  return {
    /** The page's address, for another browser. */
    url: () => server.url,
    /**
     * A copy of the page that nobody has visited, left when the test ends.
     * @param {{ after: (hook: () => Promise<void>) => void }} test
     * @param {string} fragment
     */
    async visit(test, fragment) {
      const url = new URL(`/${visits}/`, server.url).href;
      visits += 1;
      complaints.length = 0;
      test.after(() => firefox.get('about:blank'));
      await firefox.get(`${url}${fragment}`);
      return { driver: firefox, complaints };
    },
    /**
     * A page in a Firefox of its own with other preferences, ended when the test ends.
     * @param {{ after: (hook: () => Promise<void>) => void }} test
     * @param {string} fragment
     * @param {Record<string, boolean>} preferences
     */
    async visitWith(test, fragment, preferences) {
      const driver = open(preferences);
      test.after(() => driver.quit());
      await driver.get(`${server.url}${fragment}`);
      return { driver };
    },
  };
}

/** @param {WebDriver} driver @returns {Promise<string>} */
export const phaseIn = (driver) => driver.executeScript('return document.documentElement.dataset.phase');

/** @param {string} id */
const byTestId = (id) => By.css(`[data-testid="${id}"]`);

/** The text that is in an element, on screen or not. @param {WebDriver} driver @param {string} id @returns {Promise<string>} */
export const textIn = (driver, id) => driver.executeScript('return arguments[0].textContent', driver.findElement(byTestId(id)));

/** @param {WebDriver} driver @param {string[]} phases @param {number} [timeout] */
export async function waitForPhaseIn(driver, phases, timeout = PATIENCE_MS) {
  try {
    await driver.wait(async () => phases.includes(await phaseIn(driver)), timeout);
  } catch (thrown) {
    const said = await driver.executeScript("return [...document.querySelectorAll('#status-text, #notice-text')].map((text) => text.textContent).join(' ')");
    throw new Error(`waited for ${phases.join(' or ')}, and it is ${await phaseIn(driver)}: ${said}`, { cause: thrown });
  }
}

/** @param {WebDriver} driver @param {string} id @param {RegExp} pattern @param {number} [timeout] */
export async function waitForTextIn(driver, id, pattern, timeout = PATIENCE_MS) {
  await driver.wait(async () => pattern.test(await textIn(driver, id)), timeout, `for ${pattern} in ${id}`);
}

/** Presses a key where the focus is. @param {WebDriver} driver @param {string} key */
export const press = (driver, key) => driver.actions().sendKeys(key).perform();

/** Presses Tab until the element has the focus. @param {WebDriver} driver @param {string} id */
export async function tabToIn(driver, id) {
  for (let presses = 0; presses < 120; presses += 1) {
    if (await driver.executeScript('return document.activeElement?.dataset.testid') === id) return;
    await press(driver, Key.TAB);
  }
  throw new Error(`Tab does not reach ${id}`);
}

/** The text of each cell of each epoch's row. @param {WebDriver} driver @returns {Promise<string[][]>} */
export const epochsIn = (driver) => driver.executeScript(`
  const rows = document.querySelectorAll('[data-testid="epoch-table"] tbody tr');
  return [...rows].map((row) => [...row.cells].map((cell) => cell.textContent));`);

/** Chooses a file. @param {WebDriver} driver @param {string} id @param {string} path */
export const chooseIn = (driver, id, path) => driver.findElement(byTestId(id)).sendKeys(path);
