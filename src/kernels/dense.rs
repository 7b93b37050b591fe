//! Gradients of a block without pooling and ReLU, of which every one counts: by Winograd's way, as its outputs.
//!
//! The images' gradients are such convolutions themselves: of the outputs' gradients, with each filter turned by half a turn.
//! The weights' are sums over tiles: where the outputs are Aᵀ[(G w Gᵀ) ⊙ (Bᵀ d B)]A, they are Gᵀ[(A g Aᵀ) ⊙ (Bᵀ d B)]G
//! (Lavin and Gray, 2015, section 4.1, with the roles of inputs and outputs exchanged), again 16 products for 36.

use super::arithmetic::{Arithmetic, LANES, PANEL};
use super::backward::Gradients;
use super::winograd::{
    self, Grid, Maps, PATCH, PRODUCTS, Place, Square, eight, eight_mut, half, transform_patch,
};
use super::{Block, KERNEL, POOL};

/// Tiles that are added up at a time: their transforms stay in the second cache.
const TILES: usize = 32;

/// Computes the gradients of a block from those of its outputs.
///
/// # Shapes
/// `images`: `[n, height, width, inputs]`; `weights`: `[filters, inputs, 3, 3]`; `gradients`: `[n, height, width, filters]`
/// of the output.
#[inline(always)]
pub fn backward<A: Arithmetic>(
    block: &Block,
    images: &[f32],
    weights: &[f32],
    gradients: &[f32],
    of_images: bool,
) -> Gradients {
    Gradients {
        images: if of_images {
            to_images::<A>(block, weights, gradients)
        } else {
            Vec::new()
        },
        weights: to_weights::<A>(block, images, gradients),
        bias: to_bias(block, gradients),
    }
}

#[inline(always)]
fn to_images<A: Arithmetic>(block: &Block, weights: &[f32], gradients: &[f32]) -> Vec<f32> {
    let [height, width] = block.output_size();
    let back = Block {
        height,
        width,
        inputs: block.filters,
        filters: block.inputs,
        padding: KERNEL - 1 - block.padding,
        ..*block
    };
    if height * width == 0 {
        return vec![0.0; block.images * block.image()];
    }
    let bias = vec![0.0; block.inputs];
    winograd::forward::<A>(&back, gradients, &turned(block, weights), &bias, false).outputs
}

/// `[filters, inputs, 3, 3]` → `[inputs, filters, 3, 3]`, each kernel turned by half a turn.
fn turned(block: &Block, weights: &[f32]) -> Vec<f32> {
    let (kernel, last) = (KERNEL * KERNEL, KERNEL * KERNEL - 1);
    let mut turned = vec![0.0; weights.len()];
    for (filter, of_filter) in weights.chunks_exact(block.filter()).enumerate() {
        for (input, numbers) in of_filter.chunks_exact(kernel).enumerate() {
            let to = &mut turned[(input * block.filters + filter) * kernel..][..kernel];
            for (at, number) in numbers.iter().enumerate() {
                to[last - at] = *number;
            }
        }
    }
    turned
}

/// The gradient of the bias of a block without pooling and ReLU: the sum of each filter's.
pub fn to_bias(block: &Block, gradients: &[f32]) -> Vec<f32> {
    let mut bias = vec![0.0; block.filters];
    let mut of_image = vec![0.0; block.filters];
    for image in gradients.chunks(block.output_image().max(1)) {
        of_image.fill(0.0);
        for position in image.chunks_exact(block.filters) {
            for (sum, gradient) in of_image.iter_mut().zip(position) {
                *sum += gradient;
            }
        }
        for (sum, of_image) in bias.iter_mut().zip(&of_image) {
            *sum += of_image;
        }
    }
    bias
}

#[inline(always)]
fn to_weights<A: Arithmetic>(block: &Block, images: &[f32], gradients: &[f32]) -> Vec<f32> {
    let grid = Grid::new(block);
    let tiles = block.images * grid.height * grid.width;
    let channels = block.inputs.next_multiple_of(LANES);
    let filters = block.filters.next_multiple_of(PANEL);
    let mut patch = vec![0.0; PRODUCTS * channels];
    let mut corners = vec![0.0; POOL * POOL * filters];
    let mut pixels = vec![[0.0; LANES]; PRODUCTS * channels / LANES * TILES];
    let mut outputs = vec![[0.0; PANEL]; PRODUCTS * filters / PANEL * TILES];
    let mut sums = vec![[0.0; PANEL]; PRODUCTS * filters / PANEL * channels];
    for first in (0..tiles).step_by(TILES) {
        let count = TILES.min(tiles - first);
        for tile in 0..count {
            let place = grid.place(first + tile);
            let square = grid.pixels(block, images, place, &mut patch);
            transform_patch::<A>(square, channels, |product, eighth, lanes| {
                let all = product * channels / LANES + eighth;
                A::store(lanes, &mut pixels[all * TILES + tile]);
            });
            let square = corners_of(block, gradients, place, &mut corners);
            transform_corners::<A>(square, filters, |product, eighth, lanes| {
                let panel = product * filters / PANEL + eighth / 2;
                let to = &mut outputs[panel * TILES + tile];
                A::store(lanes, eight_mut(&mut to[eighth % 2 * LANES..]));
            });
        }
        let panels = outputs
            .chunks_exact(TILES)
            .zip(sums.chunks_exact_mut(channels));
        for (panel, (outputs, sums)) in panels.enumerate() {
            let product = panel / (filters / PANEL);
            let pixels = &pixels[product * channels / LANES * TILES..];
            let eighths = pixels.chunks_exact(TILES).zip(sums.chunks_exact_mut(LANES));
            for (pixels, sums) in eighths {
                add_products::<A>(&pixels[..count], &outputs[..count], sums);
            }
        }
    }
    from_sums::<A>(block, &sums, channels, filters)
}

