//! Each parser as it is attacked: how a hostile input is made, what memory a parse of it may take, and what is
//! demanded of the answer.
//!
//! The demands themselves are in `parsers.rs`, the inputs' making in `mutator.rs`.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use convburn::checkpoint::decode;
use convburn::cifar::{Dataset, RECORD_BYTES, RECORDS_MAX, open_file};
use convburn::protocol::{Config, Manifest, Split};

use crate::allocations::peak;
use crate::mutator::Mutator;
use crate::{parsers, seeds};

/// Inputs for each parser.
pub const INPUTS: usize = 40_000;
/// What a parse may take whatever its input: buffers, tables, and an error's sentence.
pub const CONSTANT: usize = 64 << 10;

/// A parser, as it is attacked.
pub struct Target {
    pub name: &'static str,
    /// A hostile input.
    make: fn(&mut Mutator, &[Vec<u8>]) -> Vec<u8>,
    /// Parses alone; returns the bytes of memory that it took at most.
    memory: fn(&[u8]) -> usize,
    /// Bytes of memory that it may take.
    bound: fn(&[u8]) -> usize,
    /// Parses and demands; returns whether the input was taken.
    check: fn(&[u8]) -> bool,
}

pub const CIFAR: Target = Target {
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

pub const OPEN: Target = Target {
    name: "open",
    make: |mutator, seeds| mutator.bytes(seeds),
    memory: |bytes| {
        let owned = bytes.to_vec();
        peak(|| open_file("mine", owned).is_ok()).1
    },
    // As of records; and an archive's files are copied out of it, with names and sentences of a hundred at most.
    bound: |bytes| {
        let unfolded = (1_032 * bytes.len()).min(RECORDS_MAX * RECORD_BYTES + 1);
        let is_gzip = bytes.starts_with(&[0x1f, 0x8b]);
        4 * CONSTANT + 3 * if is_gzip { unfolded } else { bytes.len() }
    },
    check: |bytes| parsers::opened("mine", bytes),
};

pub const MANIFEST: Target = Target {
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

pub const CONFIG: Target = Target {
    name: "config",
    make: |mutator, seeds| mutator.json(seeds),
    memory: |json| {
        let parse = || {
            serde_json::from_slice::<Config>(json)
                .is_ok_and(|c| c.validate().is_ok() && parsers::planned(&c).is_ok())
        };
        peak(parse).1
    },
    // A layer's shortest JSON is 27 bytes, and it takes a hundred in a vector that doubles; then all are copied.
    bound: |json| CONSTANT + 16 * json.len(),
    check: parsers::config,
};

pub const CHECKPOINT: Target = Target {
    name: "checkpoint",
    make: |mutator, seeds| mutator.safetensors(seeds),
    memory: |bytes| {
        let present = parsers::plan();
        peak(|| decode(bytes, &present).is_ok()).1
    },
    // Serde keeps each value of the header as 32 bytes before it knows what it is, in vectors that double.
    bound: |bytes| CONSTANT + 3 * bytes.len() + 64 * header(bytes),
    check: parsers::checkpoint,
};

/// Bytes of the header that are there and that may be read.
pub fn header(bytes: &[u8]) -> usize {
    let length = bytes.first_chunk().map_or(0, |l| u64::from_le_bytes(*l));
    usize::try_from(length.min(4 << 20))
        .unwrap()
        .min(bytes.len())
}

impl Target {
    /// Asked at run time: a target folder shared between clones may hold another clone's build of this.
    pub fn folder(&self) -> PathBuf {
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
    pub fn try_one(&self, input: &[u8]) -> (bool, usize) {
        let took = (self.memory)(input);
        let may = (self.bound)(input);
        assert!(
            took <= may,
            "{took} bytes of memory, where {may} are allowed"
        );
        ((self.check)(input), took)
    }

    /// Parses hostile inputs made from the committed seeds, and says what came of them.
    pub fn attack(&self) {
        self.attack_from(&self.seeds(), INPUTS);
    }

    /// Parses so many hostile inputs made from `seeds`, and says what came of them.
    pub fn attack_from(&self, seeds: &[Vec<u8>], inputs: usize) {
        for seed in seeds {
            assert!(self.try_one(seed).0, "a seed of {} is refused", self.name);
        }
        let mut mutator = Mutator::new(6);
        let started = Instant::now();
        let (mut taken, mut most) = (0, 0);
        for number in 0..inputs {
            let input = (self.make)(&mut mutator, seeds);
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
            "{}: {inputs} inputs, {taken} valid, {} refused, at most {} KiB of memory, {:.1} s",
            self.name,
            inputs - taken,
            most.div_ceil(1 << 10),
            started.elapsed().as_secs_f64()
        );
        // Else the mutator only makes rubbish, or nothing at all.
        assert!(taken > inputs / 50 && taken < inputs * 9 / 10, "{taken}");
    }
}
