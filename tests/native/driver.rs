//! How a run is driven: when it is kept, which epoch is the best, how pause, stop, reset and more epochs meet.

use convburn::cifar::Dataset;
use convburn::device;
use convburn::driver::{Cadence, Checkpoint, Driver, RunState, Turn};
use convburn::protocol::{Config, Event, Split, Stage};
use convburn::session::Session;
use pollster::block_on;

use crate::support;

/// One step a turn, and nothing kept but what always is.
const RARELY: Cadence = Cadence {
    turn_ms: 0.0,
    checkpoint_every_ms: f64::INFINITY,
    epoch_checkpoint_every_ms: f64::INFINITY,
};

/// Two epochs of two steps, each measured on twenty records.
fn config() -> Config {
    Config {
        train: 40,
        test: 20,
        report_every_ms: 60_000,
        ..support::config()
    }
}

fn session_of(config: Config, train: usize) -> Session {
    let mut dataset = Dataset::new(None).unwrap();
    if train > 0 {
        let train = support::records(train, 1);
        dataset.add(Split::Train, train).unwrap();
    }
    let test = support::records(config.test as usize, 2);
    dataset.add(Split::Test, test).unwrap();
    let backend = block_on(device::open(&config)).unwrap();
    Session::new(config, backend, dataset).unwrap()
}

/// A run that has begun.
fn begun(cadence: Cadence) -> (Driver, Session) {
    let driver = Driver::new(cadence);
    driver.begin();
    (driver, session_of(config(), 40))
}

fn turn(driver: &Driver, session: &mut Session) -> Turn {
    block_on(driver.turn(session)).unwrap()
}

/// Turns until none is due, and what they brought.
fn drive(driver: &Driver, session: &mut Session) -> Vec<Turn> {
    let mut turns = vec![turn(driver, session)];
    while turns.last().is_some_and(|turn| turn.goes_on) {
        turns.push(turn(driver, session));
    }
    turns
}

/// The types of what happened, without the figures on the way.
fn words(turns: &[Turn]) -> Vec<&'static str> {
    let word = |event: &Event| match event {
        Event::EpochEnd { .. } => Some("epoch_end"),
        Event::Paused { .. } => Some("paused"),
        Event::Stopped { .. } => Some("stopped"),
        Event::Resumed => Some("resumed"),
        Event::Done { .. } => Some("done"),
        Event::Progress(_) | Event::Compiling { .. } | Event::Backend { .. } => None,
    };
    turns
        .iter()
        .flat_map(|turn| &turn.events)
        .filter_map(word)
        .collect()
}

fn figures(session: &Session) -> Vec<(f64, f64)> {
    session
        .history()
        .iter()
        .map(|e| (e.loss, e.val_loss))
        .collect()
}

#[test]
fn a_run_ends_and_is_kept_at_its_end() {
    let (driver, mut session) = begun(RARELY);
    let turns = drive(&driver, &mut session);
    assert_eq!(words(&turns), ["epoch_end", "epoch_end", "done"]);
    assert!(turns.last().unwrap().checkpoint.is_some());
    assert_eq!(driver.state(), RunState::Idle);
    assert_eq!(
        turn(&driver, &mut session),
        Turn::default(),
        "nothing is due"
    );
}

#[test]
fn an_epoch_that_does_best_is_kept_and_said_to_be() {
    let (driver, mut session) = begun(RARELY);
    driver.extend(&mut session, 6).unwrap();
    let mut best = f64::NEG_INFINITY;
    for turn in drive(&driver, &mut session) {
        let Some(Event::EpochEnd { result, .. }) = turn
            .events
            .iter()
            .find(|event| matches!(event, Event::EpochEnd { .. }))
        else {
            assert_eq!(turn.checkpoint, None);
            continue;
        };
        let is_best = result.val_accuracy > best;
        best = best.max(result.val_accuracy);
        let is_last = result.epoch == 6;
        let kept = turn.checkpoint.as_ref();
        assert_eq!(kept.is_some(), is_best || is_last, "epoch {}", result.epoch);
        assert!(kept.is_none_or(|kept| kept.is_best == is_best));
    }
    // Opened again, it has that best to beat.
    driver.take(&session);
    driver.extend(&mut session, 7).unwrap();
    let turns = drive(&driver, &mut session);
    let accuracy = session.history()[6].val_accuracy;
    let kept = turns.last().unwrap().checkpoint.as_ref().unwrap();
    assert_eq!(kept.is_best, accuracy > best);
}

