/**
 * The run's buttons: which may be pressed when, and what each sends. Before the first run there is
 * one only, so that nobody has to choose.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { learnsMirrored } from '../state/augmentation.js';
import { goesOn } from '../state/run-reducer.js';
import { isSettled } from '../state/store.js';
import { byId, setText } from './shared/dom.js';

/** @param {State} state @returns {string} */
function nameOfStart(state) {
  if (!goesOn(state)) return startAgain(state);
  return state.phase === 'done' ? 'Train for more epochs' : 'Go on';
}

/** @param {State} state */
const startAgain = ({ trained, fromWeights, phase }) => (trained && !fromWeights && (phase === 'ready' || phase === 'done') ? 'Train anew' : 'Train');

/**
 * Which buttons may be pressed.
 * @param {State} state
 */
export function pressable(state) {
  const { phase, starting } = state;
  const running = phase === 'training' || phase === 'compiling';
  const idle = phase === 'ready' || phase === 'done';
  const standing = (idle || phase === 'paused') && !starting;
  return {
    start: idle && !starting && isSettled(state),
    anew: idle && !starting && isSettled(state) && goesOn(state),
    pause: running || phase === 'paused',
    stop: running || phase === 'paused' || phase === 'recovering',
    // After a failed step the engine may still answer, and new weights are the way on.
    reset: standing || (phase === 'error' && state.alive && state.loaded !== null),
    evaluate: standing,
  };
}

/** Whether a run stands still, also while it is measured. @param {State} state */
const stands = ({ phase, phaseBefore }) => phase === 'paused' || (phase === 'evaluating' && phaseBefore === 'paused');

/** Whether there is a run that has not ended. @param {State} state */
export const isUnderWay = (state) => stands(state) || ['training', 'compiling', 'recovering'].includes(state.phase);

/** @param {Store} store @param {Actions} actions */
export function mountControls(store, actions) {
  const start = byId('start', HTMLButtonElement);
  const anew = byId('anew', HTMLButtonElement);
  const pause = byId('pause', HTMLButtonElement);
  const stop = byId('stop', HTMLButtonElement);
  const reset = byId('reset', HTMLButtonElement);
  const evaluate = byId('evaluate', HTMLButtonElement);
  /** Whether a run has been started on this page. */
  let begun = false;

  start.addEventListener('click', actions.start);
  anew.addEventListener('click', actions.startAnew);
  pause.addEventListener('click', () => actions.send({ type: store.get().phase === 'paused' ? 'resume' : 'pause' }));
  stop.addEventListener('click', () => (store.get().phase === 'recovering' ? store.dispatch({ type: 'recovery_left' }) : actions.send({ type: 'stop' })));
  reset.addEventListener('click', () => actions.send({ type: 'reset' }));
  evaluate.addEventListener('click', () => actions.send({ type: 'evaluate', flips: learnsMirrored(store.get().runConfig ?? store.get().config) }));

  /**
   * While a run is under way the first place is the button's that pauses it and goes on, before and after it Start's.
   * @param {State} state
   */
  function renderHidden(state) {
    const { runConfig, phase } = state;
    begun ||= runConfig !== null;
    start.hidden = isUnderWay(state);
    pause.hidden = !start.hidden;
    stop.hidden = !begun;
    reset.hidden = !begun && (phase !== 'error' || reset.disabled);
  }

  /** @param {State} state */
  function render(state) {
    const may = pressable(state);
    // A Start that was pressed keeps the keyboard's place until the run is there.
    const isAwaited = state.starting || state.startWaits;
    start.disabled = !may.start && !isAwaited;
    start.setAttribute('aria-disabled', String(isAwaited));
    anew.hidden = !may.anew;
    pause.disabled = !may.pause;
    stop.disabled = !may.stop;
    reset.disabled = !may.reset;
    evaluate.disabled = !may.evaluate;
    setText(pause, stands(state) ? 'Resume' : 'Pause');
    pause.classList.toggle('primary', stands(state));
    renderHidden(state);
    setText(start, begun ? nameOfStart(state) : 'Train a network');
  }
  store.subscribe(render);
  render(store.get());
}
