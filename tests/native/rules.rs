//! Rules of learning in a run: each goes on from a file with its bits, whoever computes; schedules, averaged weights and
//! smoothed targets do what they say; and whatever can be set trains, or is refused with a sentence.

use std::sync::Arc;

use convburn::batch::gather;
use convburn::checkpoint::{Checkpoint, RunState, Tensors};
use convburn::cifar::Dataset;
use convburn::device;
use convburn::error::Error;
use convburn::metrics::softmax;
use convburn::network::NetworkPlan;
use convburn::protocol::settings::{Kind, SETTINGS};
use convburn::protocol::*;
use convburn::random::Draws;
use convburn::rule::Rule;
use convburn::session::Session;
use convburn::train::Learner;
use pollster::block_on;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::helpers;
use crate::support;
use crate::support::networks::{
    GRAY, dense, every_layer, gray_dataset, max_pool, plain_conv, relu,
};

/// Two epochs of three steps of a network with every kind of layer, by Muon with all that there is beside it.
fn config() -> Config {
    Config {
        backend: Backend::Flex,
        workers: 1,
        network: NetworkChoice::Spec(every_layer()),
        train: 72,
        test: 12,
        epochs: 2,
        batch: 24,
        norm_group: NormGroup::Records(8), // Three, one for each worker.
        lr: 0.01,
        seed: 5,
        report_every_ms: 10,
        optimizer: OptimizerKind::Muon,
        momentum: 0.9,
        nesterov: Switch::On,
        velocity: Velocity::RateOutside,
        weight_decay: 5e-4,
        decay: Decay::Coupled,
        norm_bias_lr_factor: 4.0,
        schedule: ScheduleKind::OneCycle,
        label_smoothing: 0.1,
        averaging: 0.98,
        flip: Flip::Alternating,
        shift_px: 2,
        shift_edge: Border::Reflect,
        cutout_px: 6,
        ..Config::default()
    }
}

/// The same by every optimiser.
fn configs() -> Vec<Config> {
    let by = |optimizer, momentum, decay| Config {
        optimizer,
        momentum,
        nesterov: Switch::Off,
        velocity: Velocity::RateInside,
        decay,
        lr: 0.003,
        ..config()
    };
    vec![
        config(),
        by(OptimizerKind::Adam, 0.0, Decay::Coupled),
        by(OptimizerKind::AdamW, 0.0, Decay::Decoupled),
        by(OptimizerKind::Sgd, 0.0, Decay::Coupled),
        by(OptimizerKind::Sgd, 0.9, Decay::Decoupled),
        by(OptimizerKind::RmsProp, 0.0, Decay::Coupled),
        by(OptimizerKind::RmsProp, 0.5, Decay::Coupled),
    ]
}

fn with_helpers(mut session: Session) -> Session {
    if session.loaded().config.workers > 1 {
        session.use_helpers(helpers::here());
    }
    session
}

fn session(config: Config) -> Session {
    let device = block_on(device::open(&config)).unwrap();
    with_helpers(Session::new(config, device, gray_dataset(72, 12)).unwrap())
}

fn read(session: &mut Session) -> (RunState, Tensors) {
    let bytes = block_on(session.save()).unwrap();
    match session.read(&bytes).unwrap() {
        Checkpoint::Run(state, tensors) => (*state, tensors),
        Checkpoint::Weights(..) => panic!("a run was saved"),
    }
}

fn reopened(state: RunState, tensors: &Tensors) -> Session {
    let device = block_on(device::open(&state.config())).unwrap();
    with_helpers(Session::restored(state, tensors, device, gray_dataset(72, 12)).unwrap())
}

/// What a run came to, without its times.
fn rows(session: &Session) -> Vec<EpochResult> {
    let rows = session.history().iter().cloned();
    let timeless = rows.map(|row| EpochResult {
        seconds: 0.0,
        step_ms: 0.0,
        ..row
    });
    timeless.collect()
}

