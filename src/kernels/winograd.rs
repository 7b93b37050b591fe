//! Images → a block's outputs by Winograd's F(2×2, 3×3): a tile of 2 × 2 convolutions from 16 products a channel, where the
//! direct way takes 36. A tile is one pooling window.
//!
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), section 4.1. The transforms of images and
//! filters are additions alone but for halves, so what is lost in rounding is small; `forward.rs` is the reference.
//!
//! It pays with many channels: a transform is made once for a pixel and a channel, and used for every filter.

use super::arithmetic::{Arithmetic, LANES, PANEL};
use super::finish::{self, Forward};
use super::{Block, KERNEL, POOL};

/// Height and width of the pixels that a tile reads.
pub(super) const PATCH: usize = 4;
/// Products of a tile and channel.
pub(super) const PRODUCTS: usize = PATCH * PATCH;
/// Convolutions of a tile.
const CORNERS: usize = POOL * POOL;
/// Tiles that are computed at a time: what they read and write stays in the first two caches.
const TILES: usize = 12;

/// Computes a block.
///
/// # Shapes
/// As [`forward::forward`](super::forward::forward).
#[inline(always)]
pub fn forward<A: Arithmetic>(
    block: &Block,
    images: &[f32],
    weights: &[f32],
    bias: &[f32],
    keep: bool,
) -> Forward {
    let mut found = Forward::new(block, keep);
    let grid = Grid::new(block);
    let tiles = block.images * grid.height * grid.width;
    if found.outputs.is_empty() {
        return found;
    }
    let channels = block.inputs.next_multiple_of(LANES);
    let filters = block.filters.next_multiple_of(PANEL);
    let panels = panels::<A>(block, weights, channels);
    let mut biases = bias.to_vec();
    biases.resize(filters, 0.0);
    let mut patch = vec![0.0; PRODUCTS * channels];
    let mut transformed = vec![0.0; PRODUCTS * TILES * channels];
    let mut sums = [[0.0; PANEL]; PRODUCTS * TILES];
    let mut convolved = vec![0.0; TILES * CORNERS * filters];
    for first in (0..tiles).step_by(TILES) {
        let count = TILES.min(tiles - first);
        for tile in 0..count {
            let place = grid.place(first + tile);
            let pixels = grid.pixels(block, images, place, &mut patch);
            transform_patch::<A>(pixels, channels, |product, eighth, lanes| {
                let at = (product * TILES + tile) * channels + eighth * LANES;
                A::store(lanes, eight_mut(&mut transformed[at..]));
            });
        }
        for (group, panels) in panels.chunks_exact(PRODUCTS * channels).enumerate() {
            for product in 0..PRODUCTS {
                let rows = &transformed[product * TILES * channels..][..TILES * channels];
                let panel = &panels[product * channels..][..channels];
                let sums = &mut sums[product * TILES..][..TILES];
                // Those beyond `count` are of an earlier round, and nobody reads them.
                if A::IS_WIDE {
                    multiply_all::<A, 6>(
                        rows,
                        channels,
                        panel,
                        &mut sums[..count.next_multiple_of(6)],
                    );
                } else {
                    multiply_all::<A, 2>(
                        rows,
                        channels,
                        panel,
                        &mut sums[..count.next_multiple_of(2)],
                    );
                }
            }
            for half in 0..PANEL / LANES {
                let first = group * PANEL + half * LANES;
                let bias = eight(&biases[first..]);
                for tile in 0..count {
                    let to = &mut convolved[tile * CORNERS * filters + first..];
                    transform_sums::<A>(&sums, tile, half, bias, filters, to);
                }
            }
        }
        for (tile, convolved) in convolved
            .chunks_exact(CORNERS * filters)
            .enumerate()
            .take(count)
        {
            grid.finish(
                block,
                grid.place(first + tile),
                convolved,
                filters,
                &mut found,
            );
        }
    }
    found
}

