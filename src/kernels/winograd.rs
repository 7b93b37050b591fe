//! Images → a block's outputs by Winograd's F(2×2, 3×3): a tile of 2 × 2 convolutions from 16 products a channel, where the
//! direct way takes 36. A tile is one pooling window.
//!
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), section 4.1. The transforms of images and
//! filters are additions alone but for halves, so what is lost in rounding is small; `forward.rs` is the reference.
//!
//! It pays with many channels: a transform is made once for a pixel and a channel, and used for every filter.

use super::arithmetic::{Arithmetic, LANES};
use super::finish::{self, Forward};
use super::{Block, KERNEL, POOL, in_burn};

/// Height and width of the pixels that a tile reads.
const PATCH: usize = 4;
/// Products of a tile and channel.
const PRODUCTS: usize = PATCH * PATCH;
/// Convolutions of a tile.
const CORNERS: usize = POOL * POOL;
/// Tiles whose sums stay in registers: with [`LANES`], 12 of wasm's 16.
const ROWS: usize = 6;
/// Tiles that are computed at a time: what they read and write stays in the first two caches.
const TILES: usize = 2 * ROWS;
/// Channels that a turn of the innermost loop takes.
const UNROLL: usize = 4;

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
    let filters = block.filters.next_multiple_of(LANES);
    let panels = panels(block, weights, channels);
    let mut biases = bias.to_vec();
    biases.resize(filters, 0.0);
    let mut patch = vec![0.0; PRODUCTS * channels];
    let mut transformed = vec![0.0; PRODUCTS * TILES * channels];
    let mut sums = [[0.0; LANES]; PRODUCTS * TILES];
    let mut convolved = vec![0.0; TILES * CORNERS * filters];
    for first in (0..tiles).step_by(TILES) {
        let count = TILES.min(tiles - first);
        for tile in 0..count {
            let place = grid.place(first + tile);
            grid.read_patch(block, images, place, channels, &mut patch);
            transform_patch::<A>(&patch, channels, tile, &mut transformed);
        }
        for (group, panels) in panels.chunks_exact(PRODUCTS * channels).enumerate() {
            for product in 0..PRODUCTS {
                let rows = &transformed[product * TILES * channels..][..TILES * channels];
                let panel = &panels[product * channels..][..channels];
                let sums = &mut sums[product * TILES..][..TILES];
                // Those beyond `count` are of an earlier round, and nobody reads them.
                for begin in (0..count).step_by(ROWS) {
                    multiply::<A>(
                        &rows[begin * channels..],
                        channels,
                        panel,
                        &mut sums[begin..],
                    );
                }
            }
            let (biases, _) = biases[group * LANES..].as_chunks::<LANES>();
            for tile in 0..count {
                let to = &mut convolved[tile * CORNERS * filters + group * LANES..];
                transform_sums::<A>(&sums, tile, &biases[0], filters, to);
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

/// The tiles of an image.
struct Grid {
    height: usize,
    width: usize,
    /// Rows and columns of convolutions.
    convolutions: [usize; 2],
}

/// Image, row and column of a tile.
type Place = [usize; 3];

impl Grid {
    fn new(block: &Block) -> Self {
        let convolutions = block.output_size().map(|side| side * block.stride());
        let [height, width] = convolutions.map(|side| side.div_ceil(POOL));
        Self {
            height,
            width,
            convolutions,
        }
    }

    #[inline(always)]
    fn place(&self, tile: usize) -> Place {
        let row = tile / self.width;
        [row / self.height, row % self.height, tile % self.width]
    }

    /// The pixels that a tile reads, `[4, 4, channels]`; zeros beyond the image.
    #[inline(always)]
    fn read_patch(
        &self,
        block: &Block,
        images: &[f32],
        [n, row, column]: Place,
        channels: usize,
        patch: &mut [f32],
    ) {
        let image = &images[n * block.image()..][..block.image()];
        let (top, left) = (row * POOL, column * POOL);
        for (at, to) in patch.chunks_exact_mut(channels).enumerate() {
            let (row, column) = (top + at / PATCH, left + at % PATCH);
            let to = &mut to[..block.inputs];
            if row < block.height && column < block.width {
                to.copy_from_slice(
                    &image[row * block.row() + column * block.inputs..][..block.inputs],
                );
            } else {
                to.fill(0.0);
            }
        }
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

/// Bᵀ d B, for eight channels at a time: `[16, channels]` → row `tile` of each of 16 `[tiles, channels]`.
#[inline(always)]
fn transform_patch<A: Arithmetic>(
    patch: &[f32],
    channels: usize,
    tile: usize,
    transformed: &mut [f32],
) {
    for first in (0..channels).step_by(LANES) {
        let mut columns = [[A::splat(0.0); PATCH]; PATCH];
        for (column, to) in columns.iter_mut().enumerate() {
            let mut pixels = [A::splat(0.0); PATCH];
            for (row, pixel) in pixels.iter_mut().enumerate() {
                *pixel = A::load(eight(&patch[(row * PATCH + column) * channels + first..]));
            }
            *to = differences::<A>(pixels);
        }
        for row in 0..PATCH {
            let [a, b, c, d] = &columns;
            let done = differences::<A>([a[row], b[row], c[row], d[row]]);
            for (column, lanes) in done.into_iter().enumerate() {
                let at = ((row * PATCH + column) * TILES + tile) * channels + first;
                A::store(lanes, eight_mut(&mut transformed[at..]));
            }
        }
    }
}

/// Bᵀ d of one column.
#[inline(always)]
fn differences<A: Arithmetic>([a, b, c, d]: [A::Lanes; PATCH]) -> [A::Lanes; PATCH] {
    [A::sub(a, c), A::add(b, c), A::sub(c, b), A::sub(b, d)]
}

/// Six rows `[channels]` times a panel `[channels, 8]`.
#[inline(always)]
fn multiply<A: Arithmetic>(
    rows: &[f32],
    channels: usize,
    panel: &[[f32; LANES]],
    sums: &mut [[f32; LANES]],
) {
    let mut found = [A::splat(0.0); ROWS];
    let mut each = [&rows[..0]; ROWS];
    for (row, to) in each.iter_mut().enumerate() {
        *to = &rows[row * channels..][..channels];
    }
    let each = each.map(|row| row.as_chunks::<UNROLL>().0);
    let (panel, _) = panel.as_chunks::<UNROLL>();
    for (at, weights) in panel.iter().enumerate() {
        for i in 0..UNROLL {
            let weights = A::load(&weights[i]);
            for (sum, row) in found.iter_mut().zip(&each) {
                *sum = A::add_product(*sum, A::splat(row[at][i]), weights);
            }
        }
    }
    for (found, sums) in found.into_iter().zip(sums) {
        A::store(found, sums);
    }
}

/// Aᵀ m A of a tile, and the bias: `[16, tiles, 8]` → four corners, `filters` numbers apart.
#[inline(always)]
fn transform_sums<A: Arithmetic>(
    sums: &[[f32; LANES]],
    tile: usize,
    bias: &[f32; LANES],
    filters: usize,
    to: &mut [f32],
) {
    let mut columns = [[A::splat(0.0); POOL]; PATCH];
    for (column, to) in columns.iter_mut().enumerate() {
        let at = |row: usize| A::load(&sums[(row * PATCH + column) * TILES + tile]);
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

/// G g Gᵀ of each filter and channel: `[filters, inputs, 3, 3]` → for each eight filters `[16, channels]` of their lanes.
#[inline(always)]
fn panels(block: &Block, weights: &[f32], channels: usize) -> Vec<[f32; LANES]> {
    let groups = block.filters.div_ceil(LANES);
    let mut panels = vec![[0.0; LANES]; groups * PRODUCTS * channels];
    for (filter, weights) in weights.chunks_exact(block.filter()).enumerate() {
        let panels = &mut panels[filter / LANES * PRODUCTS * channels..][..PRODUCTS * channels];
        for input in 0..block.inputs {
            let at = |row: usize| [0, 1, 2].map(|column| weights[in_burn(row, column, input)]);
            let rows: [_; KERNEL] = [at(0), at(1), at(2)];
            let columns = [0, 1, 2].map(|i| halves([rows[0][i], rows[1][i], rows[2][i]]));
            for row in 0..PATCH {
                let done = halves([columns[0][row], columns[1][row], columns[2][row]]);
                for (column, value) in done.into_iter().enumerate() {
                    panels[(row * PATCH + column) * channels + input][filter % LANES] = value;
                }
            }
        }
    }
    panels
}

/// G g of one column.
#[inline(always)]
fn halves([a, b, c]: [f32; KERNEL]) -> [f32; PATCH] {
    let outer = a + c;
    [a, (outer + b) * 0.5, (outer - b) * 0.5, c]
}

/// The first eight of `values`.
#[inline(always)]
fn eight(values: &[f32]) -> &[f32; LANES] {
    &values.as_chunks().0[0]
}

#[inline(always)]
fn eight_mut(values: &mut [f32]) -> &mut [f32; LANES] {
    &mut values.as_chunks_mut().0[0]
}
