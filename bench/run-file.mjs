/** What a saved run says of itself (src/checkpoint.rs), read without its tensors. */

/** @typedef {{ epoch: number, loss: number, accuracy: number, val_loss: number, val_accuracy: number, seconds: number, step_ms: number }} EpochRow */

/**
 * What a run says of itself.
 * @param {Buffer} bytes A safetensors file: the header's length in 8 bytes, the header as JSON, the tensors.
 * @returns {{ optimizer_steps: number, history: EpochRow[], origin: { rounding: string } }}
 */
export function stateOf(bytes) {
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString('utf8'));
  return JSON.parse(header.__metadata__.run);
}

/** The epochs that a run has completed. @param {Buffer} bytes @returns {EpochRow[]} */
export const historyOf = (bytes) => stateOf(bytes).history;
