//! A step of Adam; the room `optimizer` says what is computed and why.

use super::{Kernel, WORKGROUP, WORKGROUPS_MAX, program};

/// Adam's constants, as the kernel's text has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constants {
    /// Decay of the gradient's mean.
    pub beta_1: f64,
    /// Decay of the squared gradient's mean.
    pub beta_2: f64,
    /// What keeps the divisor from zero.
    pub epsilon: f64,
}

/// As many as a dispatch may have.
const INVOCATIONS_MAX: usize = WORKGROUPS_MAX * WORKGROUP as usize;

/// Binds value, gradient, mean, square, step size; new value, mean and square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entries {
    entries: usize,
    /// [`Constants`] as bits, which can be compared: both betas, what is left of one, epsilon.
    constants: [u32; 5],
}

impl Entries {
    /// Of so many numbers.
    pub fn new(entries: usize, constants: Constants) -> Self {
        let Constants {
            beta_1,
            beta_2,
            epsilon,
        } = constants;
        let numbers = [beta_1, 1.0 - beta_1, beta_2, 1.0 - beta_2, epsilon];
        Self {
            entries,
            constants: numbers.map(|number| (number as f32).to_bits()),
        }
    }
}

impl Kernel for Entries {
    fn invocations(&self) -> usize {
        self.entries.min(INVOCATIONS_MAX)
    }

    fn text(&self) -> String {
        let inputs = ["value", "gradient", "mean", "square", "step_size"];
        let outputs = ["new_value", "new_mean", "new_square"];
        let [beta_1, rest_1, beta_2, rest_2, epsilon] = self.constants.map(f32::from_bits);
        // One entry an invocation, or every so many where a dispatch has fewer invocations.
        let one_each = self.invocations() == self.entries;
        let at = if one_each { "i" } else { "at" };
        let step = format!(
            "let g = gradient[{at}];
let m = mean[{at}] * {beta_1:?} + g * {rest_1:?};
let v = square[{at}] * {beta_2:?} + g * g * {rest_2:?};
new_mean[{at}] = m;
new_square[{at}] = v;
new_value[{at}] = value[{at}] - m * step_size[0] / (sqrt(v) + {epsilon:?});\n",
        );
        let body = if one_each {
            step
        } else {
            let (entries, stride) = (self.entries, self.invocations());
            format!("for (var at = i; at < {entries}u; at += {stride}u) {{\n{step}}}\n")
        };
        program(&inputs, &outputs, self.invocations(), &body)
    }
}
