//! The self-check, natively: what it accepts (another backend's rounding) and what it refuses, with the
//! figures.

use std::sync::Arc;

use burn::tensor::Device;
use convburn::batch;
use convburn::cifar::Dataset;
use convburn::metrics::RunningMean;
use convburn::network::NetworkPlan;
use convburn::protocol::{Backend, Config, ModelSpec, NormGroup, Pixels, Split};
use convburn::random::Draws;
use convburn::self_check::{TOLERANCE, compare, judge, upload};
use convburn::train::Probe;
use convburn::{device, protocol::SelfCheck};
use pollster::block_on;

use crate::support;
use crate::support::networks::{GRAY, every_layer, gray_dataset};

fn dataset() -> Dataset {
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, support::records(64, 1)).unwrap();
    dataset
}

fn ndarray() -> Device {
    let config = Config {
        backend: Backend::Ndarray,
        ..Config::default()
    };
    block_on(device::open(&config)).unwrap().device
}

fn probe(seed: u32) -> Probe {
    let dataset = dataset();
    let indices: Vec<usize> = (0..8).collect();
    let batch = batch::gather(dataset.train(), &indices, None, &Device::flex());
    let learner = support::tutorial_learner(seed, &Device::flex());
    block_on(learner.probe(&batch, Draws::default())).unwrap()
}

#[test]
fn another_backends_rounding_is_accepted_with_a_wide_margin() {
    let dataset = dataset();
    let indices: Vec<usize> = (0..8).collect();
    let other = ndarray();
    for seed in 0..3 {
        let plan = support::tutorial();
        let found = compare(&plan, seed, dataset.train(), &indices, &other);
        let SelfCheck {
            loss_difference,
            gradient_difference,
            ..
        } = block_on(found).unwrap();
        println!("seed {seed}: loss {loss_difference:.1e}, gradients {gradient_difference:.1e}");
        assert!(loss_difference < TOLERANCE / 10.0);
        assert!(gradient_difference < TOLERANCE / 10.0);
    }
    block_on(upload(dataset.train(), None, &indices, &other)).unwrap();
}

/// What begins from the images does so, and the gradient of a bias that normalisation takes out again is rounding.
#[test]
fn a_network_that_whitens_and_normalises_is_accepted_on_another_backend() {
    let dataset = gray_dataset(48, 3);
    let model = ModelSpec {
        network: every_layer(),
        image: GRAY,
        classes: 3,
        pixels: Pixels::Unit,
        norm_group: NormGroup::Records(16),
    };
    let plan = Arc::new(NetworkPlan::new(&model).unwrap());
    let indices: Vec<usize> = (0..32).collect();
    let found = block_on(compare(&plan, 3, dataset.train(), &indices, &ndarray())).unwrap();
    assert!(found.gradient_difference < TOLERANCE / 4.0, "{found:?}");
}

#[test]
fn other_numbers_are_refused_with_the_figures() {
    let here = probe(7);
    assert_eq!(judge(&here, &here).unwrap().gradient_difference, 0.0);

    let problem = judge(&probe(8), &here).unwrap_err();
    assert!(
        problem.contains("loss differs") && problem.contains("1e-3"),
        "{problem}"
    );

    // One wrong number in the smallest tensor is not lost among the others.
    let mut wrong = here.clone();
    let smallest = wrong.gradients.iter_mut().min_by_key(|g| g.len()).unwrap();
    smallest[0] += 0.1;
    assert!(judge(&wrong, &here).is_err());

    for not_finite in [f32::NAN, f32::INFINITY] {
        let mut wrong = here.clone();
        wrong.gradients[2][5] = not_finite;
        assert!(judge(&wrong, &here).unwrap_err().contains("inf"));
        let mut wrong = here.clone();
        wrong.loss[0] = not_finite;
        assert!(judge(&wrong, &here).is_err());
    }
    let mut short = here.clone();
    short.gradients.pop();
    assert!(judge(&short, &here).is_err());
}

#[test]
fn a_probe_changes_nothing_and_has_every_parameter() {
    let dataset = dataset();
    let batch = |from: usize| {
        let indices: Vec<usize> = (from..from + 8).collect();
        batch::gather(dataset.train(), &indices, None, &Device::flex())
    };
    let trained = |is_probed: bool| {
        let mut learner = support::tutorial_learner(7, &Device::flex());
        for step in 0..3 {
            learner.step(&batch(8 * step), Draws::default(), 0.001);
            if is_probed {
                let before = block_on(learner.tensors()).unwrap();
                let probe = block_on(learner.probe(&batch(40), Draws::default())).unwrap();
                assert_eq!(block_on(learner.tensors()).unwrap(), before);
                let numbers: usize = probe.gradients.iter().map(Vec::len).sum();
                assert_eq!(numbers, 122_570);
            }
        }
        let mut mean = RunningMean::default();
        block_on(learner.read_running(&mut mean)).unwrap();
        let figures = (mean.loss(), mean.accuracy());
        (block_on(learner.tensors()).unwrap(), figures)
    };
    assert_eq!(trained(true), trained(false));
}
