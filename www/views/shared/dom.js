/**
 * The few lines of DOM that every panel uses. Text goes in as text, never as markup.
 *
 * @import { Store } from '../../state/store.js'
 */
import { savingDoubts } from '../../engine/capabilities.js';
import { createAnnouncer } from './announcer.js';

/**
 * The element with this id, which index.html has.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {{ new (): T }} [kind]
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`The page has no element “${id}”.`);
  return /** @type {T} */ (found);
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{ className?: string, text?: string, attributes?: Record<string, string>, children?: (Node | string)[] }} [parts]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, { className, text, attributes = {}, children = [] } = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets text only where it differs, so that screen readers hear changes only. @param {HTMLElement} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** New text each time, so that the same sentence is heard again. */
const announcer = createAnnouncer((text) => {
  byId('announce').textContent = text;
}, { now: () => performance.now(), later: (call, ms) => setTimeout(call, ms) });

/** Tells a screen reader what its reader did or has to know. @param {string} text */
export const announce = (text) => announcer.atOnce(text);

/** Tells a screen reader what may wait: the latest of it, once in some seconds. @param {string} text */
export const announceInTurn = (text) => announcer.inTurn(text);

/** A number in a CSS custom property, for what a class draws. @param {HTMLElement} element @param {string} name @param {number} value */
export function setShare(element, name, value) {
  element.style.setProperty(name, String(value));
}

/** Gives the visitor a file, and says so where it may not arrive. @param {Store} store @param {Blob} blob @param {string} name */
export function download(store, blob, name) {
  const doubts = savingDoubts(name);
  if (doubts) store.dispatch({ type: 'noticed', sentence: doubts });
  const url = URL.createObjectURL(blob);
  make('a', { attributes: { href: url, download: name } }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** What each small canvas shows; null where it is blank. @type {WeakMap<HTMLCanvasElement, Uint8ClampedArray<ArrayBuffer> | null>} */
const shown = new WeakMap();

/** @param {HTMLCanvasElement} canvas */
function repaint(canvas) {
  // Kept off the graphics card: what lies there is gone when the browser's GPU process restarts.
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const rgba = shown.get(canvas);
  if (rgba) context?.putImageData(new ImageData(rgba, canvas.width, canvas.height), 0, 0);
  else context?.clearRect(0, 0, canvas.width, canvas.height);
}

/** Draws an image, again whenever the browser lost it. @param {HTMLCanvasElement} canvas @param {Uint8ClampedArray<ArrayBuffer> | null} rgba Nothing where null. */
export function paint(canvas, rgba) {
  if (!shown.has(canvas)) canvas.addEventListener('contextrestored', () => repaint(canvas));
  shown.set(canvas, rgba);
  repaint(canvas);
}

/** Says beside a field what is wrong with what it holds; an empty sentence: nothing is. @param {HTMLInputElement} input @param {HTMLElement} problem @param {string} sentence */
export function complainAt(input, problem, sentence) {
  problem.hidden = sentence === '';
  setText(problem, sentence);
  input.setAttribute('aria-invalid', String(sentence !== ''));
}
