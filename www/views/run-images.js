/**
 * The question whether the images that are here are those of a run that was opened, and the warning of classes that a
 * run never sees, beside the button that starts it.
 *
 * When it is asked is resuming.js's.
 *
 * @import { Store } from '../state/store.js'
 * @import { Actions } from '../main.js'
 */
import { isImagesAsked } from '../runs/resuming.js';
import { byId, setText } from './shared/dom.js';
import { unseenSentence } from './shared/images-sentence.js';
import { createQuestion } from './shared/question.js';

/** @param {Pick<Store, 'get' | 'subscribe'>} store @param {Actions} actions */
export function mountRunImages(store, actions) {
  const parts = { box: byId('run-images'), yes: byId('run-images-yes', HTMLButtonElement), no: byId('run-images-no', HTMLButtonElement) };
  const ask = createQuestion(parts, actions.answerImages);
  const unseen = byId('unseen');
  const render = () => {
    const state = store.get();
    ask(isImagesAsked(state));
    const sentence = unseenSentence(state.data);
    unseen.hidden = sentence === null;
    setText(unseen, sentence ?? '');
  };
  store.subscribe(render);
  render();
}
