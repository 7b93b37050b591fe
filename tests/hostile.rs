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
#[path = "support/mutator.rs"]
mod mutator;
#[path = "support/parsers.rs"]
mod parsers;
#[path = "support/seeds.rs"]
mod seeds;
mod support;

use std::fs;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use convburn::checkpoint::decode;
use convburn::cifar::{Dataset, RECORD_BYTES, RECORDS_MAX};
use convburn::protocol::{Config, Manifest, Split};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use allocations::peak;
use mutator::Mutator;
use seeds::Seeds;

/// Inputs for each parser.
const INPUTS: usize = 40_000;
/// What a parse may take whatever its input: buffers, tables, and an error's sentence.
const CONSTANT: usize = 64 << 10;

/// A parser, as it is attacked.
struct Target {
    name: &'static str,
    /// A hostile input.
    make: fn(&mut Mutator, &[Vec<u8>]) -> Vec<u8>,
    /// Parses alone; returns the bytes of memory that it took at most.
    memory: fn(&[u8]) -> usize,
    /// Bytes of memory that it may take.
    bound: fn(&[u8]) -> usize,
    /// Parses and demands; returns whether the input was taken.
    check: fn(&[u8]) -> bool,
}

const CIFAR: Target = Target {
    name: "cifar",
    make: |mutator, seeds| mutator.bytes(seeds),
    memory: |bytes| {
        let owned = bytes.to_vec();
        let mut dataset = Dataset::new(None).unwrap();
        peak(|| dataset.add(Split::Train, owned).is_ok()).1
    },
    // Records that came raw stay where they are. Inflated ones grow in a vector that doubles; gzip unfolds
    // at most 1,032 times, and never to more than all of CIFAR-10.
    bound: |bytes| {
        let unfolded = (1_032 * bytes.len()).min(RECORDS_MAX * RECORD_BYTES + 1);
        let is_gzip = bytes.starts_with(&[0x1f, 0x8b]);
        2 * CONSTANT + if is_gzip { 3 * unfolded } else { 0 }
    },
    check: |bytes| {
        parsers::cifar_beside_a_list(&seeds::two_shards(), Split::Test, bytes);
        let in_test = parsers::cifar(Split::Test, bytes);
        assert_eq!(parsers::cifar(Split::Train, bytes), in_test);
        in_test
    },
};

const MANIFEST: Target = Target {
    name: "manifest",
    make: |mutator, seeds| mutator.json(seeds),
    memory: |json| {
        let parse = || {
            serde_json::from_slice::<Manifest>(json).is_ok_and(|m| Dataset::new(Some(m)).is_ok())
        };
        peak(parse).1
    },
    // Three bytes of JSON are an empty name of 24 bytes, in a vector that doubles.
    bound: |json| CONSTANT + 32 * json.len(),
    check: parsers::manifest,
};

const CONFIG: Target = Target {
    name: "config",
    make: |mutator, seeds| mutator.json(seeds),
    memory: |json| {
        peak(|| serde_json::from_slice::<Config>(json).is_ok_and(|c| c.validate().is_ok())).1
    },
    // The longest text is one that an error quotes.
    bound: |json| CONSTANT + 8 * json.len(),
    check: parsers::config,
};

const CHECKPOINT: Target = Target {
    name: "checkpoint",
    make: |mutator, seeds| mutator.safetensors(seeds),
    memory: |bytes| {
        let slots = parsers::slots();
        peak(|| decode(bytes, &slots).is_ok()).1
    },
    // Serde keeps each value of the header as 32 bytes before it knows what it is, in vectors that double.
    bound: |bytes| CONSTANT + 3 * bytes.len() + 64 * header(bytes),
    check: parsers::checkpoint,
};

/// Bytes of the header that are there and that may be read.
fn header(bytes: &[u8]) -> usize {
    let length = bytes.first_chunk().map_or(0, |l| u64::from_le_bytes(*l));
    usize::try_from(length.min(4 << 20))
        .unwrap()
        .min(bytes.len())
}

