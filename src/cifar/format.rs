//! CIFAR-10's own numbers and names: a record is a label byte and 3,072 pixel bytes, 1,024 red, 1,024 green, 1,024
//! blue, each 32 × 32 row by row (<https://www.cs.toronto.edu/~kriz/cifar.html>, "Binary version").
//!
//! Nobody else counts on them: what follows asks the [`Dataset`](super::Dataset) what its records are.

use crate::protocol::{ImageSpec, RecordSpec};

/// The class names in the order of the labels.
pub const CLASS_NAMES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];
/// What its pictures are.
pub const IMAGE: ImageSpec = ImageSpec {
    channels: 3,
    height: 32,
    width: 32,
};
/// What its records are.
pub const RECORD: RecordSpec = RecordSpec {
    image: IMAGE,
    classes: CLASS_NAMES.len(),
};
/// Bytes of one record: a label and an image.
pub const RECORD_BYTES: usize = RECORD.bytes();
/// Records of all of CIFAR-10, and the most that are held of one split.
pub const RECORDS_MAX: usize = 60_000;
/// The longest file: all of CIFAR-10 in one. It bounds what a gzip bomb can allocate.
pub const FILE_BYTES_MAX: usize = RECORDS_MAX * RECORD_BYTES;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::limits;

    #[test]
    fn all_of_cifar_10_is_within_the_limits() {
        assert_eq!(RECORD.check(), Ok(()));
        assert_eq!((IMAGE.bytes(), RECORD_BYTES), (3_072, 3_073));
        assert_eq!(limits::records(RECORD_BYTES), RECORDS_MAX);
        assert_eq!(limits::SPLIT_BYTES, FILE_BYTES_MAX);
    }
}
