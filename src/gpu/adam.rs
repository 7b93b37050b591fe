//! One parameter's step of Adam in one dispatch; the room `optimizer` says what is computed and why.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Tensor};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::launch::{empty, launch};
use crate::wgsl::adam::{Constants, Entries};

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
