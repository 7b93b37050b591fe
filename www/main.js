/**
 * Wires the page: store, worker, loader and panels. It holds the few rules that join them (when a
 * run starts by itself, what a dropped file is) and nothing that could be tested without them.
 *
 * @import { Command } from './protocol/protocol.js'
 * @import { State } from './state/store.js'
 */
import { createAsking } from './live/asking.js';
import { createAugmenting } from './live/augmenting.js';
import { createBudgeting } from './state/budget.js';
import { createChoosing } from './live/choosing.js';
import { connect } from './engine/client.js';
import { firstWorker } from './engine/first-worker.js';
import { readAddress, refusalOf, toFragment } from './state/config.js';
import { FILES_MAX, dropProblem, filesIn, hasFiles, isForField, nameOf } from './loading/drops.js';
import { reportOf, wordsOf } from './protocol/errors.js';
import { kindOfFile, routeOf } from './loading/file-kinds.js';
import { createCheckpoints } from './runs/checkpoints.js';
import { createLinks } from './state/links.js';
import { createLoader } from './loading/loader.js';
import { keepForOffline } from './storage/offline.js';
import { createOpening } from './loading/opening.js';
import { isOccupied } from './state/phases.js';
import { shrinkPicture } from './loading/pictures.js';
import { isSame } from './state/networks.js';
import { createPlanning } from './state/planning.js';
import { LOOK_EVERY_MS, createRecovery } from './engine/recovery.js';
import { createRates } from './state/rates.js';
import { createPolling } from './loading/polling.js';
import { fetchReference } from './loading/reference-file.js';
import { goesOn, isExtended } from './state/run-reducer.js';
import { createResuming, isUsable } from './runs/resuming.js';
import { createRunList } from './runs/run-list.js';
import { needsWord } from './state/run-images.js';
import { readRunFile } from './runs/run-files.js';
import { summaryOf } from './state/network-rows.js';
import { createShowing } from './live/showing.js';
import { createStore, isSettled, problemsOf } from './state/store.js';
import { PRESETS } from './state/presets.js';
import { keepChoices } from './storage/choices.js';
import { deleteStored } from './storage/cleanup.js';
import { createListStorage } from './storage/run-list.js';
import { openRunStorage } from './storage/run-storage.js';
import { mountAugmentation } from './views/augmentation.js';
import { mountBudget } from './views/budget.js';
import { mountCharts } from './views/charts.js';
import { createGap } from './live/gap.js';
import { mountControls } from './views/controls.js';
import { mountCures } from './views/cures.js';
import { mountData } from './views/data.js';
import { mountEditor } from './views/editor.js';
import { mountEpochs } from './views/epochs.js';
import { mountEvaluation } from './views/evaluation.js';
import { mountFiles } from './views/files.js';
import { mountFocus } from './views/focus.js';
import { mountKeptRun } from './views/kept-run.js';
import { mountMore } from './views/more.js';
import { mountNetwork } from './views/network.js';
import { mountNotify } from './views/notify.js';
import { mountOffline } from './views/offline.js';
import { paced } from './views/pace.js';
import { mountPresets } from './views/presets.js';
import { mountProgress } from './views/progress.js';
import { mountRunImages } from './views/run-images.js';
import { mountRate } from './views/rate.js';
import { mountReport } from './views/report.js';
import { mountRunChoice } from './views/run-choice.js';
import { mountRuns } from './views/runs.js';
import { mountSaving } from './views/saving.js';
import { mountSettings } from './views/settings.js';
import { mountStage } from './views/stage.js';
import { mountStatus } from './views/status.js';
import { mountStored } from './views/stored.js';
import { mountTitle } from './views/title.js';
import { mountTryIt } from './views/try-it.js';
import { mountWakeLock } from './views/wake-lock.js';

