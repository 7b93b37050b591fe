/**
 * The line that says what the page is doing, the run's progress bar, errors, and what a screen
 * reader is told when an epoch ends.
 *
 * @import { State, Store } from '../state/store.js'
 * @import { CompilePart } from '../protocol/protocol.js'
 * @import { Actions } from '../main.js'
 * @import { Phase } from '../state/phases.js'
 */
import { DATA_HINT, isAboutData, missingSentence } from '../state/data-reducer.js';
import { accuracyOf } from '../state/endings.js';
import { measuredNow } from '../state/held-out.js';
import { isOccupied } from '../state/phases.js';
import { beginsFromWeights, goesOn, isOpened } from '../state/run-reducer.js';
import { isSettled } from '../state/store.js';
import { announce, announceInTurn, byId, setText } from './shared/dom.js';
import { count, duration, figure, logLine } from './shared/format.js';
import { troubleLine, troubleOf } from './shared/health.js';
import { waitingSentence } from './shared/images-sentence.js';

/** @type {Record<Phase, string>} */
const NAMES = {
  loading: 'Loading', ready: 'Ready', compiling: 'Compiling', training: 'Training', paused: 'Paused',
  evaluating: 'Evaluating', recovering: 'Recovering', done: 'Done', error: 'Error',
};

/** Phases whose beginning a screen reader is told; an epoch's end says more than `done`. @type {Phase[]} */
const ANNOUNCED = ['ready', 'compiling', 'paused', 'evaluating'];

/** @param {State} state @returns {string} */
function loadingSentence(state) {
  if (state.timings.engine_ready_ms === null && state.missing.length === 0) return 'Loading the engine';
  return waitingSentence(state) ?? 'Preparing the network';
}

/** @param {State} state @param {import('../protocol/protocol.js').Position} at Where the run goes on. */
function restingSentence(state, { epoch, step }) {
  const place = `epoch ${count(epoch)}, after step ${count(step)}`;
  if (!goesOn(state)) return 'Stopped: the network keeps what it has learnt. With other settings training begins anew';
  return isOpened(state) ? `A saved run: it goes on at ${place}` : `Stopped at ${place}: it can go on from there`;
}

/** @param {State} state */
function doneSentence(state) {
  const { epochs, bestEpoch, runConfig } = state;
  const last = epochs[epochs.length - 1];
  const accuracy = accuracyOf(state);
  if (!last || accuracy === null) return 'The run is complete';
  if (!bestEpoch) return `Test accuracy ${figure(accuracy)} after ${count(last.epoch, 'epoch')}`;
  const why = bestEpoch.stopped_early
    ? `Stopped early: no better loss on held-out images for ${count(runConfig?.patience ?? last.epoch - bestEpoch.epoch, 'epoch')}; the`
    : `Done after ${count(last.epoch, 'epoch')}: the`;
  return `${why} weights are those after epoch ${count(bestEpoch.epoch)}. Test accuracy ${figure(accuracy)}`;
}

/** @param {State} state @returns {string} While nothing runs: what may be done, or why Start waits. */
function idleSentence(state) {
  const { diverged, trained, phase } = state;
  if (!isSettled(state)) return waitingSentence(state) ?? 'Preparing the network';
  const trouble = troubleLine(state, true);
  if (trouble && !diverged) return trouble;
  if (phase === 'done') return doneSentence(state);
  if (diverged) return 'Training diverged: the weights are of no use. Go on with a smaller learning rate, or Reset gives new ones';
  if (state.resumable && trained) return restingSentence(state, state.resumable);
  if (beginsFromWeights(state)) return 'Opened weights: training begins from them';
  return trained ? 'Stopped: the network keeps what it has learnt' : 'Press the button to begin';
}

/** What each part of getting the graphics card ready is. @type {Record<CompilePart, string>} */
const PARTS = {
  upload: 'Checking the graphics card: does a batch arrive whole',
  comparison: 'Checking the graphics card: does it compute what the processor does',
  calibration: 'Timing a few steps on the graphics card and on the processor: which is faster',
  first_step: 'Compiling for the graphics card: the first step',
};

/** @param {State} state @returns {string} */
function compilingSentence({ compiling }) {
  if (!compiling) return 'Compiling for the graphics card';
  const { part, done, of } = compiling;
  return `${PARTS[part]}, part ${Math.min(done + 1, of)} of ${of}; it takes some seconds`;
}

/** @param {State} state @returns {string} */
function trainingSentence(state) {
  const { progress } = state;
  if (!progress) return 'Taking the first step';
  const where = `Epoch ${progress.epoch} of ${progress.epochs}`;
  const trouble = troubleLine(state, false);
  if (trouble) return `${where}: ${trouble}`;
  if (progress.stage === 'validating') return `${where}, measuring on the ${measuredNow(state) === 'test' ? 'test' : 'held-out'} images`;
  return `${where}, step ${count(progress.step)} of ${count(progress.steps)}, ends in ${duration(progress.run_eta_s)}`;
}

