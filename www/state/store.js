/**
 * The page's one state, and how messages change it: `reduce(state, message, nowMs)`.
 *
 * Messages come from the worker (see protocol.js) and from the page itself (`Action` below). The
 * reducer is pure, so that every rule of the page is tested without a browser; which phase follows
 * which message stands in one table (phases.js).
 *
 * It knows no DOM, no wasm, no network. What the views show is computed from this state alone.
 *
 * @import { BackendStatus, Compiling, Config, DataStatus, ErrorReport, EpochResult, Evaluation, KeptEpoch, Loaded, Message, MoreEpochs, Position, Progress, Split } from '../protocol/protocol.js'
 * @import { Phase } from './phases.js'
 * @import { Field } from './fields.js'
 * @import { Augmentation, AugmentationAction } from './augmentation.js'
 * @import { Answered } from './rates.js'
 * @import { Reference, ReferenceAction } from './reference.js'
 * @import { Complaint } from './complaints.js'
 * @import { Missing, Offline, OfflineAction, RetryAction } from './data-reducer.js'
 * @import { RecoveryAction } from './recovery-reducer.js'
 * @import { Kept, KeptAction } from './storage-reducer.js'
 * @import { Planned, Refusal } from './planning.js'
 * @import { EditAction, History } from './network-edits.js'
 * @import { Measured } from './network-cost.js'
 * @import { ImagesAction } from './run-images.js'
 * @import { RefusedLink } from './links.js'
 * @import { CureAction } from './cures.js'
 * @import { ChoiceAction, Choices } from './choices.js'
 * @import { Budget, BudgetAction, Table } from './budget.js'
 * @import { Measured as MeasuredOn } from './held-out.js'
 * @import { Earlier, KeptRunAction, KeptRuns } from './kept-runs.js'
 */
import { ARRIVALS, NO_RETRIES, ofSource, withoutShard } from './data-reducer.js';
import { AUGMENTATIONS, NO_AUGMENTATION } from './augmentation.js';
import { BUDGETS } from './budget.js';
import { CURE_CHANGES } from './cures.js';
import { NO_CHOICES, nextChoices } from './choices.js';
import { complained } from './complaints.js';
import { DEFAULTS, parseField } from './fields.js';
import { crossCheck, goesAlong } from './fitting.js';
import { measuredNow } from './held-out.js';
import { KEPT_RUNS, NO_KEPT_RUNS } from './kept-runs.js';
import { KEPT, NOTHING_KEPT, nextKept } from './storage-reducer.js';
import { nextPhase } from './phases.js';
import { RATES } from './rates.js';
import { RECOVERIES } from './recovery-reducer.js';
import { PLANS } from './planning.js';
import { EDITS, NO_HISTORY } from './network-edits.js';
import { readable } from './network-rows.js';
import { nextMeasured } from './network-cost.js';
import { NO_REFERENCE, REFERENCES } from './reference.js';
import { RUN_IMAGES } from './run-images.js';
import { NO_RUN, RESTS, failedStep } from './run-reducer.js';

/**
 * A file of the visitor's.
 * `key` stays the same when it is sent anew; `isAdded`: the engine holds its records.
 * @typedef {{ id: string, key: number, file: string, split: Split, records: number, known: string | null, isAdded: boolean }} AddedFile
 */

/**
 * What the network is asked about. Planar pixels; the label is the true class, where it is known.
 * @typedef {object} Subject
 * @property {number} id
 * @property {'test' | 'picture'} origin
 * @property {number | null} label
 * @property {Uint8Array} pixels
 * @property {string} title
 * @property {boolean} asked Whether the visitor chose it and waits for the answer; the first image comes by itself.
 */

/** Records of each split, and the names of the files that hold them. @typedef {{ train: number, test: number, files?: string[] }} Promised */

/** A point of the live loss; `at` counts epochs from 0. @typedef {{ epoch: number, at: number, loss: number }} TracePoint */

/**
 * Moments, in milliseconds since the page began.
 * @typedef {object} Timings
 * @property {number | null} engine_ready_ms
 * @property {number | null} data_ready_ms
 * @property {number | null} run_started_ms
 * @property {number | null} run_ended_ms
 */

