//! Every rule of learning takes the steps that Keras's optimisers take, or NumPy's where Keras has none
//! (`tests/reference/rules.py`), on the network of `golden_network.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Device;
use convburn::batch::gather;
use convburn::cifar::Records;
use convburn::metrics::RunningMean;
use convburn::network::Role;
use convburn::protocol::{Config, NormGroup};
use convburn::random::Draws;
use convburn::rule::Rule;
use convburn::train::{Learner, SliceResult};
use pollster::block_on;

use crate::golden_network::dataset;
use crate::network_values::{BATCH, Keras, largest_difference, of_role, plan};

const TENSORS: &[u8] = include_bytes!("../fixtures/golden_rules.safetensors");
const FIGURES: &str = include_str!("../fixtures/golden_rules.json");

#[derive(serde::Deserialize)]
struct Rules {
    cases: BTreeMap<String, RuleCase>,
}

/// Ten steps of a rule of learning.
#[derive(serde::Deserialize)]
struct RuleCase {
    config: Config,
    rates: Vec<f64>,
    losses: Vec<f32>,
}

/// How far a device is from each rule's ten steps: its name, the largest difference of a loss, and of a number that
/// learns. `by_slices`: with the optimiser on plain numbers, as a run with helpers has it.
async fn measure(records: &Records, device: &Device, by_slices: bool) -> Vec<(String, f64, f64)> {
    let rules: Rules = serde_json::from_str(FIGURES).unwrap();
    let plan = Arc::new(plan(NormGroup::Records(32)));
    let initial = Keras::open("groups").initial(&plan);
    let mut found = Vec::new();
    for (name, case) in rules.cases {
        let rule = Rule::new(&case.config.recipe(plan.spec.clone()), &plan);
        let mut learner = Learner::new(&plan, 1, device).with_rule(rule);
        learner.load_state(&initial, 0).unwrap();
        let mut losses = Vec::new();
        for (step, lr) in case.rates.iter().enumerate() {
            let indices: Vec<usize> = (step * BATCH..(step + 1) * BATCH).collect();
            let mut mean = RunningMean::default();
            if by_slices {
                step_in_slices(&mut learner, records, &indices, *lr, &mut mean).await;
            } else {
                let batch = gather(records, &indices, None, device);
                learner.step(&batch, Draws::default(), *lr);
                learner.read_running(&mut mean).await.unwrap();
            }
            losses.push(mean.loss() as f32);
        }
        let (last, _) = learner.tensors().await.unwrap();
        let expected = Keras::of_file(TENSORS, "");
        let learning = of_role(&plan, |role| role == Role::Trainable).into_iter();
        let apart = learning.map(|entry| {
            largest_difference(&last.values[&entry.name], &expected.tensor(&name, entry))
        });
        let weights = apart.fold(0.0, f64::max);
        found.push((name, largest_difference(&losses, &case.losses), weights));
    }
    found
}

/// A step as two workers share it.
async fn step_in_slices(
    learner: &mut Learner,
    records: &Records,
    indices: &[usize],
    lr: f64,
    mean: &mut RunningMean,
) {
    let mut slices = Vec::new();
    for half in indices.chunks(BATCH / 2) {
        let batch = gather(records, half, None, learner.device());
        let pieces = learner.slice_gradients(&batch, Draws::default()).await;
        slices.push(SliceResult {
            numbers: pieces.unwrap().concat(),
            records: half.len(),
        });
    }
    learner.step_with(&slices, lr, mean).await.unwrap();
}

/// Muon makes a step's weak directions forty times as strong. A ReLU's input that rounds to the other side of 0 moves a
/// gradient by a hundred thousandth, and weights that have moved by 0.3 by 2.5e-4: so do ndarray and some of flex's
/// kernels, where others are 1e-6 away. (`optimizer/tests.rs` holds the formula to 5e-6.)
const MUON_WEIGHTS: f64 = 1e-3;

/// With rates that change and weights of which some decay; on tensors, and on plain numbers in two slices.
#[test]
fn every_rule_takes_the_steps_of_keras_and_numpy() {
    let dataset = dataset();
    for by_slices in [false, true] {
        let device = Device::flex();
        let found = block_on(measure(dataset.train(), &device, by_slices));
        assert_eq!(found.len(), 10);
        for (name, losses, weights) in found {
            println!("slices {by_slices}, {name}: {losses:.1e}, {weights:.1e}");
            let bound = if name == "muon" { MUON_WEIGHTS } else { 1e-4 };
            assert!(losses <= 1e-4, "{name}: {losses}");
            assert!(weights <= bound, "{name}: {weights}");
        }
    }
}
