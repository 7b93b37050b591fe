//! Images → the block's outputs, tile by tile: six windows times eight filters stay in registers.

use super::{Block, DEAD, KERNEL, POOL, in_burn};

/// Filters of a tile: two SIMD registers.
const LANES: usize = 8;
/// Windows of a tile: with [`LANES`], 12 of wasm's 16 registers, and both of the tutorial's pooled rows are whole.
const TILE: usize = 6;
/// Without pooling, about so many windows are convolved at a time.
const GROUP: usize = 48;

/// What a block computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Forward {
    /// `[n, height, width, filters]`.
    pub outputs: Vec<f32>,
    /// For each output, which convolution under its pooling window was the largest (0 to 3, row by row), or
    /// that no gradient passes it. Empty unless it was asked for.
    pub argmax: Vec<u32>,
}

/// Numbers of a window's row that a turn of the innermost loop takes.
const UNROLL: usize = 3;

/// The lanes of eight filters for one number of a window.
type Lanes = [f32; LANES];

/// Computes a block.
///
/// # Shapes
/// `images`: `[n, height, width, inputs]`; `weights`: `[filters, inputs, 3, 3]`; `bias`: `[filters]`. Numbers that are
/// missing count as a caller's mistake: `block.rs` makes sure of the lengths.
pub fn forward(
    block: &Block,
    images: &[f32],
    weights: &[f32],
    bias: &[f32],
    keep: bool,
) -> Forward {
    let pass = Pass::new(block, weights, bias);
    let mut outputs = vec![0.0; block.images * block.output_image()];
    let mut argmax = vec![0; if keep { outputs.len() } else { 0 }];
    if outputs.is_empty() {
        return Forward { outputs, argmax };
    }
    let mut convolved = vec![0.0; pass.windows.len() * block.filters];
    let of_group = pass.rows / block.stride() * block.output_size()[1] * block.filters;
    for n in 0..block.images {
        let image = &images[n * block.image()..][..block.image()];
        let here = n * block.output_image()..(n + 1) * block.output_image();
        let kept = if keep {
            &mut argmax[here.clone()]
        } else {
            &mut [][..]
        };
        for (group, outputs) in outputs[here].chunks_mut(of_group).enumerate() {
            let first = group * pass.rows * block.row();
            let windows = pass
                .windows
                .len()
                .min(outputs.len() / block.filters * block.stride() * block.stride());
            pass.convolve(&image[first..], windows, &mut convolved);
            let kept = kept.chunks_mut(of_group).nth(group).unwrap_or_default();
            if block.pool {
                pool(block, &convolved, outputs, kept);
            } else {
                rectify(&convolved, outputs, kept);
            }
        }
    }
    Forward { outputs, argmax }
}

/// What is the same for every image.
struct Pass {
    block: Block,
    /// Number by number of a window, the weights of eight filters; filters in groups of eight.
    weights: Vec<Lanes>,
    bias: Vec<Lanes>,
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
    fn convolve(&self, images: &[f32], windows: usize, convolved: &mut [f32]) {
        let filters = self.block.filters;
        let groups = self
            .weights
            .chunks_exact(self.block.filter())
            .zip(&self.bias);
        for (group, (weights, bias)) in groups.enumerate() {
            let first = group * LANES;
            let live = LANES.min(filters - first);
            let mut write = |window: usize, sums: &[Lanes]| {
                for (sums, window) in sums.iter().zip(window..) {
                    convolved[window * filters + first..][..live].copy_from_slice(&sums[..live]);
                }
            };
            if windows < TILE {
                for (window, begin) in self.windows[..windows].iter().enumerate() {
                    write(window, &self.tile(images, &[*begin], weights, bias));
                }
                continue;
            }
            for window in (0..windows).step_by(TILE) {
                // The last tile overlaps the one before where the windows do not come out even.
                let window = window.min(windows - TILE);
                let mut begins = [0; TILE];
                begins.copy_from_slice(&self.windows[window..][..TILE]);
                write(window, &self.tile(images, &begins, weights, bias));
            }
        }
    }

