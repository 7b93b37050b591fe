/**
 * The tab's title: how far the run is, so that it can be followed from another tab, and how good it is once it is done.
 *
 * @import { State, Store } from '../state/store.js'
 */
import { accuracyOf } from '../state/endings.js';

const NAME = 'ConvBurn';

/** @param {State} state */
function placeOf({ progress, runConfig }) {
  const epochs = progress?.epochs ?? runConfig?.epochs ?? 1;
  const done = progress ? (progress.epoch - 1 + progress.step / progress.steps) / epochs : 0;
  // Rounded down: 100 % is only what is done.
  return `${Math.floor(Math.min(0.99, done) * 100)} % · epoch ${progress?.epoch ?? 1} of ${epochs}`;
}

/** What the title says of the run; null where there is none to speak of. @param {State} state @returns {string | null} */
export function titleOf(state) {
  const phase = state.phase === 'evaluating' ? state.phaseBefore : state.phase;
  if (phase === 'training' || phase === 'compiling' || phase === 'recovering') return `${placeOf(state)} · ${NAME}`;
  if (phase === 'paused') return `Paused at ${placeOf(state)} · ${NAME}`;
  if (phase !== 'done') return null;
  const accuracy = accuracyOf(state);
  return accuracy === null ? `Done · ${NAME}` : `Done: ${accuracy.toFixed(3)} · ${NAME}`;
}

/** @param {Store} store */
export function mountTitle(store) {
  const usual = document.title;
  store.subscribe((state) => {
    const title = titleOf(state) ?? usual;
    if (document.title !== title) document.title = title;
  });
}
