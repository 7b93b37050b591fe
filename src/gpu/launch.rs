//! The kernels on their way to the GPU: buffers for what they write, and how many workgroups.

use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::ir::metadata::Info;
use burn_cubecl::cubecl::ir::{ElemType, UIntKind};
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::cubecl::server::KernelArguments;
use burn_cubecl::cubecl::{CubeKernel, PrecompiledSource};
use burn_cubecl::kernel::{KernelMetadata, into_contiguous};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::wgsl::{Kernel, Parts, WORKGROUP};
use super::{Block, BlockBackward, BlockForward, input_shape, output_shape, spread_shape};

/// A kernel of our own text, as cubecl takes it.
struct OwnText(Kernel);

impl CubeKernel for OwnText {
    /// Only a key: with a text of its own, a kernel is not compiled from this.
    fn define(&self) -> KernelDefinition {
        let settings = KernelSettings::new(
            CubeDim::new_1d(WORKGROUP).0,
            ExecutionMode::Checked,
            AddressType::U32,
        );
        KernelDefinition {
            body: Scope::root(settings.clone()),
            settings,
            info: Info::default(),
        }
    }

    fn source(&self) -> Option<PrecompiledSource> {
        Some(PrecompiledSource {
            source: self.0.text(),
            entrypoint_name: "main".to_owned(),
            lang: "wgsl",
        })
    }
}

impl KernelMetadata for OwnText {
    fn id(&self) -> KernelId {
        KernelId::new::<Self>()
            .info(self.0)
            .cube_dim(CubeDim::new_1d(WORKGROUP).0)
    }

    fn address_type(&self) -> ElemType {
        UIntKind::U32.into()
    }
}

/// Runs `kernel` once for each of `invocations`, in each of `layers`. The buffers are bound in order.
fn launch(kernel: Kernel, invocations: usize, layers: usize, buffers: &[&CubeTensor]) {
    let Some(first) = buffers.first() else {
        return;
    };
    let workgroups = invocations.div_ceil(WORKGROUP as usize);
    let arguments = buffers.iter().fold(KernelArguments::new(), |all, buffer| {
        all.with_buffer(buffer.handle.clone().binding())
    });
    // Each below WebGPU's 65,535 a dimension: a layer is a record, or a share of them.
    let count = CubeCount::Static(workgroups as u32, layers as u32, 1);
    first
        .client
        .launch(Box::new(OwnText(kernel)), count, arguments);
}

/// A new buffer on `like`'s device.
fn empty(like: &CubeTensor, shape: impl Into<Shape>, dtype: DType) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, shape.into(), dtype)
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
        let kernel = Kernel::Forward(block);
        let buffers = [&input, &weight, &bias, &output, &choice];
        launch(kernel, kernel.invocations(), records, &buffers);
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
        let kernel = Kernel::Spread { block, pad };
        let buffers = [&gradient, &choice, &spread];
        launch(kernel, kernel.invocations(), records, &buffers);
        spread
    }

    fn block_input_gradient(spread: CubeTensor, weight: CubeTensor, block: Block) -> CubeTensor {
        let weight = into_contiguous(weight);
        let records = spread.meta.shape()[0];
        let gradient = empty(&spread, input_shape(records, &block), DType::F32);
        let kernel = Kernel::InputGradient(block);
        let buffers = [&spread, &weight, &gradient];
        launch(kernel, kernel.invocations(), records, &buffers);
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
        let numbers = block.weights() + block.filters;
        let shares = empty(&input, [parts.count(), numbers], DType::F32);
        let kernel = Kernel::WeightShares { block, pad, parts };
        let buffers = [&input, &spread, &shares];
        launch(kernel, kernel.invocations(), parts.count(), &buffers);

        let weight = empty(&input, super::weight_shape(&block), DType::F32);
        let bias = empty(&input, [block.filters], DType::F32);
        let kernel = Kernel::SumShares { block, parts };
        launch(kernel, kernel.invocations(), 1, &[&shares, &weight, &bias]);
        (weight, bias)
    }
}
