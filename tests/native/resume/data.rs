//! A run goes on with the records that it was trained on, and with no others.

use convburn::cifar::{Dataset, RECORD_BYTES};
use convburn::protocol::{Config, DataMatch, HoldOut, Split};
use pollster::block_on;

use super::{
    config, dataset, end, finish, flatten, fresh, fresh_on, restored, rewritten, stop, whole,
};
use crate::support;

#[test]
fn a_restored_run_waits_for_its_data_and_refuses_other_data() {
    let mut session = fresh(config());
    block_on(session.advance(0.0)).unwrap();
    let bytes = block_on(session.save()).unwrap();

    let mut waiting = restored(&bytes, Dataset::new(None).unwrap());
    let error = block_on(waiting.advance(0.0)).unwrap_err();
    assert_eq!(error.code(), "data_missing");
    let train = support::records(200, 1);
    waiting.add_shard(Split::Train, train, None).unwrap();
    let test = support::records(100, 2);
    waiting.add_shard(Split::Test, test, None).unwrap();
    finish(&mut waiting);

    let mut few = Dataset::new(None).unwrap();
    few.add(Split::Train, support::records(150, 1)).unwrap();
    few.add(Split::Test, support::records(100, 2)).unwrap();
    let mut other = restored(&bytes, few);
    let error = block_on(other.advance(0.0)).unwrap_err();
    assert_eq!(error.code(), "checkpoint");
    assert!(
        error.to_string().contains("200 images for training"),
        "{error}"
    );
    assert!(other.position().is_some(), "the run waits");
}

/// A run under way whose records came from two files of these names.
fn run_of(files: [(&str, Vec<u8>); 2]) -> Vec<u8> {
    let [train, test] = files;
    let mut session = fresh_on(Dataset::new(None).unwrap(), config());
    session
        .add_shard(Split::Train, train.1, Some(train.0))
        .unwrap();
    session
        .add_shard(Split::Test, test.1, Some(test.0))
        .unwrap();
    block_on(session.advance(0.0)).unwrap();
    block_on(session.save()).unwrap()
}

#[test]
fn a_run_goes_on_with_the_same_records_alone_and_names_the_files_to_drop() {
    let (train, test) = (support::records(200, 1), support::records(100, 2));
    let bytes = run_of([("mine.bin", train.clone()), ("seen.bin", test.clone())]);

    // As many others, one of which differs in one pixel: the counts are the same.
    let mut changed = train.clone();
    changed[100 * RECORD_BYTES + 17] ^= 1;
    let mut others = Dataset::new(None).unwrap();
    others.add(Split::Train, changed).unwrap();
    others.add(Split::Test, test.clone()).unwrap();
    let mut other = restored(&bytes, others);
    assert_eq!(other.data().restored, Some(DataMatch::Other));
    for _ in 0..2 {
        let error = block_on(other.advance(0.0)).unwrap_err();
        assert_eq!(error.code(), "checkpoint");
        let wanted = "“mine.bin” (200 images for training), “seen.bin” (100 images for testing)";
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(other.position().unwrap().step, 1, "the run waits");
    }
    assert_eq!(other.check_restored().unwrap_err().code(), "checkpoint");

    // The same records in other files, under other names: the data is the same.
    let mut halves = Dataset::new(None).unwrap();
    let middle = 80 * RECORD_BYTES;
    halves.add(Split::Train, train[..middle].to_vec()).unwrap();
    halves.add(Split::Train, train[middle..].to_vec()).unwrap();
    let mut same = restored(&bytes, halves);
    assert_eq!(same.data().restored, Some(DataMatch::Other), "held out yet");
    let added = same.add_shard(Split::Test, test, None).unwrap();
    assert_eq!(added.data.restored, Some(DataMatch::Same));
    assert_eq!(same.sources().len(), 2);
    same.check_restored().unwrap();
    block_on(same.advance(0.0)).unwrap();
    assert_eq!(same.data().restored, None, "it has gone on");
    finish(&mut same);
}

/// A finished run is its data's too: whatever goes on with it trains on those records.
#[test]
fn a_finished_run_that_is_opened_does_not_go_on_with_other_records() {
    let mut session = fresh(config());
    finish(&mut session);
    let bytes = block_on(session.save()).unwrap();
    let mut others = Dataset::new(None).unwrap();
    others.add(Split::Train, support::records(200, 3)).unwrap();
    others.add(Split::Test, support::records(100, 2)).unwrap();
    let mut other = restored(&bytes, others);
    let error = block_on(other.advance(0.0)).unwrap_err();
    assert_eq!(error.code(), "checkpoint");
}

