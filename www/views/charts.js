/**
 * The charts, drawn by uPlot: the live loss, and accuracy and loss after each epoch.
 *
 * Training is a solid line, testing a dashed one with points, so that colour is never alone. The
 * colours are the style sheet's; when they change the charts are drawn anew. Each chart
 * says its last figures to a screen reader; all of them stand in the log, and in the table behind
 * the live curve (figures.js). Behind the epochs' curves lie Keras's, where they are to be seen (reference-band.js).
 *
 * @import { State, Store } from '../state/store.js'
 * @import { Figure } from '../state/reference.js'
 * @import { ReferenceLine } from './shared/reference-band.js'
 */
import { measuredNow } from '../state/held-out.js';
import { shownReference } from '../state/reference.js';
import uPlot from '../vendor/uPlot.esm.js';
import { byId, make, setText } from './shared/dom.js';
import { columnsOf, mountFigures } from './shared/figures.js';
import { figure, short } from './shared/format.js';
import { bandParts, referenceSentence, mountReferenceBand, mountReferenceKey, withReference } from './shared/reference-band.js';
import { drawMarks, marksSentence } from './shared/marks.js';

/** The smallest chart that can be read, in CSS pixels; how large it is says the style sheet. */
const SMALLEST = { width: 200, height: 120 };

/** @typedef {{ label: string, colour: string, fill: string, dashed?: boolean }} Line */
/** `referenceFigures` are the reference's figures, a line each. @typedef {{ id: string, lines: Line[], referenceFigures: Figure[], span: (state: State) => number, data: (state: State) => (number | null)[][], say: (state: State) => string }} Chart */

/** @type {Line} */
const TRAINING = { label: 'training', colour: '--line-train', fill: '--reference-train' };
/** @type {Line} */
const TESTING = { label: 'test', colour: '--line-test', fill: '--reference-test', dashed: true };

/** What the dashed line is measured on. @param {State} state */
const wordOf = (state) => (measuredNow(state) === 'test' ? TESTING.label : 'held-out');

/** @param {State} state */
const epochsOf = (state) => state.runConfig?.epochs ?? state.config.epochs;

/** @type {Chart[]} */
const CHARTS = [
  {
    id: 'chart-live',
    lines: [TRAINING, TRAINING],
    referenceFigures: [],
    span: epochsOf,
    data: ({ trace }) => takingTurns(trace),
    say: ({ progress, marks }) => (progress ? `Running loss ${figure(progress.loss)}${marksSentence(marks)}` : 'No figure yet'),
  },
  {
    id: 'chart-accuracy',
    lines: [TRAINING, TESTING],
    referenceFigures: ['accuracy', 'val_accuracy'],
    span: epochsOf,
    data: ({ epochs }) => columnsOf(epochs, (e) => [e.epoch, e.accuracy, e.val_accuracy]),
    say: (state) => lastOf(state.epochs, (e) => `accuracy ${figure(e.accuracy)}, on ${wordOf(state)} images ${figure(e.val_accuracy)}`
      + referenceSentence(shownReference(state), 'accuracy', e.epoch)),
  },
  {
    id: 'chart-loss',
    lines: [TRAINING, TESTING],
    referenceFigures: ['loss', 'val_loss'],
    span: epochsOf,
    data: ({ epochs }) => columnsOf(epochs, (e) => [e.epoch, e.loss, e.val_loss]),
    say: (state) => lastOf(state.epochs, (e) => `loss ${figure(e.loss)}, on ${wordOf(state)} images ${figure(e.val_loss)}`
      + referenceSentence(shownReference(state), 'loss', e.epoch)),
  },
];

/**
 * The running loss is a mean that begins anew with each epoch, and so does the line: two series take
 * turns, because within one uPlot 1.6 draws slivers of the jump on both sides of a narrow gap.
 * @param {State['trace']} trace
 * @returns {(number | null)[][]}
 */
function takingTurns(trace) {
  const those = (/** @type {number} */ remainder) => trace.map(({ epoch, loss }) => (epoch % 2 === remainder ? loss : null));
  return [trace.map(({ at }) => at), those(1), those(0)];
}

/** @param {State['epochs']} epochs @param {(last: State['epochs'][number]) => string} say */
function lastOf(epochs, say) {
  const last = epochs[epochs.length - 1];
  return last ? `After epoch ${last.epoch}: ${say(last)}` : 'No figure yet';
}

