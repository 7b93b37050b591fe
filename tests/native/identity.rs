//! Which records a run uses, which they are, and what it never sees.

use std::path::Path;

use convburn::cifar::{CLASS_NAMES, Dataset, RECORD_BYTES, split_of};
use convburn::plan::{Plan, status};
use convburn::protocol::{
    Config, DataSource, HoldOut, Manifest, ManifestShard, Split, SplitChoice,
};

use crate::support::{self, manifest};

fn digest(dataset: &Dataset, config: &Config) -> String {
    Plan::new(dataset, config).digest(dataset)
}

/// `records` records of each class, class after class.
fn sorted(records: usize) -> Vec<u8> {
    let all = support::records(10 * records, 5);
    let mut rows: Vec<&[u8]> = all.chunks_exact(RECORD_BYTES).collect();
    rows.sort_by_key(|row| row[0]); // Stable: each class keeps its order.
    rows.concat()
}

fn only_train(bytes: Vec<u8>) -> Dataset {
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, bytes).unwrap();
    dataset
}

#[test]
fn the_same_records_are_the_same_data_in_whatever_files_and_order_they_come() {
    let (train, test) = (support::records(60, 1), support::records(20, 2));
    let (a, b) = train.split_at(20 * RECORD_BYTES);
    let shards = [
        ("train-00", Split::Train, a),
        ("train-01", Split::Train, b),
        ("test-00", Split::Test, &test[..]),
    ];
    let config = Config::default();
    let mut served = Dataset::new(Some(manifest(&shards))).unwrap();
    for (_, split, bytes) in [shards[2], shards[1], shards[0]] {
        served.add(split, support::gzip(bytes)).unwrap();
    }
    let mut own = Dataset::new(None).unwrap();
    own.add(Split::Train, train.clone()).unwrap();
    own.add(Split::Test, test.clone()).unwrap();
    let same = digest(&own, &config);
    assert_eq!(digest(&served, &config), same);
    // Both hashes are published: the value is the same everywhere, and for good.
    assert_eq!(
        same,
        "37d6f28b21a49a0e592a90786be2b69c835c288752896d465ee503ec0d29b9d5"
    );

    // Only what a run uses counts.
    let first = Config {
        train: 20,
        test: 20,
        ..Config::default()
    };
    let mut few = Dataset::new(None).unwrap();
    few.add(Split::Train, a.to_vec()).unwrap();
    few.add(Split::Test, test.clone()).unwrap();
    assert_eq!(digest(&few, &first), digest(&own, &first));
    assert_ne!(digest(&few, &config), same);

    let mut swapped = Dataset::new(None).unwrap();
    swapped.add(Split::Train, b.to_vec()).unwrap();
    swapped.add(Split::Train, a.to_vec()).unwrap();
    swapped.add(Split::Test, test).unwrap();
    assert_ne!(digest(&swapped, &config), same, "the order counts");
}

/// The server's shards and the official files hold the same records.
#[test]
fn the_official_test_batch_is_the_same_data_as_the_servers_shards() {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let folder = Path::new(&folder).join("data/cifar10");
    let read = |file: &str| std::fs::read(folder.join(file)).expect("run `cargo xtask data`");
    let list: Manifest = serde_json::from_slice(&read("manifest.json")).unwrap();
    let shards: Vec<&ManifestShard> = list
        .shards
        .iter()
        .filter(|shard| shard.split == Split::Test)
        .collect();
    let mut served = Dataset::new(Some(list.clone())).unwrap();
    let mut batch = Vec::new();
    for shard in &shards {
        let bytes = read(&shard.file);
        served.add(Split::Test, bytes.clone()).unwrap();
        let mut inflated = flate2::read::GzDecoder::new(&bytes[..]);
        std::io::Read::read_to_end(&mut inflated, &mut batch).unwrap();
    }
    let mut own = Dataset::new(None).unwrap();
    // Its checksum decides, not its name.
    let added = own
        .add_named(SplitChoice::Auto, batch.clone(), Some("photos.bin"))
        .unwrap();
    assert_eq!(added.split, Split::Test);
    assert_eq!(added.name.as_deref(), Some("test_batch.bin"));
    let config = Config::default();
    assert_eq!(digest(&own, &config), digest(&served, &config));

    // An explicit choice is kept, also for an official file.
    let mut moved = Dataset::new(None).unwrap();
    let added = moved.add(Split::Train, batch).unwrap();
    assert_eq!((added.split, moved.train().len()), (Split::Train, 10_000));
}

