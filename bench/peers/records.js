/**
 * Records in the forms that the trainers want. Pure.
 *
 * @import { Counts, Records } from './page.js'
 */

export const BATCH = 32;
export const SIDE = 32;
export const CHANNELS = 3;
export const RECORD_BYTES = 1 + CHANNELS * SIDE * SIDE;
const PLANE = SIDE * SIDE;

/** Images in [0, 1], channels first: `[n, 3, 32, 32]`. @param {Records} records */
export function channelsFirst({ count, bytes }) {
  const pixels = new Float32Array(count * CHANNELS * PLANE);
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < CHANNELS * PLANE; j += 1) pixels[i * CHANNELS * PLANE + j] = bytes[i * RECORD_BYTES + 1 + j] / 255;
  }
  return pixels;
}

/** Images in [0, 1], channels last: `[n, 32, 32, 3]`. @param {Records} records */
export function channelsLast({ count, bytes }) {
  const pixels = new Float32Array(count * CHANNELS * PLANE);
  for (let i = 0; i < count; i += 1) {
    for (let channel = 0; channel < CHANNELS; channel += 1) {
      for (let at = 0; at < PLANE; at += 1) {
        pixels[(i * PLANE + at) * CHANNELS + channel] = bytes[i * RECORD_BYTES + 1 + channel * PLANE + at] / 255;
      }
    }
  }
  return pixels;
}

/** What was counted since; the wasm memory as it is. @param {Counts} after @param {Counts} before @returns {Counts} */
export function differenceOf(after, before) {
  return {
    dispatches: after.dispatches - before.dispatches,
    submissions: after.submissions - before.submissions,
    bytes_written: after.bytes_written - before.bytes_written,
    wait_ms: after.wait_ms - before.wait_ms,
    wasm_bytes: after.wasm_bytes,
  };
}
