//! What settings can be chosen among, and what follows from a configuration. The settings themselves stand in
//! `settings.rs`.

use serde::{Deserialize, Serialize};

use super::Config;
use crate::error::Error;

/// Records of one forward pass when measuring or predicting. Small enough that a pause is served soon on
/// the CPU.
pub const MEASURE_BATCH: u32 = 100;

/// Which implementation of Burn's operations a run asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// WebGPU where a hardware adapter is there, flex otherwise.
    #[default]
    Auto,
    /// Burn's wgpu backend on the browser's WebGPU.
    Webgpu,
    /// Burn's own CPU backend: the fast one.
    Flex,
    /// The older CPU backend, kept because it was asked for: slower, deprecated upstream.
    Ndarray,
}

/// Which training records are held out to measure on where there is no test batch. No setting: it tells how a run
/// of before was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum HoldOut {
    /// A fifth of each class, drawn with the seed: a file sorted by class has all classes in both parts.
    #[default]
    ByClass,
    /// The last fifth: the rule of runs that were saved up to the format 2.
    Last,
}

/// What computes the convolutions on flex. Elsewhere there is no choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Operators {
    /// ConvBurn's own blocks of convolution, ReLU and pooling: the fast ones.
    #[default]
    Blocks,
    /// Burn's operators, one a layer: to compare with.
    Layers,
}

/// How ConvBurn's blocks round on flex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// As is fastest on the machine: a product and a sum in one instruction where it has one.
    #[default]
    Auto,
    /// Each by itself: the same bits on every machine.
    Portable,
}

/// What becomes of the records of an epoch that fill no whole batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LastBatch {
    /// They are a smaller batch, as in Keras.
    #[default]
    Keep,
    /// They are left out of this epoch; the next shuffle leaves out others.
    Drop,
}

impl Config {
    /// Checks every field's range, alone and against the others.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the first field that is out of range.
    pub fn validate(&self) -> Result<(), Error> {
        self.check_settings()?;
        if self.batch > self.train {
            return Err(Error::invalid_config(
                "batch",
                format!(
                    "{} is more than the {} training records",
                    self.batch, self.train
                ),
            ));
        }
        self.check_learning()
    }
}

/// The weights that a run ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Those of its last step, or averaged ones where there are such.
    #[default]
    Last,
    /// Those of the epoch whose loss on held-out records was smallest.
    Best,
}

impl Config {
    /// Whether a run ends with the weights of its best epoch, and holds training records out to choose it by.
    pub fn keeps_best(&self) -> bool {
        self.patience > 0 || self.keep == Keep::Best
    }

    /// Optimiser steps of an epoch over so many records. A batch is no larger than they are.
    pub fn steps(&self, records: u32) -> u32 {
        match self.last_batch {
            LastBatch::Keep => records.div_ceil(self.batch.max(1)),
            LastBatch::Drop => (records / self.batch.max(1)).max(1),
        }
    }

    /// Whether a run that has begun may end at another epoch than was planned.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when its learning rate falls until that.
    pub fn check_may_end_elsewhere(&self) -> Result<(), Error> {
        if !self.schedule.has_an_end() {
            return Ok(());
        }
        Err(Error::invalid_config(
            "epochs",
            "the learning rate of this run falls until the end that was planned, and it cannot go on after it: \
             begin a new run with more epochs, or one whose schedule is constant"
                .to_owned(),
        ))
    }

    /// The same run over `epochs` epochs in all, of which `trained` are complete. `was_planned`: it has begun, and was to
    /// have another number of them.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when that leaves nothing to train, or too much, or when its learning rate was to fall
    /// until the end that was planned.
    pub fn extended(&self, epochs: u32, trained: u32, was_planned: bool) -> Result<Self, Error> {
        if was_planned {
            self.check_may_end_elsewhere()?;
        }
        if epochs <= trained {
            return Err(Error::invalid_config(
                "epochs",
                format!("{epochs} is not more than the {trained} that are trained"),
            ));
        }
        let config = Self {
            epochs,
            ..self.clone()
        };
        config.validate()?;
        Ok(config)
    }
}

/// What may change when a saved run goes on: how it is computed, how boldly and how
/// long; not what it is a run of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// Another backend.
    pub backend: Option<Backend>,
    /// Another number of workers asked for.
    pub workers: Option<u32>,
    /// Another learning rate.
    pub lr: Option<f64>,
    /// Another number of epochs in all, more than are trained.
    pub epochs: Option<u32>,
}

impl Changes {
    /// `config` with these changes.
    #[must_use]
    pub fn applied_to(&self, config: &Config) -> Config {
        Config {
            backend: self.backend.unwrap_or(config.backend),
            workers: self.workers.unwrap_or(config.workers),
            lr: self.lr.unwrap_or(config.lr),
            epochs: self.epochs.unwrap_or(config.epochs),
            ..config.clone()
        }
    }
}
