//! What of the rule of learning can be chosen, and which choices exclude each other. The settings themselves stand in
//! `settings.rs`; what follows from them is the room `rule`'s to say.

use serde::{Deserialize, Serialize};

use super::{Border, Config};
use crate::error::Error;

/// The rule that turns gradients into new weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Adam with Keras's formula and defaults.
    #[default]
    Adam,
    /// The same, with weights that decay apart from the gradient.
    AdamW,
    /// Stochastic gradient descent, with momentum if asked.
    Sgd,
    /// RMSProp with Keras's formula and defaults.
    RmsProp,
    /// Muon for kernels and matrices, SGD for the rest.
    Muon,
}

/// Whether something is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// It is not.
    #[default]
    Off,
    /// It is.
    On,
}

/// Where the learning rate enters SGD's velocity. It makes a difference once the rate changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Velocity {
    /// `v ← µv − rate · g`, as in Keras: a step keeps the rate that it was made with.
    #[default]
    RateInside,
    /// `v ← µv + g`, as in PyTorch: the rate of today scales all of it.
    RateOutside,
}

/// How weights decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// They are added to their gradient, as PyTorch's `SGD` and `Adam` do.
    Coupled,
    /// They shrink by themselves before the step, as Keras's `weight_decay` has it.
    #[default]
    Decoupled,
}

/// Which tensors decay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum DecayOf {
    /// Kernels and matrices.
    #[default]
    Weights,
    /// Biases and normalisation too.
    All,
}

/// How the learning rate goes from step to step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// It stays as it is.
    #[default]
    Constant,
    /// In a line to its peak, and in a line to its end.
    OneCycle,
    /// In a line to its peak, and along half a cosine to its end.
    Cosine,
    /// It falls after some epochs.
    Drops,
}

/// Whether an augmented image is mirrored left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Flip {
    /// It is not.
    #[default]
    None,
    /// Half of the time, anew in each epoch.
    Random,
    /// In every other epoch; a coin for each image says in which it begins.
    Alternating,
}

/// What is done to a training image before each step, ready-made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Augment {
    /// Nothing: the tutorial's way.
    #[default]
    None,
    /// A horizontal flip half of the time and a shift of up to 2 px each way.
    FlipShift,
}

/// What is done to a training image before each step, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AugmentSpec {
    /// Whether it is mirrored.
    pub flip: Flip,
    /// Largest shift in pixels, each way.
    pub shift_px: u32,
    /// What a shift brings in.
    pub shift_edge: Border,
    /// Side of a black square somewhere in it, in pixels; 0: there is none.
    pub cutout_px: u32,
}

impl From<Augment> for AugmentSpec {
    fn from(augment: Augment) -> Self {
        let (flip, shift_px) = match augment {
            Augment::None => (Flip::None, 0),
            Augment::FlipShift => (Flip::Random, 2),
        };
        Self {
            flip,
            shift_px,
            shift_edge: Border::Zero,
            cutout_px: 0,
        }
    }
}

impl AugmentSpec {
    /// Whether an image stays as it is.
    pub fn is_none(self) -> bool {
        self.flip == Flip::None && self.shift_px == 0 && self.cutout_px == 0
    }
}

impl ScheduleKind {
    /// Whether a step's rate depends on how many steps there are in all.
    pub fn has_an_end(self) -> bool {
        match self {
            Self::Constant | Self::Drops => false,
            Self::OneCycle | Self::Cosine => true,
        }
    }
}

impl Config {
    /// What is done to a training image before each step.
    pub fn augmentation(&self) -> AugmentSpec {
        match self.augment {
            Augment::None => self.augmentation_by_part(),
            ready_made => ready_made.into(),
        }
    }

    fn augmentation_by_part(&self) -> AugmentSpec {
        AugmentSpec {
            flip: self.flip,
            shift_px: self.shift_px,
            shift_edge: self.shift_edge,
            cutout_px: self.cutout_px,
        }
    }

    /// Checks what of the rule of learning excludes each other.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the setting that does not fit.
    pub(super) fn check_learning(&self) -> Result<(), Error> {
        let refused = |name, problem: &str| Err(Error::invalid_config(name, problem.to_owned()));
        let has_momentum = matches!(self.optimizer, OptimizerKind::Sgd | OptimizerKind::Muon);
        if has_momentum && self.nesterov == Switch::On && self.momentum == 0.0 {
            return refused(
                "nesterov",
                "it looks ahead along the momentum, which is 0: give a momentum, or turn it off",
            );
        }
        if self.optimizer == OptimizerKind::AdamW && self.decay == Decay::Coupled {
            return refused(
                "decay",
                "adamw is the optimizer whose decay is decoupled: choose that, or the optimizer adam",
            );
        }
        if self.schedule == ScheduleKind::Drops && self.drops.is_empty() {
            return refused(
                "drops",
                "the schedule needs at least one epoch after which the rate drops",
            );
        }
        let by_part = self.augmentation_by_part();
        if self.augment != Augment::None && by_part != Augment::None.into() {
            return refused(
                "augment",
                "it is ready-made and takes no flip, shift_px, shift_edge or cutout_px beside it: set it to none",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_exclude_each_other_are_refused_by_name() {
        let muon = Config {
            optimizer: OptimizerKind::Muon,
            nesterov: Switch::On,
            momentum: 0.9,
            ..Config::default()
        };
        assert_eq!(muon.validate(), Ok(()));
        let cases = [
            (
                "nesterov",
                Config {
                    momentum: 0.0,
                    ..muon.clone()
                },
            ),
            (
                "decay",
                Config {
                    optimizer: OptimizerKind::AdamW,
                    decay: Decay::Coupled,
                    ..Config::default()
                },
            ),
            (
                "drops",
                Config {
                    schedule: ScheduleKind::Drops,
                    ..Config::default()
                },
            ),
            (
                "augment",
                Config {
                    augment: Augment::FlipShift,
                    cutout_px: 6,
                    ..Config::default()
                },
            ),
        ];
        for (name, config) in cases {
            let error = config.validate().err().map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|text| text.contains(name)),
                "{name}: {error:?}"
            );
        }
    }

    #[test]
    fn a_ready_made_augmentation_is_one_of_its_parts() {
        let by_part = Config {
            flip: Flip::Random,
            shift_px: 2,
            ..Config::default()
        };
        let ready_made = Config {
            augment: Augment::FlipShift,
            ..Config::default()
        };
        assert_eq!(by_part.augmentation(), ready_made.augmentation());
        assert!(Config::default().augmentation().is_none());
    }
}