#[test]
fn every_rule_goes_on_from_a_file_with_its_bits() {
    for config in configs() {
        for workers in [1, 3] {
            let config = Config {
                workers,
                ..config.clone()
            };
            let mut whole = session(config.clone());
            support::drive(&mut whole);
            let (_, expected) = read(&mut whole);
            assert!(!expected.averaged.is_empty());
            // In each epoch, and while the last one is measured.
            for (epoch, step) in [(1, 1), (2, 2), (2, 3)] {
                let mut first = session(config.clone());
                while first.position() != Some(Position { epoch, step }) {
                    block_on(first.advance(0.0)).unwrap(); // A step.
                }
                let (state, tensors) = read(&mut first);
                let mut opened = reopened(state, &tensors);
                support::drive(&mut opened);
                let what = format!("{:?}, {workers} workers, {epoch}/{step}", config.optimizer);
                assert_eq!(rows(&opened), rows(&whole), "{what}");
                assert!(read(&mut opened).1 == expected, "{what}");
            }
        }
    }
}

/// The host's formulas and the tensors' are one rule: after an epoch three workers are where one is, and another
/// backend.
#[test]
fn workers_and_backends_follow_one_rule() {
    for config in configs() {
        let loss = |backend, workers| {
            let mut session = session(Config {
                backend,
                workers,
                epochs: 1,
                ..config.clone()
            });
            support::drive(&mut session);
            session.history()[0].loss
        };
        let alone = loss(Backend::Flex, 1);
        for other in [loss(Backend::Flex, 3), loss(Backend::Ndarray, 1)] {
            let apart = (other - alone).abs() / alone;
            assert!(apart < 2e-3, "{:?}: {alone} and {other}", config.optimizer);
        }
    }
}

fn run_of(change: impl FnOnce(&mut Config)) -> Session {
    let mut config = config();
    change(&mut config);
    session(config)
}

#[test]
fn a_schedule_moves_the_rate_and_a_run_ends_where_it_ends() {
    let mut session = run_of(|_| {});
    support::drive(&mut session);
    // A fifth of the peak at first, the peak after 1.2 of 6 steps, nothing after the last.
    let found: Vec<f64> = session.history().iter().filter_map(|row| row.lr).collect();
    for (found, expected) in found.iter().zip([4.0 / 4.8, 1.0 / 4.8]) {
        assert!((found - 0.01 * expected).abs() < 1e-12, "{found}");
    }
    assert_eq!(found.len(), 2);
    let refused = |error: Error| {
        assert_eq!(error.code(), "invalid_config");
        assert!(
            error.to_string().contains("schedule is constant"),
            "{error}"
        );
    };
    refused(session.extend(3).unwrap_err());
    assert_eq!(session.more_epochs(false), None);
    refused(block_on(session.advance(0.0)).unwrap_err());
    assert_eq!((session.position(), session.history().len()), (None, 2));

    let mut begun = run_of(|_| {});
    begun.extend(3).unwrap(); // It has not begun.
    begun.extend(2).unwrap();
    block_on(begun.advance(0.0)).unwrap();
    refused(begun.extend(3).unwrap_err());
    begun.extend(2).unwrap(); // That was planned.
    support::drive(&mut begun);
    assert_eq!(rows(&begun), rows(&session));

    let mut dropping = run_of(|config| {
        config.schedule = ScheduleKind::Drops;
        config.drops = vec![1];
    });
    support::drive(&mut dropping);
    assert_eq!(dropping.more_epochs(false).map(|more| more.least), Some(3));
    dropping.extend(3).unwrap();
    support::drive(&mut dropping);
    let rates: Vec<f64> = dropping.history().iter().filter_map(|row| row.lr).collect();
    assert_eq!(rates, [0.01, 0.001, 0.001]);

    let mut constant = run_of(|config| config.schedule = ScheduleKind::Constant);
    support::drive(&mut constant);
    assert!(constant.history().iter().all(|row| row.lr.is_none()));
}

/// A constant rate, so that the run can be longer.
fn averaged(epochs: u32, workers: u32) -> Session {
    let mut session = run_of(|config| {
        config.schedule = ScheduleKind::Constant;
        (config.epochs, config.workers) = (epochs, workers);
    });
    support::drive(&mut session);
    session
}

