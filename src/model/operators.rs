//! Each layer as Burn's operators: what every device computes.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::tensor::activation::{self, relu, silu};
use burn::tensor::module::{avg_pool2d, conv2d, linear, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions, PadMode};
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngCore;

use super::Model;
use crate::block;
use crate::network::PlannedLayer;
use crate::protocol::{Activation, Border, Conv, Padding, Pixels, Window};
use crate::random::{Draws, Stream, generator_of_layer};

impl Model {
    /// The vector in a place; none where there is none.
    pub(super) fn vector(&self, place: Option<usize>) -> Option<Tensor<1>> {
        match self.values.get(place?)? {
            super::Value::Vector(tensor) => Some(tensor.clone()),
            _ => None,
        }
    }

    /// The matrix in a place.
    pub(super) fn matrix(&self, place: Option<usize>) -> Option<Tensor<2>> {
        match self.values.get(place?)? {
            super::Value::Matrix(tensor) => Some(tensor.clone()),
            _ => None,
        }
    }

    /// The kernel in a place.
    pub(super) fn kernel(&self, place: Option<usize>) -> Option<Tensor<4>> {
        match self.values.get(place?)? {
            super::Value::Kernel(tensor) => Some(tensor.clone()),
            _ => None,
        }
    }
}

/// Pixels as the first layer gets them, from those in `[0, 1]`.
pub(super) fn standardized(pixels: &Pixels, images: Tensor<4>) -> Tensor<4> {
    let Pixels::Standardized { mean, deviation } = pixels else {
        return images;
    };
    let device = images.device();
    let of_channels =
        |numbers: &[f32]| constant(numbers.to_vec(), [1, numbers.len(), 1, 1], &device);
    (images - of_channels(mean)) / of_channels(deviation)
}

/// # Shapes
/// `[n, in, height, width]` → `[n, filters, height, width]`
pub(super) fn conv(model: &Model, layer: &PlannedLayer, conv: &Conv, maps: Tensor<4>) -> Tensor<4> {
    let Some(weight) = model.kernel(layer.places.weight) else {
        return maps; // A planned convolution has one.
    };
    let [_, _, height, width] = maps.dims();
    let stride = conv.stride as usize;
    let pairs = [height, width].map(|side| padding(conv, side));
    let options = ConvOptions::new_with_padding([stride, stride], pairs, [1, 1], 1);
    conv2d(maps, weight, model.vector(layer.places.bias), options)
}

/// Zeros before and after a side: the larger part at the end, as in Keras.
fn padding(conv: &Conv, side: usize) -> (usize, usize) {
    match conv.padding {
        Padding::Valid => (0, 0),
        Padding::Same => {
            let (kernel, stride) = (conv.kernel as usize, conv.stride as usize);
            let all = ((side.div_ceil(stride) - 1) * stride + kernel).saturating_sub(side);
            (all / 2, all - all / 2)
        }
    }
}

/// # Shapes
/// `[n, in]` → `[n, out]`
pub(super) fn dense(model: &Model, layer: &PlannedLayer, vectors: Tensor<2>) -> Tensor<2> {
    match model.matrix(layer.places.weight) {
        Some(weight) => linear(vectors, weight, model.vector(layer.places.bias)),
        None => vectors, // A planned dense layer has one.
    }
}

/// The largest of each window.
pub(super) fn max_pool(window: Window, maps: Tensor<4>) -> Tensor<4> {
    let size = [window.size as usize; 2];
    max_pool2d(maps, MaxPoolOptions::new(size).with_stride(size))
}

/// The mean of each window.
pub(super) fn avg_pool(window: Window, maps: Tensor<4>) -> Tensor<4> {
    let size = [window.size as usize; 2];
    avg_pool2d(maps, AvgPoolOptions::new(size).with_stride(size))
}

/// # Shapes
/// `[n, channels, height, width]` → `[n, channels]`
pub(super) fn global_max_pool(maps: Tensor<4>) -> Tensor<2> {
    let [n, channels, height, width] = maps.dims();
    let flat: Tensor<3> = maps.reshape([n, channels, height * width]);
    flat.max_dim(2).squeeze_dim(2)
}

