//! A batch's logits → what is learnt from them, and what is said of them.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

use crate::batch::Batch;

/// Mean loss and number classified correctly.
///
/// # Shapes
/// Loss `[1]`, logits `[n, classes]` → `[2]`.
pub(super) fn figures(loss: Tensor<1>, logits: Tensor<2>, batch: &Batch) -> Tensor<1> {
    let predicted: Tensor<1, Int> = logits.argmax(1).squeeze_dim(1); // [n]
    let right = predicted.equal(batch.labels.clone()).float().sum(); // [1]
    Tensor::cat(vec![loss, right], 0)
}

/// A batch's losses, `[1]` each.
pub(super) struct Loss {
    /// What gradients are of.
    pub(super) learnt: Tensor<1>,
    /// Mean cross-entropy, without gradients: what is said, whatever is learnt.
    pub(super) plain: Tensor<1>,
}

/// Mean categorical cross-entropy from logits. One-hot targets instead of labels and `gather`, whose
/// backward pass is a scatter: a multiplication fuses. What is learnt is that against smoothed targets, of which
/// `label_smoothing` is spread evenly over all classes.
///
/// # Shapes
/// Logits and targets `[n, classes]` → `[1]`.
pub(super) fn loss(logits: Tensor<2>, targets: &Tensor<2>, label_smoothing: f32) -> Loss {
    #[cfg(feature = "webgpu")]
    if crate::gpu::runs_on(&logits.device()) {
        let learnt = crate::gpu::classify(logits, targets.clone(), label_smoothing).loss;
        let plain = learnt.clone().inner();
        return Loss { learnt, plain };
    }
    let [records, classes] = logits.dims();
    let mean = -(records as f64);
    let logs = log_softmax(logits, 1);
    let learnt = (logs.clone() * targets.clone().autodiff()).sum() / mean;
    let plain = learnt.clone().inner();
    if label_smoothing == 0.0 {
        return Loss { learnt, plain };
    }
    let spread = f64::from(label_smoothing);
    let even = logs.sum() / (mean * classes as f64);
    let learnt = learnt * (1.0 - spread) + even * spread;
    Loss { learnt, plain }
}
