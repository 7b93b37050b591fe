/**
 * What is kept of runs on this machine: the offer to go on with one that an earlier visit left, the news
 * that the visitor need not answer, and the button that deletes it all.
 *
 * What is kept when is keeping.js's business.
 *
 * @import { State, Store } from '../store.js'
 * @import { Actions } from '../main.js'
 * @import { RunDescription } from '../run-files.js'
 */
import { isOccupied } from '../phases.js';
import { byId, setText } from './dom.js';
import { count, figure } from './format.js';

/** @param {RunDescription} found */
function nameOfOffer({ position, trained }) {
  if (position) return `Resume epoch ${position.epoch}, step ${count(position.step)}`;
  return `Open it, after ${trained} ${trained === 1 ? 'epoch' : 'epochs'}`;
}

/** @param {RunDescription} found */
function sentenceOf({ position, epochs, valAccuracy }) {
  const accuracy = valAccuracy === null ? '' : ` Its test accuracy was ${figure(valAccuracy)}.`;
  if (position) return `Your last run stopped at epoch ${position.epoch} of ${epochs}, and was kept.${accuracy}`;
  return `Your last run was kept.${accuracy}`;
}

/** @param {State} state */
function keepingSentence({ kept }) {
  if (kept.problem) return kept.problem;
  return kept.any ? 'The last run and the best one are kept on this machine, in this browser only.' : 'A run is kept on this machine after each epoch and every 30 seconds.';
}

/** @param {Store} store @param {Actions} actions */
export function mountKeeping(store, actions) {
  const offer = byId('offer');
  const text = byId('offer-text');
  const resume = byId('offer-resume', HTMLButtonElement);
  const notice = byId('notice');
  const noticeText = byId('notice-text');
  const remove = byId('delete-kept', HTMLButtonElement);
  const note = byId('kept-note');
  resume.addEventListener('click', () => void actions.resumeKept());
  byId('offer-dismiss').addEventListener('click', actions.dismissKept);
  byId('notice-dismiss').addEventListener('click', () => store.dispatch({ type: 'noticed', sentence: null }));
  remove.addEventListener('click', () => void actions.deleteKept());

  /** @param {State} state */
  function render(state) {
    const { found } = state.kept;
    // A run of this visit is worth more than one of an earlier visit.
    const isOffered = found !== null && !state.trained && !isOccupied(state) && !state.resumes && state.phase !== 'error';
    offer.hidden = !isOffered;
    if (found) {
      setText(text, sentenceOf(found));
      setText(resume, nameOfOffer(found));
    }
    resume.disabled = state.loaded === null;
    notice.hidden = state.notice === null;
    setText(noticeText, state.notice ?? '');
    remove.disabled = isOccupied(state);
    setText(note, keepingSentence(state));
  }
  store.subscribe(render);
  render(store.get());
}
