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

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Gradients, Tensor};

pub use host::HostAdam;

/// Keras's default decay of the gradient's mean.
const BETA_1: f64 = 0.9;
/// Keras's default decay of the squared gradient's mean.
const BETA_2: f64 = 0.999;
/// Keras's default (Burn's is 1e-5, PyTorch's 1e-8).
const EPSILON: f64 = 1e-7;

/// The moments of one parameter, flattened: `[number of entries]` each.
#[derive(Clone, Debug)]
struct Moments {
    mean: Tensor<1>,
    square: Tensor<1>,
}

/// The optimiser's state: a step count, and two moments for each parameter in the module's order.
#[derive(Clone, Debug, Default)]
pub struct Adam {
    steps: i32,
    moments: Vec<Moments>,
    /// `[1]`: the next step's size where WebGPU's kernel reads it.
    #[cfg(feature = "webgpu")]
    uploaded: Option<Tensor<1>>,
}

impl Adam {
    /// An optimiser that goes on after `steps` steps with these moments, one vector a parameter.
    pub fn with_moments(
        steps: i32,
        means: &[Vec<f32>],
        squares: &[Vec<f32>],
        device: &Device,
    ) -> Self {
        let tensor = |values: &[f32]| Tensor::from_data(values, device);
        let pairs = means.iter().zip(squares);
        let moments = pairs.map(|(mean, square)| Moments {
            mean: tensor(mean),
            square: tensor(square),
        });
        Self {
            steps,
            moments: moments.collect(),
            #[cfg(feature = "webgpu")]
            uploaded: None,
        }
    }

    /// Number of steps since it was fresh.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// The means of the gradients and of their squares, `[number of entries]` a parameter each.
    pub fn moments(&self) -> (Vec<Tensor<1>>, Vec<Tensor<1>>) {
        let pairs = self
            .moments
            .iter()
            .map(|m| (m.mean.clone(), m.square.clone()));
        pairs.unzip()
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

    /// Returns `module` after one step. A parameter without a gradient stays as it is.
    pub fn step<M: Module>(&mut self, module: M, gradients: &mut Gradients, lr: f64) -> M {
        self.steps = self.steps.saturating_add(1);
        module.map(&mut Update {
            gradients,
            moments: &mut self.moments,
            parameter: 0,
            step_size: step_size(self.steps, lr),
            #[cfg(feature = "webgpu")]
            gpu_step_size: self.uploaded.take(),
        })
    }
}

/// The learning rate with both bias corrections.
fn step_size(steps: i32, lr: f64) -> f64 {
    lr * ((1.0 - BETA_2.powi(steps)).sqrt() / (1.0 - BETA_1.powi(steps)))
}

/// Visits the parameters of a module in order and replaces each by its updated value.
struct Update<'a> {
    gradients: &'a mut Gradients,
    moments: &'a mut Vec<Moments>,
    parameter: usize,
    step_size: f64,
    /// `[1]`: the step size where WebGPU's kernel reads it.
    #[cfg(feature = "webgpu")]
    gpu_step_size: Option<Tensor<1>>,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        let Some(gradient) = value.grad_remove(self.gradients) else {
            return Param::from_mapped_value(id, value, mapper);
        };
        let shape = value.shape();
        let entries = shape.num_elements();
        let updated = self.update(
            value.inner().reshape([entries]),
            gradient.reshape([entries]),
        );
        let value = Tensor::<D>::from_inner(updated.reshape(shape)).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}

impl Update<'_> {
    /// # Shapes
    /// Both `[entries]`, as is the result.
    fn update(&mut self, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        #[cfg(feature = "webgpu")]
        if crate::gpu::runs_on(&value.device()) {
            return self.update_on_gpu(value, gradient);
        }
        let mean_term = gradient.clone() * (1.0 - BETA_1);
        let square_term = gradient.square() * (1.0 - BETA_2);
        let moments = match self.moments.get(self.parameter) {
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
        let step =
            moments.mean.clone() * self.step_size / (moments.square.clone().sqrt() + EPSILON);
        self.keep(moments);
        value - step
    }

    /// Stores the moments of the parameter in turn, and goes on to the next.
    fn keep(&mut self, moments: Moments) {
        match self.moments.get_mut(self.parameter) {
            None => self.moments.push(moments),
            Some(slot) => *slot = moments,
        }
        self.parameter += 1;
    }

    /// The same in one dispatch.
    #[cfg(feature = "webgpu")]
    fn update_on_gpu(&mut self, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let device = value.device();
        let old = match self.moments.get(self.parameter) {
            None => [value.zeros_like(), value.zeros_like()],
            Some(old) => [old.mean.clone(), old.square.clone()],
        };
        let step_size = self.step_size as f32;
        let step_size = self
            .gpu_step_size
            .get_or_insert_with(|| Tensor::from_data([step_size], &device));
        let constants = crate::gpu::Constants {
            beta_1: BETA_1,
            beta_2: BETA_2,
            epsilon: EPSILON,
        };
        let [value, mean, square] =
            crate::gpu::adam(value, gradient, old, step_size.clone(), constants);
        self.keep(Moments { mean, square });
        value
    }
}
