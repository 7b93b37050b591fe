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

pub use crate::wgsl::adam::Constants;
pub use crate::wgsl::block::Block;
pub use adam::adam;
pub use block::block;
pub use classify::{Classified, classify};
pub use dense::dense;
pub use images::{Images, Pick};

/// True on the devices that these kernels run on.
pub fn runs_on(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Cube(_) => true,
        DispatchDevice::Autodiff(_) => runs_on(&device.clone().inner()),
        _ => false,
    }
}
