/**
 * The Try it panel: one image as the network sees it, and what it makes of it.
 *
 * @import { State, Store } from '../store.js'
 * @import { Actions } from '../main.js'
 */
import { CLASS_NAMES, countRecords, recordAt, toRgba } from '../records.js';
import { makeBars } from './bars.js';
import { byId, paint, setText } from './dom.js';
import { percent } from './format.js';

/** @param {ArrayLike<number>} shares @returns {number} */
function largest(shares) {
  let best = 0;
  for (let i = 1; i < shares.length; i += 1) if (shares[i] > shares[best]) best = i;
  return best;
}

/** @param {State} state @param {string[]} names @returns {string} */
function verdict({ subject, probabilities, trained }, names) {
  if (!subject) return 'Choose an image to see what the network makes of it.';
  if (!probabilities) return 'The network is looking';
  const best = largest(probabilities);
  if (!Number.isFinite(probabilities[best])) return 'The network has no answer: its training diverged. Reset gives it new weights.';
  const guess = `${names[best]}, ${percent(probabilities[best])} sure`;
  const untrained = trained ? '' : ' It has not been trained yet, so this is a blind guess.';
  if (subject.label === null) return `The network says ${guess}.${untrained}`;
  if (subject.label === best) return `✓ Right: the network says ${guess}.${untrained}`;
  return `✗ Wrong: the network says ${guess}, but it is: ${names[subject.label]}.${untrained}`;
}

/** @param {Store} store @param {Actions} actions */
export function mountTryIt(store, actions) {
  const canvas = byId('subject', HTMLCanvasElement);
  const title = byId('subject-title');
  const random = byId('random-test', HTMLButtonElement);
  const picture = byId('predict-file', HTMLInputElement);
  const bars = makeBars(byId('predictions'));

  random.addEventListener('click', () => {
    const { pool, data } = store.get();
    if (!pool.test) return;
    const index = Math.floor(Math.random() * countRecords(pool.test));
    const { label, pixels } = recordAt(pool.test, index);
    const name = (data?.class_names ?? CLASS_NAMES)[label] ?? 'unknown';
    actions.choose({ origin: 'test', label, pixels, title: `Test image: ${name}` });
  });
  picture.addEventListener('change', () => {
    const [file] = picture.files ?? [];
    if (file) void actions.askAbout(file);
    picture.value = '';
  });

  /** @param {State} state */
  function renderSubject({ subject }) {
    if (!subject) return;
    paint(canvas, toRgba(subject.pixels));
    const shown = subject.origin === 'picture' ? `${subject.title}, as the network sees it` : subject.title;
    setText(title, shown);
    canvas.setAttribute('aria-label', `${shown}, 32 by 32 pixels`);
  }

  /** @param {State} state */
  function renderBars({ subject, probabilities, data }) {
    const names = data?.class_names ?? CLASS_NAMES;
    bars.render(names.map((name, i) => ({
      name,
      share: probabilities?.[i] ?? 0,
      text: probabilities ? percent(probabilities[i]) : '–',
      mark: subject?.label === i ? '(true class)' : undefined,
    })));
  }

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    random.disabled = state.pool.test === null || state.loaded === null;
    picture.disabled = state.phase === 'error';
    if (state.subject !== before?.subject) renderSubject(state);
    if (state.probabilities !== before?.probabilities || state.subject !== before?.subject) renderBars(state);
    setText(byId('verdict'), verdict(state, state.data?.class_names ?? CLASS_NAMES));
  }
  store.subscribe(render);
  render(store.get());
}