/**
 * @typedef {object} State
 * @property {Phase} phase
 * @property {Phase} phaseBefore Where an evaluation goes back to.
 * @property {Config} config What the next Start uses.
 * @property {Record<string, string>} problems A sentence for each field whose text cannot be read.
 * @property {boolean} autostart Whether the link asks to start at once.
 * @property {Loaded | null} loaded What the engine last accepted.
 * @property {Planned | null} planned The table of a network that the settings ask for, or once did, and that was not loaded.
 * @property {Answered[]} rates How the learning rate goes, of the configurations that were asked about lately.
 * @property {Augmentation} augmentation What augmentation makes of some training images.
 * @property {Refusal | null} refusal Why the network that the settings ask for, or once did, cannot be built.
 * @property {History} history What was done in the editor of networks, and can be undone.
 * @property {Measured | null} measured How quickly this machine learnt last, and what it learnt.
 * @property {Choices} choices What this browser remembers of the visitor's choices and of the machine.
 * @property {Budget | null} budget The time that the visitor has, and what was planned for it.
 * @property {Record<string, Table>} tables Tables of networks with a name, as the engine answered.
 * @property {DataStatus | null} data
 * @property {boolean} alive Whether the engine answers.
 * @property {BackendStatus[]} backends Which backends can run here; none before the engine has said so.
 * @property {Compiling | null} compiling Which part of getting the graphics card ready is under way.
 * @property {'server' | 'files' | 'none'} source
 * @property {number} turn Goes up with each change of source; a shard's id begins with its turn.
 * @property {Promised | null} promised What the server's manifest lists.
 * @property {string[]} serverFiles The files that it listed last, also while own files are in use.
 * @property {{ expected: number, fetched: number, added: number }} shards
 * @property {AddedFile[]} files
 * @property {string | null} opening The file of the visitor's that is being opened.
 * @property {File[]} runFiles Saved runs that were dropped at once: one of them may be opened.
 * @property {string | null} dataProblem Why there is no data, as a sentence.
 * @property {Missing[]} missing Files of the server's that the page tries again to fetch.
 * @property {Record<string, number>} refusals How often a shard came damaged, by its id.
 * @property {Offline} offline What the browser keeps for a visit without a network.
 * @property {{ train: Uint8Array | null, test: Uint8Array | null }} pool Records to look at.
 * @property {number} sampleFrom Index of the first of the 25 samples shown.
 * @property {Config | null} runConfig The configuration of the run whose figures are shown.
 * @property {Position | null} resumable Where a run goes on that was stopped or opened; until its next step.
 * @property {MoreEpochs | null} more For how many epochs in all the run may be trained that was stopped, opened or is over.
 * @property {boolean | null} doubted Whether the visitor goes on with these images, where a run's file does not say; null where that was not asked.
 * @property {boolean} fromWeights Whether the next Start begins from weights that were opened.
 * @property {boolean} startWaits Whether a Start waits for the engine's other module and the data in it.
 * @property {boolean} resumes Whether a run goes on by itself once the engine and its data are there.
 * @property {{ at: number, reason: string | null }[]} marks Where in the run the engine was replaced, and why, or where it was opened and
 *   went on; `at` counts epochs from 0.
 * @property {string | null} notice What the visitor should know and need not answer.
 * @property {Kept} kept What is kept on this machine of runs.
 * @property {RefusedLink | null} link A link that was not opened because a run was under way.
 * @property {boolean} starting Whether a Start has been sent and not yet been answered.
 * @property {boolean} extending Whether that Start trains a run for more epochs: `resumed` answers it, and no other.
 * @property {boolean} trained Whether the model has left its initial weights.
 * @property {boolean} diverged Whether the run ended because its loss is no number any more.
 * @property {Progress | null} progress
 * @property {TracePoint[]} trace
 * @property {EpochResult[]} epochs
 * @property {Evaluation | null} evaluation
 * @property {MeasuredOn} evaluatedOn On which images that was measured.
 * @property {KeptEpoch | null} bestEpoch The epoch whose weights the run has ended with, where that is its best one.
 * @property {Evaluation | null} trainingEvaluation The network that the evaluation is of, on images that it learnt from.
 * @property {Earlier | null} earlier The curves of an earlier run, to compare with.
 * @property {KeptRuns} keptRuns The list of this browser's runs.
 * @property {Subject | null} subject
 * @property {Float32Array | null} probabilities
 * @property {Complaint | null} error
 * @property {boolean | null} referenceShown Whether Keras's curves are to lie behind the run's; null where nobody has chosen.
 * @property {Reference | null} reference Those curves, once they are there.
 * @property {Timings} timings
 */

