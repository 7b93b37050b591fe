/**
 * The learning rate over a run, as a curve: that of the settings in the form, before the run, and that of the run beside its
 * other curves.
 *
 * How it goes is the crate's to say (state/rates.js asks). Muon's own rate goes the same way to another peak, so that one curve shows
 * both.
 *
 * @import { Config, LearningRates } from '../protocol/protocol.js'
 * @import { State, Store } from '../state/store.js'
 */
import { isMoved, ratesOf } from '../state/rates.js';
import { byId, setText } from './shared/dom.js';
import { rate } from './shared/format.js';

const SVG = 'http://www.w3.org/2000/svg';
/** The drawing's own units; it is stretched to its box. */
const [WIDE, HIGH] = [200, 60];
/** Above the highest point, so that the line is not cut. */
const ROOM = 2;

/** @param {string} tag @param {Record<string, string>} attributes */
function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Where each rate lies. @param {LearningRates} rates */
function pointsOf({ steps, lr }) {
  const most = Math.max(...lr);
  const last = Math.max(1, steps[steps.length - 1]);
  return lr.map((value, i) => [WIDE * steps[i] / last, HIGH - (HIGH - ROOM) * value / most].map((at) => at.toFixed(2)).join(',')).join(' ');
}

/** The sentence that says what the curve shows. @param {LearningRates} rates */
export function rateSentence({ steps, epoch_steps, lr, muon_lr }) {
  const most = Math.max(...lr);
  const epoch = Math.floor(steps[lr.indexOf(most)] / epoch_steps) + 1;
  const muon = muon_lr ? ` Muon’s own goes the same way, up to ${rate(Math.max(...muon_lr))}.` : '';
  return `It begins at ${rate(lr[0])}, is highest in epoch ${epoch} with ${rate(most)}, and ends at ${rate(lr[lr.length - 1])}.${muon}`;
}

/** The share of the run that is over. @param {State} state */
function shareDone({ runConfig, progress, epochs }) {
  if (!runConfig || (!progress && epochs.length === 0)) return 0;
  const done = progress ? progress.epoch - 1 + progress.step / progress.steps : epochs.length;
  return Math.min(1, done / runConfig.epochs);
}

/**
 * One figure with the curve.
 * @param {Store} store @param {string} id @param {(state: State) => Config | null} configOf @param {boolean} isRun Whether it shows how far the run is.
 */
function mountCurve(store, id, configOf, isRun) {
  const box = byId(id);
  const plot = /** @type {HTMLElement} */ (box.querySelector('.rate-plot'));
  const sentence = /** @type {HTMLElement} */ (box.querySelector('.rate-text'));
  const [top, end] = ['.rate-top', '.rate-end'].map((name) => /** @type {HTMLElement} */ (box.querySelector(name)));
  const now = draw('line', { class: 'rate-now', y1: '0', y2: String(HIGH) });
  /** @type {LearningRates | null} */
  let drawn = null;

  /** @param {LearningRates} rates */
  function drawCurve(rates) {
    const svg = draw('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: 'none', 'aria-hidden': 'true', focusable: 'false' });
    svg.append(draw('polyline', { class: 'rate-line', points: pointsOf(rates) }));
    if (isRun) svg.append(now);
    plot.replaceChildren(svg);
    setText(top, rate(Math.max(...rates.lr)));
    setText(sentence, rateSentence(rates));
  }

  /** @param {State} state */
  function render(state) {
    const config = configOf(state);
    const rates = ratesOf(state, config);
    box.hidden = rates === null;
    if (!rates || !config) return;
    if (rates !== drawn) drawCurve(rates);
    drawn = rates;
    setText(end, `epoch ${config.epochs}`);
    if (!isRun) return;
    const at = String(shareDone(state) * WIDE);
    now.setAttribute('x1', at);
    now.setAttribute('x2', at);
  }
  store.subscribe(render);
  render(store.get());
}

/** @param {Store} store */
export function mountRate(store) {
  mountCurve(store, 'rate-planned', ({ config }) => config, false);
  mountCurve(store, 'rate-run', ({ runConfig }) => (runConfig && isMoved(runConfig) ? runConfig : null), true);
}
