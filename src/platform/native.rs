//! The native side: the command line, tests, benches, other programs.

use std::sync::LazyLock;
use std::time::Instant;

use super::GpuAdapter;

#[allow(clippy::disallowed_methods, reason = "this is the native side")]
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Milliseconds since some fixed moment of this process.
pub(crate) fn now_ms() -> f64 {
    START.elapsed().as_secs_f64() * 1e3
}

/// What `work` comes to. The thread sleeps while there is nothing to do.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    pollster::block_on(work)
}

/// The graphics card that the system offers, or why there is none, as the end of a sentence.
///
/// # Errors
/// There is none.
#[cfg(feature = "webgpu")]
pub(crate) async fn gpu_adapter() -> Result<GpuAdapter, String> {
    use burn_wgpu::wgpu::{
        Backends, DeviceType, Features, Instance, InstanceDescriptor, PowerPreference,
        RequestAdapterOptions,
    };

    let instance = Instance::new(InstanceDescriptor {
        backends: Backends::PRIMARY,
        ..InstanceDescriptor::new_without_display_handle()
    });
    // As Burn asks for it: a machine may have two.
    let asked = RequestAdapterOptions {
        power_preference: PowerPreference::HighPerformance,
        ..RequestAdapterOptions::default()
    };
    let adapter = instance.request_adapter(&asked).await;
    let adapter = adapter.map_err(|error| format!("no graphics card was found ({error})"))?;
    let (info, limits) = (adapter.get_info(), adapter.limits());
    Ok(GpuAdapter {
        description: format!("{} ({})", info.name, info.backend),
        is_fallback: info.device_type == DeviceType::Cpu,
        has_timestamp_query: adapter.features().contains(Features::TIMESTAMP_QUERY),
        storage_buffers: limits.max_storage_buffers_per_shader_stage.into(),
        invocations: limits.max_compute_invocations_per_workgroup.into(),
        workgroup_bytes: limits.max_compute_workgroup_storage_size.into(),
        buffer_bytes: limits.max_storage_buffer_binding_size,
    })
}

/// Why there is no GPU adapter, as the end of a sentence.
///
/// # Errors
/// Always.
#[cfg(not(feature = "webgpu"))]
#[allow(clippy::unused_async, reason = "the other half awaits")]
pub(crate) async fn gpu_adapter() -> Result<GpuAdapter, String> {
    Err("this program was built without WebGPU".into())
}

/// What `work` comes to. Natively nothing is known to hang.
#[cfg(feature = "webgpu")]
pub(crate) async fn within_patience<T>(work: impl Future<Output = T>) -> Option<T> {
    Some(work.await)
}
