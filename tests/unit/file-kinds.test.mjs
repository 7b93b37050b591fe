/** What a file is by its content, where it goes, and what is said of a drop without files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dropProblem, hasFiles, isForField } from '../../www/loading/drops.js';
import { TELLING_BYTES, kindOf, kindOfFile, routeOf } from '../../www/loading/file-kinds.js';
import { whitePng } from '../page/png.mjs';

/** @param {string} text Latin-1. @param {number} [length] */
const bytes = (text, length = 64) => Uint8Array.from({ length }, (_, i) => (i < text.length ? text.charCodeAt(i) : 0));

/** @param {string} major @param {string[]} others */
const media = (major, ...others) => bytes(`\0\0\0${String.fromCharCode(16 + 4 * others.length)}ftyp${major}\0\0\0\0${others.join('')}`);

/** @type {[string, Uint8Array, 'picture' | 'run' | 'other'][]} */
const KNOWN = [
  ['a PNG picture', whitePng(4, 4), 'picture'],
  ['a JPEG picture', bytes('\xff\xd8\xff\xe1'), 'picture'],
  ['a GIF picture', bytes('GIF89a'), 'picture'],
  ['a WebP picture', bytes('RIFF\x10\0\0\0WEBPVP8 '), 'picture'],
  ['a BMP picture', bytes('BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0'), 'picture'],
  ['an icon', bytes('\0\0\x01\0\x01\0\x20\x20\0\0\x01\0\x20\0\x20\0\0\0\x16\0\0\0'), 'picture'],
  ['an SVG picture', Buffer.from('\uFEFF<?xml version="1.0"?>\n<!-- a -->\n<!DOCTYPE svg [<!ENTITY a "b>">]>\n<svg viewBox="0 0 1 1"/>'), 'picture'],
  ['an SVG picture', Buffer.from('\uFEFF<svg viewBox="0 0 1 1"/>', 'utf16le'), 'picture'],
  ['a HEIC picture', media('heic', 'mif1', 'heic'), 'picture'],
  ['a HEIC picture', media('mif1', 'miaf', 'heic'), 'picture'],
  ['an AVIF picture', media('avif', 'mif1', 'avif'), 'picture'],
  ['an AVIF picture', media('mif1', 'avif'), 'picture'],
  ['a TIFF picture', bytes('II*\0\x08'), 'picture'],
  ['a TIFF picture', bytes('MM\0*\0'), 'picture'],
  ['a JPEG XL picture', bytes('\xff\x0a\xfa'), 'picture'],
  ['a JPEG XL picture', bytes('\0\0\0\x0cJXL \r\n\x87\n'), 'picture'],
  ['a JPEG 2000 picture', bytes('\0\0\0\x0cjP  \r\n\x87\n'), 'picture'],
  ['a Photoshop picture', bytes('8BPS\0\x01'), 'picture'],
  ['a camera’s raw picture', media('crx ', 'crx ', 'isom'), 'picture'],
  ['a PDF document', bytes('%PDF-1.7'), 'other'],
  ['a video', media('isom', 'avc1'), 'other'],
  ['a video', media('qt  '), 'other'],
  ['a video', bytes('\x1aE\xdf\xa3'), 'other'],
  ['a video', bytes('RIFF\0\0\0\0AVI LIST'), 'other'],
  ['a sound', media('M4A ', 'isom'), 'other'],
  ['a sound', bytes('RIFF\0\0\0\0WAVEfmt '), 'other'],
  ['a saved run', readFileSync(new URL('../fixtures/epoch.safetensors', import.meta.url)), 'run'],
  ['a saved run', bytes('\x02\0\0\0\0\0\0\0{}', 10), 'run'],
];

test('a file’s first bytes say what it is', () => {
  for (const [name, content, route] of KNOWN) {
    const kind = kindOf(content);
    assert.deepEqual([kind?.name, kind?.route], [name, route], name);
    if (route === 'picture') assert.match(kind?.type ?? '', /^image\/[\w.+-]+$/);
  }
});

