//! What a run reports on its way, in the order in which it happens.

use serde::{Deserialize, Serialize};

use super::{ActiveBackend, CompilePart, EpochResult, Evaluation, limits};

/// What part of an epoch a progress event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Optimiser steps.
    Training,
    /// Measuring on the test records.
    Validating,
}

/// Where a running epoch stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Number of epochs of the run.
    pub epochs: u32,
    /// Optimiser steps done in this epoch.
    pub step: u32,
    /// Optimiser steps of one epoch.
    pub steps: u32,
    /// Running mean of the training loss over the epoch so far.
    pub loss: f64,
    /// Running training accuracy over the epoch so far.
    pub accuracy: f64,
    /// Training images a second over the epoch so far, pauses excluded.
    pub images_per_second: f64,
    /// Estimated seconds to the end of the epoch, validation included.
    pub epoch_eta_s: f64,
    /// Estimated seconds to the end of the run.
    pub run_eta_s: f64,
}

/// What `advance` reports, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A part of getting a GPU ready is about to begin. Its kernels are compiled on the way, which
    /// takes seconds.
    Compiling {
        /// What comes now.
        part: CompilePart,
        /// Number of parts done.
        done: u32,
        /// Number of parts in all.
        of: u32,
    },
    /// The backend passed its self-check; or it was left for another one, because it did not.
    Backend {
        /// The backend that runs now.
        backend: ActiveBackend,
    },
    /// At most one every `report_every_ms`.
    Progress(Progress),
    /// An epoch is complete.
    EpochEnd {
        /// Its row of the log.
        result: EpochResult,
        /// Its validation in full.
        evaluation: Box<Evaluation>,
    },
    /// `pause` took effect; `advance` continues.
    Paused {
        /// Number of the epoch, from 1.
        epoch: u32,
        /// Optimiser steps done in it.
        step: u32,
    },
    /// A run that was paused, stopped or restored goes on, or one that was complete for more epochs. A driver says so,
    /// `advance` does not.
    Resumed,
    /// `stop` took effect: the run keeps its place, and `advance` goes on from it.
    Stopped {
        /// Number of the epoch, from 1.
        epoch: u32,
        /// Optimiser steps done in it.
        step: u32,
        /// How long it may go on.
        more: Option<MoreEpochs>,
    },
    /// The last epoch is complete.
    Done {
        /// Number of epochs trained.
        epochs: u32,
        /// How long it may go on.
        more: Option<MoreEpochs>,
        /// Whose weights it ends with; none where those are the last step's, or averaged.
        kept: Option<KeptEpoch>,
        /// The test records, measured with these weights; none where each epoch was measured on them.
        evaluation: Option<Box<Evaluation>>,
    },
}

/// The epoch that did best on held-out records, whose weights a run ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KeptEpoch {
    /// Its number, from 1.
    pub epoch: u32,
    /// Whether the run stopped because none had done better for so long.
    pub stopped_early: bool,
}

/// For how many epochs in all a run that rests may be trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MoreEpochs {
    /// One more than are complete.
    pub least: u32,
    /// As many as any run may have.
    pub most: u32,
    /// Twice as many as are complete, where that may be.
    pub usual: u32,
}

impl MoreEpochs {
    /// What a run of `trained` complete epochs may have; none where it has as many as may be.
    pub fn after(trained: u32) -> Option<Self> {
        let most = *limits::EPOCHS.end();
        let least = trained.saturating_add(1);
        (least <= most).then(|| Self {
            least,
            most,
            usual: trained.saturating_mul(2).clamp(least, most),
        })
    }
}

/// What `train_epoch` resolves to: the epoch's row, or where it was interrupted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum EpochOutcome {
    /// The epoch is complete.
    Complete(EpochResult),
    /// `pause` came first; the next `train_epoch` continues.
    Paused {
        /// Where it stands.
        paused: Position,
    },
    /// `stop` came first; the model stays as it is, the rest of the run is dropped.
    Stopped {
        /// Where it stood.
        stopped: Position,
    },
}

/// A place in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Position {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Optimiser steps done in it.
    pub step: u32,
}
