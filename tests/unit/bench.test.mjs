/** What the benchmarks say of what they measured. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mean, median, sampleStandardDeviation } from 'simple-statistics';
import { table, withSection } from '../../bench/benchmarks-file.mjs';
import { CONVOLUTIONS, OF_S, backwardProducts, forwardProducts } from '../../bench/limits.mjs';
import { bareEnvironment, freePort, markdownOf as firstBuildMarkdown, untilServed } from '../../bench/first-build.mjs';
import { CODE, crateOf, measureModule } from '../../bench/module.mjs';
import { compare, markdownOf } from '../../bench/reproduction.mjs';
import { historyOf } from '../../bench/run-file.mjs';
import { MODULES, largest, outgrown } from '../../bench/size.mjs';
import { faultsOf } from '../../bench/steady.mjs';
import { medianInterval, standardErrorsApart } from '../../bench/statistics.mjs';
import { until } from '../../harness/waits.mjs';

const reference = JSON.parse(readFileSync(new URL('../fixtures/keras_tutorial.json', import.meta.url), 'utf8'));

/** Keras's own run as if it were ours. @param {(row: any) => any} [change] */
const asRows = (change = (row) => row) => (/** @type {any} */ run) => run.loss.map((/** @type {number} */ loss, /** @type {number} */ i) => change({
  epoch: i + 1, loss, accuracy: run.accuracy[i], val_loss: run.val_loss[i], val_accuracy: run.val_accuracy[i], seconds: 90, step_ms: 57,
}));

