//! The kernels of both arithmetics against the block written out, over shapes that end tiles, lanes and chunks unevenly.

use super::reference::{Inputs, difference, difference_of, nothing, numbers};
use super::*;

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
        kernel: 3,
        padding: 0,
        pool,
        relu: true,
        winograd: false,
    }
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

/// Both arithmetics, as far as this machine has them.
fn tables() -> [&'static Kernels; 2] {
    [of(ArithmeticKind::Portable), of(ArithmeticKind::Fused)]
}

#[test]
fn every_kernel_computes_the_block_written_out() {
    for kernels in tables() {
        for block in BLOCKS {
            for number in 0..12 {
                let block = Block {
                    padding: number / 4,
                    relu: number % 2 == 0,
                    winograd: number % 4 < 2,
                    ..block
                };
                let found = difference(kernels, &block, 1);
                assert_eq!(found, None, "{:?}", kernels.arithmetic);
            }
        }
    }
}

#[test]
fn every_kernel_computes_blocks_of_random_shapes() {
    for kernels in tables() {
        for seed in 0..80 {
            let found = difference_of(kernels, seed);
            assert_eq!(found, None, "seed {seed}, {:?}", kernels.arithmetic);
        }
    }
}

/// The outputs of an image do not depend on which others come with it, to the bit: whoever splits a batch computes the same.
#[test]
fn an_image_has_the_same_outputs_in_any_batch() {
    for kernels in tables() {
        for (winograd, block) in [false, true].into_iter().zip([BLOCKS[1], BLOCKS[2]]) {
            let block = Block {
                images: 5,
                winograd,
                ..block
            };
            let inputs = Inputs::new(&block, 1);
            let outputs = |images: usize, pixels: &[f32]| {
                let block = Block { images, ..block };
                (kernels.forward)(&block, pixels, &inputs.weights, &inputs.bias, false).outputs
            };
            let all = outputs(5, &inputs.images);
            let [first, rest] = [(0, 2), (2, 3)].map(|(begin, images)| {
                outputs(
                    images,
                    &inputs.images[begin * block.image()..][..images * block.image()],
                )
            });
            assert_eq!(all, [first, rest].concat());
        }
    }
}

#[test]
fn a_number_that_is_none_is_not_hidden_by_relu() {
    for winograd in [false, true] {
        let block = Block {
            winograd,
            ..block(1, [4, 4], 1, 8, true)
        };
        let mut inputs = Inputs::new(&block, 1);
        inputs.weights[0] = f32::NAN;
        for kernels in tables() {
            let Inputs {
                images,
                weights,
                bias,
            } = &inputs;
            let found = (kernels.forward)(&block, images, weights, bias, false);
            assert!(found.outputs[0].is_nan());
            assert!(!found.outputs[1].is_nan());
        }
    }
}

#[test]
fn an_image_smaller_than_the_kernel_has_no_outputs() {
    for winograd in [false, true] {
        let block = Block {
            winograd,
            ..block(1, [2, 2], 1, 8, false)
        };
        let Inputs {
            images,
            weights,
            bias,
        } = Inputs::new(&block, 1);
        for kernels in tables() {
            let found = (kernels.forward)(&block, &images, &weights, &bias, true);
            assert!(found.outputs.is_empty());
            let back = (kernels.backward)(&block, &images, &weights, &[], &[], true);
            assert_eq!(back, nothing(&block));
        }
    }
}

#[test]
fn portable_rounds_twice_and_a_reference_that_differs_is_noticed() {
    assert!(!(of(ArithmeticKind::Portable).rounds_once)());
    let off = Kernels {
        forward: |block, images, weights, bias, keep| {
            let mut found =
                (of(ArithmeticKind::Portable).forward)(block, images, weights, bias, keep);
            found.outputs[0] += 1.0;
            found
        },
        ..*of(ArithmeticKind::Portable)
    };
    let found = difference(&off, &BLOCKS[4], 1).unwrap_or_default();
    assert!(found.contains("outputs: number 0"), "{found}");
    assert_eq!(numbers(2, 1), numbers(2, 1));
}
