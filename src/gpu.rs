//! A training step's parts as single WebGPU kernels, with their own backward passes: WGSL written for small
//! maps (`wgsl.rs` has the texts), behind Burn's extension mechanism.
//!
//! Why not Burn's operators: without autotune (which fails in a browser) they lay every tensor out anew
//! and choose matrix kernels for large matrices, they compute in full the gradients that pooling leaves
//! three quarters empty, and a step is some hundred dispatches.
//!
//! This is not where it is decided what a network is (`model.rs`) or what a step is (`train.rs`), and it
//! runs on no other backend: those rooms ask [`runs_on`] and use Burn's operators elsewhere.

mod adam;
mod block;
mod classify;
mod dense;
mod images;
mod launch;

use burn::backend::DispatchDevice;
use burn::tensor::Device;
use burn_cubecl::cubecl::Device as CubeDevice;

pub use crate::wgsl::adam::Constants;
pub use crate::wgsl::block::Block;
pub use crate::wgsl::images::Laying;
pub use adam::adam;
pub use block::block;
pub use classify::{Classified, classify};
pub use dense::dense;
pub use images::{Images, Pick};

/// True on the devices that these kernels run on: wgpu's, where it takes WGSL.
pub fn runs_on(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Cube(device) => takes_wgsl(device),
        DispatchDevice::Autodiff(_) => runs_on(&device.clone().inner()),
        _ => false,
    }
}

/// In a browser wgpu takes nothing else, so nothing is looked up there. Natively its compiler follows from the
/// adapter and from what other crates turned on: it may be SPIR-V's or Metal's.
fn takes_wgsl(device: &CubeDevice) -> bool {
    let CubeDevice::Wgpu(_) = device else {
        return false;
    };
    cfg!(target_family = "wasm") || device.client().name() == "wgpu<wgsl>"
}
