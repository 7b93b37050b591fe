/**
 * Wires the page: store, worker, loader and panels. It holds the few rules that join them (when a
 * run starts by itself, what a dropped file is) and nothing that could be tested without them.
 *
 * @import { Command } from './protocol.js'
 * @import { State } from './store.js'
 */
import { connect } from './client.js';
import { parseFragment, toFragment } from './config.js';
import { createLoader } from './loader.js';
import { isOccupied } from './phases.js';
import { shrinkPicture } from './pictures.js';
import { createStore, isSettled, problemsOf } from './store.js';
import { mountCharts } from './views/charts.js';
import { mountControls } from './views/controls.js';
import { mountData } from './views/data.js';
import { mountEpochs } from './views/epochs.js';
import { mountEvaluation } from './views/evaluation.js';
import { mountNetwork } from './views/network.js';
import { mountProgress } from './views/progress.js';
import { mountReport } from './views/report.js';
import { mountSettings } from './views/settings.js';
import { mountStatus } from './views/status.js';
import { mountTryIt } from './views/try-it.js';

const store = createStore(() => performance.now());
const client = connect((message) => store.dispatch(message));
const loader = createLoader(store, client.send);

/** @param {string} code @param {string} message @param {string} hint */
function complain(code, message, hint) {
  store.dispatch({ type: 'complained', error: { code, message, hint } });
}

/** Starts a fresh run, unless a field cannot stay as it is. */
function start() {
  const { phase, starting, config } = store.get();
  if (starting || !isSettled(store.get()) || (phase !== 'ready' && phase !== 'done')) return;
  const [problem] = Object.entries(problemsOf(store.get()));
  if (problem) {
    complain('invalid_config', `The setting “${problem[0]}” cannot be used. ${problem[1]}`, 'Change it, then start again.');
    return;
  }
  store.dispatch({ type: 'start_sent' });
  client.send({ type: 'start', config });
}

function readFragment() {
  if (isOccupied(store.get())) {
    complain('busy', 'The address changed while a run is under way.', 'Stop the run, then follow the link again.');
    return;
  }
  const { config, autostart, complaints } = parseFragment(location.hash);
  store.dispatch({ type: 'configured', config, autostart });
  if (complaints.length > 0) complain('invalid_link', complaints.join(' '), 'Everything else in the link is used.');
}

/** @param {File[]} files Pictures go to the network, everything else is data. */
async function takeFiles(files) {
  const picture = files.find((file) => file.type.startsWith('image/'));
  if (picture) return askAbout(picture);
  if (files.length > 0) await loader.useFiles(files);
}

let asked = 0;

/** Asks about the chosen image, if there is one and a network to ask. */
function predict() {
  const { subject, loaded } = store.get();
  if (subject && loaded) client.send({ type: 'predict', id: subject.id, pixels: subject.pixels });
}

/** After these messages the network is another one, so its answer is too. */
const NEW_WEIGHTS = ['loaded', 'started', 'epoch_end', 'stopped', 'was_reset'];

/** @param {Omit<import('./store.js').Subject, 'id'>} chosen */
function choose(chosen) {
  store.dispatch({ type: 'subject_chosen', subject: { ...chosen, id: (asked += 1) } });
  predict();
}

/** @param {File} file */
async function askAbout(file) {
  try {
    choose({ origin: 'picture', label: null, pixels: await shrinkPicture(file), title: file.name });
  } catch {
    complain('invalid_picture', `“${file.name}” cannot be read as a picture.`, 'Choose a PNG, JPEG, WebP or GIF file.');
  }
}

/** @param {State} state @param {State} before @param {import('./protocol.js').Message | import('./store.js').Action} message */
function react(state, before, message) {
  document.documentElement.dataset.phase = state.phase;
  if (state.config !== before.config) configChanged(state, before);
  if (message.type === 'error' && message.command === 'add_shard' && message.id) void loader.refused(message.id, message.error.code);
  if (isOccupied(before) && !isOccupied(state)) void loader.ensure(); // Shards wait for the end of a run.
  if (NEW_WEIGHTS.includes(message.type)) predict();
  if (store.get().autostart && isUsable(store.get())) start();
}

/** @param {State} state */
const isUsable = (state) => Object.keys(problemsOf(state)).length === 0;

/** @param {State} state @param {State} before */
function configChanged(state, before) {
  if (state.source === 'none') return; // The first load, at the end of this file, is yet to come.
  if (state.loaded === null && state.phase === 'error') {
    // Nothing has loaded yet: whatever was changed may be what was in the way.
    if (state.alive && isUsable(state)) void loader.retry();
    return;
  }
  if (state.config.backend !== before.config.backend && !state.trained && !isOccupied(state)) loader.reload();
  void loader.ensure();
}

store.subscribe(react);

/** Everything that a panel may do. */
const actions = {
  start,
  choose,
  takeFiles,
  askAbout,
  /** @param {Command} command */
  send: (command) => client.send(command),
  retryData() {
    store.dispatch({ type: 'error_dismissed' });
    void loader.retry();
  },
  /** The address bar is the link to share. */
  writeFragment() {
    const { config, autostart } = store.get();
    history.replaceState(null, '', toFragment(config, autostart));
  },
};
/** @typedef {typeof actions} Actions */

for (const mount of [mountStatus, mountControls, mountSettings, mountData, mountNetwork, mountProgress,
  mountCharts, mountEpochs, mountReport, mountEvaluation, mountTryIt]) {
  mount(store, actions);
}

addEventListener('hashchange', readFragment);
addEventListener('dragover', (event) => {
  event.preventDefault();
  document.documentElement.classList.add('dragging');
});
addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) document.documentElement.classList.remove('dragging');
});
addEventListener('drop', (event) => {
  event.preventDefault();
  document.documentElement.classList.remove('dragging');
  void takeFiles([...(event.dataTransfer?.files ?? [])]);
});

readFragment();
void loader.useServer();
