// Made by `cargo xtask generate` from the types of `src/protocol.rs`, all but the end.

/** A function of each number. */
export type Activation = "relu" | "gelu" | "silu";

/** The backend that runs, and why it is that one. */
export type ActiveBackend = {
    /** What the configuration asked for. */
    requested: Backend,
    /** What runs; never `auto`. */
    active: Backend,
    /** One sentence for people: why this one. */
    reason: string,
    /** The GPU adapter's description, where one runs. */
    adapter: string | null,
    /** Number of CPU workers that train. */
    workers: number,
    /** What the self-check found; none on the CPU and before the first step. */
    self_check: SelfCheck | null,
};

/** How ConvBurn's blocks round on flex. */
export type Arithmetic = "auto" | "portable";

/** What is done to a training image before each step, ready-made. */
export type Augment = "none" | "flip-shift";

/** Which implementation of Burn's operations a run asks for. */
export type Backend = "auto" | "webgpu" | "flex" | "ndarray";

/** Whether a backend can run here. */
export type BackendStatus = {
    /** Which one; never `auto`. */
    backend: Backend,
    /** True when it can, in this module. */
    available: boolean,
    /** True when this module was built without it, and one that has it could run it here. */
    in_other_module: boolean,
    /** One sentence for people: why it cannot, or what to know before choosing it. */
    remark: string | null,
};

/** Batch normalisation. */
export type BatchNorm = {
    /** The scale (γ); none where there is none. */
    scale: TensorSpec | null,
    /** The offset (β). */
    offset: TensorSpec,
    /** Added to the variance. */
    epsilon: number,
    /** Share of the running statistics that a step keeps, as Keras counts (PyTorch's is 1 minus it). */
    momentum: number,
};

/** What a `pad` layer's border is filled with. */
export type Border = "zero" | "reflect";

/** What may change when a saved run goes on: how it is computed, how boldly and how long; not what it is a run of. */
export type Changes = {
    /** Another backend. */
    backend?: Backend,
    /** Another number of workers asked for. */
    workers?: number,
    /** Another learning rate. */
    lr?: number,
    /** Another number of epochs in all, more than are trained. */
    epochs?: number,
};

/** What is done to get a GPU ready before the first step. */
export type CompilePart = "upload" | "comparison" | "calibration" | "first_step";

