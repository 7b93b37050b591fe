//! Which records a run was trained on, in its file.

use serde::{Deserialize, Serialize};

use crate::protocol::DataSource;

/// Hexadecimal digits of a SHA-256.
const DIGEST_DIGITS: usize = 64;
/// Most files that a stranger's run may name, and bytes of the longest name: the page says them.
const SOURCES_MAX: usize = 1_000;
const NAME_BYTES_MAX: usize = 400;

/// The records that a run uses: which they are, and where they came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunData {
    /// SHA-256 over the records' hashes in order, 64 lower-case hexadecimal digits.
    pub digest: String,
    /// The files that they came in, for people.
    pub sources: Vec<DataSource>,
}

impl RunData {
    pub(super) fn is_plausible(&self) -> bool {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let names = self.sources.iter().map(|source| source.name.len());
        self.digest.len() == DIGEST_DIGITS
            && self.digest.bytes().all(is_digit)
            && self.sources.len() <= SOURCES_MAX
            && names.max().unwrap_or(0) <= NAME_BYTES_MAX
    }
}
