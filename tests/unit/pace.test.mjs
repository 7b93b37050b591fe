/** How often the panels are drawn: bounded while figures come, at once for everything else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createStore } from '../../www/state/store.js';
import { DRAW_EVERY_MS, paced } from '../../www/views/pace.js';

const fixture = JSON.parse(readFileSync(new URL('../fixtures/protocol.json', import.meta.url), 'utf8'));
const event = (/** @type {string} */ type) => fixture.events.find((/** @type {any} */ each) => each.type === type);

/** A store whose run has begun, and a panel that is drawn. */
function makePanel() {
  const clock = { nowMs: 0, calls: /** @type {{ call: () => void, atMs: number }[]} */ ([]) };
  const store = createStore(() => clock.nowMs);
  const panels = paced(store, { now: () => clock.nowMs, later: (call, ms) => clock.calls.push({ call, atMs: clock.nowMs + ms }) });
  /** @type {{ epochs: number, before: number, type: string, atMs: number }[]} */
  const drawn = [];
  panels.subscribe((state, before, { type }) => drawn.push({ epochs: state.epochs.length, before: before.epochs.length, type, atMs: clock.nowMs }));
  store.dispatch({ type: 'started', loaded: fixture.loaded });
  /** @param {number} ms */
  function pass(ms) {
    clock.nowMs += ms;
    for (const due of clock.calls.filter(({ atMs }) => atMs <= clock.nowMs)) {
      clock.calls.splice(clock.calls.indexOf(due), 1);
      due.call();
    }
  }
  return { store, panels, drawn, pass };
}

test('a thousand epochs in ten seconds are drawn ten times a second, each epoch once', () => {
  const { store, drawn, pass } = makePanel();
  for (let epoch = 1; epoch <= 1_000; epoch += 1) {
    pass(10);
    store.dispatch({ ...event('epoch_end'), result: { ...event('epoch_end').result, epoch } });
    store.dispatch({ type: 'run_kept', own: null, best: null });
  }
  pass(DRAW_EVERY_MS);
  assert.ok(drawn.length <= 103, `drawn ${drawn.length} times`);
  assert.equal(drawn[drawn.length - 1].epochs, 1_000);
  for (let i = 1; i < drawn.length; i += 1) assert.equal(drawn[i].before, drawn[i - 1].epochs);
});

test('what is no figure is drawn at once: a pause, an error, the end', () => {
  const { store, drawn } = makePanel();
  store.dispatch(event('epoch_end'));
  store.dispatch(event('epoch_end'));
  assert.deepEqual(drawn.map(({ type }) => type), ['started']);
  store.dispatch(event('paused'));
  store.dispatch({ type: 'complained', error: fixture.error });
  store.dispatch({ type: 'resumed' });
  store.dispatch(event('done'));
  assert.deepEqual(drawn.map(({ type }) => type), ['started', 'paused', 'complained', 'resumed', 'done']);
  assert.equal(drawn[1].epochs, 2);
});

test('a panel that changes the state while it is drawn turns nobody’s order', () => {
  const { store, panels } = makePanel();
  /** @type {(string | null)[]} */
  const seen = [];
  panels.subscribe((state, _before, { type }) => {
    if (type === 'complained') store.dispatch({ type: 'error_dismissed' });
  });
  panels.subscribe((state) => seen.push(state.error?.code ?? null));
  store.dispatch({ type: 'complained', error: fixture.error });
  assert.deepEqual(seen, [fixture.error.code, null]);
});
