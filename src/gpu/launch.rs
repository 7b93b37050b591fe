//! The kernels on their way to the GPU: buffers for what they write, and how many workgroups.

use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::ir::metadata::Info;
use burn_cubecl::cubecl::ir::{ElemType, UIntKind};
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::cubecl::server::KernelArguments;
use burn_cubecl::cubecl::{CubeKernel, PrecompiledSource};
use burn_cubecl::kernel::KernelMetadata;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

use crate::wgsl::{Kernel, WORKGROUP};

/// A kernel of our own text, as cubecl takes it.
struct OwnText<K>(K);

impl<K: Kernel> CubeKernel for OwnText<K> {
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

impl<K: Kernel> KernelMetadata for OwnText<K> {
    fn id(&self) -> KernelId {
        KernelId::new::<Self>()
            .info(self.0)
            .cube_dim(CubeDim::new_1d(WORKGROUP).0)
    }

    fn address_type(&self) -> ElemType {
        UIntKind::U32.into()
    }
}

/// Runs `kernel` in each of `layers`. The buffers are bound in order.
pub(super) fn launch(kernel: impl Kernel, layers: usize, buffers: &[&CubeTensor]) {
    let Some(first) = buffers.first() else {
        return;
    };
    let workgroups = kernel.invocations().div_ceil(WORKGROUP as usize);
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
pub(super) fn empty(like: &CubeTensor, shape: impl Into<Shape>, dtype: DType) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, shape.into(), dtype)
}
