/** Which implementation of Burn's operations a run asks for. */
export type Backend = "auto" | "webgpu" | "flex" | "ndarray";
/** Which half of the data a record belongs to. */
export type Split = "train" | "test";

/** How a tensor begins. */
export type Initializer =
    | "zeros"
    | "ones"
    /** Uniform in ±√(6 / (fan in + fan out)): Keras's default. */
    | "glorot"
    /** Uniform in ±√(6 / fan in): Keras's `he_uniform`. */
    | "kaiming"
    /** A convolution that hands its first input channels on; its further filters begin as `kaiming`. */
    | "dirac"
    /** The kernel of a first layer, from the training images; `epsilon` is added to the eigenvalues. */
    | { whitening: { epsilon: number } };

/** How a tensor begins, and whether it learns. */
export interface TensorSpec { initializer: Initializer; trainable: boolean }

/** What a layer does. Maps are `[channels, height, width]`, vectors `[units]`. */
export type Layer =
    /** A kernel of 1 to 7 pixels a side, a stride of 1 or 2; `same` pads with zeros, the larger part at the end, as Keras does. */
    | { conv: { filters: number; kernel: number; padding: "valid" | "same"; stride: number; weight: TensorSpec; bias: TensorSpec | null } }
    /** `momentum`: the share of the running statistics that a step keeps, as Keras counts. */
    | { batch_norm: { scale: TensorSpec | null; offset: TensorSpec; epsilon: number; momentum: number } }
    | { activation: "relu" | "gelu" | "silu" }
    | { max_pool: { size: number } }
    | { avg_pool: { size: number } }
    | "global_max_pool"
    | "global_avg_pool"
    /** `rate`: from 0 to below 1. */
    | { dropout: { rate: number } }
    | { pad: { width: number; with: "zero" | "reflect" } }
    | { scale: { factor: number } }
    | "flatten"
    | { dense: { units: number; weight: TensorSpec; bias: TensorSpec | null } }
    /** Layers whose output is added to their input, through a 1 × 1 convolution where shapes differ; none of them is residual. */
    | { residual: { layers: LayerSpec[] } };

/** A layer; `id` is unique in the network and stays when others are added. */
export interface LayerSpec { id: number; layer: Layer }

/** A network: up to 64 layers from the image to the logits, the last of them as wide as there are classes. */
export interface NetworkSpec {
    /** Where initial weights come from: one stream (the tutorial's network), or one of each layer's own. */
    seeding: "one-stream" | "by-layer";
    layers: LayerSpec[];
}

/** Everything that determines a run; a field left out has the tutorial's value. */
export interface Config {
    /** A preset's name, or a network layer by layer. */
    network: "tutorial" | "t" | NetworkSpec;
    /** What is done to pixels first: ÷ 255 alone, or then less each channel's mean, over its deviation. */
    pixels: "unit" | { standardized: { mean: number[]; deviation: number[] } };
    /** How many records batch normalisation takes together: so many, or all of a batch, which one worker computes. */
    norm_group: "batch" | { records: number };
    train: number;
    test: number;
    epochs: number;
    batch: number;
    /** What becomes of the records of an epoch that fill no whole batch. */
    last_batch: "keep" | "drop";
    lr: number;
    seed: number;
    optimizer: "adam";
    augment: "none" | "flip-shift";
    /** Which training records are held out to measure on where there is no test batch. */
    hold_out: "by-class" | "last";
    backend: Backend;
    /** Web workers that share a step on flex; 0: as many as pay here. */
    workers: number;
    /** What computes the convolutions on flex: ConvBurn's blocks, or Burn's operators. */
    operators: "blocks" | "layers";
    report_every_ms: number;
}

/** What the shards are: `data/cifar10/manifest.json`. */
export interface Manifest {
    format_version: number;
    class_names: string[];
    shards: { file: string; split: Split; records: number; bytes: number; sha256: string }[];
}

/** The backend that runs, and why it is that one. */
export interface ActiveBackend {
    requested: Backend;
    active: Backend;
    reason: string;
    adapter: string | null;
    workers: number;
    self_check: SelfCheck | null;
}

/** One batch computed on the GPU, against the CPU; differences are shares of the CPU's figures. */
export interface SelfCheck { loss_difference: number; gradient_difference: number; tolerance: number }

/** Whether a backend can run here: `available` in this module, `in_other_module` in one that was built with it. */
export interface BackendStatus { backend: Backend; available: boolean; in_other_module: boolean; remark: string | null }

/** One line of the network's table. */
export interface LayerSummary {
    /** Numbered as Keras numbers them: `conv2d`, `conv2d_1`. */
    name: string;
    kind: string;
    output_shape: number[];
    /** Frozen ones among them. */
    parameters: number;
    /** Multiplications of one image. */
    multiply_adds: number;
    /** Whether a kernel of ConvBurn's own computes it; else Burn's operators do. */
    own_kernel: boolean;
}

