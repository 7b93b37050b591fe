//! A run that ends with the weights of its best epoch: which records it chooses by, when it stops, what it keeps, and that
//! it comes to the same end wherever it was interrupted.

use std::collections::BTreeSet;

use convburn::checkpoint::Checkpoint;
use convburn::cifar::Dataset;
use convburn::device;
use convburn::plan::{Measured, Plan};
use convburn::protocol::{Config, Event, Keep, KeptEpoch, Split, WeightsKind};
use convburn::session::Session;
use pollster::block_on;

use crate::support;

/// So many epochs at most, and so large a rate that some are worse than the one before.
fn config() -> Config {
    Config {
        epochs: 12,
        lr: 0.02,
        patience: 2,
        ..support::config()
    }
}

fn dataset() -> Dataset {
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, support::records(200, 1)).unwrap();
    dataset.add(Split::Test, support::records(100, 2)).unwrap();
    dataset
}

fn session(config: Config) -> Session {
    let backend = block_on(device::open(&config)).unwrap();
    Session::new(config, backend, dataset()).unwrap()
}

fn restored(bytes: &[u8]) -> Session {
    let Checkpoint::Run(state, tensors) = session(config()).read(bytes).unwrap() else {
        panic!("no run");
    };
    let backend = block_on(device::open(&state.config())).unwrap();
    Session::restored(*state, &tensors, backend, dataset()).unwrap()
}

/// How a run ended.
fn kept(events: &[Event]) -> (u32, KeptEpoch) {
    let Some(Event::Done {
        epochs,
        kept,
        evaluation,
        ..
    }) = events.last()
    else {
        panic!("it is not over");
    };
    assert_eq!(
        evaluation
            .as_ref()
            .map(|found| (found.records, found.weights)),
        Some((100, Some(WeightsKind::Best)))
    );
    (*epochs, kept.unwrap())
}

/// What a run leaves: the bits of its weights, its losses, and its figure on the test records.
fn end(session: &mut Session) -> (Vec<u32>, Vec<f64>, f64) {
    let losses = session.history().iter().map(|row| row.val_loss).collect();
    let weights = block_on(session.save_weights()).unwrap();
    let Checkpoint::Weights(_, tensors) = session.read(&weights).unwrap() else {
        panic!("no weights");
    };
    (
        support::bits(&tensors),
        losses,
        session.evaluation().unwrap().loss,
    )
}

#[test]
fn a_tenth_of_each_class_is_held_out_by_the_seed_and_neither_trained_on_nor_the_test() {
    let dataset = dataset();
    let plan = Plan::new(&dataset, &config());
    assert_eq!(
        (plan.train.len(), plan.validation.len(), plan.test.len()),
        (180, 20, 100)
    );
    assert_eq!(plan.after_epoch(), Measured::Validation);
    let all: BTreeSet<usize> = plan.train.iter().chain(&plan.validation).copied().collect();
    assert_eq!(all.len(), 200);
    let held = plan.records(&dataset, Measured::Validation);
    for class in 0..10 {
        let labels = (0..held.len())
            .filter_map(|at| held.get(at))
            .map(|record| record.label);
        assert_eq!(labels.filter(|label| *label == class).count(), 2, "{class}");
    }
    let of = |config: &Config| Plan::new(&dataset, config);
    assert_eq!(of(&config()), plan);
    assert_ne!(
        of(&Config {
            seed: 8,
            ..config()
        })
        .validation,
        plan.validation
    );
    let chosen = Config {
        patience: 0,
        keep: Keep::Best,
        ..config()
    };
    assert_eq!(of(&chosen), plan);
    // Nothing is held out where nothing is chosen.
    let last = of(&Config {
        patience: 0,
        ..config()
    });
    assert_eq!(
        (last.train.len(), last.validation.len(), last.after_epoch()),
        (200, 0, Measured::Test)
    );
    assert_ne!(last.digest(&dataset), plan.digest(&dataset));
    // Of fewer records than there are a tenth of those.
    let few = of(&Config {
        train: 50,
        ..config()
    });
    assert_eq!((few.train.len(), few.validation.len()), (45, 5));
    assert!(few.train.iter().chain(&few.validation).all(|at| *at < 50));
    assert!(
        few.check(
            &dataset,
            &Config {
                train: 50,
                ..config()
            }
        )
        .is_ok()
    );
}

