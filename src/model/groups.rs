//! Lowering: neighbouring layers are grouped into what a device has a kernel for. A layer that no kernel knows costs
//! only its own group the fast way: it is computed by Burn's operators, and its neighbours are not.

use std::collections::BTreeSet;

use burn::tensor::Device;

use crate::block;
#[cfg(feature = "webgpu")]
use crate::gpu;
use crate::kernels::{self, ArithmeticKind, KERNEL_MAX, POOL};
use crate::network::PlannedLayer;
use crate::protocol::{Activation, Arithmetic, Conv, Layer, Padding, Window};

/// Whose kernels a device has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernels {
    /// None: Burn's operators.
    None,
    /// `block.rs`'s, on flex, which round so.
    Flex(ArithmeticKind),
    /// `gpu.rs`'s, on WebGPU.
    #[cfg(feature = "webgpu")]
    WebGpu,
}

impl Kernels {
    /// The fastest.
    pub(super) fn of(device: &Device) -> Self {
        #[cfg(feature = "webgpu")]
        if gpu::runs_on(device) {
            return Self::WebGpu;
        }
        if block::runs_on(device) {
            Self::Flex(kernels::fastest().arithmetic)
        } else {
            Self::None
        }
    }

    /// The same, rounding so where there is a choice.
    pub(super) fn rounding(self, arithmetic: Arithmetic) -> Self {
        match (self, arithmetic) {
            (Self::Flex(_), Arithmetic::Portable) => Self::Flex(ArithmeticKind::Portable),
            (kernels, _) => kernels,
        }
    }
}

/// What computes a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Burn's operators, one a layer.
    Operators,
    /// The groups of a residual layer's own layers.
    Residual(Vec<Group>),
    /// Convolution, and the max-pooling and the ReLU that may follow, on flex.
    Block(block::Kind),
    /// Batch normalisation, and the activation that may follow, on flex.
    Norm(Option<kernels::Activation>),
    /// An activation by itself, on flex.
    Activation(kernels::Activation),
    /// Convolution, ReLU and the pooling that may follow on WebGPU.
    #[cfg(feature = "webgpu")]
    GpuBlock(gpu::Block),
    /// A dense layer, and the ReLU that may follow, on WebGPU.
    #[cfg(feature = "webgpu")]
    GpuDense {
        /// Whether ReLU follows.
        relu: bool,
    },
}

/// Layers that are computed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Place of the first layer in its list.
    pub first: usize,
    /// Number of layers.
    pub layers: usize,
    /// What computes them.
    pub kernel: Kernel,
}

/// The groups of a list of layers, in their order.
pub(super) fn lower(layers: &[PlannedLayer], kernels: Kernels) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut first = 0;
    while let Some(rest) = layers.get(first..).filter(|rest| !rest.is_empty()) {
        let (kernel, taken) = next(rest, kernels);
        match groups.last_mut() {
            // What no kernel knows is one group with its neighbours of the kind.
            Some(last) if last.kernel == Kernel::Operators && kernel == Kernel::Operators => {
                last.layers += taken;
            }
            _ => groups.push(Group {
                first,
                layers: taken,
                kernel,
            }),
        }
        first += taken;
    }
    groups
}

/// What computes the first of `layers`, and how many with it.
fn next(layers: &[PlannedLayer], kernels: Kernels) -> (Kernel, usize) {
    if let Some(layer) = layers.first()
        && let Layer::Residual { .. } = layer.layer
    {
        return (Kernel::Residual(lower(&layer.inner, kernels)), 1);
    }
    let found = match kernels {
        Kernels::None => None,
        Kernels::Flex(arithmetic) => flex(layers, arithmetic)
            .or_else(|| norm(layers))
            .or_else(|| Some((Kernel::Activation(activation(layers.first()?)?), 1))),
        #[cfg(feature = "webgpu")]
        Kernels::WebGpu => webgpu(layers),
    };
    found.unwrap_or((Kernel::Operators, 1))
}

/// A convolution by steps of one pixel: what all blocks begin with.
fn conv(layers: &[PlannedLayer]) -> Option<(&PlannedLayer, &Conv, &[PlannedLayer])> {
    let (layer, after) = layers.split_first()?;
    let Layer::Conv(conv) = &layer.layer else {
        return None;
    };
    (conv.stride == 1).then_some((layer, conv, after))
}

/// Zeros on each side; none where one side has more of them than the other.
fn padding(conv: &Conv) -> Option<usize> {
    let kernel = conv.kernel as usize;
    match conv.padding {
        Padding::Valid => Some(0),
        Padding::Same => (kernel % 2 == 1).then_some(kernel / 2),
    }
}

