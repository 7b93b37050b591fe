/**
 * How the state takes what is kept of runs on this machine: whose it is, whether it is offered, and whether
 * another run may take its place. A part of store.js's state with a table of its own, and as pure as the store.
 *
 * What is kept when is checkpoints.js's; when a kept run is opened, resuming.js's.
 *
 * @import { Config, Message } from '../protocol/protocol.js'
 * @import { Action, Changes, State } from './store.js'
 * @import { DataSource, RunDescription } from '../runs/run-files.js'
 */
import { isSameSetting } from './fields.js';
import { TUTORIALS } from './presets.js';
import { isSame } from './networks.js';

/**
 * What is kept of runs.
 * @typedef {object} Kept
 * @property {RunDescription | null} found A run that is kept and is not the page's own: none takes its place unasked.
 * @property {RunDescription | null} own What is kept of the page's own run.
 * @property {RunDescription | null} best The best one by accuracy on the test images.
 * @property {boolean} looked Whether the page has looked for what an earlier visit left.
 * @property {boolean} isHeld Whether another tab of this page keeps its run, so that nothing is known of it and nothing written.
 * @property {boolean} dismissed Whether the offer was put aside; the run stays kept.
 * @property {'waits' | 'opening' | 'resent' | null} wanted Whether the kept run is to be opened: it waits for engine or data, is with the engine, or is sent once more to the other module.
 * @property {'start' | 'keep' | null} asks What asks whether a run may take the kept one's place: a Start, or a run that trains already.
 * @property {boolean} agreed Whether it may.
 * @property {boolean | null} isPersistent Whether the browser has promised to keep what is stored; null where it was not asked.
 * @property {string | null} problem Why nothing can be kept, as a sentence.
 */

/** @type {Kept} */
export const NOTHING_KEPT = {
  found: null, own: null, best: null, looked: false, isHeld: false, dismissed: false, wanted: null, asks: null, agreed: false,
  isPersistent: null, problem: null,
};

/**
 * `run_found`: what another visit or tab left. `run_kept`: the page's own run was written. `kept_wanted`, `kept_opening`: the kept run
 * is to be opened, and is with the engine. `replace_asked`, `replace_answered`: whether another may take its place.
 * @typedef {{ type: 'run_found', found: RunDescription | null, best: RunDescription | null, isHeld: boolean }
 *   | { type: 'run_kept', own: RunDescription | null, best: RunDescription | null }
 *   | { type: 'kept_wanted' }
 *   | { type: 'kept_opening' }
 *   | { type: 'resume_failed', error: import('../protocol/protocol.js').ErrorReport }
 *   | { type: 'offer_dismissed' }
 *   | { type: 'replace_asked', by: 'start' | 'keep' }
 *   | { type: 'replace_answered', agreed: boolean, by: 'start' | 'keep' | null }
 *   | { type: 'autostart_over' }
 *   | { type: 'runs_deleted' }
 *   | { type: 'persistence_told', isPersistent: boolean }
 *   | { type: 'keeping_failed', sentence: string }} KeptAction
 */

const HELD = 'Another tab of this page keeps its run on this machine. As long as it is open, nothing of this tab’s is kept, and a link starts nothing here by itself.';

/** Two descriptions of one state of one run. @param {RunDescription | null} one @param {RunDescription | null} other */
export const isSameRun = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** The run that is kept, whosever it is. @param {Kept} kept @returns {RunDescription | null} */
export const keptRun = ({ found, own }) => found ?? own;

/** Another run is on the page: the one that is kept is offered, and is asked about. @param {Kept} kept @returns {Partial<Kept>} */
const setAside = ({ own }) => (own ? { found: own, own: null, agreed: false, asks: null, dismissed: false } : {});

/** The kept run is the page's own now. @param {Kept} kept @returns {Partial<Kept>} */
const takenOver = (kept) => ({ own: keptRun(kept), found: null, wanted: null, agreed: false, asks: null });

/**
 * What of the kept a message changes; `state` is from before it.
 * @type {{ [T in (Message | Action)['type']]?: (kept: Kept, message: any, state: State) => Partial<Kept> }}
 */
