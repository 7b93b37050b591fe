//! A recipe and a network → what moves each tensor, how fast, and what it remembers: the rule of learning as a value.
//!
//! Nothing is computed here, and nothing here knows a tensor of Burn: the room `optimizer` carries a rule out, and
//! `checkpoint` asks it what a run's file has to hold. `lr(step)` is in `schedule.rs`.

mod schedule;

use crate::network::{NetworkPlan, Role};
use crate::protocol::{Config, Decay, DecayOf, Layer, OptimizerKind, Recipe, Switch, Velocity};

pub use schedule::Schedule;

/// The formula that moves a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Means of the gradients and of their squares.
    Adam,
    /// Stochastic gradient descent.
    Sgd,
    /// The mean of the gradients' squares.
    RmsProp,
    /// A step whose directions are equally strong: for kernels and matrices.
    Muon,
}

/// What an optimiser remembers of a tensor: as many numbers as it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// Adam's running mean of the gradients.
    Mean,
    /// Adam's running mean of their squares.
    MeanOfSquares,
    /// RMSProp's running mean of the gradients' squares.
    Squares,
    /// The velocity of SGD, RMSProp or Muon.
    Momentum,
}

impl Slot {
    /// As PyTorch's optimisers name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "exp_avg",
            Self::MeanOfSquares => "exp_avg_sq",
            Self::Squares => "square_avg",
            Self::Momentum => "momentum_buffer",
        }
    }

    /// Whether a number below 0 is none of it.
    pub fn is_square(self) -> bool {
        matches!(self, Self::MeanOfSquares | Self::Squares)
    }
}

/// What moves one tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntryRule {
    /// The formula.
    pub update: Update,
    /// Factor on the step's learning rate.
    pub lr_factor: f64,
    /// How strongly it decays; 0: not at all.
    pub weight_decay: f64,
}

/// What moves the tensors of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Momentum of SGD and of RMSProp.
    pub momentum: f64,
    /// Whether SGD's looks ahead.
    pub nesterov: bool,
    /// Where the learning rate enters SGD's velocity.
    pub velocity: Velocity,
    /// How weights decay.
    pub decay: Decay,
    /// Muon's momentum, which looks ahead.
    pub muon_momentum: f64,
    /// How often Muon's polynomial is applied.
    pub muon_iterations: u32,
    /// How much of a target is spread over all classes.
    pub label_smoothing: f64,
    /// How much of the averaged weights stays each time; 0: none are kept.
    pub averaging: f64,
    /// By the plan's places; none of what does not learn.
    entries: Vec<Option<EntryRule>>,
}

impl Rule {
    /// The rule of `recipe` for the network that `plan` is.
    pub fn new(recipe: &Recipe, plan: &NetworkPlan) -> Self {
        let muon = match recipe.optimizer {
            OptimizerKind::Muon => muon_places(plan),
            _ => Vec::new(),
        };
        let norm_biases = norm_biases(plan);
        let of_entry = |(place, entry): (usize, &crate::network::Entry)| {
            if entry.role != Role::Trainable {
                return None;
            }
            let is_weight = entry.shape.len() > 1;
            let decays = is_weight || recipe.decay_of == DecayOf::All;
            if muon.contains(&place) {
                return Some(EntryRule {
                    update: Update::Muon,
                    lr_factor: recipe.muon_lr / recipe.lr,
                    weight_decay: 0.0, // Its length is fixed at every step.
                });
            }
            Some(EntryRule {
                update: match recipe.optimizer {
                    OptimizerKind::Adam | OptimizerKind::AdamW => Update::Adam,
                    OptimizerKind::RmsProp => Update::RmsProp,
                    OptimizerKind::Sgd | OptimizerKind::Muon => Update::Sgd,
                },
                lr_factor: match norm_biases.contains(&place) {
                    true => recipe.norm_bias_lr_factor,
                    false => 1.0,
                },
                weight_decay: if decays { recipe.weight_decay } else { 0.0 },
            })
        };
        Self {
            momentum: recipe.momentum,
            nesterov: recipe.nesterov == Switch::On,
            velocity: recipe.velocity,
            decay: recipe.decay,
            muon_momentum: recipe.muon_momentum,
            muon_iterations: recipe.muon_iterations,
            label_smoothing: recipe.label_smoothing,
            averaging: recipe.averaging,
            entries: plan.entries.iter().enumerate().map(of_entry).collect(),
        }
    }

    /// The tutorial's rule: Adam, whatever else could be chosen.
    pub fn of_tutorial(plan: &NetworkPlan) -> Self {
        Self::new(&Config::default().recipe(plan.spec.clone()), plan)
    }

