//! Flips and shifts of training images: which, from the run's own random numbers, and how.

use rand::Rng;

use super::{Augmentation, SHIFT_MAX_PX, SIDE};
use crate::protocol::Augment;
use crate::random::{Stream, generator};

/// Draws how each record of a batch is laid into it.
pub(super) struct Augmenter {
    rng: rand_chacha::ChaCha8Rng,
}

impl Augmenter {
    /// None where nothing is done.
    pub(super) fn new(augmentation: Augmentation) -> Option<Self> {
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
    pub(super) fn next(&mut self) -> Placement {
        Placement {
            flip: self.rng.random::<bool>(),
            right: self.rng.random_range(-SHIFT_MAX_PX..=SHIFT_MAX_PX),
            down: self.rng.random_range(-SHIFT_MAX_PX..=SHIFT_MAX_PX),
        }
    }
}

/// What augmentation does to one record; shifts in pixels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Placement {
    /// Mirrored.
    pub(super) flip: bool,
    pub(super) right: i32,
    pub(super) down: i32,
}

/// Lays an image down flipped and shifted; what is shifted in is black.
pub(super) fn extend_flipped_and_shifted(pixels: &mut Vec<u8>, image: &[u8], placement: Placement) {
    let Placement { flip, right, down } = placement;
    for plane in image.chunks_exact(SIDE * SIDE) {
        for y in 0..SIDE as i32 {
            for x in 0..SIDE as i32 {
                let from_x = if flip { SIDE as i32 - 1 - x } else { x } - right;
                pixels.push(pixel(plane, from_x, y - down).unwrap_or(0));
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
    use crate::cifar::IMAGE_BYTES;

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
        assert_eq!(moved.iter().position(|v| *v == 255), Some(4 * SIDE + 12));
        assert_eq!(moved.iter().filter(|v| **v > 0).count(), 1);
        let mut flipped = Vec::new();
        let mirrored = Placement {
            flip: true,
            ..Placement::default()
        };
        extend_flipped_and_shifted(&mut flipped, &image, mirrored);
        assert_eq!(flipped.iter().position(|v| *v == 255), Some(5 * SIDE + 21));
    }
}
