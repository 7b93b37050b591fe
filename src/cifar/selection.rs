//! Some records of one split, numbered anew from 0: what a run trains on, or measures on.

use super::{Record, Records};
use crate::protocol::RecordSpec;

/// Records of one split in the order of a list of indices, or all of them.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    records: &'a Records,
    indices: Option<&'a [usize]>,
}

impl<'a> Selection<'a> {
    /// The records at `indices`. An index beyond the last record has none.
    pub fn new(records: &'a Records, indices: &'a [usize]) -> Self {
        Self {
            records,
            indices: Some(indices),
        }
    }

    /// What the records are.
    pub fn spec(&self) -> RecordSpec {
        self.records.spec()
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.indices.map_or(self.records.len(), <[usize]>::len)
    }

    /// True when there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record at `position`; none beyond the last.
    pub fn get(&self, position: usize) -> Option<Record<'a>> {
        self.records.get(self.index(position)?)
    }

    /// The hash of the record at `position`; none beyond the last.
    pub fn hash(&self, position: usize) -> Option<u64> {
        self.records.hash(self.index(position)?)
    }

    /// The records from `first` on, `count` or as many as there are, as CIFAR-10's official files have them: a label
    /// byte and the bytes of a picture each.
    pub fn bytes(&self, first: usize, count: usize) -> Vec<u8> {
        let end = self.len().min(first.saturating_add(count));
        let found = (first..end).filter_map(|position| self.get(position));
        found
            .flat_map(|record| [&[record.label], record.pixels].concat())
            .collect()
    }

    fn index(&self, position: usize) -> Option<usize> {
        match self.indices {
            Some(indices) => indices.get(position).copied(),
            None => Some(position),
        }
    }
}

impl<'a> From<&'a Records> for Selection<'a> {
    fn from(records: &'a Records) -> Self {
        Self {
            records,
            indices: None,
        }
    }
}