/// The gradients of a tile's outputs, `[2, 2, filters]`, as [`Grid::pixels`] has its pixels.
#[inline(always)]
fn corners_of<'a>(
    block: &Block,
    gradients: &'a [f32],
    [n, row, column]: Place,
    copy: &'a mut [f32],
) -> Square<'a> {
    let maps = Maps {
        numbers: &gradients[n * block.output_image()..][..block.output_image()],
        size: block.output_size(),
        channels: block.filters,
    };
    maps.square::<POOL>([row * POOL, column * POOL], copy)
}

/// A g Aᵀ, for eight filters at a time: `[4, filters]` → for each of 16 products and each eight their lanes.
#[inline(always)]
fn transform_corners<A: Arithmetic>(
    corners: Square<'_>,
    filters: usize,
    mut put: impl FnMut(usize, usize, A::Lanes),
) {
    for eighth in 0..filters / LANES {
        let at = |row: usize, column: usize| corners.eighth::<A>(row, column, eighth);
        let of = |column: usize| spread::<A>([at(0, column), at(1, column)]);
        let columns = [of(0), of(1)];
        for (row, (left, right)) in columns[0].into_iter().zip(columns[1]).enumerate() {
            let done = spread::<A>([left, right]);
            for (column, lanes) in done.into_iter().enumerate() {
                put(row * PATCH + column, eighth, lanes);
            }
        }
    }
}

/// A g of one column.
#[inline(always)]
fn spread<A: Arithmetic>([a, b]: [A::Lanes; POOL]) -> [A::Lanes; PATCH] {
    [a, A::add(a, b), A::sub(a, b), A::sub(A::splat(0.0), b)]
}

/// Adds to `[8, 16]` the products of `[tiles, 8]` and `[tiles, 16]`, tile by tile.
#[inline(always)]
fn add_products<A: Arithmetic>(
    pixels: &[[f32; LANES]],
    outputs: &[[f32; PANEL]],
    sums: &mut [[f32; PANEL]],
) {
    if A::IS_WIDE {
        add_rows::<A, 4>(pixels, outputs, sums);
    } else {
        add_rows::<A, 2>(pixels, outputs, sums);
    }
}

/// The same, `N` of the eight at a time, whose sums stay in registers.
#[inline(always)]
fn add_rows<A: Arithmetic, const N: usize>(
    pixels: &[[f32; LANES]],
    outputs: &[[f32; PANEL]],
    sums: &mut [[f32; PANEL]],
) {
    for (turn, sums) in sums.chunks_exact_mut(N).enumerate() {
        let first = (turn * N) & (LANES - N); // Said again, so that no index is checked below.
        let mut found = [[A::splat(0.0); 2]; N];
        for (found, sums) in found.iter_mut().zip(sums.iter()) {
            *found = [A::load(eight(sums)), A::load(eight(&sums[LANES..]))];
        }
        for (pixels, outputs) in pixels.iter().zip(outputs) {
            let outputs = [A::load(eight(outputs)), A::load(eight(&outputs[LANES..]))];
            for (row, found) in found.iter_mut().enumerate() {
                let pixel = A::splat(pixels[first + row]);
                for (found, outputs) in found.iter_mut().zip(outputs) {
                    *found = A::add_product(*found, pixel, outputs);
                }
            }
        }
        for ([left, right], sums) in found.into_iter().zip(sums) {
            A::store(left, eight_mut(sums));
            A::store(right, eight_mut(&mut sums[LANES..]));
        }
    }
}

/// Gᵀ m G of each filter and channel, eight filters at a time: of each 16 products and sixteen filters `[channels, 16]` →
/// `[filters, inputs, 3, 3]`.
#[inline(always)]
fn from_sums<A: Arithmetic>(
    block: &Block,
    sums: &[[f32; PANEL]],
    channels: usize,
    filters: usize,
) -> Vec<f32> {
    let mut weights = vec![0.0; block.filters * block.filter()];
    for first in (0..block.filters).step_by(LANES) {
        let of_lanes = &mut weights[first * block.filter()..];
        for input in 0..block.inputs {
            let at = |product: usize| {
                let panel = (product * filters + first) / PANEL;
                A::load(eight(&sums[panel * channels + input][first % PANEL..]))
            };
            let of = |column: usize| {
                let row = |row: usize| at(row * PATCH + column);
                gathered::<A>([row(0), row(1), row(2), row(3)])
            };
            let [a, b, c, d] = [of(0), of(1), of(2), of(3)];
            let mut taps = [[0.0; LANES]; KERNEL * KERNEL];
            for row in 0..KERNEL {
                let done = gathered::<A>([a[row], b[row], c[row], d[row]]);
                for (column, lanes) in done.into_iter().enumerate() {
                    A::store(lanes, &mut taps[row * KERNEL + column]);
                }
            }
            let lanes = of_lanes.chunks_exact_mut(block.filter()).take(LANES);
            for (lane, filter) in lanes.enumerate() {
                let weights = &mut filter[input * KERNEL * KERNEL..];
                for (weight, tap) in weights.iter_mut().zip(&taps) {
                    *weight = tap[lane];
                }
            }
        }
    }
    weights
}

/// Gᵀ m of one column.
#[inline(always)]
fn gathered<A: Arithmetic>([a, b, c, d]: [A::Lanes; PATCH]) -> [A::Lanes; KERNEL] {
    let both = half::<A>(A::add(b, c));
    [A::add(a, both), half::<A>(A::sub(b, c)), A::add(both, d)]
}
