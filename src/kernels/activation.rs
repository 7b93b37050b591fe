//! Functions of each number: ReLU, GELU and SiLU, and how a gradient passes them. They round alike on every machine.
//!
//! Why not the standard library's `exp`: it is another one natively and in wasm, and takes a number at a time. Here are
//! no branches and no calls, so that the compiler computes four and more at a time.

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// A function of each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// x · Φ(x), with the error function itself.
    Gelu,
    /// x · σ(x).
    Silu,
}

/// So many numbers go through a function together, a few operations at a time: so few have all their constants in registers.
const TOGETHER: usize = 128;

type Numbers = [f32; TOGETHER];

impl Activation {
    /// Each number becomes the function's; NaN stays, so that divergence is noticed.
    pub fn apply(self, numbers: &mut [f32]) {
        match self {
            Self::Relu => {
                for number in numbers {
                    *number = if *number < 0.0 { 0.0 } else { *number };
                }
            }
            Self::Gelu | Self::Silu => {
                for some in numbers.chunks_mut(TOGETHER) {
                    let share = self.share(&filled(some))[0];
                    for (number, share) in some.iter_mut().zip(&share) {
                        *number *= share;
                    }
                }
            }
        }
    }

    /// Gradients of the function's results become those of `numbers`, to which it was applied.
    pub fn pass_back(self, numbers: &[f32], gradients: &mut [f32]) {
        if self == Self::Relu {
            for (gradient, number) in gradients.iter_mut().zip(numbers) {
                *gradient *= if *number > 0.0 { 1.0 } else { 0.0 };
            }
            return;
        }
        let some = numbers.chunks(TOGETHER).zip(gradients.chunks_mut(TOGETHER));
        for (numbers, gradients) in some {
            let [share, slope] = self.share(&filled(numbers));
            let each = numbers.iter().zip(share.iter().zip(&slope));
            for (gradient, (number, (share, slope))) in gradients.iter_mut().zip(each) {
                *gradient *= share + number * slope;
            }
        }
    }

    /// What a number is multiplied by, Φ(x) or σ(x), and its slope.
    #[inline(always)]
    fn share(self, x: &Numbers) -> [Numbers; 2] {
        if self == Self::Gelu {
            normal(x)
        } else {
            sigmoid(x)
        }
    }
}

/// At most as many numbers, with zeros behind them.
#[inline(always)]
fn filled(some: &[f32]) -> Numbers {
    let mut numbers = [0.0; TOGETHER];
    numbers[..some.len()].copy_from_slice(some);
    numbers
}

/// σ(x) and its slope.
#[inline(always)]
fn sigmoid(x: &Numbers) -> [Numbers; 2] {
    let mut share = x.map(|x| -x);
    exp(&mut share);
    for share in &mut share {
        *share = 1.0 / (1.0 + *share);
    }
    [share, share.map(|share| share * (1.0 - share))]
}

/// Φ(x), the share of a standard normal distribution below x, and its slope, the density there.
///
/// The error function is Abramowitz and Stegun's (Handbook of Mathematical Functions, 7.1.26), at most 1.5e-7 off.
#[inline(always)]
fn normal(x: &Numbers) -> [Numbers; 2] {
    const P: f32 = 0.327_591_1 * FRAC_1_SQRT_2;
    /// Half of theirs.
    const A: [f32; 5] = [
        0.127_414_8,
        -0.142_248_37,
        0.710_706_9,
        -0.726_576,
        0.530_702_7,
    ];
    /// 1 / √(2π).
    const DENSITY: f32 = 0.398_942_3;
    let mut bell = x.map(|x| x * x * -0.5);
    exp(&mut bell);
    let mut below = [0.0; TOGETHER];
    for ((below, bell), x) in below.iter_mut().zip(&mut bell).zip(x) {
        let t = 1.0 / (1.0 + P * x.abs());
        let tail = *bell * t * (A[0] + t * (A[1] + t * (A[2] + t * (A[3] + t * A[4]))));
        *below = 0.5 + (0.5 - tail).copysign(*x);
        *bell *= DENSITY;
    }
    [below, bell]
}

/// eˣ: 2ⁿ · eʳ with a whole n and |r| ≤ ln 2 / 2, of which the Taylor series to the sixth power is exact in `f32`. Beyond
/// ±87 it is that of ±87.
#[inline(always)]
fn exp(numbers: &mut Numbers) {
    /// Added to a number, the sum's last bit is worth 1.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts: products of the first with a whole number up to 128 are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const MOST: f32 = 87.0;
    let mut powers = [0.0; TOGETHER];
    for (power, number) in powers.iter_mut().zip(numbers.iter_mut()) {
        let x = if *number < -MOST { -MOST } else { *number };
        let x = if x > MOST { MOST } else { x };
        let rounded = x * LOG2_E + ROUND;
        let n = rounded - ROUND;
        *number = x - n * LN_2[0] - n * LN_2[1];
        // The last bits of `rounded` are n: they become the exponent's.
        *power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    }
    for (power, number) in powers.iter().zip(numbers) {
        let r = *number;
        let high = 1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0)));
        *number = power * (1.0 + r + r * r * (0.5 + r * high));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error function by its series, in `f64`.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    /// The function's value and slope at x, written out.
    fn written_out(activation: Activation, x: f64) -> [f64; 2] {
        let below = 0.5 * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2));
        let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let share = 1.0 / (1.0 + (-x).exp());
        match activation {
            Activation::Relu => [x.max(0.0), f64::from(u8::from(x > 0.0))],
            Activation::Gelu => [x * below, below + x * density],
            Activation::Silu => [x * share, share * (1.0 + x * (1.0 - share))],
        }
    }

    #[test]
    fn functions_and_slopes_are_those_written_out() {
        let numbers: Vec<f32> = (-900..=900).map(|n| n as f32 / 200.0).collect();
        for activation in [Activation::Relu, Activation::Gelu, Activation::Silu] {
            let (mut values, mut slopes) = (numbers.clone(), vec![1.0; numbers.len()]);
            activation.apply(&mut values);
            activation.pass_back(&numbers, &mut slopes);
            for ((x, value), slope) in numbers.iter().zip(values).zip(slopes) {
                let expected = written_out(activation, f64::from(*x));
                for (found, expected) in [value, slope].into_iter().zip(expected) {
                    let apart = (f64::from(found) - expected).abs();
                    assert!(
                        apart < 1e-6,
                        "{activation:?} of {x}: {found}, not {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn far_out_they_are_the_line_or_nothing_and_nan_stays() {
        for activation in [Activation::Relu, Activation::Gelu, Activation::Silu] {
            let mut numbers = [-1e30, -200.0, 200.0, 1e30, f32::NAN];
            activation.apply(&mut numbers);
            assert!(
                numbers[0].abs() < 1e-6 && numbers[1].abs() < 1e-6,
                "{numbers:?}"
            );
            assert_eq!(numbers[2..4], [200.0, 1e30]);
            assert!(numbers[4].is_nan());
            let mut slopes = [1.0; 4];
            activation.pass_back(&[-1e4, -200.0, 200.0, 1e4], &mut slopes);
            for (slope, expected) in slopes.into_iter().zip([0.0, 0.0, 1.0, 1.0]) {
                assert!(
                    (slope - expected).abs() < 1e-6,
                    "{activation:?}: {slopes:?}"
                );
            }
        }
    }
}
