//! Every preset takes the steps of its recipe, as Keras and NumPy computed them (`tests/reference/presets.py`): ten as a
//! run with all that belongs to it, and two small ones on each backend of the CPU (`browser_gpu.rs` has WebGPU's).

use std::path::Path;

use convburn::batch::shuffled;
use convburn::checkpoint::{Checkpoint, Tensors};
use convburn::cifar::{Dataset, Records};
use convburn::device;
use convburn::network::NetworkPlan;
use convburn::protocol::recipes::NamedRecipe;
use convburn::protocol::{Backend, Config, Event, Split, Stage};
use convburn::rule::Schedule;
use convburn::session::Session;
use pollster::block_on;

use crate::golden_network::dataset as first_training_records;
use crate::helpers;
use crate::preset_values::{Apart, BATCH, Golden, PRESETS, STEPS, measure_two_steps, model};

/// Ten steps of float32 are within 2e-6 of float64 in the losses, within 1e-4 in weights, and in momenta within 1e-2,
/// where a maximum of a pooling has moved. Wrong rules are further away in one of them: `tests/reference/mutations.py`.
const LOSS: f64 = 1e-4;
const WEIGHTS: f64 = 1e-3;
const MOMENTA: f64 = 2e-2;

fn first_test_records() -> Dataset {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let path = Path::new(&folder).join("data/cifar10/test-00.bin.gz");
    let mut dataset = Dataset::new(None).unwrap();
    dataset
        .add(Split::Test, std::fs::read(path).unwrap())
        .unwrap();
    dataset
}

/// Adds some of `records`, in this order.
fn add(dataset: &mut Dataset, split: Split, records: &Records, order: impl Iterator<Item = usize>) {
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for index in order {
        let record = records.get(index).unwrap();
        labels.push(record.label);
        pixels.extend_from_slice(record.pixels);
    }
    dataset.add_records(split, &labels, &pixels, None).unwrap();
}

/// A session whose shuffle comes to the official order: each record lies where the shuffle will find it.
fn session(config: &Config) -> Session {
    let count = STEPS * BATCH;
    let mut places = vec![0; count];
    for (official, place) in shuffled(count, config.seed, 0).into_iter().enumerate() {
        places[place] = official;
    }
    let mut dataset = Dataset::new(None).unwrap();
    let train = first_training_records();
    add(
        &mut dataset,
        Split::Train,
        train.train(),
        places.into_iter(),
    );
    let test = first_test_records();
    add(&mut dataset, Split::Test, test.test(), 0..BATCH);
    let device = block_on(device::open(config)).unwrap();
    let mut session = Session::new(config.clone(), device, dataset).unwrap();
    if config.workers > 1 {
        session.use_helpers(helpers::here());
    }
    session
}

fn tensors(session: &mut Session) -> Tensors {
    let bytes = block_on(session.save()).unwrap();
    match session.read(&bytes).unwrap() {
        Checkpoint::Run(_, tensors) => tensors,
        Checkpoint::Weights(..) => panic!("a run was saved"),
    }
}

/// Trains to the end, and returns the largest difference of the losses' running mean to that of `expected`.
fn train(session: &mut Session, expected: &[f64]) -> f64 {
    let mut apart = 0.0;
    let mut reports = 0;
    let mut compare = |mean: f64, steps: usize| {
        let expected = expected[..steps].iter().sum::<f64>() / steps as f64;
        apart = f64::max(apart, (mean - expected).abs());
        reports += 1;
    };
    loop {
        for event in block_on(session.advance(0.0)).unwrap() {
            match event {
                Event::Progress(now) if now.stage == Stage::Training && now.step > 0 => {
                    compare(now.loss, now.step as usize);
                }
                Event::Done { .. } => {
                    compare(session.history()[0].loss, STEPS);
                    assert!(reports > 1);
                    return apart;
                }
                _ => {}
            }
        }
    }
}

/// Shuffled, scheduled, split over workers, averaged and measured as any run.
#[test]
fn every_preset_takes_ten_steps_of_its_recipe() {
    let golden = Golden::open();
    for preset in PRESETS {
        // The smallest network's by the host's half of the rules too.
        let shared: &[u32] = if preset == PRESETS[0] { &[1, 2] } else { &[1] };
        for &workers in shared {
            let config = Config {
                backend: Backend::Flex,
                workers,
                ..golden.config(preset)
            };
            let plan = NetworkPlan::new(&model(&config)).unwrap();
            let mut session = session(&config);
            session
                .take_weights(&plan.spec, &golden.initial(&plan))
                .unwrap();
            let figures = golden.figures(preset);
            let loss = train(&mut session, &figures.losses);
            let evaluated = (session.history()[0].val_loss - figures.evaluated).abs();
            let Apart { weights, momenta } = golden.apart(preset, &plan, &tensors(&mut session));
            println!(
                "{preset}, {workers} workers: {loss:.1e}, {evaluated:.1e}, {weights:?}, {momenta:?}"
            );
            assert!(
                loss <= LOSS && evaluated <= LOSS,
                "{preset}: {loss}, {evaluated}"
            );
            assert!(weights.0 <= WEIGHTS, "{preset}: {weights:?}");
            assert!(momenta.0 <= MOMENTA, "{preset}: {momenta:?}");
        }
    }
}

/// The settings' own values, of which the runs here change some, and how the learning rate goes.
#[test]
fn every_preset_has_the_numbers_and_rates_of_its_recipe() {
    let golden = Golden::open();
    for preset in PRESETS {
        let recipe = NamedRecipe::find(preset).unwrap().config().unwrap();
        let found = serde_json::to_value(recipe).unwrap();
        for (name, expected) in &golden.figures(preset).settings {
            assert_eq!(found[name].as_f64(), Some(*expected), "{preset}: {name}");
        }
        let config = golden.config(preset);
        let schedule = Schedule::new(&config.recipe(model(&config)));
        for (step, expected) in golden.figures(preset).rates.iter().enumerate() {
            let found = config.lr * schedule.factor(step as u64, STEPS as u32, 1);
            assert!((found - expected).abs() < 1e-12, "{preset}, step {step}");
        }
    }
}

/// What the first kernel begins with comes from the images.
#[test]
fn a_run_whitens_its_images_as_numpy_does() {
    let golden = Golden::open();
    let config = Config {
        backend: Backend::Flex,
        workers: 1,
        ..golden.config("same-size")
    };
    let mut session = session(&config);
    block_on(session.advance(0.0)).unwrap();
    let found = &tensors(&mut session).values["conv2d.weight"];
    let expected = golden.whitening();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-3, "{found}, {expected}");
    }
}

fn two_steps(backend: Backend) {
    let config = Config {
        backend,
        ..Config::default()
    };
    let device = block_on(device::open(&config)).unwrap().device;
    let records = first_training_records();
    for preset in PRESETS {
        let distance = block_on(measure_two_steps(preset, records.train(), &device));
        println!("{backend:?}, {preset}: {distance:?}");
        distance.assert_within(1e-4);
    }
}

#[test]
fn flex_takes_two_steps_of_every_preset() {
    two_steps(Backend::Flex);
}

#[test]
fn ndarray_takes_two_steps_of_every_preset() {
    two_steps(Backend::Ndarray);
}
