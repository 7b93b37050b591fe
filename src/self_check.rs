//! Two devices, one [`Batch`] → how far apart they are: whether a GPU uploads, computes and
//! differentiates as the CPU does, before it may train.
//!
//! A browser's WebGPU is a stack of compilers and drivers that nobody has tested with this network,
//! and a wrong number there looks like bad luck with the seed. So one batch is read back after upload
//! (cubecl issue 1120: large uploads have arrived corrupted on wasm), and its loss and gradients are
//! computed on both devices from the same weights.
//!
//! This is not where a backend is chosen or left (`device.rs`).

use std::sync::Arc;

use burn::tensor::Device;

use crate::batch::{Batch, ResidentImages, gather, gather_bytes};
use crate::cifar::Selection;
use crate::error::Error;
use crate::network::NetworkPlan;
use crate::protocol::SelfCheck;
use crate::random::Draws;
use crate::train::{Learner, Probe};

/// Largest difference accepted; rounding alone makes less than a tenth (see `tests/native/self_check.rs`).
pub const TOLERANCE: f64 = 1e-3;

/// Sets of weights tried before a difference counts. Where two inputs of a pooling window or a ReLU's
/// input and zero are apart by less than rounding, two backends may choose differently, and a gradient
/// entry moves by its whole size (seen between flex and ndarray: 6e-3). That is chance, and
/// other weights do not repeat it; a wrong kernel is wrong with all.
const ATTEMPTS: u32 = 3;

/// Share of all gradients' length below which a tensor's own length does not count: of a bias before batch
/// normalisation, which takes it out again, the gradient is nothing but rounding.
const LEAST_SHARE: f64 = 1e-2;

/// Records compared: the tutorial's batch. On the CPU they take tens of milliseconds.
const RECORDS: usize = 32;

/// Largest difference of a pixel that came back: WebGPU divides by 255 to within three steps of the last
/// place. A neighbouring byte is 4e-3 away.
const PIXEL_TOLERANCE: f32 = 1e-6;

/// Reads back the batch of the records at `indices` on `device`: picked from the records `resident` there, or
/// uploaded.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub async fn upload<'a>(
    records: impl Into<Selection<'a>>,
    resident: Option<&ResidentImages>,
    indices: &[usize],
    device: &Device,
) -> Result<(), String> {
    let records = records.into();
    let there = match resident {
        Some(resident) => resident.gather(records, indices, None, device),
        None => gather(records, indices, None, device),
    };
    let there = contents(there).await?;
    let here = contents(gather(records, indices, None, &Device::flex())).await?;
    // Not `>`: a number that is none differs.
    let same = |(a, b): &(&f32, &f32)| (**a - **b).abs() <= PIXEL_TOLERANCE;
    let differs = |pair: &(&f32, &f32)| !same(pair);
    let wrong = there.iter().zip(&here).filter(differs).count();
    if there.len() == here.len() && wrong == 0 {
        return Ok(());
    }
    Err(format!(
        "of {} numbers sent to it, {wrong} came back changed",
        here.len()
    ))
}

/// All numbers of a batch.
async fn contents(batch: Batch) -> Result<Vec<f32>, String> {
    let (images, labels, targets) = batch.read_back().await.map_err(reason)?;
    Ok([images, labels, targets].concat())
}

/// Computes loss and gradients of the first of the records at `indices` on both devices, from the
/// weights of `seed`; from other weights when those disagree.
///
/// # Errors
/// What is wrong with every set of weights, as the end of a sentence.
pub async fn compare<'a>(
    plan: &Arc<NetworkPlan>,
    seed: u32,
    records: impl Into<Selection<'a>>,
    indices: &[usize],
    device: &Device,
) -> Result<SelfCheck, String> {
    let records = records.into();
    let first = indices.get(..RECORDS).unwrap_or(indices);
    let pixels = gather_bytes(records, first, None).as_seen(&plan.spec.pixels);
    let probe = async |seed: u32, device: &Device| {
        let batch = gather(records, first, None, device);
        let mut learner = Learner::new(plan, seed, device);
        learner.begin_from(&pixels); // Else what whitens would hand on nothing but zeros.
        learner
            .probe(&batch, Draws::default())
            .await
            .map_err(reason)
    };
    let mut attempt = 0;
    loop {
        let seed = seed.wrapping_add(attempt);
        let found = judge(
            &probe(seed, device).await?,
            &probe(seed, &Device::flex()).await?,
        );
        attempt += 1;
        if found.is_ok() || attempt == ATTEMPTS {
            return found;
        }
    }
}

/// Compares what two devices made of one batch.
///
/// # Errors
/// They are further apart than [`TOLERANCE`]: the end of a sentence, with the figures.
pub fn judge(there: &Probe, here: &Probe) -> Result<SelfCheck, String> {
    let all = here.gradients.iter().flatten();
    let least = LEAST_SHARE * length(&mut all.map(|value| f64::from(*value)));
    let pairs = there.gradients.iter().zip(&here.gradients);
    let gradients = pairs.map(|(a, b)| difference(a, b, least));
    let found = SelfCheck {
        loss_difference: difference(&there.loss, &here.loss, 0.0),
        // `f64::max` passes over NaN, but `difference` gives none.
        gradient_difference: gradients.fold(0.0, f64::max),
        tolerance: TOLERANCE,
    };
    let same_shape = there.gradients.len() == here.gradients.len();
    if same_shape && found.loss_difference.max(found.gradient_difference) <= TOLERANCE {
        return Ok(found);
    }
    Err(format!(
        "its loss differs from the CPU's by {:.1e} and its gradients by {:.1e}, where at most {TOLERANCE:.0e} is rounding",
        found.loss_difference, found.gradient_difference
    ))
}

fn length(values: &mut dyn Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

/// Length of `a − b` as a share of the length of `b`, or of `least` where that is more; infinite where a number is not
/// finite.
fn difference(a: &[f32], b: &[f32], least: f64) -> f64 {
    if a.len() != b.len() || !a.iter().chain(b).all(|value| value.is_finite()) {
        return f64::INFINITY;
    }
    let apart = length(&mut a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let whole = length(&mut b.iter().map(|b| f64::from(*b)));
    if apart == 0.0 {
        0.0
    } else {
        apart / whole.max(least)
    }
}

fn reason(error: Error) -> String {
    format!("it could not be asked ({error})")
}
