/**
 * A list of horizontal bars, each with its name and its value as text. The rows are made once and
 * then changed in place, so that bars can glide.
 */
import { make, setShare, setText } from './dom.js';

/** @typedef {{ name: string, share: number, text: string, mark?: string }} Bar */

/** @param {HTMLElement} list */
export function makeBars(list) {
  /** @type {{ name: HTMLElement, bar: HTMLElement, value: HTMLElement, item: HTMLElement }[]} */
  let rows = [];

  function makeRow() {
    const name = make('span', { className: 'bar-name' });
    const bar = make('span', { className: 'bar-track', attributes: { 'aria-hidden': 'true' }, children: [make('span', { className: 'bar-fill' })] });
    const value = make('span', { className: 'bar-value' });
    return { name, bar, value, item: make('li', { children: [name, bar, value] }) };
  }

  return {
    /** @param {Bar[]} bars */
    render(bars) {
      if (rows.length !== bars.length) {
        rows = bars.map(makeRow);
        list.replaceChildren(...rows.map(({ item }) => item));
      }
      bars.forEach(({ name, share, text, mark }, i) => {
        setText(rows[i].name, mark ? `${name} ${mark}` : name);
        setText(rows[i].value, text);
        setShare(rows[i].bar, '--share', share);
        rows[i].item.classList.toggle('marked', Boolean(mark));
      });
    },
  };
}
