/**
 * "The best in N minutes": the form that plans a run for the time that the visitor has, and what was planned.
 *
 * What is planned is state/budget.js's.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 * @import { Plan } from '../state/budget.js'
 */
import { RECIPES } from '../protocol/recipes.js';
import { MINUTES, isAsPlanned } from '../state/budget.js';
import { readNumber } from '../state/numbers.js';
import { isOccupied } from '../state/phases.js';
import { isSettled } from '../state/store.js';
import { announce, byId, complainAt, setText } from './shared/dom.js';
import { count, duration } from './shared/format.js';

/** What may be expected of a plan. @param {Plan} plan */
function expectation({ expected, lacks }) {
  if (expected !== null) return `, expected test accuracy about ${expected.toFixed(2)} (measured elsewhere)`;
  return lacks === 'epochs'
    ? ': fewer than the ten that it was measured with, so no accuracy can be promised'
    : ': on fewer or other images than it was measured with, so no accuracy can be promised';
}

/** @param {string} day Such as 2026-11-27. */
const dayOf = (day) => new Date(`${day}T00:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

/** What was planned, or why nothing is; empty where nothing was asked, or the settings are others by now. @param {State} state @returns {string} */
export function planSentence(state) {
  const { budget } = state;
  if (!budget) return '';
  const { minutes, plan, speed, isUnknown } = budget;
  if (isUnknown) return 'How quickly this machine learns is not known yet. The quick run measures it, mostly in less than a minute, and then the plan is made.';
  if (!plan) return 'Planning';
  const when = speed?.measured_on ? ` The speed was measured on ${dayOf(speed.measured_on)}.` : '';
  if (!('by' in plan)) {
    return `No recipe gets through an epoch in ${count(minutes, 'minute')} on this machine: plan at least ${count(plan.least_minutes)}, or take the quick run.${when}`;
  }
  if (!isAsPlanned(state, plan)) return '';
  const title = RECIPES.find(({ name }) => name === plan.by)?.title ?? plan.by;
  return `In ${count(minutes, 'minute')} on this machine: “${title}”, ${count(plan.epochs, 'epoch')} (about ${duration(plan.seconds)})${expectation(plan)}. `
    + `The settings hold it; it starts when you say so.${when}`;
}

/** @param {Store} store @param {Actions} actions */
export function mountBudget(store, actions) {
  const form = byId('budget', HTMLFormElement);
  const input = byId('budget-minutes', HTMLInputElement);
  const button = byId('budget-plan', HTMLButtonElement);
  const trial = byId('budget-trial', HTMLButtonElement);
  const problem = byId('budget-problem');
  const text = byId('budget-text');
  let heard = '';

  const complain = (/** @type {string} */ sentence) => complainAt(input, problem, sentence);

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.disabled) return;
    const read = readNumber(input.value, true);
    const isFine = 'value' in read && Number.isInteger(read.value) && read.value >= MINUTES.low && read.value <= MINUTES.high;
    complain(isFine ? '' : `Enter a whole number of minutes from ${MINUTES.low} to ${MINUTES.high}.`);
    if (isFine) store.dispatch({ type: 'budget_asked', minutes: read.value });
  });
  trial.addEventListener('click', () => {
    byId('start', HTMLButtonElement).focus(); // This button goes; from there the focus goes where the run is.
    actions.measureSpeed();
  });

  /** @param {State} state */
  function render(state) {
    const sentence = planSentence(state);
    input.disabled = isOccupied(state);
    button.disabled = isOccupied(state) || !isSettled(state);
    trial.hidden = !state.budget?.isUnknown || isOccupied(state);
    setText(text, sentence);
    text.hidden = sentence === '';
    if (sentence !== heard && sentence !== '' && state.budget?.wants === null) announce(sentence);
    heard = sentence;
  }
  store.subscribe(render);
  render(store.get());
}