impl Target {
    /// Asked at run time: a target folder shared between clones may hold another clone's build of this.
    fn folder(&self) -> PathBuf {
        let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        root.join("fuzz/seeds").join(self.name)
    }

    /// The committed seeds, in the order of their names.
    fn seeds(&self) -> Vec<Vec<u8>> {
        let files = fs::read_dir(self.folder()).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    /// Parses one input. Returns whether it was taken, and the memory that it took.
    fn try_one(&self, input: &[u8]) -> (bool, usize) {
        let took = (self.memory)(input);
        let may = (self.bound)(input);
        assert!(
            took <= may,
            "{took} bytes of memory, where {may} are allowed"
        );
        ((self.check)(input), took)
    }

    fn attack(&self) {
        let seeds = self.seeds();
        for seed in &seeds {
            assert!(self.try_one(seed).0, "a seed of {} is refused", self.name);
        }
        let mut mutator = Mutator::new(6);
        let started = Instant::now();
        let (mut taken, mut most) = (0, 0);
        for number in 0..INPUTS {
            let input = (self.make)(&mut mutator, &seeds);
            let tried = catch_unwind(AssertUnwindSafe(|| self.try_one(&input)));
            let Ok((is_taken, took)) = tried else {
                let path = std::env::temp_dir().join(format!("convburn-hostile-{}", self.name));
                fs::write(&path, &input).unwrap();
                panic!("{}: input {number} is in {}", self.name, path.display());
            };
            taken += usize::from(is_taken);
            most = most.max(took);
        }
        println!(
            "{}: {INPUTS} inputs, {taken} valid, {} refused, at most {} KiB of memory, {:.1} s",
            self.name,
            INPUTS - taken,
            most.div_ceil(1 << 10),
            started.elapsed().as_secs_f64()
        );
        // Else the mutator only makes rubbish, or nothing at all.
        assert!(taken > INPUTS / 50 && taken < INPUTS * 9 / 10, "{taken}");
    }
}

#[test]
fn records_are_taken_or_refused_whatever_they_are() {
    CIFAR.attack();
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

/// 200 MB of zeros in 200 KB: inflating ends at the limit.
#[test]
fn a_small_file_that_unfolds_without_end_takes_no_more_than_the_bound() {
    let bomb = support::gzip(&vec![0; 200_000_000]);
    assert!(bomb.len() < 1_000_000);
    let (taken, took) = CIFAR.try_one(&bomb);
    assert!(!taken && took > RECORDS_MAX * RECORD_BYTES, "{took}");
    let error = Dataset::new(None).unwrap().add(Split::Test, bomb);
    assert_eq!(error.unwrap_err().code(), "too_large");
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
    let slots = parsers::slots();
    assert!(decode(&run_with("/train_used", json!(200)), &slots).is_ok());
    for (path, value) in [
        ("/train_used", json!(u32::MAX)),
        ("/train_used", json!(201)),
        ("/test_used", json!(u32::MAX)),
        ("/position/epochs_end", json!(u32::MAX)),
        ("/class_names", json!(["cat"])),
        ("/class_names", json!(vec!["cat"; 1_000])),
    ] {
        let error = decode(&run_with(path, value), &slots).expect_err(path);
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
    let (error, took) = peak(|| decode(&longer, &parsers::slots()).unwrap_err());
    assert!(error.to_string().contains("longer than 4 MiB"), "{error}");
    assert!(took < CONSTANT);
}

/// A saved run goes on with the same bits only if its sums, which are JSON, are read as they were written.
#[test]
fn a_number_in_json_keeps_its_bits() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..INPUTS {
        let number = f64::from_bits(random.random());
        if number.is_finite() {
            let text = serde_json::to_string(&number).unwrap();
            let again: f64 = serde_json::from_str(&text).unwrap();
            assert_eq!(again.to_bits(), number.to_bits(), "{text}");
        }
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
    let all: [(Target, Seeds); 4] = [
        (CIFAR, seeds::cifar()),
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
