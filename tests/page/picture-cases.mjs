/**
 * Pictures of every kind with the exact average of their middle squares, for both browsers: how they are
 * chosen and read is the tests' own (pictures.test.mjs, firefox.test.mjs).
 */
import { BLOCK, flatJpeg } from './jpeg.mjs';
import { greyPng } from './png.mjs';

/** Pixels along the side of what the network sees. */
const SIDE = 32;

/** A picture, and the levels that are to come of it, row by row. @typedef {{ name: string, bytes: Buffer, levels: number[] }} PictureCase */

/** Numbers that look drawn by chance, the same each time. @param {number} seed @returns {() => number} From 0 to 1. */
function chance(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** How much of each pixel an output pixel covers, along one side. @param {number} size @returns {[number, number][][]} For each output pixel: pixel and share. */
function coverage(size) {
  return Array.from({ length: SIDE }, (_, i) => {
    const [from, to] = [(i * size) / SIDE, ((i + 1) * size) / SIDE];
    return Array.from({ length: Math.ceil(to) - Math.floor(from) }, (_none, n) => {
      const at = Math.floor(from) + n;
      return /** @type {[number, number]} */ ([at, ((Math.min(to, at + 1) - Math.max(from, at)) * SIDE) / size]);
    });
  });
}

/** The average of a square. @param {number} size @param {(x: number, y: number) => number} levelAt */
function average(size, levelAt) {
  const spans = coverage(size);
  return spans.flatMap((down) => spans.map((across) => (
    down.reduce((sum, [y, tall]) => sum + tall * across.reduce((line, [x, wide]) => line + wide * levelAt(x, y), 0), 0))));
}

/** Noise of 8 bits. @param {string} name @param {number} width @param {number} height @returns {PictureCase} */
function noise(name, width, height) {
  const random = chance(width);
  const rows = Array.from({ length: height }, () => Uint8Array.from({ length: width }, () => 256 * random()));
  const size = Math.min(width, height);
  const [left, top] = [(width - size) >> 1, (height - size) >> 1];
  return { name, bytes: greyPng(width, height, 8, rows), levels: average(size, (x, y) => rows[top + y][left + x]) };
}

/**
 * Black and white in a fine pattern, denser here and there: where one of column and row is dark, but not both. The two
 * can be averaged apart, so that 108 million pixels need no visit.
 * @returns {PictureCase}
 */
function vast() {
  const [width, height] = [12_000, 9_000];
  const random = chance(7);
  const dark = (/** @type {number} */ length) => Uint8Array.from({ length }, (_, i) => Number(random() < 0.5 + 0.5 * Math.sin(i / 700)));
  const [columns, rows] = [dark(width), dark(height)];
  const packed = [0, 1].map((row) => Uint8Array.from({ length: width / 8 }, (_, byte) => (
    columns.subarray(8 * byte, 8 * byte + 8).reduce((bits, column) => 2 * bits + Number(column === row), 0))));
  const shares = (/** @type {Uint8Array} */ bits) => coverage(height).map((span) => span.reduce((sum, [at, share]) => sum + share * bits[at], 0));
  const [across, down] = [shares(columns.subarray((width - height) / 2)), shares(rows)];
  const levels = down.flatMap((row) => across.map((column) => 255 * (1 - column * (1 - row) - row * (1 - column))));
  return { name: 'vast.png', bytes: greyPng(width, height, 1, Array.from(rows, (row) => packed[row])), levels };
}

/** A photograph that was taken upright with the camera's right side up. @returns {PictureCase} */
function turned() {
  const random = chance(6);
  const blocks = Array.from({ length: 10 }, () => Array.from({ length: 14 }, () => Math.floor(256 * random())));
  const [tall, wide] = [14 * BLOCK, 10 * BLOCK]; // As it is seen: the file's first row is on the right.
  const levelAt = (/** @type {number} */ x, /** @type {number} */ y) => blocks[Math.floor((wide - 1 - x) / BLOCK)][Math.floor(y / BLOCK)];
  return { name: 'turned.jpg', bytes: flatJpeg(blocks, 6), levels: average(wide, (x, y) => levelAt(x, y + (tall - wide) / 2)) };
}

/** Squares of 3 units on a white ground, a third of them left out. @param {string} name @param {string} size Attributes of the root. @returns {PictureCase} */
function squares(name, size) {
  const random = chance(9);
  const levels = Array.from({ length: 16 }, () => Array.from({ length: 24 }, () => (random() < 0.3 ? 255 : Math.floor(256 * random()))));
  const drawn = levels.flatMap((row, y) => row.map((level, x) => (
    level === 255 ? '' : `<rect class="own" x="${3 * x}" y="${3 * y}" width="3" height="3" fill="rgb(${level},${level},${level})"/>`)));
  const svg = `<?xml version="1.0" encoding="utf-8"?><!-- drawn by a test --><svg xmlns="http://www.w3.org/2000/svg" ${size}><style>.own{stroke:none}</style>${drawn.join('')}</svg>`;
  return { name, bytes: Buffer.from(svg), levels: average(48, (x, y) => levels[Math.floor(y / 3)][Math.floor((x + 12) / 3)]) };
}

/** @returns {PictureCase[]} */
export const pictureCases = () => [
  noise('noise', 641, 640), // No extension: its content says what it is.
  noise('wide.png', 3_000, 10),
  turned(),
  squares('box.svg', 'viewBox="0 0 72 48"'),
  squares('declared.svg', 'width="72" height="48"'),
  squares('huge.svg', 'width="72000" height="48000" viewBox="0 0 72 48"'),
  vast(),
];

/** A part of a web page in an SVG. */
export const FOREIGN_SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><foreignObject/></svg>');

/** The beginning of a telephone's photograph, which neither browser reads. */
export const HEIC = Buffer.from('\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf\0\0\0\x08mdat', 'latin1');

/** Evaluates to the levels of the picture that the page shows: RGBA, row by row. */
export const SHOWN = "[...document.getElementById('subject').getContext('2d').getImageData(0, 0, 32, 32).data]";

/** The mean difference, over all pixels and colours. @param {number[]} rgba @param {number[]} levels Of grey. */
export function differenceOf(rgba, levels) {
  const colours = rgba.filter((_, i) => i % 4 < 3);
  return colours.reduce((sum, value, i) => sum + Math.abs(value - levels[Math.floor(i / 3)]), 0) / colours.length;
}
