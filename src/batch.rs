//! [`Selection`] → [`Batch`]: which records, in which order, scaled to `[0, 1]`, augmented, uploaded.
//!
//! Everything random here comes from the run's own generator (`random.rs`). This is not a loader
//! with threads of its own: a batch of 32 takes tens of microseconds to gather.

mod augment;
mod resident;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;

use crate::cifar::Selection;
use crate::error::Error;
use crate::protocol::{AugmentSpec, ImageSpec, Pixels, RecordSpec};
use crate::random::{Stream, generator};

use augment::{Augmenter, lay_down};

pub use resident::ResidentImages;

/// Records on the device, ready for the model.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[n, channels, height, width]`, in `[0, 1]`.
    pub images: Tensor<4>,
    /// `[n]`, from 0.
    pub labels: Tensor<1, Int>,
    /// `[n, classes]`: 1 at the label, 0 elsewhere. Made on the host, because burn 0.22's `one_hot` checks
    /// the labels by a synchronous read, which panics on WebGPU.
    pub targets: Tensor<2>,
    /// Number of records.
    pub records: usize,
}

impl Batch {
    /// Reads everything back from the device: images, labels and targets as plain numbers.
    ///
    /// # Errors
    /// [`Error::Compute`].
    pub async fn read_back(self) -> Result<(Vec<f32>, Vec<f32>, Vec<f32>), Error> {
        Ok((
            numbers(self.images).await?,
            numbers(self.labels.float()).await?,
            numbers(self.targets).await?,
        ))
    }
}

/// Reads a tensor back from its device.
///
/// # Errors
/// [`Error::Compute`] when the backend cannot.
pub async fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    // Burn's words go on for lines, with an empty backtrace at their end.
    let compute = |error: &dyn std::fmt::Debug| Error::Compute {
        problem: format!("{error:?}")
            .lines()
            .next()
            .unwrap_or_default()
            .into(),
    };
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| compute(&error))?;
    data.try_into_vec::<f32>().map_err(|error| compute(&error))
}

/// The order in which epoch `epoch` (from 0) visits `records` records: all of them, reshuffled.
pub fn shuffled(records: usize, seed: u32, epoch: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..records).collect();
    order.shuffle(&mut generator(seed, Stream::Shuffle { epoch }));
    order
}

/// How one training batch is augmented: the kind, and whose random numbers.
#[derive(Clone, Copy, Debug)]
pub struct Augmentation {
    /// What is done.
    pub kind: AugmentSpec,
    /// The run's seed.
    pub seed: u32,
    /// Number of the epoch, from 0.
    pub epoch: u32,
    /// Number of the step in the epoch, from 0.
    pub step: u32,
}

/// Records as bytes on the host, augmented already: what is split over workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBytes {
    /// What the records are.
    pub spec: RecordSpec,
    /// The planes of each image one after the other.
    pub pixels: Vec<u8>,
    /// One byte a record, from 0.
    pub labels: Vec<u8>,
}

impl RecordBytes {
    /// Slices of so many records one after the other; the first is the caller's own.
    pub fn slices(&self, sizes: &[usize]) -> Vec<RecordSlice<'_>> {
        let image_bytes = self.spec.image.bytes();
        let (mut pixels, mut labels) = (self.pixels.as_slice(), self.labels.as_slice());
        let take = |length: &usize| {
            let (mine, rest) = labels.split_at((*length).min(labels.len()));
            labels = rest;
            let (my_pixels, rest) = pixels.split_at((length * image_bytes).min(pixels.len()));
            pixels = rest;
            RecordSlice {
                spec: self.spec,
                pixels: my_pixels,
                labels: mine,
            }
        };
        sizes.iter().map(take).collect()
    }

    /// All of it in one slice.
    pub fn all(&self) -> RecordSlice<'_> {
        RecordSlice {
            spec: self.spec,
            pixels: &self.pixels,
            labels: &self.labels,
        }
    }
}

impl RecordBytes {
    /// All numbers of the images as a network's first layer gets them, one image after the other.
    pub fn as_seen(&self, pixels: &Pixels) -> Vec<f32> {
        let channels = self.spec.image.channels.max(1) as usize;
        let planes = self.pixels.chunks(self.spec.image.plane_bytes().max(1));
        let planes = planes.enumerate().flat_map(|(at, plane)| {
            let of_channel = pixels.of_channel(at % channels);
            plane.iter().map(move |byte| of_channel(*byte))
        });
        planes.collect()
    }
}

/// A part of some [`RecordBytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordSlice<'a> {
    /// What the records are.
    pub spec: RecordSpec,
    /// The planes of each image one after the other.
    pub pixels: &'a [u8],
    /// One byte a record.
    pub labels: &'a [u8],
}

impl RecordSlice<'_> {
    /// Scales and uploads.
    pub fn upload(&self, device: &Device) -> Batch {
        let labels = self.labels.iter().map(|label| i32::from(*label)).collect();
        let RecordSpec { image, classes } = self.spec;
        labelled(
            || images(self.pixels, image, device),
            labels,
            classes,
            device,
        )
    }
}