const store = createStore(() => performance.now());
const client = connect((message) => recovery.hear(message), readAddress(location.hash).config.backend, firstWorker);
const opening = createOpening(store, client.send);
const loader = createLoader(store, client.send, opening.open);
// Plain http has no randomUUID.
const runList = createRunList(store, createListStorage(), { nowMs: Date.now, makeId: () => crypto.getRandomValues(new Uint32Array(4)).join('-') });
const keeping = createCheckpoints(store, { open: openRunStorage, locks: navigator.locks, storage: navigator.storage, deleteOthers });
const recovery = createRecovery(store, { restart: client.restart, sendAgain: loader.sendAgain, latest: keeping.latest }, () => performance.now());
const polling = createPolling(store, loader);
const asking = createAsking(store, client.send, { now: () => performance.now(), isSeen: () => !document.hidden });
const showing = createShowing(store, client.send);
const planning = createPlanning(store, client.send);
const cores = navigator.hardwareConcurrency ?? 1;
const budgeting = createBudgeting(store, client.send, cores);
createGap(store, client.send);
const rates = createRates(store, client.send, setTimeout);
const augmenting = createAugmenting(store, client.send, setTimeout);
const choosing = createChoosing(store, asking.ask, shrinkPicture);
const resuming = createResuming(store, { start, resume: () => client.send({ type: 'resume' }), open: openKept });
const links = createLinks(store, client.send, {
  read: () => location.hash,
  replace: (hash) => history.replaceState(null, '', hash),
  push: (hash) => history.pushState(null, '', hash),
});

/** @param {import('./protocol/errors.js').PageCode} code @param {string} message @param {string} hint @param {number} [drop] Which drop of files it is about. */
function complain(code, message, hint, drop) {
  store.dispatch({ type: 'complained', error: reportOf(code, message, hint), drop });
}

/** Deletes what is stored beside runs. */
async function deleteOthers() {
  await deleteStored();
  await runList.clear();
}

/** Goes up with each drop or choice of files. */
let drops = 0;

/**
 * Goes on with a run that rests, or starts a fresh one, unless a field cannot stay as it is.
 * @param {{ anew?: boolean, isVouched?: boolean }} [how] Whether a fresh one is wanted; whether the visitor has said that these are the run's images.
 */
function start({ anew = false, isVouched = false } = {}) {
  const { phase, starting, config } = store.get();
  if (starting || !isSettled(store.get()) || (phase !== 'ready' && phase !== 'done')) return;
  if (!isUsable(store.get())) {
    complain('invalid_config', refusalOf(problemsOf(store.get())), 'Change what is marked, then start again.');
    return;
  }
  const goes = goesOn(store.get()) && !anew;
  if (goes && needsWord(store.get()) && !isVouched) {
    store.dispatch({ type: 'images_asked' });
    return;
  }
  if (goes && !isExtended(store.get())) {
    client.send({ type: 'resume' });
    return;
  }
  store.dispatch({ type: 'start_sent', extends: goes });
  client.send(goes ? { type: 'extend', epochs: config.epochs } : { type: 'start', config });
}

