/** Grey pictures of any size, for what the page makes of a visitor's own. */
import { deflateSync } from 'node:zlib';

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let crc = i;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** @param {Buffer} bytes */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A grey PNG. @param {number} width @param {number} height @param {1 | 8} bits A pixel's. @param {Uint8Array[]} rows Packed, whatever is beyond the width left as it is. */
export function greyPng(width, height, bits, rows) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = bits; // The zeros after it: grey, deflate, no filter, not interlaced.
  const pixels = deflateSync(Buffer.concat(rows.flatMap((row) => [Buffer.of(0), row])), { level: 1 });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** A PNG of one bit a pixel: a few bytes, however large it is. @param {number} width @param {number} height */
export function whitePng(width, height) {
  const row = Buffer.alloc(Math.ceil(width / 8), 0xff);
  return greyPng(width, height, 1, Array.from({ length: height }, () => row));
}
