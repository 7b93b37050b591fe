//! How a helper's job lies in its one buffer: what it says of itself, and where everything is. Nothing is computed here,
//! and what a job says is not believed before its length was looked at.

use js_sys::{ArrayBuffer, Float32Array, Uint8Array, Uint32Array};

use crate::error::Error;
use crate::optimizer::Share;
use crate::protocol::Arithmetic;
use crate::random::Draws;

/// Loss and number classified correctly come before the gradients, and as many places before the values.
pub(super) const FIGURES: u32 = 2;
/// Bytes of a number.
pub(super) const NUMBER: u32 = 4;
/// Words of four bytes with which a job begins: those of [`Header`].
pub(super) const HEADER_WORDS: u32 = 14;

/// What a job says of itself, and where everything lies in its one buffer: this header, the room of the answer, whose
/// beginning the values take until then, the images, the labels, and the model as JSON. One buffer is one thing to
/// send, and it comes back with the answer in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) values: u32,
    pub(super) records: u32,
    /// Numbers that the answer may have, with those that the values take.
    pub(super) room: u32,
    pub(super) draws: Draws,
    pub(super) image_bytes: u32,
    pub(super) model_bytes: u32,
    pub(super) arithmetic: Arithmetic,
    pub(super) label_smoothing: f32,
    /// Of Muon's matrices; of other jobs it says nothing.
    pub(super) share: Share,
}

impl Header {
    pub(super) fn words(self) -> [u32; HEADER_WORDS as usize] {
        let Draws {
            seed,
            epoch,
            step,
            first_record,
        } = self.draws;
        let Self {
            values,
            records,
            room,
            image_bytes,
            model_bytes,
            ..
        } = self;
        [
            values,
            records,
            room,
            seed,
            epoch,
            step,
            first_record,
            image_bytes,
            model_bytes,
            u32::from(self.arithmetic == Arithmetic::Portable),
            self.label_smoothing.to_bits(),
            self.share.part,
            self.share.parts,
            self.share.iterations,
        ]
    }

    /// Reads the header of a job.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it is shorter than that.
    pub(super) fn of(job: &ArrayBuffer) -> Result<Self, Error> {
        if job.byte_length() < HEADER_WORDS * NUMBER {
            return Err(too_short());
        }
        let mut words = [0; HEADER_WORDS as usize];
        Uint32Array::new_with_byte_offset_and_length(job, 0, HEADER_WORDS).copy_to(&mut words);
        let [
            values,
            records,
            room,
            seed,
            epoch,
            step,
            first_record,
            image_bytes,
            model_bytes,
            is_portable,
            label_smoothing,
            part,
            parts,
            iterations,
        ] = words;
        let header = Self {
            values,
            records,
            room,
            draws: Draws {
                seed,
                epoch,
                step,
                first_record,
            },
            image_bytes,
            model_bytes,
            arithmetic: match is_portable {
                0 => Arithmetic::Auto,
                _ => Arithmetic::Portable,
            },
            label_smoothing: f32::from_bits(label_smoothing),
            share: Share {
                part,
                parts,
                iterations,
            },
        };
        if u64::from(job.byte_length()) < header.end() {
            return Err(too_short());
        }
        Ok(header)
    }

    pub(super) fn pixels(self) -> u64 {
        let numbers = self.room.max(self.values.saturating_add(FIGURES));
        (u64::from(HEADER_WORDS) + u64::from(numbers)) * u64::from(NUMBER)
    }

    pub(super) fn labels(self) -> u64 {
        self.pixels() + u64::from(self.records) * u64::from(self.image_bytes)
    }

    pub(super) fn model(self) -> u64 {
        self.labels() + u64::from(self.records)
    }

    /// How many bytes there are in all.
    pub(super) fn end(self) -> u64 {
        self.model() + u64::from(self.model_bytes)
    }
}

pub(super) fn too_short() -> Error {
    Error::checkpoint("a helper's job is shorter than it says".into())
}

/// So many numbers of a buffer, from the one at `first` on.
pub(super) fn numbers(buffer: &ArrayBuffer, first: u32, length: u32) -> Float32Array {
    Float32Array::new_with_byte_offset_and_length(buffer, first * NUMBER, length)
}

/// So many bytes of a buffer, from the one at `first` on.
pub(super) fn bytes(buffer: &ArrayBuffer, first: u32, length: u32) -> Uint8Array {
    Uint8Array::new_with_byte_offset_and_length(buffer, first, length)
}
