/** Which image the network is asked about, when pictures are decoded by a test that has time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChoosing } from '../../www/live/choosing.js';
import { Refusal } from '../../www/protocol/errors.js';
import { createStore } from '../../www/state/store.js';

const PIXELS = new Uint8Array(3_072);
const IMAGE = { origin: /** @type {const} */ ('test'), label: 3, pixels: PIXELS, title: 'Test image: cat' };
const picture = (/** @type {string} */ name) => new File([], name, { type: 'image/png' });

/** A store, and pictures that are decoded when the test says so. */
function setUp() {
  const store = createStore(() => 0);
  let asked = 0;
  /** @type {Map<string, { done: (pixels: Uint8Array, remark?: string) => void, failed: (error: Error) => void }>} */
  const decoding = new Map();
  const choosing = createChoosing(store, () => (asked += 1), ({ name }) => (
    new Promise((done, failed) => void decoding.set(name, { done: (pixels, remark = '') => done({ pixels, remark: remark || null }), failed }))));
  const title = () => store.get().subject?.title;
  return { store, choosing, decoding, title, asked: () => asked };
}

test('the picture that was chosen last stays, however slow the one before is', async () => {
  const { choosing, decoding, title, asked } = setUp();
  const slow = choosing.takePictures([picture('slow.png')]);
  const fast = choosing.takePictures([picture('fast.png')]);
  decoding.get('fast.png')?.done(PIXELS);
  await fast;
  decoding.get('slow.png')?.done(PIXELS);
  await slow;
  assert.equal(title(), 'fast.png');
  assert.equal(asked(), 1);
});

test('a test image that the visitor chose outlasts a slow picture, one that came by itself does not', async () => {
  const { store, choosing, decoding, title } = setUp();
  let waiting = choosing.takePictures([picture('one.png')]);
  choosing.suggest(IMAGE);
  assert.equal(store.get().subject?.asked, false);
  decoding.get('one.png')?.done(PIXELS);
  await waiting;
  assert.equal(title(), 'one.png');
  assert.equal(store.get().subject?.asked, true);

  waiting = choosing.takePictures([picture('two.png')]);
  choosing.choose(IMAGE);
  decoding.get('two.png')?.done(PIXELS);
  await waiting;
  assert.equal(title(), 'Test image: cat');
});

test('of several pictures the first is taken, and its name says so', async () => {
  const { choosing, decoding, title } = setUp();
  const waiting = choosing.takePictures([picture('one.png'), picture('two.png'), picture('three.png')]);
  decoding.get('one.png')?.done(PIXELS);
  await waiting;
  assert.equal(title(), 'one.png, the first of 3 pictures');
  assert.deepEqual([...decoding.keys()], ['one.png']);
  await choosing.takePictures([]);
  assert.equal(title(), 'one.png, the first of 3 pictures');
});

test('a picture that cannot be read is said by its name, also after another one was chosen', async () => {
  const { store, choosing, decoding } = setUp();
  const waiting = choosing.takePictures([picture('broken.png')]);
  choosing.choose(IMAGE);
  decoding.get('broken.png')?.failed(new Error('is empty'));
  await waiting;
  assert.equal(store.get().error?.code, 'invalid_picture');
  assert.match(store.get().error?.message ?? '', /^“broken\.png” is empty\.$/);
});

/** Lets what awaits a settled promise go on. */
const soon = () => new Promise((resolve) => void setImmediate(resolve));

test('a picture that cannot be read keeps no other from being taken; each is named, with what to do', async () => {
  const { store, choosing, decoding, title } = setUp();
  const waiting = choosing.takePictures([picture('one.heic'), picture('two.svg'), picture('three.png'), picture('four.png')]);
  decoding.get('one.heic')?.failed(new Refusal('is a HEIC picture, which this browser cannot read', 'Save it as JPEG.'));
  await soon();
  decoding.get('two.svg')?.failed(new Refusal('is empty', 'Choose another.'));
  await soon();
  decoding.get('three.png')?.done(PIXELS);
  await waiting;
  assert.equal(title(), 'three.png, one of 4 pictures');
  assert.equal(decoding.has('four.png'), false);
  assert.deepEqual(store.get().error, {
    code: 'invalid_picture', hint: 'Choose another.',
    message: '“one.heic” is a HEIC picture, which this browser cannot read. “two.svg” is empty.',
  });
});

test('a browser that falsifies canvases is said under a code of its own, and shows the picture where that is slight', async () => {
  const { store, choosing, decoding, title } = setUp();
  let waiting = choosing.takePictures([picture('one.png')]);
  decoding.get('one.png')?.failed(new Refusal('cannot be given to the network', 'Allow it.', 'canvas_falsified'));
  await waiting;
  assert.equal(store.get().error?.code, 'canvas_falsified');
  assert.equal(title(), undefined);
  waiting = choosing.takePictures([picture('two.png')]);
  decoding.get('two.png')?.done(PIXELS, 'This browser slightly alters what a page reads.');
  await waiting;
  assert.equal(title(), 'two.png');
  assert.deepEqual([store.get().error?.code, store.get().error?.message], ['canvas_falsified', 'This browser slightly alters what a page reads.']);
  store.dispatch({ type: 'error_dismissed' });
  waiting = choosing.takePictures([picture('three.png')]);
  decoding.get('three.png')?.done(PIXELS, 'This browser slightly alters what a page reads.');
  await waiting;
  assert.deepEqual([title(), store.get().error], ['three.png', null], 'once is enough');
});