/** The network as a table. */
export interface Summary {
    input_shape: number[];
    layers: LayerSummary[];
    total_parameters: number;
}

/** What data is held and what a run would use of it. */
export interface DataStatus {
    class_names: string[];
    train_records: number;
    test_records: number;
    train_used: number;
    test_used: number;
    held_out: boolean;
    complete: boolean;
    has_unknown: boolean;
    train_class_counts: number[];
    test_class_counts: number[];
    /** Names of the classes of which a run would train on no record. */
    unseen_classes: string[];
    /** Records that a run would measure on and train on too; looked for where there is no manifest. */
    test_in_train: number;
    /** Whether these are the records of the restored run that waits; null where none waits. */
    restored: "same" | "unknown" | "awaited" | "other" | null;
}

/** A file that a run uses records of. */
export interface DataSource { name: string; split: Split; records: number }

/** What `load` and `reset` answer. */
export interface Loaded {
    config: Config;
    backend: ActiveBackend;
    summary: Summary;
    data: DataStatus;
    version: string;
}

/** What `restore` answers. */
export interface Restored {
    kind: "run" | "weights";
    loaded: Loaded;
    history: EpochResult[];
    /** Where the run goes on; null when it is over. */
    position: Position | null;
    /** The figures of that place; null before the first step. */
    progress: Progress | null;
    /** What the last whole epoch came to on the test records. */
    evaluation: Evaluation | null;
    trace: Trace;
    /** What keeps it from going on with the bits that it would have had: a sentence each. */
    remarks: string[];
    /** The files that the run was trained on, where it says so. */
    sources: DataSource[];
}

/** The live loss so far, and where the run was restored; `at` and `resumed_at` count epochs from 0. */
export interface Trace {
    points: { epoch: number; at: number; loss: number }[];
    resumed_at: number[];
}

/** What may change when a saved run goes on; `epochs` counts all, also those that are trained. */
export interface Changes {
    backend: Backend;
    workers: number;
    lr: number;
    epochs: number;
}

/** What `add_shard` answers. */
export interface ShardAdded {
    split: Split;
    records: number;
    sha256: string;
    name: string | null;
    data: DataStatus;
}

/** What `open_file` answers. */
export interface OpenedFile {
    files: {
        /** The file's name, or its path in an archive. */
        name: string;
        /** By its digest where that is known, else by its name. */
        split: Split;
        records: number;
        sha256: string;
        /** Name of the official file with this digest. */
        known: string | null;
        /** Decompressed records, ready for `add_shard`. */
        bytes: Uint8Array;
    }[];
    /** Files of an archive that are no such files. */
    refused: { name: string; error: { code: string; message: string; hint: string } }[];
}

/** One row of the tutorial's log. */
export interface EpochResult {
    epoch: number;
    loss: number;
    accuracy: number;
    val_loss: number;
    val_accuracy: number;
    seconds: number;
    step_ms: number;
}

/** How the model does on the test records. */
export interface Evaluation {
    records: number;
    loss: number;
    accuracy: number;
    /** `confusion[true class][predicted class]`. */
    confusion: number[][];
    class_accuracy: (number | null)[];
    seconds: number;
}

/** Where a running epoch stands. */
export interface Progress {
    type: "progress";
    stage: "training" | "validating";
    epoch: number;
    epochs: number;
    step: number;
    steps: number;
    loss: number;
    accuracy: number;
    images_per_second: number;
    epoch_eta_s: number;
    run_eta_s: number;
}

/** A place in a run. */
export interface Position { epoch: number; step: number }

/** What `train_epoch` resolves to. */
export type EpochOutcome = EpochResult | { paused: Position } | { stopped: Position };

/** A run as a file, to be kept. `is_best`: it ends an epoch that did better on the test images than all before. */
export interface RunCheckpoint {
    bytes: Uint8Array;
    save_ms: number;
    is_best: boolean;
}

/** What `turn` resolves to: what happened, the run as a file where it is due, and whether the next turn is. */
export interface Turn {
    events: Event[];
    checkpoint: RunCheckpoint | null;
    goes_on: boolean;
}

/** What `advance` resolves to a list of. */
export type Event =
    | { type: "compiling"; part: "upload" | "comparison" | "calibration" | "first_step"; done: number; of: number }
    | { type: "backend"; backend: ActiveBackend }
    | Progress
    | { type: "epoch_end"; result: EpochResult; evaluation: Evaluation }
    | { type: "resumed" }
    | ({ type: "paused" } & Position)
    | ({ type: "stopped" } & Position)
    | { type: "done"; epochs: number };

/** What every function rejects with. */
export interface ConvBurnError extends Error { code: string; hint: string }
