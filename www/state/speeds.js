/**
 * How quickly this machine learns, measured in this visit or remembered from an earlier one. What is remembered is work a
 * second (network-cost.js), so that it says something of networks that were never trained here.
 *
 * Pure.
 *
 * @import { Config } from '../protocol/protocol.js'
 * @import { State } from './store.js'
 */
import { workOf } from './network-cost.js';

/**
 * `workers`: how many computed it; `asked`: how many the settings asked for, 0 for as many as pay; `measured_on`: the day, such as
 * 2026-11-27, or null in this visit.
 * @typedef {object} Speed
 * @property {string} backend
 * @property {Config['arithmetic']} arithmetic
 * @property {number} asked
 * @property {number} workers
 * @property {number} cores
 * @property {number} work_per_second Multiply-adds.
 * @property {string | null} measured_on
 */

/** So many are remembered: a browser has one machine, and few backends. */
const SPEEDS_MAX = 8;

/** Whether two speeds are of the same way of computing. @param {Pick<Speed, 'backend' | 'arithmetic' | 'asked' | 'cores'>} one @param {Pick<Speed, 'backend' | 'arithmetic' | 'asked' | 'cores'>} other */
const isSameWay = (one, other) => one.backend === other.backend && one.arithmetic === other.arithmetic && one.asked === other.asked && one.cores === other.cores;

/** The latest of each way of computing. @param {Speed[]} speeds @param {Speed} speed */
export const withSpeed = (speeds, speed) => [speed, ...speeds.filter((each) => !isSameWay(each, speed))].slice(0, SPEEDS_MAX);

/** What was measured in this visit. @param {State} state @param {number} cores @returns {Speed | null} */
export function speedNow({ measured }, cores) {
  if (!measured) return null;
  const { loaded: { backend, config, summary }, images_per_second } = measured;
  return {
    backend: backend.active, arithmetic: config.arithmetic, asked: config.workers, workers: Math.max(1, backend.workers), cores,
    work_per_second: workOf(summary) * images_per_second, measured_on: null,
  };
}

/** How quickly a run of these settings would learn here; null where nothing was measured that computes as they do. @param {State} state @param {number} cores @returns {Speed | null} */
export function speedOf(state, cores) {
  const { loaded, config, choices } = state;
  if (!loaded || config.backend !== loaded.config.backend) return null;
  const way = { backend: loaded.backend.active, arithmetic: config.arithmetic, asked: config.workers, cores };
  const now = speedNow(state, cores);
  if (now && isSameWay(now, way)) return now;
  return choices.speeds.find((speed) => isSameWay(speed, way)) ?? null;
}
