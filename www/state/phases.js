/**
 * The page's phase and the one table that says which phase follows which message.
 *
 * Pure and small, so that the whole table can be read, and tested, at a glance. A message that is
 * not in the table, or that comes in a phase from which it leads nowhere, leaves the phase as it
 * was: so does every failed command, bad input among them. It decides nothing else.
 *
 * @import { Message } from '../protocol/protocol.js'
 * @import { Action } from './store.js'
 */

/** @typedef {'loading' | 'ready' | 'compiling' | 'training' | 'paused' | 'evaluating' | 'recovering' | 'done' | 'error'} Phase */

/**
 * Where a message leads: to a phase, back to the one before an evaluation, to `ready` or `loading` as
 * the data stands, or, when a run takes an engine's loss, to where it waits for the new one, or to where
 * a run that was opened stands.
 * @typedef {Phase | 'before' | 'settle' | 'recover' | 'restored'} Target
 */

/** @type {Phase[]} */
const RUNNING = ['compiling', 'training', 'paused'];
/** @type {Phase[]} */
const IDLE = ['loading', 'ready', 'done'];

/**
 * Whether a run or an evaluation is under way.
 * @param {Phase} phase
 */
function isBusy(phase) {
  return phase !== 'error' && !IDLE.includes(phase);
}

/**
 * Whether data may be sent to the engine: while nothing runs, and to one that takes another's place.
 * @param {{ phase: Phase, starting: boolean }} state
 */
export const mayFeed = (state) => state.phase === 'recovering' || !isOccupied(state);

/**
 * Whether neither settings nor data may change: also while the answer to a Start is awaited.
 * @param {{ phase: Phase, starting: boolean }} state
 */
export function isOccupied({ phase, starting }) {
  return starting || isBusy(phase);
}

/** @type {Partial<Record<(Message | Action)['type'], { from: Phase[] | 'any', to: Target }>>} */
export const TRANSITIONS = {
  // The engine and the data: `ready` once both are there, `loading` while some is missing. A
  // setting may ask for more data, or for less.
  loaded: { from: [...IDLE, 'error'], to: 'settle' },
  configured: { from: IDLE, to: 'settle' },
  field_edited: { from: IDLE, to: 'settle' },
  preset_chosen: { from: IDLE, to: 'settle' },
  cures_chosen: { from: IDLE, to: 'settle' },
  network_edited: { from: IDLE, to: 'settle' },
  network_chosen: { from: IDLE, to: 'settle' },
  network_undone: { from: IDLE, to: 'settle' },
  network_redone: { from: IDLE, to: 'settle' },
  source_chosen: { from: IDLE, to: 'settle' },
  shards_expected: { from: IDLE, to: 'settle' },
  shard_added: { from: IDLE, to: 'settle' },
  data_failed: { from: IDLE, to: 'settle' },
  error: { from: IDLE, to: 'settle' }, // Of a shard; see `afterError` for the others.
  // A run.
  started: { from: [...IDLE, 'error'], to: 'training' },
  compiling: { from: RUNNING, to: 'compiling' },
  progress: { from: RUNNING, to: 'training' },
  epoch_end: { from: RUNNING, to: 'training' },
  paused: { from: RUNNING, to: 'paused' },
  resumed: { from: ['paused', 'ready', 'done', 'recovering'], to: 'training' }, // From `ready` one that was stopped or opened.
  restored: { from: [...IDLE, 'error', 'recovering'], to: 'restored' },
  stopped: { from: RUNNING, to: 'ready' },
  done: { from: RUNNING, to: 'done' },
  was_reset: { from: [...IDLE, 'paused', 'error'], to: 'settle' },
  // Measuring on the test images.
  evaluating: { from: ['ready', 'paused', 'done'], to: 'evaluating' },
  evaluation: { from: ['evaluating'], to: 'before' },
  // The worker is of no more use; another one takes its place, or none does.
  recovering: { from: 'any', to: 'recover' },
  recovery_left: { from: ['recovering'], to: 'ready' },
  failed: { from: 'any', to: 'error' },
};

/**
 * What the table has to know beside the message, this message included.
 * @typedef {object} Standing
 * @property {Phase} before The phase before the evaluation that is under way.
 * @property {boolean} settled Whether the engine and the data are there.
 * @property {boolean} loaded Whether the engine has ever accepted a configuration.
 * @property {boolean} trained Whether there is a trained network.
 * @property {boolean} resumes Whether a run goes on by itself once the engine and its data are there.
 */

/**
 * @param {Phase} phase
 * @param {Message | Action} message
 * @param {Standing} standing
 * @returns {Phase}
 */
export function nextPhase(phase, message, { before, settled, loaded, trained, resumes }) {
  if (message.type === 'error' && message.command !== 'add_shard') return afterError(phase, before, message, loaded);
  const row = TRANSITIONS[message.type];
  if (!row || (row.from !== 'any' && !row.from.includes(phase))) return phase;
  if (row.to === 'before') return before;
  // A run that was never kept begins anew, as after the page's own start.
  if (row.to === 'recover') return trained || resumes ? 'recovering' : 'loading';
  if (row.to === 'restored') return phase === 'recovering' && resumes ? phase : afterOpening(message);
  if (row.to !== 'settle') return row.to;
  // Missing data takes no result away: the trained network can still be measured and asked.
  if (trained && phase !== 'loading') return phase;
  return settled ? 'ready' : 'loading';
}

/** A run that was opened is done or has more to do, and weights alone have everything to do. @param {Message | Action} message */
function afterOpening(message) {
  if (message.type !== 'restored') return 'ready';
  const { kind, position, history } = message.restored;
  return kind === 'run' && !position && history.length > 0 ? 'done' : 'ready';
}

/** Failures of a training step after which the engine is as good as before. */
const RUN_ONLY = ['checkpoint', 'diverged', 'data_missing', 'self_check'];

/**
 * A command failed. Only four failures move the phase: the first load (nothing runs without it),
 * a training step (the run is over), an evaluation (which ends), and going on in another engine.
 *
 * @param {Phase} phase
 * @param {Phase} before
 * @param {Extract<Message, { type: 'error' }>} message
 * @param {boolean} loaded
 * @returns {Phase}
 */
function afterError(phase, before, { command, error }, loaded) {
  if (command === 'load' && !loaded) return 'error';
  if (command === 'advance' && RUNNING.includes(phase)) return RUN_ONLY.includes(error.code) ? 'ready' : 'error';
  if (command === 'evaluate' && phase === 'evaluating') return before;
  if (command === 'resume' && phase === 'recovering') return 'ready'; // It waits for its images.
  return phase;
}
