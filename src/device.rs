//! Where a backend is chosen: the only such place.
//!
//! Burn's `Device` carries the backend at run time, so everything after this room is the same code
//! on WebGPU, flex and ndarray. Never `Device::default()`: it prefers wgpu, whose lazy start blocks,
//! which panics in a browser.

use burn::tensor::Device;

use crate::error::Error;
use crate::protocol::{ActiveBackend, Backend};

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
        };
        Self { device, active }
    }
}

/// Opens the backend asked for; `auto` takes WebGPU on a hardware adapter and flex otherwise.
///
/// # Errors
/// [`Error::BackendUnavailable`] when a backend asked for by name cannot run here.
pub async fn open(requested: Backend) -> Result<OpenDevice, Error> {
    match requested {
        Backend::Auto => Ok(open_auto().await),
        Backend::Flex => Ok(flex(requested, "Chosen by name.".into())),
        Backend::Ndarray => ndarray(),
        Backend::Webgpu => webgpu(requested)
            .await
            .map_err(|problem| Error::BackendUnavailable {
                backend: "webgpu",
                problem,
            }),
    }
}

async fn open_auto() -> OpenDevice {
    match webgpu(Backend::Auto).await {
        Ok(open) => open,
        Err(problem) => flex(Backend::Auto, format!("On the CPU, because {problem}.")),
    }
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

/// Opens WebGPU, or says why not as the end of a sentence. A software adapter is taken only when
/// WebGPU was asked for by name: the CPU backend is many times faster than it.
#[cfg(feature = "webgpu")]
async fn webgpu(requested: Backend) -> Result<OpenDevice, String> {
    use std::sync::OnceLock;

    // A wgpu device can be initialised once in a module instance (cubecl 0.11: "a server is still
    // registered"), so it is kept.
    static DEVICE: OnceLock<Device> = OnceLock::new();

    let adapter = crate::platform::gpu_adapter().await?;
    if requested == Backend::Auto && adapter.is_fallback {
        return Err("the only GPU adapter is a software one, which is slower".into());
    }
    if !adapter.has_timestamp_query {
        return Err("the GPU adapter lacks timestamp-query, which Burn needs".into());
    }
    let device = match DEVICE.get() {
        Some(device) => device.clone(),
        None => {
            let device = Device::wgpu_options()
                .init_async()
                .await
                .map_err(|error| format!("the GPU device could not be opened ({error})"))?;
            DEVICE.get_or_init(|| device).clone()
        }
    };
    let reason = match requested {
        Backend::Auto => "On the GPU, because there is a hardware adapter.",
        _ => "Chosen by name.",
    };
    let (active, reason) = (Backend::Webgpu, reason.to_owned());
    let adapter = Some(adapter.description);
    Ok(OpenDevice::new(device, requested, active, reason, adapter))
}

#[cfg(not(feature = "webgpu"))]
#[allow(clippy::unused_async, reason = "the other half awaits")]
async fn webgpu(_requested: Backend) -> Result<OpenDevice, String> {
    // The same words natively and in the browser, so that the probe is not dead code here.
    crate::platform::gpu_adapter().await?;
    Err("this module was built without WebGPU".into())
}
