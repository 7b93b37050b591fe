//! A network's tensors in a file: PyTorch's layout, and nothing that is not finite.

use safetensors::{Dtype, SafeTensors};

use super::{AVERAGED_PREFIX, BEST_PREFIX, SLOT_PREFIX, Tensors};
use crate::error::Error;
use crate::layout::transposed;
use crate::network::{Entry, NetworkPlan, Role};
use crate::rule::{Rule, Slot};

/// What a slot's tensor is called before the name of the tensor that it is of.
pub(super) fn slot_prefix(slot: Slot) -> String {
    format!("{SLOT_PREFIX}{}.", slot.name())
}

/// Reads the tensors of `plan`, with what `rule` remembers of them where a step was made by one, and those of the best
/// epoch where there is such.
///
/// # Errors
/// [`Error::Checkpoint`] for one that is missing, of another shape or not finite, and when there are others.
pub(super) fn read(
    file: &SafeTensors<'_>,
    plan: &NetworkPlan,
    rule: Option<&Rule>,
    has_best: bool,
) -> Result<Tensors, Error> {
    let mut tensors = Tensors {
        values: read_values(file, plan, "")?,
        ..Tensors::default()
    };
    if has_best {
        tensors.best = read_values(file, plan, BEST_PREFIX)?;
    }
    let mut expected = tensors.values.len() + tensors.best.len();
    for (place, entry) in plan.entries.iter().enumerate() {
        let Some(rule) = rule else { break };
        if rule.averaging > 0.0 && entry.role != Role::Frozen {
            let average = checked(file, AVERAGED_PREFIX, entry, is_variance(entry))?;
            tensors.averaged.insert(entry.name.clone(), average);
            expected += 1;
        }
        let slots = rule.slots(place).iter();
        let read = slots.map(|slot| checked(file, &slot_prefix(*slot), entry, slot.is_square()));
        let read = read.collect::<Result<Vec<_>, _>>()?;
        expected += read.len();
        if !read.is_empty() {
            tensors.slots.insert(entry.name.clone(), read);
        }
    }
    if file.len() == expected {
        return Ok(tensors);
    }
    Err(Error::checkpoint(format!(
        "it has {} tensors, where {expected} are expected of its network and its optimizer",
        file.len()
    )))
}

/// Reads the tensors of `plan`, whose names come after this prefix, whatever else there is.
///
/// # Errors
/// As [`read`].
pub(super) fn read_values(
    file: &SafeTensors<'_>,
    plan: &NetworkPlan,
    prefix: &str,
) -> Result<std::collections::BTreeMap<String, Vec<f32>>, Error> {
    let entries = plan.entries.iter();
    let read = entries.map(|entry| {
        let values = checked(file, prefix, entry, is_variance(entry))?;
        Ok((entry.name.clone(), values))
    });
    read.collect()
}

fn is_variance(entry: &Entry) -> bool {
    entry.role == Role::Buffer && entry.name.ends_with("running_var")
}

/// A tensor that has no number below 0 where it is a mean of squares or a variance.
fn checked(
    file: &SafeTensors<'_>,
    prefix: &str,
    entry: &Entry,
    is_square: bool,
) -> Result<Vec<f32>, Error> {
    let values = tensor(file, prefix, entry)?;
    if is_square && values.iter().any(|value| *value < 0.0) {
        let what = match is_variance(entry) {
            true => "a running variance",
            false => "a mean of squares",
        };
        return Err(Error::checkpoint(format!("{what} is negative")));
    }
    Ok(values)
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
