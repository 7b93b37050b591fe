/**
 * Which image the network is asked about: the one that was chosen last, however long a picture takes
 * to be decoded.
 *
 * It neither decodes (pictures.js) nor decides when else the network is asked (asking.js).
 *
 * @import { SmallPicture } from '../loading/pictures.js'
 * @import { Action, State, Subject } from '../state/store.js'
 */
import { Refusal, reportOf, wordsOf } from '../protocol/errors.js';

/**
 * @param {{ get: () => State, dispatch: (action: Action) => void }} store
 * @param {() => void} ask Asks the network about the chosen image.
 * @param {(file: File) => Promise<SmallPicture>} shrink A picture as the network sees it.
 */
export function createChoosing(store, ask, shrink) {
  let ids = 0;
  /** That the browser alters pictures slightly is said once a visit. */
  let remarked = false;
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

  /** Says why pictures are not taken, each by its name. @param {{ file: File, thrown: unknown }[]} refused @param {number} [drop] */
  function complain(refused, drop) {
    if (refused.length === 0) return;
    const sentences = refused.map(({ file, thrown }) => `“${file.name}” ${wordsOf(thrown)}.`);
    const { thrown } = refused[refused.length - 1];
    const { code, hint } = thrown instanceof Refusal ? thrown : new Refusal('', 'Choose a PNG, JPEG, WebP or GIF file of usual size.', 'invalid_picture');
    store.dispatch({ type: 'complained', error: reportOf(code, sentences.join(' '), hint), drop });
  }

  /**
   * The first of the visitor's pictures that can be read; that there are more is said with its name.
   * @param {File[]} files @param {number} [drop] What they were dropped with: complaints of one drop stand together.
   */
  async function takePictures(files, drop) {
    if (files.length === 0) return;
    const mine = (choices += 1);
    const refused = [];
    for (const file of files) {
      try {
        const picture = await shrink(file);
        if (mine === choices) takePicture(picture, file, files);
        break;
      } catch (thrown) {
        refused.push({ file, thrown });
      }
    }
    complain(refused, drop);
  }

  /** @param {SmallPicture} picture @param {File} file @param {File[]} files That were chosen with it. */
  function takePicture({ pixels, remark }, file, files) {
    const place = file === files[0] ? 'the first' : 'one';
    const title = files.length > 1 ? `${file.name}, ${place} of ${files.length} pictures` : file.name;
    choose({ origin: 'picture', label: null, pixels, title });
    if (!remark || remarked) return;
    remarked = true;
    store.dispatch({ type: 'complained', error: reportOf('canvas_falsified', remark, 'Allow this page to use canvas data, and choose the picture again.') });
  }

  return { choose, suggest, takePictures };
}
