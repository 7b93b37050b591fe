//! Convolution, ReLU and max-pooling as one operation.
//!
//! One invocation keeps a tile of sums in registers, and the forward pass takes one dispatch. What it
//! cannot compute, Burn's operators do ([`Block::fits`]).

mod autodiff;

use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
use burn::tensor::{DType, Shape, Tensor};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::launch::{empty, launch};
use crate::wgsl::block::{Block, Forward, InputGradient, Parts, Spread, SumShares, WeightShares};

/// The forward pass, on the GPU and with gradients.
#[backend_extension(Cube, Fusion, Autodiff)]
pub trait BlockForward: Backend {
    /// Pooled maps and which place of each window they came from: its number row by row, or −1 where
    /// ReLU let nothing through.
    ///
    /// # Shapes
    /// Input `[n, channels, height, width]`, weight `[filters, channels, kernel, kernel]`, bias
    /// `[filters]` → twice `[n, filters, output height, output width]`.
    #[fusion(meta = forward_specs)]
    fn block(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        block: Block,
    ) -> (FloatTensor<Self>, IntTensor<Self>);
}

/// The parts of the backward pass, on the GPU.
#[backend_extension(Cube, Fusion)]
pub trait BlockBackward: Backend {
    /// The gradient of the convolution's output, from that of the block's: zero but at the chosen places.
    /// With `pad`, it has a border of `kernel − 1` zeros, for [`BlockBackward::block_input_gradient`].
    ///
    /// # Shapes
    /// Twice the block's output → `[n, filters, …]`, the sides without a border those under windows.
    #[fusion(meta = spread_specs)]
    fn block_spread_gradient(
        gradient: FloatTensor<Self>,
        choice: IntTensor<Self>,
        block: Block,
        pad: bool,
    ) -> FloatTensor<Self>;

    /// The input's gradient from a spread one with a border.
    ///
    /// # Shapes
    /// → `[n, channels, height, width]`
    #[fusion(meta = input_specs)]
    fn block_input_gradient(
        spread: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        block: Block,
    ) -> FloatTensor<Self>;

    /// The gradients of weight and bias from a spread one, with a border if `pad`.
    ///
    /// # Shapes
    /// → `[filters, channels, kernel, kernel]` and `[filters]`
    #[fusion(meta = weight_specs)]
    fn block_weight_gradient(
        input: FloatTensor<Self>,
        spread: FloatTensor<Self>,
        block: Block,
        pad: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The block's output; with gradients where its inputs have them.
///
/// # Shapes
/// As [`BlockForward::block`].
pub fn block(input: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, block: Block) -> Tensor<4> {
    let (output, _) = <Dispatch as BlockForward>::block(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        block,
    );
    Tensor::from_dispatch(output)
}

fn spec(shape: [usize; 4], dtype: DType) -> TensorSpec {
    TensorSpec::new(Shape::from(shape), dtype)
}

fn forward_specs(
    input: &TensorSpec,
    _weight: &TensorSpec,
    _bias: &TensorSpec,
    block: &Block,
) -> (TensorSpec, TensorSpec) {
    let shape = output_shape(input.shape[0], block);
    (spec(shape, input.dtype), spec(shape, DType::I32))
}

fn output_shape(records: usize, block: &Block) -> [usize; 4] {
    let [height, width] = block.output();
    [records, block.filters, height, width]
}

fn spread_specs(gradient: &TensorSpec, _: &TensorSpec, block: &Block, pad: &bool) -> TensorSpec {
    spec(spread_shape(gradient.shape[0], block, *pad), gradient.dtype)
}

fn spread_shape(records: usize, block: &Block, pad: bool) -> [usize; 4] {
    let [height, width] = block.spread(pad);
    [records, block.filters, height, width]
}

fn input_specs(spread: &TensorSpec, _: &TensorSpec, block: &Block) -> TensorSpec {
    spec(input_shape(spread.shape[0], block), spread.dtype)
}

fn input_shape(records: usize, block: &Block) -> [usize; 4] {
    [records, block.channels, block.height, block.width]
}

fn weight_shape(block: &Block) -> [usize; 4] {
    [block.filters, block.channels, block.kernel, block.kernel]
}

fn weight_specs(
    _: &TensorSpec,
    spread: &TensorSpec,
    block: &Block,
    _: &bool,
) -> (TensorSpec, TensorSpec) {
    let bias = TensorSpec::new(Shape::from([block.filters]), spread.dtype);
    (spec(weight_shape(block), spread.dtype), bias)
}

impl BlockForward for CubeBackend {
    fn block(
        input: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        block: Block,
    ) -> (CubeTensor, CubeTensor) {
        let [input, weight, bias] = [input, weight, bias].map(into_contiguous);
        let records = input.meta.shape()[0];
        let shape = output_shape(records, &block);
        let output = empty(&input, shape, DType::F32);
        let choice = empty(&input, shape, DType::I32);
        let kernel = Forward(block);
        let buffers = [&input, &weight, &bias, &output, &choice];
        launch(kernel, records, &buffers);
        (output, choice)
    }
}

impl BlockBackward for CubeBackend {
    fn block_spread_gradient(
        gradient: CubeTensor,
        choice: CubeTensor,
        block: Block,
        pad: bool,
    ) -> CubeTensor {
        let gradient = into_contiguous(gradient);
        let records = gradient.meta.shape()[0];
        let spread = empty(&gradient, spread_shape(records, &block, pad), DType::F32);
        let kernel = Spread { block, pad };
        let buffers = [&gradient, &choice, &spread];
        launch(kernel, records, &buffers);
        spread
    }

    fn block_input_gradient(spread: CubeTensor, weight: CubeTensor, block: Block) -> CubeTensor {
        let weight = into_contiguous(weight);
        let records = spread.meta.shape()[0];
        let gradient = empty(&spread, input_shape(records, &block), DType::F32);
        let kernel = InputGradient(block);
        let buffers = [&spread, &weight, &gradient];
        launch(kernel, records, &buffers);
        gradient
    }

    fn block_weight_gradient(
        input: CubeTensor,
        spread: CubeTensor,
        block: Block,
        pad: bool,
    ) -> (CubeTensor, CubeTensor) {
        let input = into_contiguous(input);
        let parts = Parts::new(input.meta.shape()[0], &block);
        let shares = empty(&input, [parts.count(), block.numbers()], DType::F32);
        let kernel = WeightShares { block, pad, parts };
        let buffers = [&input, &spread, &shares];
        launch(kernel, parts.count(), &buffers);

        let weight = empty(&input, weight_shape(&block), DType::F32);
        let bias = empty(&input, [block.filters], DType::F32);
        let kernel = SumShares { block, parts };
        launch(kernel, 1, &[&shares, &weight, &bias]);
        (weight, bias)
    }
}
