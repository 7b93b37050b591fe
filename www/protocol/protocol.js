/**
 * What crosses the border between the page and the worker, as JSDoc types.
 *
 * The first half mirrors `src/protocol.rs` field by field (serde's names are the names here);
 * `tests/fixtures/protocol.json` holds one value of each and both sides' tests read it, so that
 * the two cannot drift apart. The second half is the page's own: the commands that go to the
 * worker and the messages that come back.
 *
 * This is not where anything is decided: there is no code here but three constants.
 */

/** Number of classes of CIFAR-10, and the length of every per-class array. */
export const CLASSES = 10;
/** Bytes of one record's pixels: three planes of 32 × 32. */
export const PIXEL_BYTES = 3 * 32 * 32;
/** Bytes of one record: a label, then the red, green and blue planes. */
export const RECORD_BYTES = 1 + PIXEL_BYTES;

/** @typedef {'auto' | 'webgpu' | 'flex' | 'ndarray'} Backend */
/** @typedef {'none' | 'flip-shift'} Augment */
/** @typedef {'train' | 'test'} Split */
/** Where a file's records are to go; `auto`: where its bytes are known to belong, else where its name says. @typedef {Split | 'auto'} SplitChoice */

/** How a tensor begins. @typedef {'zeros' | 'ones' | 'glorot' | 'kaiming' | 'dirac' | { whitening: { epsilon: number } }} Initializer */
/** How a tensor begins, and whether it learns. @typedef {{ initializer: Initializer, trainable: boolean }} TensorSpec */
/**
 * What a layer does.
 * @typedef {{ conv: { filters: number, kernel: number, padding: 'valid' | 'same', stride: number, weight: TensorSpec, bias: TensorSpec | null } }
 *   | { batch_norm: { scale: TensorSpec | null, offset: TensorSpec, epsilon: number, momentum: number } }
 *   | { activation: 'relu' | 'gelu' | 'silu' }
 *   | { max_pool: { size: number } } | { avg_pool: { size: number } } | 'global_max_pool' | 'global_avg_pool'
 *   | { dropout: { rate: number } } | { pad: { width: number, with: 'zero' | 'reflect' } } | { scale: { factor: number } } | 'flatten'
 *   | { dense: { units: number, weight: TensorSpec, bias: TensorSpec | null } }
 *   | { residual: { layers: LayerSpec[] } }} Layer
 */
/** @typedef {{ id: number, layer: Layer }} LayerSpec */
/** A network as a value. @typedef {{ seeding: 'one-stream' | 'by-layer', layers: LayerSpec[] }} NetworkSpec */

/**
 * Everything that determines a run.
 * @typedef {object} Config
 * @property {string | NetworkSpec} network A preset's name (`tutorial`, `t`), or the layers of a network that has none.
 * @property {'unit' | { standardized: { mean: number[], deviation: number[] } }} pixels What is done to pixels first.
 * @property {'batch' | { records: number }} norm_group How many records are normalised together.
 * @property {number} train Training records: the first ones in official order.
 * @property {number} test Test records: the first ones in official order.
 * @property {number} epochs
 * @property {number} batch
 * @property {'keep' | 'drop'} last_batch What becomes of the records that fill no whole batch.
 * @property {number} lr
 * @property {number} seed
 * @property {'adam'} optimizer
 * @property {Augment} augment
 * @property {'by-class' | 'last'} hold_out Which records are held out where there is no test batch; no setting.
 * @property {Backend} backend
 * @property {number} workers
 * @property {'blocks' | 'layers'} operators What computes the convolutions on flex.
 * @property {number} report_every_ms
 */

/**
 * @typedef {object} ManifestShard
 * @property {string} file File name beside the manifest.
 * @property {Split} split
 * @property {number} records
 * @property {number} bytes Length of the decompressed records.
 * @property {string} sha256 Of the decompressed records.
 */

/**
 * @typedef {object} Manifest
 * @property {number} format_version
 * @property {string[]} class_names
 * @property {ManifestShard[]} shards
 */

