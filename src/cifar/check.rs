//! What a file has to be before it becomes records: inflated, bounded, whole, with known labels.

use std::io::Read;

use sha2::{Digest, Sha256};

use super::gzip::{Members, is_gzip};
use super::{FILE_BYTES_MAX, RECORD, RECORD_BYTES, RECORDS_MAX};
use crate::error::Error;

pub(super) const TOO_LARGE: Error = Error::TooLarge {
    limit_bytes: FILE_BYTES_MAX,
};

/// Decompresses bytes that start with gzip's magic number and returns others as they are.
///
/// Headers are not asked: servers differ in whether they call such a file `Content-Encoding: gzip`.
pub(super) fn gunzip(bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    if !is_gzip(&bytes) {
        size(&bytes)?;
        return Ok(bytes);
    }
    let mut records = Vec::new();
    Members::new(&bytes)
        .take(FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut records)
        .map_err(|error| Error::Gzip {
            problem: error.to_string(),
        })?;
    size(&records)?;
    Ok(records)
}

/// Checks that there are no more bytes than all of CIFAR-10 has.
pub(super) fn size(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(TOO_LARGE);
    }
    Ok(())
}

/// Checks that `added` records have room beside `held` ones: files without end would fill the memory.
pub(super) fn room(held: usize, added: usize) -> Result<(), Error> {
    if held + added > RECORDS_MAX {
        return Err(TOO_LARGE);
    }
    Ok(())
}

/// Checks that `bytes` are whole records with labels 0 to 9.
pub(super) fn records(bytes: &[u8]) -> Result<(), Error> {
    if bytes.is_empty() || !bytes.len().is_multiple_of(RECORD_BYTES) {
        return Err(Error::RecordLength {
            bytes: bytes.len(),
            record_bytes: RECORD_BYTES,
        });
    }
    for (record, bytes) in bytes.chunks_exact(RECORD_BYTES).enumerate() {
        match bytes.first() {
            Some(label) if usize::from(*label) >= RECORD.classes => {
                return Err(Error::Label {
                    record,
                    label: *label,
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// 64 lower-case hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    super::identity::hex(&Sha256::digest(bytes))
}
