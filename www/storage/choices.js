/**
 * Keeps what the page remembers of a visitor's choices and of the machine (state/choices.js) in local storage, until
 * everything stored is deleted.
 *
 * A browser may refuse the storage, or have something else under its name: then the page works as on a first visit.
 *
 * @import { Choices } from '../state/choices.js'
 * @import { Store } from '../state/store.js'
 */
import { NO_CHOICES } from '../state/choices.js';
import { speedNow } from '../state/speeds.js';
import { nameOf } from './names.js';

const NAME = nameOf('choices');
/** Epochs may end a hundred times a second; so long, in milliseconds, nothing is noted again. */
const NOTE_EVERY_MS = 10_000;

/** @param {any} speed */
const isSpeed = (speed) => speed !== null && typeof speed === 'object'
  && [speed.asked, speed.workers, speed.cores, speed.work_per_second].every(Number.isFinite) && speed.work_per_second > 0 && speed.workers >= 1
  && [speed.backend, speed.arithmetic].every((word) => typeof word === 'string') && /^\d{4}-\d\d-\d\d$/.test(speed.measured_on);

/** @param {string | null} text What lies under the name. @returns {Choices} */
export function readChoices(text) {
  try {
    const { notifies, speeds } = JSON.parse(text ?? '{}');
    return { notifies: notifies === true, speeds: Array.isArray(speeds) ? speeds.filter(isSpeed) : [] };
  } catch {
    return NO_CHOICES;
  }
}

/**
 * @param {Store} store
 * @param {{ open: () => Storage, cores: number, today: () => string, now: () => number }} browser `open` may throw, as a browser's storage does.
 */
export function keepChoices(store, { open, cores, today, now }) {
  let notedMs = -Infinity;

  /** @template T @param {(storage: Storage) => T} use @returns {T | null} */
  function tryTo(use) {
    try {
      return use(open());
    } catch {
      return null;
    }
  }

  store.dispatch({ type: 'choices_recalled', choices: readChoices(tryTo((storage) => storage.getItem(NAME))) });
  store.subscribe((state, before, { type }) => {
    if (state.choices !== before.choices) {
      const isEmpty = !state.choices.notifies && state.choices.speeds.length === 0;
      tryTo((storage) => (isEmpty ? storage.removeItem(NAME) : storage.setItem(NAME, JSON.stringify(state.choices))));
    }
    const isDue = type === 'done' || type === 'stopped' || (type === 'epoch_end' && now() - notedMs > NOTE_EVERY_MS);
    const speed = isDue ? speedNow(state, cores) : null;
    if (!speed) return;
    notedMs = now();
    store.dispatch({ type: 'speed_noted', speed: { ...speed, measured_on: today() } });
  });
}
