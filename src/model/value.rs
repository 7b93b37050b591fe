//! One tensor of the network, whatever its rank.

use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::network::{Entry, Role};

/// A tensor of the network. A trainable one has gradients.
#[derive(Clone, Debug)]
pub enum Value {
    /// A bias, a scale or a statistic: `[n]`.
    Vector(Tensor<1>),
    /// A dense matrix: `[in, out]`.
    Matrix(Tensor<2>),
    /// A convolution's kernel: `[out, in, height, width]`.
    Kernel(Tensor<4>),
}

impl Value {
    /// A tensor with these numbers on `device`; `entry` gives shape and whether it has gradients.
    pub fn new(entry: &Entry, numbers: Vec<f32>, device: &Device) -> Self {
        let flat = Tensor::<1>::from_data(TensorData::new(numbers, [entry.entries()]), device);
        Self::of_flat(entry, flat)
    }

    /// A tensor with the numbers of a flat one that has no history.
    pub fn of_flat(entry: &Entry, flat: Tensor<1>) -> Self {
        let learns = entry.role == Role::Trainable && flat.device().is_autodiff();
        match entry.shape[..] {
            [rows, columns] => Self::Matrix(leaf(flat.reshape([rows, columns]), learns)),
            [a, b, c, d] => Self::Kernel(leaf(flat.reshape([a, b, c, d]), learns)),
            _ => Self::Vector(leaf(flat, learns)),
        }
    }

    /// The numbers, flattened and without gradients.
    pub fn flat(&self) -> Tensor<1> {
        match self.inner() {
            Self::Vector(tensor) => tensor,
            Self::Matrix(tensor) => tensor.flatten(0, 1),
            Self::Kernel(tensor) => tensor.flatten(0, 3),
        }
    }

    /// The tensor without gradients.
    #[must_use]
    pub fn inner(&self) -> Self {
        match self {
            Self::Vector(tensor) => Self::Vector(tensor.clone().inner()),
            Self::Matrix(tensor) => Self::Matrix(tensor.clone().inner()),
            Self::Kernel(tensor) => Self::Kernel(tensor.clone().inner()),
        }
    }

    /// Takes its gradient out, flattened; none where it has none.
    pub fn take_gradient(&self, gradients: &mut Gradients) -> Option<Tensor<1>> {
        match self {
            Self::Vector(tensor) => tensor.grad_remove(gradients),
            Self::Matrix(tensor) => Some(tensor.grad_remove(gradients)?.flatten(0, 1)),
            Self::Kernel(tensor) => Some(tensor.grad_remove(gradients)?.flatten(0, 3)),
        }
    }

    /// Where it is.
    pub fn device(&self) -> Device {
        match self {
            Self::Vector(tensor) => tensor.device(),
            Self::Matrix(tensor) => tensor.device(),
            Self::Kernel(tensor) => tensor.device(),
        }
    }
}

fn leaf<const D: usize>(tensor: Tensor<D>, learns: bool) -> Tensor<D> {
    if learns {
        tensor.require_grad()
    } else {
        tensor
    }
}
