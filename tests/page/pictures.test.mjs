/** The visitor's pictures in Chromium: each kind averaged exactly, told by its content, and what is said of those that cannot be. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { textOf, waitForPhase, waitForText } from '../../harness/waits.mjs';
import { SHORT, drop, share, upload } from './visits.mjs';
import { FOREIGN_SVG, HEIC, SHOWN, differenceOf, pictureCases } from './picture-cases.mjs';
import { whitePng } from './png.mjs';

const shared = share({ before, after });

test('every picture is the average of its middle square, whatever its kind and size', async (t) => {
  const { page, complaints } = await shared.visit(t, SHORT);
  for (const { name, bytes, levels } of pictureCases()) {
    await page.getByTestId('predict-file').setInputFiles(upload(name, bytes, ''));
    await page.locator('#subject-title').getByText(`${name}, as the network sees it`).waitFor();
    const difference = differenceOf(await page.evaluate(SHOWN), levels);
    t.diagnostic(`${name}: ${difference.toFixed(2)} levels`);
    assert.ok(difference <= 2, `${name} differs by ${difference} levels`);
  }
  assert.equal(await textOf(page, 'error'), '');
  assert.deepEqual(complaints, []);
});

test('what is dropped is told by its content, and what cannot be read by its name', async (t) => {
  const { page, complaints } = await shared.visit(t, SHORT);
  await waitForPhase(page, ['ready']);
  const subject = page.locator('#subject-title');
  await drop(page, [{ name: 'IMG_1', bytes: [...HEIC] }, { name: 'photo', bytes: [...whitePng(40, 40)] }]);
  await subject.getByText('photo, one of 2 pictures, as the network sees it').waitFor();
  await waitForText(page, 'error', /“IMG_1” is a HEIC picture, which this browser cannot read\..*Save it as PNG or JPEG/);
  await drop(page, [{ name: 'drawing', bytes: [...FOREIGN_SVG] }]);
  await waitForText(page, 'error', /“drawing” is an SVG picture with parts of a web page in it/);
  await drop(page, [{ name: 'run.bin', bytes: [...Buffer.from('\x02\0\0\0\0\0\0\0{}', 'latin1')] }]);
  await waitForText(page, 'error', /cannot be used as a run/);
  await drop(page, [{ name: 'paper.png', type: 'image/png', bytes: [...Buffer.from('%PDF-1.7')] }]);
  await waitForText(page, 'error', /“paper\.png” is a PDF document/);
  await page.getByTestId('predict-file').setInputFiles(upload('film', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isomavc1', 'latin1')));
  await waitForText(page, 'error', /“film” is a video, not a picture/);
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData('text/uri-list', 'https://example.org/cat.png');
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  });
  await waitForText(page, 'error', /What was dropped is an address, not a file/);

  // A browser that alters what is read from a canvas, by a level or altogether.
  const alter = (/** @type {number} */ levels) => page.evaluate((most) => {
    const { getImageData } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.getImageData = function altered(/** @type {[number, number, number, number]} */ ...place) {
      const image = getImageData.apply(this, place);
      for (let i = 0; i < image.data.length; i += 7) image.data[i] ^= most;
      return image;
    };
  }, levels);
  await alter(1);
  await drop(page, [{ name: 'slight.png', bytes: [...whitePng(40, 40)] }]);
  await subject.getByText('slight.png, as the network sees it').waitFor();
  await waitForText(page, 'error', /slightly alters what a page reads of a picture/);
  await alter(128);
  await drop(page, [{ name: 'false.png', bytes: [...whitePng(40, 40)] }]);
  await waitForText(page, 'error', /“false\.png” cannot be given to the network: this browser falsifies/);
  assert.match(await subject.textContent() ?? '', /slight\.png/);
  assert.deepEqual(complaints, []);
});
