/**
 * What augmentation does to real pictures, as the settings have it: which of them are looked at, of which epoch, and what the
 * engine made of them.
 *
 * Pure: live/augmenting.js asks, views/augmentation.js draws.
 *
 * @import { Config } from '../protocol/protocol.js'
 * @import { Changes, State } from './store.js'
 */

/** Pictures that are shown, before and after. */
export const AUGMENTED = 6;

/** `epoch` counts from 0. @typedef {{ isShown: boolean, epoch: number, records: Uint8Array | null }} Augmentation */
/** @typedef {{ type: 'augmentation_shown', isShown: boolean } | { type: 'next_augmentation' } | { type: 'augmentation_laid', records: Uint8Array | null }} AugmentationAction */

/** Nobody looks yet. @type {Augmentation} */
export const NO_AUGMENTATION = { isShown: false, epoch: 0, records: null };

/** @param {State} state @param {Partial<Augmentation>} change */
const changed = ({ augmentation }, change) => ({ augmentation: { ...augmentation, ...change } });

/** @type {Changes} */
export const AUGMENTATIONS = {
  augmentation_shown: (state, { isShown }) => changed(state, { isShown }),
  next_augmentation: (state) => changed(state, { epoch: state.augmentation.epoch + 1 }),
  augmentation_laid: (state, { records }) => changed(state, { records }),
};

/** Whether training images are changed at all. @param {Config} config */
export const isAugmenting = ({ augment, flip, shift_px, cutout_px }) => augment !== 'none' || flip !== 'none' || shift_px > 0 || cutout_px > 0;

/** Whether it learns from mirrored images too: then it may be asked about both. @param {Config} config */
export const learnsMirrored = ({ augment, flip }) => augment !== 'none' || flip !== 'none';
