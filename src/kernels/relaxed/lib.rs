//! The kernels with relaxed SIMD's fused instruction, which rounds once or twice, as the machine likes.
//!
//! A crate of its own, because the compiler takes the instructions of the feature for all that it compiles together with one
//! function that has it, so that the plain module became invalid where a browser lacks them. It also takes relaxed maxima, in
//! which NaN may get lost, for comparisons: those are in `finish.rs`, which is compiled with the plain kernels.

#![cfg(target_arch = "wasm32")]

use core::arch::wasm32::f32x4_relaxed_madd;

use convburn_kernels::{ArithmeticKind, Kernels, bring, kernels, wasm_lanes};

/// `sum + a · b` in one instruction.
#[derive(Clone, Copy, Debug)]
pub struct Relaxed;

wasm_lanes!(Relaxed, |sum, a, b| f32x4_relaxed_madd(a, b, sum));

static RELAXED: Kernels = kernels!(Relaxed, ArithmeticKind::Fused, "relaxed-simd");

/// From now on these are the fastest here.
pub fn bring_relaxed() {
    bring(&RELAXED);
}