/// An image, or the gradients of one, `[height, width, channels]`.
pub(super) struct Maps<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) size: [usize; 2],
    pub(super) channels: usize,
}

/// A square of pixels: where its rows and columns lie, from its first number.
#[derive(Clone, Copy)]
pub(super) struct Square<'a> {
    numbers: &'a [f32],
    row: usize,
    column: usize,
}

impl<'a> Maps<'a> {
    /// `N` × `N` pixels from a corner on: where they lie, if all of them are there and their channels come in eights, else in
    /// `copy`, with zeros beyond.
    #[inline(always)]
    pub(super) fn square<const N: usize>(
        &self,
        [top, left]: [usize; 2],
        copy: &'a mut [f32],
    ) -> Square<'a> {
        let [height, width] = self.size;
        let channels = self.channels;
        let is_inside = top < height && left < width && top + N <= height && left + N <= width;
        if is_inside && channels.is_multiple_of(LANES) {
            return Square {
                numbers: &self.numbers[(top * width + left) * channels..],
                row: width * channels,
                column: channels,
            };
        }
        let column = copy.len() / (N * N);
        for (at, to) in copy.chunks_exact_mut(column).enumerate() {
            let row = top.wrapping_add(at / N);
            let column = left.wrapping_add(at % N);
            let to = &mut to[..channels];
            if row < height && column < width {
                to.copy_from_slice(&self.numbers[(row * width + column) * channels..][..channels]);
            } else {
                to.fill(0.0);
            }
        }
        Square {
            numbers: copy,
            row: N * column,
            column,
        }
    }
}

impl Square<'_> {
    /// Eight channels of a pixel.
    #[inline(always)]
    pub(super) fn eighth<A: Arithmetic>(
        &self,
        row: usize,
        column: usize,
        eighth: usize,
    ) -> A::Lanes {
        A::load(eight(
            &self.numbers[row * self.row + column * self.column + eighth * LANES..],
        ))
    }
}

/// The tiles of an image.
pub(super) struct Grid {
    pub(super) height: usize,
    pub(super) width: usize,
    /// Rows and columns of convolutions.
    convolutions: [usize; 2],
}

/// Image, row and column of a tile.
pub(super) type Place = [usize; 3];

impl Grid {
    pub(super) fn new(block: &Block) -> Self {
        let convolutions = block.output_size().map(|side| side * block.stride());
        let [height, width] = convolutions.map(|side| side.div_ceil(POOL));
        Self {
            height,
            width,
            convolutions,
        }
    }

    #[inline(always)]
    pub(super) fn place(&self, tile: usize) -> Place {
        let row = tile / self.width;
        [row / self.height, row % self.height, tile % self.width]
    }

    /// The pixels that a tile reads: where they lie, if all of them are there and their channels come in eights, else in
    /// `patch`, with zeros beyond.
    #[inline(always)]
    pub(super) fn pixels<'a>(
        &self,
        block: &Block,
        images: &'a [f32],
        [n, row, column]: Place,
        patch: &'a mut [f32],
    ) -> Square<'a> {
        let image = &images[n * block.image()..][..block.image()];
        // What lies before the image wraps, and so is none of its pixels.
        let corner = [row, column].map(|at| (at * POOL).wrapping_sub(block.padding));
        let maps = Maps {
            numbers: image,
            size: [block.height, block.width],
            channels: block.inputs,
        };
        maps.square::<PATCH>(corner, patch)
    }

    /// A tile's convolutions, `[4, filters]`, become outputs.
    #[inline(always)]
    fn finish(
        &self,
        block: &Block,
        [n, row, column]: Place,
        convolved: &[f32],
        filters: usize,
        found: &mut Forward,
    ) {
        let [_, width] = block.output_size();
        let corner = |corner: usize| &convolved[corner * filters..][..block.filters];
        let mut put = |row: usize, column: usize, corners: &[usize]| {
            let at = n * block.output_image() + (row * width + column) * block.filters;
            let outputs = &mut found.outputs[at..][..block.filters];
            let argmax = match found.argmax.get_mut(at..at + block.filters) {
                Some(argmax) => argmax,
                None => &mut [],
            };
            match corners {
                [one] => finish::plain(block, corner(*one), outputs, argmax),
                _ => finish::pool(block, [0, 1, 2, 3].map(corner), outputs, argmax),
            }
        };
        if block.pool {
            return put(row, column, &[0, 1, 2, 3]);
        }
        let [height, width] = self.convolutions;
        for at in 0..CORNERS {
            let (row, column) = (row * POOL + at / POOL, column * POOL + at % POOL);
            if row < height && column < width {
                put(row, column, &[at]);
            }
        }
    }
}

