/**
 * Which image the network is asked about: the one that was chosen last, however long a picture takes
 * to be decoded.
 *
 * It neither decodes (pictures.js) nor decides when else the network is asked (asking.js).
 *
 * @import { Action, State, Subject } from './store.js'
 */
import { reportOf, wordsOf } from './errors.js';

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {() => void} ask Asks the network about the chosen image.
 * @param {(file: File) => Promise<Uint8Array>} shrink A picture's pixels as the network sees them.
 */
export function createChoosing(store, ask, shrink) {
  let ids = 0;
  /** Goes up with each choice of the visitor's: what was chosen before is out of date. */
  let choices = 0;

  /** @param {Omit<Subject, 'id'>} chosen */
  function show(chosen) {
    store.dispatch({ type: 'subject_chosen', subject: { ...chosen, id: (ids += 1) } });
    ask();
  }

  /** @param {Omit<Subject, 'id' | 'asked'>} chosen */
  function choose(chosen) {
    choices += 1;
    show({ ...chosen, asked: true });
  }

  /** What stands there until the visitor chooses. @param {Omit<Subject, 'id' | 'asked'>} chosen */
  function suggest(chosen) {
    show({ ...chosen, asked: false });
  }

  /** The first of the visitor's pictures; that there are more is said with its name. @param {File[]} files */
  async function takePictures([file, ...others]) {
    if (!file) return;
    const mine = (choices += 1);
    try {
      const pixels = await shrink(file);
      if (mine !== choices) return;
      const title = others.length > 0 ? `${file.name}, the first of ${others.length + 1} pictures` : file.name;
      choose({ origin: 'picture', label: null, pixels, title });
    } catch (thrown) {
      store.dispatch({
        type: 'complained',
        error: reportOf('invalid_picture', `“${file.name}” ${wordsOf(thrown)}.`, 'Choose a PNG, JPEG, WebP or GIF file of usual size.'),
      });
    }
  }

  return { choose, suggest, takePictures };
}
