/** What the benchmarks say of what they measured. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { table, withSection } from '../../bench/benchmarks-file.mjs';
import { compare, markdownOf } from '../../bench/reproduction.mjs';
import { historyOf } from '../../bench/run-file.mjs';
import { mean, median, standardDeviation, standardErrorsApart } from '../../bench/statistics.mjs';

const reference = JSON.parse(readFileSync(new URL('../fixtures/keras_tutorial.json', import.meta.url), 'utf8'));

/** Keras's own run as if it were ours. @param {(row: any) => any} [change] */
const asRows = (change = (row) => row) => (/** @type {any} */ run) => run.loss.map((/** @type {number} */ loss, /** @type {number} */ i) => change({
  epoch: i + 1, loss, accuracy: run.accuracy[i], val_loss: run.val_loss[i], val_accuracy: run.val_accuracy[i], seconds: 90, step_ms: 57,
}));

test('mean, median, deviation and standard errors', () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.equal(median([9, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 9]), 3);
  assert.equal(standardDeviation([1, 3]), Math.SQRT2);
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
