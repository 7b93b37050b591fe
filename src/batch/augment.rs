//! Flips, shifts and cut-outs of training images: which, from the run's own random numbers, and how.

use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

use super::Augmentation;
use crate::protocol::{AugmentSpec, Border, Flip, ImageSpec};
use crate::random::{Stream, generator};

/// Draws how each record of a batch is laid into it.
pub(super) struct Augmenter {
    spec: AugmentSpec,
    image: ImageSpec,
    rng: ChaCha8Rng,
    /// Bits, one for each image: whether it is mirrored in this epoch, where they alternate.
    coins: ChaCha8Rng,
    is_odd_epoch: bool,
}

impl Augmenter {
    /// None where nothing is done.
    pub(super) fn new(augmentation: Augmentation, image: ImageSpec) -> Option<Self> {
        let Augmentation {
            kind,
            seed,
            epoch,
            step,
        } = augmentation;
        (!kind.is_none()).then(|| Self {
            spec: kind,
            image,
            rng: generator(seed, Stream::Augment { epoch, step }),
            coins: generator(seed, Stream::Flip),
            is_odd_epoch: !epoch.is_multiple_of(2),
        })
    }

    /// How the next record, which is the run's training record `index`, is laid into the batch. What is drawn, and in
    /// which order, stays for ever: first the flip, then the shift, then the square.
    pub(super) fn next(&mut self, index: usize) -> Placement {
        let AugmentSpec {
            flip,
            shift_px,
            shift_edge,
            cutout_px,
        } = self.spec;
        let flip = match flip {
            Flip::None => false,
            Flip::Random => self.rng.random::<bool>(),
            Flip::Alternating => self.coin(index) != self.is_odd_epoch,
        };
        let shift = shift_px as i32;
        let mut shifted = || match shift {
            0 => 0,
            most => self.rng.random_range(-most..=most),
        };
        let (right, down) = (shifted(), shifted());
        let [_, height, width] = self.image.dims();
        let side = cutout_px as usize;
        let mut corner = |length: usize| match side {
            0 => 0,
            side => self
                .rng
                .random_range(0..=length.saturating_sub(side) as u32) as usize,
        };
        Placement {
            flip,
            right,
            down,
            reflects: shift_edge == Border::Reflect,
            cutout: [corner(width), corner(height)],
            cutout_px: side,
        }
    }

    /// An image's coin, by its place among the run's training records.
    fn coin(&mut self, index: usize) -> bool {
        self.coins.set_word_pos(index as u128 / 32);
        self.coins.next_u32() >> (index % 32) & 1 == 1
    }
}

/// What augmentation does to one record; all in pixels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Placement {
    /// Mirrored.
    pub(super) flip: bool,
    pub(super) right: i32,
    pub(super) down: i32,
    /// What is shifted in is the image mirrored at its edge; else it is black.
    pub(super) reflects: bool,
    /// Left and upper edge of the black square.
    pub(super) cutout: [usize; 2],
    /// Its side; 0: there is none.
    pub(super) cutout_px: usize,
}

/// Lays an image down as it is placed.
pub(super) fn lay_down(
    pixels: &mut Vec<u8>,
    planes: &[u8],
    image: ImageSpec,
    placement: Placement,
) {
    let first = pixels.len();
    if placement.reflects {
        extend_reflected(pixels, planes, image, placement);
    } else {
        extend_flipped_and_shifted(pixels, planes, image, placement);
    }
    if placement.cutout_px > 0 {
        cut_out(
            pixels.get_mut(first..).unwrap_or_default(),
            image,
            placement,
        );
    }
}

/// Lays an image down flipped and shifted; what is shifted in is the image mirrored at its edge, the edge itself once.
fn extend_reflected(pixels: &mut Vec<u8>, planes: &[u8], image: ImageSpec, placement: Placement) {
    let Placement {
        flip, right, down, ..
    } = placement;
    let [_, height, width] = image.dims().map(|side| side as i32);
    let inside = |at: i32, side: i32| {
        let at = at.abs();
        at.min(2 * (side - 1) - at).max(0) as usize
    };
    // Where the numbers of a row come from.
    let columns: Vec<usize> = (0..width)
        .map(|x| inside(if flip { width - 1 - x } else { x } - right, width))
        .collect();
    for plane in planes.chunks_exact(image.plane_bytes()) {
        for y in 0..height {
            let from = inside(y - down, height) * columns.len();
            let row = plane.get(from..).unwrap_or_default();
            let taken = columns.iter().map(|x| row.get(*x).copied().unwrap_or(0));
            pixels.extend(taken);
        }
    }
}

/// Makes a square of each plane of an image black.
fn cut_out(pixels: &mut [u8], image: ImageSpec, placement: Placement) {
    let [_, _, width] = image.dims();
    let [left, top] = placement.cutout;
    let columns = left..left + placement.cutout_px;
    for plane in pixels.chunks_exact_mut(image.plane_bytes().max(1)) {
        let rows = plane.chunks_exact_mut(width.max(1));
        for row in rows.skip(top).take(placement.cutout_px) {
            if let Some(cut) = row.get_mut(columns.clone()) {
                cut.fill(0);
            }
        }
    }
}

