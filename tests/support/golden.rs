//! What Keras computed (`tests/reference/export.py`), and how closely a device is held to it.

use burn::tensor::Device;
use convburn::batch::gather;
use convburn::checkpoint::Tensors;
use convburn::cifar::Records;
use convburn::layout::{flattened_from_keras, kernel_from_keras};
use convburn::metrics::RunningMean;
use convburn::network::Role;
use convburn::random::Draws;
use convburn::train::Learner;
use safetensors::SafeTensors;

use crate::support;

const TENSORS: &[u8] = include_bytes!("../fixtures/golden.safetensors");
const FIGURES: &str = include_str!("../fixtures/golden.json");

/// Keras's names of the layers with parameters.
const LAYERS: [&str; 5] = ["conv2d", "conv2d_1", "conv2d_2", "dense", "dense_1"];
/// Keras's layer before Flatten gives maps of this height, width and number.
const FLATTENED: [usize; 3] = [4, 4, 64];

/// How far a device may be from Keras.
pub struct Bounds {
    /// Logits and loss.
    pub logits: f64,
    /// A gradient's entry, as a share of its tensor's largest.
    pub gradients: f64,
    /// Each of the ten losses.
    pub losses: f64,
    /// A weight after ten steps; one in a thousand may be further away.
    pub weights: f64,
}

/// How far it is.
#[derive(Debug)]
pub struct Distance {
    pub logits: f64,
    pub loss: f64,
    pub gradients: f64,
    pub losses: f64,
    /// The 99.9th percentile.
    pub weights: f64,
}

impl Distance {
    pub fn assert_within(&self, bounds: &Bounds) {
        assert!(self.logits <= bounds.logits, "logits: {self:?}");
        assert!(self.loss <= bounds.logits, "loss: {self:?}");
        assert!(self.gradients <= bounds.gradients, "gradients: {self:?}");
        assert!(self.losses <= bounds.losses, "losses: {self:?}");
        assert!(self.weights <= bounds.weights, "weights: {self:?}");
    }
}

#[derive(serde::Deserialize)]
struct Figures {
    batch: usize,
    loss: f64,
    step_records: usize,
    step_losses: Vec<f64>,
}

/// Gives `device` Keras's weights and the first training records, and measures how far it gets.
pub async fn measure(records: &Records, device: &Device) -> Distance {
    let figures: Figures = serde_json::from_str(FIGURES).unwrap();
    let mut learner = learner_with_initial_weights(device);

    let first: Vec<usize> = (0..figures.batch).collect();
    let batch = gather(records, &first, None, device);
    let found = learner.probe(&batch, Draws::default()).await.unwrap();
    let plan = learner.plan().clone();
    let trainable = plan.places_of(Role::Trainable);
    assert_eq!(found.gradients.len(), trainable.len());
    let names = trainable.iter().map(|place| &plan.entries[*place].name);
    let expected = keras("gradient").values;
    let gradients = found.gradients.iter().zip(names);
    let gradients = gradients.map(|(found, name)| (found, &expected[name]));

    let mut losses = 0.0_f64;
    for (step, expected) in figures.step_losses.iter().enumerate() {
        let start = step * figures.step_records;
        let indices: Vec<usize> = (start..start + figures.step_records).collect();
        let batch = gather(records, &indices, None, device);
        learner.step(&batch, Draws::default(), 0.001);
        let mut mean = RunningMean::default();
        learner.read_running(&mut mean).await.unwrap();
        losses = losses.max((mean.loss() - expected).abs());
    }
    let (last, _) = learner.tensors().await.unwrap();
    let expected = keras("final").values;
    assert!(last.values.keys().eq(expected.keys()));
    let mut weights: Vec<f64> = (last.values.values().flatten())
        .zip(expected.values().flatten())
        .map(|(a, b)| f64::from((a - b).abs()))
        .collect();
    weights.sort_by(f64::total_cmp);
    Distance {
        logits: largest_difference(&found.logits, &tensor("logits").0),
        loss: (f64::from(found.loss[0]) - figures.loss).abs(),
        gradients: gradients
            .map(|(a, b)| largest_difference(a, b) / largest(b))
            .fold(0.0, f64::max),
        losses,
        weights: weights[weights.len() * 999 / 1_000],
    }
}

/// A fresh optimiser on the weights that Keras began with.
pub fn learner_with_initial_weights(device: &Device) -> Learner {
    let mut learner = support::tutorial_learner(1, device);
    learner.load_state(&keras("initial"), 0).unwrap();
    learner
}

/// Keras's numbers of one kind in Burn's layout.
fn keras(kind: &str) -> Tensors {
    let of_layer = |layer: &&str| {
        let (kernel, shape) = tensor(&format!("{kind}/{layer}/kernel"));
        let (bias, _) = tensor(&format!("{kind}/{layer}/bias"));
        let kernel = match *shape {
            [a, b, c, d] => kernel_from_keras(&kernel, [a, b, c, d]),
            [_, units] if *layer == "dense" => flattened_from_keras(&kernel, FLATTENED, units),
            _ => kernel,
        };
        [
            (format!("{layer}.weight"), kernel),
            (format!("{layer}.bias"), bias),
        ]
    };
    Tensors {
        values: LAYERS.iter().flat_map(of_layer).collect(),
        ..Tensors::default()
    }
}

fn tensor(name: &str) -> (Vec<f32>, Vec<usize>) {
    let file = SafeTensors::deserialize(TENSORS).unwrap();
    let found = file.tensor(name).unwrap();
    let numbers = found.data().chunks_exact(4);
    let values = numbers.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    (values.collect(), found.shape().to_vec())
}

fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().all(|value| value.is_finite()));
    let pairs = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs()));
    pairs.fold(0.0, f64::max)
}

fn largest(values: &[f32]) -> f64 {
    let sizes = values.iter().map(|value| f64::from(value.abs()));
    sizes.fold(0.0, f64::max)
}