/** Everything that determines a run, as `load` reads it. A field left out has the tutorial's value. */
export type Config = {
    /** The network: a preset's name (`t` has batch normalisation before each ReLU; `s-…` are deeper, of so many filters), or its layers. */
    network: NetworkChoice,
    /** What is done to pixels first: ÷ 255 alone, or then less each channel's mean, over its deviation. */
    pixels: Pixels,
    /** How many images batch normalisation takes together: so many, or all of a batch, which one worker computes. */
    norm_group: NormGroup,
    /** Training images: the first ones in official order. */
    train: number,
    /** Test images: the first ones in official order. */
    test: number,
    /** Passes over the training images. */
    epochs: number,
    /** Images in one optimiser step. */
    batch: number,
    /** What becomes of an epoch's images that fill no whole batch: a smaller batch, or they are left out. */
    last_batch: LastBatch,
    /** Learning rate. */
    lr: number,
    /** Seed of the initial weights, the shuffles, the augmentation and of what is held out. */
    seed: number,
    /** The rule that turns gradients into new weights. */
    optimizer: OptimizerKind,
    /** Momentum of `sgd`, of `rmsprop` and of what `muon` leaves to SGD. */
    momentum: number,
    /** Whether SGD's momentum looks ahead, as Nesterov has it. */
    nesterov: Switch,
    /** Where the learning rate enters SGD's velocity: inside it, as in Keras, or outside, as in PyTorch. */
    velocity: Velocity,
    /** How strongly each step draws weights towards 0; of what `muon` moves the length is fixed, and does not decay. */
    weight_decay: number,
    /** How they decay: as a part of the gradient, or beside it as Keras's `weight_decay` does. */
    decay: Decay,
    /** What decays: kernels and matrices alone, or biases and normalisation too. */
    decay_of: DecayOf,
    /** Factor on the learning rate of normalisation's biases. */
    norm_bias_lr_factor: number,
    /** Learning rate of the kernels and matrices that `muon` moves. */
    muon_lr: number,
    /** Their momentum, which looks ahead. */
    muon_momentum: number,
    /** How often Muon's polynomial is applied to a step, to make its directions equally strong. */
    muon_iterations: number,
    /** How the learning rates go from step to step. */
    schedule: ScheduleKind,
    /** Share of all steps in which `one-cycle` and `cosine` rise to the learning rate. */
    warm_up: number,
    /** What they begin with, as a factor of the learning rate. */
    lr_start: number,
    /** What they end with, as a factor of the learning rate. */
    lr_end: number,
    /** Numbers of the epochs after which `drops` multiplies the learning rate. */
    drops: Array<number>,
    /** What it multiplies it by. */
    drop_factor: number,
    /** How much of a target is spread over all classes; the loss that is shown is that without. */
    label_smoothing: number,
    /** How much of the averaged weights stays each fifth step; 0: none are kept. After the last step they are the network's. */
    averaging: number,
    /** What is done to a training image first: nothing but what `flip`, `shift_px` and `cutout_px` say, or a horizontal flip half of the time and a shift by up to 2 pixels. */
    augment: Augment,
    /** Whether training images are mirrored left to right: not, by chance, or in every other epoch. */
    flip: Flip,
    /** Largest shift of a training image, each way. */
    shift_px: number,
    /** What a shift brings in: black, or the image mirrored at its edge. */
    shift_edge: Border,
    /** Side of a square of a training image that is made black; 0: none is. */
    cutout_px: number,
    /** Which training images are held out to measure on where there are no test images. */
    hold_out: HoldOut,
    /** Epochs without a smaller loss on held-out images after which a run stops, with the weights of its best epoch; 0: it goes on to its end. A tenth of the training images is held out for it. */
    patience: number,
    /** The weights that a run ends with: those of its last step, or of the epoch whose loss on held-out images was smallest. A tenth of the training images is held out for it. */
    keep: Keep,
    /** What computes: `auto` is WebGPU on a hardware adapter that is faster than the CPU, else flex. */
    backend: Backend,
    /** CPU workers that share a step on flex; 0: as many as pay here. */
    workers: number,
    /** What computes the convolutions on flex: ConvBurn's own blocks, or Burn's operators, to compare with. */
    operators: Operators,
    /** How those blocks round: as is fastest on the machine, or as every machine can, to the same bits. */
    arithmetic: Arithmetic,
    /** Time between two progress events. */
    report_every_ms: number,
};

/** A convolution. */
export type Conv = {
    /** Number of output channels. */
    filters: number,
    /** Height and width of the kernel. */
    kernel: number,
    /** What lies beyond the edge. */
    padding: Padding,
    /** Pixels from one window to the next, 1 or 2. */
    stride: number,
    /** The kernel's numbers. */
    weight: TensorSpec,
    /** The bias; none where there is none. */
    bias: TensorSpec | null,
};

/** How the records held compare with those that a saved run was trained on. */
export type DataMatch = "same" | "unknown" | "awaited" | "other";

/** A file that a run uses records of, for people. */
export type DataSource = {
    /** What the file was called when it was added; of one without a name its official name or its SHA-256. */
    name: string,
    /** Which half of the data it holds. */
    split: Split,
    /** Number of records in it. */
    records: number,
};

/** What data the session holds and what a run would use of it. */
export type DataStatus = {
    /** Names of the classes in the order of the labels. */
    class_names: Array<string>,
    /** Training records held. */
    train_records: number,
    /** Test records held. */
    test_records: number,
    /** Training records a run would use now. */
    train_used: number,
    /** Records a run would measure on now. */
    test_used: number,
    /** Training records that a run would hold out to choose its best epoch by; 0 where it does not choose. */
    validation_used: number,
    /** True when there is no test batch and a fifth of the training records is held out (`Config::hold_out`). */
    held_out: boolean,
    /** True when all that the configuration asks for, or all there is, has been added. */
    complete: boolean,
    /** True when some record came from bytes with an unknown SHA-256. */
    has_unknown: boolean,
    /** Training records of each class, among those held. */
    train_class_counts: Array<number>,
    /** Test records of each class, among those held. */
    test_class_counts: Array<number>,
    /** Names of the classes of which a run would train on no record; empty while there is none at all. */
    unseen_classes: Array<string>,
    /** Records that a run would measure on and train on too, by their content; looked for where there is no manifest. */
    test_in_train: number,
    /** Whether these are the records of the restored run that waits to go on; none where none waits. */
    restored: DataMatch | null,
};