/**
 * What the page itself reports.
 * @typedef {{ type: 'configured', config: Config, autostart: boolean }
 *   | { type: 'field_edited', field: Field, text: string }
 *   | { type: 'preset_chosen', preset: Partial<Config> }
 *   | { type: 'source_chosen', source: 'server' | 'files', turn: number, promised: Promised | null, files?: AddedFile[], drop?: number }
 *   | { type: 'shards_expected', count: number }
 *   | { type: 'shard_fetched' }
 *   | { type: 'file_opening', file: string | null }
 *   | { type: 'runs_dropped', files: File[] }
 *   | { type: 'pool_filled', split: Split, records: Uint8Array | null }
 *   | { type: 'next_samples' }
 *   | { type: 'start_sent', extends?: boolean }
 *   | { type: 'subject_chosen', subject: Subject }
 *   | { type: 'complained', error: ErrorReport, drop?: number }
 *   | { type: 'error_dismissed' }
 *   | { type: 'link_refused', hash: string } | { type: 'link_wanted' } | { type: 'link_opened' }
 *   | EditAction | CureAction | KeptRunAction | RetryAction | OfflineAction | RecoveryAction | KeptAction | AugmentationAction | ImagesAction | ReferenceAction
 *   | ChoiceAction | BudgetAction} Action
 */

/** Number of samples shown at once. */
export const SAMPLES = 25;
/** The live loss is thinned to half when it has more points than this. */
const TRACE_MAX = 2_000;

/** @returns {State} */
export function initialState() {
  return {
    phase: 'loading',
    phaseBefore: 'loading',
    config: { ...DEFAULTS },
    problems: {},
    autostart: false,
    ...NO_REFERENCE,
    loaded: null,
    planned: null,
    rates: [],
    augmentation: NO_AUGMENTATION,
    refusal: null,
    history: NO_HISTORY,
    measured: null,
    choices: NO_CHOICES,
    budget: null,
    tables: {},
    data: null,
    alive: false,
    backends: [],
    compiling: null,
    source: 'none',
    turn: 0,
    promised: null,
    serverFiles: [],
    shards: { expected: 0, fetched: 0, added: 0 },
    files: [],
    opening: null,
    runFiles: [],
    dataProblem: null,
    ...NO_RETRIES,
    offline: 'no',
    pool: { train: null, test: null },
    sampleFrom: 0,
    runConfig: null,
    resumable: null,
    more: null,
    doubted: null,
    fromWeights: false,
    startWaits: false,
    resumes: false,
    marks: [],
    notice: null,
    kept: NOTHING_KEPT,
    link: null,
    starting: false,
    extending: false,
    trained: false,
    diverged: false,
    progress: null,
    trace: [],
    epochs: [],
    evaluation: null,
    evaluatedOn: 'test',
    bestEpoch: null,
    trainingEvaluation: null,
    earlier: null,
    keptRuns: NO_KEPT_RUNS,
    subject: null,
    probabilities: null,
    error: null,
    timings: { engine_ready_ms: null, data_ready_ms: null, run_started_ms: null, run_ended_ms: null },
  };
}

/**
 * Whether the engine and all the data that the configuration asks for are there, so that a run may
 * start. The server's records count, not its shards: those under way for a longer run are not
 * waited for. Of the visitor's files the engine says whether they are enough.
 * @param {State} state
 */
export function isSettled({ loaded, data, source, files, promised, config, dataProblem }) {
  if (!loaded || !data || dataProblem) return false;
  if (source === 'files') return data.complete && files.length > 0 && files.every(({ isAdded }) => isAdded);
  if (!promised) return false;
  return data.train_records >= Math.min(config.train, promised.train) && data.test_records >= Math.min(config.test, promised.test);
}

/** A run outlasts the engine that another one replaces. @param {State} state */
const withoutRun = ({ phase }) => (phase === 'recovering' ? {} : NO_RUN);

/** Whether the image on the stage is still one of the data's, or the visitor's own picture. @param {State} state @param {State['source']} source */
const outlasts = ({ subject, phase, source: before }, source) => subject?.origin === 'picture' || phase === 'recovering' || (source === 'server' && before === 'server');

/** @param {Progress} progress @returns {TracePoint} */
function pointOf({ epoch, step, steps, loss }) {
  return { epoch, at: epoch - 1 + step / steps, loss };
}

/** @param {TracePoint[]} trace @param {TracePoint} point */
function extend(trace, point) {
  const kept = trace.length < TRACE_MAX ? trace : trace.filter((_, i) => i % 2 === 0);
  return [...kept, point];
}

/** @param {State} state @param {Field} field @param {string} text @returns {Partial<State>} */
function edit(state, field, text) {
  const read = parseField(field, text);
  const { [field]: _, ...others } = state.problems;
  if ('problem' in read) return { problems: { ...others, [field]: read.problem } };
  const config = { ...state.config, [field]: read.value };
  return settingsOf(state, { ...config, ...goesAlong(config, field, state.config) }, others);
}

