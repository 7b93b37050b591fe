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

/// The GPU adapter, or why there is none. A native program has no browser to ask.
///
/// # Errors
/// Always: a sentence's end.
#[allow(clippy::unused_async, reason = "the browser's side awaits")]
pub(crate) async fn gpu_adapter() -> Result<GpuAdapter, String> {
    Err("WebGPU is asked for in browsers only".into())
}

/// What `work` comes to. Natively nothing is known to hang.
#[cfg(feature = "webgpu")]
pub(crate) async fn within_patience<T>(work: impl Future<Output = T>) -> Option<T> {
    Some(work.await)
}
