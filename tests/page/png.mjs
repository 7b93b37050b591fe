/** Grey pictures of any size, for what the page makes of a visitor's own. */
import { encode } from 'fast-png';

/** A grey PNG. @param {number} width @param {number} height @param {1 | 8} depth Bits of a pixel. @param {Uint8Array[]} rows Packed, whatever is beyond the width left as it is. */
export function greyPng(width, height, depth, rows) {
  return Buffer.from(encode({ width, height, depth, channels: 1, data: Buffer.concat(rows) }, { zlib: { level: 1 } }));
}

/** A PNG of one bit a pixel: a few bytes, however large it is. @param {number} width @param {number} height */
export function whitePng(width, height) {
  const row = Buffer.alloc(Math.ceil(width / 8), 0xff);
  return greyPng(width, height, 1, Array.from({ length: height }, () => row));
}
