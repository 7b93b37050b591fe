/** A JPEG of flat squares of 8 × 8 pixels, whose decoded levels are exact, turned by its EXIF data. */

/** Pixels along a square's side. */
export const BLOCK = 8;

/** @param {number} marker @param {number[]} data */
const segment = (marker, data) => [0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255, ...data];

/** EXIF with one entry: which way is up. @param {number} orientation */
const exif = (orientation) => segment(0xe1, [
  ...Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0', 'latin1'), orientation, 0, 0, 0, 0, 0, 0,
]);

/** The bits of a flat block: how far its level is from the one before, and that it is flat. @param {number} difference */
function bitsOf(difference) {
  const length = difference === 0 ? 0 : Math.floor(Math.log2(Math.abs(difference))) + 1;
  const value = difference < 0 ? difference + 2 ** length - 1 : difference;
  const category = length.toString(2).padStart(4, '0');
  return `${category}${length > 0 ? value.toString(2).padStart(length, '0') : ''}0`;
}

/**
 * @param {number[][]} levels Of each block, row by row, 0 to 255.
 * @param {number} orientation As EXIF has it, 1 to 8.
 * @returns {Buffer}
 */
export function flatJpeg(levels, orientation) {
  const [height, width] = [levels.length * BLOCK, levels[0].length * BLOCK];
  const flat = levels.flat();
  const bits = flat.map((level, i) => bitsOf(level - (i === 0 ? 128 : flat[i - 1]))).join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  const bytes = (padded.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)).flatMap((byte) => (byte === 0xff ? [byte, 0] : [byte]));
  return Buffer.from([
    0xff, 0xd8, ...exif(orientation),
    // Steps of 8: a block's first coefficient is then its level, less 128.
    ...segment(0xdb, [0, ...Array(64).fill(8)]),
    ...segment(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]),
    // The lengths 0 to 8 of a difference, as four bits each; and one bit for "the rest is zero".
    ...segment(0xc4, [0x00, 0, 0, 0, 9, ...Array(12).fill(0), 0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ...segment(0xc4, [0x10, 1, ...Array(15).fill(0), 0]),
    ...segment(0xda, [1, 1, 0, 0, 63, 0]),
    ...bytes, 0xff, 0xd9,
  ]);
}
