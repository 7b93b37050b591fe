/**
 * How far the images are, as one sentence, for the status bar and the Data panel alike. Pure.
 *
 * @import { DataStatus } from '../../protocol/protocol.js'
 * @import { State } from '../../state/store.js'
 */
import { heldOutToChoose } from '../../state/held-out.js';
import { count } from './format.js';

/** What a run of these settings uses, where it is less than what is here and the engine has said so. @param {State} state */
function usedOf({ data, loaded, config }) {
  if (!data || loaded?.config.train !== config.train || loaded.config.test !== config.test) return '';
  if (data.held_out || (data.train_used === data.train_records && data.test_used === data.test_records)) return '';
  if (data.validation_used > 0) return `; a run learns from ${count(data.train_used)}, chooses its best epoch by ${count(data.validation_used)} and is tested on ${count(data.test_used)} of them`;
  return `; a run uses ${count(data.train_used)} and ${count(data.test_used)} of them`;
}

/** @param {State} state */
function readySentence(state) {
  const { data, source, files } = state;
  const held = `${count(data?.train_records ?? 0)} training and ${count(data?.test_records ?? 0, 'test image')}`;
  const whose = source === 'files' ? `Your own ${files.length === 1 ? 'file' : 'files'}: ${held}` : `Ready: ${held}, checked`;
  return whose + usedOf(state);
}

/** Whether files of the visitor's are all read, and do not suffice. @param {State} state */
const areTooFew = ({ source, files, data }) => source === 'files' && files.length > 0 && data?.complete === false
  && files.every(({ isAdded }) => isAdded);

/** What the images are waited for; null once they are here. @param {State} state @returns {string | null} */
export function waitingSentence(state) {
  const { shards, data, dataProblem, loaded, missing } = state;
  if (dataProblem) {
    return data?.train_records ? 'Some images are missing: try again, or train on fewer' : 'There are no images yet: use your own copy, or try again';
  }
  if (missing.length > 0) return 'Some images did not come: trying again';
  if (shards.expected === 0) return 'Looking for the images';
  if (shards.fetched < shards.expected) return `Fetching the images: ${shards.fetched} of ${count(shards.expected, 'part')}`;
  if (!loaded) return 'The images are here; the engine that checks them is still loading';
  if (shards.added < shards.expected) return `Checking the images: ${shards.added} of ${count(shards.expected, 'part')}`;
  return areTooFew(state) ? 'Your images are too few to train and to measure on: add more' : null;
}

/** @param {State} state @returns {string} */
export function imagesSentence(state) {
  if (state.opening) return `Opening “${state.opening}”`;
  return waitingSentence(state) ?? readySentence(state);
}

/** Where the images to measure on come from, if there is no test batch. @param {DataStatus | null} data @returns {string | null} */
export function heldOutSentence(data) {
  if (!data?.held_out) return null;
  return `No test batch: a fifth of the ${count(data.train_records, 'image')} is held out to measure on, and a run uses ${count(data.test_used)} of it.`;
}

/** What a run that chooses its best epoch would hold out for that. @param {State} state @returns {string} Empty where it chooses nothing. */
export function choosingSentence(state) {
  const found = heldOutToChoose(state);
  if (!found) return '';
  return `${count(found.held)} of ${count(found.train, 'training image')} are held out to choose by; the test images are measured once, at the end.`;
}

/** Images that a run of these would measure on though it trains on them, once all are here. @param {DataStatus | null} data @returns {string | null} */
export function repeatedSentence(data) {
  const many = data?.complete ? data.test_in_train : 0;
  if (!data || !many) return null;
  const all = many === 1 ? 'The test image' : `All ${count(many)} test images`;
  const which = many === data.test_used ? all : `${count(many)} of the ${count(data.test_used, 'test image')}`;
  return `${which} ${many === 1 ? 'is' : 'are'} also among the training images: the test accuracy says less about images that the network has never seen.`;
}

/** Classes that a run of these images never sees. @param {DataStatus | null} data @returns {string | null} */
export function unseenSentence(data) {
  const unseen = data?.complete ? data.unseen_classes : [];
  if (unseen.length === 0) return null;
  const names = unseen.join(', ').replace(/, ([^,]*)$/, ' or $1');
  return `A run trains on no image of ${names}: it cannot learn ${unseen.length === 1 ? 'that class' : 'these classes'}.`;
}
