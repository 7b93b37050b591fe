/**
 * The button that downloads the report. What is in it is report.js's.
 *
 * @import { Store } from '../state/store.js'
 */
import { toFragment } from '../state/config.js';
import { fileNameOf } from '../runs/file-names.js';
import { makeReport } from '../state/report.js';
import { byId, download } from './shared/dom.js';

/** @param {Store} store */
function giveReport(store) {
  const state = store.get();
  const report = makeReport(state, {
    created: new Date().toISOString(),
    user_agent: navigator.userAgent,
    logical_cores: navigator.hardwareConcurrency ?? null,
    fragment: toFragment(state.runConfig ?? state.config, false),
  });
  download(store, new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }), fileNameOf(state, 'report', 'json'));
}

/** @param {Store} store */
export function mountReport(store) {
  const button = byId('report', HTMLButtonElement);
  button.addEventListener('click', () => giveReport(store));
  store.subscribe(({ loaded }) => {
    button.disabled = loaded === null;
  });
}