/// Images on the device, with their labels. The images come last: a GPU that picks them has begun to work
/// then, and would be sent off with that for each upload after it.
fn labelled(
    images: impl FnOnce() -> Tensor<4>,
    labels: Vec<i32>,
    classes: usize,
    device: &Device,
) -> Batch {
    let records = labels.len();
    let targets = TensorData::new(one_hot(&labels, classes), [records, classes]);
    Batch {
        targets: Tensor::from_data(targets, device),
        labels: Tensor::from_data(TensorData::new(labels, [records]), device),
        images: images(),
        records,
    }
}

/// Gathers the records at `indices` as bytes. An index beyond the last record is left out.
pub fn gather_bytes<'a>(
    records: impl Into<Selection<'a>>,
    indices: &[usize],
    augmentation: Option<Augmentation>,
) -> RecordBytes {
    let records = records.into();
    let spec = records.spec();
    let found = indices.iter();
    let found = found.filter_map(|index| Some((*index, records.get(*index)?)));
    let mut pixels = Vec::with_capacity(indices.len() * spec.image.bytes());
    let mut labels = Vec::with_capacity(indices.len());
    let mut augmenter = augmentation.and_then(|how| Augmenter::new(how, spec.image));
    for (index, record) in found {
        match &mut augmenter {
            None => pixels.extend_from_slice(record.pixels),
            Some(augmenter) => {
                let placement = augmenter.next(index);
                lay_down(&mut pixels, record.pixels, spec.image, placement);
            }
        }
        labels.push(record.label);
    }
    RecordBytes {
        spec,
        pixels,
        labels,
    }
}

/// Gathers the records at `indices` and uploads them. An index beyond the last record is left out.
///
/// # Shapes
/// Images `[n, channels, height, width]`, labels `[n]`, for `n` indices.
pub fn gather<'a>(
    records: impl Into<Selection<'a>>,
    indices: &[usize],
    augmentation: Option<Augmentation>,
    device: &Device,
) -> Batch {
    let found = gather_bytes(records, indices, augmentation);
    let all = RecordSlice {
        spec: found.spec,
        pixels: &found.pixels,
        labels: &found.labels,
    };
    all.upload(device)
}

/// As many numbers a label as there are classes, row by row.
fn one_hot(labels: &[i32], classes: usize) -> Vec<f32> {
    let classes = 0..classes as i32;
    let row = |label: &i32| {
        let label = *label;
        classes
            .clone()
            .map(move |class| f32::from(u8::from(class == label)))
    };
    labels.iter().flat_map(row).collect()
}

/// Scales and uploads bare images: the planes of each one after the other.
///
/// # Shapes
/// `n · image.bytes()` bytes → `[n, channels, height, width]`.
pub fn images(bytes: &[u8], image: ImageSpec, device: &Device) -> Tensor<4> {
    let pixels: Vec<f32> = bytes.iter().map(|byte| scale(*byte)).collect();
    let [channels, height, width] = image.dims();
    let shape = [bytes.len() / image.bytes(), channels, height, width];
    Tensor::from_data(TensorData::new(pixels, shape), device)
}

/// Bare images mirrored left to right: each row of `width` pixels backwards.
pub fn mirrored(bytes: &[u8], width: usize) -> Vec<u8> {
    let rows = bytes.chunks(width.max(1));
    rows.flat_map(|row| row.iter().rev().copied()).collect()
}

fn scale(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cifar::RECORD;

    #[test]
    fn one_hot_marks_the_label() {
        assert_eq!(one_hot(&[2, 0], 3), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        let rows = one_hot(&[0, 9], 10);
        assert_eq!(
            (rows[0], rows[19], rows.iter().sum::<f32>()),
            (1.0, 1.0, 2.0)
        );
    }

    #[test]
    fn slices_follow_each_other() {
        let image_bytes = RECORD.image.bytes();
        let bytes = RecordBytes {
            spec: RECORD,
            pixels: (0..7u8).flat_map(|n| vec![n; image_bytes]).collect(),
            labels: (0..7).collect(),
        };
        let slices = bytes.slices(&[3, 2, 2]);
        let labels: Vec<&[u8]> = slices.iter().map(|slice| slice.labels).collect();
        assert_eq!(labels, [&[0, 1, 2][..], &[3, 4], &[5, 6]]);
        for slice in slices.iter().chain([&bytes.all()]) {
            let of_records = slice.labels.iter().flat_map(|n| vec![*n; image_bytes]);
            assert_eq!(slice.pixels, of_records.collect::<Vec<u8>>());
        }
    }

    #[test]
    fn shuffle_visits_every_record_once_and_depends_on_seed_and_epoch() {
        let mut first = shuffled(1_000, 7, 0);
        assert_eq!(first, shuffled(1_000, 7, 0));
        assert_ne!(first, shuffled(1_000, 7, 1));
        assert_ne!(first, shuffled(1_000, 8, 0));
        first.sort_unstable();
        assert_eq!(first, (0..1_000).collect::<Vec<_>>());
    }
}
