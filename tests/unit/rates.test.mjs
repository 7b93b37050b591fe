/** The learning rate's curve and the augmented pictures: when the engine is asked, and what is made of its answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createAugmenting } from '../../www/live/augmenting.js';
import { createRates, ratesOf } from '../../www/state/rates.js';
import { createStore } from '../../www/state/store.js';
import { rateSentence } from '../../www/views/rate.js';

const { loaded } = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const RATES = { epoch_steps: 10, steps: [0, 4, 19], lr: [0.02, 0.1, 0.005], muon_lr: null };

/** A page whose clock is turned by hand. */
function visit() {
  const store = createStore(() => 0);
  /** @type {any[]} */
  const sent = [];
  /** @type {(() => void)[]} */
  const due = [];
  const [send, later] = [(/** @type {any} */ command) => sent.push(command), (/** @type {() => void} */ call) => due.push(call)];
  const rates = createRates(store, send, later);
  const augmenting = createAugmenting(store, send, later);
  store.subscribe((_state, _before, message) => {
    rates.look();
    augmenting.heard(message);
  });
  const dispatch = (/** @type {any} */ message) => store.dispatch(message);
  dispatch({ type: 'ready' });
  dispatch({ type: 'loaded', loaded });
  return {
    store,
    dispatch,
    sent,
    edit: (/** @type {string} */ field, /** @type {string} */ text) => dispatch({ type: 'field_edited', field, text }),
    /** The settings have rested. */
    rest: () => due.splice(0).forEach((call) => call()),
  };
}

test('the rate is asked for once settings rest, only where a schedule moves it, and not again', () => {
  const page = visit();
  page.edit('lr', '0.1');
  page.rest();
  assert.equal(page.sent.length, 0);
  page.edit('schedule', 'one-cycle');
  page.edit('lr', '0.2');
  page.edit('lr', '0.1');
  assert.equal(page.sent.length, 0);
  page.rest();
  assert.deepEqual(page.sent.map(({ type, config }) => [type, config.lr, config.schedule]), [['learning_rates', 0.1, 'one-cycle']]);
  page.rest();
  page.dispatch({ type: 'learning_rates', config: page.sent[0].config, rates: RATES });
  page.edit('seed', '5');
  page.rest();
  const { config } = page.store.get();
  assert.deepEqual([page.sent.length, ratesOf(page.store.get(), config)], [1, RATES], 'a seed is nothing to a rate');
  assert.equal(ratesOf(page.store.get(), { ...config, epochs: 77 }), null);
});

test('a setting that cannot be used asks nothing, and a refusal is not asked for again', () => {
  const page = visit();
  page.edit('schedule', 'cosine');
  page.edit('batch', '60000');
  page.rest();
  assert.equal(page.sent.length, 0);
  page.edit('batch', '1');
  page.rest();
  page.dispatch({ type: 'error', error: { code: 'invalid_config', message: 'No.', hint: 'Other.' }, command: 'learning_rates' });
  page.rest();
  assert.deepEqual([page.sent.length, page.store.get().error], [1, null]);
});

test('pictures are augmented while somebody looks at them, and an answer that is out of date is dropped', () => {
  const page = visit();
  page.dispatch({ type: 'pool_filled', split: 'train', records: new Uint8Array(6 * 3_073) });
  page.edit('shift_px', '2');
  page.rest();
  assert.equal(page.sent.length, 0, 'nobody looks');
  page.dispatch({ type: 'augmentation_shown', isShown: true });
  page.rest();
  page.dispatch({ type: 'next_augmentation' });
  page.rest();
  assert.deepEqual(page.sent.map(({ type, first, count, epoch, config }) => [type, first, count, epoch, config.shift_px]), [['augment', 0, 6, 0, 2], ['augment', 0, 6, 1, 2]]);
  page.dispatch({ type: 'augmented', id: 1, records: new Uint8Array([1]) });
  assert.equal(page.store.get().augmentation.records, null);
  page.dispatch({ type: 'augmented', id: 2, records: new Uint8Array([2]) });
  assert.deepEqual(page.store.get().augmentation.records, new Uint8Array([2]));
  page.edit('momentum', '0.5');
  page.rest();
  assert.equal(page.sent.length, 2, 'what changes no picture asks for none');
});

test('the curve is told as a sentence', () => {
  assert.equal(rateSentence(RATES), 'It begins at 0.02, is highest in epoch 1 with 0.1, and ends at 0.005.');
  assert.match(rateSentence({ ...RATES, muon_lr: [0.01, 0.05, 0.0025] }), /Muon’s own goes the same way, up to 0\.05\.$/);
});
