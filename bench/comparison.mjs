/**
 * What the rounds of the trainers come to: ratios, what is asserted, and the tables. Pure.
 *
 * @import { Epoch } from './subject.mjs'
 */
import { mean, median } from 'simple-statistics';
import { table } from './benchmarks-file.mjs';

/**
 * @typedef {{ id: string, title: string, versions: string, epochs: Epoch[], rounds_ms: number[],
 *   memory: Record<number, { heap_bytes: number | null, wasm_bytes: number }>, brotli_bytes: number | null }} Measured
 *   `epochs` are all that were trained, the warm-up first; `rounds_ms` is a mean step of each timed round.
 */

/** The one that the others are compared with. */
const OURS = 'convburn-flex';

/** Who did not learn what it was timed at. @param {Measured[]} all */
export function failuresOf(all) {
  return all.flatMap(({ title, epochs }) => {
    const [first, last] = [epochs[0].loss, epochs[epochs.length - 1].loss];
    return last < first ? [] : [`${title}: the loss went from ${first} to ${last}`];
  });
}

/** @param {number} ms */
const milliseconds = (ms) => (ms < 100 ? ms.toFixed(1) : Math.round(ms).toLocaleString('en'));
/** @param {number | null | undefined} bytes */
const megabytes = (bytes) => (bytes === null || bytes === undefined ? '' : (bytes / 2 ** 20).toFixed(1));
/** @param {number} value */
const ratio = (value) => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0));

/** @param {Measured[]} all @param {{ title: string, reason: string }[]} impossible */
function timesTable(all, impossible) {
  const ours = all.find(({ id }) => id === OURS);
  const rows = all.map(({ title, rounds_ms, epochs }) => [
    title, milliseconds(median(rounds_ms)), `${milliseconds(Math.min(...rounds_ms))}–${milliseconds(Math.max(...rounds_ms))}`,
    ours ? ratio(median(rounds_ms) / median(ours.rounds_ms)) : '',
    `${epochs[0].loss.toFixed(3)} → ${epochs[epochs.length - 1].loss.toFixed(3)}`,
  ]);
  const reasons = impossible.map(({ title, reason }) => [title, 'cannot run', reason, '', '']);
  return table(['trainer', 'ms a step', 'lowest–highest', 'times ConvBurn flex', 'loss, first → last epoch'], [...rows, ...reasons]);
}

/** The figures of the later epochs, because the first compiles. @param {Measured} measured @param {'dispatches' | 'submissions' | 'bytes_written' | 'host_ms'} what */
const settled = ({ epochs }, what) => mean(epochs.slice(1).map((epoch) => epoch[what]));

/** @param {Measured[]} all */
function gpuTable(all) {
  const users = all.filter((measured) => settled(measured, 'dispatches') > 0);
  return table(['trainer', 'dispatches', 'submissions', 'KiB written', 'host ms'], users.map((measured) => [
    measured.title, settled(measured, 'dispatches').toFixed(0), settled(measured, 'submissions').toFixed(1),
    (settled(measured, 'bytes_written') / 1024).toFixed(0), settled(measured, 'host_ms').toFixed(1),
  ]));
}

/** @param {Measured[]} all @param {number[]} marks */
function memoryTable(all, marks) {
  const inBrowser = all.filter(({ brotli_bytes }) => brotli_bytes !== null);
  const heads = [...marks.map((steps) => `JS heap after ${steps} steps`), ...marks.map((steps) => `wasm memory after ${steps}`)];
  return table(['trainer', 'KiB to the first step (brotli)', ...heads.map((head) => `${head}, MiB`)], inBrowser.map(({ title, brotli_bytes, memory }) => [
    title, Math.round((brotli_bytes ?? 0) / 1024).toLocaleString('en'),
    ...marks.map((steps) => megabytes(memory[steps]?.heap_bytes)), ...marks.map((steps) => megabytes(memory[steps]?.wasm_bytes)),
  ]));
}

/**
 * @param {{ all: Measured[], impossible: { title: string, reason: string }[], marks: number[], command: string, where: string,
 *   firstLoss: { median: number, low: number, high: number, rounds: number }, pageBrotliBytes: number, rounds: number }} what
 */
export function markdownOf({ all, impossible, marks, command, where, firstLoss, pageBrotliBytes, rounds }) {
  return `
\`${command}\`: the tutorial's network, batch 32, the first 160 training images (5 steps an epoch) in one headless Chromium, a page
a trainer, on the main thread but for ConvBurn's own worker. Each of the ${rounds} rounds goes through all of them in turn; a
quick one trains several epochs a round, so that it is measured for longer than a moment. Each is written as its own
documentation recommends (\`bench/peers/\`), from its own random weights, and its loss has to fall. Keras, where it is there, trains on
the first 3,200 images, 100 steps an epoch, and its time is that between the first step's beginning and the last one's end. WebGPU and WebGL run
on the software adapter SwiftShader, on the same two cores: what they say of each other holds here, and little of what
they say of the CPU will hold on a graphics card. ConvNetJS's package has no Adam; it trains with adadelta.

How to read it: times drift on a shared machine, so compare the ratios. Above 1 is slower than ConvBurn on flex in one worker.

${timesTable(all, impossible)}

What does not depend on the machine, a step: calls of WebGPU and bytes written to it, counted by wrapping the calls
(\`bench/counting.js\`), and the milliseconds in which no read from the GPU was pending: work on the host, and calls
that block it. (ConvBurn's are of its worker, between two reports of the training.)

${gpuTable(all)}

What has to be fetched before the first step, without the data (a trainer's own files as npm has them, of ConvBurn its worker and module),
and the memory of page and worker after a collection; the slowest trainers do not get to the later mark.

${memoryTable(all, marks)}

ConvBurn's whole page takes ${Math.round(pageBrotliBytes / 1024).toLocaleString('en')} KiB to its first step, data not counted. From navigation to the first point of its
loss curve on the CPU, files and data cached, \`train=2000&test=1000\`: ${firstLoss.median.toFixed(2)} s (${firstLoss.low.toFixed(2)}–${firstLoss.high.toFixed(2)}, ${firstLoss.rounds} visits).

${where}`;
}
