/**
 * The visitor's own picture, made into what the network sees: the middle square, averaged down to a few
 * pixels along a side.
 *
 * One way for all pictures in all browsers: decode and orient, draw in strips that every browser's
 * canvas takes, average each output pixel over what it covers. It holds no state and does not ask the
 * network.
 *
 * @import { FileKind } from './file-kinds.js'
 */
import { createAreaAverage } from './area-average.js';
import { readsBack } from './canvas-check.js';
import { Refusal } from '../protocol/errors.js';
import { SVG_TYPE, kindOfFile } from './file-kinds.js';
import { SIDE } from './records.js';
import { holdsHtml, resized, rootOf, sizeOf, textOf } from './svg.js';

/** More than 200 million pixels take, however badly they are packed. */
const MOST_BYTES = 1_000_000_000;
/** An SVG's text is held several times. */
const MOST_SVG_BYTES = 50_000_000;
/** Decoding takes four bytes a pixel: 800 MB. */
const MOST_PIXELS = 200_000_000;
/** A strip's: a telephone's canvas ends at 16.7 million. */
const MOST_STRIP_PIXELS = 4_000_000;
/** An SVG is drawn so large along its shorter side, 32 pixels for each of the network's... */
const SVG_SHORT_PIXELS = 1_024;
/** ...but no larger along the longer one: browsers end at 32,767. */
const SVG_LONG_PIXELS = 16_384;

const USUAL = 'Choose a PNG, JPEG, WebP or GIF file of usual size.';
const SAVE_AS_PNG = 'Save it as PNG or JPEG, and choose that file.';

/** A picture as the network sees it; `remark` is what has to be said of it. @typedef {{ pixels: Uint8Array, remark: string | null }} SmallPicture */

/** What can be drawn, and its size. @typedef {{ source: CanvasImageSource, width: number, height: number, close: () => void }} Drawable */

/** Why a browser draws nothing of a file. @param {FileKind | null} kind */
function unreadable(kind) {
  if (!kind) return new Refusal('cannot be read as a picture', USUAL);
  if (kind.everywhere) return new Refusal(`is ${kind.name}, but it is damaged, or too much for this browser`, USUAL);
  return new Refusal(`is ${kind.name}, which this browser cannot read`, SAVE_AS_PNG);
}

/** Loads a picture without decoding it: a small file may unfold to gigabytes. @param {Blob} file @param {FileKind | null} kind @returns {Promise<HTMLImageElement>} */
async function load(file, kind) {
  const image = new Image();
  const url = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(unreadable(kind));
      image.src = url;
    });
  } finally {
    URL.revokeObjectURL(url);
  }
  return image;
}

/** @param {number} width @param {number} height */
function refuseSize(width, height) {
  if (width === 0 || height === 0) throw new Refusal('is empty', USUAL);
  if (width * height <= MOST_PIXELS) return;
  throw new Refusal(`is too large a picture: ${width} × ${height} pixels, and at most ${MOST_PIXELS / 1e6} million are read`, USUAL);
}

/** A picture of pixels, turned as its file says. @param {Blob} file @param {FileKind | null} kind @returns {Promise<Drawable>} */
async function decode(file, kind) {
  const { naturalWidth, naturalHeight } = await load(file, kind);
  refuseSize(naturalWidth, naturalHeight);
  const source = await createImageBitmap(file).catch(() => {
    throw unreadable(kind);
  });
  return { source, width: source.width, height: source.height, close: () => source.close() };
}

/** An SVG, as large as it takes for its average. @param {Blob} file @param {FileKind} kind @returns {Promise<Drawable>} */
async function decodeSvg(file, kind) {
  if (file.size > MOST_SVG_BYTES) throw new Refusal(`is too large a file: of an SVG at most ${MOST_SVG_BYTES / 1e6} MB are read`, SAVE_AS_PNG);
  const text = textOf(new Uint8Array(await file.arrayBuffer()));
  const root = rootOf(text);
  if (!root) throw unreadable(kind);
  if (holdsHtml(text)) throw new Refusal('is an SVG picture with parts of a web page in it (foreignObject), which browsers do not let a page read', SAVE_AS_PNG);
  const own = sizeOf(root);
  refuseSize(Math.min(own.width, 1), Math.min(own.height, 1)); // As large as it may say, as it is drawn at another size.
  const scale = Math.min(SVG_SHORT_PIXELS / Math.min(own.width, own.height), SVG_LONG_PIXELS / Math.max(own.width, own.height));
  const width = Math.max(1, Math.round(own.width * scale));
  const height = Math.max(1, Math.round(own.height * scale));
  const large = resized(text, root, width, height);
  return { source: await load(new Blob([large], { type: SVG_TYPE }), kind), width, height, close: () => undefined };
}

