//! The checked files of one split, in official order, whatever order they arrived in.

use super::{Known, Record, count, identity};
use crate::protocol::{DataSource, RecordSpec, Split};

/// Longest name of a file that is kept, in characters: a run's description carries it.
const NAME_CHARS_MAX: usize = 80;

/// A checked file.
#[derive(Debug)]
pub(super) struct Shard {
    /// Place in the official order. Unknown files come after all known ones, as they arrive.
    order: usize,
    /// SHA-256 of the decompressed bytes.
    pub(super) digest: String,
    /// False when no list names the digest.
    pub(super) known: bool,
    /// What people call it.
    name: String,
    /// Whole records.
    bytes: Vec<u8>,
    /// A hash of each record.
    hashes: Vec<u64>,
}

impl Shard {
    /// Bytes that have been checked; `name` is the visitor's word for the file.
    pub(super) fn new(
        spec: RecordSpec,
        bytes: Vec<u8>,
        digest: String,
        known: Option<&Known>,
        name: Option<&str>,
    ) -> Self {
        let named = name.or(known.map(|known| known.name.as_str()));
        let name = match named {
            Some(name) => name.chars().take(NAME_CHARS_MAX).collect(),
            None => format!("SHA-256 {}…", digest.get(..8).unwrap_or_default()),
        };
        Self {
            order: known.map_or(usize::MAX, |known| known.order),
            known: known.is_some(),
            name,
            hashes: identity::record_hashes(&bytes, spec.bytes()),
            digest,
            bytes,
        }
    }

    pub(super) fn records(&self) -> usize {
        self.hashes.len()
    }
}

/// The records of one split in official order, whatever order they arrived in.
#[derive(Debug)]
pub struct Records {
    spec: RecordSpec,
    shards: Vec<Shard>,
    class_counts: Vec<u32>,
}

impl Records {
    /// None yet, of this kind.
    pub(super) fn new(spec: RecordSpec) -> Self {
        Self {
            spec,
            shards: Vec::new(),
            class_counts: vec![0; spec.classes],
        }
    }

    /// What the records are.
    pub fn spec(&self) -> RecordSpec {
        self.spec
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.shards.iter().map(Shard::records).sum()
    }

    /// True when there is no record.
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// The record at `index` in official order; none beyond the last.
    pub fn get(&self, index: usize) -> Option<Record<'_>> {
        let (shard, index) = self.place(index)?;
        let length = self.spec.bytes();
        let start = index * length;
        let (label, pixels) = shard.bytes.get(start..start + length)?.split_first()?;
        Some(Record {
            label: *label,
            pixels,
        })
    }

    /// The hash of the record at `index` in official order; none beyond the last.
    pub fn hash(&self, index: usize) -> Option<u64> {
        let (shard, index) = self.place(index)?;
        shard.hashes.get(index).copied()
    }

    /// The hashes of the records in official order.
    pub fn hashes(&self) -> impl Iterator<Item = u64> {
        let shards = self.shards.iter();
        shards.flat_map(|shard| shard.hashes.iter().copied())
    }

    /// The labels in official order.
    pub fn labels(&self) -> impl Iterator<Item = u8> {
        let length = self.spec.bytes();
        let shards = self.shards.iter();
        let records = shards.flat_map(move |shard| shard.bytes.chunks_exact(length));
        records.filter_map(|record| record.first().copied())
    }

    /// Records of each class.
    pub fn class_counts(&self) -> &[u32] {
        &self.class_counts
    }

    /// The files that hold a record of which `uses` is true, by its index.
    pub fn sources(&self, split: Split, uses: impl Fn(usize) -> bool) -> Vec<DataSource> {
        let mut first = 0;
        let mut found = Vec::new();
        for shard in &self.shards {
            let records = shard.records();
            if (first..first + records).any(&uses) {
                found.push(DataSource {
                    name: shard.name.clone(),
                    split,
                    records: count(records),
                });
            }
            first += records;
        }
        found
    }

    pub(super) fn shards(&self) -> &[Shard] {
        &self.shards
    }

    pub(super) fn insert(&mut self, shard: Shard) {
        for record in shard.bytes.chunks_exact(self.spec.bytes()) {
            if let Some(count) = record
                .first()
                .and_then(|label| self.class_counts.get_mut(usize::from(*label)))
            {
                *count += 1;
            }
        }
        let place = self.shards.partition_point(|s| s.order <= shard.order);
        self.shards.insert(place, shard);
    }

    /// The file that holds the record at `index`, and the record's index in it.
    fn place(&self, index: usize) -> Option<(&Shard, usize)> {
        let mut first = 0;
        for shard in &self.shards {
            let records = shard.records();
            if index < first + records {
                return Some((shard, index - first));
            }
            first += records;
        }
        None
    }
}
