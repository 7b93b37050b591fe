//! Gradients → new weights: Adam as Keras computes it.
//!
//! `w ← w − lr · √(1 − β2ᵗ) / (1 − β1ᵗ) · m / (√v + ε)` with β1 0.9, β2 0.999, ε 1e-7 (Kingma and Ba,
//! 2015, end of section 2; Keras 3, `keras/src/optimizers/adam.py`).
//!
//! Why not Burn's: burn-optim 0.22's Adam scales ε by √(1 − β2ᵗ), 32 times smaller at the first step,
//! and its `ModuleOptimizer` reads its state synchronously (a panic on wgpu in a browser) and restores
//! it on the default device. The state here is plain tensors, held by whoever trains. This can go when
//! burn-optim offers an unscaled epsilon and asynchronous records.

mod host;

use burn::tensor::{Device, Gradients, Tensor};

use crate::model::{Model, Value};

pub use host::HostAdam;

/// Keras's default decay of the gradient's mean.
const BETA_1: f64 = 0.9;
/// Keras's default decay of the squared gradient's mean.
const BETA_2: f64 = 0.999;
/// Keras's default (Burn's is 1e-5, PyTorch's 1e-8).
const EPSILON: f64 = 1e-7;

/// The moments of one tensor, flattened: `[number of entries]` each.
#[derive(Clone, Debug)]
struct Moments {
    mean: Tensor<1>,
    square: Tensor<1>,
}

/// The optimiser's state: a step count, and two moments for each tensor that has moved, by its place in the network.
#[derive(Clone, Debug, Default)]
pub struct Adam {
    steps: i32,
    moments: Vec<Option<Moments>>,
    /// `[1]`: the next step's size where WebGPU's kernel reads it.
    #[cfg(feature = "webgpu")]
    uploaded: Option<Tensor<1>>,
}

impl Adam {
    /// An optimiser that goes on after `steps` steps.
    pub fn after(steps: i32) -> Self {
        Self {
            steps,
            ..Self::default()
        }
    }

    /// Goes on with these moments of the tensor in a place.
    pub fn set_moments(&mut self, place: usize, mean: &[f32], square: &[f32], device: &Device) {
        let moments = Moments {
            mean: Tensor::from_data(mean, device),
            square: Tensor::from_data(square, device),
        };
        self.keep(place, moments);
    }

    /// Number of steps since it was fresh.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// The means of the gradients and of their squares of the tensor in a place, `[number of entries]` each; none
    /// before its first step.
    pub fn moments(&self, place: usize) -> Option<[Tensor<1>; 2]> {
        let moments = self.moments.get(place)?.as_ref()?;
        Some([moments.mean.clone(), moments.square.clone()])
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
        let mut size = StepSize {
            value: step_size(self.steps, lr),
            #[cfg(feature = "webgpu")]
            on_gpu: self.uploaded.take(),
        };
        let plan = model.plan().clone();
        for place in model.trainable() {
            let (Some(entry), Some(value)) = (plan.entries.get(place), model.values().get(place))
            else {
                continue;
            };
            if let Some(gradient) = value.take_gradient(gradients) {
                let moved = self.moved(place, value.flat(), gradient, &mut size);
                model.set(place, Value::of_flat(entry, Tensor::from_inner(moved)));
            }
        }
    }

    /// # Shapes
    /// Both `[entries]`, as is the result.
    fn moved(
        &mut self,
        place: usize,
        value: Tensor<1>,
        gradient: Tensor<1>,
        size: &mut StepSize,
    ) -> Tensor<1> {
        #[cfg(feature = "webgpu")]
        if crate::gpu::runs_on(&value.device()) {
            return self.moved_on_gpu(place, value, gradient, size);
        }
        let mean_term = gradient.clone() * (1.0 - BETA_1);
        let square_term = gradient.square() * (1.0 - BETA_2);
        let moments = match self.moments.get(place).and_then(Option::as_ref) {
            // The first step: the moments start at zero.
            None => Moments {
                mean: mean_term,
                square: square_term,
            },
            Some(old) => Moments {
                mean: old.mean.clone() * BETA_1 + mean_term,
                square: old.square.clone() * BETA_2 + square_term,
            },
        };
        let step = moments.mean.clone() * size.value / (moments.square.clone().sqrt() + EPSILON);
        self.keep(place, moments);
        value - step
    }

    fn keep(&mut self, place: usize, moments: Moments) {
        if self.moments.len() <= place {
            self.moments.resize_with(place + 1, || None);
        }
        if let Some(slot) = self.moments.get_mut(place) {
            *slot = Some(moments);
        }
    }

    /// The same in one dispatch.
    #[cfg(feature = "webgpu")]
    fn moved_on_gpu(
        &mut self,
        place: usize,
        value: Tensor<1>,
        gradient: Tensor<1>,
        size: &mut StepSize,
    ) -> Tensor<1> {
        let device = value.device();
        let old = match self.moments.get(place).and_then(Option::as_ref) {
            None => [value.zeros_like(), value.zeros_like()],
            Some(old) => [old.mean.clone(), old.square.clone()],
        };
        let step_size = size.value as f32;
        let on_gpu = size
            .on_gpu
            .get_or_insert_with(|| Tensor::from_data([step_size], &device));
        let constants = crate::gpu::Constants {
            beta_1: BETA_1,
            beta_2: BETA_2,
            epsilon: EPSILON,
        };
        let [value, mean, square] =
            crate::gpu::adam(value, gradient, old, on_gpu.clone(), constants);
        self.keep(place, Moments { mean, square });
        value
    }
}

/// The learning rate with both corrections, as it is used for every tensor of one step.
struct StepSize {
    value: f64,
    /// `[1]`: where WebGPU's kernel reads it.
    #[cfg(feature = "webgpu")]
    on_gpu: Option<Tensor<1>>,
}

/// The learning rate with both bias corrections.
fn step_size(steps: i32, lr: f64) -> f64 {
    lr * ((1.0 - BETA_2.powi(steps)).sqrt() / (1.0 - BETA_1.powi(steps)))
}
