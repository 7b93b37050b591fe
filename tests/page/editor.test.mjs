/** The editor of networks: one network made of another by keyboard alone, and what the crate says of whatever an editor can make. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import { NAMED_NETWORKS } from '../../www/protocol/networks.js';
import { edited, layersOf, named } from '../../www/state/network-edits.js';
import { blamed, readable } from '../../www/state/network-rows.js';
import { createRandom, randomEdit } from '../unit/random-edits.mjs';
import { fits, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, share } from './visits.mjs';

/** @import { Page } from 'playwright-core' */

const shared = share({ before, after });

/** Presses Tab, or Shift and Tab, until a control of the editor has the focus. @param {Page} page @param {string} selector */
async function tabTo(page, selector) {
  const presses = await page.evaluate((wanted) => {
    const all = [...document.querySelectorAll('#editor summary, #editor select, #editor input, #editor button')].filter((each) => each.checkVisibility());
    return all.findIndex((each) => each.matches(wanted)) - all.indexOf(/** @type {Element} */ (document.activeElement));
  }, selector);
  for (let i = 0; i < Math.abs(presses); i += 1) await page.keyboard.press(presses > 0 ? 'Tab' : 'Shift+Tab');
  assert.ok(await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector), `the keyboard comes to ${selector}`);
}

/** The control of a row, by the row's place. @param {number} place @param {string} part */
const at = (place, part) => `#editor-list > ol > li:nth-child(${place}) > .layer-line ${part === 'more' ? '.layer-more > summary' : `[data-part="${part}"]`}`;

/** What the keyboard does with the fields of a layer: keys, or a text that replaces what is there. @typedef {Record<string, string>} Keys */

/** @param {Page} page @param {number} place @param {Keys} fields */
async function fill(page, place, fields) {
  for (const [part, keys] of Object.entries(fields)) {
    await tabTo(page, at(place, part));
    if (/^[\d.]+$/.test(keys)) {
      await page.keyboard.press('ControlOrMeta+A');
      await page.keyboard.type(keys);
    } else await page.keyboard.press(keys);
  }
}

/** Adds a layer behind another. @param {Page} page @param {number} after @param {string} letters The first of its kind's name. @param {Keys} fields */
async function add(page, after, letters, fields = {}) {
  await tabTo(page, at(after, 'add'));
  await page.keyboard.press('Enter');
  assert.ok(await page.evaluate((wanted) => document.activeElement?.matches(wanted), at(after + 1, 'kind')), 'the new layer has the focus');
  await page.keyboard.type(letters);
  await fill(page, after + 1, fields);
}

/** @param {Page} page */
const networkOf = (page) => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get('network'));