#[test]
fn the_last_epoch_and_all_after_it_are_judged_by_the_averaged_weights() {
    let pictures: Vec<u8> = (0..3 * GRAY.bytes()).map(|at| (at % 251) as u8).collect();
    for workers in [1, 3] {
        let mut run = averaged(2, workers);
        let kinds = |session: &Session| -> Vec<Option<WeightsKind>> {
            session.history().iter().map(|row| row.weights).collect()
        };
        let (last, average) = (Some(WeightsKind::Last), Some(WeightsKind::Averaged));
        assert_eq!(kinds(&run), [last, average]);
        assert_eq!(run.evaluation().unwrap().weights, average);
        let measured = block_on(run.evaluate(Split::Test)).unwrap();
        assert_eq!(measured.weights, average);
        assert_eq!(measured.loss, run.history()[1].val_loss);

        // A file of weights holds those by which it is judged; a run's both.
        let (_, tensors) = read(&mut run);
        let bytes = block_on(run.save_weights()).unwrap();
        let Checkpoint::Weights(model, alone) = run.read(&bytes).unwrap() else {
            panic!("weights were saved")
        };
        let frozen = alone.values.len() - tensors.averaged.len();
        assert_eq!(frozen, 1, "the whitening kernel");
        for (name, average) in &tensors.averaged {
            assert_eq!(&alone.values[name], average, "{name}");
            assert_ne!(&tensors.values[name], average, "{name}");
        }
        let mut other = run_of(|config| config.workers = workers);
        other.take_weights(&model, &alone).unwrap();
        let predict = |session: &Session| block_on(session.predict(&pictures)).unwrap();
        assert_eq!(predict(&other), predict(&run));
        let (state, tensors) = read(&mut run);
        let opened = reopened(state, &tensors);
        assert_eq!(predict(&opened), predict(&run));
        assert_eq!(
            block_on(opened.evaluate(Split::Test)).unwrap().loss,
            measured.loss
        );

        // What goes on does so from the last step's.
        let mut whole = averaged(3, workers);
        run.extend(3).unwrap();
        support::drive(&mut run);
        assert_eq!(kinds(&run), [last, average, average]);
        assert!(read(&mut run).1 == read(&mut whole).1, "{workers} workers");
        assert_eq!(rows(&run)[2], rows(&whole)[2]);
    }
}

/// A dense layer's bias has the mean of probability less target as its gradient, and the loss that is said is the plain
/// one.
#[test]
fn smoothed_targets_are_learnt_and_plain_cross_entropy_is_said() {
    let plan = |config: &Config| {
        let spec = support::networks::model_of(small(), GRAY, 3);
        let plan = Arc::new(NetworkPlan::new(&spec).unwrap());
        let rule = Rule::new(&config.recipe(spec), &plan);
        (plan, rule)
    };
    let dataset = gray_dataset(12, 3);
    let indices: Vec<usize> = (0..12).collect();
    for backend in [Backend::Flex, Backend::Ndarray] {
        let open = Config {
            backend,
            ..Config::default()
        };
        let device = block_on(device::open(&open)).unwrap().device;
        for label_smoothing in [0.0, 0.2] {
            let (plan, rule) = plan(&Config {
                label_smoothing,
                ..Config::default()
            });
            let learner = Learner::new(&plan, 1, &device).with_rule(rule);
            let batch = gather(dataset.train(), &indices, None, &device);
            let found = block_on(learner.probe(&batch, Draws::default())).unwrap();
            let mut expected = [0.0; 3];
            let mut loss = 0.0;
            for (logits, index) in found.logits.chunks(3).zip(0..) {
                let label = index % 3;
                for (class, probability) in softmax(logits).iter().enumerate() {
                    let hard = f64::from(u8::from(class == label));
                    let target = hard * (1.0 - label_smoothing) + label_smoothing / 3.0;
                    expected[class] += (f64::from(*probability) - target) / 12.0;
                    loss -= hard * f64::from(*probability).ln() / 12.0;
                }
            }
            let bias = found.gradients.last().unwrap();
            for (found, expected) in bias.iter().zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-6, "{backend:?}");
            }
            assert!((f64::from(found.loss[0]) - loss).abs() < 1e-5);
        }
    }
}

