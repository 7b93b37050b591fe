//! Batch normalisation over fixed groups of records, so that its figures do not depend on how many workers compute
//! them: a group is handed out whole.

use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Tensor, TensorData};

use super::Model;
use crate::kernels::{Activation, Norm};
use crate::network::PlannedLayer;
use crate::normalize::normalize;
use crate::protocol::BatchNorm;

/// Mean and variance (over the number of values, not one less) of each channel or unit over one group's records.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// `[features]`, without gradients.
    pub mean: Tensor<1>,
    /// `[features]`, without gradients.
    pub variance: Tensor<1>,
}

/// Normalises each group by its own statistics, and hands them out.
///
/// # Shapes
/// `[n, features, …]` → the same, and for each group `[features]` twice.
pub(super) fn train<const D: usize>(
    model: &Model,
    layer: &PlannedLayer,
    norm: &BatchNorm,
    input: Tensor<D>,
    groups: &[usize],
) -> (Tensor<D>, Vec<Statistics>) {
    let (scale, offset) = scale_and_offset(model, layer, &input);
    let mut outputs = Vec::with_capacity(groups.len());
    let mut statistics = Vec::with_capacity(groups.len());
    let mut first = 0;
    for records in groups {
        let group = match groups.len() {
            1 => input.clone(),
            _ => input.clone().narrow(0, first, *records),
        };
        let found = batch_norm_train(group, scale.clone(), offset.clone(), norm.epsilon);
        outputs.push(found.output);
        statistics.push(Statistics {
            mean: found.mean.inner(),
            variance: found.variance.inner(),
        });
        first += records;
    }
    let output = match outputs.len() {
        1 => outputs.swap_remove(0),
        _ => Tensor::cat(outputs, 0),
    };
    (output, statistics)
}

/// As [`train`], by a kernel of our own for features that lie last, and with the activation that may follow.
///
/// # Shapes
/// `[n, …, features]` → the same, and for each group `[features]` twice.
pub(super) fn train_last<const D: usize>(
    model: &Model,
    layer: &PlannedLayer,
    norm: &BatchNorm,
    activation: Option<Activation>,
    input: Tensor<D>,
    groups: &[usize],
) -> (Tensor<D>, Vec<Statistics>) {
    let (scale, offset) = scale_and_offset(model, layer, &input);
    let features = layer.input.features();
    // Rows of numbers that a record has.
    let rows = input.dims().iter().skip(1).product::<usize>() / features.max(1);
    let kernel = Norm {
        features,
        groups: groups.iter().map(|records| records * rows).collect(),
        epsilon: norm.epsilon as f32,
        activation,
    };
    let device = input.device();
    let (output, seen) = normalize(input, scale, offset, kernel);
    let vector = |numbers: &[f32]| {
        let data = TensorData::new(numbers.to_vec(), [features]);
        Tensor::<1>::from_data(data, &device).inner()
    };
    let of_group = |seen: &[f32]| {
        let (mean, variance) = seen.split_at(features);
        Statistics {
            mean: vector(mean),
            variance: vector(variance),
        }
    };
    let statistics = seen.chunks_exact(2 * features.max(1)).map(of_group);
    (output, statistics.collect())
}

/// As [`evaluate`], for features that lie last.
///
/// # Shapes
/// `[n, …, features]` → the same.
pub(super) fn evaluate_last<const D: usize>(
    model: &Model,
    layer: &PlannedLayer,
    norm: &BatchNorm,
    input: Tensor<D>,
) -> Tensor<D> {
    let (scale, offset) = scale_and_offset(model, layer, &input);
    let Some([mean, variance]) = running(model, layer) else {
        return input;
    };
    let factor = scale / (variance + norm.epsilon).sqrt();
    let summand = offset - mean * factor.clone();
    input * factor.unsqueeze() + summand.unsqueeze()
}

/// Normalises by the running statistics.
///
/// # Shapes
/// `[n, features, …]` → the same.
pub(super) fn evaluate<const D: usize>(
    model: &Model,
    layer: &PlannedLayer,
    norm: &BatchNorm,
    input: Tensor<D>,
) -> Tensor<D> {
    let (scale, offset) = scale_and_offset(model, layer, &input);
    match running(model, layer) {
        Some([mean, variance]) => batch_norm(input, scale, offset, mean, variance, norm.epsilon),
        None => input,
    }
}

/// The running mean and variance; a planned layer has both.
fn running(model: &Model, layer: &PlannedLayer) -> Option<[Tensor<1>; 2]> {
    let [mean, variance] = layer.places.running?;
    Some([model.vector(Some(mean))?, model.vector(Some(variance))?])
}

/// Where a layer has no scale, ones.
fn scale_and_offset<const D: usize>(
    model: &Model,
    layer: &PlannedLayer,
    input: &Tensor<D>,
) -> (Tensor<1>, Tensor<1>) {
    let features = [layer.input.features()];
    let ones = || Tensor::ones(features, &input.device());
    let zeros = || Tensor::zeros(features, &input.device());
    (
        model.vector(layer.places.weight).unwrap_or_else(ones),
        model.vector(layer.places.bias).unwrap_or_else(zeros),
    )
}
