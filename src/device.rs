//! Where a backend is chosen: the only such place.
//!
//! Burn's `Device` carries the backend at run time, so everything after this room is the same code
//! on WebGPU, flex and ndarray. Never `Device::default()`: it prefers wgpu, whose lazy start blocks,
//! which panics in a browser. Whether a GPU computes rightly is `self_check.rs`'s to find out; what
//! was found wrong is remembered here.

mod fitness;

use std::sync::OnceLock;

use burn::tensor::Device;

use crate::error::Error;
use crate::platform::{GpuAdapter, gpu_adapter};
use crate::protocol::{ActiveBackend, Backend, BackendStatus, Config, SelfCheck};

/// Why WebGPU was refused in this module, as the end of a sentence: once is enough.
static REFUSED: OnceLock<String> = OnceLock::new();

/// A device that runs, and what to tell people about it.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// Burn's handle, without autodiff.
    pub device: Device,
    /// Which backend it is and why.
    pub active: ActiveBackend,
}

impl OpenDevice {
    fn new(
        device: Device,
        requested: Backend,
        active: Backend,
        reason: String,
        adapter: Option<String>,
    ) -> Self {
        let active = ActiveBackend {
            requested,
            active,
            reason,
            adapter,
            workers: 1,
            self_check: None,
        };
        Self { device, active }
    }

    /// Notes what the self-check found.
    pub fn passed(&mut self, found: SelfCheck) {
        self.active.self_check = Some(found);
    }

    /// Leaves WebGPU for flex because of `problem`, the end of a sentence, for as long as this module
    /// lives.
    pub fn refuse(&mut self, problem: String) {
        let requested = self.active.requested;
        *self = flex_because(requested, &refusal(REFUSED.get_or_init(|| problem)));
    }
}

/// Opens the backend that `config` asks for; `auto` takes WebGPU on a hardware adapter that is large
/// enough and flex otherwise.
///
/// # Errors
/// [`Error::BackendUnavailable`] when a backend asked for by name cannot run here.
pub async fn open(config: &Config) -> Result<OpenDevice, Error> {
    match config.backend {
        Backend::Auto => Ok(open_auto(config).await),
        Backend::Flex => Ok(flex(Backend::Flex, "Chosen by name.".into())),
        Backend::Ndarray => ndarray(),
        Backend::Webgpu => webgpu(config)
            .await
            .map_err(|problem| Error::BackendUnavailable {
                backend: "webgpu",
                problem,
            }),
    }
}

/// True when `config` could run here on a backend that this module was built without. A host that has a
/// module with it loads that one; in this one `open` would fail, or `auto` would take flex.
pub async fn needs_other_module(config: &Config) -> bool {
    match config.backend {
        Backend::Flex => false,
        Backend::Ndarray => cfg!(not(feature = "ndarray")),
        Backend::Webgpu | Backend::Auto => {
            cfg!(not(feature = "webgpu")) && fit_adapter(config).await.is_ok()
        }
    }
}

/// The CPU's device, for a helper of a run on flex.
pub fn helper() -> Device {
    Device::flex()
}

/// Which backends can run here, and why not.
pub async fn backends() -> Vec<BackendStatus> {
    let ndarray = BackendStatus {
        backend: Backend::Ndarray,
        available: cfg!(feature = "ndarray"),
        in_other_module: cfg!(not(feature = "ndarray")),
        remark: Some("Many times slower than flex, and deprecated by Burn.".into()),
    };
    let flex = BackendStatus {
        backend: Backend::Flex,
        available: true,
        in_other_module: false,
        remark: None,
    };
    vec![webgpu_status().await, flex, ndarray]
}

async fn webgpu_status() -> BackendStatus {
    let config = Config {
        backend: Backend::Webgpu,
        ..Config::default()
    };
    let found = fit_adapter(&config).await;
    BackendStatus {
        backend: Backend::Webgpu,
        available: found.is_ok() && cfg!(feature = "webgpu"),
        in_other_module: found.is_ok() && cfg!(not(feature = "webgpu")),
        remark: match found {
            Ok(adapter) if adapter.is_fallback => {
                Some("There is only a software adapter, which is slower than the processor.".into())
            }
            Ok(_) => None,
            Err(problem) => Some(format!("It cannot run here: {problem}.")),
        },
    }
}

