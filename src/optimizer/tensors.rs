//! One tensor's step as tensor operations: on WebGPU and ndarray, and on flex where nobody helps.

use burn::tensor::Tensor;

use super::muon::{LENGTH_MIN, MatrixShape, POLYNOMIAL};
use super::{BETA_1, BETA_2, EPSILON, RHO, step_size};
use crate::protocol::{Decay, Velocity};
use crate::rule::{EntryRule, Rule, Update};

/// What a step is of.
pub(super) struct Step<'a> {
    pub(super) rule: &'a Rule,
    pub(super) entry: EntryRule,
    /// The tensor's shape; everything below is flat.
    pub(super) shape: &'a [usize],
    /// The tensor's own learning rate.
    pub(super) lr: f64,
    /// Number of steps with this one.
    pub(super) steps: i32,
    /// The learning rate without the tensor's factor, of which the step size was uploaded.
    #[cfg(feature = "webgpu")]
    pub(super) base_lr: f64,
}

impl Step<'_> {
    /// The tensor and its slots after the step; of slots that are none yet, those before it were 0.
    ///
    /// # Shapes
    /// All `[entries]`; the step size on a GPU `[1]`.
    pub(super) fn moved(
        &self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        old: Option<Vec<Tensor<1>>>,
        #[cfg(feature = "webgpu")] on_gpu: &mut Option<Tensor<1>>,
    ) -> (Tensor<1>, Vec<Tensor<1>>) {
        let (value, gradient) = self.decayed(value, gradient);
        let mut old = old.unwrap_or_default().into_iter();
        match self.entry.update {
            Update::Adam => {
                #[cfg(feature = "webgpu")]
                if crate::gpu::runs_on(&value.device()) {
                    return self.adam_on_gpu(value, gradient, old.next().zip(old.next()), on_gpu);
                }
                self.adam(value, gradient, old.next().zip(old.next()))
            }
            Update::Sgd => self.sgd(value, gradient, old.next()),
            Update::RmsProp => self.rms_prop(value, gradient, old.next(), old.next()),
            Update::Muon => self.muon(value, gradient, old.next()),
        }
    }

    fn decayed(&self, value: Tensor<1>, gradient: Tensor<1>) -> (Tensor<1>, Tensor<1>) {
        let decay = self.entry.weight_decay;
        if decay == 0.0 {
            return (value, gradient);
        }
        match self.rule.decay {
            Decay::Coupled => {
                let gradient = gradient + value.clone() * decay;
                (value, gradient)
            }
            Decay::Decoupled => (value.clone() - value * decay * self.lr, gradient),
        }
    }

    fn adam(
        &self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        old: Option<(Tensor<1>, Tensor<1>)>,
    ) -> (Tensor<1>, Vec<Tensor<1>>) {
        let mean_term = gradient.clone() * (1.0 - BETA_1);
        let square_term = gradient.square() * (1.0 - BETA_2);
        let (mean, square) = match old {
            // The first step: the moments start at zero.
            None => (mean_term, square_term),
            Some((mean, square)) => (mean * BETA_1 + mean_term, square * BETA_2 + square_term),
        };
        let size = step_size(self.steps, self.lr);
        let step = mean.clone() * size / (square.clone().sqrt() + EPSILON);
        (value - step, vec![mean, square])
    }

    /// The same in one dispatch.
    #[cfg(feature = "webgpu")]
    fn adam_on_gpu(
        &self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        old: Option<(Tensor<1>, Tensor<1>)>,
        on_gpu: &mut Option<Tensor<1>>,
    ) -> (Tensor<1>, Vec<Tensor<1>>) {
        let device = value.device();
        let old = match old {
            None => [value.zeros_like(), value.zeros_like()],
            Some((mean, square)) => [mean, square],
        };
        let base = step_size(self.steps, self.base_lr) as f32;
        let size = on_gpu.get_or_insert_with(|| Tensor::from_data([base], &device));
        let size = match self.entry.lr_factor {
            1.0 => size.clone(),
            factor => size.clone() * factor,
        };
        let constants = crate::gpu::Constants {
            beta_1: BETA_1,
            beta_2: BETA_2,
            epsilon: EPSILON,
        };
        let [value, mean, square] = crate::gpu::adam(value, gradient, old, size, constants);
        (value, vec![mean, square])
    }

    fn sgd(
        &self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        old: Option<Tensor<1>>,
    ) -> (Tensor<1>, Vec<Tensor<1>>) {
        let momentum = self.rule.momentum;
        if momentum == 0.0 {
            return (value - gradient * self.lr, Vec::new());
        }
        // What a velocity begins as is 0.
        let kept = |old: Option<Tensor<1>>, new: Tensor<1>| match old {
            None => new,
            Some(old) => old * momentum + new,
        };
        let nesterov = self.rule.nesterov;
        match self.rule.velocity {
            Velocity::RateInside => {
                let own = gradient * -self.lr;
                let velocity = kept(old, own.clone());
                let step = match nesterov {
                    true => velocity.clone() * momentum + own,
                    false => velocity.clone(),
                };
                (value + step, vec![velocity])
            }
            Velocity::RateOutside => {
                let velocity = kept(old, gradient.clone());
                let step = match nesterov {
                    true => gradient + velocity.clone() * momentum,
                    false => velocity.clone(),
                };
                (value - step * self.lr, vec![velocity])
            }
        }
    }

    fn rms_prop(
        &self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        old: Option<Tensor<1>>,
        old_velocity: Option<Tensor<1>>,
    ) -> (Tensor<1>, Vec<Tensor<1>>) {
        let square_term = gradient.clone().square() * (1.0 - RHO);
        let square = match old {
            None => square_term,
            Some(old) => old * RHO + square_term,
        };
        let step = gradient * self.lr / (square.clone() + EPSILON).sqrt();
        if self.rule.momentum == 0.0 {
            return (value - step, vec![square]);
        }
        let velocity = match old_velocity {
            None => step,
            Some(old) => old * self.rule.momentum + step,
        };
        (value - velocity.clone(), vec![square, velocity])
    }

    /// As `muon.rs` says it.
    fn muon(
        &self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        old: Option<Tensor<1>>,
    ) -> (Tensor<1>, Vec<Tensor<1>>) {
        let momentum = self.rule.muon_momentum;
        let velocity = match old {
            None => gradient.clone(),
            Some(old) => old * momentum + gradient.clone(),
        };
        let ahead = gradient + velocity.clone() * momentum;
        let shape = MatrixShape::of(self.shape);
        let mut matrix: Tensor<2> = (ahead.clone() / length(ahead)).reshape(shape.sides);
        if shape.is_tall() {
            matrix = matrix.transpose();
        }
        let [a, b, c] = POLYNOMIAL;
        for _ in 0..self.rule.muon_iterations {
            let gram = matrix.clone().matmul(matrix.clone().transpose());
            let factors = gram.clone() * b + gram.clone().matmul(gram) * c;
            matrix = matrix.clone() * a + factors.matmul(matrix);
        }
        if shape.is_tall() {
            matrix = matrix.transpose();
        }
        let entries = shape.sides[0] * shape.sides[1];
        let step: Tensor<1> = matrix.reshape([entries]);
        let scale = length(value.clone()).recip() * (shape.filters as f64).sqrt();
        (value * scale - step * self.lr, vec![velocity])
    }
}

/// The length of all numbers; never nothing.
///
/// # Shapes
/// `[entries]` → `[1]`.
fn length(numbers: Tensor<1>) -> Tensor<1> {
    numbers.square().sum().sqrt().clamp_min(LENGTH_MIN)
}
