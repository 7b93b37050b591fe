//! A visitor's file → the records in it. What a file is, its content says; its name only says which split
//! it may belong to, and that only where its digest is unknown.
//!
//! It holds no data and needs no session: what comes out is added with [`Dataset::add`](super::Dataset::add).

use std::io::{Read, Result as IoResult};

use super::gzip::{Members, is_gzip};
use super::naming::split_of;
use super::{FILE_BYTES_MAX, RECORD_BYTES, check, count, kinds, official};
use crate::error::Error;
use crate::protocol::{OpenedFile, RecordFile, RefusedFile};

/// Files in an archive that are looked at: CIFAR-10's has eight.
const MEMBERS_MAX: usize = 100;
/// Bytes of the longest path in an archive.
const PATH_BYTES_MAX: usize = 1_024;
/// Bytes of a tar archive beside its files' own: headers, padding, texts.
const OVERHEAD_BYTES_MAX: u64 = 1 << 20;
/// A tar archive's first block. Its second half holds the magic word.
const BLOCK_BYTES: usize = 512;

/// What was found in a file: the records' bytes are in the order of `found.files`.
#[derive(Debug, Default)]
pub struct Opened {
    /// What crosses the border as it is.
    pub found: OpenedFile,
    /// Whole records with labels 0 to 9, decompressed, of each file.
    pub records: Vec<Vec<u8>>,
}

/// Says what a file is, and unpacks it: records raw or gzip, of one member or several; a tar archive of
/// such files, raw or gzip. A file that only goes with CIFAR-10's, such as its list of class names, comes to
/// nothing and is no error. In an archive a bad file is named in `refused`, and the others are taken.
///
/// # Errors
/// [`Error::OtherFormat`] for what is known to be something else; [`Error::Archive`] for an archive that
/// cannot be read or holds no images; [`Error::Gzip`], [`Error::TooLarge`], [`Error::RecordLength`],
/// [`Error::Label`] as for [`Dataset::add`](super::Dataset::add).
pub fn open_file(name: &str, bytes: Vec<u8>) -> Result<Opened, Error> {
    if is_gzip(&bytes) {
        return open_stream(name, Members::new(&bytes));
    }
    if is_tar(&bytes) {
        return open_archive(bytes.as_slice());
    }
    let mut opened = Opened::default();
    opened.take(name, bytes)?;
    Ok(opened)
}

/// Whether the first block is a tar archive's header.
fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..).is_some_and(|b| b.starts_with(b"ustar"))
}

/// A gzip file's content, of which no more is held than has to be: an archive is read file by file.
fn open_stream(name: &str, mut content: impl Read) -> Result<Opened, Error> {
    let gzip = |error: std::io::Error| Error::Gzip {
        problem: error.to_string(),
    };
    let mut head = Vec::new();
    content
        .by_ref()
        .take(BLOCK_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(gzip)?;
    if is_tar(&head) {
        return open_archive(head.as_slice().chain(content));
    }
    read_bounded(content, &mut head).map_err(gzip)?;
    let mut opened = Opened::default();
    opened.take(name, head)?;
    Ok(opened)
}

/// Reads one byte more than all of CIFAR-10 at most, so that more is noticed.
fn read_bounded(content: impl Read, bytes: &mut Vec<u8>) -> IoResult<usize> {
    let room = (FILE_BYTES_MAX + 1).saturating_sub(bytes.len());
    content.take(room as u64).read_to_end(bytes)
}

fn open_archive(content: impl Read) -> Result<Opened, Error> {
    let broken = |error: std::io::Error| archive(format!("it is damaged or cut short ({error})"));
    let limit = FILE_BYTES_MAX as u64 + OVERHEAD_BYTES_MAX;
    let mut archive_reader = tar::Archive::new(content.take(limit));
    let mut opened = Opened::default();
    let mut members = 0;
    let mut sum = 0;
    for entry in archive_reader.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if !is_plain(entry.header().entry_type()) {
            continue;
        }
        members += 1;
        sum = entry.size().saturating_add(sum);
        if members > MEMBERS_MAX {
            return Err(archive(format!("it holds more than {MEMBERS_MAX} files")));
        }
        if sum > FILE_BYTES_MAX as u64 {
            return Err(check::TOO_LARGE);
        }
        opened.take_member(entry).map_err(broken)?;
    }
    if opened.records.is_empty() && opened.found.refused.is_empty() {
        return Err(archive("it holds no images".to_owned()));
    }
    Ok(opened)
}

/// Whether an entry is a file with its own bytes: a sparse one could claim zeros without end.
fn is_plain(kind: tar::EntryType) -> bool {
    kind.is_file() || kind.is_contiguous()
}

fn archive(problem: String) -> Error {
    Error::Archive { problem }
}

impl Opened {
    /// Takes a file that is no archive and not compressed.
    fn take(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Error> {
        if kinds::is_companion(path, &bytes) {
            return Ok(());
        }
        // What is whole records with known labels is taken, whatever else it may look like.
        if let Err(problem) = check::records(&bytes) {
            check::size(&bytes)?;
            kinds::refuse_others(&bytes)?;
            return Err(problem);
        }
        check::size(&bytes)?;
        let sha256 = check::sha256_hex(&bytes);
        let known = official::find(&sha256);
        self.found.files.push(RecordFile {
            name: path.to_owned(),
            split: known.as_ref().map_or_else(|| split_of(path), |k| k.split),
            records: count(bytes.len() / RECORD_BYTES),
            sha256,
            known: known.map(|k| k.name),
        });
        self.records.push(bytes);
        Ok(())
    }

    /// Takes a file of an archive, or notes why it is refused.
    fn take_member(&mut self, mut entry: tar::Entry<'_, impl Read>) -> IoResult<()> {
        let promised = entry.size();
        let path = path_of(&entry);
        let mut bytes = Vec::new();
        read_bounded(&mut entry, &mut bytes)?;
        if bytes.len() as u64 != promised {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Err(error) = self.take(&path, bytes) {
            self.found.refused.push(RefusedFile {
                name: path,
                error: error.report(),
            });
        }
        Ok(())
    }
}

/// An entry's path, of which the last part is kept when it is too long.
fn path_of(entry: &tar::Entry<'_, impl Read>) -> String {
    let path = entry.path_bytes();
    let start = path.len().saturating_sub(PATH_BYTES_MAX);
    String::from_utf8_lossy(path.get(start..).unwrap_or_default()).into_owned()
}
