//! What must hold of each parser whatever it is given: it answers with a value that is valid, or with a
//! typed error whose sentence is short. Anything else is a panic here.
//!
//! `tests/hostile.rs` and the targets of `fuzz/` both call these, so that a finding of one is a test of
//! the other. It makes no inputs.

use convburn::checkpoint::{Checkpoint, Numbers, decode, encode_run, encode_weights};
use convburn::cifar::{Dataset, RECORD, RECORD_BYTES, RECORDS_MAX, open_file, split_of};
use convburn::error::Error;
use convburn::layout::Slot;
use convburn::plan::{Plan, status};
use convburn::protocol::{Config, Manifest, Split, limits};

/// Longer text of an error would fill the page.
const SENTENCE_MAX: usize = 600;

/// A code of `allowed`, told in sentences that fit on a page.
fn check_error(error: &Error, allowed: &[&str]) {
    let report = error.report();
    assert!(allowed.contains(&report.code.as_str()), "{report:?}");
    for text in [&report.message, &report.hint] {
        assert!(!text.is_empty() && text.chars().count() <= SENTENCE_MAX);
    }
}

/// What the records of a visitor's file come to. Returns whether they were taken.
pub fn cifar(split: Split, bytes: &[u8]) -> bool {
    let mut dataset = Dataset::new(None).expect("an empty dataset");
    let added = match dataset.add(split, bytes.to_vec()) {
        Ok(added) => added,
        Err(error) => {
            check_error(&error, &["gzip", "record_length", "too_large", "label"]);
            assert!(dataset.train().is_empty() && dataset.test().is_empty());
            return false;
        }
    };
    let records = match added.split {
        Split::Train => dataset.train(),
        Split::Test => dataset.test(),
    };
    assert!(added.records > 0 && records.len() == added.records);
    let counted: u32 = records.class_counts().iter().sum();
    assert_eq!(counted as usize, added.records);
    for index in [0, added.records - 1] {
        let record = records.get(index).expect("a record that is there");
        assert!(usize::from(record.label) < RECORD.classes);
        assert_eq!(record.pixels.len(), RECORD_BYTES - 1);
    }
    assert!(records.get(added.records).is_none());
    status(&dataset, &Config::default());
    let twice = dataset.add(split, bytes.to_vec());
    check_error(&twice.expect_err("held already"), &["duplicate"]);
    true
}

/// The same records beside a list that does not name them.
pub fn cifar_beside_a_list(manifest: &Manifest, split: Split, bytes: &[u8]) {
    let mut dataset = Dataset::new(Some(manifest.clone())).expect("a valid list");
    match dataset.add(split, bytes.to_vec()) {
        Ok(added) => assert!(added.name.is_some()),
        Err(error) => {
            let codes = [
                "gzip",
                "record_length",
                "too_large",
                "label",
                "hash_mismatch",
            ];
            check_error(&error, &codes);
        }
    }
}

/// A file of a visitor's, whatever it is. Returns whether it was taken.
pub fn opened(name: &str, bytes: &[u8]) -> bool {
    let opened = match open_file(name, bytes.to_vec()) {
        Ok(opened) => opened,
        Err(error) => {
            let codes = [
                "other_format",
                "archive",
                "gzip",
                "record_length",
                "too_large",
                "label",
            ];
            check_error(&error, &codes);
            return false;
        }
    };
    let files = &opened.found.files;
    assert_eq!(files.len(), opened.records.len());
    assert!(files.len() + opened.found.refused.len() <= 100);
    let bytes: usize = opened.records.iter().map(Vec::len).sum();
    assert!(bytes <= RECORDS_MAX * RECORD_BYTES);
    for (file, records) in files.iter().zip(&opened.records) {
        assert_eq!(file.records as usize * RECORD_BYTES, records.len());
        assert!(file.known.is_some() || file.split == split_of(&file.name));
        let mut dataset = Dataset::new(None).expect("an empty dataset");
        let added = dataset.add(file.split, records.clone());
        assert_eq!(
            added.expect("records that were checked").sha256,
            file.sha256
        );
    }
    true
}

