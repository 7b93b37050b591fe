//! What this crate computes is what Keras computes: golden numbers, finite differences, and what any
//! right implementation has to do. The pixels are real, from `data/cifar10`.

use std::path::Path;

use crate::support::{self, tutorial_learner};
use crate::values::{Bounds, learner_with_initial_weights, measure};
use burn::tensor::Device;
use convburn::batch::gather;
use convburn::checkpoint::Tensors;
use convburn::cifar::Dataset;
use convburn::device;
use convburn::metrics::RunningMean;
use convburn::network::Role;
use convburn::protocol::{Backend, Config, Split};
use convburn::random::Draws;
use pollster::block_on;
use safetensors::SafeTensors;

/// Wide enough for another processor's rounding; what was measured is far inside them and stands in BENCHMARKS.md.
const CPU: Bounds = Bounds {
    logits: 1e-4,
    gradients: 1e-3,
    losses: 1e-3,
    weights: 1e-4,
};

/// The first 2,000 training records.
fn dataset() -> Dataset {
    dataset_of(1)
}

/// The first `shards` of 2,000 training records each.
fn dataset_of(shards: usize) -> Dataset {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let mut dataset = Dataset::new(None).unwrap();
    for shard in 0..shards {
        let path = Path::new(&folder).join(format!("data/cifar10/train-{shard:02}.bin.gz"));
        let bytes = std::fs::read(&path)
            .unwrap_or_else(|_| panic!("{} is missing: run `cargo xtask data`", path.display()));
        dataset.add(Split::Train, bytes).unwrap();
    }
    dataset
}

fn open(backend: Backend) -> Device {
    let config = Config {
        backend,
        ..Config::default()
    };
    block_on(device::open(&config)).unwrap().device
}

#[test]
fn flex_computes_what_keras_computes() {
    let distance = block_on(measure(dataset().train(), &open(Backend::Flex)));
    println!("flex: {distance:?}");
    distance.assert_within(&CPU);
}

#[test]
fn ndarray_computes_what_keras_computes() {
    let distance = block_on(measure(dataset().train(), &open(Backend::Ndarray)));
    println!("ndarray: {distance:?}");
    distance.assert_within(&CPU);
}

/// What `tests/reference/epoch.py` wrote.
#[derive(serde::Deserialize)]
struct KerasEpoch {
    batch: usize,
    marks: Vec<Mark>,
}

/// Keras's running means after some steps.
#[derive(serde::Deserialize)]
struct Mark {
    steps: usize,
    loss: f64,
    accuracy: f64,
}

/// The order in which Keras saw the 50,000 records.
fn keras_order() -> Vec<usize> {
    let file = SafeTensors::deserialize(include_bytes!("../fixtures/epoch.safetensors")).unwrap();
    let order = file.tensor("order").unwrap();
    let pairs = order.data().as_chunks::<2>().0.iter();
    pairs
        .map(|pair| usize::from(u16::from_le_bytes(*pair)))
        .collect()
}

/// From Keras's weights, in Keras's order. The whole epoch takes minutes in this profile, so the tests go as far as
/// the first mark; `cargo xtask reproduce` asks for all of it.
#[test]
fn the_first_epoch_is_keras_s_first_epoch() {
    let whole = std::env::var_os("CONVBURN_WHOLE_EPOCH").is_some();
    let expected: KerasEpoch =
        serde_json::from_str(include_str!("../fixtures/epoch.json")).unwrap();
    let marks = &expected.marks[..if whole { expected.marks.len() } else { 1 }];
    let order = keras_order();
    assert_eq!(order.len(), 50_000);
    let dataset = dataset_of(25);
    let device = Device::flex();
    let mut learner = learner_with_initial_weights(&device);
    let mut mean = RunningMean::default();
    let epoch_steps = order.len().div_ceil(expected.batch);
    let mut batches = order.chunks(expected.batch);
    let mut steps = 0;
    for mark in marks {
        for indices in batches.by_ref().take(mark.steps - steps) {
            let batch = gather(dataset.train(), indices, None, &device);
            learner.step(&batch, Draws::default(), 0.001);
        }
        steps = mark.steps;
        block_on(learner.read_running(&mut mean)).unwrap();
        let (loss, accuracy) = (mean.loss(), mean.accuracy());
        println!(
            "after {steps} steps: loss {loss:.4}, Keras {:.4}; accuracy {accuracy:.4}, Keras {:.4}",
            mark.loss, mark.accuracy
        );
        // On the way rounding decides at which step the loss leaves its first plateau: 0.015 apart after 200 steps
        // here, 0.004 after 500.
        let bound = if mark.steps == epoch_steps {
            0.02
        } else {
            0.05
        };
        assert!((loss - mark.loss).abs() < bound, "{loss}");
        assert!((accuracy - mark.accuracy).abs() < bound, "{accuracy}");
    }
}

