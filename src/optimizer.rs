//! Gradients → new weights, by the rule of the room `rule`: on tensors here, on plain numbers in `host.rs`.
//!
//! - Adam: `w ← w − lr · √(1 − β2ᵗ) / (1 − β1ᵗ) · m / (√v + ε)` with β1 0.9, β2 0.999, ε 1e-7 (Kingma and Ba, 2015, end of
//!   section 2; Keras 3, `keras/src/optimizers/adam.py`).
//! - SGD: as Keras (`sgd.py`) or as PyTorch (`torch/optim/sgd.py`), which differ in where the rate enters the velocity.
//! - RMSProp: `v ← ρv + (1 − ρ)g²`, `w ← w − lr · g / √(v + ε)` with ρ 0.9, ε 1e-7 (Keras, `rmsprop.py`).
//! - Muon: `muon.rs`, shared among workers by `directions.rs`.
//!
//! Why not Burn's: burn-optim 0.22's Adam scales ε by √(1 − β2ᵗ), 32 times smaller at the first step, its Muon takes
//! matrices alone, and its `ModuleOptimizer` reads its state synchronously (a panic on wgpu in a browser) and restores
//! it on the default device. The state here is plain tensors, held by whoever trains. This can go when burn-optim offers
//! an unscaled epsilon and asynchronous records.

mod directions;
mod host;
mod muon;
mod tensors;

use std::sync::Arc;

use burn::tensor::{Device, Gradients, Tensor};

use crate::model::{Model, Value};
use crate::rule::Rule;

pub use directions::{Matrices, Share};
pub use host::{HostEntry, HostOptimizer};
pub use muon::Orthogonal;

/// Keras's default decay of the gradient's mean.
const BETA_1: f64 = 0.9;
/// Keras's default decay of the squared gradient's mean.
const BETA_2: f64 = 0.999;
/// Keras's default decay of RMSProp's mean of squares.
const RHO: f64 = 0.9;
/// Keras's default (Burn's is 1e-5, PyTorch's 1e-8).
const EPSILON: f64 = 1e-7;

/// The optimiser's state on a device: a step count, and what is remembered of each tensor that has moved, by its place in
/// the network.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Arc<Rule>,
    steps: i32,
    /// The slots of each tensor, in the rule's order, `[number of entries]` each; none before its first step.
    slots: Vec<Option<Vec<Tensor<1>>>>,
    /// `[1]`: the next step's size where WebGPU's kernel reads it.
    #[cfg(feature = "webgpu")]
    uploaded: Option<Tensor<1>>,
}

impl Optimizer {
    /// An optimiser that goes on after `steps` steps.
    pub fn new(rule: &Arc<Rule>, steps: i32) -> Self {
        Self {
            rule: Arc::clone(rule),
            steps,
            slots: Vec::new(),
            #[cfg(feature = "webgpu")]
            uploaded: None,
        }
    }

    /// What it does.
    pub fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// Goes on with these slots of the tensor in a place, in the rule's order.
    pub fn set_slots(&mut self, place: usize, slots: &[Vec<f32>], device: &Device) {
        let slots = slots.iter();
        let slots = slots.map(|numbers| Tensor::from_data(numbers.as_slice(), device));
        self.keep(place, slots.collect());
    }

    /// Number of steps since it was fresh.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// What is remembered of the tensor in a place, `[number of entries]` each; none before its first step.
    pub fn slots(&self, place: usize) -> Option<&[Tensor<1>]> {
        self.slots.get(place)?.as_deref()
    }

    /// Uploads the next step's size now, where it is uploaded at all: before the GPU has anything to do, an
    /// upload costs least.
    pub fn upload_step_size(&mut self, lr: f64, device: &Device) {
        #[cfg(feature = "webgpu")]
        if crate::gpu::runs_on(device) {
            let next = step_size(self.steps.saturating_add(1), lr) as f32;
            self.uploaded = Some(Tensor::from_data([next], device));
        }
        #[cfg(not(feature = "webgpu"))]
        let _ = (lr, device);
    }

    /// Moves `model`'s trainable tensors by one step. One without a gradient stays as it is.
    pub fn step(&mut self, model: &mut Model, gradients: &mut Gradients, lr: f64) {
        self.steps = self.steps.saturating_add(1);
        #[cfg(feature = "webgpu")]
        let mut on_gpu = self.uploaded.take();
        let plan = model.plan().clone();
        for place in model.trainable() {
            let (Some(entry), Some(value)) = (plan.entries.get(place), model.values().get(place))
            else {
                continue;
            };
            let Some(rule) = self.rule.entry(place) else {
                continue;
            };
            if let Some(gradient) = value.take_gradient(gradients) {
                let step = tensors::Step {
                    rule: &self.rule,
                    entry: rule,
                    shape: &entry.shape,
                    lr: lr * rule.lr_factor,
                    steps: self.steps,
                    #[cfg(feature = "webgpu")]
                    base_lr: lr,
                };
                let old = self.slots.get_mut(place).and_then(Option::take);
                let (moved, slots) = step.moved(
                    value.flat(),
                    gradient,
                    old,
                    #[cfg(feature = "webgpu")]
                    &mut on_gpu,
                );
                self.keep(place, slots);
                model.set(place, Value::of_flat(entry, Tensor::from_inner(moved)));
            }
        }
    }

    fn keep(&mut self, place: usize, slots: Vec<Tensor<1>>) {
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
        }
        if let Some(kept) = self.slots.get_mut(place) {
            *kept = Some(slots);
        }
    }
}

/// The learning rate with both of Adam's bias corrections.
fn step_size(steps: i32, lr: f64) -> f64 {
    lr * ((1.0 - BETA_2.powi(steps)).sqrt() / (1.0 - BETA_1.powi(steps)))
}

#[cfg(test)]
mod tests;
