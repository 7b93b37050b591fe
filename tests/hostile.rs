//! Hostile input: each parser of the crate is given at least 10,000 inputs made from valid ones by a seeded
//! mutator, and some that were thought out. None may panic, all end as a valid value or a typed error, and
//! no parse takes more memory than its bound here.
//!
//! `cargo xtask fuzz` looks for more with libFuzzer, from the same seeds (`fuzz/seeds`) and with the same
//! demands (`support/parsers.rs`). JavaScript's parsers are in `tests/unit/hostile.test.mjs`.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests"
)]
#![allow(clippy::disallowed_methods, reason = "native tests may block")]

#[path = "support/allocations.rs"]
mod allocations;
#[path = "support/attack.rs"]
mod attack;
#[path = "support/mutator.rs"]
mod mutator;
#[path = "support/parsers.rs"]
mod parsers;
#[path = "support/seeds.rs"]
mod seeds;
mod support;

use std::fs;
use std::hint::black_box;

use convburn::checkpoint::{Checkpoint, decode, encode_run};
use convburn::cifar::{Dataset, RECORD_BYTES, RECORDS_MAX};
use convburn::network::NetworkPlan;
use convburn::protocol::{Initializer, Layer, LayerSpec, Manifest, Split};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use allocations::peak;
use attack::{CHECKPOINT, CIFAR, CONFIG, CONSTANT, MANIFEST, OPEN, Target, header};
use seeds::Seeds;

#[test]
fn records_are_taken_or_refused_whatever_they_are() {
    CIFAR.attack();
}

#[test]
fn a_visitors_file_is_taken_or_refused_whatever_it_is() {
    OPEN.attack();
}

#[test]
fn a_list_of_data_files_is_taken_or_refused_whatever_it_is() {
    MANIFEST.attack();
}

#[test]
fn a_configuration_is_taken_or_refused_whatever_it_is() {
    CONFIG.attack();
}

#[test]
fn a_saved_run_is_taken_or_refused_whatever_it_is() {
    CHECKPOINT.attack();
}

/// What the formats up to 3 wrote has a description of its own.
#[test]
fn a_run_of_an_earlier_format_is_taken_or_refused_whatever_it_is() {
    CHECKPOINT.attack_from(&[seeds::of_format_3()], 2_000);
}

/// 200 MB of zeros in 200 KB: inflating ends at the limit.
#[test]
fn a_small_file_that_unfolds_without_end_takes_no_more_than_the_bound() {
    let bomb = support::gzip(&vec![0; 200_000_000]);
    assert!(bomb.len() < 1_000_000);
    for target in [CIFAR, OPEN] {
        let (taken, took) = target.try_one(&bomb);
        assert!(!taken && took > RECORDS_MAX * RECORD_BYTES, "{took}");
    }
    let error = Dataset::new(None).unwrap().add(Split::Test, bomb);
    assert_eq!(error.unwrap_err().code(), "too_large");
}

/// A tar header may claim any length, a sparse file zeros without end, and an archive many such files.
#[test]
fn an_archive_takes_no_more_than_is_in_it_whatever_it_claims() {
    let claiming = |kind: tar::EntryType, size: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_path("a.bin").unwrap();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        [header.as_bytes().as_slice(), &[0; 512]].concat()
    };
    let (regular, sparse) = (tar::EntryType::Regular, tar::EntryType::GNUSparse);
    for (kind, size) in [
        (regular, 1 << 27),
        (regular, u64::MAX / 2),
        (sparse, 1 << 27),
        (tar::EntryType::GNULongName, 1 << 27),
        (tar::EntryType::XHeader, 1 << 27),
    ] {
        let (taken, took) = OPEN.try_one(&claiming(kind, size));
        assert!(!taken && took < 4 * CONSTANT, "{kind:?} {size}: {took}");
    }
}

/// Files without end are refused once all of CIFAR-10 would be there.
#[test]
fn files_do_not_add_up_to_more_than_all_of_cifar_10() {
    let mut dataset = Dataset::new(None).unwrap();
    for label in 0..3 {
        let part = vec![label; RECORDS_MAX / 3 * RECORD_BYTES];
        dataset.add(Split::Train, part).unwrap();
    }
    let one = support::records(1, 1);
    let error = dataset.add(Split::Train, one.clone()).unwrap_err();
    assert_eq!(error.code(), "too_large");
    assert_eq!(dataset.train().len(), RECORDS_MAX);
    dataset.add(Split::Test, one).unwrap();
}

