//! What crosses the border of the crate, as plain serde types: configuration in, events and
//! results out, one doc line a field, units in the names.
//!
//! What JavaScript knows of these types is generated from them (`generated/`, `cargo xtask generate`);
//! `tests/fixtures/protocol.json` holds one value of each, and both sides' tests read it.
//!
//! This is not where anything is decided: no burn, no JavaScript. Commands have no enum here,
//! because a command *is* a call of one exported function (see `bindings.rs`).

mod backend;
mod choice;
mod config;
mod data;
mod event;
#[cfg(test)]
mod generated;
mod image;
mod learning;
pub mod limits;
mod network;
pub mod recipes;
pub mod settings;
mod trace;

use serde::{Deserialize, Serialize};

pub use backend::{ActiveBackend, BackendStatus, CompilePart, SelfCheck};
pub use choice::NetworkChoice;
pub use config::*;
pub use data::{
    DataMatch, DataSource, DataStatus, Manifest, ManifestShard, ShardAdded, Split, SplitChoice,
};

pub use event::{EpochOutcome, Event, KeptEpoch, MoreEpochs, Position, Progress, Stage};
pub use image::{ImageSpec, RecordSpec};
pub use learning::{
    Augment, AugmentSpec, Decay, DecayOf, Flip, OptimizerKind, ScheduleKind, Switch, Velocity,
};
pub use network::{
    Activation, BatchNorm, Border, Conv, Dense, Initializer, Layer, LayerSpec, ModelSpec,
    NetworkSpec, NormGroup, Padding, Pixels, Seeding, TensorSpec, Window,
};
pub use settings::{Compute, Config, Recipe};
pub use trace::{Trace, TracePoint};

/// How the learning rate goes over a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LearningRates {
    /// Steps in an epoch.
    pub epoch_steps: u32,
    /// Numbers of the steps, from 0, that the rates are of.
    pub steps: Vec<f64>,
    /// The learning rate of each.
    pub lr: Vec<f64>,
    /// That of the kernels and matrices which Muon moves; null without Muon.
    pub muon_lr: Option<Vec<f64>>,
}

/// One line of the network's summary table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LayerSummary {
    /// Name, numbered as Keras numbers them: `conv2d`, `conv2d_1`.
    pub name: String,
    /// Kind with its sizes and activation: `Conv2D 3×3, ReLU`.
    pub kind: String,
    /// Shape of the output without the batch dimension: `[32, 30, 30]`.
    pub output_shape: Vec<u32>,
    /// Number of parameters, frozen ones among them.
    pub parameters: u32,
    /// Multiplications of one image.
    pub multiply_adds: u32,
    /// Whether a kernel of our own computes it; else Burn's operators do.
    pub own_kernel: bool,
}

/// The network as a table, computed from the model itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Summary {
    /// Shape of one input without the batch dimension: `[3, 32, 32]`.
    pub input_shape: Vec<u32>,
    /// The layers in the order of the data.
    pub layers: Vec<LayerSummary>,
    /// Number of parameters in all.
    pub total_parameters: u32,
}

/// What `load` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Loaded {
    /// The configuration as accepted, defaults filled in.
    pub config: Config,
    /// The backend that runs.
    pub backend: ActiveBackend,
    /// The network.
    pub summary: Summary,
    /// The data held (a second `load` with the same manifest keeps it).
    pub data: DataStatus,
    /// Version of this crate.
    pub version: String,
}

/// What a file of a run or of weights holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A run, which goes on.
    Run,
    /// Weights alone, with which a new run begins.
    Weights,
}

/// What `restore` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Restored {
    /// What the file held.
    pub kind: FileKind,
    /// As `load` answers: the file's configuration, the backend, the network, the data held.
    pub loaded: Loaded,
    /// The epochs trained.
    pub history: Vec<EpochResult>,
    /// Where the run stands; none when it is over.
    pub position: Option<Position>,
    /// For how many epochs in all it may be trained; none of weights alone.
    pub more: Option<MoreEpochs>,
    /// The figures of that place; none before the first step.
    pub progress: Option<Progress>,
    /// What it came to on the test records after its last whole epoch; none before that.
    pub evaluation: Option<Evaluation>,
    /// The live loss so far.
    pub trace: Trace,
    /// What keeps it from going on with the bits that it would have had: a sentence each.
    pub remarks: Vec<String>,
    /// The files that the run was trained on and measured on; empty of weights and where the file does not say.
    pub sources: Vec<DataSource>,
}

/// A file of records that `open_file` found: by itself, or in an archive. Its bytes cross beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RecordFile {
    /// Name of the file, or its path in an archive.
    pub name: String,
    /// Where it belongs: by its digest where that is known, else by its name.
    pub split: Split,
    /// Number of records in it.
    pub records: u32,
    /// SHA-256 of the decompressed bytes.
    pub sha256: String,
    /// Name of the official file with this digest; none when it is unknown.
    pub known: Option<String>,
}

/// A file of an archive that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RefusedFile {
    /// Its path in the archive.
    pub name: String,
    /// Why not.
    pub error: ErrorReport,
}

/// What `open_file` answers. Both lists are empty for a file that only goes with CIFAR-10's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OpenedFile {
    /// The files of records.
    pub files: Vec<RecordFile>,
    /// The files of an archive that are no such files.
    pub refused: Vec<RefusedFile>,
}

/// One row of the tutorial's log: an epoch's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct EpochResult {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Mean training loss over the epoch's records, as Keras reports it.
    pub loss: f64,
    /// Share of training records classified correctly during the epoch.
    pub accuracy: f64,
    /// Mean loss over the test records after the epoch.
    pub val_loss: f64,
    /// Share of test records classified correctly after the epoch.
    pub val_accuracy: f64,
    /// Seconds of training and validation, pauses excluded.
    pub seconds: f64,
    /// Mean milliseconds of a training step.
    pub step_ms: f64,
    /// Learning rate of its last step, where a schedule moves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub lr: Option<f64>,
    /// Which weights the test records were measured with, where there are others than the last step's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub weights: Option<WeightsKind>,
}

/// Which of a network's weights something was measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WeightsKind {
    /// Those that the last step left.
    Last,
    /// Their average over many steps.
    Averaged,
    /// Those of the epoch that did best on held-out records.
    Best,
}

/// How the model does on the test records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Evaluation {
    /// Number of records measured.
    pub records: u32,
    /// Mean loss.
    pub loss: f64,
    /// Share classified correctly.
    pub accuracy: f64,
    /// `confusion[true class][predicted class]`: number of records. A square of the number of classes.
    pub confusion: Vec<Vec<u32>>,
    /// Share classified correctly of each true class; null where there is no such record.
    pub class_accuracy: Vec<Option<f64>>,
    /// Seconds it took.
    pub seconds: f64,
    /// The same records by the mean of each picture's logits and its mirror image's, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub flips: Option<FlipsEvaluation>,
    /// Which weights it is of, where there are others than the last step's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub weights: Option<WeightsKind>,
}

/// How the model does where it looks at each picture twice: as it is, and mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FlipsEvaluation {
    /// Mean cross-entropy.
    pub loss: f64,
    /// Share classified correctly.
    pub accuracy: f64,
}

/// How an error crosses the border.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorReport {
    /// Stable, documented code: `busy`.
    pub code: String,
    /// What happened, as a sentence.
    pub message: String,
    /// What to do next, as a sentence.
    pub hint: String,
}
