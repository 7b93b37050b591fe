//! Bytes → `Dataset`: what is accepted, what is refused, and in which order records come out.

use convburn::cifar::{CLASS_NAMES, Dataset, Opened, RECORD_BYTES, open_file};
use convburn::error::Error;
use convburn::plan::{Plan, status};
use convburn::protocol::{Config, Split};

use crate::support::{self, manifest, sha256};

#[test]
fn shards_come_out_in_the_manifests_order_raw_or_gzip() {
    let (a, b) = (support::records(20, 1), support::records(30, 2));
    let list = manifest(&[("a", Split::Train, &a), ("b", Split::Train, &b)]);
    let mut dataset = Dataset::new(Some(list)).unwrap();
    let added = dataset.add(Split::Test, support::gzip(&b)).unwrap();
    assert_eq!((added.split, added.records), (Split::Train, 30));
    assert_eq!(added.name.as_deref(), Some("b"));
    dataset.add(Split::Train, a.clone()).unwrap();
    assert_eq!(dataset.train().len(), 50);
    assert_eq!(dataset.train().get(0).unwrap().pixels, &a[1..RECORD_BYTES]);
    assert_eq!(dataset.train().get(20).unwrap().pixels, &b[1..RECORD_BYTES]);
    assert_eq!(dataset.train().get(49).unwrap().label, 9);
    assert!(dataset.train().get(50).is_none());
    assert_eq!(dataset.train().class_counts(), [5; 10]);
}

#[test]
fn bytes_that_are_no_records_are_refused_and_nothing_changes() {
    let good = support::records(10, 1);
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, good.clone()).unwrap();

    let truncated = good[..good.len() - 1].to_vec();
    let mut label = support::records(10, 2);
    label[3 * RECORD_BYTES] = 10;
    let mut gzip = support::gzip(&good);
    gzip.truncate(gzip.len() / 2);
    let twice = support::gzip(&support::gzip(&good));
    let code = |result: Result<_, Error>| result.err().map(|error| error.code());
    assert_eq!(
        code(dataset.add(Split::Train, truncated)),
        Some("record_length")
    );
    assert_eq!(
        code(dataset.add(Split::Train, Vec::new())),
        Some("record_length")
    );
    assert_eq!(
        code(dataset.add(Split::Train, twice)),
        Some("record_length")
    );
    assert_eq!(code(dataset.add(Split::Train, gzip)), Some("gzip"));
    assert_eq!(code(dataset.add(Split::Test, good)), Some("duplicate"));
    match dataset.add(Split::Train, label) {
        Err(Error::Label { record, label }) => assert_eq!((record, label), (3, 10)),
        other => panic!("{other:?}"),
    }
    assert_eq!(dataset.train().len(), 10);
    assert!(dataset.test().is_empty());
}

#[test]
fn a_file_larger_than_all_of_cifar_10_is_refused_before_it_is_inflated() {
    let bomb = support::gzip(&vec![0; 60_001 * RECORD_BYTES]);
    assert!(bomb.len() < 2_000_000);
    let error = Dataset::new(None)
        .unwrap()
        .add(Split::Train, bomb)
        .unwrap_err();
    assert_eq!(error.code(), "too_large");
}

#[test]
fn with_a_manifest_unknown_bytes_are_refused_and_without_one_labelled() {
    let (a, b) = (support::records(20, 1), support::records(20, 2));
    let list = manifest(&[("a", Split::Train, &a)]);
    let mut listed = Dataset::new(Some(list)).unwrap();
    let error = listed.add(Split::Train, b.clone()).unwrap_err();
    assert_eq!(error.code(), "hash_mismatch");
    let mut free = Dataset::new(None).unwrap();
    assert_eq!(free.add(Split::Train, b).unwrap().name, None);
    assert!(free.has_unknown());
}

#[test]
fn a_manifest_of_another_version_or_with_wrong_lengths_is_refused() {
    let a = support::records(20, 1);
    let mut list = manifest(&[("a", Split::Train, &a)]);
    list.format_version = 2;
    assert_eq!(
        Dataset::new(Some(list.clone())).unwrap_err().code(),
        "invalid_manifest"
    );
    list.format_version = 1;
    list.shards[0].bytes -= 1;
    assert_eq!(
        Dataset::new(Some(list)).unwrap_err().code(),
        "invalid_manifest"
    );
}

