//! What a file is that holds no CIFAR-10 records: known by its first bytes, called by its name.

use super::{CLASS_NAMES, RECORD_BYTES};
use crate::error::Error;

/// What a file is, as the end of a sentence, and what to do with it.
type Kind = (&'static str, &'static str);

const UNPACK: &str = "Unpack it, then use the .bin files in it.";
const BINARY_VERSION: &str =
    "Use the binary version of CIFAR-10: cifar-10-binary.tar.gz, or the .bin files in it.";
const AS_RECORDS: &str = "Use the binary version of CIFAR-10, or write each image as 3,073 bytes: its label, then 1,024 red, green and blue bytes each.";
const PICTURE: &str = "Choose it under “Your own picture” to ask the network about it.";
const RECORDS_ONLY: &str = "Use the .bin files beside it.";

const PICKLE: Kind = (
    "a Python pickle, as in CIFAR-10's Python version",
    BINARY_VERSION,
);
const CIFAR_100: Kind = (
    "a file of CIFAR-100, whose records have two labels",
    "This version trains on the ten classes of CIFAR-10: use its binary version, cifar-10-binary.tar.gz.",
);
const WEB_PAGE: Kind = (
    "a web page, perhaps in place of the file that was to be downloaded",
    "Download the file again.",
);
const TEXT: Kind = ("a text file", RECORDS_ONLY);
const SAVED_RUN: Kind = (
    "a saved run or weights",
    "Choose it under “Open a saved run”.",
);

/// Kinds that are known by what stands at a place in the file. The longer of two that begin alike comes first.
const MAGICS: &[(usize, &[u8], Kind)] = &[
    (
        0,
        b"\x1f\x8b",
        (
            "compressed twice",
            "Unpack it once, then use what comes out.",
        ),
    ),
    (0, b"PK\x03\x04", ("a ZIP archive", UNPACK)),
    (0, b"PK\x05\x06", ("an empty ZIP archive", BINARY_VERSION)),
    (0, b"7z\xbc\xaf\x27\x1c", ("a 7-Zip archive", UNPACK)),
    (0, b"Rar!\x1a\x07", ("a RAR archive", UNPACK)),
    (0, b"BZh", ("compressed with bzip2", UNPACK)),
    (0, b"\xfd7zXZ\0", ("compressed with xz", UNPACK)),
    (
        0,
        b"\x28\xb5\x2f\xfd",
        ("compressed with Zstandard", UNPACK),
    ),
    (0, b"\x04\x22\x4d\x18", ("compressed with LZ4", UNPACK)),
    (257, b"ustar", ("an archive within an archive", UNPACK)),
    (0, b"\x93NUMPY", ("a NumPy array (.npy)", AS_RECORDS)),
    (0, b"\x89HDF\r\n\x1a\n", ("an HDF5 file", AS_RECORDS)),
    (0, b"PAR1", ("a Parquet table", AS_RECORDS)),
    (0, b"ARROW1", ("an Arrow table", AS_RECORDS)),
    (
        0,
        b"MATLAB 5.0",
        (
            "a MATLAB file, as in CIFAR-10's MATLAB version",
            BINARY_VERSION,
        ),
    ),
    (0, b"SQLite format 3\0", ("an SQLite database", AS_RECORDS)),
    (
        0,
        b"\0\0\x08\x01",
        ("labels in MNIST's format (IDX)", AS_RECORDS),
    ),
    (
        0,
        b"\0\0\x08\x03",
        ("images in MNIST's format (IDX)", AS_RECORDS),
    ),
    (0, b"\x89PNG", ("a PNG picture", PICTURE)),
    (0, b"\xff\xd8\xff", ("a JPEG picture", PICTURE)),
    (0, b"GIF8", ("a GIF picture", PICTURE)),
    (8, b"WEBP", ("a WebP picture", PICTURE)),
    (4, b"ftypavif", ("an AVIF picture", PICTURE)),
    (4, b"ftyphei", ("a HEIC picture", PICTURE)),
    (4, b"ftypmif1", ("a HEIC picture", PICTURE)),
    (0, b"%PDF-", ("a PDF document", RECORDS_ONLY)),
];

/// Bytes of a text that are looked at.
const TEXT_LOOKED_AT: usize = 4_096;

/// Refuses what is known to be something else than records.
pub(super) fn refuse_others(bytes: &[u8]) -> Result<(), Error> {
    match kind_of(bytes) {
        Some((what, advice)) => Err(Error::OtherFormat { what, advice }),
        None => Ok(()),
    }
}

fn kind_of(bytes: &[u8]) -> Option<Kind> {
    let is_at =
        |place: usize, magic: &[u8]| bytes.get(place..).is_some_and(|b| b.starts_with(magic));
    if is_at(0, b"PK\x03\x04") {
        return Some(zip_of(bytes));
    }
    if let Some((_, _, kind)) = MAGICS.iter().find(|(place, magic, _)| is_at(*place, magic)) {
        return Some(*kind);
    }
    // A pickle says its protocol: 2 in CIFAR-10's files, up to 5 today.
    if matches!(bytes, [0x80, 2..=5, ..]) {
        return Some(PICKLE);
    }
    // The header's length in eight bytes, then JSON.
    if matches!(bytes, [_, _, _, _, 0, 0, 0, 0, b'{', ..]) {
        return Some(SAVED_RUN);
    }
    if is_cifar_100(bytes) {
        return Some(CIFAR_100);
    }
    is_text(bytes).then(|| if is_web_page(bytes) { WEB_PAGE } else { TEXT })
}

