/**
 * Where the page moves by itself: to the stage when a run begins while the reader is above it, to the
 * settings when the pointer chooses a run of one's own, and past the top when the skip link is followed.
 *
 * The style sheet says how it moves: smoothly, or at once for those who asked for less motion.
 * What is on the stage is try-it.js's and charts.js's.
 */
import { byId } from './shared/dom.js';

/** @param {HTMLElement} stage @returns {boolean} Whether the reader has gone past it: then nothing is torn away. */
function isPast(stage) {
  return stage.getBoundingClientRect().bottom < innerHeight / 2;
}

/** Whether a pointer did it: the arrow keys' clicks, with which they pass over a choice, count none. @param {MouseEvent} event */
const isPointed = ({ detail }) => detail > 0;

/** @param {import('../state/store.js').Store} store */
export function mountStage(store) {
  const stage = byId('try');
  const content = byId('content');

  // Followed as a link, `#content` would replace the address's fragment, which is the configuration.
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    content.focus({ preventScroll: true });
    content.scrollIntoView();
  });

  byId('preset-own').addEventListener('click', (event) => {
    if (isPointed(event) && !byId('presets', HTMLFieldSetElement).disabled) byId('settings').scrollIntoView({ block: 'start' });
  });

  store.subscribe((state, before) => {
    if (state.starting && !before.starting && !isPast(stage)) stage.scrollIntoView({ block: 'nearest' });
  });
}
