//! A run as one file and back: the network's tensors, what the optimiser remembers, and where the run stands.
//!
//! A `.safetensors` file: tensors under Keras's layer names and PyTorch's parameter names (`conv2d.weight`,
//! `batch_normalization.running_mean`) in PyTorch's layout; beside the trainable ones `optimizer.SLOT.…`, of the slots
//! that the recipe's rule has (`exp_avg` and `exp_avg_sq` of Adam), `averaged.…` where weights are averaged, and
//! `best.…` where the best epoch's are kept; in the
//! metadata `kind` (`run`, or `weights` for the network alone), `format_version`, `network`
//! (its name, if it has one) and, for weights, `model`: a [`ModelSpec`] as JSON; for a run, `run`: a [`RunState`] as
//! JSON, in which its model is, and `bits`: its numbers' (`exact.rs`).
//!
//! Reading is strict, because a file comes from a stranger's disk, and goes from the header to the recipe, from there
//! to the network and from there to the tensors: one too many, too few, of another shape or with a number that is not
//! finite is refused with a sentence, before anything is touched. This knows no tensors of Burn and no session.

mod check;
mod data;
mod exact;
mod read;
mod tensors;
mod write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use data::RunData;
pub use read::decode;
pub use write::{encode_run, encode_weights};

use crate::network;
use crate::protocol::{
    Backend, Compute, Config, EpochResult, Evaluation, ModelSpec, Recipe, Trace,
};

/// Goes up when an older reader would misread a file.
/// 2: a run says where it was made. 3: it has its curve and its last evaluation, says which records it was
/// trained on, and how some were held out. 4: it says which network it is of, and what it computes apart from how.
/// 5: other rules of learning than Adam's, with their own slots, and averaged weights. 6: the best epoch's weights, where
/// a run ends with those.
pub const FORMAT_VERSION: u32 = 6;

/// Largest file read: 5 million parameters with two slots each, an average and their best take 100 MB, and a stranger's file must not
/// fill the memory.
const LARGEST_BYTES: usize = 104 << 20;

/// Longest header read: its JSON takes many times its length in memory. A run of 10,000 epochs has room.
const HEADER_BYTES_MAX: u64 = 4 << 20;

/// Longest version of this crate that a file may name: the page says it.
const VERSION_BYTES_MAX: usize = 40;

/// Before a slot's name, which is before the tensor's.
const SLOT_PREFIX: &str = "optimizer.";
const AVERAGED_PREFIX: &str = "averaged.";
const BEST_PREFIX: &str = "best.";

/// The numbers of a learner by the names of the network's tensors, as the model has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors {
    /// Every tensor of the network.
    pub values: BTreeMap<String, Vec<f32>>,
    /// What the optimiser remembers of each tensor that it has moved: its slots in the order of the recipe's rule.
    pub slots: BTreeMap<String, Vec<Vec<f32>>>,
    /// The averages of those that a step moves, where weights are averaged and a step was made.
    pub averaged: BTreeMap<String, Vec<f32>>,
    /// Every tensor of the network after its best epoch, where a run ends with those and an epoch is complete.
    pub best: BTreeMap<String, Vec<f32>>,
}

/// Where a run stands, and what it is a run of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// What it computes.
    pub recipe: Recipe,
    /// How.
    pub compute: Compute,
    /// Names of the classes in the order of the labels.
    pub class_names: Vec<String>,
    /// Training records that the run uses; the data it goes on with must give as many.
    pub train_used: u32,
    /// Training records beside these that it chooses its best epoch by; 0 where it does not choose.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub validation_used: u32,
    /// Records that it measures on.
    pub test_used: u32,
    /// True when those are held out of the training records.
    pub held_out: bool,
    /// Optimiser steps since the optimiser was fresh; until the format 4 they were called Adam's.
    #[serde(alias = "adam_steps")]
    pub optimizer_steps: i32,
    /// The epochs trained.
    pub history: Vec<EpochResult>,
    /// Where the run goes on; none when it is over.
    pub position: Option<RunPosition>,
    /// The live loss so far; empty in files of the formats 1 and 2.
    pub trace: Trace,
    /// What the last whole epoch came to on the test records; files of the formats 1 and 2 do not say.
    pub evaluation: Option<Evaluation>,
    /// What computed it last; files of the format 1 do not say.
    pub origin: Option<Origin>,
    /// Which records it was trained on; files up to the format 2 do not say.
    pub data: Option<RunData>,
}

