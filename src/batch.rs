//! [`Records`] → [`Batch`]: which records, in which order, scaled to `[0, 1]`, augmented, uploaded.
//!
//! Everything random here comes from the run's own generator (`random.rs`). This is not a loader
//! with threads of its own: a batch of 32 takes tens of microseconds to gather.

mod held;

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::Rng;
use rand::seq::SliceRandom;

use crate::cifar::{IMAGE_BYTES, Records};
use crate::error::Error;
use crate::protocol::{Augment, CLASSES};
use crate::random::{Stream, generator};

pub use held::Held;

/// Height and width of an image in pixels.
const SIDE: usize = 32;
/// Channels of an image.
const CHANNELS: usize = 3;
/// Largest shift of `flip-shift` in pixels, each way.
const SHIFT_MAX_PX: i32 = 2;

/// Records on the device, ready for the model.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[n, 3, 32, 32]`, in `[0, 1]`.
    pub images: Tensor<4>,
    /// `[n]`, 0 to 9.
    pub labels: Tensor<1, Int>,
    /// `[n, 10]`: 1 at the label, 0 elsewhere. Made on the host, because burn 0.22's `one_hot` checks
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
    let compute = |error: &dyn std::fmt::Debug| Error::Compute {
        problem: format!("{error:?}"),
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
    pub kind: Augment,
    /// The run's seed.
    pub seed: u32,
    /// Number of the epoch, from 0.
    pub epoch: u32,
    /// Number of the step in the epoch, from 0.
    pub step: u32,
}

/// Gathers the records at `indices` and uploads them. An index beyond the last record is left out.
///
/// # Shapes
/// Images `[n, 3, 32, 32]`, labels `[n]`, for `n` indices.
pub fn gather(
    records: &Records,
    indices: &[usize],
    augmentation: Option<Augmentation>,
    device: &Device,
) -> Batch {
    let found = indices.iter().filter_map(|index| records.get(*index));
    let mut pixels = Vec::with_capacity(indices.len() * IMAGE_BYTES);
    let mut labels = Vec::with_capacity(indices.len());
    let mut augmenter = augmentation.and_then(Augmenter::new);
    for record in found {
        match &mut augmenter {
            None => pixels.extend(record.pixels.iter().map(|byte| scale(*byte))),
            Some(augmenter) => {
                extend_flipped_and_shifted(&mut pixels, record.pixels, augmenter.next());
            }
        }
        labels.push(i32::from(record.label));
    }
    let records = labels.len();
    labelled(|| upload(pixels, records, device), labels, device)
}

/// Images on the device, with their labels. The images come last: a GPU that picks them has begun to work
/// then, and would be sent off with that for each upload after it.
fn labelled(images: impl FnOnce() -> Tensor<4>, labels: Vec<i32>, device: &Device) -> Batch {
    let records = labels.len();
    let targets = TensorData::new(one_hot(&labels), [records, CLASSES]);
    Batch {
        targets: Tensor::from_data(targets, device),
        labels: Tensor::from_data(TensorData::new(labels, [records]), device),
        images: images(),
        records,
    }
}

/// 10 numbers a label, row by row.
fn one_hot(labels: &[i32]) -> Vec<f32> {
    let classes = 0..CLASSES as i32;
    let row = |label: &i32| {
        let label = *label;
        classes
            .clone()
            .map(move |class| f32::from(u8::from(class == label)))
    };
    labels.iter().flat_map(row).collect()
}

/// Scales and uploads bare images: 3,072 bytes each, red, green and blue planes.
///
/// # Shapes
/// `[n, 3, 32, 32]` for `n · 3072` bytes.
pub fn images(bytes: &[u8], device: &Device) -> Tensor<4> {
    let pixels = bytes.iter().map(|byte| scale(*byte)).collect();
    upload(pixels, bytes.len() / IMAGE_BYTES, device)
}

fn upload(pixels: Vec<f32>, records: usize, device: &Device) -> Tensor<4> {
    Tensor::from_data(
        TensorData::new(pixels, [records, CHANNELS, SIDE, SIDE]),
        device,
    )
}

fn scale(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

/// Flips and shifts images; what is shifted in is black.
struct Augmenter {
    rng: rand_chacha::ChaCha8Rng,
}

impl Augmenter {
    fn new(augmentation: Augmentation) -> Option<Self> {
        let Augmentation {
            kind,
            seed,
            epoch,
            step,
        } = augmentation;
        match kind {
            Augment::None => None,
            Augment::FlipShift => Some(Self {
                rng: generator(seed, Stream::Augment { epoch, step }),
            }),
        }
    }

    /// How the next record is laid into the batch.
    fn next(&mut self) -> Placement {
        Placement {
            flip: self.rng.random::<bool>(),
            right: self.rng.random_range(-SHIFT_MAX_PX..=SHIFT_MAX_PX),
            down: self.rng.random_range(-SHIFT_MAX_PX..=SHIFT_MAX_PX),
        }
    }
}

/// What augmentation does to one record; shifts in pixels.
#[derive(Clone, Copy, Debug, Default)]
struct Placement {
    flip: bool,
    right: i32,
    down: i32,
}

fn extend_flipped_and_shifted(pixels: &mut Vec<f32>, image: &[u8], placement: Placement) {
    let Placement { flip, right, down } = placement;
    for plane in image.chunks_exact(SIDE * SIDE) {
        for y in 0..SIDE as i32 {
            for x in 0..SIDE as i32 {
                let from_x = if flip { SIDE as i32 - 1 - x } else { x } - right;
                pixels.push(pixel(plane, from_x, y - down).map_or(0.0, scale));
            }
        }
    }
}

/// The byte at (`x`, `y`) of a plane; none outside it.
fn pixel(plane: &[u8], x: i32, y: i32) -> Option<u8> {
    let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
    if x >= SIDE || y >= SIDE {
        return None;
    }
    plane.get(y * SIDE + x).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hot_marks_the_label() {
        let rows = one_hot(&[0, 9]);
        assert_eq!(
            (rows[0], rows[19], rows.iter().sum::<f32>()),
            (1.0, 1.0, 2.0)
        );
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

    #[test]
    fn shift_moves_pixels_and_fills_with_black() {
        let mut image = vec![0u8; IMAGE_BYTES];
        image[5 * SIDE + 10] = 255; // red plane, x 10, y 5
        let mut moved = Vec::new();
        let shifted = Placement {
            flip: false,
            right: 2,
            down: -1,
        };
        extend_flipped_and_shifted(&mut moved, &image, shifted);
        assert_eq!(moved.iter().position(|v| *v == 1.0), Some(4 * SIDE + 12));
        assert_eq!(moved.iter().sum::<f32>(), 1.0);
        let mut flipped = Vec::new();
        let mirrored = Placement {
            flip: true,
            ..Placement::default()
        };
        extend_flipped_and_shifted(&mut flipped, &image, mirrored);
        assert_eq!(flipped.iter().position(|v| *v == 1.0), Some(5 * SIDE + 21));
    }
}
