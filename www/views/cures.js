/**
 * "Cure it": the gap between what a run knows of its own images and of others, and the cures for it, one by one or all.
 *
 * @import { Cure, MeasuredCure } from '../state/cures.js'
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { curesFor, measuredCures } from '../state/cures.js';
import { gapOf } from '../state/gap.js';
import { shownEarlier } from '../state/kept-runs.js';
import { isOccupied } from '../state/phases.js';
import { makeBars } from './shared/bars.js';
import { byId, make, setText } from './shared/dom.js';
import { count, percent, points } from './shared/format.js';

/** What stands there until it is measured. */
const UNASKED = 'Has it learnt its images by heart? “Evaluate now” measures it on those too, and says what helps.';

/** What the gap says, with the run's own numbers. @param {State} state */
export function gapSentence(state) {
  const found = gapOf(state);
  if (!found) return state.phase === 'done' && state.runConfig ? UNASKED : '';
  const { training, test, gap, isOpen } = found;
  const known = `It is right about ${percent(training)} of the images that it learnt from and ${percent(test)} of those that it had never seen`;
  if (!isOpen) return `${known}: what it learnt holds for other images too.`;
  const rest = state.runConfig && curesFor(state.runConfig).length === 0 ? ' It has had all of this page’s cures: more images, or a smaller network, would help.' : '';
  return `${known}: a gap of ${points(gap * 100)}. It has begun to learn its images by heart.${rest}`;
}

/** What a cure gave where it was measured. @param {MeasuredCure} cure @param {number} accuracy What all of them together reached. */
export const measuredPhrase = ({ points: value }, accuracy) => `Measured: ${points(value)} of ${(accuracy * 100).toFixed(1)}.`;

/** What that was measured with; nothing where it was not. */
export function measuredNote(measured = measuredCures()) {
  if (!measured) return '';
  const runs = Math.min(...measured.cures.map(({ runs: of }) => of));
  return `Measured: what leaving it out of the recipe “${measured.title}” costs on all of CIFAR-10, the mean of ${count(runs, 'run')} each.`;
}

/** @param {Cure} cure */
function cureItem({ name, title, sentence }) {
  const measured = measuredCures();
  const own = measured?.cures.find((cure) => cure.name === name);
  const phrase = measured && own ? [' ', make('span', { className: 'measured', text: measuredPhrase(own, measured.accuracy) })] : [];
  return make('li', { children: [
    make('label', { className: 'check', children: [make('input', { attributes: { type: 'checkbox', value: name } }), ` ${title}`] }),
    make('p', { className: 'quiet', children: [sentence, ...phrase] }),
  ] });
}

/** @param {Store} store @param {Actions} actions */
export function mountCures(store, actions) {
  const line = byId('gap-line');
  const figures = byId('gap-figures');
  const bars = makeBars(byId('gap-bars'));
  const box = byId('cures');
  const list = byId('cure-list');
  const some = byId('cure-some', HTMLButtonElement);
  const all = byId('cure-all', HTMLButtonElement);
  const earlier = byId('earlier-leave', HTMLButtonElement);
  let offered = '';

  /** @param {string[]} names */
  function choose(names) {
    store.dispatch({ type: 'cures_chosen', names });
    actions.writeFragment();
    byId('start').focus();
  }
  const chosen = () => [...list.querySelectorAll('input')].filter(({ checked }) => checked).map(({ value }) => value);
  some.addEventListener('click', () => choose(chosen()));
  all.addEventListener('click', () => choose(curesFor(store.get().runConfig ?? store.get().config).map(({ name }) => name)));
  earlier.addEventListener('click', () => store.dispatch({ type: 'earlier_left' }));

  /** @param {State} state */
  function render(state) {
    setText(line, gapSentence(state));
    line.hidden = line.textContent === '';
    earlier.hidden = shownEarlier(state) === null;
    const found = gapOf(state);
    figures.hidden = !found;
    if (found) {
      bars.render([
        { name: 'It learnt from', share: found.training, text: percent(found.training) },
        { name: 'Never seen', share: found.test, text: percent(found.test) },
      ]);
      setText(byId('gap-figure'), `Gap: ${points(found.gap * 100)}`);
    }
    const cures = found?.isOpen && state.runConfig ? curesFor(state.runConfig) : [];
    box.hidden = cures.length === 0;
    const names = cures.map(({ name }) => name).join();
    if (names !== offered) {
      offered = names;
      list.replaceChildren(...cures.map(cureItem));
    }
    const locked = isOccupied(state);
    for (const control of [some, all, ...list.querySelectorAll('input')]) control.disabled = locked;
    some.disabled ||= chosen().length === 0;
  }
  setText(byId('cures-note'), measuredNote());
  byId('cures-note').hidden = measuredNote() === '';
  list.addEventListener('change', () => render(store.get()));
  store.subscribe(render);
  render(store.get());
}
