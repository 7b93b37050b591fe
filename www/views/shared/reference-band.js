/**
 * Keras's curves behind the visitor's own: the check box, and for the charts a faint line (the mean) in a band (the
 * lowest to the highest run).
 *
 * @import { State, Store } from '../../state/store.js'
 * @import { Band, Reference } from '../../state/reference.js'
 */
import { shownReference, mayShowReference, wantsReference } from '../../state/reference.js';
import { byId, make, setText } from './dom.js';
import { figure } from './format.js';

/** A line of a chart and the reference's figure that belongs to it. @typedef {{ colour: string, fill: string, band: Band }} ReferenceLine */

const NOTE = 'The tutorial’s run with different seeds: the faint line is their mean, the band spans from the lowest to the highest.';
const MISSING = 'They could not be fetched. Choose them again to try again.';
const OTHER = 'They are of the tutorial’s network, and this is another one.';

/** @param {Reference} reference */
const wordsFor = ({ runs, label }) => label ?? `Keras, ${runs} runs`;

/**
 * What uPlot draws first, so that it lies behind everything else: three series a band.
 * @param {ReferenceLine[]} referenceLines @param {(name: string) => string} colourOf
 */
export function bandParts(referenceLines, colourOf) {
  const edge = { width: 0, points: { show: false } };
  const series = referenceLines.flatMap(({ colour }) => [edge, edge, { stroke: colourOf(colour), width: 1, dash: [2, 3], alpha: 0.75, points: { show: false } }]);
  const bands = referenceLines.map(({ fill }, i) => ({ series: /** @type {[number, number]} */ ([3 * i + 2, 3 * i + 1]), fill: colourOf(fill) }));
  return { series, bands };
}

/**
 * A chart's columns with the reference's before them, all over the same epochs.
 * @param {ReferenceLine[]} referenceLines @param {(number | null)[][]} own Epochs, then a column a line.
 * @returns {(number | null)[][]}
 */
export function withReference(referenceLines, own) {
  if (referenceLines.length === 0) return own;
  const [epochs, ...columns] = own;
  const length = Math.max(referenceLines[0].band.mean.length, ...epochs.map(Number));
  const all = Array.from({ length }, (_, i) => i + 1);
  const places = new Map(epochs.map((epoch, i) => [epoch, i]));
  /** @param {(number | null)[]} column */
  const spread = (column) => all.map((epoch) => column[places.get(epoch) ?? -1] ?? null);
  /** @param {number[]} values */
  const padded = (values) => all.map((_, i) => values[i] ?? null);
  const behind = referenceLines.flatMap(({ band }) => [padded(band.low), padded(band.high), padded(band.mean)]);
  return [all, ...behind, ...columns.map(spread)];
}

/**
 * What the reference is after the visitor's last epoch, for a screen reader.
 * @param {Reference | null} reference @param {'accuracy' | 'loss'} what @param {number} epoch
 */
export function referenceSentence(reference, what, epoch) {
  const band = reference?.bands[`val_${what}`];
  if (!reference || !band || epoch < 1 || epoch > reference.epochs) return '';
  const [mean, low, high] = [band.mean, band.low, band.high].map((values) => figure(values[epoch - 1]));
  const range = reference.runs > 1 ? ` on average, ${low} to ${high}` : '';
  return `. ${wordsFor(reference)}: ${what} on ${reference.isHeldOut ? 'held-out' : 'test'} images then ${mean}${range}`;
}

/** The reference's entry in a chart's legend. @param {HTMLElement} keys @param {Store} store */
export function mountReferenceKey(keys, store) {
  const key = make('span', { className: 'key reference' });
  /** @param {State} state */
  function render(state) {
    const reference = shownReference(state);
    key.hidden = !reference;
    if (reference) setText(key, wordsFor(reference));
  }
  keys.append(key);
  render(store.get());
  store.subscribe(render);
}

/** @param {Store} store */
export function mountReferenceBand(store) {
  const box = byId('reference', HTMLInputElement);
  const note = byId('reference-note');
  let isMissing = false;
  box.addEventListener('change', () => store.dispatch({ type: 'reference_chosen', shown: box.checked }));
  /** @param {State} state @param {State} [_before] @param {{ type: string }} [message] */
  function render(state, _before, message) {
    if (message?.type === 'reference_missing' || message?.type === 'reference_arrived') isMissing = message.type === 'reference_missing';
    box.checked = wantsReference(state);
    box.disabled = !mayShowReference(state);
    setText(note, box.disabled ? OTHER : isMissing ? MISSING : NOTE);
  }
  render(store.get());
  store.subscribe(render);
}
