/**
 * What is kept of runs on this machine: the offer to go on with one that an earlier visit left, the question
 * whether another may take its place, and the news that the visitor need not answer.
 *
 * What is kept when is checkpoints.js's business; the best run and deletion are in stored.js beside this file.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 * @import { DataSource, RunDescription } from '../runs/run-files.js'
 */
import { keptRun, missingSources } from '../state/storage-reducer.js';
import { keepsBest } from '../state/held-out.js';
import { isOccupied } from '../state/phases.js';
import { byId, setText } from './shared/dom.js';
import { count, figure } from './shared/format.js';
import { createQuestion } from './shared/question.js';

/** @param {RunDescription} run */
export function nameOfOffer({ position, trained }) {
  if (position) return `Resume epoch ${position.epoch}, step ${count(position.step)}`;
  return `Open it, after ${trained} ${trained === 1 ? 'epoch' : 'epochs'}`;
}

/** Of many files not every one is named. */
const MOST_NAMES = 3;

/** @param {DataSource[]} sources */
function filesOf(sources) {
  const named = sources.slice(0, MOST_NAMES).map(({ name, records }) => `“${name}” (${count(records)} ${records === 1 ? 'image' : 'images'})`);
  const left = sources.length - named.length;
  return [...named, ...(left > 0 ? [`${left} more`] : [])].join(', ').replace(/, ([^,]*)$/, ' and $1');
}

/** What the run waits for, or will. @param {State} state @returns {string} */
function waitingSentence(state) {
  const missing = missingSources(state);
  const { wanted } = state.kept;
  const areServers = missing.every(({ name }) => state.serverFiles.includes(name));
  if (missing.length > 0 && areServers) {
    return wanted ? ' It waits for the server’s images: use them, and it goes on.' : ' It was trained on the server’s images: use them to go on with it.';
  }
  if (missing.length > 0) {
    const way = `drop ${missing.length === 1 ? 'it' : 'them'} on this page`;
    return wanted ? ` It waits for ${filesOf(missing)}: ${way}, and it goes on.` : ` It was trained on ${filesOf(missing)}: ${way} to go on with it.`;
  }
  return wanted === 'waits' ? ' It goes on as soon as its images are here.' : '';
}

/** @param {State} state @returns {string} */
export function offerSentence(state) {
  const run = keptRun(state.kept);
  if (!run) return '';
  const accuracy = run.valAccuracy === null ? '' : ` Its ${keepsBest(run.config) ? 'accuracy on held-out images' : 'test accuracy'} was ${figure(run.valAccuracy)}.`;
  const where = run.position ? `Your last run stopped at epoch ${run.position.epoch} of ${run.epochs}, and was kept.` : 'Your last run was kept.';
  return `${where}${accuracy}${waitingSentence(state)}`;
}

/** @param {State} state @returns {{ text: string, yes: string, no: string }} */
function questionOf({ kept }) {
  if (kept.asks === 'keep') {
    return { text: 'That run is not this one. Is this one to be kept in its place?', yes: 'Keep this one instead', no: 'Leave it' };
  }
  return { text: 'One run is kept at a time: training now takes its place.', yes: 'Train all the same', no: 'Keep it' };
}

/** Whether the offer is shown: a run of this visit is worth more than one of an earlier visit, but where it would take its place. @param {State} state */
export function isOffered(state) {
  const { found, asks, dismissed, wanted } = state.kept;
  if (found === null || state.phase === 'error') return false;
  if (asks) return true;
  if (dismissed || state.trained || isOccupied(state)) return false;
  return wanted === null || wanted === 'waits';
}

/** @param {Store} store @param {Actions} actions */
export function mountKeptRun(store, actions) {
  const offer = byId('offer');
  const text = byId('offer-text');
  const resume = byId('offer-resume', HTMLButtonElement);
  const answers = byId('offer-answers');
  const notice = byId('notice');
  const noticeText = byId('notice-text');
  const question = { box: byId('replace'), yes: byId('replace-yes', HTMLButtonElement), no: byId('replace-no', HTMLButtonElement) };
  const ask = createQuestion(question, actions.answerReplace);
  resume.addEventListener('click', actions.resumeKept);
  byId('offer-dismiss').addEventListener('click', () => store.dispatch({ type: 'offer_dismissed' }));
  byId('notice-dismiss').addEventListener('click', () => store.dispatch({ type: 'noticed', sentence: null }));

  /** @param {State} state */
  function renderOffer(state) {
    const { found, asks, wanted } = state.kept;
    offer.hidden = !isOffered(state);
    if (found) {
      setText(text, offerSentence(state));
      setText(resume, nameOfOffer(found));
    }
    resume.hidden = wanted === 'waits';
    resume.disabled = state.loaded === null;
    answers.hidden = isOccupied(state) || asks === 'keep';
    const { text: asked, yes, no } = questionOf(state);
    setText(byId('replace-text'), asked);
    setText(question.yes, yes);
    setText(question.no, no);
    ask(asks !== null && !offer.hidden);
  }

  /** @param {State} state */
  function render(state) {
    renderOffer(state);
    notice.hidden = state.notice === null;
    setText(noticeText, state.notice ?? '');
  }
  store.subscribe(render);
  render(store.get());
}