/// 4,000 shards of 1.3 million records each overflowed the sum of a split's records.
#[test]
fn a_list_of_more_records_than_can_be_counted_is_refused() {
    let shard = json!({
        "file": "a", "split": "train", "records": 1_390_000, "bytes": 1_390_000_u64 * 3_073, "sha256": "",
    });
    let mut list = json!(seeds::two_shards());
    list["shards"] = Value::Array(vec![shard; 4_000]);
    let list: Manifest = serde_json::from_value(list).unwrap();
    let error = Dataset::new(Some(list)).unwrap_err();
    assert_eq!(error.code(), "invalid_manifest");
    assert!(error.to_string().contains("more than 60000 records"));
}

/// A file of which one number is replaced, in the JSON that describes the run.
fn run_with(path: &str, value: Value) -> Vec<u8> {
    let (_, file) = seeds::checkpoint().remove(1);
    let length = header(&file);
    let mut head: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    let run = head["__metadata__"]["run"].as_str().unwrap();
    let mut run: Value = serde_json::from_str(run).unwrap();
    *run.pointer_mut(path).unwrap() = value;
    head["__metadata__"]["run"] = json!(run.to_string());
    let head = head.to_string();
    let length = (head.len() as u64).to_le_bytes();
    [&length, head.as_bytes(), &file[8 + header(&file)..]].concat()
}

/// Each of these was read once, and the session would have allocated by it: an order of four billion records
/// takes 34 GB.
#[test]
fn a_run_that_asks_for_more_than_its_settings_is_refused() {
    let plan = parsers::plan();
    let flatten = json!({ "id": 1, "layer": "flatten" });
    let source = json!({ "name": "a.bin", "split": "train", "records": 1 });
    assert!(decode(&run_with("/train_used", json!(200)), &plan).is_ok());
    for (path, value) in [
        ("/train_used", json!(u32::MAX)),
        ("/train_used", json!(201)),
        ("/test_used", json!(u32::MAX)),
        ("/position/epochs_end", json!(u32::MAX)),
        ("/class_names", json!(["cat"])),
        ("/origin/version", json!("9".repeat(1_000))),
        ("/class_names", json!(vec!["cat"; 1_000])),
        ("/data/digest", json!("f00d")),
        ("/data/sources/0/name", json!("9".repeat(1_000))),
        ("/data/sources", json!(vec![source; 2_000])),
        ("/recipe/model/image/height", json!(u32::MAX)),
        ("/recipe/model/classes", json!(u32::MAX)),
        ("/recipe/model/norm_group/records", json!(u32::MAX)),
        ("/recipe/model/pixels/standardized/mean", json!([1e300])),
        (
            "/recipe/model/network/layers/0/layer/conv/filters",
            json!(u32::MAX),
        ),
        ("/recipe/model/network/layers/0/layer/conv/kernel", json!(0)),
        ("/recipe/model/network/layers/0/layer/conv/stride", json!(0)),
        (
            "/recipe/model/network/layers/3/layer/max_pool/size",
            json!(0),
        ),
        (
            "/recipe/model/network/layers/4/layer/pad/width",
            json!(u32::MAX),
        ),
        (
            "/recipe/model/network/layers/7/layer/dense/units",
            json!(u32::MAX),
        ),
        ("/recipe/model/network/layers", json!(vec![flatten; 65])),
    ] {
        let error = decode(&run_with(path, value), &plan).expect_err(path);
        assert_eq!(error.code(), "checkpoint", "{path}");
    }
}

