//! A network's tensors in a file: PyTorch's layout, and nothing that is not finite.

use safetensors::{Dtype, SafeTensors};

use super::{MEAN_PREFIX, Moments, SQUARE_PREFIX, Tensors};
use crate::error::Error;
use crate::layout::transposed;
use crate::network::{Entry, NetworkPlan, Role};

/// Reads the tensors of `plan`, with the moments of the trainable ones where `has_moments`.
///
/// # Errors
/// [`Error::Checkpoint`] for one that is missing, of another shape or not finite, and when there are others.
pub(super) fn read(
    file: &SafeTensors<'_>,
    plan: &NetworkPlan,
    has_moments: bool,
) -> Result<Tensors, Error> {
    let found = read_values(file, plan)?;
    let mut tensors = Tensors {
        values: found,
        ..Tensors::default()
    };
    let trainable = plan.entries.iter().filter(|e| e.role == Role::Trainable);
    for entry in trainable.filter(|_| has_moments) {
        let mean = tensor(file, MEAN_PREFIX, entry)?;
        let square = tensor(file, SQUARE_PREFIX, entry)?;
        if square.iter().any(|value| *value < 0.0) {
            return Err(Error::checkpoint("a mean of squares is negative".into()));
        }
        let moments = Moments { mean, square };
        tensors.moments.insert(entry.name.clone(), moments);
    }
    let expected = tensors.values.len() + 2 * tensors.moments.len();
    if file.len() == expected {
        return Ok(tensors);
    }
    Err(Error::checkpoint(format!(
        "it has {} tensors, where {expected} are expected",
        file.len()
    )))
}

/// Reads the tensors of `plan`, whatever else there is.
///
/// # Errors
/// As [`read`].
pub(super) fn read_values(
    file: &SafeTensors<'_>,
    plan: &NetworkPlan,
) -> Result<std::collections::BTreeMap<String, Vec<f32>>, Error> {
    let entries = plan.entries.iter();
    let read = entries.map(|entry| {
        let values = tensor(file, "", entry)?;
        let is_variance = entry.role == Role::Buffer && entry.name.ends_with("running_var");
        if is_variance && values.iter().any(|value| *value < 0.0) {
            return Err(Error::checkpoint("a running variance is negative".into()));
        }
        Ok((entry.name.clone(), values))
    });
    read.collect()
}

fn tensor(file: &SafeTensors<'_>, prefix: &str, entry: &Entry) -> Result<Vec<f32>, Error> {
    let name = format!("{prefix}{}", entry.name);
    let tensor = file
        .tensor(&name)
        .map_err(|_| Error::checkpoint(format!("the tensor \"{name}\" is missing")))?;
    let (expected, _) = to_file(&entry.shape, &[]);
    if tensor.dtype() != Dtype::F32 || tensor.shape() != expected {
        return Err(Error::checkpoint(format!(
            "the tensor \"{name}\" is {:?} {:?}, where {expected:?} of F32 is expected",
            tensor.dtype(),
            tensor.shape()
        )));
    }
    let numbers = tensor.data().chunks_exact(4);
    let values: Vec<f32> = numbers
        .filter_map(|bytes| Some(f32::from_le_bytes(bytes.try_into().ok()?)))
        .collect();
    check_finite(&name, &values)?;
    Ok(from_file(&entry.shape, values))
}

/// # Errors
/// [`Error::Checkpoint`] that names the tensor.
pub(super) fn check_finite(name: &str, values: &[f32]) -> Result<(), Error> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Error::checkpoint(format!(
        "the tensor \"{name}\" has a number that is not finite"
    )))
}

/// To PyTorch's layout: dense matrices are `[out, in]`.
pub(super) fn to_file(shape: &[usize], values: &[f32]) -> (Vec<usize>, Vec<f32>) {
    match *shape {
        [inputs, outputs] => (vec![outputs, inputs], transposed(values, [inputs, outputs])),
        _ => (shape.to_vec(), values.to_vec()),
    }
}

fn from_file(shape: &[usize], values: Vec<f32>) -> Vec<f32> {
    match *shape {
        [inputs, outputs] => transposed(&values, [outputs, inputs]),
        _ => values,
    }
}