/** How weights decay. */
export type Decay = "coupled" | "decoupled";

/** Which tensors decay. */
export type DecayOf = "weights" | "all";

/** A fully connected layer. */
export type Dense = {
    /** Number of outputs. */
    units: number,
    /** The matrix. */
    weight: TensorSpec,
    /** The bias; none where there is none. */
    bias: TensorSpec | null,
};

/** What `train_epoch` resolves to: the epoch's row, or where it was interrupted. */
export type EpochOutcome = EpochResult | {
    /** Where it stands. */
    paused: Position,
} | {
    /** Where it stood. */
    stopped: Position,
};

/** One row of the tutorial's log: an epoch's figures. */
export type EpochResult = {
    /** Number of the epoch, from 1. */
    epoch: number,
    /** Mean training loss over the epoch's records, as Keras reports it. */
    loss: number,
    /** Share of training records classified correctly during the epoch. */
    accuracy: number,
    /** Mean loss over the test records after the epoch. */
    val_loss: number,
    /** Share of test records classified correctly after the epoch. */
    val_accuracy: number,
    /** Seconds of training and validation, pauses excluded. */
    seconds: number,
    /** Mean milliseconds of a training step. */
    step_ms: number,
    /** Learning rate of its last step, where a schedule moves it. */
    lr?: number,
    /** Which weights the test records were measured with, where there are others than the last step's. */
    weights?: WeightsKind,
};

/** How an error crosses the border. */
export type ErrorReport = {
    /** Stable, documented code: `busy`. */
    code: string,
    /** What happened, as a sentence. */
    message: string,
    /** What to do next, as a sentence. */
    hint: string,
};

/** How the model does on the test records. */
export type Evaluation = {
    /** Number of records measured. */
    records: number,
    /** Mean loss. */
    loss: number,
    /** Share classified correctly. */
    accuracy: number,
    /** `confusion[true class][predicted class]`: number of records. A square of the number of classes. */
    confusion: Array<Array<number>>,
    /** Share classified correctly of each true class; null where there is no such record. */
    class_accuracy: Array<number | null>,
    /** Seconds it took. */
    seconds: number,
    /** The same records by the mean of each picture's logits and its mirror image's, where that was asked for. */
    flips?: FlipsEvaluation,
    /** Which weights it is of, where there are others than the last step's. */
    weights?: WeightsKind,
};

/** What `advance` reports, in the order in which it happened. */
export type Event = { "type": "compiling",
    /** What comes now. */
    part: CompilePart,
    /** Number of parts done. */
    done: number,
    /** Number of parts in all. */
    of: number,
} | { "type": "backend",
    /** The backend that runs now. */
    backend: ActiveBackend,
} | { "type": "progress" } & Progress | { "type": "epoch_end",
    /** Its row of the log. */
    result: EpochResult,
    /** Its validation in full. */
    evaluation: Evaluation,
} | { "type": "paused",
    /** Number of the epoch, from 1. */
    epoch: number,
    /** Optimiser steps done in it. */
    step: number,
} | { "type": "resumed" } | { "type": "stopped",
    /** Number of the epoch, from 1. */
    epoch: number,
    /** Optimiser steps done in it. */
    step: number,
    /** How long it may go on. */
    more: MoreEpochs | null,
} | { "type": "done",
    /** Number of epochs trained. */
    epochs: number,
    /** How long it may go on. */
    more: MoreEpochs | null,
    /** Whose weights it ends with; none where those are the last step's, or averaged. */
    kept: KeptEpoch | null,
    /** The test records, measured with these weights; none where each epoch was measured on them. */
    evaluation: Evaluation | null,
};

