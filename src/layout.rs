//! Keras's layouts ⇄ Burn's and PyTorch's: where each number of a parameter lies. Plain numbers, no tensors.
//!
//! Keras keeps images as NHWC, convolution kernels as `[height, width, in, out]` and flattens features
//! as (height, width, channel); Burn keeps NCHW, `[out, in, height, width]` and (channel, height, width).
//! The same function is learnt, but the numbers lie elsewhere: this is the one place that knows where.
//! PyTorch and Burn differ in dense matrices alone: `[out, in]` and `[in, out]`.

/// A convolution kernel of Keras, `[height, width, in, out]` → `[out, in, height, width]`.
pub fn kernel_from_keras(values: &[f32], [height, width, inputs, outputs]: [usize; 4]) -> Vec<f32> {
    permuted(values, [height, width, inputs, outputs], [3, 2, 0, 1])
}

/// A convolution kernel of Burn, `[out, in, height, width]` → `[height, width, in, out]`.
pub fn kernel_to_keras(values: &[f32], [outputs, inputs, height, width]: [usize; 4]) -> Vec<f32> {
    permuted(values, [outputs, inputs, height, width], [2, 3, 1, 0])
}

/// The dense matrix after Flatten, `[height · width · channels, units]` as Keras flattens → the same
/// with its rows in Burn's order, (channel, height, width).
pub fn flattened_from_keras(
    values: &[f32],
    [height, width, channels]: [usize; 3],
    units: usize,
) -> Vec<f32> {
    permuted(values, [height, width, channels, units], [2, 0, 1, 3])
}

/// The inverse of [`flattened_from_keras`]: rows in the order (height, width, channel).
pub fn flattened_to_keras(
    values: &[f32],
    [height, width, channels]: [usize; 3],
    units: usize,
) -> Vec<f32> {
    permuted(values, [channels, height, width, units], [1, 2, 0, 3])
}

/// A matrix `[rows, columns]` → `[columns, rows]`.
pub fn transposed(values: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    permuted(values, [1, 1, rows, columns], [0, 1, 3, 2])
}

/// The numbers of an array of `shape` in the order of its axes permuted: axis `i` of the result is axis
/// `order[i]` of `values`. A number that is missing is left out.
fn permuted(values: &[f32], shape: [usize; 4], order: [usize; 4]) -> Vec<f32> {
    let strides = [
        shape[1] * shape[2] * shape[3],
        shape[2] * shape[3],
        shape[3],
        1,
    ];
    let [a, b, c, d] = order.map(|axis| (shape[axis], strides[axis]));
    let mut moved = Vec::with_capacity(values.len());
    for i in 0..a.0 {
        for j in 0..b.0 {
            for k in 0..c.0 {
                let start = i * a.1 + j * b.1 + k * c.1;
                moved.extend((0..d.0).filter_map(|l| values.get(start + l * d.1)));
            }
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(length: usize) -> Vec<f32> {
        (0..length).map(|i| i as f32).collect()
    }

    #[test]
    fn a_kernels_number_is_where_it_should_be() {
        let [height, width, inputs, outputs] = [3, 3, 2, 4];
        let keras = counting(72);
        let burn = kernel_from_keras(&keras, [height, width, inputs, outputs]);
        let (h, w, i, o) = (1, 2, 1, 3);
        assert_eq!(
            burn[((o * inputs + i) * height + h) * width + w],
            keras[((h * width + w) * inputs + i) * outputs + o]
        );
        assert_eq!(
            kernel_to_keras(&burn, [outputs, inputs, height, width]),
            keras
        );
    }

    #[test]
    fn a_row_after_flatten_is_where_it_should_be() {
        let [height, width, channels] = [2, 3, 4];
        let units = 5;
        let keras = counting(height * width * channels * units);
        let burn = flattened_from_keras(&keras, [height, width, channels], units);
        let (h, w, c, u) = (1, 2, 3, 4);
        assert_eq!(
            burn[((c * height + h) * width + w) * units + u],
            keras[((h * width + w) * channels + c) * units + u]
        );
        assert_eq!(
            flattened_to_keras(&burn, [height, width, channels], units),
            keras
        );
    }

    #[test]
    fn transposing_twice_is_nothing() {
        let matrix = counting(6);
        assert_eq!(transposed(&matrix, [2, 3]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(transposed(&transposed(&matrix, [2, 3]), [3, 2]), matrix);
    }
}
