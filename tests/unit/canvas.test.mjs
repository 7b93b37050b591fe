/** Small canvases: kept off the graphics card, and drawn again when the browser lost them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { paint } from '../../www/views/shared/dom.js';

/** What a browser gives: a canvas that says what is done to it. */
class Canvas extends EventTarget {
  width = 1;
  height = 1;
  /** @type {any[]} */
  drawn = [];
  /** @param {string} _kind @param {any} options */
  getContext(_kind, options) {
    assert.equal(options.willReadFrequently, true);
    return { putImageData: (/** @type {any} */ image) => this.drawn.push(image.data), clearRect: () => this.drawn.push(null) };
  }
}
/** @type {any} */ (globalThis).ImageData = class {
  constructor(/** @type {any} */ data) {
    this.data = data;
  }
};

test('what was drawn once is drawn again when the canvas is restored, and only the last of it', () => {
  const canvas = new Canvas();
  const [first, second] = [Uint8ClampedArray.of(1, 2, 3, 255), Uint8ClampedArray.of(4, 5, 6, 255)];
  paint(/** @type {any} */ (canvas), first);
  paint(/** @type {any} */ (canvas), second);
  canvas.dispatchEvent(new Event('contextrestored'));
  assert.deepEqual(canvas.drawn, [first, second, second]);
  paint(/** @type {any} */ (canvas), null);
  canvas.dispatchEvent(new Event('contextrestored'));
  assert.deepEqual(canvas.drawn.slice(3), [null, null]);
});
