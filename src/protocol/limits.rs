//! What this crate takes: the one table of limits. A format, such as CIFAR-10's, has its own numbers, within these.

use std::ops::RangeInclusive;

/// Number of classes. A label is one byte, and every class has a row on the page.
pub const CLASSES: RangeInclusive<usize> = 2..=100;
/// Characters of the longest class name: a saved run carries it, and the page says it.
pub const CLASS_NAME_CHARS: usize = 100;
/// Channels of a picture: gray, or red, green and blue.
pub const CHANNELS: [u32; 2] = [1, 3];
/// Height and width of a picture in pixels.
pub const SIDES: RangeInclusive<u32> = 8..=96;

/// Bytes that the records of one split may take: CIFAR-10's 60,000 of 3,073, in one file or in many. Of smaller
/// pictures there may be more (234,878 of 28 × 28 in gray), of larger ones fewer (6,668 of 96 × 96 in colour).
pub const SPLIT_BYTES: usize = 60_000 * 3_073;
/// Most records of a split, and of what a run uses of it: beside its bytes each takes a hash of 8, and up to two
/// indices where it is used, so that a split takes at most 6 MB more than [`SPLIT_BYTES`].
pub const RECORDS: u32 = 250_000;

/// Number of CPU workers asked for; 0: as many as pay.
pub const WORKERS: RangeInclusive<u32> = 0..=64;
/// Number of epochs.
pub const EPOCHS: RangeInclusive<u32> = 1..=1_000;
/// Epochs that a run waits for a better one.
pub const PATIENCE: RangeInclusive<u32> = 0..=1_000;
/// Records of a step. Above it the tutorial's activations alone would need more than a gigabyte.
pub const BATCH: RangeInclusive<u32> = 1..=4_096;
/// Largest learning rate.
pub const LR: f64 = 10.0;
/// Largest factor on the learning rate of normalisation's biases.
pub const LR_FACTOR: f64 = 100.0;
/// Number of Muon's iterations: five come as near to orthogonal as its polynomial does.
pub const MUON_ITERATIONS: RangeInclusive<u32> = 1..=10;
/// Most numbers of a setting that is a list.
pub const LIST: usize = 32;
/// Largest shift of an augmented image in pixels: reflected, it needs more pixels than that on every side.
pub const SHIFT_PX: RangeInclusive<u32> = 0..=*SIDES.start() - 1;
/// Side of the square that is cut out of an augmented image; smaller than the image.
pub const CUTOUT_PX: RangeInclusive<u32> = 0..=*SIDES.end() - 1;
/// Milliseconds between two progress events.
pub const REPORT_EVERY_MS: RangeInclusive<u32> = 10..=60_000;

/// Most records of `record_bytes` each that a split may have.
pub const fn records(record_bytes: usize) -> usize {
    let room = SPLIT_BYTES / if record_bytes == 0 { 1 } else { record_bytes };
    if room < RECORDS as usize {
        room
    } else {
        RECORDS as usize
    }
}

/// Whether these can be the names of a data set's classes.
pub fn are_class_names(names: &[String]) -> bool {
    let fits = |name: &String| name.chars().nth(CLASS_NAME_CHARS).is_none();
    CLASSES.contains(&names.len()) && names.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_bounded_by_its_bytes_and_by_its_records() {
        for (record_bytes, most) in [
            (3_073, 60_000),
            (1 + 28 * 28, 234_878),
            (1 + 3 * 96 * 96, 6_668),
            (1 + 8 * 8, 250_000),
            (0, 250_000),
        ] {
            assert_eq!(records(record_bytes), most);
            assert!(record_bytes * most <= SPLIT_BYTES);
        }
    }

    #[test]
    fn class_names_are_of_the_right_number_and_length() {
        let names = |count: usize, chars: usize| vec!["ü".repeat(chars); count];
        assert!(are_class_names(&names(2, CLASS_NAME_CHARS)));
        assert!(are_class_names(&names(100, 1)));
        for (count, chars) in [(1, 1), (101, 1), (0, 0), (2, CLASS_NAME_CHARS + 1)] {
            assert!(!are_class_names(&names(count, chars)), "{count} of {chars}");
        }
    }
}
