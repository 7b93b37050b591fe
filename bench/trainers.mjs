/**
 * What is compared: ConvBurn's backends first, then the others. `repeats` is the number of epochs a round, so that a
 * quick trainer is measured for longer than a moment. `workers` and `operators` are ConvBurn's alone; 0
 * workers: as many as pay here. `network` and `batch` are the tutorial's unless they are said.
 *
 * @typedef {{ id: string, title: string, trainer: string, backend: string, repeats: number, workers?: number,
 *   operators?: 'blocks' | 'layers', network?: string, batch?: number, optimizer?: string }} Configuration
 */
import { availableParallelism } from 'node:os';

/** The workers that ConvBurn takes on all cores: `AUTOMATIC_MAX` of src/pool.rs caps them. */
export const CORES = Math.min(availableParallelism(), 8);

/** @type {Configuration[]} */
export const CONFIGURATIONS = [
  { id: 'convburn-flex', title: 'ConvBurn, flex, 1 worker', trainer: 'convburn', backend: 'flex', repeats: 20, workers: 1 },
  { id: 'convburn-flex-all', title: 'ConvBurn, flex, all cores', trainer: 'convburn', backend: 'flex', repeats: 20, workers: 0 },
  { id: 'convburn-layers', title: 'ConvBurn, flex, 1 worker, Burn’s operators', trainer: 'convburn', backend: 'flex', repeats: 10, workers: 1, operators: 'layers' },
  { id: 'convburn-ndarray', title: 'ConvBurn, ndarray', trainer: 'convburn', backend: 'ndarray', repeats: 2 },
  { id: 'convburn-webgpu', title: 'ConvBurn, WebGPU', trainer: 'convburn', backend: 'webgpu', repeats: 2 },
  { id: 'tensorflow-cpu', title: 'TensorFlow.js, cpu', trainer: 'tensorflow', backend: 'cpu', repeats: 1 },
  { id: 'tensorflow-webgl', title: 'TensorFlow.js, webgl', trainer: 'tensorflow', backend: 'webgl', repeats: 1 },
  { id: 'tensorflow-webgpu', title: 'TensorFlow.js, webgpu', trainer: 'tensorflow', backend: 'webgpu', repeats: 1 },
  { id: 'convnetjs', title: 'ConvNetJS', trainer: 'convnetjs', backend: 'cpu', repeats: 1 },
  { id: 'jax-wasm', title: 'jax-js, wasm', trainer: 'jax', backend: 'wasm', repeats: 2 },
  { id: 'jax-webgpu', title: 'jax-js, webgpu', trainer: 'jax', backend: 'webgpu', repeats: 2 },
];

/** @param {string | undefined} names Parts of ids, with commas between. */
export function chosen(names) {
  if (!names) return CONFIGURATIONS;
  const parts = names.split(',');
  const found = CONFIGURATIONS.filter(({ id }) => parts.some((part) => id.includes(part)));
  if (found.length === 0) throw new Error(`No trainer is called ${names}. There are ${CONFIGURATIONS.map(({ id }) => id).join(', ')}.`);
  return found;
}