#[test]
fn a_checkpoint_is_due_by_time_amid_an_epoch_and_more_often_at_its_end() {
    let always = Cadence {
        checkpoint_every_ms: 0.0,
        ..RARELY
    };
    let (driver, mut session) = begun(always);
    let first = turn(&driver, &mut session);
    let Checkpoint {
        bytes,
        save_ms,
        is_best,
    } = first.checkpoint.unwrap();
    assert!(save_ms >= 0.0 && !is_best);
    assert!(session.read(&bytes).is_ok(), "it is a run's file");

    let at_ends = Cadence {
        epoch_checkpoint_every_ms: 0.0,
        ..RARELY
    };
    let (driver, mut session) = begun(at_ends);
    for turn in drive(&driver, &mut session) {
        let ends = words(std::slice::from_ref(&turn)).contains(&"epoch_end");
        assert_eq!(turn.checkpoint.is_some(), ends);
    }
}

#[test]
fn a_pause_is_kept_and_goes_on_by_resume_alone() {
    let mut plain = session_of(config(), 40);
    let undisturbed = Driver::new(RARELY);
    undisturbed.begin();
    drive(&undisturbed, &mut plain);

    let (driver, mut session) = begun(RARELY);
    turn(&driver, &mut session);
    driver.pause(&session.signals());
    let turns = drive(&driver, &mut session);
    assert_eq!(words(&turns), ["paused"]);
    assert!(turns.last().unwrap().checkpoint.is_some());
    assert_eq!(driver.state(), RunState::Paused);
    driver.pause(&session.signals()); // It would pause again at once, if it were taken for the next step.
    assert_eq!(turn(&driver, &mut session), Turn::default());
    assert!(driver.resume(&session).unwrap());
    assert!(!driver.resume(&session).unwrap(), "it goes on already");
    assert_eq!(
        words(&drive(&driver, &mut session)),
        ["resumed", "epoch_end", "epoch_end", "done"]
    );
    assert_eq!(figures(&session), figures(&plain));
}

#[test]
fn a_stop_ends_a_pause_by_one_more_turn() {
    let (driver, mut session) = begun(RARELY);
    turn(&driver, &mut session);
    driver.pause(&session.signals());
    drive(&driver, &mut session);
    driver.stop(&session.signals());
    let turns = drive(&driver, &mut session);
    assert_eq!(words(&turns), ["stopped"]);
    assert!(turns.last().unwrap().checkpoint.is_some());
    assert_eq!(driver.state(), RunState::Waiting);
}

#[test]
fn a_pause_and_a_stop_in_one_turn_are_a_stop_in_either_order() {
    let orders: [fn(&Driver, &Session); 2] = [
        |driver, session| {
            driver.pause(&session.signals());
            driver.stop(&session.signals());
        },
        |driver, session| {
            driver.stop(&session.signals());
            driver.pause(&session.signals());
        },
    ];
    for order in orders {
        let (driver, mut session) = begun(RARELY);
        turn(&driver, &mut session);
        order(&driver, &session);
        assert_eq!(words(&drive(&driver, &mut session)), ["stopped"]);
        assert!(driver.resume(&session).unwrap());
        assert_eq!(
            words(&drive(&driver, &mut session)),
            ["resumed", "epoch_end", "epoch_end", "done"]
        );
    }
}

#[test]
fn a_stop_amid_validation_goes_on_to_the_same_figures() {
    let config = Config {
        test: 300, // Measured in three parts.
        ..config()
    };
    let mut plain = session_of(config.clone(), 40);
    let driver = Driver::new(RARELY);
    driver.begin();
    drive(&driver, &mut plain);

    let mut session = session_of(config, 40);
    driver.begin();
    let is_validating = |session: &Session| {
        let progress = session.progress();
        progress.is_some_and(|progress| progress.stage == Stage::Validating)
    };
    while !is_validating(&session) {
        turn(&driver, &mut session);
    }
    driver.stop(&session.signals());
    assert_eq!(words(&drive(&driver, &mut session)), ["stopped"]);
    assert!(session.history().is_empty(), "the epoch is not complete");
    driver.resume(&session).unwrap();
    drive(&driver, &mut session);
    assert_eq!(figures(&session), figures(&plain));
}

#[test]
fn more_epochs_go_on_at_once_unless_the_run_is_paused() {
    let (driver, mut session) = begun(RARELY);
    turn(&driver, &mut session);
    driver.pause(&session.signals());
    drive(&driver, &mut session);
    driver.extend(&mut session, 3).unwrap();
    assert_eq!(driver.state(), RunState::Paused);
    driver.resume(&session).unwrap();
    assert_eq!(words(&drive(&driver, &mut session)).len(), 5);
    assert!(driver.extend(&mut session, 3).is_err(), "three are trained");
    assert_eq!(driver.state(), RunState::Idle);
    driver.extend(&mut session, 4).unwrap();
    assert_eq!(
        words(&drive(&driver, &mut session)),
        ["resumed", "epoch_end", "done"]
    );
    assert_eq!(session.history().len(), 4);
}

