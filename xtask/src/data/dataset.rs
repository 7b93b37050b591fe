//! What CIFAR-10 is: its six official files with their checksums, the shards made of them, and the
//! manifest that describes the shards.
//!
//! The description is a value, not a set of constants, so that the tests can prepare a dataset of
//! a few records by the same code. Nothing here touches a file.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes of one official record: a label, then 32 × 32 red, green and blue values.
pub const RECORD_BYTES: usize = 1 + 3 * PIXELS;
/// Pixels of one image.
pub const PIXELS: usize = 32 * 32;
/// Names of the classes in the order of the labels, as in the official `batches.meta.txt`.
pub const CLASS_NAMES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];
/// Version of the manifest's format.
const FORMAT_VERSION: u32 = 1;

/// SHA-256 of the six files of `cifar-10-binary.tar.gz`, whose MD5 the CIFAR page gives as
/// c32a1d4ab5d03f1284b67883e8d87530.
const OFFICIAL: [(&str, Split, &str); 6] = [
    (
        "data_batch_1",
        Split::Train,
        "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    ),
    (
        "data_batch_2",
        Split::Train,
        "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    ),
    (
        "data_batch_3",
        Split::Train,
        "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    ),
    (
        "data_batch_4",
        Split::Train,
        "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    ),
    (
        "data_batch_5",
        Split::Train,
        "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    ),
    (
        "test_batch",
        Split::Test,
        "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    ),
];

/// Which half of the data a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Seen by the optimiser.
    Train,
    /// Held back to measure.
    Test,
}

impl Split {
    /// The name that file names use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

/// One official batch file.
#[derive(Clone, Debug)]
pub struct Batch {
    /// File name without its extension: `data_batch_1`.
    pub stem: String,
    /// Which half it belongs to.
    pub split: Split,
    /// SHA-256 of its bytes in hexadecimal.
    pub sha256: String,
    /// Number of the batch among those of its split, from 0.
    pub index_in_split: usize,
}

/// A dataset: its batch files in official order, and how they are cut.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The batch files, training first.
    pub batches: Vec<Batch>,
    /// Records in each batch file.
    pub records_per_batch: usize,
    /// Records in each shard: a divisor of `records_per_batch`.
    pub records_per_shard: usize,
}

impl Dataset {
    /// CIFAR-10 as published: 5 × 10,000 training records and 10,000 test records, in shards of
    /// 2,000 (4 MB compressed, so that a page can begin before all has arrived).
    pub fn official() -> Self {
        let batches =
            OFFICIAL.map(|(stem, split, sha256)| (stem.to_owned(), split, sha256.to_owned()));
        Self::new(batches.into(), 10_000, 2_000)
    }

    /// A dataset of the given files, each by stem, split and SHA-256.
    pub fn new(
        files: Vec<(String, Split, String)>,
        records_per_batch: usize,
        records_per_shard: usize,
    ) -> Self {
        let mut batches: Vec<Batch> = Vec::new();
        for (stem, split, sha256) in files {
            let index_in_split = batches.iter().filter(|b| b.split == split).count();
            batches.push(Batch {
                stem,
                split,
                sha256,
                index_in_split,
            });
        }
        Self {
            batches,
            records_per_batch,
            records_per_shard,
        }
    }

    /// Shards made of one batch file.
    pub fn shards_per_batch(&self) -> usize {
        self.records_per_batch / self.records_per_shard
    }

    /// File name of a batch's n-th shard: `train-07.bin.gz`.
    pub fn shard_file(&self, batch: &Batch, shard: usize) -> String {
        let number = batch.index_in_split * self.shards_per_batch() + shard;
        format!("{}-{number:02}.bin.gz", batch.split.name())
    }

    /// Length in bytes of a decompressed shard.
    pub fn shard_bytes(&self) -> usize {
        self.records_per_shard * RECORD_BYTES
    }

    /// The manifest without its checksums, which are known only once the shards are made.
    pub fn manifest(&self, shards: Vec<ManifestShard>) -> Manifest {
        Manifest {
            format_version: FORMAT_VERSION,
            class_names: CLASS_NAMES.map(str::to_owned).into(),
            shards,
        }
    }
}

/// `manifest.json`, as `src/protocol.rs` reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub format_version: u32,
    /// Names of the classes in the order of the labels.
    pub class_names: Vec<String>,
    /// The shards in official order, training first.
    pub shards: Vec<ManifestShard>,
}

/// One shard of a [`Manifest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestShard {
    /// File name beside the manifest.
    pub file: String,
    /// Which half of the data it holds.
    pub split: Split,
    /// Number of records.
    pub records: usize,
    /// Length of the decompressed records in bytes.
    pub bytes: usize,
    /// SHA-256 of the decompressed records, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// SHA-256 as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