/** @param {string} name @returns {string} */
const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {Line} line @returns {uPlot.Series} */
function seriesOf({ label, colour, dashed }) {
  const stroke = colourOf(colour);
  return { label, stroke, width: 2, dash: dashed ? [6, 4] : undefined, points: { stroke, fill: stroke, size: dashed ? 7 : 5 } };
}

/** @param {HTMLElement} box */
const sizeOf = ({ clientWidth, clientHeight }) => ({
  width: Math.max(SMALLEST.width, clientWidth),
  height: Math.max(SMALLEST.height, clientHeight),
});

/** What lies behind a chart's lines now. @param {Chart} chart @param {State} state @returns {ReferenceLine[]} */
function referenceLinesOf({ referenceFigures, lines }, state) {
  const reference = shownReference(state);
  return reference ? referenceFigures.map((name, i) => ({ colour: lines[i].colour, fill: lines[i].fill, band: reference.bands[name] })) : [];
}

/** @param {Chart} chart @param {HTMLElement} box @param {ReferenceLine[]} referenceLines @param {() => State} stateNow @returns {uPlot.Options} */
function optionsOf(chart, box, referenceLines, stateNow) {
  const span = () => chart.span(stateNow());
  const behind = bandParts(referenceLines, colourOf);
  const axis = { stroke: colourOf('--ink-quiet'), grid: { stroke: colourOf('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui' };
  const isLive = chart.id === 'chart-live';
  return {
    ...sizeOf(box),
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: () => [isLive ? 0 : 1, Math.max(span(), isLive ? 1 : 2)] },
      y: { range: (_chart, low, high) => (low === null || low === undefined ? [0, 1] : uPlot.rangeNum(low, high, 0.1, true)) },
    },
    axes: [{ ...axis, incrs: isLive ? [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200] : [1, 2, 5, 10, 20, 50, 100, 200], size: 28 }, { ...axis, values: (_plot, splits) => splits.map(short), size: 46 }],
    series: [{}, ...behind.series, ...chart.lines.map(seriesOf)],
    bands: behind.bands,
    hooks: isLive ? { draw: [(plot) => drawMarks(plot, stateNow().marks, colourOf('--ink-quiet'))] } : {},
  };
}

/** @param {HTMLElement} box @param {Line[]} lines @param {Store} store */
function addLegend(box, lines, store) {
  if (new Set(lines).size < 2) return;
  const children = lines.map(({ label, dashed }) => make('span', { className: dashed ? 'key dashed' : 'key', text: label }));
  const keys = make('span', { className: 'keys', children });
  mountReferenceKey(keys, store);
  const [, dashed] = children;
  store.subscribe((state) => setText(dashed, wordOf(state)));
  setText(dashed, wordOf(store.get()));
  box.parentElement?.querySelector('figcaption')?.append(keys);
}

/** @param {Chart} chart @param {Store} store */
function mountChart(chart, store) {
  const box = byId(chart.id);
  /** @type {uPlot | null} */
  let plot = null;
  addLegend(box, chart.lines, store);

  const dataOf = (/** @type {State} */ state) => /** @type {uPlot.AlignedData} */ (withReference(referenceLinesOf(chart, state), chart.data(state)));

  function draw() {
    plot?.destroy();
    plot = new uPlot(optionsOf(chart, box, referenceLinesOf(chart, store.get()), store.get), dataOf(store.get()), box);
  }

  /** Whether a line has moved. @param {State} state @param {State} before */
  const hasMoved = (state, before) => state.trace !== before.trace || state.marks !== before.marks
    || state.epochs !== before.epochs || state.runConfig !== before.runConfig;

  /** @param {State} state @param {State} [before] */
  function render(state, before) {
    const hasOthers = before && chart.referenceFigures.length > 0 && shownReference(state) !== shownReference(before); // Other series.
    if (before && !hasOthers && !hasMoved(state, before)) return;
    box.setAttribute('aria-label', chart.say(state));
    const data = dataOf(state);
    box.classList.toggle('empty', data[0].length === 0);
    if (hasOthers) draw();
    else plot?.setData(data);
  }

  new ResizeObserver(() => plot?.setSize(sizeOf(box))).observe(box);
  // The canvas is uPlot's, and the event does not bubble. Its colours and font are lost too, and uPlot believes that they are set.
  box.addEventListener('contextrestored', draw, true);
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)', 'print']) matchMedia(query).addEventListener('change', draw);
  draw();
  render(store.get());
  store.subscribe(render);
}

/** @param {Store} store */
export function mountCharts(store) {
  for (const chart of CHARTS) mountChart(chart, store);
  mountFigures(store);
  mountReferenceBand(store);
}
