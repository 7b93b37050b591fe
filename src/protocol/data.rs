//! What crosses the border about data: which file is what, what is held, what a run uses of it.

use serde::{Deserialize, Serialize};

/// Which half of the data a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Seen by the optimiser.
    Train,
    /// Held back to measure.
    Test,
}

/// Where a file's records are to go. With a manifest the manifest decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SplitChoice {
    /// Where the official file with these bytes belongs; else where its name says; else to training.
    #[default]
    Auto,
    /// To training, whatever the file is.
    Train,
    /// To measuring, whatever the file is.
    Test,
}

impl From<Split> for SplitChoice {
    fn from(split: Split) -> Self {
        match split {
            Split::Train => Self::Train,
            Split::Test => Self::Test,
        }
    }
}

/// `data/cifar10/manifest.json`: what the shards are, written by `cargo xtask data`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Manifest {
    /// Version of this format: 1.
    pub format_version: u32,
    /// Names of the classes in the order of the labels.
    pub class_names: Vec<String>,
    /// The shards in official order, training first.
    pub shards: Vec<ManifestShard>,
}

/// One shard of a [`Manifest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ManifestShard {
    /// File name beside the manifest.
    pub file: String,
    /// Which half of the data it holds.
    pub split: Split,
    /// Number of records.
    pub records: u32,
    /// Length of the decompressed records in bytes.
    pub bytes: u32,
    /// SHA-256 of the decompressed records, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// What data the session holds and what a run would use of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DataStatus {
    /// Names of the classes in the order of the labels.
    pub class_names: Vec<String>,
    /// Training records held.
    pub train_records: u32,
    /// Test records held.
    pub test_records: u32,
    /// Training records a run would use now.
    pub train_used: u32,
    /// Records a run would measure on now.
    pub test_used: u32,
    /// Training records that a run would hold out to choose its best epoch by; 0 where it does not choose.
    pub validation_used: u32,
    /// True when there is no test batch and a fifth of the training records is held out (`Config::hold_out`).
    pub held_out: bool,
    /// True when all that the configuration asks for, or all there is, has been added.
    pub complete: bool,
    /// True when some record came from bytes with an unknown SHA-256.
    pub has_unknown: bool,
    /// Training records of each class, among those held.
    pub train_class_counts: Vec<u32>,
    /// Test records of each class, among those held.
    pub test_class_counts: Vec<u32>,
    /// Names of the classes of which a run would train on no record; empty while there is none at all.
    pub unseen_classes: Vec<String>,
    /// Records that a run would measure on and train on too, by their content; looked for where there is no manifest.
    pub test_in_train: u32,
    /// Whether these are the records of the restored run that waits to go on; none where none waits.
    pub restored: Option<DataMatch>,
}

/// How the records held compare with those that a saved run was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DataMatch {
    /// The same records in the same order.
    Same,
    /// As many records, and the file does not say which: an older version saved it.
    Unknown,
    /// Not all of them are here yet.
    Awaited,
    /// Others: the run cannot go on with them.
    Other,
}

/// A file that a run uses records of, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct DataSource {
    /// What the file was called when it was added; of one without a name its official name or its SHA-256.
    pub name: String,
    /// Which half of the data it holds.
    pub split: Split,
    /// Number of records in it.
    pub records: u32,
}

/// What `add_shard` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ShardAdded {
    /// Where the records went.
    pub split: Split,
    /// Number of records in it.
    pub records: u32,
    /// SHA-256 of the decompressed bytes.
    pub sha256: String,
    /// Name of the official file or shard with this hash; none when the hash is unknown.
    pub name: Option<String>,
    /// The data held after it.
    pub data: DataStatus,
}