/** What a file of a run or of weights holds. */
export type FileKind = "run" | "weights";

/** Whether an augmented image is mirrored left to right. */
export type Flip = "none" | "random" | "alternating";

/** How the model does where it looks at each picture twice: as it is, and mirrored. */
export type FlipsEvaluation = {
    /** Mean cross-entropy. */
    loss: number,
    /** Share classified correctly. */
    accuracy: number,
};

/** Which training records are held out to measure on where there is no test batch. No setting: it tells how a run of before was measured. */
export type HoldOut = "by-class" | "last";

/** How a tensor begins. */
export type Initializer = "zeros" | "ones" | "glorot" | "kaiming" | "dirac" | { "whitening": {
        /** Added to the eigenvalues. */
        epsilon: number,
    } };

/** The weights that a run ends with. */
export type Keep = "last" | "best";

/** The epoch that did best on held-out records, whose weights a run ends with. */
export type KeptEpoch = {
    /** Its number, from 1. */
    epoch: number,
    /** Whether the run stopped because none had done better for so long. */
    stopped_early: boolean,
};

/** What becomes of the records of an epoch that fill no whole batch. */
export type LastBatch = "keep" | "drop";

/** What a layer does. Maps are `[channels, height, width]`, vectors `[units]`. */
export type Layer = { "conv": Conv } | { "batch_norm": BatchNorm } | { "activation": Activation } | { "max_pool": Window } | { "avg_pool": Window } | "global_max_pool" | "global_avg_pool" | { "dropout": {
        /** Share of the numbers, from 0 to below 1. */
        rate: number,
    } } | { "pad": {
        /** Width of the border in pixels. */
        width: number,
        /** What it is filled with. */
        with: Border,
    } } | { "scale": {
        /** By this. */
        factor: number,
    } } | "flatten" | { "dense": Dense } | { "residual": {
        /** The layers; none of them is residual. */
        layers: Array<LayerSpec>,
    } };

/** A layer with its place in the run's random numbers. */
export type LayerSpec = {
    /** Number of the layer, unique in the network. It stays when others are added before it. */
    id: number,
    /** What it does. */
    layer: Layer,
};

/** One line of the network's summary table. */
export type LayerSummary = {
    /** Name, numbered as Keras numbers them: `conv2d`, `conv2d_1`. */
    name: string,
    /** Kind with its sizes and activation: `Conv2D 3×3, ReLU`. */
    kind: string,
    /** Shape of the output without the batch dimension: `[32, 30, 30]`. */
    output_shape: Array<number>,
    /** Number of parameters, frozen ones among them. */
    parameters: number,
    /** Multiplications of one image. */
    multiply_adds: number,
    /** Whether a kernel of our own computes it; else Burn's operators do. */
    own_kernel: boolean,
};

/** How the learning rate goes over a run. */
export type LearningRates = {
    /** Steps in an epoch. */
    epoch_steps: number,
    /** Numbers of the steps, from 0, that the rates are of. */
    steps: Array<number>,
    /** The learning rate of each. */
    lr: Array<number>,
    /** That of the kernels and matrices which Muon moves; null without Muon. */
    muon_lr: Array<number> | null,
};

/** What `load` answers. */
export type Loaded = {
    /** The configuration as accepted, defaults filled in. */
    config: Config,
    /** The backend that runs. */
    backend: ActiveBackend,
    /** The network. */
    summary: Summary,
    /** The data held (a second `load` with the same manifest keeps it). */
    data: DataStatus,
    /** Version of this crate. */
    version: string,
};

/** `data/cifar10/manifest.json`: what the shards are, written by `cargo xtask data`. */
export type Manifest = {
    /** Version of this format: 1. */
    format_version: number,
    /** Names of the classes in the order of the labels. */
    class_names: Array<string>,
    /** The shards in official order, training first. */
    shards: Array<ManifestShard>,
};

