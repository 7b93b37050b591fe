//! Where a backend is chosen: the only such place.
//!
//! Burn's `Device` carries the backend at run time, so everything after this room is the same code
//! on WebGPU, flex and ndarray. Never `Device::default()`: it prefers wgpu, whose lazy start blocks,
//! which panics in a browser. Whether a GPU computes rightly is `self_check.rs`'s to find out; what
//! was found wrong is remembered here.

mod limits;

use std::sync::{Mutex, OnceLock};

use burn::tensor::Device;

use crate::error::Error;
use crate::platform::{GpuAdapter, gpu_adapter};
use crate::protocol::{ActiveBackend, Backend, BackendStatus, Config, NetworkChoice, SelfCheck};

/// Why WebGPU was refused in this module, as the end of a sentence: once is enough.
static REFUSED: OnceLock<String> = OnceLock::new();

/// Why there is no module with more backends to go over to, as the end of a sentence.
static NO_OTHER_MODULE: OnceLock<String> = OnceLock::new();

/// What was timed in this module, for which run: once is enough.
static TIMED: Mutex<Vec<(Key, Timed)>> = Mutex::new(Vec::new());

/// What a step's time depends on: batch, workers and network.
type Key = (u32, u32, NetworkChoice);

fn key(config: &Config) -> Key {
    (config.batch, config.workers, config.network.clone())
}

/// How long a step takes on the GPU and on the CPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// Milliseconds on the GPU.
    pub gpu_step_ms: f64,
    /// Milliseconds on the CPU.
    pub cpu_step_ms: f64,
    /// Number of workers that the CPU's step took.
    pub workers: usize,
}

impl Timed {
    fn is_cpu_faster(&self) -> bool {
        self.cpu_step_ms < self.gpu_step_ms
    }

    /// Which one is taken, and by how much it is faster, for people.
    fn reason(&self) -> String {
        let times = |slow: f64, fast: f64| {
            let ratio = slow / fast.max(f64::MIN_POSITIVE);
            let decimals = usize::from(ratio < 10.0);
            format!("{ratio:.decimals$} times as fast")
        };
        let (gpu, cpu) = (self.gpu_step_ms, self.cpu_step_ms);
        if self.is_cpu_faster() {
            let workers = match self.workers {
                1 => String::new(),
                many => format!(" with {many} workers"),
            };
            let than = times(gpu, cpu);
            format!(
                "On the CPU, where a step took {cpu:.1} ms{workers} in a short trial: {than} as on the GPU."
            )
        } else {
            let than = times(cpu, gpu);
            format!(
                "On the GPU, where a step took {gpu:.1} ms in a short trial: {than} as on the CPU."
            )
        }
    }
}

/// What was timed for `config`'s batch, workers and network.
pub fn timed(config: &Config) -> Option<Timed> {
    let key = key(config);
    let all = TIMED.lock().ok()?;
    let found = all.iter().rev().find(|(of, _)| *of == key);
    found.map(|(_, timed)| *timed)
}

/// Keeps what was timed for `config`'s batch, workers and network.
pub fn keep_timed(config: &Config, timed: Timed) {
    if let Ok(mut all) = TIMED.lock() {
        all.push((key(config), timed));
    }
}

/// A device that runs, and what to tell people about it.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// Burn's handle, without autodiff.
    pub device: Device,
    /// Which backend it is and why.
    pub active: ActiveBackend,
    /// Most records that are measured at a time.
    pub measure_batch_max: usize,
}

