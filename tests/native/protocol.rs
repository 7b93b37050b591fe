//! `tests/fixtures/protocol.json` is what the crate really says; the page's unit tests read it too.

use convburn::error::Error;
use convburn::protocol::{
    Augment, Backend, BackendStatus, Config, EpochOutcome, ErrorReport, Evaluation, Event, Loaded,
    Manifest, OpenedFile, Restored, ShardAdded, limits,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn fixture(key: &str) -> Value {
    let text = include_str!("../fixtures/protocol.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all[key].clone()
}

fn survives<T: Serialize + DeserializeOwned>(key: &str) {
    let value = fixture(key);
    let typed: T = serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{key}: {e}"));
    assert_eq!(serde_json::to_value(typed).unwrap(), value, "{key}");
}

#[test]
fn every_type_reads_and_writes_the_fixture() {
    survives::<Config>("config");
    survives::<Manifest>("manifest");
    survives::<Loaded>("loaded");
    survives::<ShardAdded>("shard_added");
    survives::<OpenedFile>("opened_file");
    survives::<Vec<Event>>("events");
    survives::<Vec<BackendStatus>>("backends");
    survives::<Restored>("restored");
    survives::<Vec<EpochOutcome>>("epoch_outcomes");
    survives::<Evaluation>("evaluation");
    survives::<ErrorReport>("error");
}

#[test]
fn the_fixture_holds_every_event_and_the_real_error() {
    let events: Vec<Event> = serde_json::from_value(fixture("events")).unwrap();
    let kinds: std::collections::BTreeSet<&str> = events
        .iter()
        .map(|event| match event {
            // No wildcard: a new variant has to come into the fixture.
            Event::Compiling { .. } => "compiling",
            Event::Backend { .. } => "backend",
            Event::Progress(_) => "progress",
            Event::EpochEnd { .. } => "epoch_end",
            Event::Resumed => "resumed",
            Event::Paused { .. } => "paused",
            Event::Stopped { .. } => "stopped",
            Event::Done { .. } => "done",
        })
        .collect();
    assert_eq!(kinds.len(), 8);
    let busy = Error::Busy { running: "advance" }.report();
    assert_eq!(serde_json::to_value(busy).unwrap(), fixture("error"));
}

#[test]
fn a_config_left_out_is_the_tutorials() {
    let config: Config = serde_json::from_value(json!({ "augment": "flip-shift" })).unwrap();
    assert_eq!(
        config,
        Config {
            augment: Augment::FlipShift,
            ..Config::default()
        }
    );
    assert_eq!(
        (config.train, config.test, config.epochs),
        (50_000, 10_000, 10)
    );
    assert_eq!(
        (config.batch, config.lr, config.backend),
        (32, 0.001, Backend::Auto)
    );
    assert!(serde_json::from_value::<Config>(json!({ "bacth": 16 })).is_err());
    assert!(serde_json::from_value::<Config>(json!({ "backend": "tpu" })).is_err());
}

#[test]
fn every_range_is_checked_and_the_field_named() {
    let bad: [(&str, Config); 10] = [
        (
            "batch",
            Config {
                batch: 0,
                ..Config::default()
            },
        ),
        (
            "batch",
            Config {
                batch: 33,
                train: 32,
                ..Config::default()
            },
        ),
        (
            "train",
            Config {
                train: 0,
                ..Config::default()
            },
        ),
        (
            "test",
            Config {
                test: limits::RECORDS + 1,
                ..Config::default()
            },
        ),
        (
            "epochs",
            Config {
                epochs: 0,
                ..Config::default()
            },
        ),
        (
            "lr",
            Config {
                lr: f64::NAN,
                ..Config::default()
            },
        ),
        (
            "lr",
            Config {
                lr: -0.1,
                ..Config::default()
            },
        ),
        (
            "lr",
            Config {
                lr: 1e9,
                ..Config::default()
            },
        ),
        (
            "workers",
            Config {
                workers: 65,
                ..Config::default()
            },
        ),
        (
            "report_every_ms",
            Config {
                report_every_ms: 0,
                ..Config::default()
            },
        ),
    ];
    for (name, config) in bad {
        match config.validate() {
            Err(Error::InvalidConfig { field, .. }) => assert_eq!(field, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    Config::default().validate().unwrap();
}
