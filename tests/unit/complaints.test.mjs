/** Several files that cannot be taken, as one complaint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complained, complaintOf, joined } from '../../www/complaints.js';

const error = (/** @type {string} */ message, hint = 'Use another.', code = 'other_format') => ({ code, message, hint });

test('each file is named, those with the same fault together, and each hint is given once', () => {
  const pickle = error('This is a Python pickle.', 'Use the binary version.');
  const { code, message, hint } = complaintOf([
    ...['a', 'b', 'c', 'd', 'e'].map((file) => ({ file, error: pickle })),
    { file: 'f.bin', error: error('The file is empty.', 'Use the binary version.', 'record_length') },
  ]);
  assert.equal(message, '“a”, “b”, “c” and 2 more files: This is a Python pickle. “f.bin”: The file is empty.');
  assert.equal(hint, 'Use the binary version.');
  assert.equal(code, 'invalid_data', 'of several kinds');
  assert.equal(complaintOf([{ file: 'a', error: pickle }, { file: 'b', error: pickle }]).message, '“a” and “b”: This is a Python pickle.');
  assert.equal(complaintOf([{ file: 'a', error: pickle }]).code, 'other_format');
  const four = ['a', 'b', 'c', 'd'].map((file) => ({ file, error: pickle }));
  assert.match(complaintOf(four).message, /“c” and 1 more file: /);
});

test('of very many only some are told, and how many more there are', () => {
  const many = Array.from({ length: 20 }, (_, i) => ({ file: `f${i}`, error: error(`It has the label ${i + 10}.`) }));
  const { message } = complaintOf(many);
  assert.match(message, /“f4”: It has the label 14\. 15 more files were refused\.$/);
  assert.match(complaintOf(many.slice(0, 6)).message, /1 more file was refused\.$/);
});

test('complaints of one drop stand together, any other takes the place', () => {
  const first = complained(null, error('A.', 'Do a.'), 1);
  const both = complained(first, error('B.', 'Do b.'), 1);
  assert.deepEqual([both.message, both.hint, both.drop], ['A. B.', 'Do a. Do b.', 1]);
  assert.equal(joined(first, error('B.', 'Do a.')).hint, 'Do a.');
  assert.equal(complained(both, error('C.'), 2).message, 'C.');
  assert.equal(complained(both, error('C.')).message, 'C.');
  assert.equal(complained(error('Of nothing.'), error('C.')).message, 'C.');
});
