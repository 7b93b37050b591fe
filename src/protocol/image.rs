//! What a picture and a record of a data set are, as values: everything after `cifar` works for any of them.

use serde::{Deserialize, Serialize};

use super::limits;
use crate::error::Error;

/// The shape of one picture: planes of bytes, one a channel, each row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSpec {
    /// Number of planes: 1 for gray, 3 for red, green and blue.
    pub channels: u32,
    /// Height in pixels.
    pub height: u32,
    /// Width in pixels.
    pub width: u32,
}

impl ImageSpec {
    /// Bytes of one plane.
    pub const fn plane_bytes(self) -> usize {
        (self.height as usize).saturating_mul(self.width as usize)
    }

    /// Bytes of all planes.
    pub const fn bytes(self) -> usize {
        (self.channels as usize).saturating_mul(self.plane_bytes())
    }

    /// Channels, height and width.
    pub fn dims(self) -> [usize; 3] {
        [self.channels, self.height, self.width].map(|side| side as usize)
    }

    fn problem(self) -> Option<String> {
        if !limits::CHANNELS.contains(&self.channels) {
            let channels = self.channels;
            return Some(format!(
                "the number of channels is {channels}, and 1 or 3 can be used"
            ));
        }
        let mut sides = [self.height, self.width].into_iter();
        let side = sides.find(|side| !limits::SIDES.contains(side))?;
        let (low, high) = (limits::SIDES.start(), limits::SIDES.end());
        Some(format!(
            "a side has {side} pixels, and {low} to {high} can be used"
        ))
    }
}

/// What the records of a data set are: a label byte, then the bytes of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordSpec {
    /// The picture.
    pub image: ImageSpec,
    /// Number of classes: a label is below it.
    pub classes: usize,
}

impl RecordSpec {
    /// Bytes of one record.
    pub const fn bytes(self) -> usize {
        self.image.bytes().saturating_add(1)
    }

    /// Checks shape and classes against the limits. What is within them is safe to multiply and to allocate.
    ///
    /// # Errors
    /// [`Error::Dataset`] that says what is out of range.
    pub fn check(self) -> Result<(), Error> {
        let (low, high) = (limits::CLASSES.start(), limits::CLASSES.end());
        let problem = if limits::CLASSES.contains(&self.classes) {
            self.image.problem()
        } else {
            let classes = self.classes;
            Some(format!(
                "the number of classes is {classes}, and {low} to {high} can be used"
            ))
        };
        problem.map_or(Ok(()), |problem| Err(Error::Dataset { problem }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(channels: u32, height: u32, width: u32, classes: usize) -> RecordSpec {
        let image = ImageSpec {
            channels,
            height,
            width,
        };
        RecordSpec { image, classes }
    }

    #[test]
    fn what_is_out_of_range_is_refused_with_a_sentence_that_names_it() {
        for (spec, word) in [
            (spec(0, 32, 32, 10), "channels is 0,"),
            (spec(2, 32, 32, 10), "channels is 2,"),
            (spec(4, 32, 32, 10), "channels is 4,"),
            (spec(3, 7, 32, 10), "7 pixels"),
            (spec(1, 28, 97, 10), "97 pixels"),
            (spec(1, u32::MAX, u32::MAX, 10), "4294967295 pixels"),
            (spec(u32::MAX, u32::MAX, u32::MAX, 10), "channels"),
            (spec(1, 28, 28, 0), "classes is 0,"),
            (spec(1, 28, 28, 1), "classes is 1,"),
            (spec(1, 28, 28, 101), "classes is 101,"),
        ] {
            let error = spec.check().err().map(|error| error.to_string());
            assert!(error.is_some_and(|text| text.contains(word)), "{word}");
        }
    }

    #[test]
    fn a_record_is_a_label_and_its_planes() {
        for spec in [
            spec(1, 8, 8, 2),
            spec(3, 96, 96, 100),
            spec(1, 28, 20, 3),
            spec(3, 32, 32, 10),
        ] {
            assert_eq!(spec.check(), Ok(()));
            let [channels, height, width] = spec.image.dims();
            assert_eq!(spec.bytes(), 1 + channels * height * width);
        }
        assert_eq!(spec(u32::MAX, u32::MAX, u32::MAX, 2).bytes(), usize::MAX);
    }
}
