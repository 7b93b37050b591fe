/**
 * What the page itself knows of networks: whose figures the tutorial's are, and in how many groups a batch is
 * normalised. What a network is and what it takes is the crate's to say: a summary comes from there.
 *
 * Pure.
 *
 * @import { Config, Summary } from '../protocol/protocol.js'
 */

/** Whether two values of a setting are the same: some are objects. @param {unknown} one @param {unknown} other */
export const isSame = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

/** Whether a configuration is of the tutorial's network, of which Keras's figures are. @param {Pick<Config, 'network'>} config */
export const isTutorials = ({ network }) => network === 'tutorial';

/** Whether a network normalises batches, by its table. @param {Summary} summary */
export const isNormalising = ({ layers }) => layers.some(({ kind }) => kind === 'BatchNormalization');

/** A rest of fewer images joins the group before, as src/train/grouping.rs has it. */
const LEAST_REST = 8;

/** In how many groups a batch is normalised, each by one worker. @param {Pick<Config, 'batch' | 'norm_group'>} config */
export function groupsOf({ batch, norm_group: group }) {
  if (group === 'batch' || batch <= group.records) return 1;
  return Math.floor(batch / group.records) + (batch % group.records < LEAST_REST ? 0 : 1);
}