test('mean, median, deviation and standard errors', () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.equal(median([9, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.equal(sampleStandardDeviation([1, 3]), Math.SQRT2);
  // Two of three against [1, 3]: the deviation is √2, the difference's error √2 · √(1/2 + 1/2).
  assert.ok(Math.abs(standardErrorsApart([3, 3], [1, 3]) - 1 / Math.SQRT2) < 1e-12);
});

test('Keras’s own seeds pass for a reproduction, and what is off does not', () => {
  const three = reference.runs.slice(0, 3);
  const good = compare(three.map(asRows()), reference.runs);
  assert.deepEqual(good.failures, []);
  const lossy = compare(three.map(asRows((row) => ({ ...row, loss: row.loss + 0.2 }))), reference.runs);
  assert.equal(lossy.failures.length, 10);
  assert.match(lossy.failures[0], /^epoch 1: loss is \d/);
  const worse = compare(three.map(asRows((row) => ({ ...row, val_accuracy: row.val_accuracy - 0.1 }))), reference.runs);
  assert.ok(worse.failures.some((failure) => failure.includes('not between')));
  const missing = compare(three.map(asRows((row) => ({ ...row, loss: Number.NaN }))), reference.runs);
  assert.equal(missing.failures.length, 10, 'what is no number is not within bounds');
  const runs = three.map((/** @type {any} */ run) => ({ seed: run.seed, rows: asRows()(run) }));
  const markdown = markdownOf({ runs, comparison: good, reference, where: 'here', moduleSha: 'abc' });
  assert.equal(markdown.match(/^\| 10 \|/gm)?.length, 2);
});

test('a section is put between its comments, and nowhere else', () => {
  const text = 'before\n<!-- a: begin -->\nold\n<!-- a: end -->\nafter';
  assert.equal(withSection(text, 'a', 'new'), 'before\n<!-- a: begin -->\nnew\n<!-- a: end -->\nafter');
  assert.throws(() => withSection(text, 'b', 'new'), /no section/);
  assert.equal(table(['x'], [[1]]), '| x |\n| --- |\n| 1 |');
});

test('a run file’s history is read from its header', () => {
  const header = Buffer.from(JSON.stringify({ __metadata__: { run: JSON.stringify({ history: [{ epoch: 1 }] }) } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  assert.deepEqual(historyOf(Buffer.concat([length, header])), [{ epoch: 1 }]);
});

/** A WebAssembly module by hand: an import, two functions of 3 and 6 bytes, and their names. */
function handMade() {
  const text = (/** @type {string} */ word) => [word.length, ...Buffer.from(word)];
  const section = (/** @type {number} */ id, /** @type {number[]} */ ...bytes) => [id, bytes.length, ...bytes];
  const names = [0, 'host', 1, 'core::ptr::drop_in_place<burn_flex::Tape>', 2, '<alloc::vec::Vec<T> as core::fmt::Debug>::fmt'];
  const map = [3, ...names.flatMap((each) => (typeof each === 'number' ? [each] : text(each)))];
  return Uint8Array.from([
    0, 97, 115, 109, 1, 0, 0, 0,
    ...section(1, 1, 0x60, 0, 0),
    ...section(2, 1, ...text('env'), ...text('host'), 0, 0),
    ...section(3, 2, 0, 0),
    ...section(10, 2, 2, 0, 0x0b, 5, 0, 1, 1, 1, 0x0b),
    ...section(0, ...text('name'), 1, map.length, ...map),
  ]);
}

test('a module’s bytes are told by section, and its code by crate', () => {
  const bytes = handMade();
  assert.ok(WebAssembly.validate(bytes));
  const { sections, crates } = measureModule(bytes);
  assert.equal(sections.get(CODE), 10);
  assert.deepEqual(Object.fromEntries(crates), { burn_flex: 3, 'standard library': 6 });
  assert.equal(crateOf('<&mut gemm_common::F as core::ops::FnOnce>::call_once'), 'gemm_common');
  assert.equal(crateOf('memcpy'), 'without a crate');
  // As wasm-bindgen writes the names of rustc's two manglings.
  assert.equal(crateOf('<burn_flex::Tape<T> as core::fmt::Debug>::fmt::h0123456789abcdef'), 'burn_flex');
  assert.equal(crateOf('<core[c5930c85a12de822]::option::Option<burn_flex[5e619d7d1129c59f]::Tape>>::take'), 'burn_flex');
  assert.equal(crateOf('alloc[3ca501edff3f0c7c]::raw_vec::handle_error'), 'standard library');
  assert.deepEqual(largest(new Map([['a', 1], ['b', 3]])), [['b', 3], ['a', 1]]);
});

test('a module that outgrows its record by more than a twentieth is told, and one without a record', () => {
  assert.deepEqual(outgrown({ a: 1_000_000, b: 1_000_000 }, { a: 1_050_000, b: 10 }), []);
  assert.deepEqual(outgrown({ a: 1_000_000 }, { a: 1_060_000 }), ['a has grown by 6.0 %, to 1,060 KB from 1,000; 5 % are allowed.']);
  assert.deepEqual(outgrown({}, { a: 1 }), ['a has no recorded size.']);
});

test('every module of the page has a recorded size', () => {
  const recorded = JSON.parse(readFileSync(new URL('../../bench/sizes.json', import.meta.url), 'utf8'));
  assert.deepEqual(Object.keys(recorded), MODULES);
});

test('a task that blocks the page and memory that grows are told, each with its figure', () => {
  const steady = { js_heap: 1_000, wasm: 1_000, gpu: 0 };
  const run = { title: 'A', before: steady, after: { ...steady, js_heap: 1_020, wasm: 900 }, longestTaskMs: 50, longTasks: 1 };
  assert.deepEqual(faultsOf(run), []);
  const bad = { ...run, after: { ...steady, wasm: 1_021, gpu: 1 }, longestTaskMs: 51 };
  assert.deepEqual(faultsOf(bad), ['A: a task took 51 ms.', 'A: wasm grew by 2.1 %.', 'A: gpu grew by Infinity %.']);
});

test('a median’s interval is as wide as so few values make it', () => {
  const counting = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => n - i);
  // From the table of the sign test: the places that leave 2.5 % or less on each side.
  assert.deepEqual(medianInterval(counting(6)), { low: 1, high: 6 });
  assert.deepEqual(medianInterval(counting(9)), { low: 2, high: 8 });
  assert.deepEqual(medianInterval(counting(12)), { low: 3, high: 10 });
  assert.deepEqual(medianInterval(counting(20)), { low: 6, high: 15 });
});

test('the benchmarks import nothing of the tests', () => {
  const folder = new URL('../../bench/', import.meta.url);
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  assert.ok(scripts.length > 10);
  for (const name of scripts) assert.doesNotMatch(readFileSync(new URL(name, folder), 'utf8'), /from '[./]*tests\//, name);
});

test('the first build’s phases are those that the chore tells, until the page and each module are served, in empty folders', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'convburn-first-build-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const env = bareEnvironment(folder);
  for (const place of [env.CARGO_TARGET_DIR, env.CONVBURN_TOOLS, env.npm_config_cache]) assert.deepEqual(readdirSync(place ?? ''), []);
  assert.equal(env.CARGO_MANIFEST_DIR, undefined);
  const port = await freePort();
  // A chore that says its phases, and a server that has one module a moment after the page, and the other after it was away.
  const chore = `console.log('==> Set-up: trunk'); console.log('    done'); console.log('==> Building'); const from = Date.now();
    const serve = (has) => require('node:http').createServer((asked, answer) => { answer.statusCode = has(asked.url) ? 200 : 404; answer.end(); }).listen(${port});
    const small = serve((url) => url === '/' || (url === '/small.wasm' && Date.now() > from + 700));
    setTimeout(() => { console.log('==> Building the rest'); small.closeAllConnections(); small.close(() => setTimeout(serve, 300, () => true)); }, 1_500);`;
  const stages = ['small', 'full'].map((title) => ({ title, urls: ['', `${title}.wasm`].map((file) => `http://127.0.0.1:${port}/${file}`) }));
  const how = { cwd: folder, env, stages, say: () => undefined };
  const measured = await untilServed([process.execPath, '-e', chore], how);
  const { phases, served: [small, full] } = measured;
  assert.deepEqual(phases.map(({ title }) => title), ['Building the chores', 'trunk', 'Building', 'Building the rest']);
  assert.ok(phases[2].seconds >= 0.7);
  assert.ok(small.seconds >= 0.7 && full.seconds > small.seconds, JSON.stringify(measured.served));
  const markdown = firstBuildMarkdown(measured, 'abc1234', 'here');
  assert.match(markdown, /^\| trunk \| 0\.\d s \|$/m);
  assert.match(markdown, /^\| full \| \d\.\d s \|$/m);
  await until('the chore is ended', () => fetch(stages[0].urls[0]).then(() => false, () => true));
  await assert.rejects(untilServed([process.execPath, '-e', 'process.exit(3)'], how), /small: it ended with 3/);
});

test('a convolution is so many multiply-adds: what pooling leaves out is none, and Winograd takes 16 for 36', () => {
  const [first, second, third] = CONVOLUTIONS;
  assert.equal(forwardProducts(first, 1), 30 * 30 * 27 * 32);
  assert.equal(forwardProducts(second, 2), 2 * 36 * 16 * 32 * 64);
  assert.equal(forwardProducts({ ...second, winograd: false }, 1), 12 * 12 * 288 * 64, 'the thirteenth row and column are left out');
  assert.equal(forwardProducts(third, 1), 4 * 16 * 64 * 64);
  assert.equal(forwardProducts({ ...third, side: 7 }, 1), 9 * 16 * 64 * 64, 'an odd side has tiles that go beyond it');
  assert.deepEqual([backwardProducts(first, 10, 1), backwardProducts(second, 10, 1)], [10 * 27, 10 * 288 * 2]);
  const [, same] = OF_S;
  assert.equal(forwardProducts(same, 1), 64 * 16 * 32 * 32, 'what is padded keeps its size');
  assert.equal(backwardProducts(same, 225 * 32, 1), 2 * forwardProducts(same, 1), 'where every gradient counts Winograd goes back too');
});