/// A file of the format 2: it does not say which records it was trained on.
fn of_format_2(config: Config, dataset: Dataset) -> Vec<u8> {
    let mut session = fresh_on(dataset, config);
    block_on(session.advance(0.0)).unwrap();
    let bytes = block_on(session.save()).unwrap();
    rewritten(&bytes, |_, metadata| {
        flatten(metadata, "2", |run| {
            run.as_object_mut().unwrap().remove("data").unwrap();
            let config = run["config"].as_object_mut().unwrap();
            config.remove("hold_out").unwrap();
        });
    })
}

#[test]
fn a_run_of_before_is_asked_about_and_says_so_no_more_once_it_is_saved() {
    let old = of_format_2(config(), dataset());
    let mut waiting = restored(&old, Dataset::new(None).unwrap());
    assert_eq!(waiting.data().restored, Some(DataMatch::Awaited));
    assert_eq!(waiting.check_restored().unwrap_err().code(), "data_missing");
    let train = support::records(200, 1);
    waiting.add_shard(Split::Train, train, None).unwrap();
    let test = support::records(100, 2);
    let added = waiting.add_shard(Split::Test, test, None).unwrap();
    assert_eq!(added.data.restored, Some(DataMatch::Unknown));
    assert!(waiting.sources().is_empty());
    block_on(waiting.advance(0.0)).unwrap();
    let new = block_on(waiting.save()).unwrap();
    let again = restored(&new, dataset());
    assert_eq!(again.data().restored, Some(DataMatch::Same));
}

/// Or it would be tested on what it was trained on.
#[test]
fn a_run_of_before_keeps_its_rule_of_holding_out() {
    let only_train = || {
        let mut dataset = Dataset::new(None).unwrap();
        dataset.add(Split::Train, support::records(200, 1)).unwrap();
        dataset
    };
    let last = Config {
        hold_out: HoldOut::Last,
        ..config()
    };
    let old = of_format_2(last.clone(), only_train());
    let mut old = restored(&old, only_train());
    assert_eq!(old.loaded().config.hold_out, HoldOut::Last);
    let measured = old.records(Split::Test, 0, 40);
    let all = support::records(200, 1);
    assert!(measured == all[160 * RECORD_BYTES..]);
    finish(&mut old);
    let mut plain = fresh_on(only_train(), last);
    finish(&mut plain);
    assert_eq!(end(&mut old), end(&mut plain));

    let mut new = fresh_on(only_train(), config());
    block_on(new.advance(0.0)).unwrap();
    let bytes = block_on(new.save()).unwrap();
    let new = restored(&bytes, only_train());
    assert_eq!(new.loaded().config.hold_out, HoldOut::ByClass);
    assert_eq!(new.data().restored, Some(DataMatch::Same));
}

/// What rests takes other records, and goes on only if it uses none of them; its file tells of its own.
#[test]
fn a_run_that_rests_goes_on_with_its_own_data_only() {
    let mut stopped = fresh(Config {
        train: 300,
        ..config()
    });
    block_on(stopped.advance(0.0)).unwrap();
    stop(&mut stopped);
    let mut over = fresh(Config {
        train: 300,
        ..config()
    });
    finish(&mut over);
    over.extend(3).unwrap();
    for mut session in [stopped, over] {
        let more = support::records(60, 3);
        session.add_shard(Split::Train, more, None).unwrap();
        let error = block_on(session.advance(0.0)).unwrap_err();
        assert_eq!(error.code(), "checkpoint");
        assert!(error.to_string().contains("200 images"), "{error}");
        assert!(session.position().is_some(), "the run waits");
        let bytes = block_on(session.save()).unwrap();
        let mut opened = restored(&bytes, dataset());
        finish(&mut opened);
    }

    let mut unused = fresh(config());
    block_on(unused.advance(0.0)).unwrap();
    stop(&mut unused);
    unused
        .add_shard(Split::Train, support::records(60, 3), None)
        .unwrap();
    finish(&mut unused);
    assert_eq!(end(&mut unused), whole(2));
}
