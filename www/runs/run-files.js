/**
 * A saved run as the visitor's file, read; that it is one is told by file-kinds.js.
 *
 * What is in it is the crate's to say (src/checkpoint.rs); here is only looked at what keeps a file
 * from being read at all, and at where a run of our own stands, to be told before the engine is there.
 */

/** As the crate has it: the tutorial's run takes 1.5 MB. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * @param {File} file
 * @returns {Promise<Uint8Array<ArrayBuffer>>} Rejects with the end of a sentence.
 */
export async function readRunFile(file) {
  if (file.size === 0) throw new Error('is empty');
  if (file.size > MOST_BYTES) throw new Error('is too large to be a saved run');
  const buffer = await file.arrayBuffer().catch(() => {
    throw new Error('cannot be read: it may be a folder, or it was moved');
  });
  return new Uint8Array(buffer);
}

/** Longest description that is read: a thousand epochs take a fifth of it. */
const MOST_HEADER_BYTES = 2 ** 20;

/** A file whose records a run uses. @typedef {{ name: string, records: number }} DataSource */

/**
 * Where a run stands: the epoch that goes on, from 1, and its steps done; none when it is over. `sources` is empty of
 * a run whose file does not say what it was trained on.
 * @typedef {{ config: Record<string, unknown>, trained: number, epochs: number, position: { epoch: number, step: number } | null, valAccuracy: number | null, sources: DataSource[] }} RunDescription
 */

/** @param {unknown} value @returns {value is number} */
const isCount = (value) => Number.isInteger(value) && Number(value) >= 0;

/** @param {any} data @returns {DataSource[]} The files of both splits, each once. */
function sourcesOf(data) {
  if (!Array.isArray(data?.sources)) return [];
  const isSource = (/** @type {any} */ each) => typeof each?.name === 'string' && isCount(each.records);
  const all = new Map(data.sources.filter(isSource).map((/** @type {any} */ { name, records }) => [name, { name, records }]));
  return [...all.values()];
}

/**
 * A run's configuration in one, as `load` reads it. From the format 4 on a file has its two parts apart, with the network
 * layer by layer, and beside them the network's name if it has one.
 * @param {any} run @param {unknown} name
 */
function configOf({ config, recipe, compute }, name) {
  if (!recipe) return config;
  const { model, ...others } = recipe;
  return { network: typeof name === 'string' ? name : model.network, pixels: model.pixels, norm_group: model.norm_group, ...others, ...compute };
}

/**
 * Reads where a run stands from the file's own description; null of anything else. The crate checks the
 * file before anything of it is used.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {RunDescription | null}
 */
export function describeRun(bytes) {
  if (bytes.length < 8) return null;
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MOST_HEADER_BYTES || length > bytes.length - 8) return null;
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    const run = JSON.parse(header.__metadata__.run);
    const config = configOf(run, header.__metadata__.network);
    const { history, position, data } = run;
    if (!Array.isArray(history) || !isCount(config.epochs)) return null;
    const last = history[history.length - 1]?.val_accuracy;
    const place = position && isCount(position.epoch) && isCount(position.step) ? { epoch: position.epoch + 1, step: position.step } : null;
    return {
      config,
      trained: history.length,
      epochs: place && isCount(position.epochs_end) ? position.epochs_end : history.length,
      position: place,
      valAccuracy: typeof last === 'number' ? last : null,
      sources: sourcesOf(data),
    };
  } catch {
    return null;
  }
}
