/**
 * `cargo xtask bench --limits`: how near is a step of the tutorial's network to what this processor can multiply?
 *
 *     cargo xtask bench --limits
 *
 * In one headless Chromium, on one core: multiply-adds a second from registers alone, each part of a step by the CPU's kernels
 * as a wasm module of their own, and the whole step by the page's engine. A part's limit is its multiply-adds at that speed; what no
 * kernel computes (dense layers, loss, optimiser, tensors made and let go) is the rest. The table goes into BENCHMARKS.md.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from 'simple-statistics';
import { launch } from '../harness/browser.mjs';
import { DIST, serve } from '../harness/server.mjs';
import { machine, table, writeSection } from './benchmarks-file.mjs';
import { openPage } from './subject.mjs';

/** Images of a batch. */
const BATCH = 32;
const ROUNDS = 9;
/** Multiply-adds of a turn of the kernels' `products`: six sums of eight lanes. */
const PRODUCTS_A_TURN = 48;
const TURNS = 4_000_000;
const STEPS = 50;
const WARM_UP_EPOCHS = 12;

/** @typedef {{ title: string, side: number, inputs: number, filters: number, padding: number, pool: boolean, relu: boolean, winograd: boolean, ofImages: boolean }} Convolution */

/** The tutorial's. The first one's images have no gradients. @type {Convolution[]} */
export const CONVOLUTIONS = [
  { title: 'conv2d, 32 filters', side: 32, inputs: 3, filters: 32, padding: 0, pool: true, relu: true, winograd: false, ofImages: false },
  { title: 'conv2d_1, 64 filters', side: 15, inputs: 32, filters: 64, padding: 0, pool: true, relu: true, winograd: true, ofImages: true },
  { title: 'conv2d_2, 64 filters', side: 6, inputs: 64, filters: 64, padding: 0, pool: false, relu: true, winograd: true, ofImages: true },
];

/** Those of the network T that are not the tutorial's: normalisation comes before ReLU. @type {Convolution[]} */
export const OF_T = CONVOLUTIONS.map((convolution) => ({ ...convolution, title: `T: ${convolution.title}`, relu: false }));

/** Those of the network S 32-64-96, behind the first, which is small. @type {Convolution[]} */
export const OF_S = [[31, 24, 32, true], [15, 32, 32, false], [15, 32, 64, true], [7, 64, 64, false], [7, 64, 96, true], [3, 96, 96, false]]
  .map(([side, inputs, filters, pool]) => ({
    title: `S: ${inputs} to ${filters} channels, ${side} × ${side}`, side: Number(side), inputs: Number(inputs), filters: Number(filters),
    padding: 1, pool: Boolean(pool), relu: false, winograd: true, ofImages: true,
  }));

/** Multiply-adds of a batch on the way there. @param {Convolution} convolution @param {number} images */
export function forwardProducts({ side, inputs, filters, padding, pool, winograd }, images) {
  const convolutions = side + 2 * padding - 2;
  // Pooling leaves out an odd last row and column, so they are not convolved.
  const outputs = pool ? 2 * Math.floor(convolutions / 2) : convolutions;
  if (winograd) return images * Math.ceil(outputs / 2) ** 2 * 16 * inputs * filters;
  return images * outputs ** 2 * 9 * inputs * filters;
}

/**
 * Multiply-adds of a batch on the way back, of so many outputs that pass a gradient: where all do, by Winograd's way.
 * @param {Convolution} convolution @param {number} passing @param {number} images
 */
export function backwardProducts(convolution, passing, images) {
  const { inputs, pool, relu, winograd, ofImages } = convolution;
  const once = winograd && !pool && !relu ? forwardProducts(convolution, images) : passing * 9 * inputs;
  return once * (ofImages ? 2 : 1);
}

/**
 * Runs in the page: what the kernels' module takes, in milliseconds, the least of some rounds.
 * @param {{ bytes: string, convolutions: Convolution[], images: number, rounds: number, turns: number }} asked
 */
async function timesOf({ bytes, convolutions, images, rounds, turns }) {
  const module = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  const kernels = /** @type {any} */ ((await WebAssembly.instantiate(module)).instance.exports);
  const timed = (/** @type {() => void} */ work) => {
    const started = performance.now();
    work();
    return performance.now() - started;
  };
  /** Both with what is done once, which the difference has not. @param {(times: number) => void} repeat */
  const each = (repeat) => {
    const [few, many] = [1, 9].map((times) => Math.min(...Array.from({ length: rounds }, () => timed(() => repeat(times)))));
    return (many - few) / 8;
  };
  const arithmetics = [0, 1].map((fused) => ({
    productsMs: Math.min(...Array.from({ length: rounds }, () => timed(() => kernels.products(fused, turns)))),
    parts: convolutions.map(({ side, inputs, filters, padding, pool, relu, winograd, ofImages }) => {
      const shape = [images, side, inputs, filters, padding, Number(pool) + 2 * Number(relu) + 4 * Number(winograd)];
      return {
        passing: kernels.passing(fused, ...shape),
        forwardMs: each((times) => kernels.repeat(fused, 0, ...shape, times)),
        backwardMs: each((times) => kernels.repeat(fused, ofImages ? 2 : 1, ...shape, times)),
      };
    }),
  }));
  return arithmetics;
}

