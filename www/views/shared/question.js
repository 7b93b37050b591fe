/**
 * A question asked in place, with two answers beside it: nothing is done before one is given, and nothing else is
 * blocked meanwhile. Escape is the answer that changes nothing.
 */

/**
 * @param {{ box: HTMLElement, yes: HTMLButtonElement, no: HTMLButtonElement }} parts Where it stands; it is hidden while nothing is asked.
 * @param {(agreed: boolean) => void} answer
 * @returns {(isAsked: boolean) => void} Shows it, or takes it away.
 */
export function createQuestion({ box, yes, no }, answer) {
  /** The button that asked, which gets the focus back. @type {HTMLButtonElement | null} */
  let asker = null;
  yes.addEventListener('click', () => answer(true));
  no.addEventListener('click', () => answer(false));
  box.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') answer(false);
  });
  return (isAsked) => {
    if (isAsked !== box.hidden) return;
    const held = document.activeElement;
    if (isAsked) {
      box.hidden = false;
      asker = held instanceof HTMLButtonElement ? held : null;
      if (asker) no.focus(); // A question that comes by itself takes no focus from what is being read.
      return;
    }
    if (box.contains(held)) asker?.focus();
    box.hidden = true;
  };
}