/// The mean loss of the first `records` records under `tensors`.
fn loss_under(tensors: &Tensors, dataset: &Dataset, records: usize) -> f64 {
    let device = Device::flex();
    let mut learner = tutorial_learner(1, &device);
    learner.load_state(tensors, 0).unwrap();
    let indices: Vec<usize> = (0..records).collect();
    let batch = gather(dataset.train(), &indices, None, &device);
    f64::from(
        block_on(learner.probe(&batch, Draws::default()))
            .unwrap()
            .loss[0],
    )
}

#[test]
fn gradients_are_slopes_of_the_loss() {
    const RECORDS: usize = 16;
    // Small enough to be a slope, large enough to be seen in an f32 loss.
    const STEP: f32 = 2e-3;
    let dataset = dataset();
    let device = Device::flex();
    let learner = tutorial_learner(3, &device);
    let indices: Vec<usize> = (0..RECORDS).collect();
    let batch = gather(dataset.train(), &indices, None, &device);
    let probe = block_on(learner.probe(&batch, Draws::default())).unwrap();
    let gradients = probe.gradients;
    let (tensors, _) = block_on(learner.tensors()).unwrap();
    let plan = learner.plan();
    let places = plan.places_of(Role::Trainable);
    assert_eq!((gradients.len(), places.len()), (10, 10));
    for (place, gradient) in places.into_iter().zip(&gradients) {
        let tensor = &plan.entries[place].name;
        // The entry with the steepest slope of each tensor: rounding hides the others.
        let steepest = (0..gradient.len())
            .max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs()))
            .unwrap();
        let moved = |by: f32| {
            let mut moved = tensors.clone();
            moved.values.get_mut(tensor).unwrap()[steepest] += by;
            loss_under(&moved, &dataset, RECORDS)
        };
        let slope = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
        let expected = f64::from(gradient[steepest]);
        let apart = (slope - expected).abs() / expected.abs();
        println!("{tensor}: slope {slope:.5}, gradient {expected:.5}");
        assert!(apart < 0.05, "{tensor}: {slope} and {expected}");
    }
}

#[test]
fn one_batch_can_be_learnt_by_heart() {
    let dataset = dataset();
    let device = Device::flex();
    let mut learner = tutorial_learner(1, &device);
    let indices: Vec<usize> = (0..16).collect();
    let batch = gather(dataset.train(), &indices, None, &device);
    let mut loss = f64::INFINITY;
    for _ in 0..300 {
        learner.step(&batch, Draws::default(), 0.001);
        let mut mean = RunningMean::default();
        block_on(learner.read_running(&mut mean)).unwrap();
        loss = mean.loss();
        if loss < 0.01 {
            return;
        }
    }
    panic!("the loss is still {loss}");
}

#[test]
fn the_order_within_a_batch_changes_only_rounding() {
    let dataset = dataset();
    let device = Device::flex();
    let learner = tutorial_learner(1, &device);
    let probe = |indices: &[usize]| {
        let batch = gather(dataset.train(), indices, None, &device);
        block_on(learner.probe(&batch, Draws::default())).unwrap()
    };
    let forwards: Vec<usize> = (0..32).collect();
    let backwards: Vec<usize> = (0..32).rev().collect();
    let (one, other) = (probe(&forwards), probe(&backwards));
    assert!((one.loss[0] - other.loss[0]).abs() < 1e-5);
    for (a, b) in one.gradients.iter().zip(&other.gradients) {
        let largest = a.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-4 * largest);
    }
}

#[test]
fn two_runs_with_one_seed_are_bit_equal() {
    let dataset = dataset();
    let run = || {
        let device = Device::flex();
        let mut learner = tutorial_learner(7, &device);
        for step in 0..5 {
            let indices: Vec<usize> = (step * 32..step * 32 + 32).collect();
            let batch = gather(dataset.train(), &indices, None, &device);
            learner.step(&batch, Draws::default(), 0.001);
        }
        block_on(learner.tensors()).unwrap().0
    };
    let (one, other) = (support::bits(&run()), support::bits(&run()));
    assert_eq!(one.len(), 3 * 122_570);
    assert_eq!(one, other);
}