#[test]
fn a_run_stops_when_it_has_been_no_better_for_long_enough_and_has_the_best_weights() {
    let mut stopped = session(config());
    let data = stopped.data();
    assert_eq!(
        (data.train_used, data.validation_used, data.test_used),
        (180, 20, 100)
    );
    let (epochs, kept_epoch) = kept(&support::drive(&mut stopped));
    let (weights, losses, test_loss) = end(&mut stopped);
    let best = (1..=losses.len())
        .min_by(|a, b| losses[a - 1].total_cmp(&losses[b - 1]))
        .unwrap() as u32;
    assert!(epochs < 12, "it never stopped early: {losses:?}");
    assert_eq!(
        kept_epoch,
        KeptEpoch {
            epoch: best,
            stopped_early: true
        }
    );
    assert_eq!(epochs, best + 2);
    // The best weights are those of a run that ends there, and the test records are measured with them.
    let mut to_best = session(Config {
        epochs: best,
        ..config()
    });
    let (_, of_last) = kept(&support::drive(&mut to_best));
    assert_eq!(
        of_last,
        KeptEpoch {
            epoch: best,
            stopped_early: false
        }
    );
    assert_eq!(end(&mut to_best).0, weights);
    let measured = block_on(stopped.evaluate(Split::Test)).unwrap();
    assert_eq!(
        (measured.loss, measured.weights),
        (test_loss, Some(WeightsKind::Best))
    );
    let last = Config {
        patience: 0,
        keep: Keep::Best,
        epochs,
        ..config()
    };
    let mut to_end = session(last);
    assert_eq!(kept(&support::drive(&mut to_end)).1.epoch, best);
    assert_eq!(end(&mut to_end).0, weights, "the same without patience");
    // Opened again it is what it was.
    let bytes = block_on(stopped.save()).unwrap();
    let mut opened = restored(&bytes);
    assert_eq!(end(&mut opened), (weights, losses, test_loss));
    let again = block_on(opened.evaluate(Split::Test)).unwrap();
    assert_eq!(
        (again.loss, again.weights),
        (test_loss, Some(WeightsKind::Best))
    );
}

#[test]
fn it_comes_to_the_same_end_wherever_it_was_interrupted() {
    let mut whole = session(config());
    kept(&support::drive(&mut whole));
    let expected = end(&mut whole);
    let mut run = session(config());
    let mut interruptions = 0;
    loop {
        let events = block_on(run.advance(0.0)).unwrap();
        if matches!(events.last(), Some(Event::Done { .. })) {
            break;
        }
        // Each step would take a minute; an epoch's ends and the one measurement after the last are among these.
        if interruptions % 3 == 0
            || events
                .iter()
                .any(|event| matches!(event, Event::EpochEnd { .. }))
        {
            run = restored(&block_on(run.save()).unwrap());
        }
        interruptions += 1;
    }
    assert_eq!(end(&mut run), expected);
}

#[test]
fn more_epochs_go_on_from_the_last_step_and_not_from_the_best() {
    let best = || Config {
        patience: 0,
        keep: Keep::Best,
        ..config()
    };
    let mut whole = session(Config {
        epochs: 4,
        ..best()
    });
    support::drive(&mut whole);
    let mut parts = session(Config {
        epochs: 2,
        ..best()
    });
    support::drive(&mut parts);
    parts.extend(4).unwrap();
    let (epochs, _) = kept(&support::drive(&mut parts));
    assert_eq!(epochs, 4);
    assert_eq!(end(&mut parts), end(&mut whole));
}
