/**
 * What crosses the border between the page and the worker, as JSDoc types.
 *
 * The types that the crate and the page share are the crate's: what each is, stands in
 * `src/bindings/types.d.ts`, and here they have their names, so that whoever needs one imports it
 * from here. The rest is the page's own: the commands that go to the worker and the messages that
 * come back.
 *
 * This is not where anything is decided: there is no code here but three constants.
 */

/** Number of classes of CIFAR-10, and the length of every per-class array. */
export const CLASSES = 10;
/** Bytes of one record's pixels: three planes of 32 × 32. */
export const PIXEL_BYTES = 3 * 32 * 32;
/** Bytes of one record: a label, then the red, green and blue planes. */
export const RECORD_BYTES = 1 + PIXEL_BYTES;

// Generated from the types of `src/protocol.rs`.
/** @typedef {import('../../src/bindings/types.js').Activation} Activation */
/** @typedef {import('../../src/bindings/types.js').ActiveBackend} ActiveBackend */
/** @typedef {import('../../src/bindings/types.js').Arithmetic} Arithmetic */
/** @typedef {import('../../src/bindings/types.js').Augment} Augment */
/** @typedef {import('../../src/bindings/types.js').Backend} Backend */
/** @typedef {import('../../src/bindings/types.js').BackendStatus} BackendStatus */
/** @typedef {import('../../src/bindings/types.js').BatchNorm} BatchNorm */
/** @typedef {import('../../src/bindings/types.js').Border} Border */
/** @typedef {import('../../src/bindings/types.js').Changes} Changes */
/** @typedef {import('../../src/bindings/types.js').CompilePart} CompilePart */
/** @typedef {import('../../src/bindings/types.js').Config} Config */
/** @typedef {import('../../src/bindings/types.js').Conv} Conv */
/** @typedef {import('../../src/bindings/types.js').DataMatch} DataMatch */
/** @typedef {import('../../src/bindings/types.js').DataSource} DataSource */
/** @typedef {import('../../src/bindings/types.js').DataStatus} DataStatus */
/** @typedef {import('../../src/bindings/types.js').Decay} Decay */
/** @typedef {import('../../src/bindings/types.js').DecayOf} DecayOf */
/** @typedef {import('../../src/bindings/types.js').Dense} Dense */
/** @typedef {import('../../src/bindings/types.js').EpochOutcome} EpochOutcome */
/** @typedef {import('../../src/bindings/types.js').EpochResult} EpochResult */
/** @typedef {import('../../src/bindings/types.js').ErrorReport} ErrorReport */
/** @typedef {import('../../src/bindings/types.js').Evaluation} Evaluation */
/** @typedef {import('../../src/bindings/types.js').Event} Event */
/** @typedef {import('../../src/bindings/types.js').FileKind} FileKind */
/** @typedef {import('../../src/bindings/types.js').Flip} Flip */
/** @typedef {import('../../src/bindings/types.js').FlipsEvaluation} FlipsEvaluation */
/** @typedef {import('../../src/bindings/types.js').HoldOut} HoldOut */
/** @typedef {import('../../src/bindings/types.js').Initializer} Initializer */
/** @typedef {import('../../src/bindings/types.js').Keep} Keep */
/** @typedef {import('../../src/bindings/types.js').KeptEpoch} KeptEpoch */
/** @typedef {import('../../src/bindings/types.js').LastBatch} LastBatch */
/** @typedef {import('../../src/bindings/types.js').Layer} Layer */
/** @typedef {import('../../src/bindings/types.js').LayerSpec} LayerSpec */
/** @typedef {import('../../src/bindings/types.js').LayerSummary} LayerSummary */
/** @typedef {import('../../src/bindings/types.js').LearningRates} LearningRates */
/** @typedef {import('../../src/bindings/types.js').Loaded} Loaded */
/** @typedef {import('../../src/bindings/types.js').Manifest} Manifest */
/** @typedef {import('../../src/bindings/types.js').ManifestShard} ManifestShard */
/** @typedef {import('../../src/bindings/types.js').MoreEpochs} MoreEpochs */
/** @typedef {import('../../src/bindings/types.js').NetworkChoice} NetworkChoice */
/** @typedef {import('../../src/bindings/types.js').NetworkSpec} NetworkSpec */
/** @typedef {import('../../src/bindings/types.js').NormGroup} NormGroup */
/** @typedef {import('../../src/bindings/types.js').Operators} Operators */
/** @typedef {import('../../src/bindings/types.js').OptimizerKind} OptimizerKind */
/** @typedef {import('../../src/bindings/types.js').Padding} Padding */
/** @typedef {import('../../src/bindings/types.js').Pixels} Pixels */
/** @typedef {import('../../src/bindings/types.js').Position} Position */
/** @typedef {import('../../src/bindings/types.js').Progress} Progress */
/** @typedef {import('../../src/bindings/types.js').RecordFile} RecordFile */
/** @typedef {import('../../src/bindings/types.js').RefusedFile} RefusedFile */
/** @typedef {import('../../src/bindings/types.js').Restored} Restored */
/** @typedef {import('../../src/bindings/types.js').ScheduleKind} ScheduleKind */
/** @typedef {import('../../src/bindings/types.js').Seeding} Seeding */
/** @typedef {import('../../src/bindings/types.js').SelfCheck} SelfCheck */
/** @typedef {import('../../src/bindings/types.js').ShardAdded} ShardAdded */
/** @typedef {import('../../src/bindings/types.js').Split} Split */
/** @typedef {import('../../src/bindings/types.js').SplitChoice} SplitChoice */
/** @typedef {import('../../src/bindings/types.js').Stage} Stage */
/** @typedef {import('../../src/bindings/types.js').Summary} Summary */
/** @typedef {import('../../src/bindings/types.js').Switch} Switch */
/** @typedef {import('../../src/bindings/types.js').TensorSpec} TensorSpec */
/** @typedef {import('../../src/bindings/types.js').Trace} Trace */
/** @typedef {import('../../src/bindings/types.js').TracePoint} TracePoint */
/** @typedef {import('../../src/bindings/types.js').Velocity} Velocity */
/** @typedef {import('../../src/bindings/types.js').WeightsKind} WeightsKind */
/** @typedef {import('../../src/bindings/types.js').Window} Window */
// End of the generated lines.

