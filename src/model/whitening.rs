//! A first convolution that whitens pictures: its kernels are the directions in which small patches of the training
//! images vary, each scaled to variance 1, and their negatives (Page, "How to train your ResNet 8", 2018).
//!
//! The eigenvectors come from Jacobi's rotations (Golub and Van Loan, "Matrix Computations", 8.5): patches have at
//! most 147 numbers, and a library of linear algebra would be larger than all of this crate.

use crate::protocol::ImageSpec;

/// Sweeps over all pairs; symmetric matrices of this size need fewer than ten.
const SWEEPS_MAX: usize = 30;

/// The numbers of a kernel of `shape` (`[filters, channels, side, side]`) from whole images in `[0, 1]`; zeros where
/// there are none.
pub(super) fn kernel(pixels: &[f32], image: ImageSpec, shape: &[usize], epsilon: f64) -> Vec<f32> {
    let [filters, channels, side, _] = *shape else {
        return Vec::new();
    };
    let size = channels * side * side;
    let (values, vectors) = eigen(covariance(pixels, image, side, size), size);
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let directions = filters.div_ceil(2).min(size);
    let mut numbers = vec![0.0; filters * size];
    for (filter, numbers) in numbers.chunks_exact_mut(size).enumerate() {
        let sign = if filter < directions { 1.0 } else { -1.0 };
        let Some(&direction) = order.get(filter % directions) else {
            continue;
        };
        let scale = sign / (values[direction].max(0.0) + epsilon).sqrt();
        for (row, number) in numbers.iter_mut().enumerate() {
            *number = (vectors[row * size + direction] * scale) as f32;
        }
    }
    numbers
}

/// The covariance of all patches, `size × size`.
fn covariance(pixels: &[f32], image: ImageSpec, side: usize, size: usize) -> Vec<f64> {
    let [channels, height, width] =
        [image.channels, image.height, image.width].map(|sides| sides as usize);
    let mut sums = vec![0.0; size];
    let mut products = vec![0.0; size * size];
    let mut patches = 0.0;
    let mut patch = vec![0.0; size];
    for picture in pixels.chunks_exact(channels * height * width) {
        for top in 0..=height.saturating_sub(side) {
            for left in 0..=width.saturating_sub(side) {
                let mut at = 0;
                for channel in 0..channels {
                    for y in 0..side {
                        for x in 0..side {
                            let pixel = (channel * height + top + y) * width + left + x;
                            patch[at] = f64::from(picture[pixel]);
                            at += 1;
                        }
                    }
                }
                patches += 1.0;
                for (row, a) in patch.iter().enumerate() {
                    sums[row] += a;
                    let products = &mut products[row * size..(row + 1) * size];
                    for (product, b) in products.iter_mut().zip(&patch) {
                        *product += a * b;
                    }
                }
            }
        }
    }
    let count = f64::max(patches, 1.0);
    for row in 0..size {
        for column in 0..size {
            let product = &mut products[row * size + column];
            *product = *product / count - sums[row] * sums[column] / (count * count);
        }
    }
    products
}

/// Eigenvalues of a symmetric matrix, and its eigenvectors as columns, each with its largest number positive: their
/// sign is free, and a run's seed must give one answer.
fn eigen(mut matrix: Vec<f64>, size: usize) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; size * size];
    for n in 0..size {
        vectors[n * size + n] = 1.0;
    }
    for _ in 0..SWEEPS_MAX {
        let mut off = 0.0;
        for p in 0..size {
            for q in p + 1..size {
                off += matrix[p * size + q].powi(2);
                rotate(&mut matrix, &mut vectors, size, p, q);
            }
        }
        if off < 1e-24 {
            break;
        }
    }
    for column in 0..size {
        let of_column = |row: usize| vectors[row * size + column];
        let largest = (0..size).max_by(|a, b| of_column(*a).abs().total_cmp(&of_column(*b).abs()));
        if largest.is_some_and(|row| of_column(row) < 0.0) {
            for row in 0..size {
                vectors[row * size + column] *= -1.0;
            }
        }
    }
    let values = (0..size).map(|n| matrix[n * size + n]).collect();
    (values, vectors)
}

/// Turns rows and columns `p` and `q` so that the number where they meet is 0.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], size: usize, p: usize, q: usize) {
    let meeting = matrix[p * size + q];
    if meeting == 0.0 {
        return;
    }
    let theta = (matrix[q * size + q] - matrix[p * size + p]) / (2.0 * meeting);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    for n in 0..size {
        let (a, b) = (matrix[n * size + p], matrix[n * size + q]);
        matrix[n * size + p] = c * a - s * b;
        matrix[n * size + q] = s * a + c * b;
    }
    for n in 0..size {
        let (a, b) = (matrix[p * size + n], matrix[q * size + n]);
        matrix[p * size + n] = c * a - s * b;
        matrix[q * size + n] = s * a + c * b;
        let (a, b) = (vectors[n * size + p], vectors[n * size + q]);
        vectors[n * size + p] = c * a - s * b;
        vectors[n * size + q] = s * a + c * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Convolved with their own whitening, patches have variance 1 in every direction, and none in common.
    #[test]
    fn whitened_patches_are_white() {
        let mut state = 7u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        let image = ImageSpec {
            channels: 1,
            height: 12,
            width: 10,
        };
        // Neighbours are alike, as in pictures.
        let mut pixels = Vec::new();
        for _ in 0..200 * 120 {
            let before = pixels.last().copied().unwrap_or(0.5);
            pixels.push(0.7 * before + 0.3 * noise());
        }
        let found = kernel(&pixels, image, &[8, 1, 2, 2], 0.0);
        let size = 4;
        let covariance = covariance(&pixels, image, 2, size);
        let form = |a: &[f32], b: &[f32]| -> f64 {
            let terms = (0..16).map(|n| f64::from(a[n / 4]) * covariance[n] * f64::from(b[n % 4]));
            terms.sum()
        };
        for (i, a) in found.chunks_exact(size).take(4).enumerate() {
            for (j, b) in found.chunks_exact(size).take(4).enumerate() {
                let expected = if i == j { 1.0 } else { 0.0 };
                assert!(
                    (form(a, b) - expected).abs() < 1e-4,
                    "{i}, {j}: {}",
                    form(a, b)
                );
            }
            let negative: Vec<f32> = a.iter().map(|number| -number).collect();
            assert_eq!(found[(i + 4) * size..(i + 5) * size], negative);
        }
    }
}