impl OpenDevice {
    fn new(
        device: Device,
        requested: Backend,
        active: Backend,
        reason: String,
        adapter: Option<(GpuAdapter, usize)>,
    ) -> Self {
        let measure_batch_max = adapter.as_ref().map_or(0, |(_, most)| *most);
        let adapter = adapter.map(|(adapter, _)| adapter.description);
        let active = ActiveBackend {
            requested,
            active,
            reason,
            adapter,
            workers: 1,
            self_check: None,
        };
        Self {
            device,
            active,
            measure_batch_max,
        }
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

    /// Takes the faster one.
    pub fn decide(&mut self, timed: Timed) {
        if timed.is_cpu_faster() {
            *self = flex(self.active.requested, timed.reason());
        } else {
            self.active.reason = timed.reason();
        }
    }
}

/// Opens the backend that `config` asks for; `auto` takes WebGPU on a hardware adapter that is large
/// enough and was not slower than the CPU, and flex otherwise.
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
/// module with it loads that one; in this one `open` would fail, or `auto` would take flex. Never after
/// [`no_other_module`].
pub async fn needs_other_module(config: &Config) -> bool {
    if NO_OTHER_MODULE.get().is_some() {
        return false;
    }
    match config.backend {
        Backend::Flex => false,
        Backend::Ndarray => cfg!(not(feature = "ndarray")),
        Backend::Webgpu | Backend::Auto => {
            cfg!(not(feature = "webgpu")) && fit_adapter(config).await.is_ok()
        }
    }
}

/// Takes note that the module with more backends cannot be had, because of `problem`, the end of a sentence.
pub fn no_other_module(problem: String) {
    let _ = NO_OTHER_MODULE.set(problem); // The first reason stays: it was told already.
}

/// Why a backend cannot run that this module was built without and that no other module brings, as the end of a sentence.
fn why_without(is_built_in: bool) -> Option<String> {
    NO_OTHER_MODULE.get().filter(|_| !is_built_in).cloned()
}

fn cannot_run(problem: &str) -> String {
    format!("It cannot run here: {problem}.")
}

/// The CPU's device, for a helper of a run on flex.
pub fn helper() -> Device {
    Device::flex()
}

/// Which backends can run here, and why not.
pub async fn backends() -> Vec<BackendStatus> {
    let has_ndarray = cfg!(feature = "ndarray");
    let why_no_ndarray = why_without(has_ndarray);
    let ndarray = BackendStatus {
        backend: Backend::Ndarray,
        available: has_ndarray,
        in_other_module: !has_ndarray && why_no_ndarray.is_none(),
        remark: Some(match why_no_ndarray {
            Some(problem) => cannot_run(&problem),
            None => "Many times slower than flex, and deprecated by Burn.".into(),
        }),
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
    let has_webgpu = cfg!(feature = "webgpu");
    let found = fit_adapter(&config).await;
    let found = found.and_then(|adapter| why_without(has_webgpu).map_or(Ok(adapter), Err));
    BackendStatus {
        backend: Backend::Webgpu,
        available: found.is_ok() && has_webgpu,
        in_other_module: found.is_ok() && !has_webgpu,
        remark: match found {
            Ok(adapter) if adapter.is_fallback => {
                Some("There is only a software adapter, which is slower than the processor.".into())
            }
            Ok(_) => None,
            Err(problem) => Some(cannot_run(&problem)),
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
    limits::check(&adapter, config)?;
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
    if let Some(timed) = timed(config).filter(Timed::is_cpu_faster) {
        return flex(Backend::Auto, timed.reason());
    }
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
        problem: why_without(false).unwrap_or_else(|| "this module was built without it".into()),
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
    let measure_batch_max = limits::measure_batch_max(&adapter, config);
    Ok(OpenDevice::new(
        device,
        requested,
        active,
        reason,
        Some((adapter, measure_batch_max)),
    ))
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
    let options = Device::wgpu_options();
    // Natively cubecl would put several tensors into one buffer, and a buffer that one kernel reads in one place and
    // writes in another meets `var<storage, read>` in ours. In a browser each tensor has its own anyway.
    #[cfg(not(target_arch = "wasm32"))]
    let options = options.memory_config(burn::tensor::wgpu::MemoryConfiguration::ExclusivePages);
    let device = within_patience(options.init_async())
        .await
        .ok_or("the GPU device did not open within seconds")?
        .map_err(|error| format!("the GPU device could not be opened ({error})"))?;
    Ok(DEVICE.get_or_init(|| device).clone())
}

#[cfg(not(feature = "webgpu"))]
#[allow(clippy::unused_async, reason = "the other half awaits")]
async fn webgpu_device() -> Result<Device, String> {
    Err(why_without(false).unwrap_or_else(|| "this module was built without WebGPU".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_one_is_taken_and_by_how_much_is_told_and_remembered() {
        let config = Config {
            batch: 77,
            backend: Backend::Auto,
            ..Config::default()
        };
        let mut timed = Timed {
            gpu_step_ms: 2.0,
            cpu_step_ms: 9.0,
            workers: 4,
        };
        let mut open = flex(Backend::Auto, "hardware".into());
        open.active.active = Backend::Webgpu; // A stand-in.
        keep_timed(&config, timed);
        open.decide(timed);
        assert_eq!(open.active.active, Backend::Webgpu);
        assert!(open.active.reason.contains("2.0 ms") && open.active.reason.contains("4.5 times"));
        assert_eq!(super::timed(&config), Some(timed));
        timed.gpu_step_ms = 300.0;
        keep_timed(&config, timed);
        open.decide(timed);
        assert_eq!(open.active.active, Backend::Flex);
        assert!(
            open.active.reason.contains("with 4 workers")
                && open.active.reason.contains("33 times")
        );
        let again = pollster::block_on(super::open(&config)).map(|open| open.active.reason);
        assert_eq!(again.ok(), Some(timed.reason()));
        let other = Config {
            batch: 78,
            ..config
        };
        assert_eq!(super::timed(&other), None);
    }

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
        // Where there is none, nothing waits for it, and what it would have brought is said to be missing for that reason.
        no_other_module("the other module is still being built".into());
        assert!(!needs_other(Backend::Ndarray));
        let all = pollster::block_on(backends());
        let ndarray = all.iter().find(|it| it.backend == Backend::Ndarray);
        let remark = ndarray.and_then(|it| it.remark.clone()).unwrap_or_default();
        let is_missing = cfg!(not(feature = "ndarray"));
        assert_eq!(remark.contains("is still being built"), is_missing);
    }
}