/// Bᵀ d B, for eight channels at a time: `[4, 4, channels]` → for each of 16 products and each eight their lanes.
#[inline(always)]
pub(super) fn transform_patch<A: Arithmetic>(
    pixels: Square<'_>,
    channels: usize,
    mut put: impl FnMut(usize, usize, A::Lanes),
) {
    for eighth in 0..channels / LANES {
        let mut columns = [[A::splat(0.0); PATCH]; PATCH];
        for (column, to) in columns.iter_mut().enumerate() {
            let at = |row: usize| pixels.eighth::<A>(row, column, eighth);
            *to = differences::<A>([at(0), at(1), at(2), at(3)]);
        }
        for row in 0..PATCH {
            let [a, b, c, d] = &columns;
            let done = differences::<A>([a[row], b[row], c[row], d[row]]);
            for (column, lanes) in done.into_iter().enumerate() {
                put(row * PATCH + column, eighth, lanes);
            }
        }
    }
}

/// Bᵀ d of one column.
#[inline(always)]
fn differences<A: Arithmetic>([a, b, c, d]: [A::Lanes; PATCH]) -> [A::Lanes; PATCH] {
    [A::sub(a, c), A::add(b, c), A::sub(c, b), A::sub(b, d)]
}

/// Rows `[channels]` times a panel `[channels, 16]`, `N` at a time.
#[inline(always)]
fn multiply_all<A: Arithmetic, const N: usize>(
    rows: &[f32],
    channels: usize,
    panel: &[[f32; PANEL]],
    sums: &mut [[f32; PANEL]],
) {
    for (rows, sums) in rows.chunks(N * channels).zip(sums.chunks_exact_mut(N)) {
        multiply::<A, N>(rows, channels, panel, sums);
    }
}

/// `N` rows `[channels]` times a panel `[channels, 16]`; the sums stay in registers.
#[inline(always)]
fn multiply<A: Arithmetic, const N: usize>(
    rows: &[f32],
    channels: usize,
    panel: &[[f32; PANEL]],
    sums: &mut [[f32; PANEL]],
) {
    let mut found = [[A::splat(0.0); 2]; N];
    let mut each = [&rows[..0]; N];
    for (row, to) in each.iter_mut().enumerate() {
        // As long as the panel, so that no index is checked below.
        *to = &rows[row * channels..][..panel.len()];
    }
    for (channel, weights) in panel.iter().enumerate() {
        let (halves, _) = weights.as_chunks();
        let weights = [A::load(&halves[0]), A::load(&halves[1])];
        for (sums, row) in found.iter_mut().zip(&each) {
            let number = A::splat(row[channel]);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = A::add_product(*sum, number, weights);
            }
        }
    }
    for (found, sums) in found.into_iter().zip(sums) {
        let (halves, _) = sums.as_chunks_mut();
        for (found, half) in found.into_iter().zip(halves) {
            A::store(found, half);
        }
    }
}

