//! Bytes → [`Dataset`]: the official CIFAR-10 binary records, checked before they are used.
//!
//! A record is a label byte and 3,072 pixel bytes: 1,024 red, 1,024 green, 1,024 blue, each 32 × 32
//! row by row (<https://www.cs.toronto.edu/~kriz/cifar.html>, "Binary version"). Here they stay
//! bytes: what a tensor needs is `batch.rs`'s business. This is not a loader; it never fetches.

mod check;
mod gzip;
pub mod identity;
mod kinds;
mod naming;
mod official;
mod open;
mod records;
mod selection;

use crate::error::Error;
use crate::protocol::{CLASSES, DataStatus, Manifest, ShardAdded, Split, SplitChoice};

pub use naming::split_of;
pub use open::{Opened, open_file};
pub use records::Records;
pub use selection::Selection;

use records::Shard;

/// Pixel bytes of one image: 3 channels of 32 × 32.
pub const IMAGE_BYTES: usize = 3 * 32 * 32;
/// Bytes of one record: a label and an image.
pub const RECORD_BYTES: usize = 1 + IMAGE_BYTES;
/// Records of all of CIFAR-10, and the most that are held of one split: a run uses no more.
pub const RECORDS_MAX: usize = 60_000;
/// The class names in the order of the labels.
pub const CLASS_NAMES: [&str; CLASSES] = [
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

/// One image with its label, borrowed from a [`Dataset`].
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Class of the image, 0 to 9.
    pub label: u8,
    /// 3,072 bytes: red, green, blue planes of 32 × 32.
    pub pixels: &'a [u8],
}

/// The records a session holds, and the list they are checked against.
#[derive(Debug, Default)]
pub struct Dataset {
    manifest: Option<Manifest>,
    train: Records,
    test: Records,
}

/// What a list says about a digest.
struct Known {
    name: String,
    split: Split,
    order: usize,
}

impl Dataset {
    /// An empty dataset whose shards must be those of `manifest`, or any when there is none.
    ///
    /// # Errors
    /// [`Error::InvalidManifest`] when its version is not 1, it does not name ten classes, a shard's
    /// lengths do not fit each other, or there are more records than a run may use.
    pub fn new(manifest: Option<Manifest>) -> Result<Self, Error> {
        if let Some(manifest) = &manifest {
            check_manifest(manifest)?;
        }
        Ok(Self {
            manifest,
            ..Self::default()
        })
    }

    /// The list that the records are checked against.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// The training records.
    pub fn train(&self) -> &Records {
        &self.train
    }

    /// The test records.
    pub fn test(&self) -> &Records {
        &self.test
    }

    /// True when some records came from a file that no list names.
    pub fn has_unknown(&self) -> bool {
        let mut shards = self.train.shards().iter().chain(self.test.shards());
        shards.any(|shard| !shard.known)
    }

    /// Names of the classes in the order of the labels.
    pub fn class_names(&self) -> Vec<String> {
        match &self.manifest {
            Some(manifest) => manifest.class_names.clone(),
            None => CLASS_NAMES.map(str::to_owned).to_vec(),
        }
    }

    /// Records that the manifest promises for `split`; none without a manifest.
    pub fn promised(&self, split: Split) -> Option<u32> {
        let records = listed(self.manifest.as_ref()?, split);
        Some(u32::try_from(records).unwrap_or(u32::MAX))
    }

    /// Checks one file, raw or gzip, and adds its records, as [`Dataset::add_named`] does of a file without a name.
    ///
    /// # Errors
    /// As [`Dataset::add_named`].
    pub fn add(
        &mut self,
        split: impl Into<SplitChoice>,
        bytes: Vec<u8>,
    ) -> Result<AddedShard, Error> {
        self.add_named(split.into(), bytes, None)
    }