/// A network that takes no time.
fn small() -> Vec<Layer> {
    vec![
        plain_conv(4, 3),
        relu(),
        max_pool(4),
        Layer::Flatten,
        dense(8),
        relu(),
        dense(3),
    ]
}

/// A value that a setting may have, as a text; now and then one that it may not.
fn any_value(kind: &Kind, rng: &mut ChaCha8Rng) -> String {
    let share = rng.random_range(0..12);
    let of = |low: f64, high: f64| match share {
        0 => low,
        1 => high,
        _ => low + (high - low) * share as f64 / 12.0,
    };
    match kind {
        Kind::Whole(range) => rng.random_range(range.clone()).to_string(),
        Kind::Positive(most) => of(most * 1e-4, *most).to_string(),
        Kind::Between(range) => of(*range.start(), *range.end()).to_string(),
        Kind::Below(end) => of(0.0, *end).to_string(),
        Kind::List(_) => ["", "1", "1,2", "2,1"][share % 4].into(),
        Kind::Choice(words) | Kind::Structure(words) => words[share % words.len()].into(),
    }
}

/// Whatever settings pass the checks train, or are refused with a sentence.
#[test]
fn any_settings_train_two_steps_or_are_refused_with_a_sentence() {
    let names = [
        "optimizer",
        "momentum",
        "nesterov",
        "velocity",
        "weight_decay",
        "decay",
    ];
    let more = [
        "decay_of",
        "norm_bias_lr_factor",
        "muon_lr",
        "muon_momentum",
        "muon_iterations",
    ];
    let last = [
        "schedule",
        "warm_up",
        "lr_start",
        "lr_end",
        "drops",
        "drop_factor",
        "augment",
    ];
    let image = [
        "label_smoothing",
        "averaging",
        "flip",
        "shift_px",
        "shift_edge",
        "cutout_px",
    ];
    let names = [&names[..], &more, &last, &image].concat();
    let mut rng = ChaCha8Rng::seed_from_u64(18);
    let (mut trained, mut refused) = (0, 0);
    for _ in 0..150 {
        let layers = support::networks::numbered(small(), 1);
        let mut config = Config {
            backend: Backend::Flex,
            workers: 1,
            network: NetworkChoice::Spec(NetworkSpec {
                seeding: Seeding::ByLayer,
                layers,
            }),
            train: 12,
            test: 3,
            batch: 6,
            epochs: 1,
            lr: 0.01,
            ..Config::default()
        };
        for setting in SETTINGS.iter().filter(|it| names.contains(&it.name)) {
            // Most of them as they are, so that many fit each other.
            if rng.random_range(0..3) == 0 {
                let value = any_value(&setting.kind, &mut rng);
                if let Err(error) = config.set(setting.name, &value) {
                    assert!(error.to_string().contains(setting.name), "{error}");
                    refused += 1;
                }
            }
        }
        let said = config.clone();
        match two_steps(config) {
            Ok(losses) => {
                trained += 1;
                assert!(losses.is_finite(), "{said:?}");
            }
            Err(error) => {
                refused += 1;
                let code = error.code();
                assert!(
                    ["invalid_config", "diverged"].contains(&code),
                    "{said:?}: {error}"
                );
            }
        }
    }
    println!("{trained} trained, {refused} refused");
    assert!(
        trained > 60 && refused > 10,
        "{trained} trained, {refused} refused"
    );
}

fn two_steps(config: Config) -> Result<f64, Error> {
    let backend = block_on(device::open(&config))?;
    let dataset: Dataset = gray_dataset(12, 3);
    let mut session = Session::new(config, backend, dataset)?;
    while session.history().is_empty() {
        block_on(session.advance(1e3))?;
    }
    let bytes = block_on(session.save())?;
    let Checkpoint::Run(..) = session.read(&bytes)? else {
        panic!("a run was saved")
    };
    Ok(session.history()[0].loss + session.history()[0].val_loss)
}