/** One shard of a `Manifest`. */
export type ManifestShard = {
    /** File name beside the manifest. */
    file: string,
    /** Which half of the data it holds. */
    split: Split,
    /** Number of records. */
    records: number,
    /** Length of the decompressed records in bytes. */
    bytes: number,
    /** SHA-256 of the decompressed records, 64 lower-case hexadecimal digits. */
    sha256: string,
};

/** For how many epochs in all a run that rests may be trained. */
export type MoreEpochs = {
    /** One more than are complete. */
    least: number,
    /** As many as any run may have. */
    most: number,
    /** Twice as many as are complete, where that may be. */
    usual: number,
};

/** A network that is asked for. */
export type NetworkChoice = "tutorial" | "t" | "s-24-48-72" | "s-40-48-60" | "s-32-64-96" | "s-40-68-92" | "s-64-112-128" | NetworkSpec;

/** A network: its layers in the order of the data, from the image to the logits. */
export type NetworkSpec = {
    /** From which random numbers the initial weights are drawn. */
    seeding: Seeding,
    /** The layers. */
    layers: Array<LayerSpec>,
};

/** How many records batch normalisation takes together while training. */
export type NormGroup = "batch" | { "records": number };

/** What computes the convolutions on flex. Elsewhere there is no choice. */
export type Operators = "blocks" | "layers";

/** The rule that turns gradients into new weights. */
export type OptimizerKind = "adam" | "adamw" | "sgd" | "rmsprop" | "muon";

/** What lies beyond the edge of a convolution's input. */
export type Padding = "valid" | "same";

/** What is done to pixels before the first layer. */
export type Pixels = "unit" | { "standardized": {
        /** Of each channel, from 0 to 1. */
        mean: Array<number>,
        /** Of each channel, above 0. */
        deviation: Array<number>,
    } };

/** A place in a run. */
export type Position = {
    /** Number of the epoch, from 1. */
    epoch: number,
    /** Optimiser steps done in it. */
    step: number,
};

/** Where a running epoch stands. */
export type Progress = {
    /** What is being done. */
    stage: Stage,
    /** Number of the epoch, from 1. */
    epoch: number,
    /** Number of epochs of the run. */
    epochs: number,
    /** Optimiser steps done in this epoch. */
    step: number,
    /** Optimiser steps of one epoch. */
    steps: number,
    /** Running mean of the training loss over the epoch so far. */
    loss: number,
    /** Running training accuracy over the epoch so far. */
    accuracy: number,
    /** Training images a second over the epoch so far, pauses excluded. */
    images_per_second: number,
    /** Estimated seconds to the end of the epoch, validation included. */
    epoch_eta_s: number,
    /** Estimated seconds to the end of the run. */
    run_eta_s: number,
};

/** A file of records that `open_file` found: by itself, or in an archive. Its bytes cross beside it. */
export type RecordFile = {
    /** Name of the file, or its path in an archive. */
    name: string,
    /** Where it belongs: by its digest where that is known, else by its name. */
    split: Split,
    /** Number of records in it. */
    records: number,
    /** SHA-256 of the decompressed bytes. */
    sha256: string,
    /** Name of the official file with this digest; none when it is unknown. */
    known: string | null,
};

/** A file of an archive that could not be taken. */
export type RefusedFile = {
    /** Its path in the archive. */
    name: string,
    /** Why not. */
    error: ErrorReport,
};

/** What `restore` answers. */
export type Restored = {
    /** What the file held. */
    kind: FileKind,
    /** As `load` answers: the file's configuration, the backend, the network, the data held. */
    loaded: Loaded,
    /** The epochs trained. */
    history: Array<EpochResult>,
    /** Where the run stands; none when it is over. */
    position: Position | null,
    /** For how many epochs in all it may be trained; none of weights alone. */
    more: MoreEpochs | null,
    /** The figures of that place; none before the first step. */
    progress: Progress | null,
    /** What it came to on the test records after its last whole epoch; none before that. */
    evaluation: Evaluation | null,
    /** The live loss so far. */
    trace: Trace,
    /** What keeps it from going on with the bits that it would have had: a sentence each. */
    remarks: Array<string>,
    /** The files that the run was trained on and measured on; empty of weights and where the file does not say. */
    sources: Array<DataSource>,
};