/// The adapter, if WebGPU can run on it, in this module or in another. A software adapter is taken only
/// when WebGPU was asked for by name: the CPU backend is many times faster than it.
async fn fit_adapter(config: &Config) -> Result<GpuAdapter, String> {
    if let Some(problem) = REFUSED.get() {
        return Err(refusal(problem));
    }
    let adapter = gpu_adapter().await?;
    fitness::check(&adapter, config)?;
    if config.backend == Backend::Auto && adapter.is_fallback {
        return Err("the only GPU adapter is a software one, which is slower".into());
    }
    Ok(adapter)
}

/// A refusal as the end of a sentence.
fn refusal(problem: &str) -> String {
    format!("the GPU was refused: {problem}")
}

async fn open_auto(config: &Config) -> OpenDevice {
    match webgpu(config).await {
        Ok(open) => open,
        Err(problem) => flex_because(Backend::Auto, &problem),
    }
}

fn flex_because(requested: Backend, problem: &str) -> OpenDevice {
    flex(requested, format!("On the CPU, because {problem}."))
}

fn flex(requested: Backend, reason: String) -> OpenDevice {
    OpenDevice::new(Device::flex(), requested, Backend::Flex, reason, None)
}

#[cfg(feature = "ndarray")]
fn ndarray() -> Result<OpenDevice, Error> {
    // `Device::ndarray()` is deprecated with the crate; the conversion of its device type is not.
    #[allow(
        deprecated,
        reason = "asked for by name; goes when burn drops the crate"
    )]
    let device = Device::new(burn_ndarray::NdArrayDevice::default());
    let reason = "Chosen by name; flex is many times faster.".into();
    let backend = Backend::Ndarray;
    Ok(OpenDevice::new(device, backend, backend, reason, None))
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<OpenDevice, Error> {
    Err(Error::BackendUnavailable {
        backend: "ndarray",
        problem: "this module was built without it".into(),
    })
}

/// Opens WebGPU, or says why not as the end of a sentence.
async fn webgpu(config: &Config) -> Result<OpenDevice, String> {
    let adapter = fit_adapter(config).await?;
    let requested = config.backend;
    let device = webgpu_device().await?;
    let reason = match requested {
        Backend::Auto => "On the GPU, because there is a hardware adapter.",
        _ => "Chosen by name.",
    };
    let (active, reason) = (Backend::Webgpu, reason.to_owned());
    let adapter = Some(adapter.description);
    Ok(OpenDevice::new(device, requested, active, reason, adapter))
}

#[cfg(feature = "webgpu")]
async fn webgpu_device() -> Result<Device, String> {
    use crate::platform::within_patience;

    // A wgpu device can be initialised once in a module instance (cubecl 0.11: "a server is still
    // registered"), so it is kept.
    static DEVICE: OnceLock<Device> = OnceLock::new();

    if let Some(device) = DEVICE.get() {
        return Ok(device.clone());
    }
    #[cfg(target_arch = "wasm32")]
    crate::platform::run_constructors();
    let device = within_patience(Device::wgpu_options().init_async())
        .await
        .ok_or("the GPU device did not open within seconds")?
        .map_err(|error| format!("the GPU device could not be opened ({error})"))?;
    Ok(DEVICE.get_or_init(|| device).clone())
}

#[cfg(not(feature = "webgpu"))]
#[allow(clippy::unused_async, reason = "the other half awaits")]
async fn webgpu_device() -> Result<Device, String> {
    Err("this module was built without WebGPU".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs_other(backend: Backend) -> bool {
        let config = Config {
            backend,
            ..Config::default()
        };
        pollster::block_on(needs_other_module(&config))
    }

    #[test]
    fn another_module_is_needed_only_for_what_this_one_was_built_without() {
        assert!(!needs_other(Backend::Flex));
        assert_eq!(
            needs_other(Backend::Ndarray),
            cfg!(not(feature = "ndarray"))
        );
        // A native program has no adapter that another module could use.
        assert!(!needs_other(Backend::Auto) && !needs_other(Backend::Webgpu));
        for status in pollster::block_on(backends()) {
            assert_eq!(status.in_other_module, needs_other(status.backend));
        }
    }
}
