//! Bytes → [`Dataset`]: the records that a run learns from, checked before they are used.
//!
//! A data set owns its shape: what its pictures are and which classes there are. CIFAR-10's binary records
//! (`format.rs`) are one format of it; pictures of another shape come in by [`Dataset::add_records`]. Records stay
//! bytes here, a label and the planes of its picture: what a tensor needs is `batch.rs`'s business. This is not a
//! loader; it never fetches.

mod check;
mod format;
mod gzip;
pub mod identity;
mod kinds;
mod naming;
mod official;
mod open;
mod raw;
mod records;
mod selection;

use crate::error::Error;
use crate::protocol::{
    DataStatus, ImageSpec, Manifest, RecordSpec, ShardAdded, Split, SplitChoice, limits,
};

pub use format::{CLASS_NAMES, FILE_BYTES_MAX, IMAGE, RECORD, RECORD_BYTES, RECORDS_MAX};
pub use naming::split_of;
pub use open::{Opened, open_file};
pub use records::Records;
pub use selection::Selection;

use records::Shard;

/// One image with its label, borrowed from a [`Dataset`].
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Class of the image, from 0.
    pub label: u8,
    /// Its planes one after the other, row by row.
    pub pixels: &'a [u8],
}

/// The records a session holds, what they are, and the list they are checked against.
#[derive(Debug)]
pub struct Dataset {
    manifest: Option<Manifest>,
    class_names: Vec<String>,
    /// Whether it is made of CIFAR-10's files.
    takes_files: bool,
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
    /// An empty dataset of CIFAR-10, whose shards must be those of `manifest`, or any when there is none.
    ///
    /// # Errors
    /// [`Error::InvalidManifest`] when its version is not 1, it does not name ten classes, a shard's
    /// lengths do not fit each other, or there are more records than a run may use.
    pub fn new(manifest: Option<Manifest>) -> Result<Self, Error> {
        let class_names = match &manifest {
            Some(manifest) => {
                check_manifest(manifest)?;
                manifest.class_names.clone()
            }
            None => CLASS_NAMES.map(str::to_owned).to_vec(),
        };
        Ok(Self {
            manifest,
            class_names,
            takes_files: true,
            train: Records::new(RECORD),
            test: Records::new(RECORD),
        })
    }

    /// An empty dataset of pictures of this shape, in as many classes as there are names.
    ///
    /// # Errors
    /// [`Error::Dataset`] when they are not within the [`limits`].
    pub fn of(image: ImageSpec, class_names: Vec<String>) -> Result<Self, Error> {
        let spec = RecordSpec {
            image,
            classes: class_names.len(),
        };
        spec.check()?;
        if !limits::are_class_names(&class_names) {
            let most = limits::CLASS_NAME_CHARS;
            let problem = format!("the name of a class has more than {most} characters");
            return Err(Error::Dataset { problem });
        }
        Ok(Self {
            manifest: None,
            class_names,
            takes_files: false,
            train: Records::new(spec),
            test: Records::new(spec),
        })
    }

    /// What its records are.
    pub fn spec(&self) -> RecordSpec {
        self.train.spec()
    }

    /// What its pictures are.
    pub fn image(&self) -> ImageSpec {
        self.spec().image
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
    pub fn class_names(&self) -> &[String] {
        &self.class_names
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
    /// [`Error::Duplicate`] when they are held already; [`Error::Dataset`] when this is no dataset of CIFAR-10.
    /// The dataset is unchanged then.
    pub fn add_named(
        &mut self,
        split: SplitChoice,
        bytes: Vec<u8>,
        name: Option<&str>,
    ) -> Result<AddedShard, Error> {
        if !self.takes_files {
            let problem = "CIFAR-10's files go with its own ten classes only".into();
            return Err(Error::Dataset { problem });
        }
        let bytes = check::gunzip(bytes)?;
        check::records(&bytes)?;
        let digest = check::sha256_hex(&bytes);
        let known = self.lookup(&digest);
        self.check_new(&digest, known.as_ref())?;
        let split = self.split_for(split, known.as_ref(), name);
        check::room(self.records(split).len(), bytes.len() / RECORD_BYTES)?;
        Ok(self.insert(split, bytes, digest, known, name))
    }

    /// Checks pictures of this dataset's shape, with a label for each, and adds them to `split`. `pixels` has the
    /// pictures one after the other, each plane by plane, row by row. `name`: what people call them.
    ///
    /// # Errors
    /// [`Error::PixelLength`] when the pixels are not those of so many pictures; [`Error::Dataset`] when a label is
    /// no class, or the split would grow beyond the [`limits`]; [`Error::HashMismatch`] when there is a manifest that
    /// does not name them; [`Error::Duplicate`]. The dataset is unchanged then.
    pub fn add_records(
        &mut self,
        split: Split,
        labels: &[u8],
        pixels: &[u8],
        name: Option<&str>,
    ) -> Result<AddedShard, Error> {
        let spec = self.spec();
        raw::room(spec, self.records(split).len(), labels.len())?;
        let bytes = raw::records(spec, labels, pixels)?;
        let digest = check::sha256_hex(&bytes);
        let known = self.lookup(&digest);
        self.check_new(&digest, known.as_ref())?;
        Ok(self.insert(split, bytes, digest, known, name))
    }

    /// Checks that the manifest names records with this digest, and that they are not held already.
    fn check_new(&self, digest: &str, known: Option<&Known>) -> Result<(), Error> {
        if known.is_none() && self.manifest.is_some() {
            let found = digest.to_owned();
            return Err(Error::HashMismatch { found });
        }
        let mut shards = self.train.shards().iter().chain(self.test.shards());
        if shards.any(|shard| shard.digest == digest) {
            let name = known.map(|known| known.name.clone());
            return Err(Error::Duplicate { name });
        }
        Ok(())
    }

    /// Adds records that have been checked.
    fn insert(
        &mut self,
        split: Split,
        bytes: Vec<u8>,
        digest: String,
        known: Option<Known>,
        name: Option<&str>,
    ) -> AddedShard {
        let shard = Shard::new(self.spec(), bytes, digest.clone(), known.as_ref(), name);
        let records = shard.records();
        match split {
            Split::Train => self.train.insert(shard),
            Split::Test => self.test.insert(shard),
        }
        AddedShard {
            split,
            records,
            sha256: digest,
            name: known.map(|k| k.name),
        }
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
    } else if manifest.class_names.len() != RECORD.classes {
        let (named, classes) = (manifest.class_names.len(), RECORD.classes);
        format!("it names {named} classes, not {classes}")
    } else if !limits::are_class_names(&manifest.class_names) {
        "the name of a class is too long".into()
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