#[test]
fn a_name_means_a_test_file_only_with_the_word_of_its_own() {
    for name in [
        "test_batch.bin",
        "my-TEST.bin",
        "a test.bin.gz",
        "test1.bin",
    ] {
        assert_eq!(split_of(name), Split::Test, "{name}");
    }
    for name in ["contest.bin", "latest_pictures.bin", "data_batch_1.bin", ""] {
        assert_eq!(split_of(name), Split::Train, "{name}");
    }
    let mut dataset = Dataset::new(None).unwrap();
    let mut add = |salt, choice, name| {
        let bytes = support::records(10, salt);
        dataset.add_named(choice, bytes, name).unwrap().split
    };
    assert_eq!(add(1, SplitChoice::Auto, Some("test.bin")), Split::Test);
    assert_eq!(add(2, SplitChoice::Auto, Some("contest.bin")), Split::Train);
    assert_eq!(add(3, SplitChoice::Auto, None), Split::Train);
    assert_eq!(add(4, SplitChoice::Train, Some("test.bin")), Split::Train);
    assert_eq!(add(5, SplitChoice::Test, Some("photos.bin")), Split::Test);
}

#[test]
fn sources_are_the_files_that_a_run_uses_by_what_they_are_called() {
    let mut dataset = Dataset::new(None).unwrap();
    let mut add = |salt, split: Split, name| {
        let bytes = support::records(20, salt);
        dataset.add_named(split.into(), bytes, name).unwrap()
    };
    add(1, Split::Train, Some("one.bin"));
    let unnamed = add(2, Split::Train, None);
    add(3, Split::Train, Some("unused.bin"));
    add(4, Split::Test, Some("four.bin"));
    let config = Config {
        train: 25,
        test: 5,
        ..Config::default()
    };
    let found = Plan::new(&dataset, &config).sources(&dataset);
    let source = |name: &str, split| DataSource {
        name: name.into(),
        split,
        records: 20,
    };
    assert_eq!(
        found,
        [
            source("one.bin", Split::Train),
            source(&format!("SHA-256 {}…", &unnamed.sha256[..8]), Split::Train),
            source("four.bin", Split::Test),
        ]
    );
}

#[test]
fn a_fifth_of_each_class_is_held_out_with_the_seed() {
    let dataset = only_train(sorted(20));
    let config = Config::default();
    let plan = Plan::new(&dataset, &config);
    assert!(plan.held_out);
    let labels: Vec<u8> = dataset.train().labels().collect();
    let count = |indices: &[usize]| {
        let mut counts = [0; 10];
        for index in indices {
            counts[usize::from(labels[*index])] += 1;
        }
        counts
    };
    assert_eq!(count(&plan.train), [16; 10]);
    assert_eq!(count(&plan.test), [4; 10]);
    let mut all = [plan.train.clone(), plan.test.clone()].concat();
    assert!(plan.train.is_sorted() && plan.test.is_sorted());
    all.sort_unstable();
    assert_eq!(all, (0..200).collect::<Vec<_>>(), "each is used once");

    assert_eq!(Plan::new(&dataset, &config), plan);
    let other = Config { seed: 2, ..config };
    assert_ne!(Plan::new(&dataset, &other).test, plan.test);
    // Fewer to measure on are of all classes too, and what is left over is not trained on.
    let few = Config {
        test: 20,
        ..Config::default()
    };
    let few = Plan::new(&dataset, &few);
    assert_eq!(count(&few.test), [2; 10]);
    assert!(few.test.iter().all(|index| plan.test.contains(index)));
    assert_eq!(few.train, plan.train);
}