/** Other settings. What was complained of is over once all of them can be used. @param {State} state @param {Config} config @param {State['problems']} problems @returns {Partial<State>} */
function settingsOf(state, config, problems) {
  const isMended = state.error?.code === 'invalid_config' && Object.keys(problemsOf({ ...state, config, problems })).length === 0;
  return { config, problems, ...(isMended ? { error: null } : {}) };
}

/** Every field that cannot stay, alone or beside the others, with its sentence. @param {State} state @returns {Record<string, string>} */
export function problemsOf(state) {
  return { ...crossCheck(state.config), ...state.problems };
}

/** Refusals of a backend. @type {(string | undefined)[]} */
const BACKEND_REFUSED = ['self_check', 'backend_unavailable'];

/** A load that succeeds takes back what kept an earlier one from it: now there is a backend that runs. @param {State} state */
function afterLoad({ phase, error }) {
  return phase === 'error' || BACKEND_REFUSED.includes(error?.code) ? null : error;
}

/** After the engine's end on a graphics card the way on is the processor. @param {State} state @param {ErrorReport} error @returns {ErrorReport} */
function withWayOn({ loaded }, error) {
  if (loaded?.backend.active !== 'webgpu') return error;
  return { ...error, hint: 'Choose the backend “flex”, then reload the page: the address keeps the choice, and “auto” may take the same graphics card again.' };
}

/** Whether the first load failed because the layers that a link brought are no network. @param {State} state @param {ErrorReport} error */
const isOfNetwork = ({ loaded, config }, { code, message }) => loaded === null && code === 'invalid_config' && typeof config.network === 'object' && message.includes('"network"');

/** Such a network is complained of, as whatever else a link may not ask for, and left at the default. @param {State} state @param {ErrorReport} error @returns {Partial<State>} */
function withoutNetwork({ config }, error) {
  const sentence = readable(error.message.replace('The setting "network" cannot be used: ', ''), false);
  return { error, autostart: false, config: { ...config, network: DEFAULTS.network }, notice: `The link’s network cannot be built. ${sentence} The tutorial’s network is used.` };
}

/**
 * One function a message: what changes but the phase.
 * @typedef {{ [T in (Message | Action)['type']]?: (state: State, message: any, nowMs: number) => Partial<State> }} Changes
 */

