//! The kernels against the same block written out in `f64`, over shapes that end tiles, lanes and chunks unevenly.

use super::*;

/// Numbers between −1 and 1 that are always the same.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

const BLOCKS: [Block; 7] = [
    block(2, [32, 32], 3, 32, true),
    block(2, [15, 15], 32, 64, true),
    block(3, [6, 6], 64, 64, false),
    block(1, [3, 3], 1, 1, false),
    block(2, [9, 8], 5, 11, true),
    block(2, [5, 40], 4, 9, false),
    block(1, [4, 5], 16, 8, true),
];

const fn block(
    images: usize,
    [height, width]: [usize; 2],
    inputs: usize,
    filters: usize,
    pool: bool,
) -> Block {
    Block {
        images,
        height,
        width,
        inputs,
        filters,
        pool,
    }
}

/// Images, weights and bias of a block.
fn inputs(block: &Block) -> [Vec<f32>; 3] {
    [
        numbers(block.images * block.image(), 1),
        numbers(block.filters * block.filter(), 2),
        numbers(block.filters, 3),
    ]
}

/// One output: its value, and image and corner of the window that it is of.
struct Output {
    value: f64,
    window: usize,
}

/// Where the number (`row`, `column`, `input`) of a window lies in the images and in a filter.
fn terms(block: &Block) -> Vec<(usize, usize)> {
    let mut terms = Vec::new();
    for row in 0..KERNEL {
        for column in 0..KERNEL {
            for input in 0..block.inputs {
                let in_images = row * block.row() + column * block.inputs + input;
                terms.push((in_images, in_burn(row, column, input)));
            }
        }
    }
    terms
}

/// Every output of a block, in its order.
fn written_out(block: &Block, [images, weights, bias]: &[Vec<f32>; 3]) -> Vec<Output> {
    let [_, height, width, filters] = block.output_shape();
    let terms = terms(block);
    let corners = &block.corners()[..if block.pool { 4 } else { 1 }];
    let mut outputs = Vec::new();
    for n in 0..block.images {
        for position in 0..height * width {
            let first = n * block.image() + block.window(position / width, position % width);
            for filter in 0..filters {
                let convolved = |window: usize| {
                    let products = terms.iter().map(|(image, weight)| {
                        let weight = weights[filter * block.filter() + weight];
                        f64::from(images[window + image]) * f64::from(weight)
                    });
                    f64::from(bias[filter]) + products.sum::<f64>()
                };
                let of_corner = |corner: &usize| (convolved(first + corner), first + corner);
                let none = (f64::NEG_INFINITY, first);
                let larger = |a: (f64, usize), b: (f64, usize)| if b.0 > a.0 { b } else { a };
                let largest = corners.iter().map(of_corner).fold(none, larger);
                outputs.push(Output {
                    value: largest.0,
                    window: largest.1,
                });
            }
        }
    }
    outputs
}

fn assert_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let apart = (f64::from(*found) - expected).abs();
        assert!(apart < 1e-5 * largest, "number {at}: {found}, {expected}");
    }
}

#[test]
fn outputs_are_convolution_bias_relu_and_pooling() {
    for block in BLOCKS {
        let inputs = inputs(&block);
        let [images, weights, bias] = &inputs;
        let expected: Vec<f64> = written_out(&block, &inputs)
            .iter()
            .map(|output| output.value.max(0.0))
            .collect();
        for keep in [false, true] {
            let found = forward(&block, images, weights, bias, keep);
            assert_close(&found.outputs, &expected);
            assert_eq!(found.argmax.len(), if keep { expected.len() } else { 0 });
        }
    }
}

#[test]
fn gradients_go_where_the_outputs_came_from() {
    for block in BLOCKS {
        let inputs = inputs(&block);
        let [images, weights, bias] = &inputs;
        let outputs = written_out(&block, &inputs);
        let gradients = numbers(outputs.len(), 4);
        let mut expected = [images, weights, bias].map(|values| vec![0.0; values.len()]);
        for (at, (output, gradient)) in outputs.iter().zip(&gradients).enumerate() {
            if output.value <= 0.0 {
                continue;
            }
            let (filter, gradient) = (at % block.filters, f64::from(*gradient));
            expected[2][filter] += gradient;
            for (image, weight) in terms(&block) {
                let weight = filter * block.filter() + weight;
                expected[0][output.window + image] += gradient * f64::from(weights[weight]);
                expected[1][weight] += gradient * f64::from(images[output.window + image]);
            }
        }
        let kept = forward(&block, images, weights, bias, true);
        let found = backward(&block, images, weights, &kept.argmax, &gradients, true);
        assert_close(&found.images, &expected[0]);
        assert_close(&found.weights, &expected[1]);
        assert_close(&found.bias, &expected[2]);
        let without = backward(&block, images, weights, &kept.argmax, &gradients, false);
        assert!(without.images.is_empty());
        assert_eq!(without.weights, found.weights);
    }
}

#[test]
fn a_number_that_is_none_is_not_hidden_by_relu() {
    let block = block(1, [4, 4], 1, 8, true);
    let [images, mut weights, bias] = inputs(&block);
    weights[0] = f32::NAN;
    let found = forward(&block, &images, &weights, &bias, false);
    assert!(found.outputs[0].is_nan());
    assert!(!found.outputs[1].is_nan());
}

#[test]
fn an_image_smaller_than_the_kernel_has_no_outputs() {
    let block = block(1, [2, 2], 1, 8, false);
    let [images, weights, bias] = inputs(&block);
    assert!(
        forward(&block, &images, &weights, &bias, true)
            .outputs
            .is_empty()
    );
}
