/**
 * The CPU's kernels as wasm, held to the same block written out: the plain module in Node, which has no relaxed SIMD in its
 * version 20, and both in Chromium.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SHORT, share } from './visits.mjs';

const shared = share({ before, after });
const FOLDER = process.env.CONVBURN_KERNELS;
/** Blocks of random shapes. */
const SEEDS = 60;

/** @typedef {{ has: (fused: number) => number, differs: (fused: number, seed: number) => number, rounds_once: (fused: number) => number }} Kernels */

/** @param {string} name @returns {Buffer<ArrayBuffer>} */
const moduleOf = (name) => readFileSync(join(FOLDER ?? assert.fail('CONVBURN_KERNELS is not set: `cargo xtask test page` builds the kernels'), name));

/** Which kernels there are, the seeds of the blocks that they compute otherwise, and whether they round once. @param {Kernels} kernels @param {number} seeds */
function checked(kernels, seeds) {
  return [0, 1].filter((fused) => kernels.has(fused)).map((fused) => ({
    fused, rounds_once: kernels.rounds_once(fused), differ: Array.from({ length: seeds }, (_, seed) => seed).filter((seed) => kernels.differs(fused, seed)),
  }));
}

test('the plain module is valid without relaxed SIMD, and its kernels compute what is written out', async () => {
  const bytes = moduleOf('plain.wasm');
  assert.ok(WebAssembly.validate(bytes));
  const { instance } = await WebAssembly.instantiate(bytes);
  assert.deepEqual(checked(/** @type {any} */ (instance.exports), SEEDS), [{ fused: 0, rounds_once: 0, differ: [] }]);
  // The page's own: one relaxed instruction makes a module invalid as a whole.
  const dist = process.env.CONVBURN_DIST ?? 'dist';
  assert.ok(WebAssembly.validate(readFileSync(join(dist, 'convburn_cpu_bg.wasm'))));
  assert.ok(WebAssembly.validate(readFileSync(join(dist, 'convburn_full_bg.wasm'))));
});

test('in Chromium the fused kernels compute what is written out too', async (t) => {
  const { page } = await shared.visit(t, SHORT);
  const found = await page.evaluate(async ([code, bytes, seeds]) => {
    const check = /** @type {typeof checked} */ (new Function(`return ${code}`)());
    const module = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
    const { instance } = await WebAssembly.instantiate(module);
    return check(/** @type {any} */ (instance.exports), seeds);
  }, /** @type {const} */ ([checked.toString(), moduleOf('relaxed.wasm').toString('base64'), SEEDS]));
  assert.deepEqual(found.map(({ fused, differ }) => ({ fused, differ })), [{ fused: 0, differ: [] }, { fused: 1, differ: [] }]);
  t.diagnostic(`the fused kernels round ${found[1].rounds_once ? 'once' : 'twice'} here`);
});
