//! The kernels as plain exports of numbers: `tests/page/kernels.test.mjs` holds them to the block written out, in Node and, with
//! relaxed SIMD, in Chromium; `bench/limits.mjs` times them. Nothing of the product is in here.

#![allow(
    unsafe_code,
    reason = "an export without bindings is one, as the lint sees it"
)]

use convburn_kernels::reference::{Inputs, difference_of, numbers};
use convburn_kernels::{ArithmeticKind, Block, Kernels, of};

/// The kernels asked for: 0 the portable ones, else the fused ones.
fn kernels(fused: u32) -> &'static Kernels {
    #[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
    convburn_kernels_relaxed::bring_relaxed();
    of(match fused {
        0 => ArithmeticKind::Portable,
        _ => ArithmeticKind::Fused,
    })
}

/// Whether the block of this seed is computed otherwise than written out.
#[unsafe(no_mangle)]
pub extern "C" fn differs(fused: u32, seed: u32) -> u32 {
    u32::from(difference_of(kernels(fused), seed).is_some())
}

/// Whether those kernels are compiled in: 0 where the portable ones stand for them.
#[unsafe(no_mangle)]
pub extern "C" fn has(fused: u32) -> u32 {
    u32::from((kernels(fused).arithmetic == ArithmeticKind::Fused) == (fused != 0))
}

/// Whether a product and a sum are rounded in one.
#[unsafe(no_mangle)]
pub extern "C" fn rounds_once(fused: u32) -> u32 {
    u32::from((kernels(fused).rounds_once)())
}

/// So many times six products of eight lanes from registers alone.
#[unsafe(no_mangle)]
pub extern "C" fn products(fused: u32, turns: u32) -> f32 {
    (kernels(fused).products)(turns)
}

/// A block as so many numbers name it; `flags` is the sum of 1 with pooling, 2 with ReLU and 4 by Winograd's way.
fn block(
    images: usize,
    side: usize,
    inputs: usize,
    filters: usize,
    padding: usize,
    flags: u32,
) -> Block {
    Block {
        images,
        height: side,
        width: side,
        inputs,
        filters,
        kernel: 3,
        padding,
        pool: flags & 1 != 0,
        relu: flags & 2 != 0,
        winograd: flags & 4 != 0,
    }
}

/// Number of outputs that pass a gradient, of the block that [`repeat`] computes.
#[unsafe(no_mangle)]
pub extern "C" fn passing(
    fused: u32,
    images: usize,
    side: usize,
    inputs: usize,
    filters: usize,
    padding: usize,
    flags: u32,
) -> u32 {
    let block = block(images, side, inputs, filters, padding, flags);
    let read = Inputs::new(&block, 1);
    let found = (kernels(fused).forward)(&block, &read.images, &read.weights, &read.bias, true);
    let passes = |output: &&f32| !block.relu || **output > 0.0;
    found.outputs.iter().filter(passes).count() as u32
}

/// Computes a block so many times: its outputs (`what` 0), its gradients without the images' (1) or with (2).
#[unsafe(no_mangle)]
pub extern "C" fn repeat(
    fused: u32,
    what: u32,
    images: usize,
    side: usize,
    inputs: usize,
    filters: usize,
    padding: usize,
    flags: u32,
    times: u32,
) -> f32 {
    let kernels = kernels(fused);
    let block = block(images, side, inputs, filters, padding, flags);
    let Inputs {
        images,
        weights,
        bias,
    } = Inputs::new(&block, 1);
    let forward = || (kernels.forward)(&block, &images, &weights, &bias, true);
    let first = |numbers: &[f32]| numbers.first().copied().unwrap_or_default();
    if what == 0 {
        return (0..times).map(|_| first(&forward().outputs)).sum();
    }
    let found = forward();
    let gradients = numbers(found.outputs.len(), 4);
    let backward = || {
        (kernels.backward)(
            &block,
            &images,
            &weights,
            &found.argmax,
            &gradients,
            what == 2,
        )
    };
    (0..times).map(|_| first(&backward().weights)).sum()
}