/** @type {Changes} */
const CHANGES = {
  ...ARRIVALS,
  ...REFERENCES,
  ...RECOVERIES,
  ...RUN_IMAGES,
  ...KEPT,
  ...PLANS,
  ...RATES,
  ...AUGMENTATIONS,
  ...EDITS,
  ...CURE_CHANGES,
  ...BUDGETS,
  ...KEPT_RUNS,
  ...RESTS,
  configured: (_state, { config, autostart }) => ({ config, autostart, problems: {}, link: null }),
  field_edited: (state, { field, text }) => edit(state, field, text),
  preset_chosen: (state, { preset }) => settingsOf(state, { ...state.config, ...preset }, {}),
  // A test image goes with the data that it is of; a picture of the visitor's stays.
  source_chosen: (state, action) => ({
    ...withoutRun(state), ...ofSource(state, action), subject: outlasts(state, action.source) ? state.subject : null,
    serverFiles: action.promised?.files ?? state.serverFiles,
  }),
  next_samples: (state) => ({ sampleFrom: state.sampleFrom + SAMPLES }),
  // A link that starts by itself may have been complained of: that stays to be read.
  start_sent: (state, { extends: extending = false }) => ({ starting: true, extending, notice: null, startWaits: false, autostart: false, error: state.autostart ? state.error : null }),
  subject_chosen: (_state, { subject }) => ({ subject, probabilities: null }),
  complained: (state, { error, drop }) => ({ error: complained(state.error, error, drop), link: null }),
  error_dismissed: () => ({ error: null, link: null }),
  link_refused: (_state, { hash }) => ({ link: { hash, wanted: false } }),
  link_wanted: ({ link }) => ({ link: link && { ...link, wanted: true } }),
  link_opened: () => ({ link: null, error: null }),

  ready: (state, _message, nowMs) => ({ alive: true, timings: { ...state.timings, engine_ready_ms: nowMs } }),
  loaded: (state, { loaded }) => ({ ...withoutRun(state), loaded, data: loaded.data, error: afterLoad(state) }),
  started: (state, { loaded }, nowMs) => ({
    ...NO_RUN, loaded, data: loaded.data, runConfig: loaded.config, starting: false,
    timings: { ...state.timings, run_started_ms: nowMs, run_ended_ms: null },
  }),
  backends: (_state, { backends }) => ({ backends }),
  other_module: (_state, { resend }) => ({ alive: false, starting: false, startWaits: resend.start }),
  compiling: (_state, { part, done, of }) => ({ compiling: { part, done, of } }),
  // The self-check has passed, or has left the graphics card for another backend.
  backend: (state, { backend }) => (state.loaded ? { loaded: { ...state.loaded, backend } } : {}),
  was_reset: (_state, { loaded }) => ({ ...NO_RUN, loaded, data: loaded.data, error: null }),
  progress: (state, { type: _, ...progress }) => ({
    progress,
    trained: true,
    resumable: null,
    trace: progress.stage === 'training' && progress.step > 0 ? extend(state.trace, pointOf(progress)) : state.trace,
  }),
  epoch_end: (state, { result, evaluation }) => ({
    epochs: [...state.epochs, result], evaluation, evaluatedOn: measuredNow(state), trainingEvaluation: null, trained: true, resumable: null,
  }),
  evaluation: (_state, { evaluation }) => ({ evaluation, evaluatedOn: 'test', error: null }),
  prediction: ({ subject }, { id, probabilities }) => (subject && subject.id === id ? { probabilities, subject: { ...subject, asked: false } } : {}),
  error: (state, { error, command, id }, nowMs) => {
    if (command === 'add_shard') return withoutShard(state, error, id);
    if (command === 'start' || command === 'extend') return { error, starting: false };
    if (command === 'restore' || command === 'resume') return { error, resumes: false };
    if (['show', 'summarize', 'learning_rates', 'augment', 'measure_training'].includes(command)) return {}; // What is there to look at stays.
    if (command === 'load' && isOfNetwork(state, error)) return withoutNetwork(state, error);
    if (command === 'advance') return { ...failedStep(state, error.code, nowMs), error };
    return { error };
  },
  failed: (state, { error }) => ({ error: withWayOn(state, error), alive: false, starting: false, startWaits: false, resumes: false }),
};

/**
 * Where an evaluation goes back to: what comes while it is under way (a Reset that was pressed just before it, a
 * run that was opened) changes that.
 * @param {State} state @param {Message | Action} message @param {Parameters<typeof nextPhase>[2]} standing
 * @returns {Phase}
 */
function backTo({ phase, phaseBefore }, message, standing) {
  if (phase !== 'evaluating') return phase;
  return message.type === 'evaluating' ? phaseBefore : nextPhase(phaseBefore, message, standing);
}

/**
 * @param {State} state
 * @param {Message | Action} message
 * @param {number} nowMs Milliseconds since the page began.
 * @returns {State} A new state; the old one is left as it was.
 */
export function reduce(state, message, nowMs) {
  const changed = { ...state, ...CHANGES[message.type]?.(state, message, nowMs), kept: nextKept(state, message), measured: nextMeasured(state, message), choices: nextChoices(state, message) };
  const standing = {
    before: state.phaseBefore, settled: isSettled(changed), loaded: changed.loaded !== null, trained: changed.trained, resumes: changed.resumes,
  };
  const phase = nextPhase(state.phase, message, standing);
  if (phase === 'evaluating') changed.phaseBefore = backTo(state, message, standing);
  if (phase === 'ready' && changed.timings.data_ready_ms === null) {
    changed.timings = { ...changed.timings, data_ready_ms: nowMs };
  }
  return { ...changed, phase };
}

/**
 * @param {() => number} now
 * @returns {{ get: () => State, dispatch: (message: Message | Action) => void, subscribe: (listener: (state: State, before: State, message: Message | Action) => void) => void }}
 */
export function createStore(now) {
  let state = initialState();
  /** @type {((state: State, before: State, message: Message | Action) => void)[]} */
  const listeners = [];
  /** @type {[State, State, Message | Action][]} What listeners have yet to be told, in order. */
  const untold = [];
  let telling = false;

  function tell() {
    if (telling) return; // A listener dispatched: its news waits until the present one is told.
    telling = true;
    try {
      for (let news = untold.shift(); news; news = untold.shift()) {
        for (const listener of listeners) listener(...news);
      }
    } finally {
      telling = false;
    }
  }

  return {
    get: () => state,
    dispatch(message) {
      const before = state;
      state = reduce(before, message, now());
      untold.push([state, before, message]);
      tell();
    },
    subscribe: (listener) => void listeners.push(listener),
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */
