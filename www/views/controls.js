/**
 * The run's buttons: which may be pressed when, and what each sends. Before the first run there is
 * one only, so that nobody has to choose.
 *
 * @import { State, Store } from '../store.js'
 * @import { Actions } from '../main.js'
 */
import { goesOn } from '../resting.js';
import { isSettled } from '../store.js';
import { byId, setText } from './dom.js';

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
  evaluate.addEventListener('click', () => actions.send({ type: 'evaluate' }));

  /**
   * A button that has the focus and may no longer be pressed would drop the keyboard's place:
   * the focus goes to the button that takes its part.
   * @param {State} state
   */
  function keepFocus(state) {
    const held = document.activeElement;
    if (!(held instanceof HTMLButtonElement) || !held.disabled) return;
    const running = state.phase === 'training' || state.phase === 'compiling';
    if (held === start && running) pause.focus();
    if ((held === pause || held === stop) && !start.disabled) start.focus();
  }

  /** From the first run on every button keeps its place. @param {State} state */
  function renderHidden({ starting, runConfig, phase }) {
    begun ||= starting || runConfig !== null;
    pause.hidden = !begun;
    stop.hidden = !begun;
    reset.hidden = !begun && (phase !== 'error' || reset.disabled);
  }

  /** @param {State} state */
  function render(state) {
    const may = pressable(state);
    start.disabled = !may.start;
    if (!may.anew && document.activeElement === anew) start.focus(); // It goes; from there the focus goes where the run is.
    anew.hidden = !may.anew;
    pause.disabled = !may.pause;
    stop.disabled = !may.stop;
    reset.disabled = !may.reset;
    evaluate.disabled = !may.evaluate;
    setText(pause, state.phase === 'paused' ? 'Resume' : 'Pause');
    renderHidden(state);
    setText(start, begun ? nameOfStart(state) : 'Train a network');
    keepFocus(state);
  }
  store.subscribe(render);
  render(store.get());
}