/// Lays an image down flipped and shifted; what is shifted in is black. A row is copied in one piece.
fn extend_flipped_and_shifted(
    pixels: &mut Vec<u8>,
    planes: &[u8],
    image: ImageSpec,
    placement: Placement,
) {
    let Placement {
        flip, right, down, ..
    } = placement;
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
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::cifar::IMAGE;
    use crate::protocol::Augment;

    /// A byte at a time, as it is meant.
    fn one_by_one(planes: &[u8], image: ImageSpec, placement: Placement) -> Vec<u8> {
        let [_, height, width] = image.dims().map(|side| side as i32);
        let cutout = placement.cutout.map(|edge| edge as i32);
        let is_cut = |at: i32, from: i32| (from..from + placement.cutout_px as i32).contains(&at);
        let reflected = |at: i32, side: i32| match at {
            at if at < 0 => -at,
            at if at >= side => 2 * side - 2 - at,
            at => at,
        };
        let mut pixels = Vec::new();
        for plane in planes.chunks_exact(image.plane_bytes()) {
            for y in 0..height {
                for x in 0..width {
                    if is_cut(x, cutout[0]) && is_cut(y, cutout[1]) {
                        pixels.push(0);
                        continue;
                    }
                    let mirrored = if placement.flip { width - 1 - x } else { x };
                    let (mut x, mut y) = (mirrored - placement.right, y - placement.down);
                    if placement.reflects {
                        (x, y) = (reflected(x, width), reflected(y, height));
                    }
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
        lay_down(&mut pixels, planes, image, placement);
        pixels
    }

    #[test]
    fn shift_moves_pixels_and_fills_with_black() {
        let mut image = vec![0u8; IMAGE.bytes()];
        image[5 * 32 + 10] = 255; // red plane, x 10, y 5
        let shifted = Placement {
            right: 2,
            down: -1,
            ..Placement::default()
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

    const DIMS: [[u32; 3]; 4] = [[3, 32, 32], [1, 28, 20], [1, 8, 96], [3, 9, 8]];

    fn image_of([channels, height, width]: [u32; 3]) -> ImageSpec {
        ImageSpec {
            channels,
            height,
            width,
        }
    }

    #[test]
    fn every_placement_of_every_shape_is_that_of_each_byte_alone() {
        for image in DIMS.map(image_of) {
            let planes: Vec<u8> = (0..image.bytes()).map(|at| (1 + at % 251) as u8).collect();
            for at in 0..2 * 2 * 25 {
                let shift = at % 25;
                for far in [1, 3] {
                    let placement = Placement {
                        flip: at / 25 % 2 == 1,
                        right: far * (shift % 5 - 2),
                        down: far * (shift / 5 - 2),
                        reflects: at / 50 == 1,
                        cutout: [at as usize % 3, at as usize % 4],
                        cutout_px: at as usize % 6,
                    };
                    assert_eq!(
                        laid(&planes, image, placement),
                        one_by_one(&planes, image, placement),
                        "{image:?} {placement:?}"
                    );
                }
            }
        }
    }

    fn augmenter(spec: AugmentSpec, epoch: u32) -> Augmenter {
        let augmentation = Augmentation {
            kind: spec,
            seed: 5,
            epoch,
            step: 0,
        };
        Augmenter::new(augmentation, IMAGE).unwrap()
    }

    /// About half begin mirrored, whatever the batch, and all change sides with the epoch.
    #[test]
    fn alternating_flips_toss_a_coin_for_each_image_and_then_take_turns() {
        let spec = AugmentSpec {
            flip: Flip::Alternating,
            ..Augment::None.into()
        };
        let flips = |epoch, indices: std::ops::Range<usize>| -> Vec<bool> {
            let mut augmenter = augmenter(spec, epoch);
            indices.map(|index| augmenter.next(index).flip).collect()
        };
        let first = flips(0, 0..1_000);
        assert_eq!(first[700..], flips(0, 700..1_000));
        assert_eq!(first, flips(2, 0..1_000));
        let turned: Vec<bool> = first.iter().map(|flip| !flip).collect();
        assert_eq!(turned, flips(1, 0..1_000));
        let mirrored = first.iter().filter(|flip| **flip).count();
        assert!((400..600).contains(&mirrored), "{mirrored}");
    }

    #[test]
    fn shifts_and_squares_reach_every_place_that_they_may() {
        let spec = AugmentSpec {
            shift_px: 4,
            cutout_px: 10,
            ..Augment::None.into()
        };
        let mut augmenter = augmenter(spec, 0);
        let (mut rights, mut corners) = (vec![], vec![]);
        for index in 0..2_000 {
            let placement = augmenter.next(index);
            rights.push(placement.right);
            corners.push(placement.cutout[1]);
        }
        rights.sort_unstable();
        rights.dedup();
        corners.sort_unstable();
        corners.dedup();
        assert_eq!(rights, (-4..=4).collect::<Vec<_>>());
        assert_eq!(corners, (0..=22).collect::<Vec<_>>());
    }

    /// What links and files of before mean: the draws of this order, byte for byte.
    #[test]
    fn the_ready_made_augmentation_draws_what_it_always_drew() {
        let mut augmenter = augmenter(Augment::FlipShift.into(), 3);
        let mut rng = generator(5, Stream::Augment { epoch: 3, step: 0 });
        for index in 0..100 {
            let Placement {
                flip, right, down, ..
            } = augmenter.next(index);
            let drawn = (
                rng.random::<bool>(),
                rng.random_range(-2..=2),
                rng.random_range(-2..=2),
            );
            assert_eq!((flip, right, down), drawn);
        }
    }
}