#[test]
fn without_a_test_batch_a_fifth_is_held_out() {
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, support::records(100, 1)).unwrap();
    let plan = Plan::new(&dataset, &Config::default());
    assert_eq!((plan.train.len(), plan.test.len()), (80, 20));
    assert!(plan.held_out);
    let told = status(&dataset, &Config::default());
    assert!(told.complete && told.held_out);
    assert_eq!((told.train_used, told.test_used), (80, 20));
}

#[test]
fn a_manifest_without_test_shards_holds_out_too() {
    let (a, b) = (support::records(20, 1), support::records(20, 2));
    let list = manifest(&[("a", Split::Train, &a), ("b", Split::Train, &b)]);
    let mut dataset = Dataset::new(Some(list)).unwrap();
    dataset.add(Split::Train, a).unwrap();
    assert!(!status(&dataset, &Config::default()).complete);
    dataset.add(Split::Train, b).unwrap();
    let told = status(&dataset, &Config::default());
    assert!(told.complete && told.held_out);
    assert_eq!((told.train_used, told.test_used), (32, 8));
}

#[test]
fn a_run_waits_for_what_the_manifest_promises_and_the_configuration_asks() {
    let (a, b, t) = (
        support::records(20, 1),
        support::records(20, 2),
        support::records(20, 3),
    );
    let list = manifest(&[
        ("a", Split::Train, &a),
        ("b", Split::Train, &b),
        ("t", Split::Test, &t),
    ]);
    let mut dataset = Dataset::new(Some(list)).unwrap();
    dataset.add(Split::Train, a).unwrap();
    let half = Config {
        train: 20,
        test: 5,
        ..Config::default()
    };
    let missing = |dataset: &Dataset, config: &Config| {
        Plan::new(dataset, config).check(dataset, config).err()
    };
    assert!(matches!(
        missing(&dataset, &half),
        Some(Error::DataMissing { split: "test", .. })
    ));
    dataset.add(Split::Test, t).unwrap();
    assert_eq!(missing(&dataset, &half), None);
    assert_eq!(
        missing(&dataset, &Config::default()),
        Some(Error::DataMissing {
            split: "training",
            have: 20,
            need: 40
        })
    );
    dataset.add(Split::Train, b).unwrap();
    assert_eq!(missing(&dataset, &Config::default()), None);
}

/// Name, split and number of records of each file that was found.
fn found(opened: &Opened) -> Vec<(&str, Split, u32)> {
    let files = opened.found.files.iter();
    files
        .map(|f| (f.name.as_str(), f.split, f.records))
        .collect()
}

/// A tar archive of files and, before them, their folder.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut folder = tar::Header::new_ustar();
    folder.set_entry_type(tar::EntryType::Directory);
    folder.set_size(0);
    archive.append_data(&mut folder, "cifar", &[][..]).unwrap();
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive
            .append_data(&mut header, format!("cifar/{name}"), *bytes)
            .unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn gzip_of_several_members_or_with_zeros_behind_them_is_taken() {
    let (a, b) = (support::records(2, 1), support::records(3, 2));
    let members = [support::gzip(&a), support::gzip(&b)].concat();
    let padded = [members.clone(), vec![0; 512]].concat();
    for bytes in [members, padded.clone()] {
        let opened = open_file("two.bin.gz", bytes).unwrap();
        assert_eq!(found(&opened), [("two.bin.gz", Split::Train, 5)]);
        assert_eq!(opened.records, [[a.clone(), b.clone()].concat()]);
    }
    let mut dataset = Dataset::new(None).unwrap();
    assert_eq!(
        dataset.add(Split::Train, padded.clone()).unwrap().records,
        5
    );
    let error = open_file("two.bin.gz", [padded, b"and more".to_vec()].concat()).unwrap_err();
    assert!(
        error.to_string().contains("other bytes follow its end"),
        "{error}"
    );
}

