/** Each question about a file has one answer, whatever becomes of the engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOpening } from '../../www/loading/opening.js';
import { initialState } from '../../www/state/store.js';

const OPENED = { files: [], refused: [] };

function setUp() {
  let state = initialState();
  /** @type {any[]} */
  const sent = [];
  const opening = createOpening({ get: () => state }, (command, transfer) => sent.push({ ...command, transfer }));
  const read = async () => Uint8Array.of(1, 2);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { opening, sent, read, settled, become: (/** @type {any} */ change) => (state = { ...state, ...change }) };
}

test('a file is asked about with its bytes handed over, and the answer with its number counts', async () => {
  const { opening, sent, read, settled } = setUp();
  const first = opening.open('a.bin', read);
  const second = opening.open('b.bin', read);
  await settled();
  assert.deepEqual(sent.map(({ type, id, name, bytes }) => [type, id, name, bytes.length]), [['open_file', '1', 'a.bin', 2], ['open_file', '2', 'b.bin', 2]]);
  assert.equal(sent[0].transfer[0], sent[0].bytes.buffer);
  opening.hear({ type: 'error', command: 'open_file', id: '1', error: { code: 'gzip', message: 'It is damaged.', hint: '' } });
  opening.hear({ type: 'opened', id: '2', opened: OPENED });
  opening.hear({ type: 'opened', id: '2', opened: OPENED });
  await assert.rejects(first, { code: 'gzip' });
  assert.equal(await second, OPENED);
});

test('an engine that is replaced is asked again; one that is lost for good answers at once', async () => {
  const { opening, sent, read, settled, become } = setUp();
  const asked = opening.open('a.bin', read);
  await settled();
  opening.hear({ type: 'other_module' });
  opening.hear({ type: 'recovering' });
  await settled();
  assert.deepEqual(sent.map(({ id }) => id), ['1', '1', '1']);
  opening.hear({ type: 'failed', error: { code: 'engine_failed', message: '', hint: '' } });
  await assert.rejects(asked, { code: 'engine_failed' });
  become({ phase: 'error', alive: false });
  await assert.rejects(opening.open('b.bin', read), { code: 'engine_failed' });
  assert.equal(sent.length, 3, 'nobody would answer');
  become({ phase: 'error', alive: true });
  void opening.open('c.bin', read);
  await settled();
  assert.equal(sent.length, 4, 'a load that failed leaves the module');
});

test('a file that cannot be read is said to be so', async () => {
  const { opening, sent } = setUp();
  await assert.rejects(opening.open('gone.bin', () => Promise.reject(new Error('NotFoundError'))), /** @param {any} error */ ({ code, message }) => {
    assert.deepEqual([code, message], ['invalid_data', 'It cannot be read: it may be a folder, or it was moved.']);
    return true;
  });
  assert.deepEqual(sent, []);
});