/**
 * @typedef {object} ActiveBackend
 * @property {Backend} requested
 * @property {Backend} active Never `auto`.
 * @property {string} reason One sentence for people.
 * @property {string | null} [adapter]
 * @property {number} workers
 * @property {SelfCheck | null} [self_check] Before a GPU's first step there is none, and on the CPU never.
 */

/**
 * One batch computed on the GPU, against the CPU. Differences are shares of the CPU's figures.
 * @typedef {object} SelfCheck
 * @property {number} loss_difference
 * @property {number} gradient_difference The largest of all parameters.
 * @property {number} tolerance The largest difference accepted.
 */

/**
 * Whether a backend can run here.
 * @typedef {object} BackendStatus
 * @property {Exclude<Backend, 'auto'>} backend
 * @property {boolean} available In the module that says so. What the worker passes on counts both modules.
 * @property {boolean} in_other_module Whether a module that was built with it could run it here.
 * @property {string | null} [remark] A sentence: why it cannot, or what to know before choosing it.
 */

/**
 * What is done to get a GPU ready before the first step; `calibration` for `auto` only.
 * @typedef {'upload' | 'comparison' | 'calibration' | 'first_step'} CompilePart
 */

/** @typedef {{ part: CompilePart, done: number, of: number }} Compiling `done` parts came before this one. */

/**
 * @typedef {object} LayerSummary
 * @property {string} name
 * @property {string} kind
 * @property {number[]} output_shape
 * @property {number} parameters
 * @property {number} multiply_adds Multiplications of one image.
 * @property {boolean} own_kernel Whether a kernel of the crate's own computes it; else Burn's operators do.
 */

/**
 * @typedef {object} Summary
 * @property {number[]} input_shape
 * @property {LayerSummary[]} layers
 * @property {number} total_parameters
 */

/**
 * @typedef {object} DataStatus
 * @property {string[]} class_names
 * @property {number} train_records
 * @property {number} test_records
 * @property {number} train_used
 * @property {number} test_used
 * @property {boolean} held_out
 * @property {boolean} complete
 * @property {boolean} has_unknown
 * @property {number[]} train_class_counts
 * @property {number[]} test_class_counts
 * @property {string[]} unseen_classes Classes of which a run would train on no record.
 * @property {number} test_in_train Records that a run would measure on and train on too; looked for among the visitor's files.
 * @property {DataMatch | null} restored Whether these are the records of the restored run that waits; null where none waits.
 */

/** `unknown`: as many, and the file does not say which. `awaited`: not all are here. @typedef {'same' | 'unknown' | 'awaited' | 'other'} DataMatch */

/** A file that a run uses records of. @typedef {{ name: string, split: Split, records: number }} DataSource */

/**
 * @typedef {object} Loaded
 * @property {Config} config
 * @property {ActiveBackend} backend
 * @property {Summary} summary
 * @property {DataStatus} data
 * @property {string} version
 */

/** A place in a run; epochs are counted from 1. @typedef {{ epoch: number, step: number }} Position */

/**
 * @typedef {object} Restored
 * @property {'run' | 'weights'} kind
 * @property {Loaded} loaded
 * @property {EpochResult[]} history
 * @property {Position | null} [position] Where the run stands; none when it is over.
 * @property {Progress | null} [progress] The figures of that place; none before the first step.
 * @property {Evaluation | null} [evaluation] What it came to on the test records after its last whole epoch.
 * @property {Trace} trace
 * @property {string[]} remarks What keeps it from going on with the bits that it would have had.
 * @property {DataSource[]} sources The files that the run was trained on, where it says so.
 */

/**
 * The live loss so far, and where the run was restored from a file; `at` and `resumed_at` count epochs from 0.
 * @typedef {{ points: { epoch: number, at: number, loss: number }[], resumed_at: number[] }} Trace
 */

/** What may change when a saved run goes on; `epochs` counts all. @typedef {Partial<Pick<Config, 'backend' | 'workers' | 'lr' | 'epochs'>>} Changes */