test('what is close to a kind is none', () => {
  const near = [
    bytes('\x89PNG\r\n'), bytes('BM and so on'), bytes('\0\0\x01\0\0\0'), bytes('RIFF\0\0\0\0ACON'), bytes('\x7f\0\0\0\0\0\0\0{"a"'), // Longer than the file.
    bytes('\x05\0\0\0\0\0\0\0{x'), bytes('<!doctype html><svg></svg>'), bytes('<svgs>'), bytes('text'), bytes('\x1f\x8b\x08'), new Uint8Array(),
  ];
  for (const content of near) assert.equal(kindOf(content), null, Buffer.from(content).toString('latin1'));
});

test('the content decides where a file goes, whatever it is called; name and type only where it says nothing', async () => {
  /** @param {Uint8Array} content @param {string} name @param {string} [type] */
  const route = async (content, name, type = '') => {
    const file = new File([Uint8Array.from(content)], name, { type });
    return routeOf(file, await kindOfFile(file));
  };
  const run = readFileSync(new URL('../fixtures/epoch.safetensors', import.meta.url));
  assert.equal(await route(whitePng(4, 4), 'photo'), 'picture');
  assert.equal(await route(whitePng(4, 4), 'photo.bin', 'application/octet-stream'), 'picture');
  assert.equal(await route(whitePng(4, 4), 'photo.safetensors'), 'picture');
  assert.equal(await route(media('heic', 'mif1'), 'IMG_1.heic'), 'picture');
  assert.equal(await route(run, 'convburn-run.safetensors.bin', 'application/octet-stream'), 'run');
  assert.equal(await route(run, 'download', 'image/png'), 'run');
  assert.equal(await route(bytes('%PDF-1.7'), 'paper.png', 'image/png'), 'other');
  assert.equal(await route(bytes('\x03', 3_073), 'mine.bin'), 'data');
  assert.equal(await route(bytes('no picture'), 'text.png', 'image/png'), 'picture');
  assert.equal(await route(bytes('cut short'), 'Run.SafeTensors'), 'run');
  assert.equal(await route(Buffer.from(`<!--${'x'.repeat(TELLING_BYTES - 200)}--><svg/>`), 'late'), 'picture');
});

test('a file that cannot be read has no kind', async () => {
  const file = new File(['x'], 'folder');
  file.slice = () => /** @type {Blob} */ (/** @type {unknown} */ ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotFoundError')) }));
  assert.equal(await kindOfFile(file), null);
});

test('a drop without files is said for what it is', () => {
  assert.equal(dropProblem({ files: { length: 1 }, types: ['Files', 'text/uri-list'] }), null);
  assert.match(dropProblem({ files: { length: 0 }, types: ['text/uri-list', 'text/html'] }) ?? '', /is an address, not a file/);
  assert.match(dropProblem({ files: { length: 0 }, types: ['text/plain'] }) ?? '', /is text, not a file/);
  assert.match(dropProblem({ files: { length: 0 }, types: [] }) ?? '', /no file in it/);
  assert.match(dropProblem(null) ?? '', /no file in it/);
});

test('text that is dragged into a field is the browser’s, files never are', () => {
  const dropped = (/** @type {string[]} */ types, length = 0) => ({ types, files: { length } });
  const field = /** @type {EventTarget} */ (Object.assign(new EventTarget(), { type: 'number' }));
  assert.ok(isForField({ target: field, dataTransfer: dropped(['text/plain']) }));
  assert.ok(!isForField({ target: field, dataTransfer: dropped(['Files']) }));
  assert.ok(!isForField({ target: new EventTarget(), dataTransfer: dropped(['text/plain']) }));
  assert.ok(!isForField({ target: Object.assign(new EventTarget(), { type: 'file' }), dataTransfer: dropped(['text/plain']) }));
  assert.ok(hasFiles(dropped([], 1)) && hasFiles(dropped(['Files'])) && !hasFiles(dropped(['text/uri-list'])) && !hasFiles(null));
});

test('no file is hidden from the visitor who chooses one by its name', () => {
  const page = readFileSync(new URL('../../www/index.html', import.meta.url), 'utf8');
  const inputs = page.match(/<input type="file"[^>]*>/g) ?? [];
  assert.ok(inputs.length >= 3);
  for (const input of inputs) assert.doesNotMatch(input, /accept/);
});