/// A list of data files, from its JSON. Returns whether it was taken.
pub fn manifest(json: &[u8]) -> bool {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(json) else {
        return false;
    };
    let dataset = match Dataset::new(Some(manifest.clone())) {
        Ok(dataset) => dataset,
        Err(error) => {
            check_error(&error, &["invalid_manifest"]);
            return false;
        }
    };
    assert_eq!(dataset.class_names().len(), RECORD.classes);
    let config = Config::default();
    let now = status(&dataset, &config);
    assert_eq!((now.train_records, now.test_records), (0, 0));
    assert!(
        Plan::new(&dataset, &config)
            .check(&dataset, &config)
            .is_err()
    );
    let again = serde_json::to_vec(&manifest).expect("it is written");
    let again: Manifest = serde_json::from_slice(&again).expect("it is read again");
    assert_eq!(again, manifest);
    true
}

/// A configuration, from its JSON. Returns whether it was taken.
pub fn config(json: &[u8]) -> bool {
    let Ok(config) = serde_json::from_slice::<Config>(json) else {
        return false;
    };
    if let Err(error) = config.validate() {
        check_error(&error, &["invalid_config"]);
        return false;
    }
    let records = 1..=limits::RECORDS;
    assert!(records.contains(&config.train) && records.contains(&config.test));
    assert!((1..=config.train).contains(&config.batch) && config.lr > 0.0);
    let again = serde_json::to_vec(&config).expect("it is written");
    let again: Config = serde_json::from_slice(&again).expect("it is read again");
    // JSON is read one unit in the last place off now and then: what a saved run does about that is `exact.rs`'s.
    assert!((again.lr - config.lr).abs() <= 1e-15 * config.lr + 1e-320);
    let lr = config.lr;
    assert_eq!(Config { lr, ..again }, config);
    true
}

/// A small network's parameters, so that a file is small: every kind of shape that the real one has.
pub fn slots() -> Vec<Slot> {
    let slot = |name: &str, shape: &[usize]| Slot {
        name: name.to_owned(),
        shape: shape.to_vec(),
    };
    vec![
        slot("conv2d.weight", &[2, 1, 3, 3]),
        slot("conv2d.bias", &[2]),
        slot("dense.weight", &[4, 3]),
        slot("dense.bias", &[3]),
    ]
}

/// A run's or weights' file. Returns whether it was taken.
pub fn checkpoint(bytes: &[u8]) -> bool {
    let slots = slots();
    let found = match decode(bytes, &slots) {
        Ok(found) => found,
        Err(error) => {
            check_error(&error, &["checkpoint", "invalid_config"]);
            return false;
        }
    };
    let again = match &found {
        Checkpoint::Run(state, numbers) => {
            // What the session makes of these allocates and divides by them.
            assert!(state.config.validate().is_ok());
            assert!((1..=state.config.train).contains(&state.train_used));
            assert!((1..=state.config.test).contains(&state.test_used));
            assert!(limits::are_class_names(&state.class_names));
            let versions = state.origin.iter().map(|origin| origin.version.len());
            assert!(versions.max().unwrap_or(0) <= 40);
            if let Some(position) = &state.position {
                assert!(position.epochs_end - position.epoch <= state.config.epochs);
            }
            check_numbers(numbers, &slots, state.adam_steps > 0);
            encode_run(state, numbers, &slots)
        }
        Checkpoint::Weights(numbers) => {
            check_numbers(numbers, &slots, false);
            encode_weights(&numbers.parameters, &slots)
        }
    };
    let again = decode(&again.expect("it is written"), &slots);
    assert_eq!(again.expect("it is read again"), found);
    true
}

fn check_numbers(numbers: &Numbers, slots: &[Slot], trained: bool) {
    let lengths: Vec<usize> = slots.iter().map(|s| s.shape.iter().product()).collect();
    let moments = if trained { lengths.as_slice() } else { &[] };
    let groups = [
        (&numbers.parameters, lengths.as_slice()),
        (&numbers.means, moments),
        (&numbers.squares, moments),
    ];
    for (found, expected) in groups {
        let found_lengths: Vec<usize> = found.iter().map(Vec::len).collect();
        assert_eq!(found_lengths, expected);
        assert!(found.iter().flatten().all(|value| value.is_finite()));
    }
}
