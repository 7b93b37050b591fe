/**
 * The address bar: what a link asks for is taken, or refused while a run is under way. Then the address says what runs
 * again, and the link can still be opened: at once, with the run stopped, or once it has ended.
 *
 * What a fragment says is config.js's to read. It knows no DOM: main.js lends it the address.
 *
 * @import { Command } from '../protocol/protocol.js'
 * @import { Action, State } from './store.js'
 */
import { readAddress, toFragment } from './config.js';
import { reportOf } from '../protocol/errors.js';
import { isOccupied } from './phases.js';

/** @typedef {{ hash: string, wanted: boolean }} RefusedLink `wanted`: it is opened as soon as nothing runs. */

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {(command: Command) => void} send
 * @param {{ read: () => string, replace: (hash: string) => void, push: (hash: string) => void }} address The address's fragment; neither of the two that set it is told back.
 */
export function createLinks(store, send, address) {
  let isStopping = false;

  /** Takes what the address says. @param {string} [before] What it said before. */
  function follow(before = '') {
    const hash = address.read();
    if (isOccupied(store.get())) return refuse(hash, before);
    const { config, autostart, complaints } = readAddress(hash);
    store.dispatch({ type: 'configured', config, autostart });
    if (complaints.length > 0) store.dispatch({ type: 'complained', error: reportOf('invalid_link', complaints.join(' '), 'Everything else in the link is used.') });
  }

  /** @param {string} hash @param {string} before */
  function refuse(hash, before) {
    const { runConfig, config } = store.get();
    const running = toFragment(runConfig ?? config, readAddress(before).autostart);
    address.replace(running);
    const asked = readAddress(hash);
    // The run's own link, as after Back, asks for nothing else, however it is written.
    if (toFragment(asked.config, false) === toFragment(runConfig ?? config, false) && asked.complaints.length === 0) return;
    store.dispatch({ type: 'complained', error: reportOf('busy', 'A link was followed while a run is under way, and was not opened.', 'The address says what runs.') });
    store.dispatch({ type: 'link_refused', hash });
  }

  /** @param {State} state */
  function stop({ phase }) {
    if (phase === 'recovering') store.dispatch({ type: 'recovery_left' });
    else if (phase === 'training' || phase === 'compiling' || phase === 'paused') {
      isStopping = true;
      send({ type: 'stop' });
    }
  }

  return {
    follow,
    /** Opens the link that was refused, once the run that is under way has been stopped. */
    open: () => store.dispatch({ type: 'link_wanted' }),
    /** Does what the state asks for, after each message. */
    look() {
      const state = store.get();
      if (!isOccupied(state)) isStopping = false;
      if (!state.link?.wanted) return;
      if (isOccupied(state)) {
        if (!isStopping) stop(state);
        return;
      }
      address.push(state.link.hash);
      store.dispatch({ type: 'link_opened' });
      follow();
    },
  };
}
