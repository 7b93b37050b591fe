//! What differs between a browser and a native program, behind one API.
//!
//! `std::time::Instant` panics in a browser's wasm, and there is no thread to sleep on: everything
//! else in this crate asks here, so that no room meets that bug by accident.

#[cfg(target_arch = "wasm32")]
mod allocator;
#[cfg(target_arch = "wasm32")]
mod constructors;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(target_arch = "wasm32")]
pub(crate) use constructors::run_constructors;
#[cfg(all(not(target_arch = "wasm32"), feature = "webgpu"))]
pub(crate) use native::within_patience;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{block_on, gpu_adapter, now_ms};
#[cfg(all(target_arch = "wasm32", feature = "webgpu"))]
pub(crate) use wasm::within_patience;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::{gpu_adapter, now_ms, yield_now};

/// What has to be known of a GPU before Burn may touch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GpuAdapter {
    /// Vendor and architecture as the browser tells them.
    pub description: String,
    /// True for a software adapter.
    pub is_fallback: bool,
    /// True when it has `timestamp-query`, without which cubecl 0.11 panics at the first operation.
    pub has_timestamp_query: bool,
    /// `maxStorageBuffersPerShaderStage`.
    pub storage_buffers: u64,
    /// `maxComputeInvocationsPerWorkgroup`.
    pub invocations: u64,
    /// `maxComputeWorkgroupStorageSize`.
    pub workgroup_bytes: u64,
    /// `maxStorageBufferBindingSize`.
    pub buffer_bytes: u64,
}
