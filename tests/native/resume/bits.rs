//! Interrupted, stopped or extended, a run ends with the bits of one that never was.

use convburn::protocol::Config;
use pollster::block_on;

use super::{config, dataset, end, finish, fresh, is_over, restored, stop, whole};

#[test]
fn a_run_interrupted_anywhere_ends_with_the_same_bits() {
    let mut undisturbed = fresh(config());
    finish(&mut undisturbed);
    let expected = end(&mut undisturbed);
    assert_eq!(expected.1.len(), 2);

    // A budget of nothing is one step a pull: before the first step, within each epoch, at its last
    // step, in the validation, and between two epochs.
    for pulls in [0, 1, 7, 10, 11, 12, 15, 21] {
        let mut interrupted = fresh(config());
        for _ in 0..pulls {
            block_on(interrupted.advance(0.0)).unwrap();
        }
        let bytes = block_on(interrupted.save()).unwrap();
        drop(interrupted);
        let mut resumed = restored(&bytes, dataset());
        if pulls > 0 {
            assert!(resumed.position().is_some(), "after {pulls} pulls");
        }
        finish(&mut resumed);
        assert_eq!(end(&mut resumed), expected, "after {pulls} pulls");
    }
}

#[test]
fn saving_does_not_disturb_the_run() {
    let mut saved = fresh(config());
    let mut plain = fresh(config());
    loop {
        let events = block_on(saved.advance(0.0)).unwrap();
        block_on(saved.save()).unwrap();
        if is_over(&events) {
            break;
        }
    }
    finish(&mut plain);
    assert_eq!(end(&mut saved), end(&mut plain));
}

/// In memory and by way of its file, before and within an epoch, after a stop that came twice.
#[test]
fn a_stopped_run_goes_on_to_the_same_bits() {
    let expected = whole(2);
    for pulls in [1, 7, 12, 15, 21] {
        let mut stopped = fresh(config());
        for _ in 0..pulls {
            block_on(stopped.advance(0.0)).unwrap();
        }
        stop(&mut stopped);
        assert!(!stopped.is_running());
        let position = stopped.position().unwrap();
        let bytes = block_on(stopped.save()).unwrap();
        let mut opened = restored(&bytes, dataset());
        assert_eq!(opened.position(), Some(position));
        finish(&mut opened);
        assert_eq!(end(&mut opened), expected, "opened after {pulls} pulls");

        stopped.signals().stop();
        finish(&mut stopped);
        assert_eq!(end(&mut stopped), expected, "after {pulls} pulls");
    }
}

#[test]
fn two_epochs_and_one_more_have_the_bits_of_three() {
    let expected = whole(3);
    let mut two = fresh(config());
    finish(&mut two);
    let bytes = block_on(two.save()).unwrap();
    two.extend(3).unwrap();
    assert_eq!(two.position().map(|at| (at.epoch, at.step)), Some((3, 0)));
    finish(&mut two);
    assert_eq!(end(&mut two), expected, "in memory");

    let mut opened = restored(&bytes, dataset());
    assert_eq!((opened.position(), opened.is_running()), (None, false));
    opened.extend(3).unwrap();
    let pending = block_on(opened.save()).unwrap();
    finish(&mut opened);
    assert_eq!(end(&mut opened), expected, "by way of a file");
    let mut opened = restored(&pending, dataset());
    finish(&mut opened);
    assert_eq!(end(&mut opened), expected, "extended, then saved");

    let mut stopped = fresh(config());
    for _ in 0..15 {
        block_on(stopped.advance(0.0)).unwrap();
    }
    stop(&mut stopped);
    stopped.extend(3).unwrap();
    finish(&mut stopped);
    assert_eq!(end(&mut stopped), expected, "stopped in between");

    let mut thrice = fresh(Config {
        epochs: 1,
        ..config()
    });
    for _ in 0..3 {
        finish(&mut thrice);
    }
    assert_eq!(end(&mut thrice), expected, "a run after a run");
}

#[test]
fn a_run_is_extended_beyond_what_is_trained_and_within_what_may_be_asked() {
    let mut session = fresh(config());
    finish(&mut session);
    for epochs in [0, 2, 1_001] {
        let error = session.extend(epochs).unwrap_err();
        assert_eq!(error.code(), "invalid_config", "{epochs}");
    }
    assert_eq!(session.position(), None);
    assert_eq!(session.loaded().config, config());
    let mut unbegun = fresh(config());
    unbegun.extend(1).unwrap();
    finish(&mut unbegun);
    assert_eq!(unbegun.history().len(), 1);
}
