/**
 * What a file is, by its content: pictures, saved runs, and what people take for one of them.
 *
 * Names and types may be missing or wrong, as after a phone or a mail program. Everything that is not
 * told here is data, and the crate's to tell.
 */
import { rootOf, textOf } from './svg.js';

/** As many bytes tell each kind: an SVG may begin with comments. */
export const TELLING_BYTES = 65_536;

/**
 * `name` goes into a sentence. `everywhere`: each browser reads it, so one that it cannot read is damaged.
 * @typedef {{ route: 'picture' | 'run' | 'other', name: string, type: string, everywhere: boolean }} FileKind
 */

/** @param {string} name @param {string} type @param {boolean} [everywhere] @returns {FileKind} */
const picture = (name, type, everywhere = true) => ({ route: 'picture', name, type, everywhere });

/** @param {string} name @returns {FileKind} */
const other = (name) => ({ route: 'other', name, type: '', everywhere: false });

/** @type {FileKind} */
const RUN = { route: 'run', name: 'a saved run', type: '', everywhere: false };
export const SVG_TYPE = 'image/svg+xml';
const SVG = picture('an SVG picture', SVG_TYPE);
const ICON = picture('an icon', 'image/x-icon');
const BITMAP = picture('a BMP picture', 'image/bmp');
const HEIC = picture('a HEIC picture', 'image/heic', false);
const AVIF = picture('an AVIF picture', 'image/avif', false);

/** The first bytes, as Latin-1 text, that nothing else begins with. @type {[string, FileKind][]} */
const BEGINNINGS = [
  ['\x89PNG\r\n\x1a\n', picture('a PNG picture', 'image/png')],
  ['\xff\xd8\xff', picture('a JPEG picture', 'image/jpeg')],
  ['GIF87a', picture('a GIF picture', 'image/gif')],
  ['GIF89a', picture('a GIF picture', 'image/gif')],
  ['II*\0', picture('a TIFF picture', 'image/tiff', false)],
  ['MM\0*', picture('a TIFF picture', 'image/tiff', false)],
  ['\xff\x0a', picture('a JPEG XL picture', 'image/jxl', false)],
  ['\0\0\0\x0cJXL \r\n\x87\n', picture('a JPEG XL picture', 'image/jxl', false)],
  ['\0\0\0\x0cjP  \r\n\x87\n', picture('a JPEG 2000 picture', 'image/jp2', false)],
  ['8BPS', picture('a Photoshop picture', 'image/vnd.adobe.photoshop', false)],
  ['FUJIFILMCCD-RAW', picture('a camera’s raw picture', 'image/x-fuji-raf', false)],
  ['%PDF-', other('a PDF document')],
  ['\x1aE\xdf\xa3', other('a video')],
  ['OggS', other('a sound or a video')],
  ['fLaC', other('a sound')],
  ['ID3', other('a sound')],
];

/** By the four letters in a RIFF file's head. @type {Record<string, FileKind>} */
const RIFF = {
  'WEBP': picture('a WebP picture', 'image/webp'),
  'AVI ': other('a video'),
  'WAVE': other('a sound'),
};

/** Brands of the ISO base media format: ISO/IEC 23008-12 for HEIF, AV1 Image File Format for AVIF. */
const AVIF_BRANDS = ['avif', 'avis'];
const HEIF_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1', 'mif2'];

/** @param {string} head @returns {FileKind | null} A HEIC or AVIF picture, or a video. */
function mediaKind(head) {
  if (head.slice(4, 8) !== 'ftyp') return null;
  const size = (head.charCodeAt(2) << 8) + head.charCodeAt(3);
  // The major brand, then (after a version) those that it is compatible with.
  const brands = [head.slice(8, 12), ...(head.slice(16, size).match(/[\s\S]{4}/g) ?? [])];
  if (brands.some((brand) => AVIF_BRANDS.includes(brand))) return AVIF;
  if (brands.some((brand) => HEIF_BRANDS.includes(brand))) return HEIC;
  if (brands[0] === 'crx ') return picture('a camera’s raw picture', 'image/x-canon-cr3', false);
  return other(brands[0].startsWith('M4A') ? 'a sound' : 'a video');
}

/** Sizes of the headers that bitmaps have had. */
const BITMAP_HEADERS = [12, 40, 52, 56, 64, 108, 124];

/** @param {DataView} view @param {number} size Of the whole file. @returns {FileKind | null} Those of few telling bytes: CIFAR-10 may begin alike. */
function looseKind(view, size) {
  if (view.byteLength < 22) return null;
  const isBitmap = view.getUint16(0) === 0x424d && BITMAP_HEADERS.includes(view.getUint32(14, true));
  if (isBitmap) return BITMAP;
  const kind = view.getUint32(0); // 0, then 1 for an icon and 2 for a pointer, the low byte first.
  const images = view.getUint16(4, true);
  const first = view.getUint32(18, true);
  const isIcon = (kind === 0x100 || kind === 0x200) && images > 0 && view.getUint8(9) === 0 && first >= 6 + 16 * images && first < size;
  return isIcon ? ICON : null;
}

/**
 * Whether it begins as safetensors do: eight bytes of the header's length, then its JSON.
 * @param {DataView} view @param {string} head @param {number} size
 */
function isRun(view, head, size) {
  if (view.byteLength < 10 || !/^\{\s*["}]/.test(head.slice(8))) return false;
  const length = view.getBigUint64(0, true);
  return length >= 2n && length <= BigInt(size - 8);
}

/**
 * @param {Uint8Array} bytes The first `TELLING_BYTES` of a file, or all of it.
 * @param {number} [size] Of the whole file.
 * @returns {FileKind | null} Null where it is none of these.
 */
export function kindOf(bytes, size = bytes.length) {
  const head = String.fromCharCode(...bytes.subarray(0, 256));
  const begun = BEGINNINGS.find(([beginning]) => head.startsWith(beginning));
  if (begun) return begun[1];
  if (head.startsWith('RIFF')) return RIFF[head.slice(8, 12)] ?? null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isRun(view, head, size)) return RUN;
  return mediaKind(head) ?? looseKind(view, size) ?? (rootOf(textOf(bytes.subarray(0, TELLING_BYTES))) ? SVG : null);
}

/** @param {Blob} file @returns {Promise<FileKind | null>} Null too for what cannot be read: whoever reads it says so. */
export async function kindOfFile(file) {
  try {
    return kindOf(new Uint8Array(await file.slice(0, TELLING_BYTES).arrayBuffer()), file.size);
  } catch {
    return null;
  }
}

/**
 * Where a file goes: its content decides, and its name or type where the content tells nothing.
 * @param {{ name: string, type: string }} file @param {FileKind | null} kind
 * @returns {'picture' | 'run' | 'data' | 'other'}
 */
export function routeOf({ name, type }, kind) {
  if (kind) return kind.route;
  if (name.toLowerCase().endsWith('.safetensors')) return 'run';
  return type.startsWith('image/') ? 'picture' : 'data';
}
