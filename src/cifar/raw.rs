//! Pictures of any shape with their labels → records as this room keeps them: a label byte, then the pixels.

use crate::error::Error;
use crate::protocol::{RecordSpec, limits};

/// Checks labels and pixels and lays them into records.
///
/// # Errors
/// [`Error::PixelLength`] when the pixels are not those of so many pictures; [`Error::Dataset`] when there is none,
/// or a label is no class.
pub(super) fn records(spec: RecordSpec, labels: &[u8], pixels: &[u8]) -> Result<Vec<u8>, Error> {
    let image_bytes = spec.image.bytes();
    if labels.is_empty() {
        return Err(refused("there is none".into()));
    }
    // Not multiplied before it is known that the product has room.
    if labels.len() > limits::records(spec.bytes()) || pixels.len() != labels.len() * image_bytes {
        return Err(Error::PixelLength {
            bytes: pixels.len(),
            images: labels.len(),
            image_bytes,
        });
    }
    let is_none = |label: &u8| usize::from(*label) >= spec.classes;
    if let Some(index) = labels.iter().position(is_none) {
        let (number, last) = (index + 1, spec.classes - 1);
        let label = labels.get(index).copied().unwrap_or_default();
        return Err(refused(format!(
            "picture {number} has the label {label}, and labels are 0 to {last}"
        )));
    }
    let mut records = Vec::with_capacity(labels.len() * spec.bytes());
    for (label, image) in labels.iter().zip(pixels.chunks_exact(image_bytes)) {
        records.push(*label);
        records.extend_from_slice(image);
    }
    Ok(records)
}

/// Checks that `added` records have room beside `held` ones.
///
/// # Errors
/// [`Error::Dataset`].
pub(super) fn room(spec: RecordSpec, held: usize, added: usize) -> Result<(), Error> {
    let most = limits::records(spec.bytes());
    if held.saturating_add(added) <= most {
        return Ok(());
    }
    let bytes = spec.image.bytes();
    Err(refused(format!(
        "of pictures of {bytes} bytes at most {most} can be held to train on, and as many to measure on"
    )))
}

fn refused(problem: String) -> Error {
    Error::Dataset { problem }
}
