//! A plan's first numbers, from the run's seed: plain numbers, so that they are the same on every device.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::network::{Entry, NetworkPlan};
use crate::protocol::Initializer;
use crate::random::{Stream, generator, generator_of_layer};

/// One vector for each of the plan's places.
pub(super) fn values(plan: &NetworkPlan, seed: u32) -> Vec<Vec<f32>> {
    let mut one_stream = generator(seed, Stream::Weights);
    let first = |entry: &Entry| {
        if plan.is_one_stream() {
            return numbers(entry, &mut one_stream);
        }
        let mut own = generator_of_layer(seed, entry.layer, Stream::LayerWeights);
        numbers(entry, &mut own)
    };
    plan.entries.iter().map(first).collect()
}

fn numbers(entry: &Entry, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let [fan_in, fan_out] = entry.fans;
    match entry.initializer {
        // What comes from the images is put there when there are some.
        Initializer::Zeros | Initializer::Whitening { .. } => vec![0.0; entry.entries()],
        Initializer::Ones => vec![1.0; entry.entries()],
        Initializer::Glorot => uniform(entry, fan_in + fan_out, rng),
        Initializer::Kaiming => uniform(entry, fan_in, rng),
        Initializer::Dirac => {
            let mut numbers = uniform(entry, fan_in, rng);
            hand_on(entry, &mut numbers);
            numbers
        }
    }
}

/// Uniform in ±√(6 / fans).
fn uniform(entry: &Entry, fans: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let limit = (6.0 / fans as f32).sqrt();
    let draws = (0..entry.entries()).map(|_| rng.random_range(-limit..limit));
    draws.collect()
}

/// The first filters hand an input channel on each: 1 in the middle of its own, 0 elsewhere.
fn hand_on(entry: &Entry, numbers: &mut [f32]) {
    let [_, inputs, height, width] = entry.shape[..] else {
        return;
    };
    let area = height * width;
    let middle = (height / 2) * width + width / 2;
    for (filter, kernel) in numbers
        .chunks_exact_mut(inputs * area)
        .take(inputs)
        .enumerate()
    {
        kernel.fill(0.0);
        if let Some(number) = kernel.get_mut(filter * area + middle) {
            *number = 1.0;
        }
    }
}
