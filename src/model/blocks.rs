//! Layers on feature maps, taken together where a device has a kernel for several of them.
//!
//! On flex all of them go through `block.rs` or none, because its images have their channels last; on WebGPU
//! `gpu.rs` takes what it can and leaves the rest to Burn's own operators.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

use super::MapLayer;
use crate::block;
#[cfg(feature = "webgpu")]
use crate::gpu;
use crate::kernels::{KERNEL, POOL};

/// A convolution, its ReLU and the pooling that may follow.
pub(super) struct ConvBlock<'a> {
    conv: &'a Conv2d,
    bias: &'a Param<Tensor<1>>,
    pool: bool,
}

impl<'a> ConvBlock<'a> {
    fn of(conv: &'a Conv2d) -> Option<Self> {
        let [_, _, height, width] = conv.weight.dims();
        let bias = conv.bias.as_ref()?;
        let fits = [height, width] == [KERNEL, KERNEL];
        fits.then_some(Self {
            conv,
            bias,
            pool: false,
        })
    }
}

/// The layers as flex's blocks; none where one of them is not made for it.
pub(super) fn blocks_of(layers: &[MapLayer]) -> Option<Vec<ConvBlock<'_>>> {
    let mut blocks: Vec<ConvBlock> = Vec::with_capacity(layers.len());
    for layer in layers {
        match layer {
            MapLayer::Conv2d(conv) => blocks.push(ConvBlock::of(conv)?),
            MapLayer::MaxPool2d(pool) => {
                let last = blocks.last_mut().filter(|block| !block.pool)?;
                last.pool = pool.kernel_size == [POOL, POOL];
                if !last.pool {
                    return None;
                }
            }
        }
    }
    Some(blocks)
}

/// Computes flex's blocks.
///
/// # Shapes
/// `[n, 3, 32, 32]` → `[n, 64, 4, 4]`; in between channels come last.
pub(super) fn forward_blocks(blocks: &[ConvBlock], images: Tensor<4>) -> Tensor<4> {
    let mut maps = images.permute([0, 2, 3, 1]); // [n, 32, 32, 3]
    for ConvBlock { conv, bias, pool } in blocks {
        // [n, 15, 15, 32], then [n, 6, 6, 64], then [n, 4, 4, 64]
        maps = block::block(maps, conv.weight.val(), bias.val(), *pool);
    }
    maps.permute([0, 3, 1, 2])
}

/// What the GPU's own kernels take of `layers` at once, and how many layers that is.
#[cfg(feature = "webgpu")]
pub(super) fn gpu_block(
    layers: &[MapLayer],
    maps: &Tensor<4>,
) -> Option<(Tensor<4>, Tensor<1>, gpu::Block, usize)> {
    let [MapLayer::Conv2d(conv), after @ ..] = layers else {
        return None;
    };
    let [_, channels, height, width] = maps.dims();
    let [filters, _, kernel, _] = conv.weight.dims();
    let (pool, taken) = match after {
        [MapLayer::MaxPool2d(pool), ..] => (pool.kernel_size[0], 2),
        _ => (1, 1),
    };
    let block = gpu::Block {
        channels,
        height,
        width,
        filters,
        kernel,
        pool,
    };
    if !block.fits() || !gpu::runs_on(&maps.device()) {
        return None;
    }
    let bias = conv.bias.as_ref()?.val();
    Some((conv.weight.val(), bias, block, taken))
}