/** How the learning rate goes from step to step. */
export type ScheduleKind = "constant" | "one-cycle" | "cosine" | "drops";

/** From which random numbers the initial weights are drawn. */
export type Seeding = "one-stream" | "by-layer";

/** One batch computed on the GPU, against the CPU: how far the two are apart. */
export type SelfCheck = {
    /** Difference of the losses, as a share of the CPU's. */
    loss_difference: number,
    /** Largest over the parameter tensors: length of the gradients' difference, as a share of the length of the CPU's gradient. */
    gradient_difference: number,
    /** The largest difference accepted. */
    tolerance: number,
};

/** What `add_shard` answers. */
export type ShardAdded = {
    /** Where the records went. */
    split: Split,
    /** Number of records in it. */
    records: number,
    /** SHA-256 of the decompressed bytes. */
    sha256: string,
    /** Name of the official file or shard with this hash; none when the hash is unknown. */
    name: string | null,
    /** The data held after it. */
    data: DataStatus,
};

/** Which half of the data a record belongs to. */
export type Split = "train" | "test";

/** Where a file's records are to go. With a manifest the manifest decides. */
export type SplitChoice = "auto" | "train" | "test";

/** What part of an epoch a progress event is about. */
export type Stage = "training" | "validating";

/** The network as a table, computed from the model itself. */
export type Summary = {
    /** Shape of one input without the batch dimension: `[3, 32, 32]`. */
    input_shape: Array<number>,
    /** The layers in the order of the data. */
    layers: Array<LayerSummary>,
    /** Number of parameters in all. */
    total_parameters: number,
};

/** Whether something is done. */
export type Switch = "off" | "on";

/** How a tensor begins, and whether it learns. */
export type TensorSpec = {
    /** How it begins. */
    initializer: Initializer,
    /** False for a frozen tensor, which stays as it began. */
    trainable: boolean,
};

/** The live loss of a run from its first step on. */
export type Trace = {
    /** In the order in which they were measured. */
    points: Array<TracePoint>,
    /** Where the run was restored from a file and went on, in epochs from 0. */
    resumed_at: Array<number>,
};

/** A point of the live loss. */
export type TracePoint = {
    /** Number of the epoch, from 1. */
    epoch: number,
    /** Epochs trained by then, counted from 0: 1.5 in the middle of the second one. */
    at: number,
    /** Running mean of the training loss over the epoch so far. */
    loss: number,
};

/** Where the learning rate enters SGD's velocity. It makes a difference once the rate changes. */
export type Velocity = "rate-inside" | "rate-outside";

/** Which of a network's weights something was measured with. */
export type WeightsKind = "last" | "averaged" | "best";

/** A pooling window. */
export type Window = {
    /** Height and width in pixels, and how far it moves. */
    size: number,
};

// By hand, in src/bindings/by_hand.d.ts: what is no serde type.

/** What `open_file` answers. Both lists are empty for a file that only goes with CIFAR-10's. */
export type OpenedFile<Bytes extends Uint8Array = Uint8Array> = {
    /** The files of records, each with its decompressed records, ready for `add_shard`. */
    files: (RecordFile & { bytes: Bytes })[],
    /** Files of an archive that are no such files. */
    refused: RefusedFile[],
};

/** A run as a file, to be kept. */
export type RunCheckpoint<Bytes extends Uint8Array = Uint8Array> = {
    bytes: Bytes,
    /** Milliseconds that it took to make. */
    save_ms: number,
    /** Whether it ends an epoch that did better on the test images than all before. */
    is_best: boolean,
};

/** What `turn` resolves to. */
export type Turn<Bytes extends Uint8Array = Uint8Array> = {
    /** What happened. */
    events: Event[],
    /** The run as a file, where it is due. */
    checkpoint: RunCheckpoint<Bytes> | null,
    /** Whether the next turn is due. */
    goes_on: boolean,
};

/** What every function rejects with. */
export interface ConvBurnError extends Error { code: string; hint: string }
