//! One parameter's step of Adam in one dispatch; `adam.rs` says what is computed and why.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Tensor};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::launch::{Kernel, empty, launch};
use super::wgsl::program;

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

/// On the GPU.
#[backend_extension(Cube, Fusion)]
pub trait AdamStep: Backend {
    /// All of one shape, but for the step size `[1]`.
    #[fusion(meta = |value, _, mean, square, _, _| (value.clone(), mean.clone(), square.clone()))]
    fn adam_step(
        value: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        step_size: FloatTensor<Self>,
        constants: Constants,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// New value, mean and mean square.
///
/// # Shapes
/// All `[entries]`, but for the step size `[1]`.
pub fn adam(
    value: Tensor<1>,
    gradient: Tensor<1>,
    [mean, square]: [Tensor<1>; 2],
    step_size: Tensor<1>,
    constants: Constants,
) -> [Tensor<1>; 3] {
    let (value, mean, square) = <Dispatch as AdamStep>::adam_step(
        value.into_dispatch(),
        gradient.into_dispatch(),
        mean.into_dispatch(),
        square.into_dispatch(),
        step_size.into_dispatch(),
        constants,
    );
    [value, mean, square].map(Tensor::from_dispatch)
}

/// Binds value, gradient, mean, square, step size; new value, mean and square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Entries {
    entries: usize,
    /// [`Constants`] as bits, which can be compared: both betas, what is left of one, epsilon.
    constants: [u32; 5],
}

impl Entries {
    fn new(entries: usize, constants: Constants) -> Self {
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
        self.entries
    }

    fn text(&self) -> String {
        let inputs = ["value", "gradient", "mean", "square", "step_size"];
        let outputs = ["new_value", "new_mean", "new_square"];
        let [beta_1, rest_1, beta_2, rest_2, epsilon] = self.constants.map(f32::from_bits);
        let body = format!(
            "let g = gradient[i];
let m = mean[i] * {beta_1:?} + g * {rest_1:?};
let v = square[i] * {beta_2:?} + g * g * {rest_2:?};
new_mean[i] = m;
new_square[i] = v;
new_value[i] = value[i] - m * step_size[0] / (sqrt(v) + {epsilon:?});\n",
        );
        program(&inputs, &outputs, self.entries, &body)
    }
}

impl AdamStep for CubeBackend {
    fn adam_step(
        value: CubeTensor,
        gradient: CubeTensor,
        mean: CubeTensor,
        square: CubeTensor,
        step_size: CubeTensor,
        constants: Constants,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [value, gradient, mean, square, step_size] =
            [value, gradient, mean, square, step_size].map(into_contiguous);
        let shape = value.meta.shape().clone();
        let entries = shape.num_elements();
        let new = || empty(&value, shape.clone(), DType::F32);
        let (new_value, new_mean, new_square) = (new(), new(), new());
        let inputs = [&value, &gradient, &mean, &square, &step_size];
        let buffers = [&inputs[..], &[&new_value, &new_mean, &new_square]].concat();
        launch(Entries::new(entries, constants), 1, &buffers);
        (new_value, new_mean, new_square)
    }
}
