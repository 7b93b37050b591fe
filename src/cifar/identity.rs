//! Whether two datasets are the same: a hash a record, and one over those that a run uses.
//!
//! The hashes are of records, never of files or shards, so that the same records from the official files and
//! from a server's shards are the same data. XXH3 is published and the same on every machine; it tells accidents
//! apart, not forgeries.

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64;

/// A hash of each record, label included.
pub(super) fn record_hashes(bytes: &[u8], record_bytes: usize) -> Vec<u64> {
    bytes.chunks_exact(record_bytes).map(xxh3_64).collect()
}

/// SHA-256 over hashes of records in order, little-endian: 64 lower-case hexadecimal digits.
pub fn digest(hashes: impl Iterator<Item = u64>) -> String {
    let mut sum = Sha256::new();
    for hash in hashes {
        sum.update(hash.to_le_bytes());
    }
    hex(&sum.finalize())
}

/// Two lower-case hexadecimal digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
