//! An opened run tells what it told before, and what will not be equal where it goes on.

use convburn::checkpoint::{Checkpoint, Origin, Rounding, RunState};
use convburn::device;
use convburn::protocol::{Backend, Changes, Config, Event, Position, Progress, Stage, Trace};
use convburn::session::Session;
use pollster::block_on;

use super::{config, dataset, fresh, restored};

/// Its figures, its curve and its last evaluation are those that it had; where it was restored is marked.
#[test]
fn a_run_that_is_opened_is_as_it_was() {
    let often = Config {
        report_every_ms: 10,
        ..config()
    };
    let mut session = fresh(often);
    let (mut last, mut points) = (None, Vec::new());
    let is_amid = |at: Position| at.epoch == 2 && at.step > 0;
    while !session.position().is_some_and(is_amid) {
        for event in block_on(session.advance(0.0)).unwrap() {
            let Event::Progress(progress) = event else {
                continue;
            };
            if progress.stage == Stage::Training {
                points.push((progress.epoch, progress.loss as f32));
            }
            last = Some(progress);
        }
    }
    session.signals().stop();
    for event in block_on(session.advance(0.0)).unwrap() {
        if let Event::Progress(progress) = event {
            points.push((progress.epoch, progress.loss as f32));
            last = Some(progress);
        }
    }
    let bytes = block_on(session.save()).unwrap();
    let mut opened = restored(&bytes, dataset());
    let figures = |progress: Option<Progress>| {
        progress.map(|p| (p.epoch, p.epochs, p.step, p.steps, p.loss, p.accuracy))
    };
    assert_eq!(figures(opened.progress()), figures(last));
    let speed = |progress: Option<Progress>| progress.unwrap().images_per_second;
    assert_eq!(speed(opened.progress()), speed(session.progress()));
    let curve = |trace: &Trace| -> Vec<(u32, f32)> {
        trace.points.iter().map(|p| (p.epoch, p.loss)).collect()
    };
    assert!(points.len() >= 2, "a first report and the one of the stop");
    assert_eq!(curve(opened.trace()), points);
    assert_eq!(opened.evaluation(), session.evaluation());
    assert_eq!(opened.evaluation().unwrap().records, 100);
    assert!(opened.trace().resumed_at.is_empty());

    let at = opened.position().unwrap();
    let mut last = None;
    while opened.position().is_some() {
        for event in block_on(opened.advance(0.0)).unwrap() {
            if let Event::Progress(progress) = event {
                last = Some(progress);
            }
        }
    }
    let marks = &opened.trace().resumed_at;
    assert_eq!(*marks, [(at.epoch - 1) as f32 + at.step as f32 / 10.0]);
    let bytes = block_on(opened.save()).unwrap();
    let over = restored(&bytes, dataset());
    let row = opened.history().last().unwrap();
    let shown = over.progress().unwrap();
    assert_eq!(Some(&shown), last.as_ref(), "the rate and the times too");
    assert_eq!((shown.epoch, shown.epochs, shown.step), (2, 2, 10));
    assert_eq!((shown.loss, shown.accuracy), (row.loss, row.accuracy));
    assert_eq!(over.trace(), opened.trace());
    let evaluation = over.evaluation().unwrap();
    assert_eq!(evaluation.accuracy, row.val_accuracy);
    assert_eq!(evaluation, opened.evaluation().unwrap());
}

/// What computed a run is in its file, and what rounds otherwise where it goes on is told.
#[test]
fn a_run_that_goes_on_elsewhere_says_what_will_not_be_equal() {
    let mut session = fresh(config());
    block_on(session.advance(0.0)).unwrap();
    let bytes = block_on(session.save()).unwrap();
    assert!(restored(&bytes, dataset()).remarks().is_empty());

    let Checkpoint::Run(mut state, tensors) = session.read(&bytes).unwrap() else {
        panic!("no run");
    };
    let origin = state.origin.clone().unwrap();
    assert_eq!((origin.backend, origin.workers), (Backend::Flex, 1));
    let said = |origin: Option<Origin>, state: &mut RunState| {
        state.origin = origin;
        let backend = block_on(device::open(&state.config())).unwrap();
        let session = Session::restored(state.clone(), &tensors, backend, dataset()).unwrap();
        session.remarks().join(" ")
    };
    let from = |backend, workers, version: &str| {
        Some(Origin {
            backend,
            workers,
            version: version.into(),
            rounding: origin.rounding,
        })
    };
    let version = origin.version.as_str();
    let text = said(from(Backend::Webgpu, 1, version), &mut state);
    assert!(text.contains("by webgpu and goes on with flex"), "{text}");
    let text = said(from(Backend::Flex, 4, version), &mut state);
    assert!(text.contains("by 4 workers and goes on with 1"), "{text}");
    let text = said(from(Backend::Flex, 1, "0.0.1"), &mut state);
    assert!(text.contains("by version 0.0.1"), "{text}");
    assert!(said(None, &mut state).contains("older version"));
    let other = match origin.rounding {
        Some(Rounding::Once) => Some(Rounding::Twice),
        _ => Some(Rounding::Once),
    };
    for (rounding, expected) in [(other, "rounded in one"), (None, "in another order")] {
        let origin = Origin {
            rounding,
            ..origin.clone()
        };
        let text = said(Some(origin), &mut state);
        assert!(text.contains(expected), "{text}");
    }
}

/// A run that goes on may be computed otherwise and with another learning rate; what it is a run of stays.
#[test]
fn backend_workers_learning_rate_and_epochs_may_change_when_a_run_goes_on() {
    let changes: Changes =
        serde_json::from_str(r#"{"backend":"flex","lr":0.0001,"epochs":5}"#).unwrap();
    let before = config();
    let after = changes.applied_to(&before);
    assert_eq!((after.lr, after.epochs), (0.0001, 5));
    assert_eq!(
        Config {
            lr: before.lr,
            epochs: before.epochs,
            ..after
        },
        Config {
            backend: Backend::Flex,
            ..before
        }
    );
    assert!(serde_json::from_str::<Changes>(r#"{"seed":2}"#).is_err());
}