/// Two bytes of a header become 32 or more in memory, so 60 MiB of it would become gigabytes.
#[test]
fn a_long_header_is_refused_before_it_is_read() {
    let file = |ones: usize| {
        let ones = vec!["1"; ones].join(",");
        let head = format!(r#"{{"a":{{"dtype":"F32","shape":[{ones}],"data_offsets":[0,4]}}}}"#);
        let length = (head.len() as u64).to_le_bytes();
        [&length, head.as_bytes(), &[0; 4]].concat()
    };
    let longest = file((2 << 20) - 100);
    let (taken, took) = CHECKPOINT.try_one(&longest);
    assert!(!taken);
    println!("a header of 4 MiB: {} MiB of memory", took >> 20);
    let longer = file((2 << 20) + 100);
    let (error, took) = peak(|| decode(&longer, &parsers::plan()).unwrap_err());
    assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
    assert!(took < CONSTANT);
}

/// serde_json reads about one number in ten of 17 digits one unit in the last place off; a saved run would go on
/// with other bits.
#[test]
fn the_numbers_of_a_saved_run_keep_their_bits() {
    let plan = parsers::plan();
    let (_, file) = seeds::checkpoint().remove(1);
    let Ok(Checkpoint::Run(mut state, tensors)) = decode(&file, &plan) else {
        panic!("no run");
    };
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..2_000 {
        let position = state.position.as_mut().unwrap();
        position.loss_sum = random.random::<f64>() * 100.0;
        position.train_ms = f64::from_bits(random.random()).abs().min(f64::MAX);
        state.history[0].loss = random.random();
        state.recipe.lr = random.random::<f64>() * 1e-3;
        for number in numbers_of(&mut state.recipe.model.network.layers) {
            *number = 0.01 + random.random::<f64>() * 0.9;
        }
        let plan = NetworkPlan::new(&state.recipe.model).unwrap();
        let file = encode_run(&state, &tensors, &plan).unwrap();
        assert_eq!(
            decode(&file, &plan).unwrap(),
            Checkpoint::Run(state.clone(), tensors.clone())
        );
    }
}

/// Those of the layers that are no integers.
fn numbers_of(layers: &mut [LayerSpec]) -> Vec<&mut f64> {
    let mut found = Vec::new();
    for layer in layers {
        match &mut layer.layer {
            Layer::BatchNorm(norm) => found.extend([&mut norm.epsilon, &mut norm.momentum]),
            Layer::Dropout { rate } => found.push(rate),
            Layer::Scale { factor } => found.push(factor),
            Layer::Conv(conv) => {
                if let Initializer::Whitening { epsilon } = &mut conv.weight.initializer {
                    found.push(epsilon);
                }
            }
            Layer::Residual { layers } => found.extend(numbers_of(layers)),
            _ => {}
        }
    }
    found
}

/// The bits beside the description can make of a number what its rounding has lost, and nothing else.
#[test]
fn bits_of_other_numbers_are_refused() {
    let (_, file) = seeds::checkpoint().remove(1);
    let with = |change: fn(&str) -> String| {
        let length = header(&file);
        let mut head: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
        let bits = head["__metadata__"]["bits"].as_str().unwrap();
        head["__metadata__"]["bits"] = json!(change(bits));
        let head = head.to_string();
        let start = (head.len() as u64).to_le_bytes();
        let file = [&start, head.as_bytes(), &file[8 + length..]].concat();
        decode(&file, &parsers::plan())
    };
    assert!(with(str::to_owned).is_ok());
    let changes: [fn(&str) -> String; 5] = [
        |_| String::new(),
        |bits| format!("{bits} 0"),
        |bits| bits.replacen('3', "4", 1),
        |bits| format!("7ff8000000000000{}", &bits[16..]),
        |bits| format!("x{}", &bits[1..]),
    ];
    for change in changes {
        let error = with(change).unwrap_err();
        assert!(error.to_string().contains("exact numbers"), "{error}");
    }
}

/// What the counting allocator says is what is asked for.
#[test]
fn the_allocator_counts() {
    let (_, took) = peak(|| black_box(vec![1_u8; 1_000_000]).len());
    assert!((1_000_000..1_001_000).contains(&took), "{took}");
    let (kept, took) = peak(|| vec![0_u8; 1_000]);
    assert!(took >= kept.len());
}

#[test]
#[ignore = "writes fuzz/seeds"]
fn write_the_seeds() {
    let all: [(Target, Seeds); 5] = [
        (CIFAR, seeds::cifar()),
        (OPEN, seeds::open()),
        (MANIFEST, seeds::manifest()),
        (CONFIG, seeds::config()),
        (CHECKPOINT, seeds::checkpoint()),
    ];
    for (target, seeds) in all {
        fs::create_dir_all(target.folder()).unwrap();
        for (name, bytes) in seeds {
            fs::write(target.folder().join(name), bytes).unwrap();
        }
    }
}
