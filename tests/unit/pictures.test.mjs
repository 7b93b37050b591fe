/** The arithmetic of a picture's way to the network: the exact average, and an SVG's size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAreaAverage } from '../../www/loading/area-average.js';
import { holdsHtml, resized, rootOf, sizeOf, textOf } from '../../www/loading/svg.js';

/** Each output pixel as the sum over all pixels of what it covers of them. @param {number} size @param {number} side @param {Uint8ClampedArray} rgba */
function plainAverage(size, side, rgba) {
  const step = size / side;
  const overlap = (/** @type {number} */ i, /** @type {number} */ x) => Math.max(0, Math.min((i + 1) * step, x + 1) - Math.max(i * step, x));
  const planes = new Float64Array(3 * side * side);
  for (let out = 0; out < planes.length; out += 1) {
    const [line, i] = [Math.floor((out % (side * side)) / side), out % side];
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) planes[out] += overlap(line, y) * overlap(i, x) * rgba[4 * (y * size + x) + Math.floor(out / (side * side))];
    }
    planes[out] /= step * step;
  }
  return planes;
}

for (const [size, side] of [[1, 32], [10, 32], [31, 32], [32, 32], [33, 32], [67, 32], [50, 28], [9, 3], [40, 7]]) {
  test(`${size} pixels along a side become ${side}, each the average of what it covers`, () => {
    const rgba = Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) => (i * i * 31 + i * 7) % 256);
    const average = createAreaAverage(size, side);
    const strip = 4 * size * 3; // Three rows at a time.
    for (let at = 0; at < rgba.length; at += strip) average.add(rgba.subarray(at, at + strip));
    const expected = plainAverage(size, side, rgba);
    const planes = average.planes();
    assert.equal(planes.length, 3 * side * side);
    planes.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) <= 0.5 + 1e-9, `${i}: ${value}, ${expected[i]}`));
  });
}

test('white stays white and black black at any size', () => {
  for (const size of [1, 7, 32, 333, 1_024, 1_999]) {
    for (const level of [0, 255]) {
      const average = createAreaAverage(size, 32);
      for (let y = 0; y < size; y += 1) average.add(new Uint8ClampedArray(4 * size).fill(level));
      assert.ok(average.planes().every((value) => value === level), `${size}`);
    }
  }
});

/** @param {string} text */
function root(text) {
  const found = rootOf(text);
  assert.ok(found, text);
  return found;
}

test('an SVG’s size is what a browser makes of its root tag', () => {
  /** @type {[string, number, number][]} */
  const sizes = [
    ['<svg width="20" height="10">', 20, 10],
    ["<svg width='1in' height='2.54cm'>", 96, 96],
    ['<svg width="1e2px" height=".5pc">', 100, 8],
    ['<svg viewBox="-5 -5 40 20">', 40, 20],
    ['<svg viewBox="0,0,40,20" width="10">', 10, 5],
    ['<svg viewBox="0 0 40 20" height="10">', 20, 10],
    ['<svg viewBox="0 0 40 20" width="100%" height="100%">', 40, 20],
    ['<svg viewBox="0 0 40 20" style="width: 8px; height:4px" width="1">', 8, 4],
    ['<svg viewBox="0 0 0 20">', 300, 150],
    ['<svg>', 300, 150],
    ['<s:svg xmlns:s="http://www.w3.org/2000/svg" width="3" height="4"/>', 3, 4],
    ['<svg width="20000" height="20000">', 20_000, 20_000],
  ];
  for (const [text, width, height] of sizes) assert.deepEqual(sizeOf(root(text)), { width, height }, text);
});

test('an SVG at another size has that size, its own coordinates, and everything else as it was', () => {
  const text = '<?xml version="1.0"?><!-- <svg> --><svg xmlns="http://www.w3.org/2000/svg" width="20" height="10" fill="red" style="color:blue"><path d="M0 0"/></svg>';
  const large = resized(text, root(text), 2_048, 1_024);
  const { attributes } = root(large);
  assert.deepEqual([attributes.get('width'), attributes.get('height'), attributes.get('viewBox'), attributes.get('fill')], ['2048', '1024', '0 0 20 10', 'red']);
  assert.match(attributes.get('style') ?? '', /^color:blue;.*width:2048px!important;height:1024px!important/);
  assert.deepEqual(sizeOf(root(large.replace(/ style="[^"]*"/, ''))), { width: 2_048, height: 1_024 });
  assert.ok(large.startsWith('<?xml version="1.0"?><!-- <svg> --><svg '));
  assert.ok(large.endsWith('><path d="M0 0"/></svg>'));
  const boxed = '<svg viewBox="1 2 3 4" font-family=\'"A", b\'/>';
  const { attributes: kept } = root(resized(boxed, root(boxed), 30, 40));
  assert.deepEqual([kept.get('viewBox'), kept.get('font-family'), kept.get('xmlns')], ['1 2 3 4', '"A", b', 'http://www.w3.org/2000/svg']);
});

test('the root is found behind what may stand before it, and nothing else is taken for it', () => {
  assert.equal(root('\uFEFF <?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "a" "b" [ <!ENTITY x "y > z"> ]>\n<svg a="1">').attributes.get('a'), '1');
  assert.equal(root('<!DOCTYPE svg><svg\n a = "x > y" />').attributes.get('a'), 'x > y');
  for (const text of ['', 'svg', '<html><svg/></html>', '<svgfoo>', '<svg', '<svg width="1', '<svg width=1>', '<!-- <svg>', '<!DOCTYPE html><html>']) {
    assert.equal(rootOf(text), null, text);
  }
});

test('parts of web pages in an SVG are noticed, their mention in a comment is not', () => {
  assert.ok(holdsHtml('<svg><foreignObject/></svg>'));
  assert.ok(holdsHtml('<svg:svg><svg:foreignObject width="1"></svg:foreignObject></svg:svg>'));
  assert.ok(!holdsHtml('<svg><!-- <foreignObject/> --><path/></svg>'));
});

test('an SVG is read in the encoding that it names, and says nothing of it afterwards', () => {
  const text = '<?xml version="1.0" encoding="iso-8859-1" standalone="no"?><svg a="é"/>';
  assert.equal(textOf(Buffer.from(text, 'latin1')), '<?xml version="1.0" standalone="no"?><svg a="é"/>');
  assert.equal(textOf(Buffer.from('\uFEFF<svg/>', 'utf16le')), '<svg/>');
  assert.equal(textOf(Buffer.from('<?xml version="1.0" encoding="none-such"?><svg a="é"/>')), '<?xml version="1.0"?><svg a="é"/>');
});