    /// What moves the tensor in a place; none where it does not learn.
    pub fn entry(&self, place: usize) -> Option<EntryRule> {
        self.entries.get(place).copied().flatten()
    }

    /// What is remembered of the tensor in a place, in this order.
    pub fn slots(&self, place: usize) -> &'static [Slot] {
        match self.entry(place).map(|entry| entry.update) {
            None => &[],
            Some(Update::Adam) => &[Slot::Mean, Slot::MeanOfSquares],
            Some(Update::Sgd) if self.momentum == 0.0 => &[],
            Some(Update::RmsProp) if self.momentum == 0.0 => &[Slot::Squares],
            Some(Update::RmsProp) => &[Slot::Squares, Slot::Momentum],
            Some(Update::Sgd | Update::Muon) => &[Slot::Momentum],
        }
    }
}

/// Places of the tensors that Muon moves where it is the optimiser: of the kernels and matrices that learn all but the
/// last layer's, whose rows are the classes.
pub fn muon_places(plan: &NetworkPlan) -> Vec<usize> {
    let of_layers = |place: &usize| {
        let entry = plan.entries.get(*place);
        entry.is_some_and(|entry| entry.shape.len() > 1 && entry.role == Role::Trainable)
    };
    let last = plan
        .layers
        .iter()
        .rev()
        .find_map(|layer| match layer.layer {
            Layer::Dense(_) => layer.places.weight,
            _ => None,
        });
    let all = (0..plan.entries.len()).filter(of_layers);
    all.filter(|place| Some(*place) != last).collect()
}

/// Places of the offsets of normalisation.
fn norm_biases(plan: &NetworkPlan) -> Vec<usize> {
    let norms = plan.norms().into_iter();
    norms.filter_map(|layer| layer.places.bias).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::network::tutorial_model;
    use crate::protocol::{ModelSpec, NetworkSpec};

    /// The network `t`, whose convolutions and first dense layer have norms and no bias.
    fn t() -> NetworkPlan {
        let model = ModelSpec {
            network: NetworkSpec::t(10),
            ..tutorial_model()
        };
        NetworkPlan::new(&model).unwrap()
    }

    fn rule(config: &Config, plan: &NetworkPlan) -> Rule {
        Rule::new(&config.recipe(plan.spec.clone()), plan)
    }

    fn of<'a>(rule: &Rule, plan: &'a NetworkPlan) -> Vec<(&'a str, EntryRule)> {
        let entries = plan.entries.iter().enumerate();
        let found = entries.map(|(place, entry)| Some((entry.name.as_str(), rule.entry(place)?)));
        found.flatten().collect()
    }

    #[test]
    fn weights_decay_and_biases_and_norms_do_so_only_when_asked() {
        let plan = t();
        let mut config = Config {
            weight_decay: 5e-4,
            norm_bias_lr_factor: 4.0,
            ..Config::default()
        };
        for (name, entry) in of(&rule(&config, &plan), &plan) {
            let is_norm = name.starts_with("batch_normalization");
            let is_weight = name.ends_with("weight") && !is_norm;
            let decay = if is_weight { 5e-4 } else { 0.0 };
            let factor = if is_norm && name.ends_with("bias") {
                4.0
            } else {
                1.0
            };
            assert_eq!(
                (entry.weight_decay, entry.lr_factor),
                (decay, factor),
                "{name}"
            );
        }
        config.decay_of = DecayOf::All;
        let all = rule(&config, &plan);
        assert!(
            of(&all, &plan)
                .iter()
                .all(|(_, entry)| entry.weight_decay == 5e-4)
        );
    }

    #[test]
    fn muon_moves_kernels_and_matrices_but_the_last_one() {
        let plan = t();
        let config = Config {
            optimizer: OptimizerKind::Muon,
            lr: 0.1,
            muon_lr: 0.05,
            ..Config::default()
        };
        let found = rule(&config, &plan);
        let moved = of(&found, &plan).into_iter();
        let moved = moved.filter(|(_, entry)| entry.update == Update::Muon);
        let names: Vec<&str> = moved.clone().map(|(name, _)| name).collect();
        let expected = ["conv2d", "conv2d_1", "conv2d_2", "dense"];
        assert_eq!(names, expected.map(|layer| format!("{layer}.weight")));
        assert!(moved.clone().all(|(_, entry)| entry.lr_factor == 0.5));
        // What Muon moves has a momentum, and SGD none here.
        for (place, entry) in plan.entries.iter().enumerate() {
            let is_muon = names.contains(&entry.name.as_str());
            let slots: &[Slot] = if is_muon { &[Slot::Momentum] } else { &[] };
            assert_eq!(found.slots(place), slots, "{}", entry.name);
        }
    }
}