    /// Checks one file, raw or gzip, and adds its records. The manifest decides where they go; without one `split`
    /// does, and [`SplitChoice::Auto`] asks the official files' digests, then the name.
    ///
    /// # Errors
    /// [`Error::Gzip`], [`Error::TooLarge`], [`Error::RecordLength`], [`Error::Label`] for bytes that
    /// are no records; [`Error::HashMismatch`] when there is a manifest that does not name them;
    /// [`Error::Duplicate`] when they are held already. The dataset is unchanged then.
    pub fn add_named(
        &mut self,
        split: SplitChoice,
        bytes: Vec<u8>,
        name: Option<&str>,
    ) -> Result<AddedShard, Error> {
        let bytes = check::gunzip(bytes)?;
        check::records(&bytes)?;
        let digest = check::sha256_hex(&bytes);
        let known = self.lookup(&digest);
        if known.is_none() && self.manifest.is_some() {
            return Err(Error::HashMismatch { found: digest });
        }
        let mut shards = self.train.shards().iter().chain(self.test.shards());
        if shards.any(|shard| shard.digest == digest) {
            return Err(Error::Duplicate {
                name: known.map(|k| k.name),
            });
        }
        let split = self.split_for(split, known.as_ref(), name);
        check::room(self.records(split).len(), bytes.len() / RECORD_BYTES)?;
        let shard = Shard::new(bytes, digest.clone(), known.as_ref(), name);
        let records = shard.records();
        match split {
            Split::Train => self.train.insert(shard),
            Split::Test => self.test.insert(shard),
        }
        Ok(AddedShard {
            split,
            records,
            sha256: digest,
            name: known.map(|k| k.name),
        })
    }

    /// The records of one split.
    pub fn records(&self, split: Split) -> &Records {
        match split {
            Split::Train => &self.train,
            Split::Test => &self.test,
        }
    }

    fn split_for(&self, choice: SplitChoice, known: Option<&Known>, name: Option<&str>) -> Split {
        match (choice, known) {
            (_, Some(known)) if self.manifest.is_some() => known.split,
            (SplitChoice::Train, _) => Split::Train,
            (SplitChoice::Test, _) => Split::Test,
            (SplitChoice::Auto, Some(known)) => known.split,
            (SplitChoice::Auto, None) => name.map_or(Split::Train, split_of),
        }
    }

    fn lookup(&self, digest: &str) -> Option<Known> {
        if let Some(manifest) = &self.manifest {
            let mut shards = manifest.shards.iter().enumerate();
            let (order, shard) = shards.find(|(_, shard)| shard.sha256 == digest)?;
            return Some(Known {
                name: shard.file.clone(),
                split: shard.split,
                order,
            });
        }
        official::find(digest)
    }
}

/// What [`Dataset::add`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedShard {
    /// Where the records went.
    pub split: Split,
    /// Number of records.
    pub records: usize,
    /// SHA-256 of the decompressed bytes.
    pub sha256: String,
    /// The official name, where the digest is known.
    pub name: Option<String>,
}

impl AddedShard {
    /// The answer of `add_shard`.
    pub(crate) fn into_protocol(self, data: DataStatus) -> ShardAdded {
        ShardAdded {
            split: self.split,
            records: count(self.records),
            sha256: self.sha256,
            name: self.name,
            data,
        }
    }
}

/// A number of records as the protocol counts them. Files are bounded, so it never saturates.
pub(crate) fn count(records: usize) -> u32 {
    u32::try_from(records).unwrap_or(u32::MAX)
}

fn check_manifest(manifest: &Manifest) -> Result<(), Error> {
    let problem = if manifest.format_version != 1 {
        format!("its version is {}, not 1", manifest.format_version)
    } else if manifest.class_names.len() != CLASSES {
        format!("it names {} classes, not 10", manifest.class_names.len())
    } else if let Some(shard) = manifest
        .shards
        .iter()
        .find(|s| u64::from(s.records) * RECORD_BYTES as u64 != u64::from(s.bytes))
    {
        format!(
            "{} has {} records in {} bytes",
            shard.file, shard.records, shard.bytes
        )
    } else if [Split::Train, Split::Test]
        .iter()
        .any(|split| listed(manifest, *split) > RECORDS_MAX as u64)
    {
        format!("it lists more than {RECORDS_MAX} records of a split")
    } else {
        return Ok(());
    };
    Err(Error::InvalidManifest { problem })
}

/// Records of a split that a list names. In 64 bits, because its numbers are a stranger's.
fn listed(manifest: &Manifest, split: Split) -> u64 {
    let shards = manifest.shards.iter().filter(|s| s.split == split);
    shards.map(|shard| u64::from(shard.records)).sum()
}