/** @param {File} file A saved run. @param {number} [drop] What it was dropped with. */
async function restore(file, drop) {
  store.dispatch({ type: 'runs_dropped', files: [] });
  if (isOccupied(store.get())) {
    complain('busy', 'A saved run cannot be opened while one is under way.', 'Stop the run, then open the file again.', drop);
    return;
  }
  try {
    const bytes = await readRunFile(file);
    keeping.note(bytes);
    sendRun(bytes);
  } catch (thrown) {
    complain('invalid_data', `“${file.name}” ${wordsOf(thrown)}.`, 'Choose a .safetensors file that this page saved.', drop);
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes A saved run. @param {import('./protocol/protocol.js').Changes | null} [changes] */
function sendRun(bytes, changes = null) {
  client.send({ type: 'restore', bytes, changes }, [bytes.buffer]);
}

/** Gives the engine a run that is kept. @param {() => Promise<Uint8Array<ArrayBuffer> | null>} read */
async function sendKept(read) {
  try {
    const bytes = await read();
    if (!bytes) throw new Error('it is not there any more');
    sendRun(bytes);
  } catch (thrown) {
    const message = `The run that was kept cannot be read: ${wordsOf(thrown)}.`;
    store.dispatch({ type: 'resume_failed', error: reportOf('invalid_data', message, 'Delete what is stored, or open a file that you saved.') });
  }
}

async function openKept() {
  store.dispatch({ type: 'kept_opening' });
  await sendKept(keeping.readLast);
}

/** @param {File[]} files Pictures go to the network, a saved run to the engine, everything else is data. */
async function takeFiles(files) {
  const drop = (drops += 1);
  if (files.length > FILES_MAX) {
    complain('invalid_data', `${files.length.toLocaleString('en')} files are too many to look at.`, 'Choose the folder of CIFAR-10’s binary version, or the .bin files in it.');
    return;
  }
  const kinds = await Promise.all(files.map(kindOfFile));
  const going = (/** @type {string} */ route) => files.filter((file, i) => routeOf(file, kinds[i]) === route);
  const runs = going('run');
  await choosing.takePictures(going('picture'), drop);
  const strange = files.flatMap((file, i) => (kinds[i]?.route === 'other' ? [`“${nameOf(file)}” is ${kinds[i].name}.`] : []));
  if (strange.length > 0) complain('invalid_data', strange.join(' '), 'Choose CIFAR-10’s files, a picture or a saved run.', drop);
  const data = going('data');
  if (data.length > 0) await loader.useFiles(data, drop);
  if (runs.length === 1) await restore(runs[0], drop);
  if (runs.length > 1) store.dispatch({ type: 'runs_dropped', files: runs });
}

/** Takes what was dropped, folders too. @param {DataTransfer} dropped */
async function takeDropped(dropped) {
  try {
    await takeFiles(await filesIn(dropped));
  } catch (thrown) {
    complain('invalid_data', wordsOf(thrown), 'Drop the folder of CIFAR-10’s binary version, or the .bin files in it.');
  }
}

/** @param {State} state @param {State} before @param {import('./protocol/protocol.js').Message | import('./state/store.js').Action} message */
function react(state, before, message) {
  if (state.phase !== before.phase) document.documentElement.dataset.phase = state.phase;
  if (state.config !== before.config) configChanged(state, before);
  if (message.type === 'restored') actions.writeFragment(); // The run brought its settings.
  if (message.type === 'error' && message.command === 'add_shard' && message.id) void loader.refused(message.id, message.error.code);
  if (message.type === 'error' && message.command === 'load') loader.loadRefused(message.error.code);
  if (message.type === 'loaded') void loader.afterLoad();
  if (message.type === 'shard_added') loader.accepted(message.id, message.bytes);
  polling.heard(message);
  if (message.type === 'other_module') void loader.sendAgain(message.resend);
  if (isOccupied(before) && !isOccupied(state)) void loader.ensure(); // Shards wait for the end of a run.
  opening.hear(message);
  if (message.type === 'summarized' && isSame(state.config.network, message.network)) actions.writeFragment(); // An edited network can be built: the address may say it.
  if (message.type === 'budget_planned') actions.writeFragment();
  asking.heard(message);
  showing.heard(message);
  keeping.heard(message);
  runList.heard(message, before);
  planning.look();
  budgeting.look();
  rates.look();
  augmenting.heard(message);
  links.look();
  resuming.look();
}

/** @param {State} state @param {State} before */
function configChanged(state, before) {
  if (state.source === 'none') return; // The first load, at the end of this file, is yet to come.
  if (state.loaded === null && state.phase === 'error') {
    // Nothing has loaded yet: whatever was changed may be what was in the way.
    if (state.alive && isUsable(state)) void loader.retry();
    return;
  }
  /** @type {(keyof State['config'])[]} */
  const keys = state.source === 'files' ? ['backend', 'train', 'test', 'seed'] : ['backend'];
  const isOther = keys.some((key) => state.config[key] !== before.config[key]); // What of own files is used is the crate's to say.
  if (isOther && !state.trained && !isOccupied(state) && isUsable(state)) loader.reload();
  void loader.ensure();
}

store.subscribe(react);
keepChoices(store, { open: () => localStorage, cores, today: () => new Date().toISOString().slice(0, 10), now: () => performance.now() });

/** Everything that a panel may do. */
const actions = {
  start: () => resuming.tryStart(),
  startAnew: () => resuming.tryStart({ anew: true }),
  /** A short run, to see how quickly this machine learns: the plan that waits for it is made then. */
  measureSpeed() {
    store.dispatch({ type: 'preset_chosen', preset: PRESETS.quick });
    store.dispatch({ type: 'budget_tried' });
    actions.writeFragment();
    actions.startAnew();
  },
  /** The run that is over goes on. @param {number} epochs In all. */
  trainMore(epochs) {
    store.dispatch({ type: 'field_edited', field: 'epochs', text: String(epochs) });
    actions.writeFragment();
    resuming.tryStart();
  },
  /** @param {boolean} agreed Whether these are the images of the run that was opened. */
  answerImages: (agreed) => (agreed ? start({ isVouched: true }) : store.dispatch({ type: 'images_doubted' })),
  /** An edit of the network, or the way back. The address waits for the engine's word on it. @param {import('./state/network-edits.js').EditAction} edit */
  editNetwork(edit) {
    if (isOccupied(store.get())) return;
    store.dispatch(edit);
    if (summaryOf(store.get())) actions.writeFragment();
  },
  choose: choosing.choose,
  suggest: choosing.suggest,
  takePictures: choosing.takePictures,
  takeFiles,
  setSplit: loader.setSplit,
  removeFile: loader.removeFile,
  leaveFiles: () => void loader.leaveFiles(),
  openRun: restore,
  /** @param {Command} command */
  send: (command) => client.send(command),
  resumeKept: () => store.dispatch({ type: 'kept_wanted' }),
  openBest: () => sendKept(() => keeping.readBest(true)),
  /** The best run that is kept, to be saved. */
  readBest: () => keeping.readBest(false),
  answerReplace: resuming.answer,
  openLink: links.open,
  deleteKept: keeping.remove,
  /** After a loss that is no number: from before it, or anew, with a tenth of the learning rate. */
  goOnCarefully() {
    const { runConfig, config } = store.get();
    const lr = Number(((runConfig ?? config).lr / 10).toPrecision(6));
    const bytes = keeping.latest();
    store.dispatch({ type: 'error_dismissed' });
    if (bytes) {
      store.dispatch({ type: 'resume_wanted' });
      sendRun(bytes, { lr });
    } else {
      store.dispatch({ type: 'field_edited', field: 'lr', text: String(lr) });
      resuming.tryStart();
    }
  },
  runList,
  /** Sets what a run of the list was computed by, and leaves what computes it. @param {Partial<State['config']>} recipe */
  useSettings(recipe) {
    store.dispatch({ type: 'preset_chosen', preset: recipe });
    actions.writeFragment();
  },
  retryData: () => void loader.retry(),
  /** The address bar is the link to share: it holds what this page accepts, and stays while a setting cannot be used. */
  writeFragment() {
    if (!isUsable(store.get())) return;
    const { config, autostart } = store.get();
    history.replaceState(null, '', toFragment(config, autostart));
  },
};
/** @typedef {typeof actions} Actions */

const panels = paced(store, { now: () => performance.now(), later: setTimeout });
for (const mount of [mountStatus, mountControls, mountMore, mountStage, mountPresets, mountSettings, mountRate, mountAugmentation, mountData, mountNetwork, mountEditor, mountProgress,
  mountCharts, mountEpochs, mountReport, mountSaving, mountKeptRun, mountRunImages, mountStored, mountWakeLock, mountNotify, mountTitle, mountBudget, mountEvaluation, mountCures, mountRuns, mountTryIt,
  mountOffline, mountFiles, mountRunChoice, mountFocus]) {
  mount(panels, actions);
}

addEventListener('hashchange', ({ oldURL }) => links.follow(new URL(oldURL).hash));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void runList.look(); // Another tab may have added runs.
});
addEventListener('pagehide', keeping.leave);
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) keeping.comeBack();
});
addEventListener('dragover', (event) => {
  if (isForField(event)) return;
  event.preventDefault();
  document.documentElement.classList.toggle('dragging', hasFiles(event.dataTransfer));
});
addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) document.documentElement.classList.remove('dragging');
});
addEventListener('drop', (event) => {
  if (isForField(event)) return;
  event.preventDefault(); // Else the tab would go to what was dropped.
  document.documentElement.classList.remove('dragging');
  const problem = dropProblem(event.dataTransfer);
  if (problem) complain('no_file', problem, 'Save what you want to drop as a file first, then drop that file.');
  else if (event.dataTransfer) void takeDropped(event.dataTransfer);
});

setInterval(recovery.look, LOOK_EVERY_MS);
links.follow();
fetchReference(store);
keepForOffline(store);
void keeping.find();
void runList.look();
void loader.useServer();
document.getElementById('unstarted')?.remove(); // All of it has started.
