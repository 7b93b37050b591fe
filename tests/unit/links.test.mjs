/** Links: taken, or refused while a run is under way, and opened after all. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readAddress, toFragment } from '../../www/state/config.js';
import { DEFAULTS } from '../../www/state/fields.js';
import { createLinks } from '../../www/state/links.js';
import { createStore } from '../../www/state/store.js';

const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const [RUNS, LINK] = [`${toFragment(fixture.loaded.config, false)}&run=1`, toFragment({ ...DEFAULTS, seed: 99 }, false)];

/** A page whose address is `hash`. @param {string} hash */
function visit(hash) {
  const store = createStore(() => 0);
  /** @type {any[]} */
  const sent = [];
  const address = { bar: hash };
  const links = createLinks(store, (command) => sent.push(command.type), {
    read: () => address.bar,
    replace: (to) => { address.bar = to; },
    push: (to) => { address.bar = to; },
  });
  store.subscribe(links.look);
  links.follow();
  return {
    store,
    sent,
    address,
    open: links.open,
    dispatch: (/** @type {any} */ message) => store.dispatch(message),
    /** A click on a link. @param {string} to */
    click(to) {
      const before = address.bar;
      address.bar = to;
      if (to !== before) links.follow(before); // Else no browser says that the fragment has changed.
    },
  };
}

/** A page that trains. */
function training() {
  const page = visit(RUNS);
  for (const message of [{ type: 'ready' }, { type: 'loaded', loaded: fixture.loaded }, { type: 'started', loaded: fixture.loaded }]) page.dispatch(message);
  assert.equal(page.store.get().phase, 'training');
  return page;
}

test('a link followed during a run is refused: the address says what runs, however often it is followed', () => {
  const page = training();
  for (const _ of [1, 2]) {
    page.click(LINK);
    assert.equal(page.address.bar, RUNS);
    const { error, link, config } = page.store.get();
    assert.deepEqual([error?.code, link, config.seed], ['busy', { hash: LINK, wanted: false }, fixture.loaded.config.seed]);
    page.dispatch({ type: 'error_dismissed' });
    assert.equal(page.store.get().link, null);
  }
  assert.deepEqual(page.sent, []);
});

test('what was refused is opened at a click, with the run stopped', () => {
  const page = training();
  page.click(LINK);
  page.open();
  page.dispatch(fixture.events.find((/** @type {any} */ each) => each.type === 'progress'));
  assert.deepEqual([page.sent, page.address.bar], [['stop'], RUNS], 'it is stopped once');
  page.dispatch({ type: 'stopped', epoch: 1, step: 3 });
  const { config, error, link } = page.store.get();
  assert.deepEqual([page.address.bar, config.seed, error, link], [LINK, 99, null, null]);
});

test('a Start that is being prepared, and an engine that is being replaced, are stopped too', () => {
  const starting = visit(RUNS);
  for (const message of [{ type: 'ready' }, { type: 'loaded', loaded: fixture.loaded }, { type: 'start_sent' }]) starting.dispatch(message);
  starting.click(LINK);
  starting.open();
  assert.deepEqual(starting.sent, [], 'the engine would not hear it yet');
  starting.dispatch({ type: 'started', loaded: fixture.loaded });
  assert.deepEqual(starting.sent, ['stop']);

  const lost = training();
  lost.dispatch(fixture.events.find((/** @type {any} */ each) => each.type === 'epoch_end'));
  lost.dispatch({ type: 'recovering', reason: 'It broke.', resumes: true, restores: true, changes: null });
  lost.click(LINK);
  lost.open();
  assert.equal(lost.address.bar, LINK);
});

test('once nothing runs the same link can be followed, or opened by its button, and a bad one is complained of', () => {
  const bad = `${LINK}&colour=red`;
  for (const way of ['follow', 'button']) {
    const page = training();
    page.click(bad);
    page.dispatch({ type: 'done', epochs: 1 });
    if (way === 'follow') page.click(bad);
    else page.open();
    const { config, error, link } = page.store.get();
    assert.deepEqual([page.address.bar, config.seed, error?.code, link], [bad, 99, 'invalid_link', null], way);
  }
});

test('the run’s own link, written otherwise, takes no refused one’s place', () => {
  const page = training();
  page.click(LINK);
  page.click(toFragment(fixture.loaded.config, false));
  assert.deepEqual([page.address.bar, page.store.get().link?.hash], [RUNS, LINK]);
});

test('a link to what runs already is no news', () => {
  const page = training();
  page.click(toFragment(fixture.loaded.config, true));
  assert.deepEqual([page.store.get().error, page.store.get().link, readAddress(page.address.bar).config.seed], [null, null, fixture.loaded.config.seed]);
});
