//! A block written out in `f64`, window by window, and what every kernel is held to it by: on random shapes, natively and as wasm.
//!
//! No kernel computes like this. A kernel's own argmax says where gradients go, because two convolutions under a window may
//! differ by less than `f32` can tell.

use super::{Block, DEAD, Forward, Gradients, KERNEL, Kernels, in_burn};

/// How far a number may be off, as a share of the largest of its tensor.
pub const TOLERANCE: f64 = 1e-5;
/// Multiply-adds of a random block, at most.
const PRODUCTS_MAX: usize = 4_000_000;

/// What a block reads, made of a seed: numbers between −1 and 1.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// `[n, height, width, inputs]`.
    pub images: Vec<f32>,
    /// `[filters, inputs, kernel, kernel]`.
    pub weights: Vec<f32>,
    /// `[filters]`.
    pub bias: Vec<f32>,
}

/// Numbers between −1 and 1 that are always the same.
pub fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || (draw(&mut state) >> 8) as f32 / (1 << 23) as f32 - 1.0;
    (0..count).map(|_| next()).collect()
}

/// The next number of a linear congruential generator (Numerical Recipes).
fn draw(state: &mut u32) -> u32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *state
}

impl Inputs {
    /// Those of a block.
    pub fn new(block: &Block, seed: u32) -> Self {
        Self {
            images: numbers(block.images * block.image(), seed),
            weights: numbers(block.filters * block.filter(), seed.wrapping_add(1)),
            bias: numbers(block.filters, seed.wrapping_add(2)),
        }
    }
}

/// A block of any shape that can be, small enough to be written out.
pub fn random_block(seed: u32) -> Block {
    let mut state = seed.wrapping_mul(2_654_435_761);
    // The high bits are the random ones.
    let mut up_to = |most: u32| (draw(&mut state) >> 16) % most;
    let of_channels = |draw: u32| {
        1 + if draw.is_multiple_of(2) {
            draw % 18
        } else {
            draw % 130
        }
    };
    let mut block = Block {
        images: 1 + up_to(130) as usize,
        height: 3 + up_to(15) as usize,
        width: 3 + up_to(15) as usize,
        inputs: of_channels(up_to(65_536)) as usize,
        filters: of_channels(up_to(65_536)) as usize,
        kernel: [3, 3, 3, 1, 2, 4, 5][up_to(7) as usize],
        padding: up_to(3) as usize,
        pool: up_to(2) == 0,
        relu: up_to(2) == 0,
        winograd: up_to(2) == 0,
    };
    block.padding = block.padding.min(block.kernel - 1);
    block.winograd &= block.kernel == KERNEL;
    let of_image = block.height * block.width * block.filter() * block.filters;
    block.images = block.images.min(PRODUCTS_MAX.div_ceil(of_image));
    block
}

/// What a kernel computes otherwise than the block written out; none when it agrees.
pub fn difference(kernels: &Kernels, block: &Block, seed: u32) -> Option<String> {
    let inputs = Inputs::new(block, seed);
    let Inputs {
        images,
        weights,
        bias,
    } = &inputs;
    let found = (kernels.forward)(block, images, weights, bias, true);
    let alone = (kernels.forward)(block, images, weights, bias, false);
    if alone.outputs != found.outputs || !alone.argmax.is_empty() {
        return Some(format!("{block:?}: other outputs without argmax"));
    }
    let problem = outputs_differ(block, &inputs, &found);
    if let Some(problem) = problem {
        return Some(format!("{block:?}: {problem}"));
    }
    if found.argmax.is_empty() != (block.is_plain() || found.outputs.is_empty()) {
        return Some(format!(
            "{block:?}: argmax is kept where none is needed, or is not"
        ));
    }
    let gradients = numbers(found.outputs.len(), seed.wrapping_add(3));
    let back = |of_images| {
        (kernels.backward)(block, images, weights, &found.argmax, &gradients, of_images)
    };
    let [back, without] = [back(true), back(false)];
    if !without.images.is_empty()
        || (&without.weights, &without.bias) != (&back.weights, &back.bias)
    {
        return Some(format!("{block:?}: other gradients without the images'"));
    }
    let expected = written_back(block, &inputs, &found.argmax, &gradients);
    let pairs = [
        ("images", &back.images, &expected[0]),
        ("weights", &back.weights, &expected[1]),
        ("bias", &back.bias, &expected[2]),
    ];
    pairs.into_iter().find_map(|(name, found, expected)| {
        let problem = apart(found, expected)?;
        Some(format!("{block:?}: gradients of the {name}: {problem}"))
    })
}

fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(1.0, |a: f64, b| a.max(b.abs()))
}

fn apart(found: &[f32], expected: &[f64]) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} numbers, not {}", found.len(), expected.len()));
    }
    let most = TOLERANCE * largest(expected);
    let pairs = found.iter().zip(expected).enumerate();
    let is_off = |found: f32, expected: f64| {
        let apart = (f64::from(found) - expected).abs();
        apart.is_nan() || apart > most
    };
    let mut off = pairs.filter(|(_, (found, expected))| is_off(**found, **expected));
    off.next()
        .map(|(at, (found, expected))| format!("number {at} is {found}, not {expected}"))
}

