//! Eight numbers at a time, as the kernels compute with them: what differs from processor to processor, and nothing else.
//!
//! A kernel is written once, over an [`Arithmetic`]. [`Portable`] rounds a product before it is added, as every machine can: its
//! results are the same bits everywhere. The others fuse both into one instruction, which is faster and rounds once.

use std::hint::black_box;

/// Numbers of a [`Arithmetic::Lanes`].
pub const LANES: usize = 8;
/// Filters that a kernel's tile takes: two times eight. A tile is two windows or tiles high where eight lanes are two registers,
/// and six where they are one: so the compilers of wasm keep sums, weights and what is multiplied in 16 registers, where a
/// higher tile of eight filters had most of it written to memory and read again in each turn.
pub const PANEL: usize = 2 * LANES;

/// Sums of products, eight lanes at a time.
pub trait Arithmetic {
    /// Eight numbers in registers.
    type Lanes: Copy;
    /// Whether they are in one register.
    const IS_WIDE: bool;
    /// The same number in every lane.
    fn splat(value: f32) -> Self::Lanes;
    /// Eight numbers from memory.
    fn load(values: &[f32; LANES]) -> Self::Lanes;
    /// Eight numbers into memory.
    fn store(lanes: Self::Lanes, values: &mut [f32; LANES]);
    /// `a + b`.
    fn add(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `a − b`.
    fn sub(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// `sum + a · b`.
    fn add_product(sum: Self::Lanes, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
}

/// Whether `sum + a · b` is rounded once. (1 + e)(1 − e) is 1 − e²: by itself it rounds to 1.
#[inline(always)]
pub fn rounds_once<A: Arithmetic>() -> bool {
    let e = 1.0 / 8_192.0;
    // The compiler must not compute it: it would round as this machine does.
    let [a, b, sum] = black_box([1.0 + e, 1.0 - e, -1.0]).map(A::splat);
    let mut found = [0.0; LANES];
    A::store(A::add_product(sum, a, b), &mut found);
    found != [0.0; LANES]
}

/// So many times six products of eight lanes, each added to a sum of its own: as many sums as a tile of the kernels has.
#[inline(always)]
pub fn products<A: Arithmetic>(turns: u32) -> f32 {
    // Unknown to the compiler, and no two lanes alike, or it would compute one for all.
    let [a, b] = black_box([[0.5_f32; LANES]; 2]).map(|numbers| A::load(&numbers));
    let seeds: [[f32; LANES]; 6] =
        std::array::from_fn(|sum| std::array::from_fn(|lane| (sum * LANES + lane) as f32));
    let mut sums = black_box(seeds).map(|numbers| A::load(&numbers));
    for _ in 0..turns {
        for sum in &mut sums {
            *sum = A::add_product(b, *sum, a); // Depends on the sum before, and nears 1.
        }
    }
    let mut found = [0.0; LANES];
    let all = sums
        .into_iter()
        .fold(A::splat(0.0), |all, sum| A::add(all, sum));
    A::store(all, &mut found);
    // Of every lane, or the compiler leaves out half of the products.
    found.into_iter().sum()
}

/// A product is rounded, then the sum: the same bits on every machine.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

/// Lanes as an array, which the compiler keeps in the registers that there are.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! array_lanes {
    ($arithmetic:ty, $is_wide:literal, |$sum:ident, $a:ident, $b:ident| $add_product:expr) => {
        impl $crate::written_once::Arithmetic for $arithmetic {
            type Lanes = [f32; $crate::written_once::LANES];
            const IS_WIDE: bool = $is_wide;

            #[inline(always)]
            fn splat(value: f32) -> Self::Lanes {
                [value; $crate::written_once::LANES]
            }

            #[inline(always)]
            fn load(values: &Self::Lanes) -> Self::Lanes {
                *values
            }

            #[inline(always)]
            fn store(lanes: Self::Lanes, values: &mut Self::Lanes) {
                *values = lanes;
            }

            #[inline(always)]
            fn add(mut a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                for (a, b) in a.iter_mut().zip(&b) {
                    *a += b;
                }
                a
            }

            #[inline(always)]
            fn sub(mut a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                for (a, b) in a.iter_mut().zip(&b) {
                    *a -= b;
                }
                a
            }

            #[inline(always)]
            fn add_product(mut sum: Self::Lanes, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                for (($sum, $a), $b) in sum.iter_mut().zip(&a).zip(&b) {
                    *$sum = $add_product;
                }
                sum
            }
        }
    };
}

#[cfg(not(target_arch = "wasm32"))]
array_lanes!(Portable, false, |sum, a, b| *sum + a * b);

/// Fused by AVX2 and FMA, which `x86.rs` has made sure of.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub struct Fused;

#[cfg(target_arch = "x86_64")]
array_lanes!(Fused, true, |sum, a, b| a.mul_add(*b, *sum));

/// Lanes as two of wasm's registers.
#[macro_export]
macro_rules! wasm_lanes {
    ($arithmetic:ty, |$sum:ident, $a:ident, $b:ident| $add_product:expr) => {
        #[allow(
            unsafe_code,
            reason = "from an array to a register there is no other instruction"
        )]
        impl $crate::written_once::Arithmetic for $arithmetic {
            type Lanes = [::core::arch::wasm32::v128; 2];
            const IS_WIDE: bool = false;

            #[inline(always)]
            fn splat(value: f32) -> Self::Lanes {
                [::core::arch::wasm32::f32x4_splat(value); 2]
            }

            #[inline(always)]
            fn load(values: &[f32; $crate::written_once::LANES]) -> Self::Lanes {
                let from = values.as_ptr().cast::<::core::arch::wasm32::v128>();
                // SAFETY: the eight numbers are two registers' bytes, and wasm reads them wherever they lie.
                unsafe {
                    [
                        ::core::arch::wasm32::v128_load(from),
                        ::core::arch::wasm32::v128_load(from.add(1)),
                    ]
                }
            }

            #[inline(always)]
            fn store(lanes: Self::Lanes, values: &mut [f32; $crate::written_once::LANES]) {
                let to = values.as_mut_ptr().cast::<::core::arch::wasm32::v128>();
                // SAFETY: as for `load`.
                unsafe {
                    ::core::arch::wasm32::v128_store(to, lanes[0]);
                    ::core::arch::wasm32::v128_store(to.add(1), lanes[1]);
                }
            }

            #[inline(always)]
            fn add(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                use ::core::arch::wasm32::f32x4_add;
                [f32x4_add(a[0], b[0]), f32x4_add(a[1], b[1])]
            }

            #[inline(always)]
            fn sub(a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                use ::core::arch::wasm32::f32x4_sub;
                [f32x4_sub(a[0], b[0]), f32x4_sub(a[1], b[1])]
            }

            #[inline(always)]
            fn add_product(sum: Self::Lanes, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes {
                let each = |$sum, $a, $b| $add_product;
                [each(sum[0], a[0], b[0]), each(sum[1], a[1], b[1])]
            }
        }
    };
}

#[cfg(target_arch = "wasm32")]
wasm_lanes!(Portable, |sum, a, b| ::core::arch::wasm32::f32x4_add(
    sum,
    ::core::arch::wasm32::f32x4_mul(a, b)
));
