//! Images → the block's outputs, tile by tile: some windows times sixteen filters stay in registers. What every block can be
//! computed by, and what `winograd.rs` is held to.

use super::arithmetic::{Arithmetic, LANES, PANEL};
use super::finish::{self, Forward};
use super::{Block, POOL, in_burn};

/// Without pooling, about so many windows are convolved at a time.
const GROUP: usize = 48;

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
    /// Number by number of a window, the weights of sixteen filters; filters in panels of sixteen.
    weights: Vec<[f32; PANEL]>,
    bias: Vec<[f32; PANEL]>,
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
            bias: bias.chunks(PANEL).map(panel_of).collect(),
            rows,
            windows: (0..rows).flat_map(in_row).collect(),
        }
    }

    /// Convolves the first `windows` of a group's, into `[windows, filters]`.
    #[inline(always)]
    fn convolve<A: Arithmetic>(&self, images: &[f32], windows: usize, convolved: &mut [f32]) {
        if windows == 1 {
            self.convolve_by::<A, 1>(images, windows, convolved);
        } else if A::IS_WIDE && windows >= 6 {
            self.convolve_by::<A, 6>(images, windows, convolved);
        } else {
            self.convolve_by::<A, 2>(images, windows, convolved);
        }
    }

    /// The same, `N` windows at a time, of which there are as many at least.
    #[inline(always)]
    fn convolve_by<A: Arithmetic, const N: usize>(
        &self,
        images: &[f32],
        windows: usize,
        convolved: &mut [f32],
    ) {
        let filters = self.block.filters;
        let panels = self.weights.chunks_exact(self.block.filter());
        for (panel, (weights, bias)) in panels.zip(&self.bias).enumerate() {
            let first = panel * PANEL;
            for window in (0..windows).step_by(N) {
                // The last tile overlaps the one before where the windows do not come out even.
                let window = window.min(windows - N);
                let begins = &self.windows[window..][..N];
                let sums = self.tile::<A, N>(images, begins, weights, bias);
                let to = &mut convolved[window * filters + first..];
                write::<A, N>(&sums, PANEL.min(filters - first), filters, to);
            }
        }
    }

    /// The convolutions of some windows with sixteen filters.
    #[inline(always)]
    fn tile<A: Arithmetic, const N: usize>(
        &self,
        images: &[f32],
        begins: &[usize],
        weights: &[[f32; PANEL]],
        bias: &[f32; PANEL],
    ) -> [[A::Lanes; 2]; N] {
        let segment = self.block.segment();
        let mut sums = [two::<A>(bias); N];
        for (row, weights) in weights.chunks_exact(segment).enumerate() {
            let mut windows = [&images[..0]; N];
            for (window, begin) in windows.iter_mut().zip(begins) {
                // As long as the weights, so that no index is checked below.
                *window = &images[begin + row * self.block.row()..][..weights.len()];
            }
            for (at, weights) in weights.iter().enumerate() {
                let weights = two::<A>(weights);
                for (sums, window) in sums.iter_mut().zip(&windows) {
                    let number = A::splat(window[at]);
                    for (sum, weights) in sums.iter_mut().zip(weights) {
                        *sum = A::add_product(*sum, number, weights);
                    }
                }
            }
        }
        sums
    }
}

/// Sixteen numbers.
#[inline(always)]
fn two<A: Arithmetic>(values: &[f32; PANEL]) -> [A::Lanes; 2] {
    let (halves, _) = values.as_chunks();
    [A::load(&halves[0]), A::load(&halves[1])]
}

/// Writes the first `live` numbers of each window's sums, windows being `filters` numbers apart.
#[inline(always)]
fn write<A: Arithmetic, const N: usize>(
    sums: &[[A::Lanes; 2]; N],
    live: usize,
    filters: usize,
    to: &mut [f32],
) {
    for (window, [left, right]) in sums.iter().enumerate() {
        let to = &mut to[window * filters..][..live];
        if let Some(to) = to.first_chunk_mut::<PANEL>() {
            let (halves, _) = to.as_chunks_mut();
            A::store(*left, &mut halves[0]);
            A::store(*right, &mut halves[1]);
        } else {
            let mut lanes = [[0.0; LANES]; 2];
            A::store(*left, &mut lanes[0]);
            A::store(*right, &mut lanes[1]);
            to.copy_from_slice(&lanes.as_flattened()[..live]);
        }
    }
}

/// `[filters, inputs, kernel, kernel]` → for each sixteen filters, row by row of a window, their numbers.
fn packed(block: &Block, weights: &[f32]) -> Vec<[f32; PANEL]> {
    let filter = block.filter();
    let mut packed = vec![[0.0; PANEL]; block.filters.div_ceil(PANEL) * filter];
    for (number, weights) in weights.chunks_exact(filter).enumerate() {
        let panel = &mut packed[number / PANEL * filter..][..filter];
        for row in 0..block.kernel {
            for column in 0..block.kernel {
                for input in 0..block.inputs {
                    let at = row * block.segment() + column * block.inputs + input;
                    panel[at][number % PANEL] = weights[in_burn(block.kernel, row, column, input)];
                }
            }
        }
    }
    packed
}

fn panel_of(values: &[f32]) -> [f32; PANEL] {
    let mut panel = [0.0; PANEL];
    panel[..values.len()].copy_from_slice(values);
    panel
}
