/**
 * What the crate answers about a visitor's file, for tests without a module: whole records, raw or gzip, are one file;
 * anything else is refused. What the crate really tells apart is tested in tests/native/cifar.rs.
 */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { RECORD_BYTES } from '../../www/protocol/protocol.js';

/** @param {string} name @param {Uint8Array} bytes */
export function answerTo(name, bytes) {
  const records = Uint8Array.from(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes);
  if (records.length === 0 || records.length % RECORD_BYTES !== 0) throw { code: 'record_length', message: 'The file is cut short.', hint: 'Use another.' };
  if (records[0] > 9) throw { code: 'label', message: `It has the label ${records[0]}.`, hint: 'Use another.' };
  const sha256 = createHash('sha256').update(records).digest('hex');
  const split = /** @type {import('../../www/protocol/protocol.js').Split} */ (name.startsWith('test') ? 'test' : 'train');
  return { files: [{ name, split, records: records.length / RECORD_BYTES, sha256, known: null, bytes: records }], refused: [] };
}

/** @type {(name: string, read: import('../../www/loading/opening.js').Read) => Promise<import('../../www/protocol/protocol.js').OpenedFile>} */
export const open = async (name, read) => answerTo(name, await read());

/** Other records for each number. @param {number} salt @param {number} [count] */
export const records = (salt, count = 1) => Uint8Array.from({ length: count * RECORD_BYTES }, (_, i) => (i % RECORD_BYTES === 0 ? salt % 10 : (i * salt) % 251));