    /// The convolutions of some windows with eight filters.
    #[inline(always)]
    fn tile<const N: usize>(
        &self,
        images: &[f32],
        begins: &[usize; N],
        weights: &[Lanes],
        bias: &Lanes,
    ) -> [Lanes; N] {
        let segment = self.block.segment();
        let mut sums = [*bias; N];
        for row in 0..KERNEL {
            let weights = &weights[row * segment..][..segment];
            let windows = begins.map(|begin| &images[begin + row * self.block.row()..][..segment]);
            // A run of numbers is three pixels, so it comes out even.
            let (weights, _) = weights.as_chunks::<UNROLL>();
            let windows = windows.map(|window| window.as_chunks::<UNROLL>().0);
            for (at, weights) in weights.iter().enumerate() {
                for i in 0..UNROLL {
                    for (sums, window) in sums.iter_mut().zip(&windows) {
                        let value = window[at][i];
                        for (sum, weight) in sums.iter_mut().zip(&weights[i]) {
                            *sum += value * weight;
                        }
                    }
                }
            }
        }
        sums
    }
}

/// `[filters, inputs, 3, 3]` → for each eight filters, row by row of a window, their lanes.
fn packed(block: &Block, weights: &[f32]) -> Vec<Lanes> {
    let filter = block.filter();
    let mut packed = vec![[0.0; LANES]; block.filters.div_ceil(LANES) * filter];
    for (number, weights) in weights.chunks_exact(filter).enumerate() {
        let group = &mut packed[number / LANES * filter..][..filter];
        for row in 0..KERNEL {
            for column in 0..KERNEL {
                for input in 0..block.inputs {
                    let at = row * block.segment() + column * block.inputs + input;
                    group[at][number % LANES] = weights[in_burn(row, column, input)];
                }
            }
        }
    }
    packed
}

fn lanes(values: &[f32]) -> Lanes {
    let mut lanes = [0.0; LANES];
    lanes[..values.len()].copy_from_slice(values);
    lanes
}

/// ReLU; a number that is none stays so, or nobody would learn of it.
#[inline(always)]
fn relu(value: f32) -> f32 {
    if value < 0.0 { 0.0 } else { value }
}

/// What passes a gradient: `index`, unless ReLU cut it off.
#[inline(always)]
fn kept(index: u32, value: f32) -> u32 {
    if value > 0.0 { index } else { DEAD }
}

/// ReLU of `[windows, filters]`.
fn rectify(convolved: &[f32], outputs: &mut [f32], argmax: &mut [u32]) {
    for (output, value) in outputs.iter_mut().zip(convolved) {
        *output = relu(*value);
    }
    for (index, value) in argmax.iter_mut().zip(convolved) {
        *index = kept(0, *value);
    }
}

/// The largest of each 2 × 2 of two rows `[2, 2 · width, filters]`, then ReLU; the first of equals wins.
fn pool(block: &Block, convolved: &[f32], outputs: &mut [f32], argmax: &mut [u32]) {
    let filters = block.filters;
    let (above, below) = convolved.split_at(convolved.len() / POOL);
    let pairs = above
        .chunks_exact(POOL * filters)
        .zip(below.chunks_exact(POOL * filters));
    for (window, (above, below)) in pairs.enumerate() {
        let outputs = &mut outputs[window * filters..][..filters];
        let ((a, b), (c, d)) = (above.split_at(filters), below.split_at(filters));
        let (a, b, c, d) = (&a[..filters], &b[..filters], &c[..filters], &d[..filters]);
        if argmax.is_empty() {
            for i in 0..filters {
                outputs[i] =
                    relu(larger(larger((a[i], 0), (b[i], 1)), larger((c[i], 2), (d[i], 3))).0);
            }
            continue;
        }
        let argmax = &mut argmax[window * filters..][..filters];
        for i in 0..filters {
            let (value, index) = larger(larger((a[i], 0), (b[i], 1)), larger((c[i], 2), (d[i], 3)));
            outputs[i] = relu(value);
            argmax[i] = kept(index, value);
        }
    }
}

#[inline(always)]
fn larger(first: (f32, u32), second: (f32, u32)) -> (f32, u32) {
    if second.0 > first.0 { second } else { first }
}
