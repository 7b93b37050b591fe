//! A run's configuration in its two parts: what it computes, and how. A link, a run file and a report carry both,
//! apart.

use serde::{Deserialize, Serialize};

use super::{
    Augment, Backend, Config, HoldOut, LastBatch, ModelSpec, NetworkChoice, Operators,
    OptimizerKind,
};

/// What a run computes. Two runs with one recipe, on the same records, compute the same up to rounding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The network and what it sees.
    pub model: ModelSpec,
    /// Number of training records.
    pub train: u32,
    /// Number of test records.
    pub test: u32,
    /// Number of passes over the training records.
    pub epochs: u32,
    /// Number of records in one optimiser step.
    pub batch: u32,
    /// Whether the rest of an epoch that fills no batch is trained on.
    pub last_batch: LastBatch,
    /// Learning rate.
    pub lr: f64,
    /// Seed of all random numbers.
    pub seed: u32,
    /// The optimiser.
    pub optimizer: OptimizerKind,
    /// The augmentation of training images.
    pub augment: Augment,
    /// Which records are held out where there is no test batch.
    pub hold_out: HoldOut,
}

/// How a run is computed: on what, and how often it says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compute {
    /// The backend asked for.
    pub backend: Backend,
    /// Number of CPU workers asked for; 0: as many as pay here.
    pub workers: u32,
    /// What computes the convolutions on flex.
    pub operators: Operators,
    /// Milliseconds between two progress events.
    pub report_every_ms: u32,
}

impl Config {
    /// What it computes, of the model that its network came to.
    pub fn recipe(&self, model: ModelSpec) -> Recipe {
        Recipe {
            model,
            train: self.train,
            test: self.test,
            epochs: self.epochs,
            batch: self.batch,
            last_batch: self.last_batch,
            lr: self.lr,
            seed: self.seed,
            optimizer: self.optimizer,
            augment: self.augment,
            hold_out: self.hold_out,
        }
    }

    /// How it is computed.
    pub fn compute(&self) -> Compute {
        Compute {
            backend: self.backend,
            workers: self.workers,
            operators: self.operators,
            report_every_ms: self.report_every_ms,
        }
    }

    /// Both parts as one, of a network that is called so.
    pub fn of(recipe: &Recipe, compute: &Compute, network: NetworkChoice) -> Self {
        Self {
            backend: compute.backend,
            workers: compute.workers,
            operators: compute.operators,
            report_every_ms: compute.report_every_ms,
            network,
            pixels: recipe.model.pixels.clone(),
            norm_group: recipe.model.norm_group,
            train: recipe.train,
            test: recipe.test,
            epochs: recipe.epochs,
            batch: recipe.batch,
            last_batch: recipe.last_batch,
            lr: recipe.lr,
            seed: recipe.seed,
            optimizer: recipe.optimizer,
            augment: recipe.augment,
            hold_out: recipe.hold_out,
        }
    }
}
