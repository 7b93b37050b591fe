//! Images → the block's outputs, tile by tile: six windows times eight filters stay in registers. What every block can be
//! computed by, and what `winograd.rs` is held to.

use super::arithmetic::{Arithmetic, LANES};
use super::finish::{self, Forward};
use super::{Block, POOL, in_burn};

/// Windows of a tile: with [`LANES`], 12 of wasm's 16 registers, and both of the tutorial's pooled rows are whole.
const TILE: usize = 6;
/// Without pooling, about so many windows are convolved at a time.
const GROUP: usize = 48;

/// Numbers of a window's row that a turn of the innermost loop takes.
const UNROLL: usize = 3;

/// Computes a block.
///
/// # Shapes
/// `images`: `[n, height, width, inputs]`; `weights`: `[filters, inputs, kernel, kernel]`; `bias`: `[filters]`. Numbers that are
/// missing count as a caller's mistake: `block.rs` makes sure of the lengths.
#[inline(always)]
pub fn forward<A: Arithmetic>(
    block: &Block,
    images: &[f32],
    weights: &[f32],
    bias: &[f32],
    keep: bool,
) -> Forward {
    let pass = Pass::new(block, weights, bias);
    let mut found = Forward::new(block, keep);
    if found.outputs.is_empty() {
        return found;
    }
    let mut convolved = vec![0.0; pass.windows.len() * block.filters];
    let [_, width] = block.output_size();
    let of_group = pass.rows / block.stride() * width * block.filters;
    for n in 0..block.images {
        let image = &images[n * block.image()..][..block.image()];
        let here = n * block.output_image()..(n + 1) * block.output_image();
        let mut argmax = found.argmax.get_mut(here.clone()).unwrap_or_default();
        for (group, outputs) in found.outputs[here].chunks_mut(of_group).enumerate() {
            let first = group * pass.rows * block.row();
            let corners = block.stride() * block.stride();
            let windows = pass
                .windows
                .len()
                .min(outputs.len() / block.filters * corners);
            pass.convolve::<A>(&image[first..], windows, &mut convolved);
            let kept = argmax.len().min(outputs.len());
            let (kept, rest) = argmax.split_at_mut(kept);
            argmax = rest;
            finish_group(block, &convolved, outputs, kept);
        }
    }
    found
}

/// Convolutions of a group of rows, `[windows, filters]` → its outputs.
#[inline(always)]
fn finish_group(block: &Block, convolved: &[f32], outputs: &mut [f32], argmax: &mut [u32]) {
    if !block.pool {
        return finish::plain(block, convolved, outputs, argmax);
    }
    let filters = block.filters;
    let (above, below) = convolved.split_at(convolved.len() / POOL);
    let pairs = above
        .chunks_exact(POOL * filters)
        .zip(below.chunks_exact(POOL * filters));
    for (window, (above, below)) in pairs.enumerate() {
        let here = window * filters..(window + 1) * filters;
        let ((a, b), (c, d)) = (above.split_at(filters), below.split_at(filters));
        let kept = argmax.get_mut(here.clone()).unwrap_or_default();
        finish::pool(block, [a, b, c, d], &mut outputs[here], kept);
    }
}

/// What is the same for every image.
struct Pass {
    block: Block,
    /// Number by number of a window, the weights of eight filters; filters in groups of eight.
    weights: Vec<[f32; LANES]>,
    bias: Vec<[f32; LANES]>,
    /// Rows of convolutions in a group.
    rows: usize,
    /// Where a group's windows begin, row by row, from where its first begins.
    windows: Vec<usize>,
}

impl Pass {
    fn new(block: &Block, weights: &[f32], bias: &[f32]) -> Self {
        let [height, width] = block.output_size().map(|side| side * block.stride());
        let rows = if block.pool {
            POOL
        } else {
            (GROUP / width.max(1)).clamp(1, height.max(1))
        };
        let in_row =
            |row: usize| (0..width).map(move |column| row * block.row() + column * block.inputs);
        Self {
            block: *block,
            weights: packed(block, weights),
            bias: bias.chunks(LANES).map(lanes).collect(),
            rows,
            windows: (0..rows).flat_map(in_row).collect(),
        }
    }