/// What is kept in a ZIP archive's form is told by the first name in it.
fn zip_of(bytes: &[u8]) -> Kind {
    let length = match bytes.get(26..28) {
        Some(&[low, high]) => usize::from(u16::from_le_bytes([low, high])),
        _ => 0,
    };
    let name = bytes.get(30..30 + length).unwrap_or_default();
    if name.ends_with(b".npy") {
        ("NumPy arrays (.npz)", AS_RECORDS)
    } else if name.ends_with(b"data.pkl") {
        ("a file of PyTorch's", AS_RECORDS)
    } else {
        ("a ZIP archive", UNPACK)
    }
}

/// Whether all records have a coarse label of 20 and a fine one of 100.
fn is_cifar_100(bytes: &[u8]) -> bool {
    let mut records = bytes.chunks_exact(RECORD_BYTES + 1);
    let fits = |record: &[u8]| matches!(record, [0..20, 0..100, ..]);
    !bytes.is_empty() && records.all(fits) && bytes.len().is_multiple_of(RECORD_BYTES + 1)
}

/// Whether the first bytes are text in UTF-8 without control characters.
fn is_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..TEXT_LOOKED_AT).unwrap_or(bytes);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character that the cut went through, and no other fault.
        Err(error) if error.error_len().is_none() && head.len() < bytes.len() => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default())
                .unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

fn is_web_page(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let begins = |tag: &[u8]| {
        start
            .get(..tag.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(tag))
    };
    begins(b"<!doctype html") || begins(b"<html") || begins(b"<head") || begins(b"<meta")
}

/// Whether a file goes with CIFAR-10's, or was put beside them by an operating system: it holds no records and is
/// no mistake. The list of class names counts with these names in this order only, as others mean other labels.
pub(super) fn is_companion(path: &str, bytes: &[u8]) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.starts_with('.') || ["Thumbs.db", "desktop.ini"].contains(&name) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let is_readme = is_web_page(bytes) && text.contains("~kriz/cifar");
    is_readme || text.split_whitespace().eq(CLASS_NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(bytes: &[u8]) -> &'static str {
        kind_of(bytes).map_or("", |(what, _)| what)
    }

    #[test]
    fn what_people_take_for_the_data_is_called_by_its_name() {
        let zip = |name: &str| {
            let length = [name.len() as u8, 0];
            [
                b"PK\x03\x04".as_slice(),
                &[0; 22],
                &length,
                &[0; 2],
                name.as_bytes(),
            ]
            .concat()
        };
        let cifar_100 = [[19_u8, 99].as_slice(), &[7; RECORD_BYTES - 1]].concat();
        let mut not_cifar_100 = cifar_100.clone();
        not_cifar_100[0] = 20;
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let kinds: [(&[u8], &str); 22] = [
            (b"\x80\x02}q\x01(U\x04datacnumpy", "a Python pickle"),
            (&cifar_100.repeat(2), "a file of CIFAR-100"),
            (&not_cifar_100, ""),
            (b"\x93NUMPY\x01\0", "a NumPy array"),
            (&zip("train_images.npy"), "NumPy arrays (.npz)"),
            (&zip("model/data.pkl"), "a file of PyTorch's"),
            (&zip("data_batch_1.bin"), "a ZIP archive"),
            (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
            (b"Rar!\x1a\x07\x01", "a RAR archive"),
            (b"\xfd7zXZ\0", "compressed with xz"),
            (b"BZh91AY&SY", "compressed with bzip2"),
            (b"\x1f\x8b\x08", "compressed twice"),
            (&tar, "an archive within an archive"),
            (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
            (b"PAR1\x15", "a Parquet table"),
            (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
            (b"\0\0\x08\x03\0\0", "images in MNIST's format"),
            (b"\x89PNG\r\n", "a PNG picture"),
            (b"\x02\0\0\0\0\0\0\0{}", "a saved run"),
            (b"\n<!DOCTYPE HTML><title>404</title>", "a web page"),
            ("label,pixel0\n3,é\n".as_bytes(), "a text file"),
            (b"\xff\xfe\x01", ""),
        ];
        for (bytes, expected) in kinds {
            let found = named(bytes);
            assert!(
                found.starts_with(expected) && found.is_empty() == expected.is_empty(),
                "{expected}: {found}"
            );
        }
    }

    #[test]
    fn a_long_text_is_one_though_the_look_ends_in_a_character() {
        let text = format!("{}é{}", "a".repeat(TEXT_LOOKED_AT - 1), "b".repeat(100));
        assert_eq!(named(text.as_bytes()), "a text file");
    }

    #[test]
    fn what_goes_with_the_data_holds_no_records_and_is_no_mistake() {
        let names = CLASS_NAMES.join("\n");
        let readme = b"<meta HTTP-EQUIV=\"REFRESH\" content=\"0; url=http://www.cs.toronto.edu/~kriz/cifar.html\">\n";
        assert!(is_companion(
            "batches.meta.txt",
            format!("{names}\n\n").as_bytes()
        ));
        assert!(is_companion("cifar/readme.html", readme));
        assert!(is_companion("cifar/.DS_Store", b"\0\0\0\x01Bud1"));
        assert!(is_companion("cifar/._data_batch_1.bin", b"\0\x05\x16\x07"));
        assert!(!is_companion(
            "names.txt",
            names.replace("airplane", "apple").as_bytes()
        ));
        assert!(!is_companion(
            "names.txt",
            format!("truck\n{names}").as_bytes()
        ));
        assert!(!is_companion("index.html", b"<html>Not found</html>"));
        assert!(!is_companion("data_batch_1.bin", &[0; RECORD_BYTES]));
    }
}