const TABLE = {
  run_found(kept, { found, best, isHeld }) {
    const isKnown = isSameRun(found, kept.found);
    // What another tab was in the way of is no problem once it has gone.
    const problem = isHeld ? kept.problem : null;
    return { found, best, isHeld, problem, looked: true, dismissed: kept.dismissed && isKnown, agreed: kept.agreed && isKnown };
  },
  run_kept: (_kept, { own, best }) => ({ own, best, found: null, isHeld: false, agreed: false, asks: null, problem: null }),
  kept_wanted: () => ({ wanted: 'waits', dismissed: false, asks: null }),
  kept_opening: () => ({ wanted: 'opening' }),
  resume_failed: () => ({ wanted: null }),
  offer_dismissed: () => ({ wanted: null, dismissed: true, asks: null }),
  images_doubted: () => ({ wanted: null }),
  replace_asked: (_kept, { by }) => ({ asks: by }),
  replace_answered: (_kept, { agreed }) => ({ asks: null, agreed }),
  runs_deleted: () => ({ found: null, own: null, best: null, wanted: null, asks: null, agreed: false }),
  persistence_told: (_kept, { isPersistent }) => ({ isPersistent }),
  keeping_failed: (_kept, { sentence }) => ({ problem: sentence }),
  configured: () => ({ wanted: null, asks: null }), // A link that was followed is another wish.
  restored(kept, { restored }, { phase, resumes }) {
    if (phase === 'recovering') return {};
    if (kept.wanted === 'opening') return restored.position ? {} : takenOver(kept); // One that goes on is its own once it does.
    return resumes ? {} : setAside(kept); // The page's own, from memory, or a file.
  },
  resumed: (kept) => (kept.wanted === 'opening' ? takenOver(kept) : {}),
  error: (_kept, { command }) => (command === 'restore' || command === 'resume' ? { wanted: null } : {}),
  failed: () => ({ wanted: null }),
  recovering: (kept, { restores }) => (kept.wanted && !restores ? { wanted: 'waits' } : {}),
  other_module: (kept, { resend }) => (kept.wanted === 'opening' && resend.bytes ? { wanted: 'resent' } : {}),
  // Whatever the engine had been given goes with the data.
  source_chosen(kept, { source }, { phase, trained, source: before }) {
    if (phase === 'recovering') return {};
    if (kept.wanted === 'resent') return { wanted: 'opening' };
    if (kept.wanted) return { wanted: 'waits' };
    // The server's images once more are the same; own files that come anew are others, or otherwise split.
    return trained && (source === 'files' || source !== before) ? setAside(kept) : {};
  },
};

/** @param {State} state From before the message. @param {Message | Action} message @returns {Kept} */
export function nextKept(state, message) {
  const change = TABLE[message.type]?.(state.kept, message, state);
  return change ? { ...state.kept, ...change } : state.kept;
}

/** What the same messages change of the rest of the state. @type {Changes} */
export const KEPT = {
  run_found: ({ notice }, { isHeld }) => ({ notice: isHeld ? HELD : notice === HELD ? null : notice }),
  // A link that goes on with its own run may have been complained of: that stays to be read.
  kept_wanted: ({ autostart, error }) => ({ autostart: false, error: autostart ? error : null }),
  kept_opening: () => ({ resumes: true }),
  resume_failed: (_state, { error }) => ({ resumes: false, error }),
  offer_dismissed: () => ({ autostart: false, resumes: false }),
  replace_answered: (_state, { agreed }) => (agreed ? {} : { autostart: false, startWaits: false }),
  autostart_over: () => ({ autostart: false }),
  runs_deleted: ({ keptRuns }) => ({
    keptRuns: { ...keptRuns, rows: [], removed: null }, earlier: null,
    notice: 'Everything that this page had stored on your machine is deleted: runs and their list, choices, images and its own files.',
  }),
  keeping_failed: (_state, { sentence }) => ({ notice: sentence }),
};

/** Whether a Start has to ask first, because it would take the place of a run that is kept. @param {State} state */
export const mustAsk = ({ kept }) => kept.found !== null && !kept.agreed && !kept.isHeld;

/** What of a configuration makes no other run: how often it is told of, and what a run of before has otherwise. @type {(keyof Config)[]} */
const NO_OTHER_RUN = ['operators', 'hold_out', 'report_every_ms'];

/**
 * Whether a kept run is this configuration's. One that went on for more epochs than it says is.
 * @param {RunDescription} run @param {Config} config
 */
export function isRunOf(run, config) {
  /** @type {Record<string, unknown>} */
  const saved = { ...TUTORIALS, ...run.config };
  const keys = /** @type {(keyof Config)[]} */ (Object.keys(config)).filter((key) => !NO_OTHER_RUN.includes(key));
  return keys.every((key) => (key === 'epochs' ? Number(saved.epochs) >= config.epochs : !(key in saved) || isSameSetting(key, saved[key], config[key])));
}

/** Files whose images a server may have under other names. */
const OFFICIAL = /^(data_batch_[1-5]|test_batch)\.bin(\.gz)?$/;

/**
 * The visitor's own files that the kept run was trained on and that are not here. A file that was renamed counts by
 * the number of files: whether its records are the run's is the crate's to say.
 * @param {State} state @returns {DataSource[]}
 */
export function missingSources({ kept, source, files, promised }) {
  const isServers = (/** @type {string} */ name) => promised?.files !== undefined && (promised.files.includes(name) || OFFICIAL.test(name));
  const wanted = (keptRun(kept)?.sources ?? []).filter(({ name }) => !isServers(name));
  if (source !== 'files') return wanted;
  const here = files.filter(({ isAdded }) => isAdded);
  const missing = wanted.filter(({ name, records }) => !here.some((each) => each.file === name && each.records === records));
  return here.length < wanted.length ? missing : [];
}