    /// Convolves the first `windows` of a group's, into `[windows, filters]`.
    #[inline(always)]
    fn convolve<A: Arithmetic>(&self, images: &[f32], windows: usize, convolved: &mut [f32]) {
        let filters = self.block.filters;
        let groups = self
            .weights
            .chunks_exact(self.block.filter())
            .zip(&self.bias);
        for (group, (weights, bias)) in groups.enumerate() {
            let first = group * LANES;
            let live = LANES.min(filters - first);
            if windows < TILE {
                for (window, begin) in self.windows[..windows].iter().enumerate() {
                    let sums = self.tile::<A, 1>(images, &[*begin], weights, bias);
                    write::<A>(
                        &sums,
                        live,
                        filters,
                        &mut convolved[window * filters + first..],
                    );
                }
                continue;
            }
            for window in (0..windows).step_by(TILE) {
                // The last tile overlaps the one before where the windows do not come out even.
                let window = window.min(windows - TILE);
                let mut begins = [0; TILE];
                begins.copy_from_slice(&self.windows[window..][..TILE]);
                let sums = self.tile::<A, TILE>(images, &begins, weights, bias);
                write::<A>(
                    &sums,
                    live,
                    filters,
                    &mut convolved[window * filters + first..],
                );
            }
        }
    }

    /// The convolutions of some windows with eight filters.
    #[inline(always)]
    fn tile<A: Arithmetic, const N: usize>(
        &self,
        images: &[f32],
        begins: &[usize; N],
        weights: &[[f32; LANES]],
        bias: &[f32; LANES],
    ) -> [A::Lanes; N] {
        let segment = self.block.segment();
        let mut sums = [A::load(bias); N];
        for row in 0..self.block.kernel {
            let weights = &weights[row * segment..][..segment];
            let mut windows = [&images[..0]; N];
            for (window, begin) in windows.iter_mut().zip(begins) {
                *window = &images[begin + row * self.block.row()..][..segment];
            }
            // A row of three pixels, as of most kernels, comes out even.
            let (weights, rest) = weights.as_chunks::<UNROLL>();
            let chunks = windows.map(|window| window.as_chunks::<UNROLL>().0);
            for (at, weights) in weights.iter().enumerate() {
                for i in 0..UNROLL {
                    let weights = A::load(&weights[i]);
                    for (sum, window) in sums.iter_mut().zip(&chunks) {
                        *sum = A::add_product(*sum, A::splat(window[at][i]), weights);
                    }
                }
            }
            let done = weights.len() * UNROLL;
            for (at, weights) in rest.iter().enumerate() {
                let weights = A::load(weights);
                for (sum, window) in sums.iter_mut().zip(&windows) {
                    *sum = A::add_product(*sum, A::splat(window[done + at]), weights);
                }
            }
        }
        sums
    }
}

/// Writes the first `live` lanes of each window's sums, windows being `filters` numbers apart.
#[inline(always)]
fn write<A: Arithmetic>(sums: &[A::Lanes], live: usize, filters: usize, to: &mut [f32]) {
    for (window, sums) in sums.iter().enumerate() {
        let to = &mut to[window * filters..];
        if let (LANES, Some(to)) = (live, to.first_chunk_mut()) {
            A::store(*sums, to);
        } else {
            let mut lanes = [0.0; LANES];
            A::store(*sums, &mut lanes);
            to[..live].copy_from_slice(&lanes[..live]);
        }
    }
}

/// `[filters, inputs, kernel, kernel]` → for each eight filters, row by row of a window, their lanes.
fn packed(block: &Block, weights: &[f32]) -> Vec<[f32; LANES]> {
    let filter = block.filter();
    let mut packed = vec![[0.0; LANES]; block.filters.div_ceil(LANES) * filter];
    for (number, weights) in weights.chunks_exact(filter).enumerate() {
        let group = &mut packed[number / LANES * filter..][..filter];
        for row in 0..block.kernel {
            for column in 0..block.kernel {
                for input in 0..block.inputs {
                    let at = row * block.segment() + column * block.inputs + input;
                    group[at][number % LANES] = weights[in_burn(block.kernel, row, column, input)];
                }
            }
        }
    }
    packed
}

fn lanes(values: &[f32]) -> [f32; LANES] {
    let mut lanes = [0.0; LANES];
    lanes[..values.len()].copy_from_slice(values);
    lanes
}
