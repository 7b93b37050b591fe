/**
 * Whether the images that are here are those of a run that was opened, where its file does not say so: then the
 * visitor is asked before it goes on. Where it says so the crate compares, and refuses others. Pure.
 *
 * @import { Changes, State } from './store.js'
 */

/** `images_asked`: it is to go on, and that is asked. `images_doubted`: not with these images, or not now. @typedef {{ type: 'images_asked' } | { type: 'images_doubted' }} ImagesAction */

/** @type {Changes} */
export const RUN_IMAGES = {
  images_asked: () => ({ doubted: false }),
  images_doubted: () => ({ doubted: true, resumes: false }),
};

/** Whether the run goes on only when the visitor says that these are its images. @param {State} state */
export const needsWord = ({ data }) => data?.restored === 'unknown';