#[test]
fn the_rule_of_before_holds_the_last_fifth_out() {
    let dataset = only_train(sorted(20));
    let last = Config {
        hold_out: HoldOut::Last,
        ..Config::default()
    };
    let plan = Plan::new(&dataset, &last);
    assert_eq!(plan.train, (0..160).collect::<Vec<_>>());
    assert_eq!(plan.test, (160..200).collect::<Vec<_>>());
    // The rule matters only where something is held out.
    let mut both = only_train(sorted(20));
    both.add(Split::Test, support::records(20, 9)).unwrap();
    assert_eq!(
        Plan::new(&both, &last),
        Plan::new(&both, &Config::default())
    );
}

#[test]
fn classes_that_a_run_never_sees_are_named() {
    let unseen = |dataset: &Dataset, config: &Config| status(dataset, config).unseen_classes;
    let dataset = only_train(sorted(20));
    let all = Config::default();
    assert_eq!(unseen(&dataset, &all), Vec::<String>::new());
    // Of each class 16 are left to train on: the first 40 are of three classes.
    let few = Config {
        train: 40,
        ..Config::default()
    };
    assert_eq!(unseen(&dataset, &few), CLASS_NAMES[3..].to_vec());
    let last = Config {
        hold_out: HoldOut::Last,
        ..Config::default()
    };
    assert_eq!(unseen(&dataset, &last), ["ship", "truck"]);
    let none = Dataset::new(None).unwrap();
    assert_eq!(unseen(&none, &all), Vec::<String>::new());
}

#[test]
fn test_images_that_are_also_training_images_are_counted() {
    let repeated = |dataset: &Dataset, config: &Config| status(dataset, config).test_in_train;
    let all = Config::default();
    let train = support::records(20, 1);
    let test = [
        &train[..7 * RECORD_BYTES],
        support::records(3, 2).as_slice(),
    ]
    .concat();
    let mut dataset = only_train(train.clone());
    assert_eq!(
        repeated(&dataset, &all),
        0,
        "what is held out is not trained on"
    );
    dataset.add(Split::Test, test.clone()).unwrap();
    assert_eq!(repeated(&dataset, &all), 7);
    // Those that the run uses: the first 5 are trained on, or the first 4 measured on.
    let few = |train, test| Config {
        train,
        test,
        ..Config::default()
    };
    assert_eq!(repeated(&dataset, &few(5, 10)), 5);
    assert_eq!(repeated(&dataset, &few(20, 4)), 4);

    // Of two copies of each record a fifth is held out: in any draw the copy of one at least is trained on, as of
    // each class at most one of four records is measured on.
    let twice = only_train([train.as_slice(), train.as_slice()].concat());
    assert_eq!(repeated(&twice, &few(40, 8)), 8);

    let list = manifest(&[("a", Split::Train, &train), ("b", Split::Test, &test)]);
    let mut listed = Dataset::new(Some(list)).unwrap();
    listed.add(Split::Train, train).unwrap();
    listed.add(Split::Test, test).unwrap();
    assert_eq!(repeated(&listed, &all), 0, "a list is not looked through");
}

/// What the page shows: the crate's own plan, held-out records among it.
#[test]
fn records_are_handed_out_as_a_run_would_use_them() {
    let bytes = sorted(20);
    let dataset = only_train(bytes.clone());
    let plan = Plan::new(&dataset, &Config::default());
    let row = |index: usize| &bytes[index * RECORD_BYTES..][..RECORD_BYTES];
    let expected: Vec<u8> = plan.test[3..7]
        .iter()
        .flat_map(|index| row(*index).to_vec())
        .collect();
    assert!(plan.test_records(&dataset).bytes(3, 4) == expected);
    let trained = plan.train_records(&dataset);
    assert!(trained.bytes(0, 1) == row(plan.train[0]));
    assert_eq!(trained.bytes(155, 100).len(), 5 * RECORD_BYTES);
    assert!(trained.bytes(160, 1).is_empty());
    assert!(trained.bytes(usize::MAX, usize::MAX).is_empty());
}
