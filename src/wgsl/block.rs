//! Convolution, ReLU and max-pooling, and their gradients.

mod backward;
mod forward;
mod weights;

pub use backward::{InputGradient, Spread};
pub use forward::Forward;
pub use weights::{Parts, SumShares, WeightShares};

/// A convolution without padding at stride 1, ReLU, and max-pooling of `pool` × `pool` windows at stride
/// `pool` (1 for none): what the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// Channels of the input.
    pub channels: usize,
    /// Height of the input.
    pub height: usize,
    /// Width of the input.
    pub width: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Height and width of a pooling window.
    pub pool: usize,
}

/// Most weights and biases of a block: up to 32 shares of their gradients lie in one buffer, and WebGPU
/// promises 128 MiB a binding.
const NUMBERS_MAX: usize = 1 << 20;

impl Block {
    /// True when the kernels can compute it: they take filters and channels by the four.
    pub fn fits(&self) -> bool {
        let Self {
            channels,
            height,
            width,
            filters,
            kernel,
            pool,
        } = *self;
        let by_fours = filters.is_multiple_of(4) && (channels < 4 || channels.is_multiple_of(4));
        let written = (1..=5).contains(&kernel) && (pool == 1 || pool == 2);
        let leaves_some = height.min(width) + 1 >= kernel + pool && channels > 0 && filters > 0;
        by_fours && written && leaves_some && self.numbers() <= NUMBERS_MAX
    }

    /// Height and width of the output.
    pub fn output(&self) -> [usize; 2] {
        [self.height, self.width].map(|side| (side + 1 - self.kernel) / self.pool)
    }

    /// Height and width of what the convolution gives where a pooling window sees it.
    fn pooled_over(&self) -> [usize; 2] {
        self.output().map(|side| side * self.pool)
    }

    /// Number of weights.
    fn weights(&self) -> usize {
        self.filters * self.channels * self.kernel * self.kernel
    }

    /// Number of weights and biases.
    pub fn numbers(&self) -> usize {
        self.weights() + self.filters
    }

    /// Height and width of a spread gradient: with `pad`, there is a border of `kernel − 1` zeros.
    pub fn spread(&self, pad: bool) -> [usize; 2] {
        if pad {
            [self.height, self.width].map(|side| side + self.kernel - 1)
        } else {
            self.pooled_over()
        }
    }

    /// Width of a spread gradient's border.
    fn border(&self, pad: bool) -> usize {
        if pad { self.kernel - 1 } else { 0 }
    }
}
