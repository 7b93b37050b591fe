/**
 * Where in the live curve the engine was replaced, or the run was opened and went on: a thin dashed line each, so
 * that nobody takes the spot for something that was learnt.
 *
 * @import uPlot from '../../vendor/uPlot.esm.js'
 * @import { State } from '../../state/store.js'
 */

/** @param {uPlot} plot @param {State['marks']} marks @param {string} colour */
export function drawMarks({ ctx, bbox, valToPos }, marks, colour) {
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { at } of marks) {
    const x = Math.round(valToPos(at, 'x', true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** @param {number} times */
const often = (times) => (times === 1 ? 'once' : `${times} times`);

/** @param {string} what @param {State['marks']} marks */
const partOf = (what, marks) => (marks.length === 0 ? '' : `; ${what} ${often(marks.length)}, last at epoch ${marks[marks.length - 1].at.toFixed(2)}`);

/** @param {State['marks']} marks For a screen reader. */
export function marksSentence(marks) {
  return partOf('the engine was replaced', marks.filter(({ reason }) => reason !== null))
    + partOf('the run was opened and went on', marks.filter(({ reason }) => reason === null));
}
