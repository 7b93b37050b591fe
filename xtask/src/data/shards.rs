//! Makes the shards: checks each batch against its SHA-256, cuts it, compresses the pieces on all
//! cores, and puts the finished folder in place in one rename.
//!
//! The folder is built beside its destination, so that what is there stays valid until the new one
//! is complete, and a failure leaves nothing half-written.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;

use super::dataset::{Batch, Dataset, Manifest, ManifestShard, RECORD_BYTES, sha256_hex};
use super::source::Source;
use crate::error::{CHECK_DISK, Context, Error, Result};

const MANIFEST: &str = "manifest.json";

/// Makes the folder `out` from a source that is a folder or a `.tar.gz`.
///
/// # Errors
/// The source is not readable or not complete, a batch has another SHA-256 than it should, or the
/// disk is full. `out` is then as it was.
pub fn prepare(source: &Path, dataset: &Dataset, out: &Path, progress: &ProgressBar) -> Result<()> {
    progress.set_message("reading");
    let files = Source::read(source, dataset)?;
    let staging = Staging::new(out)?;
    progress.set_message("checking and packing");
    let shards = write_batches(&files, dataset, &staging.folder, progress)?;
    let json = serde_json::to_vec_pretty(&dataset.manifest(shards))
        .context("write the manifest", CHECK_DISK)?;
    fs::write(staging.folder.join(MANIFEST), json).context("write the manifest", CHECK_DISK)?;
    staging.publish(out)
}

/// Whether `out` already holds the whole dataset: a manifest with the right shards, and each file
/// with the right length.
pub fn is_complete(dataset: &Dataset, out: &Path) -> bool {
    let Ok(json) = fs::read(out.join(MANIFEST)) else {
        return false;
    };
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&json) else {
        return false;
    };
    // The checksums are the manifest's own; all else has to be as we would write it today.
    let mut sums = manifest.shards.iter().map(|shard| shard.sha256.clone());
    let expected = dataset
        .batches
        .iter()
        .flat_map(|batch| (0..dataset.shards_per_batch()).map(move |n| (batch, n)))
        .map(|(batch, n)| shard_entry(dataset, batch, n, sums.next().unwrap_or_default()))
        .collect();
    manifest == dataset.manifest(expected)
        && manifest
            .shards
            .iter()
            .all(|shard| decompressed_bytes(&out.join(&shard.file)) == Some(shard.bytes))
}

fn shard_entry(dataset: &Dataset, batch: &Batch, number: usize, sha256: String) -> ManifestShard {
    ManifestShard {
        file: dataset.shard_file(batch, number),
        split: batch.split,
        records: dataset.records_per_shard,
        bytes: dataset.shard_bytes(),
        sha256,
    }
}

/// The length that a gzip file says it decompresses to: its last four bytes (RFC 1952, ISIZE).
/// A file that was cut short has other bytes there.
fn decompressed_bytes(path: &Path) -> Option<usize> {
    let mut file = File::open(path).ok()?;
    let mut tail = [0; 4];
    file.seek(SeekFrom::End(-4)).ok()?;
    file.read_exact(&mut tail).ok()?;
    usize::try_from(u32::from_le_bytes(tail)).ok()
}

/// Writes all batches, as many at a time as there are cores; the shards come in official order.
fn write_batches(
    source: &Source,
    dataset: &Dataset,
    folder: &Path,
    progress: &ProgressBar,
) -> Result<Vec<ManifestShard>> {
    let lost = |_| {
        Err(Error::new(
            "A worker thread stopped.",
            "Run the command again.",
        ))
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut shards = Vec::new();
    // Batches are of one size, so that those of a turn end together.
    for turn in dataset.batches.chunks(cores) {
        let written: Vec<Result<_>> = thread::scope(|scope| {
            let write =
                |batch| scope.spawn(move || write_batch(source, dataset, batch, folder, progress));
            let workers: Vec<_> = turn.iter().map(write).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or_else(lost))
                .collect()
        });
        for batch_shards in written {
            shards.extend(batch_shards?);
        }
    }
    Ok(shards)
}

/// Checks one batch and writes its shards.
fn write_batch(
    source: &Source,
    dataset: &Dataset,
    batch: &Batch,
    folder: &Path,
    progress: &ProgressBar,
) -> Result<Vec<ManifestShard>> {
    let records = source.records(dataset, batch)?;
    check(dataset, batch, &records)?;
    let mut shards = Vec::new();
    for (number, bytes) in records.chunks(dataset.shard_bytes()).enumerate() {
        let entry = shard_entry(dataset, batch, number, sha256_hex(bytes));
        write_gzip(&folder.join(&entry.file), bytes)?;
        progress.inc(entry.records as u64);
        shards.push(entry);
    }
    Ok(shards)
}

fn check(dataset: &Dataset, batch: &Batch, records: &[u8]) -> Result<()> {
    let name = &batch.stem;
    let expected_bytes = dataset.records_per_batch * RECORD_BYTES;
    let hint = "The source is damaged or is another dataset (CIFAR-100?); nothing was written. \
                Fetch it again, or leave --from and CONVBURN_CIFAR10 out to have it fetched.";
    if records.len() != expected_bytes {
        return Err(Error::new(
            format!(
                "{name} has {} bytes, expected {expected_bytes}.",
                records.len()
            ),
            hint,
        ));
    }
    let sha256 = sha256_hex(records);
    if sha256 != batch.sha256 {
        return Err(Error::new(
            format!("{name} has SHA-256 {sha256}, expected {}.", batch.sha256),
            hint,
        ));
    }
    Ok(())
}

fn write_gzip(path: &Path, bytes: &[u8]) -> Result<()> {
    let writing = format!("write {}", path.display());
    let file = File::create(path).context(&writing, CHECK_DISK)?;
    let mut encoder = GzEncoder::new(file, Compression::default());
    encoder.write_all(bytes).context(&writing, CHECK_DISK)?;
    encoder.finish().context(&writing, CHECK_DISK)?;
    Ok(())
}

/// The folder in which a dataset is built; removed when it is not published.
struct Staging {
    folder: PathBuf,
}

impl Staging {
    /// An empty folder beside `out`.
    fn new(out: &Path) -> Result<Self> {
        let staging = Self {
            folder: sibling(out, "new"),
        };
        remove(&staging.folder)?;
        fs::create_dir_all(&staging.folder).context(
            format!("make the folder {}", staging.folder.display()),
            CHECK_DISK,
        )?;
        Ok(staging)
    }

    /// Puts the folder in the place of `out`.
    fn publish(self, out: &Path) -> Result<()> {
        let old = sibling(out, "old");
        let moving = format!("put {} in place", out.display());
        remove(&old)?;
        if out.exists() {
            fs::rename(out, &old).context(&moving, CHECK_DISK)?;
        }
        if let Err(error) = fs::rename(&self.folder, out) {
            // What was there before is better than nothing; if that fails too, it is in `old`.
            let _ = fs::rename(&old, out);
            return Err(error).context(&moving, CHECK_DISK);
        }
        remove(&old)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After `publish` it is no longer there; after a failure this is all that is left to do.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn sibling(out: &Path, ending: &str) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!(".{name}.{ending}"))
}

fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).context(format!("remove {}", folder.display()), CHECK_DISK)
}