/** @returns {CanvasRenderingContext2D} Of a canvas in the computer's memory, not on its graphics card. */
function makeContext() {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!context) throw new Refusal('cannot be drawn: this browser has no canvas', 'Try another browser.');
  return context;
}

/** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
function resize({ canvas }, width, height) {
  canvas.width = width;
  canvas.height = height;
}

/** @param {CanvasRenderingContext2D} context @returns {string | null} What has to be said of pictures that are read through it. */
function remarkOn(context) {
  resize(context, 64, 64);
  const answer = readsBack(context);
  if (answer === 'true') return null;
  if (answer === 'slight') return 'This browser slightly alters what a page reads of a picture, as a protection against fingerprinting. The network sees the altered picture.';
  throw new Refusal(
    'cannot be given to the network: this browser falsifies what a page reads of a picture, as a protection against fingerprinting',
    'Allow this page to use canvas data (Firefox asks beside the address, Brave has Shields), and choose the picture again.',
    'canvas_falsified',
  );
}

/** A task of its own, so that the page stays responsive between two strips. */
const pause = () => new Promise((resolve) => void setTimeout(resolve));

/**
 * The average of the picture's middle square, on white where it is transparent.
 * @param {CanvasRenderingContext2D} context @param {Drawable} picture @param {number} side
 */
async function averageSquare(context, { source, width, height }, side) {
  const size = Math.min(width, height);
  const left = Math.floor((width - size) / 2);
  const top = Math.floor((height - size) / 2);
  const most = Math.max(1, Math.floor(MOST_STRIP_PIXELS / size));
  const average = createAreaAverage(size, side);
  for (let y = 0; y < size; y += most) {
    const rows = Math.min(most, size - y);
    resize(context, size, rows);
    context.fillStyle = '#fff';
    context.fillRect(0, 0, size, rows);
    context.drawImage(source, left, top + y, size, rows, 0, 0, size, rows);
    average.add(context.getImageData(0, 0, size, rows).data);
    await pause();
  }
  return average.planes();
}

/** @param {unknown} thrown */
function refusalOf(thrown) {
  if (thrown instanceof Refusal) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'SecurityError') {
    return new Refusal('holds something that this browser does not let a page read', SAVE_AS_PNG);
  }
  return new Refusal('is too much for this browser', USUAL);
}

/**
 * @param {Blob} file
 * @param {number} [side] Pixels along the result's side.
 * @returns {Promise<SmallPicture>} Red, green and blue planes. Rejects with a `Refusal`.
 */
export async function shrinkPicture(file, side = SIDE) {
  if (file.size === 0) throw new Refusal('is empty', USUAL);
  if (file.size > MOST_BYTES) throw new Refusal(`is too large a file: at most ${MOST_BYTES / 1e6} MB are read`, USUAL);
  const kind = await kindOfFile(file);
  if (kind && kind.route !== 'picture') throw new Refusal(`is ${kind.name}, not a picture`, kind.route === 'run' ? 'Open it with “Open a saved run”.' : USUAL);
  const context = makeContext();
  try {
    const remark = remarkOn(context);
    // The type that its content says: browsers believe a wrong one.
    const typed = kind ? file.slice(0, file.size, kind.type) : file;
    const picture = kind?.type === SVG_TYPE ? await decodeSvg(typed, kind) : await decode(typed, kind);
    try {
      return { pixels: await averageSquare(context, picture, side), remark };
    } finally {
      picture.close();
    }
  } catch (thrown) {
    throw refusalOf(thrown);
  } finally {
    resize(context, 0, 0); // Frees its memory at once.
  }
}