/// Aᵀ m A of a tile, and the bias: half of `[16, tiles, 16]` → four corners, `filters` numbers apart.
#[inline(always)]
fn transform_sums<A: Arithmetic>(
    sums: &[[f32; PANEL]],
    tile: usize,
    half: usize,
    bias: &[f32; LANES],
    filters: usize,
    to: &mut [f32],
) {
    let mut columns = [[A::splat(0.0); POOL]; PATCH];
    for (column, to) in columns.iter_mut().enumerate() {
        let at =
            |row: usize| A::load(&sums[(row * PATCH + column) * TILES + tile].as_chunks().0[half]);
        *to = folded::<A>([at(0), at(1), at(2), at(3)]);
    }
    let bias = A::load(bias);
    for row in 0..POOL {
        let [a, b, c, d] = &columns;
        let done = folded::<A>([a[row], b[row], c[row], d[row]]);
        for (column, lanes) in done.into_iter().enumerate() {
            let at = (row * POOL + column) * filters;
            A::store(A::add(lanes, bias), eight_mut(&mut to[at..]));
        }
    }
}

/// Aᵀ m of one column.
#[inline(always)]
fn folded<A: Arithmetic>([a, b, c, d]: [A::Lanes; PATCH]) -> [A::Lanes; POOL] {
    [A::add(A::add(a, b), c), A::sub(A::sub(b, c), d)]
}

/// G g Gᵀ of each filter and channel, eight filters at a time: `[filters, inputs, 3, 3]` → for each sixteen filters
/// `[16, channels]` of theirs.
#[inline(always)]
fn panels<A: Arithmetic>(block: &Block, weights: &[f32], channels: usize) -> Vec<[f32; PANEL]> {
    let groups = block.filters.div_ceil(PANEL);
    let mut panels = vec![[0.0; PANEL]; groups * PRODUCTS * channels];
    for first in (0..block.filters).step_by(LANES) {
        let filters = &weights[first * block.filter()..];
        let panels = &mut panels[first / PANEL * PRODUCTS * channels..][..PRODUCTS * channels];
        for input in 0..block.inputs {
            let mut taps = [[0.0; LANES]; KERNEL * KERNEL];
            for (lane, filter) in filters.chunks_exact(block.filter()).take(LANES).enumerate() {
                for (tap, weight) in taps.iter_mut().zip(&filter[input * KERNEL * KERNEL..]) {
                    tap[lane] = *weight;
                }
            }
            let tap = |row: usize, column: usize| A::load(&taps[row * KERNEL + column]);
            let of = |column: usize| halves::<A>([tap(0, column), tap(1, column), tap(2, column)]);
            let columns = [of(0), of(1), of(2)];
            for row in 0..PATCH {
                let done = halves::<A>([columns[0][row], columns[1][row], columns[2][row]]);
                for (column, lanes) in done.into_iter().enumerate() {
                    let to = &mut panels[(row * PATCH + column) * channels + input];
                    A::store(lanes, eight_mut(&mut to[first % PANEL..]));
                }
            }
        }
    }
    panels
}

/// G g of one column.
#[inline(always)]
fn halves<A: Arithmetic>([a, b, c]: [A::Lanes; KERNEL]) -> [A::Lanes; PATCH] {
    let outer = A::add(a, c);
    [
        a,
        half::<A>(A::add(outer, b)),
        half::<A>(A::sub(outer, b)),
        c,
    ]
}

/// Half of each number, which is exact.
#[inline(always)]
pub(super) fn half<A: Arithmetic>(lanes: A::Lanes) -> A::Lanes {
    A::add_product(A::splat(0.0), lanes, A::splat(0.5))
}

/// The first eight of `values`.
#[inline(always)]
pub(super) fn eight(values: &[f32]) -> &[f32; LANES] {
    &values.as_chunks().0[0]
}

#[inline(always)]
pub(super) fn eight_mut(values: &mut [f32]) -> &mut [f32; LANES] {
    &mut values.as_chunks_mut().0[0]
}