/** @param {State} state @returns {string} One sentence for what goes on. */
export function statusSentence(state) {
  switch (state.phase) {
    case 'loading': return loadingSentence(state);
    case 'ready': case 'done': return idleSentence(state);
    case 'compiling': return compilingSentence(state);
    case 'training': return trainingSentence(state);
    case 'paused': return state.progress ? `At epoch ${state.progress.epoch} of ${state.progress.epochs}` : 'At the first step';
    case 'evaluating': return 'Measuring on the test images';
    case 'recovering': return state.resumable ? 'The engine is back: bringing it the images' : 'Starting the engine again';
    case 'error': return 'See below';
  }
}

/** @param {State} state @returns {number | null} Share of the run that is done; null while nobody knows. */
function shareDone(state) {
  if (state.phase === 'done') return 1;
  if (state.phase === 'loading' && !state.dataProblem) {
    return state.loaded && state.shards.expected > 0 ? state.shards.added / state.shards.expected : null;
  }
  if (state.phase === 'compiling') return state.compiling ? state.compiling.done / state.compiling.of : null;
  const { progress } = state;
  return progress ? (progress.epoch - 1 + progress.step / progress.steps) / progress.epochs : 0;
}

/** What is wrong, as sentences; images that could not be had are said beside another complaint. @param {State} state */
export function errorSentences({ error, dataProblem }) {
  if (!error) return '';
  const said = `${error.message} ${error.hint}`;
  return dataProblem === null || isAboutData(error) ? said : `${said} ${dataProblem} ${DATA_HINT}`;
}

/** What changes the state so that what was said last is not true any more. */
const TURNS = ['was_reset', 'restored'];

/**
 * What a screen reader is told of a change, and whether it waits for its turn; null of most.
 * @param {State} state @param {State} before @param {{ type: string }} [message]
 * @returns {{ text: string, waits: boolean } | null}
 */
export function newsOf(state, before, message) {
  const last = state.epochs[state.epochs.length - 1];
  const lastLine = last ? logLine(last, state.runConfig?.epochs ?? state.epochs.length) : null;
  const line = state.epochs.length > before.epochs.length ? lastLine : null;
  const isTurn = message !== undefined && TURNS.includes(message.type);
  if (isTurn || (state.phase !== before.phase && ANNOUNCED.includes(state.phase))) {
    return { text: `${NAMES[state.phase]}. ${statusSentence(state)}`, waits: false };
  }
  // The last epoch's line may have been told a moment ago, and what is told now takes its place.
  if (state.phase !== before.phase && state.phase === 'done') return { text: [lastLine, statusSentence(state)].filter(Boolean).join('. '), waits: false };
  if (line) return { text: line, waits: true };
  if (state.missing.length > 0 && before.missing.length === 0) return { text: missingSentence(state) ?? '', waits: false };
  if (troubleOf(state) && !troubleOf(before)) return { text: statusSentence(state), waits: false };
  return null;
}

/** @param {State} state @param {State} before @param {{ type: string }} [message] */
function tell(state, before, message) {
  const news = newsOf(state, before, message);
  if (news?.waits) announceInTurn(news.text);
  else if (news) announce(news.text);
}

/** @param {Store} store @param {Actions} actions */
export function mountStatus(store, actions) {
  const pill = byId('phase-pill');
  const text = byId('status-text');
  const bar = byId('run-progress', HTMLProgressElement);
  const error = byId('error');
  const errorText = byId('error-text');
  const way = byId('error-way', HTMLButtonElement);
  const retry = byId('error-retry', HTMLButtonElement);
  way.addEventListener('click', actions.goOnCarefully);
  retry.addEventListener('click', () => {
    byId('content').focus({ preventScroll: true }); // The button goes, and the focus would be lost with it.
    actions.retryData();
  });
  const link = byId('error-link', HTMLButtonElement);
  link.addEventListener('click', actions.openLink);
  byId('error-dismiss').addEventListener('click', () => store.dispatch({ type: 'error_dismissed' }));

  /** @param {State} state */
  function renderBar(state) {
    const share = shareDone(state);
    if (share === null) bar.removeAttribute('value');
    else bar.value = share;
  }

  /** @param {State} state */
  function renderError(state) {
    const { error: report, diverged, dataProblem } = state;
    error.hidden = report === null;
    link.hidden = state.link === null || report?.code !== 'busy';
    link.disabled = state.link?.wanted ?? false;
    setText(link, isOccupied(state) && state.phase !== 'evaluating' ? 'Stop, then open the link' : 'Open the link');
    way.hidden = !diverged || report?.code !== 'diverged';
    retry.hidden = dataProblem === null;
    setText(errorText, errorSentences(state));
  }

  /** @param {State} state @param {State} before @param {{ type: string }} [message] */
  function render(state, before, message) {
    setText(pill, state.phase === 'loading' && state.dataProblem ? 'Waiting' : NAMES[state.phase]);
    setText(text, statusSentence(state));
    renderBar(state);
    renderError(state);
    tell(state, before, message);
  }
  store.subscribe(render);
  render(store.get(), store.get());
}