fn is_relu(layer: &PlannedLayer) -> bool {
    layer.layer == Layer::Activation(Activation::Relu)
}

fn max_pool(layers: &[PlannedLayer]) -> Option<usize> {
    match layers.first()?.layer {
        Layer::MaxPool(Window { size }) => Some(size as usize),
        _ => None,
    }
}

/// ReLU and max-pooling, in either order: of numbers that are pooled, the largest is the same.
fn flex(layers: &[PlannedLayer], arithmetic: ArithmeticKind) -> Option<(Kernel, usize)> {
    let (_, conv, after) = conv(layers)?;
    if conv.kernel as usize > KERNEL_MAX {
        return None;
    }
    let pools = |at: usize| max_pool(after.get(at..).unwrap_or_default()) == Some(POOL);
    let rectifies = |at: usize| after.get(at).is_some_and(is_relu);
    let (pool, relu) = match (pools(0), rectifies(0)) {
        (true, _) => (true, rectifies(1)),
        (_, true) => (pools(1), true),
        _ => (false, false),
    };
    let kind = block::Kind {
        padding: padding(conv)?,
        pool,
        relu,
        arithmetic,
    };
    let taken = 1 + usize::from(pool) + usize::from(relu);
    Some((Kernel::Block(kind), taken))
}

fn norm(layers: &[PlannedLayer]) -> Option<(Kernel, usize)> {
    let (layer, after) = layers.split_first()?;
    let joined = after.first().and_then(activation);
    let is_norm = matches!(layer.layer, Layer::BatchNorm(_));
    is_norm.then_some((Kernel::Norm(joined), 1 + usize::from(joined.is_some())))
}

fn activation(layer: &PlannedLayer) -> Option<kernels::Activation> {
    match layer.layer {
        Layer::Activation(Activation::Relu) => Some(kernels::Activation::Relu),
        Layer::Activation(Activation::Gelu) => Some(kernels::Activation::Gelu),
        Layer::Activation(Activation::Silu) => Some(kernels::Activation::Silu),
        _ => None,
    }
}

#[cfg(feature = "webgpu")]
fn webgpu(layers: &[PlannedLayer]) -> Option<(Kernel, usize)> {
    gpu_block(layers).or_else(|| gpu_dense(layers))
}

#[cfg(feature = "webgpu")]
fn gpu_block(layers: &[PlannedLayer]) -> Option<(Kernel, usize)> {
    let (layer, conv, after) = conv(layers)?;
    let (relu, after) = after.split_first()?;
    if conv.padding != Padding::Valid || conv.bias.is_none() || !is_relu(relu) {
        return None;
    }
    let crate::network::Shape::Maps([channels, height, width]) = layer.input else {
        return None;
    };
    let of = |pool| gpu::Block {
        channels,
        height,
        width,
        filters: conv.filters as usize,
        kernel: conv.kernel as usize,
        pool,
    };
    let pooled = max_pool(after).map(of).filter(gpu::Block::fits);
    let plain = of(1);
    match pooled {
        Some(block) => Some((Kernel::GpuBlock(block), 3)),
        None => plain.fits().then_some((Kernel::GpuBlock(plain), 2)),
    }
}

#[cfg(feature = "webgpu")]
fn gpu_dense(layers: &[PlannedLayer]) -> Option<(Kernel, usize)> {
    let Layer::Dense(dense) = &layers.first()?.layer else {
        return None;
    };
    dense.bias?;
    let relu = layers.get(1).is_some_and(is_relu);
    let taken = if relu { 2 } else { 1 };
    Some((Kernel::GpuDense { relu }, taken))
}

/// How the blocks among the groups round; none where there is no block.
pub(super) fn arithmetic_of(groups: &[Group]) -> Option<ArithmeticKind> {
    groups.iter().find_map(|group| match &group.kernel {
        Kernel::Block(kind) => Some(kind.arithmetic),
        Kernel::Residual(inner) => arithmetic_of(inner),
        _ => None,
    })
}

/// Names of the layers that a kernel of our own computes.
pub(super) fn names_of_kernels(groups: &[Group], layers: &[PlannedLayer]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for group in groups {
        let of_group = layers.iter().skip(group.first).take(group.layers);
        match &group.kernel {
            Kernel::Operators => {}
            Kernel::Residual(inner) => {
                for layer in of_group {
                    names.extend(names_of_kernels(inner, &layer.inner));
                }
            }
            _ => names.extend(of_group.map(|layer| layer.name.clone())),
        }
    }
    names
}
