/**
 * How the state takes a run that rests, because it was stopped, is over or was opened, and how it goes on: the rows
 * of store.js's table of changes that have to do with it, and whether the next Start goes on or begins anew.
 *
 * Pure, as the store is. Which phase follows is phases.js's; what is kept, checkpoints.js's.
 *
 * @import { Config, MoreEpochs, Restored } from '../protocol/protocol.js'
 * @import { Changes, State } from './store.js'
 */
import { isSameSetting } from './fields.js';
import { measuredIn } from './held-out.js';
import { isSame } from './networks.js';
import { placeIn, restoredOver } from './recovery-reducer.js';

/** What a run, and a network, leave behind, taken away. @type {Partial<State>} */
export const NO_RUN = { compiling: null, progress: null, trace: [], marks: [], epochs: [], evaluation: null, evaluatedOn: 'test', bestEpoch: null, trainingEvaluation: null, trained: false, diverged: false, runConfig: null, resumable: null, more: null, doubted: null, fromWeights: false, probabilities: null };

/** Codes with which a run is refused before its next step, and waits: for its images. */
const RUN_WAITS = ['checkpoint', 'data_missing'];

/** Whether the settings are the run's own, apart from how long it is. @param {State} state */
function isOwn({ config, runConfig }) {
  const keys = /** @type {(keyof Config)[]} */ (Object.keys(config));
  return keys.every((key) => key === 'epochs' || isSameSetting(key, config[key], runConfig?.[key]));
}

/** Whether a run that is over has waited in vain for a better epoch: more of them are not what it lacks. @param {State} state */
const hasStoppedEarly = ({ runConfig, epochs }) => runConfig !== null && runConfig.patience > 0 && epochs.length < runConfig.epochs;

/** Whether the run is over and all of it is there to be trained on. @param {State} state */
const isOver = (state) => state.phase === 'done' && state.more !== null && !state.fromWeights && !state.diverged && !hasStoppedEarly(state);

/**
 * Whether the next Start goes on with the run that rests: while the settings are its own, and ask for as many epochs as
 * the crate says that it may have.
 * @param {State} state
 */
export function goesOn(state) {
  const { resumable, phase, config, more } = state;
  const rests = (resumable !== null && phase === 'ready') || isOver(state);
  return rests && isOwn(state) && more !== null && config.epochs >= more.least && config.epochs <= more.most;
}

/** Whether the run that rests is over, or is to end elsewhere than it was. @param {State} state */
export const isExtended = ({ config, runConfig, resumable }) => resumable === null || config.epochs !== runConfig?.epochs;

/**
 * How many epochs in all a run that is over may be trained for; none where it is to go on anyway, or cannot.
 * @param {State} state @returns {MoreEpochs | null}
 */
export const moreEpochs = (state) => (isOver(state) && isOwn(state) && !goesOn(state) ? state.more : null);

/** Whether a run is over for good, because its learning rate fell until its end: the crate takes no more epochs of it. @param {State} state */
export const isAtRatesEnd = (state) => state.phase === 'done' && state.more === null && state.runConfig !== null && !state.diverged
  && (state.runConfig.schedule === 'one-cycle' || state.runConfig.schedule === 'cosine');

/** What weights bring: the network that they are of, and what it sees. @param {Config} config @returns {Pick<Config, 'network' | 'pixels' | 'norm_group'>} */
const networkOf = ({ network, pixels, norm_group }) => ({ network, pixels, norm_group });

/** Whether the next Start begins from weights that were opened: unless another network was chosen since. @param {State} state */
export const beginsFromWeights = ({ fromWeights, loaded, config }) => fromWeights && isSame(loaded?.config.network, config.network);

/** A restored run, as it was: its figures, its curve and its log. @param {State} state @param {Restored} restored @returns {Partial<State>} */
function opened(state, { kind, loaded, history, position, more, progress, evaluation, trace, remarks }) {
  return {
    ...NO_RUN, loaded, data: loaded.data, error: state.error?.code === 'invalid_link' ? state.error : null,
    ...(kind === 'run' ? { config: loaded.config, runConfig: loaded.config, problems: {} } : { config: { ...state.config, ...networkOf(loaded.config) } }),
    epochs: history, trained: true, resumable: position ?? null, more, fromWeights: kind === 'weights',
    progress: progress ?? null, evaluation: evaluation ?? null, evaluatedOn: measuredIn(loaded.config, evaluation), trace: trace.points,
    marks: trace.resumed_at.map((at) => ({ at, reason: null })),
    autostart: false, resumes: state.resumes && Boolean(position), notice: remarks.join(' ') || null,
    timings: { ...state.timings, run_started_ms: null, run_ended_ms: null },
  };
}

/** Whether the run is one that was opened and has not gone on yet. @param {State} state */
export const isOpened = ({ resumable, timings }) => resumable !== null && timings.run_started_ms === null;

/** The run goes on; where it was opened, its curve says so. @param {State} state @param {number} nowMs @returns {Partial<State>} */
function goneOn(state, nowMs) {
  const { resumable, marks, progress, timings, data, starting, extending } = state;
  // A Resume that was pressed before a Start may be answered after it: that one is still to be answered.
  const isAwaited = starting && !extending;
  const mark = isOpened(state) && resumable ? [{ at: placeIn(resumable, progress), reason: null }] : [];
  return { trainingEvaluation: null, bestEpoch: null, data: data && { ...data, restored: null }, starting: isAwaited, resumes: false, marks: [...marks, ...mark], timings: { ...timings, run_started_ms: timings.run_started_ms ?? nowMs, run_ended_ms: null } };
}

/** The run's step failed: it is over, unless it waits for its images. @param {State} state @param {string} code @param {number} nowMs @returns {Partial<State>} */
export function failedStep(state, code, nowMs) {
  const resumable = RUN_WAITS.includes(code) ? state.resumable : null;
  return { resumable, diverged: code === 'diverged', timings: { ...state.timings, run_ended_ms: nowMs } };
}

/** @type {Changes} */
export const RESTS = {
  // A restored run brings its configuration, so that the link and the form are its own; weights bring their network alone. A Start that
  // was pressed before it came is yet to be answered.
  restored: (state, { restored }) => (state.phase === 'recovering' ? restoredOver(state, restored) : opened(state, restored)),
  extended: (state, { loaded }) => ({
    loaded, data: loaded.data, config: loaded.config, runConfig: loaded.config, problems: {},
    resumable: state.resumable ?? (isOver(state) && state.more ? { epoch: state.more.least, step: 0 } : null),
  }),
  resumed: (state, _message, nowMs) => goneOn(state, nowMs),
  stopped: (state, { epoch, step, more }, nowMs) => ({ resumable: { epoch, step }, more, timings: { ...state.timings, run_ended_ms: nowMs } }),
  done: (state, { more, kept, evaluation }, nowMs) => ({
    resumable: null, more, bestEpoch: kept ?? null, ...(evaluation ? { evaluation, evaluatedOn: 'test' } : {}),
    timings: { ...state.timings, run_ended_ms: nowMs },
  }),
};