async function main() {
  const folder = process.env.CONVBURN_KERNELS;
  if (!folder) throw new Error('CONVBURN_KERNELS is not set: `cargo xtask bench --limits` builds the kernels.');
  const server = await serve(DIST, { folders: { '/bench/': fileURLToPath(new URL('.', import.meta.url)) } });
  const browser = await launch();
  try {
    const { origin } = new URL(server.url);
    const subject = await openPage(browser, origin, { id: 'convburn-flex', title: 'ConvBurn', trainer: 'convburn', backend: 'flex', repeats: 1, workers: 1 }, STEPS * BATCH);
    for (let epoch = 0; epoch < WARM_UP_EPOCHS; epoch += 1) await subject.epoch();
    const page = await browser.newPage();
    const bytes = readFileSync(join(folder, 'relaxed.wasm')).toString('base64');
    const convolutions = [...CONVOLUTIONS, ...OF_T, ...OF_S];
    const [portable, fused] = await page.evaluate(timesOf, { bytes, convolutions, images: BATCH, rounds: ROUNDS, turns: TURNS });
    const steps = [];
    for (let round = 0; round < ROUNDS; round += 1) steps.push((await subject.epoch()).step_ms);
    await subject.close();
    const stepMs = median(steps);
    const speed = (/** @type {number} */ ms) => (PRODUCTS_A_TURN * TURNS) / ms / 1e6;
    const perMs = speed(fused.productsMs) * 1e6;
    const parts = convolutions.flatMap((convolution, at) => {
      const { forwardMs, backwardMs, passing } = fused.parts[at];
      return [
        { title: `${convolution.title}, forward`, ms: forwardMs, portableMs: portable.parts[at].forwardMs, products: forwardProducts(convolution, BATCH) },
        { title: `${convolution.title}, backward`, ms: backwardMs, portableMs: portable.parts[at].backwardMs, products: backwardProducts(convolution, passing, BATCH) },
      ];
    });
    const tutorials = parts.slice(0, 2 * CONVOLUTIONS.length);
    const sum = (/** @type {typeof parts} */ of, /** @type {'ms' | 'products'} */ what) => of.reduce((all, part) => all + part[what], 0);
    const kernelsMs = sum(tutorials, 'ms');
    const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(0)} %`;
    const row = (/** @type {typeof parts[number]} */ part) => [part.title, (part.products / 1e6).toFixed(1), (part.products / perMs).toFixed(2), part.ms.toFixed(2), percent(part.products / perMs / part.ms)];
    const total = (/** @type {string} */ title, /** @type {typeof parts} */ of) => row({ title, ms: sum(of, 'ms'), products: sum(of, 'products'), portableMs: 0 });
    const ofT = parts.slice(2 * CONVOLUTIONS.length, 2 * (CONVOLUTIONS.length + OF_T.length));
    const ofS = parts.slice(-2 * OF_S.length);
    const markdown = `
\`cargo xtask bench --limits\`: from registers alone wasm multiplies and adds ${speed(fused.productsMs).toFixed(1)} billion times a second here, fused, and ${speed(portable.productsMs).toFixed(1)} apart. A step of the
tutorial's network, batch ${BATCH}, by one worker takes ${stepMs.toFixed(2)} ms (median of ${ROUNDS} epochs of ${STEPS} steps). Convolutions are timed apart, ${BATCH} images, by the fused kernels
on random numbers, of which most outputs pass a gradient (in training fewer do); the least of ${ROUNDS} rounds. The rest is what is left: dense layers, loss, optimiser and tensors.

${table(['part', 'million multiply-adds', 'least, ms', 'measured, ms', 'of the limit', 'share of the step', 'portable, ms'], [
    ...tutorials.map((part) => [...row(part), percent(part.ms / stepMs), part.portableMs.toFixed(2)]),
    [...total('convolutions', tutorials), percent(kernelsMs / stepMs), ''],
    ['the rest', '', '', (stepMs - kernelsMs).toFixed(2), '', percent(1 - kernelsMs / stepMs), ''],
    ...[...ofT, ...ofS].map((part) => [...row(part), '', part.portableMs.toFixed(2)]),
    [...total('T, convolutions', ofT), '', ''],
    [...total('S 32-64-96, convolutions', ofS), '', ''],
  ])}

${machine([`Chromium ${browser.version()}`])}`;
    console.log(markdown);
    writeSection('limits', markdown);
  } finally {
    await browser.close();
    await server.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
