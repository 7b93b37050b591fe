/**
 * One image as the network sees it, and what it makes of it, on the stage.
 *
 * The first test image is there without being asked for, the same for everyone. Its answer changes
 * every second while the network learns; a screen reader is told only the answers that its reader
 * asked for.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { holdsBack } from '../live/asking.js';
import { CLASS_NAMES, SIDE, countRecords, recordAt, toRgba } from '../loading/records.js';
import { makeBars } from './shared/bars.js';
import { announce, byId, paint, setText } from './shared/dom.js';
import { percent } from './shared/format.js';
import { troubleOf, troubleSentence } from './shared/health.js';

const NO_SUBJECT = 'No image chosen yet';

/** @param {ArrayLike<number>} shares @returns {number} */
function largest(shares) {
  let best = 0;
  for (let i = 1; i < shares.length; i += 1) if (shares[i] > shares[best]) best = i;
  return best;
}

/** @param {State} state */
const namesOf = ({ data }) => data?.class_names ?? CLASS_NAMES;

/** @param {State} state @returns {string} */
export function verdict(state) {
  const { subject, probabilities, loaded, phase } = state;
  const names = namesOf(state);
  if (!subject) return 'A test image comes here as soon as there is one.';
  if (!loaded) return phase === 'error' ? 'There is no network to ask' : 'The network is on its way';
  if (!probabilities && holdsBack(state)) return 'The network answers from its first step on, before which the graphics card is checked.';
  if (!probabilities) return 'The network is looking';
  const best = largest(probabilities);
  if (!Number.isFinite(probabilities[best])) return 'The network has no answer: its training diverged. Reset gives it new weights.';
  const guess = `${names[best]}, ${percent(probabilities[best]).replace(' ', '\u00a0')} sure`; // A line ends before the number, not within.
  if (troubleOf(state)) return `The network says ${names[best]}, and it would say so of almost anything: it has not learnt.`;
  if (subject.label === null) return `The network says ${guess}.`;
  if (subject.label === best) return `✓ Right: the network says ${guess}.`;
  return `✗ Wrong: the network says ${guess}, but it is: ${names[subject.label]}.`;
}

/** @param {State} state @returns {string} What the answer is worth, where that has to be said. */
function remark(state) {
  const { probabilities, trained } = state;
  const trouble = troubleSentence(state);
  if (trouble) return trouble;
  return probabilities && !trained ? 'It has not been trained yet, so this is a blind guess.' : '';
}

/** @param {Store} store @param {Actions} actions */
export function mountTryIt(store, actions) {
  const canvas = byId('subject', HTMLCanvasElement);
  const title = byId('subject-title');
  const random = byId('random-test', HTMLButtonElement);
  const picture = byId('predict-file', HTMLInputElement);
  const verdictLine = byId('verdict');
  const remarkLine = byId('remark');
  const bars = makeBars(byId('predictions'));

  /** @param {Uint8Array} records @param {number} index */
  function testImage(records, index) {
    const { label, pixels } = recordAt(records, index);
    const name = namesOf(store.get())[label] ?? 'unknown';
    return { origin: /** @type {const} */ ('test'), label, pixels, title: `Test image: ${name}` };
  }

  function suggestFirst() {
    const { subject, pool } = store.get();
    if (!subject && pool.test) actions.suggest(testImage(pool.test, 0));
  }

  random.addEventListener('click', () => {
    const records = store.get().pool.test;
    if (records) actions.choose(testImage(records, Math.floor(Math.random() * countRecords(records))));
  });
  picture.addEventListener('change', () => {
    void actions.takePictures([...(picture.files ?? [])]);
    picture.value = '';
  });

  /** @param {State} state */
  function renderSubject({ subject }) {
    if (!subject) {
      paint(canvas, null);
      setText(title, NO_SUBJECT);
      canvas.setAttribute('aria-label', NO_SUBJECT);
      return;
    }
    paint(canvas, toRgba(subject.pixels));
    const shown = subject.origin === 'picture' ? `${subject.title}, as the network sees it` : subject.title;
    setText(title, shown);
    canvas.setAttribute('aria-label', `${shown}, ${SIDE} by ${SIDE} pixels`);
  }

  /** @param {State} state */
  function renderBars(state) {
    const { subject, probabilities } = state;
    bars.render(namesOf(state).map((name, i) => ({
      name,
      share: probabilities?.[i] ?? 0,
      text: probabilities ? percent(probabilities[i]) : '–',
      mark: subject?.label === i ? '(truth)' : undefined,
    })));
  }

  /** @param {State} state @param {State} [before] */
  function renderVerdict(state, before) {
    const text = verdict(state);
    setText(verdictLine, text);
    const wasAwaited = before?.subject?.asked && before.subject.id === state.subject?.id && !state.subject.asked;
    if (wasAwaited) announce(text);
  }

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    random.disabled = state.pool.test === null || state.loaded === null;
    picture.disabled = state.phase === 'error';
    if (state.subject?.id !== before?.subject?.id) renderSubject(state);
    if (state.probabilities !== before?.probabilities || state.subject !== before?.subject) renderBars(state);
    renderVerdict(state, before);
    setText(remarkLine, remark(state));
    suggestFirst();
  }
  store.subscribe(render);
  render(store.get());
}