#[test]
fn an_archive_gives_its_records_passes_over_companions_and_names_the_rest() {
    let (a, b) = (support::records(2, 1), support::records(3, 2));
    let names = CLASS_NAMES.join("\n");
    let archive = tar(&[
        ("data_batch_1.bin", &a),
        ("batches.meta.txt", names.as_bytes()),
        ("data_batch_2", b"\x80\x02}q"),
        ("test_batch.bin", &b),
    ]);
    for bytes in [archive.clone(), support::gzip(&archive)] {
        let opened = open_file("mine.tar.gz", bytes).unwrap();
        let expected = [
            ("cifar/data_batch_1.bin", Split::Train, 2),
            ("cifar/test_batch.bin", Split::Test, 3),
        ];
        assert_eq!(found(&opened), expected);
        assert_eq!(opened.records, [a.clone(), b.clone()]);
        let [refused] = opened.found.refused.as_slice() else {
            panic!("{:?}", opened.found.refused);
        };
        assert_eq!(
            (refused.name.as_str(), refused.error.code.as_str()),
            ("cifar/data_batch_2", "other_format")
        );
        assert!(refused.error.message.contains("Python pickle"));
    }
    let small = open_file(
        "small.tar.gz",
        include_bytes!("../fixtures/small.tar.gz").to_vec(),
    );
    assert_eq!(found(&small.unwrap()), [("one.bin", Split::Train, 1)]);
}

#[test]
fn an_archive_of_no_use_is_refused_as_a_whole() {
    let problem = |bytes: Vec<u8>| match open_file("mine.tar", bytes) {
        Err(Error::Archive { problem }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem(tar(&[])), "it holds no images");
    let many = vec![("x", b"text".as_slice()); 101];
    assert_eq!(problem(tar(&many)), "it holds more than 100 files");
    let mut cut = tar(&[("a.bin", &support::records(2, 1))]);
    cut.truncate(1_024 + 700);
    assert!(problem(cut.clone()).starts_with("it is damaged or cut short"));
    assert!(problem(support::gzip(&cut)).starts_with("it is damaged or cut short"));
}

#[test]
fn a_file_is_what_its_content_says() {
    let code = |name: &str, bytes: &[u8]| match open_file(name, bytes.to_vec()) {
        Ok(opened) => format!(
            "{} {}",
            opened.found.files.len(),
            opened.found.refused.len()
        ),
        Err(error) => error.code().to_owned(),
    };
    let records = support::records(2, 1);
    let mut label = records.clone();
    label[0] = 10;
    assert_eq!(code("photo.png", &records), "1 0");
    assert_eq!(
        code("batches.meta.txt", CLASS_NAMES.join("\r\n").as_bytes()),
        "0 0"
    );
    assert_eq!(code("data_batch_1.bin", b"\x80\x02}q"), "other_format");
    assert_eq!(code("data_batch_1.bin", &[0; 5]), "record_length");
    assert_eq!(code("data_batch_1.bin", b""), "record_length");
    assert_eq!(code("data_batch_1.bin", &label), "label");
    assert_eq!(
        code("twice.gz", &support::gzip(&support::gzip(&records))),
        "other_format"
    );
    assert_eq!(code("cut.gz", &support::gzip(&records)[..100]), "gzip");
    let opened = open_file("contest.bin", records.clone()).unwrap();
    assert_eq!(found(&opened), [("contest.bin", Split::Train, 2)]);
    assert_eq!(opened.found.files[0].sha256, sha256(&records));
    let opened = open_file("my_test_2", records).unwrap();
    assert_eq!(found(&opened), [("my_test_2", Split::Test, 2)]);
}

#[test]
fn a_refused_file_is_told_in_sentences_for_people() {
    let told = |bytes: &[u8]| {
        open_file("mine.bin", bytes.to_vec())
            .unwrap_err()
            .report()
            .message
    };
    assert_eq!(told(b""), "The file is empty.");
    assert!(
        told(&[0; 2 * RECORD_BYTES + 1])
            .ends_with("1 byte is left over after whole records of 3073 bytes.")
    );
    let mut label = support::records(4, 1);
    label[3 * RECORD_BYTES] = 10;
    assert_eq!(
        told(&label),
        "This is not CIFAR-10: record 4 has the label 10, and labels are 0 to 9."
    );
}
