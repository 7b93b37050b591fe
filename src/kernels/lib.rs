//! The arithmetic of a convolution block on the CPU: convolution, bias, ReLU and, where it follows,
//! 2 × 2 max-pooling in one pass, and its gradients. Plain numbers; no tensors, no memory of a run.
//!
//! Why not Burn's operators one by one: they write and read every intermediate, convolve outputs that
//! pooling then leaves out (a thirteenth column), and go backward through all of them. Here a gradient
//! goes only to what it reaches: of four outputs under a pooling window one, and none that ReLU cut off;
//! an eighth of the products that a matrix product needs. Where neither is, every gradient counts, and
//! Winograd's way goes backward too. `block.rs` makes an operator of it.
//!
//! Images are NHWC (`[n, height, width, channels]`): a row of a window is one run of numbers.
//! Each is written once over an `arithmetic.rs`; `table.rs` has them for each processor, and chooses.

mod activation;
mod arithmetic;
mod backward;
mod dense;
mod finish;
mod forward;
mod norm;
mod padded;
pub mod reference;
mod table;
mod winograd;

pub use activation::Activation;
pub use backward::Gradients;
pub use dense::to_bias;
pub use finish::Forward;
pub use norm::{Norm, NormGradients, Normalized};
#[cfg(target_arch = "wasm32")]
pub use table::bring;
pub use table::{ArithmeticKind, Kernels, fastest, of};

/// The kernels over any arithmetic: what a table of functions is made of.
#[doc(hidden)]
pub mod written_once {
    pub use super::arithmetic::{Arithmetic, LANES, products, rounds_once};

    use super::{Block, Forward, Gradients, backward as sparse, dense, forward, padded, winograd};

    /// A block's outputs, by the way that it names.
    #[inline(always)]
    pub fn forward<A: Arithmetic>(
        block: &Block,
        images: &[f32],
        weights: &[f32],
        bias: &[f32],
        keep: bool,
    ) -> Forward {
        let keep = keep && !block.is_plain();
        if block.winograd {
            return winograd::forward::<A>(block, images, weights, bias, keep);
        }
        let images = padded::pad(block, images);
        forward::forward::<A>(&block.bare(), &images, weights, bias, keep)
    }

    /// A block's gradients.
    #[inline(always)]
    pub fn backward<A: Arithmetic>(
        block: &Block,
        images: &[f32],
        weights: &[f32],
        argmax: &[u32],
        gradients: &[f32],
        of_images: bool,
    ) -> Gradients {
        if block.winograd && block.is_plain() {
            return dense::backward::<A>(block, images, weights, gradients, of_images);
        }
        let images = padded::pad(block, images);
        let bare = block.bare();
        let found = sparse::backward::<A>(&bare, &images, weights, argmax, gradients, of_images);
        Gradients {
            images: padded::crop(block, found.images),
            ..found
        }
    }
}

/// Height and width of the kernel that Winograd's way is made for.
const KERNEL: usize = 3;
/// Largest height and width of a kernel.
pub const KERNEL_MAX: usize = 5;
/// Height and width of the pooling window.
pub const POOL: usize = 2;
/// Fewest channels with which [`Block::pays_winograd`]: below them the transforms cost more than the products that they save.
const WINOGRAD_CHANNELS_MIN: usize = 16;
/// In [`Forward::argmax`]: ReLU cut this output off, so no gradient passes.
const DEAD: u32 = 4;

/// Shapes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Number of images.
    pub images: usize,
    /// Height of an input.
    pub height: usize,
    /// Width of an input.
    pub width: usize,
    /// Channels of an input.
    pub inputs: usize,
    /// Channels of an output.
    pub filters: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Rows and columns of zeros on each side of an input.
    pub padding: usize,
    /// Whether 2 × 2 max-pooling with stride 2 follows.
    pub pool: bool,
    /// Whether ReLU follows, after the pooling if there is one.
    pub relu: bool,
    /// Whether it is computed by Winograd's way instead of the direct one.
    pub winograd: bool,
}

impl Block {
    /// Whether Winograd's way computes such convolutions, and has enough channels to pay.
    pub fn pays_winograd(kernel: usize, inputs: usize, filters: usize) -> bool {
        kernel == KERNEL && inputs.min(filters) >= WINOGRAD_CHANNELS_MIN
    }

    /// Whether neither pooling nor ReLU follows: every gradient counts, and no argmax is kept.
    pub fn is_plain(&self) -> bool {
        !self.pool && !self.relu
    }

    /// The same block of images that have their zeros.
    fn bare(&self) -> Self {
        Self {
            height: self.height + 2 * self.padding,
            width: self.width + 2 * self.padding,
            padding: 0,
            ..*self
        }
    }

    /// Outputs of the convolution, along each side, to one of the block.
    fn stride(&self) -> usize {
        if self.pool { POOL } else { 1 }
    }

    /// Height and width of an output; 0 where an input is smaller than the kernel.
    pub fn output_size(&self) -> [usize; 2] {
        [self.height, self.width]
            .map(|side| (side + 2 * self.padding + 1).saturating_sub(self.kernel) / self.stride())
    }

    /// `[n, height, width, channels]` of the output.
    pub fn output_shape(&self) -> [usize; 4] {
        let [height, width] = self.output_size();
        [self.images, height, width, self.filters]
    }

    /// Numbers in a row of an input image.
    fn row(&self) -> usize {
        self.width * self.inputs
    }

    /// Numbers of an input image.
    fn image(&self) -> usize {
        self.height * self.row()
    }

    /// Numbers of an output image.
    fn output_image(&self) -> usize {
        let [height, width] = self.output_size();
        height * width * self.filters
    }

    /// Numbers in one row of a window.
    fn segment(&self) -> usize {
        self.kernel * self.inputs
    }

    /// Numbers of a filter.
    fn filter(&self) -> usize {
        self.kernel * self.segment()
    }

    /// Where the four convolutions under a pooling window begin, from the first: codes 0 to 3 of
    /// [`Forward::argmax`]. Without pooling there is only the first.
    fn corners(&self) -> [usize; POOL * POOL] {
        let (right, down) = (self.inputs, self.row());
        [0, right, down, down + right]
    }

    /// Where the window of output (`row`, `column`) begins in its image, which has its zeros.
    fn window(&self, row: usize, column: usize) -> usize {
        row * self.stride() * self.row() + column * self.stride() * self.inputs
    }
}

/// A number of a filter, (`row`, `column`, `input`), in Burn's order, `[in, kernel, kernel]`.
fn in_burn(kernel: usize, row: usize, column: usize, input: usize) -> usize {
    (input * kernel + row) * kernel + column
}

#[cfg(test)]
mod tests;