#[test]
fn what_may_take_a_runs_place_waits_for_its_end() {
    let (driver, mut session) = begun(RARELY);
    assert_eq!(driver.check_free().unwrap_err().code(), "busy");
    assert_eq!(driver.check_still().unwrap_err().code(), "busy");
    turn(&driver, &mut session);
    driver.pause(&session.signals());
    drive(&driver, &mut session);
    assert!(driver.check_free().is_err() && driver.check_still().is_ok());
    session.reset();
    driver.take(&session);
    assert_eq!(driver.state(), RunState::Idle);
    assert!(driver.check_free().is_ok() && driver.check_still().is_ok());
    assert!(
        !driver.resume(&session).unwrap(),
        "there is nothing to go on with"
    );
    driver.stop(&session.signals());
    assert_eq!(driver.state(), RunState::Idle);
    driver.extend(&mut session, 1).unwrap(); // Begins one.
    assert_eq!(
        words(&drive(&driver, &mut session)),
        ["resumed", "epoch_end", "done"]
    );
}

/// The run's file, opened where there are fewer records: it waits, also after it was told to go on.
#[test]
fn a_run_that_lacks_its_images_waits_on() {
    let (driver, mut session) = begun(RARELY);
    turn(&driver, &mut session);
    driver.stop(&session.signals());
    let kept = drive(&driver, &mut session)
        .pop()
        .unwrap()
        .checkpoint
        .unwrap();

    let opened = |train: usize| {
        let fresh = session_of(config(), train);
        let convburn::checkpoint::Checkpoint::Run(state, tensors) =
            fresh.read(&kept.bytes).unwrap()
        else {
            panic!("no run");
        };
        let backend = block_on(device::open(&state.config())).unwrap();
        Session::restored(*state, &tensors, backend, fresh.into_dataset()).unwrap()
    };
    let mut few = opened(20);
    driver.take(&few);
    assert_eq!(driver.state(), RunState::Waiting);
    assert!(driver.resume(&few).is_err());
    assert_eq!(driver.state(), RunState::Waiting);
    driver.extend(&mut few, 3).unwrap(); // It is told to go on, and cannot.
    let error = turn_error(&driver, &mut few);
    assert!(
        ["checkpoint", "data_missing"].contains(&error.as_str()),
        "{error}"
    );
    assert_eq!(driver.state(), RunState::Waiting);

    let mut all = opened(40);
    driver.take(&all);
    assert!(driver.resume(&all).unwrap());
    assert_eq!(
        words(&drive(&driver, &mut all)),
        ["resumed", "epoch_end", "epoch_end", "done"]
    );
}

/// The code of the error with which the turns end.
fn turn_error(driver: &Driver, session: &mut Session) -> String {
    loop {
        match block_on(driver.turn(session)) {
            Ok(turn) => assert!(turn.goes_on),
            Err(error) => return error.code().to_owned(),
        }
    }
}

#[test]
fn a_run_without_its_first_images_is_over_before_it_began() {
    let driver = Driver::new(RARELY);
    let mut session = session_of(config(), 0);
    driver.begin();
    assert_eq!(turn_error(&driver, &mut session), "data_missing");
    assert_eq!(driver.state(), RunState::Idle);
}

/// Whatever is asked in whatever order: driver and session agree, and there is a way on.
#[test]
fn any_commands_in_any_order_leave_a_way_on() {
    let mut state = 7_u32;
    let mut next = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % below
    };
    let (driver, mut session) = begun(RARELY);
    let mut met = std::collections::BTreeSet::new();
    for _ in 0..600 {
        match next(12) {
            0 => driver.pause(&session.signals()),
            1 => driver.stop(&session.signals()),
            2 => drop(driver.resume(&session).unwrap()),
            3 => drop(driver.extend(&mut session, 1 + next(4))), // Fewer than are trained are refused.
            4 if driver.check_still().is_ok() => {
                session.reset();
                driver.take(&session);
            }
            5 if driver.check_free().is_ok() => {
                session.reset();
                driver.take(&session);
                driver.begin();
            }
            _ => drop(turn(&driver, &mut session)),
        }
        met.insert(format!("{:?}", driver.state()));
        match driver.state() {
            RunState::Paused => assert!(session.is_running()),
            RunState::Waiting => assert!(session.position().is_some() && !session.is_running()),
            RunState::Idle => assert!(session.position().is_none()),
            RunState::Running => {}
        }
    }
    assert_eq!(met.len(), 4, "{met:?}");
    driver.stop(&session.signals());
    drive(&driver, &mut session);
    driver.check_free().unwrap();
}
