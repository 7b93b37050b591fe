/** Several files that cannot be taken, as one complaint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complained, complaintOf, joined } from '../../www/state/complaints.js';

const error = (/** @type {string} */ message, hint = 'Use another.', code = 'other_format') => ({ code, message, hint });

/** What the page shows of a complaint. @param {{ message: string, hint: string }} complaint */
const shown = ({ message, hint }) => `${message} ${hint}`;

test('each file is named, those with the same fault together, and a hint that they share is given once', () => {
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

test('each hint follows what it is about, and faults with the same hint stand together', () => {
  const complaint = complaintOf([
    { file: 'a', error: error('This is a Python pickle.', 'Use the binary version.') },
    { file: 'b.bin', error: error('The file is cut short.', 'Fetch it again.') },
    { file: 'c', error: error('This is CIFAR-100.', 'Use the binary version.') },
  ]);
  assert.equal(shown(complaint), '“a”: This is a Python pickle. “c”: This is CIFAR-100. Use the binary version. “b.bin”: The file is cut short. Fetch it again.');
});

test('of very many only some are told, and how many more there are', () => {
  const many = Array.from({ length: 20 }, (_, i) => ({ file: `f${i}`, error: error(`It has the label ${i + 10}.`) }));
  assert.match(shown(complaintOf(many)), /“f4”: It has the label 14\. Use another\. 15 more files were refused\. Try fewer at once to read why\.$/);
  assert.match(shown(complaintOf(many.slice(0, 6))), /1 more file was refused\. Try it alone to read why\.$/);
  assert.equal(complaintOf(many).code, 'other_format', 'all are of one kind');
});

test('complaints of one drop stand together, any other takes the place', () => {
  const first = complained(null, error('A.', 'Do a.'), 1);
  const both = complained(first, error('B.', 'Do b.'), 1);
  assert.equal(shown(both), 'A. Do a. B. Do b.');
  assert.equal(both.drop, 1);
  assert.equal(shown(joined(first, error('B.', 'Do a.'))), 'A. B. Do a.');
  assert.equal(shown(complained(both, error('C.', 'Do b.'), 1)), 'A. Do a. B. C. Do b.');
  assert.equal(complained(both, error('C.'), 2).message, 'C.');
  assert.equal(complained(both, error('C.')).message, 'C.');
  assert.equal(complained(error('Of nothing.'), error('C.')).message, 'C.');
});
