//! Flips and shifts of training images: which, from the run's own random numbers, and how.

use rand::Rng;

use super::{Augmentation, SHIFT_MAX_PX};
use crate::protocol::{Augment, ImageSpec};
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

/// Lays an image down flipped and shifted; what is shifted in is black. A row is copied in one piece.
pub(super) fn extend_flipped_and_shifted(
    pixels: &mut Vec<u8>,
    planes: &[u8],
    image: ImageSpec,
    placement: Placement,
) {
    let Placement { flip, right, down } = placement;
    let [_, height, width] = image.dims();
    // A row that is shifted by more than its width would be all black.
    let black = (right.unsigned_abs() as usize).min(width);
    let length = width - black;
    // A row is shifted, then mirrored: what a shift to the left leaves black at its end is then at its beginning.
    let start = if right < 0 { black } else { 0 };
    let is_black_first = (right < 0) == flip;
    for plane in planes.chunks_exact(image.plane_bytes()) {
        for y in 0..height {
            let from = y.checked_add_signed(-(down as isize));
            let row = from.and_then(|from| plane.get(from * width..)?.get(..width));
            let Some(piece) = row.and_then(|row| row.get(start..start + length)) else {
                pixels.resize(pixels.len() + width, 0);
                continue;
            };
            if is_black_first {
                pixels.resize(pixels.len() + black, 0);
            }
            if flip {
                pixels.extend(piece.iter().rev());
            } else {
                pixels.extend_from_slice(piece);
            }
            if !is_black_first {
                pixels.resize(pixels.len() + black, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cifar::IMAGE;

    /// A byte at a time, as it is meant.
    fn one_by_one(planes: &[u8], image: ImageSpec, placement: Placement) -> Vec<u8> {
        let [_, height, width] = image.dims().map(|side| side as i32);
        let mut pixels = Vec::new();
        for plane in planes.chunks_exact(image.plane_bytes()) {
            for y in 0..height {
                for x in 0..width {
                    let mirrored = if placement.flip { width - 1 - x } else { x };
                    let (x, y) = (mirrored - placement.right, y - placement.down);
                    let inside = (0..width).contains(&x) && (0..height).contains(&y);
                    let at = (y * width + x) as usize;
                    pixels.push(if inside { plane[at] } else { 0 });
                }
            }
        }
        pixels
    }

    fn laid(planes: &[u8], image: ImageSpec, placement: Placement) -> Vec<u8> {
        let mut pixels = Vec::new();
        extend_flipped_and_shifted(&mut pixels, planes, image, placement);
        pixels
    }

    #[test]
    fn shift_moves_pixels_and_fills_with_black() {
        let mut image = vec![0u8; IMAGE.bytes()];
        image[5 * 32 + 10] = 255; // red plane, x 10, y 5
        let shifted = Placement {
            flip: false,
            right: 2,
            down: -1,
        };
        let moved = laid(&image, IMAGE, shifted);
        assert_eq!(moved.iter().position(|v| *v == 255), Some(4 * 32 + 12));
        assert_eq!(moved.iter().filter(|v| **v > 0).count(), 1);
        let mirrored = Placement {
            flip: true,
            ..Placement::default()
        };
        let flipped = laid(&image, IMAGE, mirrored);
        assert_eq!(flipped.iter().position(|v| *v == 255), Some(5 * 32 + 21));
    }

    #[test]
    fn every_placement_of_every_shape_is_that_of_each_byte_alone() {
        let dims = [[3, 32, 32], [1, 28, 20], [1, 8, 96], [3, 9, 8]];
        for [channels, height, width] in dims {
            let image = ImageSpec {
                channels,
                height,
                width,
            };
            let planes: Vec<u8> = (0..image.bytes()).map(|at| (1 + at % 251) as u8).collect();
            for flip in [false, true] {
                for right in -SHIFT_MAX_PX..=SHIFT_MAX_PX {
                    for down in -SHIFT_MAX_PX..=SHIFT_MAX_PX {
                        let placement = Placement { flip, right, down };
                        assert_eq!(
                            laid(&planes, image, placement),
                            one_by_one(&planes, image, placement),
                            "{image:?} {placement:?}"
                        );
                    }
                }
            }
        }
    }
}