/** What `open_file` answers. @typedef {import('../../src/bindings/types.js').OpenedFile<Uint8Array<ArrayBuffer>>} OpenedFile */
/** A run as a file, to be kept. @typedef {import('../../src/bindings/types.js').RunCheckpoint<Uint8Array<ArrayBuffer>>} RunCheckpoint */
/** What `turn` resolves to. @typedef {import('../../src/bindings/types.js').Turn<Uint8Array<ArrayBuffer>>} Turn */
/** What may happen to a GPU before its first step: `done` parts came before this one. @typedef {{ part: CompilePart, done: number, of: number }} Compiling */

/**
 * What the page asks of the worker. `start` begins a fresh run with new weights; `resume` goes on with one that is paused,
 * was stopped or was restored; `extend` has a run end after so many epochs in all, and goes on with it unless it is paused. A shard's id begins
 * with the turn of the load that it belongs to; without that load it is refused (`not_loaded`). `summarize` asks for the table of a network
 * that is not loaded, `learning_rates` for the rate over a run's steps, `augment` for training records as a configuration's augmentation
 * lays them down in an epoch (from 0), and `measure_training` how the network does on images that it was trained on: they change nothing.
 * @typedef {{ type: 'load', turn: number, config: Config, manifest: Manifest | null }
 *   | { type: 'open_file', id: string, name: string, bytes: Uint8Array }
 *   | { type: 'add_shard', id: string, split: SplitChoice, bytes: Uint8Array<ArrayBuffer>, name: string }
 *   | { type: 'show', id: number, set: Split, first: number, count: number }
 *   | { type: 'summarize', network: Config['network'] }
 *   | { type: 'learning_rates', config: Config }
 *   | { type: 'augment', id: number, config: Config, first: number, count: number, epoch: number }
 *   | { type: 'measure_training' }
 *   | { type: 'start', config: Config }
 *   | { type: 'extend', epochs: number }
 *   | { type: 'pause' } | { type: 'resume' } | { type: 'stop' } | { type: 'reset' }
 *   | { type: 'evaluate', flips: boolean } | { type: 'save' }
 *   | { type: 'restore', bytes: Uint8Array<ArrayBuffer>, changes: Changes | null }
 *   | { type: 'predict', id: number, pixels: Uint8Array }} Command
 */

/**
 * What is to be sent again once another module is there: a file that was opened or whose weights wait for
 * the Start, and whether to start. A load is not in it: the data's source begins with one.
 * @typedef {{ bytes: Uint8Array<ArrayBuffer> | null, changes: Changes | null, start: boolean }} Resend
 */

/**
 * What the worker answers. `ready` comes first: what is sent earlier is lost. `backends` comes right
 * after it, and again when a backend has been refused. `error` means that one command failed;
 * `failed` means that the worker is of no more use. `other_module` means that a command needs a backend
 * that this worker's module lacks: nothing has changed, and it is sent again to a worker with the full module.
 * `checkpoint` is the run to be kept, after each epoch, every 30 seconds and when it pauses, stops or is done; of epochs
 * that end within a second only after the best so far.
 * @typedef {Event
 *   | { type: 'ready' }
 *   | { type: 'heartbeat', pulls: number, turning: boolean }
 *   | ({ type: 'checkpoint' } & RunCheckpoint)
 *   | { type: 'backends', backends: BackendStatus[] }
 *   | { type: 'loaded', loaded: Loaded }
 *   | { type: 'opened', id: string, opened: OpenedFile }
 *   | { type: 'shard_added', id: string, added: ShardAdded, bytes: Uint8Array<ArrayBuffer> }
 *   | { type: 'shown', id: number, set: Split, first: number, records: Uint8Array<ArrayBuffer> }
 *   | { type: 'summarized', network: Config['network'], summary: Summary }
  | { type: 'network_refused', network: Config['network'], error: ErrorReport }
 *   | { type: 'learning_rates', config: Config, rates: LearningRates }
 *   | { type: 'augmented', id: number, records: Uint8Array<ArrayBuffer> }
 *   | { type: 'training_evaluation', evaluation: Evaluation }
 *   | { type: 'started', loaded: Loaded }
 *   | { type: 'extended', loaded: Loaded }
 *   | { type: 'saved', bytes: Uint8Array<ArrayBuffer> }
 *   | { type: 'restored', restored: Restored }
 *   | { type: 'was_reset', loaded: Loaded }
 *   | { type: 'evaluating' }
 *   | { type: 'evaluation', evaluation: Evaluation }
 *   | { type: 'prediction', id: number, probabilities: Float32Array }
 *   | { type: 'other_module', resend: Resend }
 *   | { type: 'error', error: ErrorReport, command: Command['type'] | 'advance', id?: string }
 *   | { type: 'failed', error: ErrorReport }} Message
 */
