//! What the page may know of backends: which one runs and why, which could, and how a GPU was checked.

use serde::{Deserialize, Serialize};

use super::Backend;

/// The backend that runs, and why it is that one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ActiveBackend {
    /// What the configuration asked for.
    pub requested: Backend,
    /// What runs; never `auto`.
    pub active: Backend,
    /// One sentence for people: why this one.
    pub reason: String,
    /// The GPU adapter's description, where one runs.
    pub adapter: Option<String>,
    /// Number of CPU workers that train.
    pub workers: u32,
    /// What the self-check found; none on the CPU and before the first step.
    pub self_check: Option<SelfCheck>,
}

/// One batch computed on the GPU, against the CPU: how far the two are apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SelfCheck {
    /// Difference of the losses, as a share of the CPU's.
    pub loss_difference: f64,
    /// Largest over the parameter tensors: length of the gradients' difference, as a share of the
    /// length of the CPU's gradient.
    pub gradient_difference: f64,
    /// The largest difference accepted.
    pub tolerance: f64,
}

/// Whether a backend can run here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BackendStatus {
    /// Which one; never `auto`.
    pub backend: Backend,
    /// True when it can, in this module.
    pub available: bool,
    /// True when this module was built without it, and one that has it could run it here.
    pub in_other_module: bool,
    /// One sentence for people: why it cannot, or what to know before choosing it.
    pub remark: Option<String>,
}

/// What is done to get a GPU ready before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CompilePart {
    /// A batch is uploaded and read back.
    Upload,
    /// Loss and gradients of a batch are computed on GPU and CPU.
    Comparison,
    /// Steps are timed on the GPU and on the CPU, and the faster one is taken; for `auto` only.
    Calibration,
    /// The optimiser's kernels are compiled as the first step runs.
    FirstStep,
}

impl CompilePart {
    /// The parts in order, of a GPU that was asked for as `requested`.
    pub fn all(requested: Backend) -> &'static [Self] {
        const ALL: [CompilePart; 4] = [
            CompilePart::Upload,
            CompilePart::Comparison,
            CompilePart::Calibration,
            CompilePart::FirstStep,
        ];
        const BY_NAME: [CompilePart; 3] = [
            CompilePart::Upload,
            CompilePart::Comparison,
            CompilePart::FirstStep,
        ];
        if requested == Backend::Auto {
            &ALL
        } else {
            &BY_NAME
        }
    }
}
