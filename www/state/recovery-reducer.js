/**
 * How the state takes the loss of the engine: the rows of store.js's table of changes that have to do with it.
 *
 * Pure, as the store is. When an engine is lost, and what is done then, is recovery.js's.
 *
 * @import { Changes as ConfigChanges, ErrorReport, Position, Progress, Restored } from '../protocol/protocol.js'
 * @import { Changes, State } from './store.js'
 */

/**
 * `recovering`: the engine is lost and another one is started. `resumes`: a run was under way and goes on by itself;
 * `restores`: from a checkpoint. `recovery_left`: the visitor does not want it to go on by itself.
 * @typedef {{ type: 'recovering', reason: string, resumes: boolean, restores: boolean, changes: ConfigChanges | null }
 *   | { type: 'recovery_left' }
 *   | { type: 'resume_wanted' }
 *   | { type: 'noticed', sentence: string | null }} RecoveryAction
 */

/** Where the run stands, in epochs. @param {State} state */
function placeOf({ trace, epochs }) {
  return Math.max(trace[trace.length - 1]?.at ?? 0, epochs.length);
}

/** A place in epochs from 0. @param {Position} position @param {Progress | null} progress Whose number of steps an epoch has. */
export const placeIn = ({ epoch, step }, progress) => epoch - 1 + (progress ? Math.min(1, step / progress.steps) : 0);

/**
 * The engine's successor has the run again: what was learnt after the checkpoint is gone from the curve, and
 * the spot is marked.
 * @param {State} state @param {Restored} restored @returns {Partial<State>}
 */
export function restoredOver(state, restored) {
  const { loaded, history, position, more } = restored;
  const at = position ? placeIn(position, state.progress) : history.length;
  return {
    loaded,
    data: loaded.data,
    config: loaded.config,
    runConfig: loaded.config,
    epochs: history,
    trace: state.trace.filter((point) => point.at <= at),
    marks: state.marks.map((mark, i) => (i === state.marks.length - 1 ? { ...mark, at } : mark)),
    resumable: position ?? null,
    more,
    resumes: state.resumes && Boolean(position),
    diverged: false,
    trained: true,
    compiling: null,
  };
}

/** @param {string} reason @param {{ resumes: boolean, restores: boolean, changes: ConfigChanges | null }} how */
function noticeOf(reason, { resumes, restores, changes }) {
  const where = changes?.backend === 'flex' ? ' on the processor' : '';
  if (resumes) return `${reason} Another one was started${where}, and the run ${restores ? 'goes on from its last checkpoint' : 'begins anew, because it had not been kept yet'}.`;
  return `${reason} Another one was started${where}${restores ? ', with the last checkpoint' : ''}.`;
}

/** @type {Changes} */
export const RECOVERIES = {
  recovering: (state, { reason, resumes, restores, changes }) => ({
    alive: false, starting: false, error: null, resumes, startWaits: resumes && !restores && !state.kept.wanted, trained: restores, compiling: null, resumable: null,
    config: { ...state.config, ...changes },
    loaded: state.loaded && changes ? { ...state.loaded, config: { ...state.loaded.config, ...changes } } : state.loaded,
    marks: [...state.marks, { at: placeOf(state), reason }],
    notice: noticeOf(reason, { resumes, restores, changes }),
    ...(restores ? {} : { resumes: false, progress: null, trace: [], epochs: [] }),
  }),
  recovery_left: () => ({ resumes: false }),
  resume_wanted: () => ({ resumes: true, autostart: false, error: null }),
  noticed: (_state, { sentence }) => ({ notice: sentence }),
};
