/**
 * An SVG picture's text: its root tag, the size that it asks for, and the same picture at another size.
 *
 * Browsers differ in what they draw of an SVG without a width and a height, so it is given both before
 * it is drawn. Nothing is parsed but the root tag; whether the rest is an SVG is the browser's to say.
 */

/** What CSS takes for a picture that says nothing of its size. */
const DEFAULT_WIDTH = 300;
const DEFAULT_HEIGHT = 150;

/** CSS pixels in each absolute unit, and in a font that has the usual size. */
const UNITS = { '': 1, px: 1, pt: 4 / 3, pc: 16, in: 96, cm: 96 / 2.54, mm: 96 / 25.4, q: 96 / 101.6, em: 16, rem: 16, ex: 8 };

/**
 * The root tag of an SVG.
 * @typedef {{ start: number, end: number, name: string, attributes: Map<string, string> }} Root
 * `start` and `end` are its place in the text.
 */

/** Where the text goes on after white space and what may stand before the root. @param {string} text @returns {number} -1 where it does not. */
function afterProlog(text) {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (;;) {
    while (/\s/.test(text.charAt(at))) at += 1;
    let end = '';
    if (text.startsWith('<?', at)) end = '?>';
    else if (text.startsWith('<!--', at)) end = '-->';
    else if (/^<!doctype(?!\s+html)/i.test(text.slice(at, at + 40))) end = endOfDoctype(text, at);
    else return at;
    const found = text.indexOf(end, at + 2);
    if (found < 0) return -1;
    at = found + end.length;
  }
}

/** A doctype may declare entities between brackets. @param {string} text @param {number} at */
function endOfDoctype(text, at) {
  const bracket = text.indexOf('[', at);
  const close = text.indexOf('>', at);
  return bracket >= 0 && bracket < close ? ']>' : '>';
}

/** @param {string} text From its beginning. @returns {Root | null} Null where the text is no SVG, or the root tag is not whole. */
export function rootOf(text) {
  const start = afterProlog(text);
  if (start < 0) return null;
  const [opening, name] = /^<((?:[\w.-]+:)?svg)(?=[\s/>])/.exec(text.slice(start, start + 100)) ?? [];
  if (!opening || !name) return null;
  const attribute = /\s+([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*')/y;
  attribute.lastIndex = start + opening.length;
  const attributes = new Map();
  let end = attribute.lastIndex;
  for (let found = attribute.exec(text); found; found = attribute.exec(text)) {
    attributes.set(found[1], found[2].slice(1, -1));
    end = attribute.lastIndex;
  }
  return /^\s*\/?>/.test(text.slice(end, end + 100)) ? { start, end, name, attributes } : null;
}

/** A length in CSS pixels. @param {string | undefined} text @returns {number | null} Null for a share of what is not there, and for nonsense. */
function lengthOf(text) {
  const [, number, unit] = /^\s*\+?(\d*\.?\d+(?:e[+-]?\d+)?)([a-z]*)\s*$/i.exec(text ?? '') ?? [];
  const scale = UNITS[/** @type {keyof UNITS} */ ((unit ?? '').toLowerCase())];
  const length = Number(number) * (scale ?? NaN);
  return Number.isFinite(length) && length >= 0 ? length : null;
}

/** @param {Map<string, string>} attributes @returns {number[] | null} Width and height of the picture's own coordinates. */
function boxOf(attributes) {
  const numbers = (attributes.get('viewBox') ?? '').trim().split(/[\s,]+/).map(Number);
  return numbers.length === 4 && numbers.every(Number.isFinite) && numbers[2] > 0 && numbers[3] > 0 ? numbers.slice(2) : null;
}

/** A declaration of the root's own style. @param {Map<string, string>} attributes @param {string} property */
const styleOf = (attributes, property) => (
  new RegExp(`(?:^|;)\\s*${property}\\s*:([^;]*)`, 'i').exec(attributes.get('style') ?? '')?.[1]);

/** @param {Root} root @returns {{ width: number, height: number }} In CSS pixels, as a browser lays it out by itself. */
export function sizeOf({ attributes }) {
  const width = lengthOf(styleOf(attributes, 'width')) ?? lengthOf(attributes.get('width'));
  const height = lengthOf(styleOf(attributes, 'height')) ?? lengthOf(attributes.get('height'));
  const box = boxOf(attributes);
  if (width !== null && height !== null) return { width, height };
  if (!box) return { width: width ?? DEFAULT_WIDTH, height: height ?? DEFAULT_HEIGHT };
  const [boxWidth, boxHeight] = box;
  if (width !== null) return { width, height: (width * boxHeight) / boxWidth };
  if (height !== null) return { width: (height * boxWidth) / boxHeight, height };
  return { width: boxWidth, height: boxHeight };
}

/**
 * The same picture at another size.
 * @param {string} text @param {Root} root @param {number} width @param {number} height In pixels.
 * @returns {string}
 */
export function resized(text, root, width, height) {
  const { start, end, name, attributes } = root;
  const own = sizeOf(root);
  const changed = new Map(attributes);
  // The coordinates grow with the picture only where they are said.
  if (!boxOf(attributes)) changed.set('viewBox', `0 0 ${own.width} ${own.height}`);
  changed.set('width', String(width));
  changed.set('height', String(height));
  const plain = `width:${width}px!important;height:${height}px!important;max-width:none!important;max-height:none!important`;
  changed.set('style', [attributes.get('style'), 'min-width:0!important', 'min-height:0!important', plain].filter(Boolean).join(';'));
  // Copied out of a web page it may lack the namespace, without which no browser takes it for a picture.
  if (!name.includes(':') && !attributes.has('xmlns')) changed.set('xmlns', 'http://www.w3.org/2000/svg');
  const written = [...changed].map(([key, value]) => ` ${key}=${value.includes('"') ? `'${value}'` : `"${value}"`}`).join('');
  return `${text.slice(0, start)}<${name}${written}${text.slice(end)}`;
}

/** @param {string} text @returns {boolean} Whether it has parts of web pages, which no browser lets a page read. */
export const holdsHtml = (text) => /<(?:[\w.-]+:)?foreignObject[\s/>]/.test(text.replace(/<!--[\s\S]*?-->/g, ''));

/** @param {Uint8Array} bytes @returns {TextDecoder} Of the encoding that they begin with or name. */
function decoderOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be');
  const beginning = String.fromCharCode(...bytes.subarray(0, 200));
  const [, encoding] = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.-]+)["']/.exec(beginning) ?? [];
  try {
    return new TextDecoder(encoding ?? 'utf-8');
  } catch {
    return new TextDecoder(); // An encoding that nobody knows.
  }
}

/** @param {Uint8Array} bytes @returns {string} The text without what it says of its encoding, which it loses. */
export const textOf = (bytes) => (
  decoderOf(bytes).decode(bytes).replace(/^(\s*<\?xml[^>]*?)\s+encoding\s*=\s*["'][^"']*["']/, '$1'));
