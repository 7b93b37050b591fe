//! What becomes of convolutions: max-pooling, ReLU, and which of them pass a gradient.
//!
//! Compiled once, for every arithmetic: see `relaxed/lib.rs`.

use super::{Block, DEAD};

/// What a block computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Forward {
    /// `[n, height, width, filters]`.
    pub outputs: Vec<f32>,
    /// For each output, which convolution under its pooling window was the largest (0 to 3, row by row), or
    /// that no gradient passes it. Empty unless it was asked for.
    pub argmax: Vec<u32>,
}

impl Forward {
    /// Room for what `block` computes; `keep` says whether argmax is asked for.
    pub(super) fn new(block: &Block, keep: bool) -> Self {
        let outputs = vec![0.0; block.images * block.output_image()];
        let argmax = vec![0; if keep { outputs.len() } else { 0 }];
        Self { outputs, argmax }
    }
}

/// The four convolutions under a pooling window, row by row, for each filter → its output; the first of equals wins.
#[inline(never)]
pub(super) fn pool(block: &Block, corners: [&[f32]; 4], outputs: &mut [f32], argmax: &mut [u32]) {
    if block.relu {
        pool_with::<true>(corners, outputs, argmax);
    } else {
        pool_with::<false>(corners, outputs, argmax);
    }
}

#[inline(always)]
fn pool_with<const RELU: bool>(corners: [&[f32]; 4], outputs: &mut [f32], argmax: &mut [u32]) {
    let filters = outputs.len();
    let [a, b, c, d] = corners.map(|corner| &corner[..filters]);
    if argmax.is_empty() {
        for i in 0..filters {
            outputs[i] = relu::<RELU>(largest([a[i], b[i], c[i], d[i]]).0);
        }
        return;
    }
    let argmax = &mut argmax[..filters];
    for i in 0..filters {
        let (value, index) = largest([a[i], b[i], c[i], d[i]]);
        outputs[i] = relu::<RELU>(value);
        argmax[i] = passing::<RELU>(index, value);
    }
}

/// Convolutions that are not pooled → outputs.
#[inline(never)]
pub(super) fn plain(block: &Block, convolved: &[f32], outputs: &mut [f32], argmax: &mut [u32]) {
    if block.relu {
        plain_with::<true>(convolved, outputs, argmax);
    } else {
        plain_with::<false>(convolved, outputs, argmax);
    }
}

#[inline(always)]
fn plain_with<const RELU: bool>(convolved: &[f32], outputs: &mut [f32], argmax: &mut [u32]) {
    for (output, value) in outputs.iter_mut().zip(convolved) {
        *output = relu::<RELU>(*value);
    }
    for (index, value) in argmax.iter_mut().zip(convolved) {
        *index = passing::<RELU>(0, *value);
    }
}

/// ReLU where there is one; it propagates NaN, so that divergence is noticed.
#[inline(always)]
fn relu<const RELU: bool>(value: f32) -> f32 {
    if RELU && value < 0.0 { 0.0 } else { value }
}

/// What passes a gradient: `index`, unless ReLU cut it off.
#[inline(always)]
fn passing<const RELU: bool>(index: u32, value: f32) -> u32 {
    if !RELU || value > 0.0 { index } else { DEAD }
}

#[inline(always)]
fn largest([a, b, c, d]: [f32; 4]) -> (f32, u32) {
    larger(larger((a, 0), (b, 1)), larger((c, 2), (d, 3)))
}

#[inline(always)]
fn larger(first: (f32, u32), second: (f32, u32)) -> (f32, u32) {
    if second.0 > first.0 { second } else { first }
}