test('the tutorial’s network becomes s-24-48-72 by keyboard alone, and comes back; its link opens what was edited', async (t) => {
  const { page, complaints } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  await page.locator('#editor > summary').focus();
  await page.keyboard.press('Enter');
  await page.locator('.layer-row').first().waitFor();
  await fill(page, 1, { filters: '24', kernel: '2', more: 'Enter', begins: 'w' });
  await fill(page, 2, { function: 'g' });
  await tabTo(page, at(3, 'up'));
  for (let i = 0; i < 9; i += 1) await page.keyboard.press('Delete');
  await waitForText(page, 'editor-total', /cannot be built/);
  await page.locator('.layer-row .problem:visible').getByText('This layer takes a vector').waitFor();
  await page.keyboard.press('Control+z');
  assert.equal(await page.locator('.layer-row').count(), 4, 'what cannot be built can be undone');
  await page.keyboard.press('Control+Shift+Z');
  assert.equal(await page.locator('.layer-row').count(), 3);

  let place = 2;
  const conv = { bias: 'Space', more: 'Enter', begins: 'd' };
  const norm = { scale: 'Space', more: 'Enter', momentum: '0.6' };
  for (const filters of ['24', '48', '72']) {
    /** @type {[string, Keys?][]} */
    const block = [['c', { filters, ...conv }], ['m'], ['ba', norm], ['a', { function: 'g' }], ['c', { filters, ...conv }], ['ba', norm], ['a', { function: 'g' }]];
    for (const [letters, fields] of block) {
      await add(page, place, letters, fields);
      place += 1;
    }
  }
  await add(page, place, 'g');
  await fill(page, place + 2, { bias: 'Space' });
  await add(page, place + 2, 's');
  await page.waitForFunction(() => /network=s-24-48-72&/.test(location.hash));
  assert.equal(await page.getByTestId('editor-named').inputValue(), 's-24-48-72');
  assert.equal(await page.getByTestId('network').inputValue(), 's-24-48-72');
  await waitForText(page, 'editor-total', /120,552 parameters/);
  assert.match(await page.locator('#announce').textContent() ?? '', /This is the network s-24-48-72/);

  await tabTo(page, '#editor-undo');
  while (await page.locator('#editor-undo[aria-disabled="false"]').count() > 0) await page.keyboard.press('Control+z');
  await page.waitForFunction(() => /network=tutorial&/.test(location.hash));
  assert.equal(await page.locator('.layer-row').count(), 12);

  await t.test('axe finds nothing, and nothing is wider than a phone', async () => {
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run('#network', { resultTypes: ['violations'] }));
    assert.deepEqual(violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes[0].target}`), []);
    await page.setViewportSize({ width: 390, height: 844 });
    await fits(page, 390);
  });

  await page.locator('#editor > summary').focus(); // Axe has moved it.
  await tabTo(page, at(5, 'kind'));
  await page.keyboard.press('Alt+ArrowDown');
  assert.ok(await page.evaluate((wanted) => document.activeElement?.matches(wanted), at(6, 'kind')), 'the focus moves with the layer');
  await page.waitForFunction(() => /network=\./.test(location.hash));
  const before = await networkOf(page);
  await fill(page, 1, { filters: '16' });
  await page.keyboard.press('Tab');
  await page.waitForFunction((old) => new URLSearchParams(location.hash.slice(1)).get('network') !== old, before);
  const text = await networkOf(page);
  await page.reload();
  await waitForPhase(page, ['ready']);
  assert.equal(await networkOf(page), text);
  await page.locator('#editor > summary').press('Enter');
  assert.equal(await page.locator(at(1, 'filters')).inputValue(), '16');
  assert.equal(await page.locator(at(6, 'kind')).inputValue(), 'activation');
  assert.equal(await page.getByTestId('network').inputValue(), text);

  await page.getByTestId('start').click();
  await page.locator('#editor-fields:disabled').waitFor(); // During a run it is locked.
  await waitForPhase(page, ['done']);
  await waitForText(page, 'editor-total', /An epoch of 2,000 images takes .+ here/);
  assert.deepEqual(complaints, []);
});

test('a link’s layers that are no network are complained of, and the tutorial’s are used', async (t) => {
  const text = '.WyJieS1sYXllciIsWzEsImZsYXR0ZW4iXV0'; // A flatten alone.
  const { page } = await shared.visit(t, SHORT.replace('#', `#network=${text}&`));
  await waitForPhase(page, ['ready']);
  await page.locator('#notice-text').getByText('The link’s network cannot be built. The last layer, flatten, gives 3072 numbers').waitFor();
  assert.equal(await page.getByTestId('network').inputValue(), 'tutorial');
});

test('300 random sequences of edits end in a network that can be built or in a sentence beside the layer', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  const random = createRandom(2);
  const names = Object.keys(NAMED_NETWORKS);
  const networks = Array.from({ length: 300 }, (_, i) => {
    let network = layersOf(/** @type {any} */ (names[i % names.length]));
    for (let edits = Math.floor(random() * 6); edits >= 0; edits -= 1) network = layersOf(named(edited(network, randomEdit(random, network))));
    return network;
  });
  const answers = await page.evaluate(async (asked) => {
    const crate = await import(new URL('convburn_cpu.js', location.href).href);
    await crate.default();
    await crate.load({ backend: 'flex' }, { format_version: 1, class_names: Array.from({ length: 10 }, () => ''), shards: [] });
    const said = [];
    for (const network of asked) {
      try {
        said.push({ parameters: (await crate.summary_of({ network })).total_parameters });
      } catch (thrown) {
        const { code, message } = /** @type {any} */ (thrown);
        said.push({ code, message });
      }
    }
    return said;
  }, networks);

  let built = 0;
  answers.forEach(({ parameters, code, message }, i) => {
    if (parameters !== undefined) {
      built += 1;
      return;
    }
    assert.equal(code, 'invalid_config', message);
    const sentence = message.replace('The setting "network" cannot be used: ', '');
    const isOfAll = /^(it has|none of|The setting)/.test(sentence);
    assert.ok(isOfAll || blamed(networks[i], sentence) !== null, sentence);
    assert.match(readable(sentence, !isOfAll), /^[A-Z].*\.$/);
  });
  assert.ok(built > 30 && built < 270, `${built} can be built`);
});
