//! The kernels as functions, for each arithmetic that this processor may have, and the fastest of them.
//!
//! Natively the processor is asked. A wasm module with one relaxed instruction is invalid where the browser lacks them, so there a
//! program of its own (`src/bin/cpu_relaxed.rs`) brings them, and no other module is linked with them.

#[cfg(target_arch = "wasm32")]
use std::sync::OnceLock;

use super::arithmetic::Portable;
use super::{Block, Forward, Gradients};

/// How a product and a sum are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticKind {
    /// Each by itself: the same bits on every machine.
    Portable,
    /// By one instruction, together.
    Fused,
}

/// A block, its images, weights and bias, and whether argmax is kept.
pub type ForwardKernel = fn(&Block, &[f32], &[f32], &[f32], bool) -> Forward;
/// A block, its images, weights, argmax and gradients of its outputs, and whether the images' are wanted.
pub type BackwardKernel = fn(&Block, &[f32], &[f32], &[u32], &[f32], bool) -> Gradients;

/// The kernels of one arithmetic.
#[derive(Debug)]
pub struct Kernels {
    /// Whose they are.
    pub arithmetic: ArithmeticKind,
    /// A block's outputs.
    pub forward: ForwardKernel,
    /// A block's gradients.
    pub backward: BackwardKernel,
    /// Whether a product and a sum are rounded in one here: a relaxed instruction does as its machine likes.
    pub rounds_once: fn() -> bool,
    /// So many times six products of eight lanes from registers alone: what the machine can do, to measure kernels by.
    pub products: fn(u32) -> f32,
}

/// A table of functions; with `$feature` they are compiled for processors that have it.
#[macro_export]
macro_rules! kernels {
    ($arithmetic:ty, $kind:expr $(, $feature:literal)?) => {{
        $(#[target_feature(enable = $feature)])?
        fn outputs(
            block: &$crate::Block,
            images: &[f32],
            weights: &[f32],
            bias: &[f32],
            keep: bool,
        ) -> $crate::Forward {
            $crate::written_once::forward::<$arithmetic>(block, images, weights, bias, keep)
        }
        $(#[target_feature(enable = $feature)])?
        fn gradients_of(
            block: &$crate::Block,
            images: &[f32],
            weights: &[f32],
            argmax: &[u32],
            gradients: &[f32],
            of_images: bool,
        ) -> $crate::Gradients {
            $crate::written_once::backward::<$arithmetic>(block, images, weights, argmax, gradients, of_images)
        }
        $(#[target_feature(enable = $feature)])?
        fn is_fused() -> bool {
            $crate::written_once::rounds_once::<$arithmetic>()
        }
        $(#[target_feature(enable = $feature)])?
        fn multiplied(turns: u32) -> f32 {
            $crate::written_once::products::<$arithmetic>(turns)
        }
        $crate::Kernels {
            arithmetic: $kind,
            rounds_once: $crate::plain_function!(is_fused() $(, $feature)?),
            products: $crate::plain_function!(multiplied(turns) $(, $feature)?),
            forward: $crate::plain_function!(outputs(block, images, weights, bias, keep) $(, $feature)?),
            backward: $crate::plain_function!(gradients_of(block, images, weights, argmax, gradients, of_images) $(, $feature)?),
        }
    }};
}

/// A function as a plain one. What is compiled for a feature is not, natively: its caller has to know that the feature is there.
#[macro_export]
macro_rules! plain_function {
    ($function:ident($($argument:ident),*)) => {
        $function
    };
    ($function:ident($($argument:ident),*), $feature:literal) => {
        |$($argument),*| {
            #[allow(unsafe_code, unused_unsafe, reason = "see below; on wasm it is safe")]
            // SAFETY: `fastest` gives this table only where the processor has the feature; a wasm module
            // with it is refused as a whole where it is not.
            unsafe {
                $function($($argument),*)
            }
        }
    };
}

static PORTABLE: Kernels = kernels!(Portable, ArithmeticKind::Portable);

#[cfg(target_arch = "x86_64")]
static FUSED: Kernels = kernels!(super::arithmetic::Fused, ArithmeticKind::Fused, "avx2,fma");

/// What the module's program brought.
#[cfg(target_arch = "wasm32")]
static BROUGHT: OnceLock<&'static Kernels> = OnceLock::new();

/// Those of an arithmetic; portable ones where the machine has no other.
pub fn of(arithmetic: ArithmeticKind) -> &'static Kernels {
    match arithmetic {
        ArithmeticKind::Portable => &PORTABLE,
        ArithmeticKind::Fused => fastest(),
    }
}

/// From now on these are the fastest here: for a program whose module may hold their instructions.
#[cfg(target_arch = "wasm32")]
pub fn bring(kernels: &'static Kernels) {
    let _ = BROUGHT.set(kernels); // A second time it is the same.
}

/// The fastest that this processor has.
#[cfg(target_arch = "wasm32")]
pub fn fastest() -> &'static Kernels {
    BROUGHT.get().copied().unwrap_or(&PORTABLE)
}

/// The fastest that this processor has.
#[cfg(not(target_arch = "wasm32"))]
pub fn fastest() -> &'static Kernels {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return &FUSED;
    }
    &PORTABLE
}