/// # Shapes
/// `[n, channels, height, width]` → `[n, channels]`
pub(super) fn global_avg_pool(maps: Tensor<4>) -> Tensor<2> {
    let [n, channels, height, width] = maps.dims();
    let flat: Tensor<3> = maps.reshape([n, channels, height * width]);
    flat.mean_dim(2).squeeze_dim(2)
}

pub(super) fn activation<const D: usize>(function: Activation, input: Tensor<D>) -> Tensor<D> {
    match function {
        Activation::Relu => relu(input),
        Activation::Gelu => gelu(input),
        Activation::Silu => silu(input),
    }
}

/// x · Φ(x). Burn's own goes backward by an approximation, 4e-4 off, on all devices but flex.
fn gelu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    if block::runs_on(&input.device()) {
        return activation::gelu(input);
    }
    let share = (input.clone() * FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
    input * share
}

pub(super) fn pad(width: u32, with: Border, maps: Tensor<4>) -> Tensor<4> {
    let width = width as usize;
    let mode = match with {
        Border::Zero => PadMode::Constant(0.0),
        Border::Reflect => PadMode::Reflect,
    };
    maps.pad((width, width, width, width), mode)
}

/// Sets a share of the numbers to 0 and scales the others up by as much. Which ones follows from the run's seed and
/// the layer's id, by epoch, step and record: the same on every device, and for any split over workers.
pub(super) fn dropout<const D: usize>(
    layer: u32,
    rate: f64,
    draws: Draws,
    input: Tensor<D>,
) -> Tensor<D> {
    if rate <= 0.0 {
        return input;
    }
    let shape = input.dims();
    let each = shape.iter().skip(1).product::<usize>();
    let mask = mask(layer, rate, draws, shape[0], each);
    let device = input.device();
    input * constant(mask, shape, &device)
}

fn constant<const D: usize>(numbers: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

/// 0 or 1 / (1 − rate) for each of `each` numbers of `records` records.
fn mask(layer: u32, rate: f64, draws: Draws, records: usize, each: usize) -> Vec<f32> {
    let Draws {
        seed,
        epoch,
        step,
        first_record,
    } = draws;
    let mut rng = generator_of_layer(seed, layer, Stream::Dropout { epoch, step });
    // 16 random bits a number: a record takes whole words of 32.
    let words = each.div_ceil(2);
    rng.set_word_pos(u128::from(first_record) * words as u128);
    let dropped = (rate * 65_536.0).round() as u32;
    let kept = 65_536.0 / (65_536.0 - f64::from(dropped).min(65_535.0));
    let mut mask = Vec::with_capacity(records * each);
    let mut bytes = vec![0; words * 4];
    for _ in 0..records {
        rng.fill_bytes(&mut bytes);
        let halves = bytes.chunks_exact(2).take(each);
        mask.extend(halves.map(|half| {
            let drawn = u32::from(u16::from_le_bytes([half[0], half[1]]));
            if drawn < dropped { 0.0 } else { kept as f32 }
        }));
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_records_mask_is_the_same_in_any_slice_of_its_batch() {
        let draws = |first_record| Draws {
            seed: 3,
            epoch: 1,
            step: 4,
            first_record,
        };
        let all = mask(9, 0.3, draws(0), 5, 7);
        assert_eq!(all[2 * 7..], mask(9, 0.3, draws(2), 3, 7));
        assert_ne!(
            all,
            mask(8, 0.3, draws(0), 5, 7),
            "another layer's is another"
        );
        let many = mask(9, 0.3, draws(0), 100, 1_000);
        let share = many.iter().filter(|v| **v == 0.0).count() as f64 / many.len() as f64;
        assert!((share - 0.3).abs() < 5e-3, "{share}");
        let mean = many.iter().map(|v| f64::from(*v)).sum::<f64>() / many.len() as f64;
        assert!((mean - 1.0).abs() < 7e-3, "{mean}");
    }
}