/**
 * @typedef {object} ShardAdded
 * @property {Split} split
 * @property {number} records
 * @property {string} sha256
 * @property {string | null} [name] Name of the official file or shard; none when the hash is unknown.
 * @property {DataStatus} data
 */

/**
 * A file of records that was found in a file of the visitor's, decompressed.
 * @typedef {object} RecordFile
 * @property {string} name Of the file, or its path in an archive.
 * @property {Split} split By its digest where that is known, else by its name.
 * @property {number} records
 * @property {string} sha256
 * @property {string | null} [known] Name of the official file with this digest.
 * @property {Uint8Array<ArrayBuffer>} bytes
 */

/**
 * What `open_file` answers; both lists are empty for a file that only goes with CIFAR-10's.
 * @typedef {object} OpenedFile
 * @property {RecordFile[]} files
 * @property {{ name: string, error: ErrorReport }[]} refused Files of an archive that are something else.
 */

/**
 * @typedef {object} EpochResult
 * @property {number} epoch
 * @property {number} loss
 * @property {number} accuracy
 * @property {number} val_loss
 * @property {number} val_accuracy
 * @property {number} seconds
 * @property {number} step_ms
 */

/**
 * @typedef {object} Evaluation
 * @property {number} records
 * @property {number} loss
 * @property {number} accuracy
 * @property {number[][]} confusion `confusion[true class][predicted class]`.
 * @property {(number | null)[]} class_accuracy
 * @property {number} seconds
 */

/**
 * @typedef {object} Progress
 * @property {'training' | 'validating'} stage
 * @property {number} epoch
 * @property {number} epochs
 * @property {number} step
 * @property {number} steps
 * @property {number} loss
 * @property {number} accuracy
 * @property {number} images_per_second
 * @property {number} epoch_eta_s
 * @property {number} run_eta_s
 */

/**
 * What `turn` and `advance` report; `resumed` comes of a turn alone.
 * @typedef {({ type: 'compiling' } & Compiling)
 *   | { type: 'backend', backend: ActiveBackend }
 *   | ({ type: 'progress' } & Progress)
 *   | { type: 'epoch_end', result: EpochResult, evaluation: Evaluation }
 *   | { type: 'resumed' }
 *   | { type: 'paused', epoch: number, step: number }
 *   | { type: 'stopped', epoch: number, step: number }
 *   | { type: 'done', epochs: number }} Event
 */

/** A run as a file, to be kept; `is_best` where it ends an epoch that did better on the test images than all before. @typedef {{ bytes: Uint8Array<ArrayBuffer>, save_ms: number, is_best: boolean }} RunCheckpoint */

/** What `turn` resolves to: what happened, the run as a file where it is due, and whether the next turn is. @typedef {{ events: Event[], checkpoint: RunCheckpoint | null, goes_on: boolean }} Turn */

/**
 * @typedef {object} ErrorReport
 * @property {string} code Stable: `busy`.
 * @property {string} message What happened, as a sentence.
 * @property {string} hint What to do next, as a sentence.
 */

/**
 * What the page asks of the worker. `start` begins a fresh run with new weights; `resume` goes on with one that is paused,
 * was stopped or was restored; `extend` has a run end after so many epochs in all, and goes on with it unless it is paused. A shard's id begins
 * with the turn of the load that it belongs to; without that load it is refused (`not_loaded`). `summarize` asks for the table of a network
 * that is not loaded, and changes nothing.
 * @typedef {{ type: 'load', turn: number, config: Config, manifest: Manifest | null }
 *   | { type: 'open_file', id: string, name: string, bytes: Uint8Array }
 *   | { type: 'add_shard', id: string, split: SplitChoice, bytes: Uint8Array<ArrayBuffer>, name: string }
 *   | { type: 'show', id: number, set: Split, first: number, count: number }
 *   | { type: 'summarize', network: Config['network'] }
 *   | { type: 'start', config: Config }
 *   | { type: 'extend', epochs: number }
 *   | { type: 'pause' } | { type: 'resume' } | { type: 'stop' } | { type: 'reset' }
 *   | { type: 'evaluate' } | { type: 'save' }
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
