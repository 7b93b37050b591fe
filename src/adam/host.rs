//! The same rule on plain numbers: for a run with helpers, whose gradients come as such.
//!
//! As tensor operations it takes ten passes a parameter while the helpers wait; here it is one loop.

use super::{BETA_1, BETA_2, EPSILON, step_size};

/// So many entries at a time: their sum of gradients stays in the first cache, and is not written out.
const CHUNK: usize = 1_024;

/// The optimiser's state as plain numbers, all parameters one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostAdam {
    steps: i32,
    means: Vec<f32>,
    squares: Vec<f32>,
}

impl HostAdam {
    /// An optimiser of `entries` parameters that goes on after `steps` steps with these moments; fresh ones
    /// where there are none.
    pub fn with_moments(
        steps: i32,
        mut means: Vec<f32>,
        mut squares: Vec<f32>,
        entries: usize,
    ) -> Self {
        means.resize(entries, 0.0);
        squares.resize(entries, 0.0);
        Self {
            steps,
            means,
            squares,
        }
    }

    /// Number of steps since it was fresh.
    pub fn steps(&self) -> i32 {
        self.steps
    }

    /// The means of the gradients and of their squares.
    pub fn moments(&self) -> (&[f32], &[f32]) {
        (&self.means, &self.squares)
    }

    /// Moves `parameters` by one step along the sum of `parts`: gradients, each with its weight.
    pub fn step(&mut self, parameters: &mut [f32], parts: &[(f32, &[f32])], lr: f64) {
        self.steps = self.steps.saturating_add(1);
        let step_size = step_size(self.steps, lr) as f32;
        let mut sum = [0.0; CHUNK];
        let moments = (self.means.chunks_mut(CHUNK)).zip(self.squares.chunks_mut(CHUNK));
        let chunks = parameters.chunks_mut(CHUNK).zip(moments);
        for (index, (parameters, (means, squares))) in chunks.enumerate() {
            add_up(parts, index * CHUNK, &mut sum);
            step_chunk(parameters, &sum, means, squares, step_size);
        }
    }
}

/// The weighted sum of the parts' entries from `first` on; nought where they have none.
fn add_up(parts: &[(f32, &[f32])], first: usize, sum: &mut [f32; CHUNK]) {
    sum.fill(0.0);
    for (weight, gradients) in parts {
        let gradients = gradients.get(first..).unwrap_or_default();
        for (sum, gradient) in sum.iter_mut().zip(gradients) {
            *sum += gradient * weight;
        }
    }
}

fn step_chunk(
    parameters: &mut [f32],
    gradients: &[f32],
    means: &mut [f32],
    squares: &mut [f32],
    step_size: f32,
) {
    let (beta_1, beta_2, epsilon) = (BETA_1 as f32, BETA_2 as f32, EPSILON as f32);
    let (rest_1, rest_2) = ((1.0 - BETA_1) as f32, (1.0 - BETA_2) as f32);
    let moments = means.iter_mut().zip(squares);
    for ((parameter, gradient), (mean, square)) in parameters.iter_mut().zip(gradients).zip(moments)
    {
        *mean = *mean * beta_1 + gradient * rest_1;
        *square = *square * beta_2 + gradient * gradient * rest_2;
        *parameter -= *mean * step_size / (square.sqrt() + epsilon);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps against Keras's formula in `f64`; small gradients, so that epsilon counts.
    #[test]
    fn host_adam_takes_keras_steps() {
        let gradients = [1e-5f32, -3e-6, 2e-5, 0.5];
        let mut parameters = [0.5f32, -0.5, 0.1, 0.2];
        let mut expected = parameters.map(f64::from);
        let (mut m, mut v) = ([0f64; 4], [0f64; 4]);
        let mut adam = HostAdam::with_moments(0, Vec::new(), Vec::new(), 4);
        for t in 1..=3 {
            // In two halves, as two workers bring them.
            adam.step(
                &mut parameters,
                &[(0.5, &gradients), (0.5, &gradients)],
                0.01,
            );
            let lr = 0.01 * (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t));
            for i in 0..4 {
                let g = f64::from(gradients[i]);
                m[i] += 0.1 * (g - m[i]);
                v[i] += 0.001 * (g * g - v[i]);
                expected[i] -= lr * m[i] / (v[i].sqrt() + 1e-7);
                assert!((f64::from(parameters[i]) - expected[i]).abs() < 2e-6);
            }
        }
        assert_eq!(adam.steps(), 3);
    }

    /// One part and three, over more entries than a chunk has: the same state, entry by entry.
    #[test]
    fn host_adam_moves_every_entry_wherever_it_lies() {
        let entries = 2 * CHUNK + 7;
        let gradients: Vec<f32> = (0..entries).map(|n| (n as f32 - 999.0) * 1e-3).collect();
        let mut all = vec![0.0; entries];
        let mut adam = HostAdam::with_moments(0, Vec::new(), Vec::new(), entries);
        adam.step(&mut all, &[(1.0, &gradients)], 0.01);
        for (index, gradient) in gradients.iter().enumerate() {
            let mut one = [0.0];
            let mut alone = HostAdam::with_moments(0, Vec::new(), Vec::new(), 1);
            alone.step(&mut one, &[(1.0, &[*gradient])], 0.01);
            assert_eq!(one[0], all[index]);
        }
        let mut thirds = vec![0.0; entries];
        let third = (1.0 / 3.0, gradients.as_slice());
        HostAdam::with_moments(0, Vec::new(), Vec::new(), entries).step(
            &mut thirds,
            &[third; 3],
            0.01,
        );
        let apart = thirds.iter().zip(&all).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-6);
    }
}