/// For each number of the images with their zeros its place in those without; none of a zero.
fn places_of_pixels(block: &Block) -> Vec<Option<usize>> {
    let bare = block.bare();
    let place = |at: usize| {
        let (n, rest) = (at / bare.image(), at % bare.image());
        let (row, rest) = (rest / bare.row(), rest % bare.row());
        let (column, input) = (rest / bare.inputs, rest % bare.inputs);
        let row = row
            .checked_sub(block.padding)
            .filter(|at| *at < block.height)?;
        let column = column
            .checked_sub(block.padding)
            .filter(|at| *at < block.width)?;
        Some(((n * block.height + row) * block.width + column) * block.inputs + input)
    };
    (0..bare.images * bare.image()).map(place).collect()
}

/// Where the number (`row`, `column`, `input`) of a window lies in the images and in a filter.
fn terms(block: &Block) -> Vec<(usize, usize)> {
    let mut terms = Vec::new();
    for row in 0..block.kernel {
        for column in 0..block.kernel {
            for input in 0..block.inputs {
                let in_images = row * block.row() + column * block.inputs + input;
                terms.push((in_images, in_burn(block.kernel, row, column, input)));
            }
        }
    }
    terms
}

/// Where the window of each output's position begins in the images, and its filter.
fn places(block: &Block) -> impl Iterator<Item = (usize, usize)> {
    let block = *block;
    let [_, height, width, filters] = block.output_shape();
    (0..block.images * height * width * filters).map(move |at| {
        let position = at / filters;
        let (n, position) = (position / (height * width), position % (height * width));
        let first = n * block.image() + block.window(position / width, position % width);
        (first, at % filters)
    })
}

fn outputs_differ(block: &Block, inputs: &Inputs, found: &Forward) -> Option<String> {
    let pixels = places_of_pixels(block).into_iter();
    let images: Vec<f32> = pixels
        .map(|at| at.map_or(0.0, |at| inputs.images[at]))
        .collect();
    let block = &block.bare();
    let terms = terms(block);
    let corners = &block.corners()[..if block.pool { 4 } else { 1 }];
    let convolved: Vec<Vec<f64>> = places(block)
        .map(|(first, filter)| {
            let weights = &inputs.weights[filter * block.filter()..];
            let of_corner = |corner: &usize| {
                let products = terms.iter().map(|(image, weight)| {
                    f64::from(images[first + corner + image]) * f64::from(weights[*weight])
                });
                f64::from(inputs.bias[filter]) + products.sum::<f64>()
            };
            corners.iter().map(of_corner).collect()
        })
        .collect();
    let pooled = |corners: &Vec<f64>| corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let rectified = |value: f64| if block.relu { value.max(0.0) } else { value };
    let expected: Vec<f64> = convolved
        .iter()
        .map(|corners| rectified(pooled(corners)))
        .collect();
    if let Some(problem) = apart(&found.outputs, &expected) {
        return Some(format!("outputs: {problem}"));
    }
    let most = TOLERANCE * largest(&expected);
    let wrong = convolved
        .iter()
        .zip(&found.argmax)
        .position(|(corners, index)| {
            let value = pooled(corners);
            let right = if *index == DEAD {
                block.relu && value <= most
            } else {
                let chosen = corners.get(*index as usize).copied().unwrap_or(f64::NAN);
                chosen >= value - most && (!block.relu || value >= -most)
            };
            !right
        });
    wrong.map(|at| {
        format!(
            "argmax {at} is {:?} of {:?}",
            found.argmax.get(at),
            convolved.get(at)
        )
    })
}

/// Gradients of images, weights and bias.
fn written_back(
    block: &Block,
    inputs: &Inputs,
    argmax: &[u32],
    gradients: &[f32],
) -> [Vec<f64>; 3] {
    let mut found = [&inputs.images, &inputs.weights, &inputs.bias].map(|of| vec![0.0; of.len()]);
    let pixels = places_of_pixels(block);
    let block = &block.bare();
    let terms = terms(block);
    let first = [0].repeat(if argmax.is_empty() {
        gradients.len()
    } else {
        0
    });
    let argmax = argmax.iter().chain(&first);
    let each = places(block).zip(argmax).zip(gradients);
    for (((first, filter), index), gradient) in each.filter(|((_, index), _)| **index != DEAD) {
        let first = first + block.corners()[*index as usize];
        let gradient = f64::from(*gradient);
        found[2][filter] += gradient;
        for (image, weight) in &terms {
            let weight = filter * block.filter() + weight;
            if let Some(pixel) = pixels[first + image] {
                found[0][pixel] += gradient * f64::from(inputs.weights[weight]);
                found[1][weight] += gradient * f64::from(inputs.images[pixel]);
            }
        }
    }
    found
}

/// [`difference`] of [`random_block`].
pub fn difference_of(kernels: &Kernels, seed: u32) -> Option<String> {
    difference(kernels, &random_block(seed), seed)
}

/// No gradients, for what has no output.
pub fn nothing(block: &Block) -> Gradients {
    Gradients {
        images: vec![0.0; block.images * block.image()],
        weights: vec![0.0; block.filters * block.filter()],
        bias: vec![0.0; block.filters],
    }
}