fn is_nought(number: &u32) -> bool {
    *number == 0
}

/// What computed a run: another one rounds otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The backend that ran; never `auto`.
    pub backend: Backend,
    /// Number of CPU workers.
    pub workers: u32,
    /// Version of this crate.
    pub version: String,
    /// How products were added up on flex; files of before, whose sums came in another order, do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding: Option<Rounding>,
}

/// How ConvBurn's blocks add a product to a sum on the machine at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// The product is rounded, then the sum.
    Twice,
    /// Both in one instruction.
    Once,
}

impl Origin {
    /// What keeps a run of `self` from going on with the same bits in `next`: a sentence each.
    pub fn differences(&self, next: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.backend != next.backend {
            let [was, is] = [self.backend, next.backend].map(named);
            found.push(format!(
                "It was computed by {was} and goes on with {is}, which rounds otherwise."
            ));
        } else if next.backend == Backend::Webgpu {
            found.push("Graphics cards and their drivers round differently.".into());
        } else if self.workers != next.workers {
            found.push(format!(
                "It was computed by {} workers and goes on with {}, whose sums round otherwise.",
                self.workers, next.workers
            ));
        }
        if self.backend == Backend::Flex && self.rounding != next.rounding {
            found.push(rounds_otherwise(self.rounding, next.rounding).into());
        }
        if self.version != next.version {
            found.push(format!(
                "It was saved by version {}, and this is {}.",
                self.version, next.version
            ));
        }
        found
    }
}

/// Why the blocks of two machines round otherwise.
fn rounds_otherwise(was: Option<Rounding>, is: Option<Rounding>) -> &'static str {
    match (was, is) {
        (Some(Rounding::Once), Some(Rounding::Twice)) => {
            "It was computed with a product and a sum rounded in one, and here each is rounded by itself."
        }
        (Some(Rounding::Twice), Some(Rounding::Once)) => {
            "It was computed with each product and sum rounded by itself, and here both are rounded in one."
        }
        _ => "It was computed by convolutions that are summed up in another order.",
    }
}

fn named(backend: Backend) -> &'static str {
    match backend {
        Backend::Auto => "auto",
        Backend::Webgpu => "webgpu",
        Backend::Flex => "flex",
        Backend::Ndarray => "ndarray",
    }
}

/// Where in a run it stands; epochs are counted from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPosition {
    /// The epoch under way.
    pub epoch: u32,
    /// The epoch after the last one.
    pub epochs_end: u32,
    /// Optimiser steps done in the epoch. The shuffle follows from seed and epoch.
    pub step: u32,
    /// Sum of the losses of the epoch's records so far.
    pub loss_sum: f64,
    /// Number of them classified correctly.
    pub correct: f64,
    /// Number of them.
    pub records: u32,
    /// Milliseconds of training in the epoch.
    pub train_ms: f64,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Checkpoint {
    /// A run, to go on with.
    Run(Box<RunState>, Tensors),
    /// The tensors of a network alone, to begin with.
    Weights(Box<ModelSpec>, Tensors),
}

impl RunState {
    /// Both parts of what it was asked for, as `load` reads them.
    pub fn config(&self) -> Config {
        let choice = network::choice(&self.recipe.model);
        Config::of(&self.recipe, &self.compute, choice)
    }

    /// The same run under another configuration of the same network.
    #[must_use]
    pub fn with_config(mut self, config: &Config) -> Self {
        self.recipe = config.recipe(self.recipe.model);
        self.compute = config.compute();
        self
    }
}
