//! Files on the disk → a data set: the folder that `cargo xtask data` makes, with its list, or CIFAR-10's binary version
//! as a folder, an archive or one file. What a file holds is the room `cifar`'s to say.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::failure::{Code, Exit, Failure};
use crate::cifar::{self, Dataset, FILE_BYTES_MAX};
use crate::error::Error;
use crate::protocol::{Config, Manifest, ManifestShard, Split, SplitChoice};

/// The list of a folder's files.
const MANIFEST: &str = "manifest.json";
/// Bytes of the longest list read; the repository's has 8,000.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Bytes of the longest file read: an archive's own are few beside those of its files.
const BYTES_MAX: u64 = FILE_BYTES_MAX as u64 + (1 << 20);

/// Ends of the names of files of records, and of archives of them.
const RECORDS: [&str; 2] = [".bin", ".bin.gz"];
const ARCHIVES: [&str; 3] = [".tar.gz", ".tgz", ".tar"];

const HOW_TO_GET: &str = "Make data/cifar10 with `cargo xtask data`, or name a folder or a file of CIFAR-10's binary version by --data.";

/// The images at `path` that a run of `config` uses; of a folder with a list no more than that are read.
///
/// # Errors
/// There are none, or they cannot be read.
pub fn load(path: &Path, config: &Config) -> Result<Dataset, Failure> {
    let kind = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => no_images(path),
        _ => Failure::file(path, "read", &error, HOW_TO_GET),
    })?;
    if !kind.is_dir() {
        let mut dataset = Dataset::new(None)?;
        add_file(&mut dataset, path)?;
        return Ok(dataset);
    }
    let list = path.join(MANIFEST);
    if list.is_file() {
        return of_list(path, &list, config);
    }
    of_folder(path)
}

fn no_images(path: &Path) -> Failure {
    let message = format!("There are no images at {}.", path.display());
    Failure::new(Code::NoImages, message, HOW_TO_GET)
}

fn of_list(folder: &Path, list: &Path, config: &Config) -> Result<Dataset, Failure> {
    let bytes = read(list, MANIFEST_BYTES_MAX)?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|error| Error::InvalidManifest {
            problem: error.to_string(),
        })?;
    let shards = manifest.shards.clone();
    let has_test = shards.iter().any(|shard| shard.split == Split::Test);
    let mut dataset = Dataset::new(Some(manifest))?;
    for shard in shards {
        let wanted = match shard.split {
            // Without test images some of the training images are held out, from all of them.
            Split::Train if !has_test => u32::MAX,
            Split::Train => config.train,
            Split::Test => config.test,
        };
        if dataset.records(shard.split).len() < wanted as usize {
            let path = folder.join(plain_name(&shard)?);
            let bytes = read(&path, BYTES_MAX)?;
            let added = dataset.add_named(shard.split.into(), bytes, Some(&shard.file));
            added.map_err(|error| Failure::from(error).about(&path))?;
        }
    }
    Ok(dataset)
}

/// A listed file's name, which must not lead out of the folder.
fn plain_name(shard: &ManifestShard) -> Result<&str, Error> {
    let is_plain = Path::new(&shard.file).file_name() == Some(shard.file.as_ref());
    if is_plain {
        return Ok(&shard.file);
    }
    Err(Error::InvalidManifest {
        problem: format!("\"{}\" is no file beside it", shard.file),
    })
}

/// The files of records in a folder; where there are none, its archives.
fn of_folder(folder: &Path) -> Result<Dataset, Failure> {
    let files = files_in(folder)?;
    let ending = |ends: &[&str]| {
        let files = files.iter();
        let found = files.filter(|file| ends.iter().any(|end| ends_with(file, end)));
        found.cloned().collect::<Vec<_>>()
    };
    let mut found = ending(&RECORDS);
    if found.is_empty() {
        found = ending(&ARCHIVES);
    }
    if found.is_empty() {
        return Err(no_images(folder));
    }
    let mut dataset = Dataset::new(None)?;
    for file in found {
        add_file(&mut dataset, &file)?;
    }
    Ok(dataset)
}

/// In the order of their names, which is the official order of the official files.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| Failure::file(folder, "read", &error, HOW_TO_GET);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn ends_with(file: &Path, end: &str) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.to_lowercase().ends_with(end))
}

/// Adds what a file holds. Records that are there already are used once.
fn add_file(dataset: &mut Dataset, path: &Path) -> Result<(), Failure> {
    let about = |error: Error| Failure::from(error).about(path);
    let name = path.file_name().unwrap_or(path.as_os_str());
    let opened = cifar::open_file(&name.to_string_lossy(), read(path, BYTES_MAX)?);
    let opened = opened.map_err(about)?;
    if let Some(refused) = opened.found.refused.first() {
        let mut report = refused.error.clone();
        report.message = format!("In it {} cannot be used. {}", refused.name, report.message);
        let exit = Exit::Failed;
        return Err(Failure { report, exit }.about(path));
    }
    for (file, records) in opened.found.files.iter().zip(opened.records) {
        let added = dataset.add_named(SplitChoice::Auto, records, Some(&file.name));
        match added {
            Ok(_) | Err(Error::Duplicate { .. }) => {}
            Err(error) => return Err(about(error)),
        }
    }
    Ok(())
}

/// A file's bytes, if it is no longer than `most`.
///
/// # Errors
/// It is longer, or cannot be read.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let hint = "Look at the file's name and whether it may be read.";
    let unreadable = |error: std::io::Error| Failure::file(path, "read", &said(&error), hint);
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > most {
        let why = format!("it has {length} bytes, and at most {most} are read");
        return Err(Failure::file(path, "read", &why, "Name another file."));
    }
    fs::read(path).map_err(unreadable)
}

/// The system's words for what went wrong, as the end of a sentence.
pub fn said(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".into(),
        ErrorKind::IsADirectory => "it is a folder".into(),
        ErrorKind::NotADirectory => "what should be its folder is none".into(),
        ErrorKind::PermissionDenied => "this is not permitted".into(),
        ErrorKind::StorageFull => "there is no room left".into(),
        _ => error.to_string(),
    }
}
