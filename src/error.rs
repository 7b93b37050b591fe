//! Everything that can go wrong, as one enum: each variant says what happened and what to do next.
//!
//! An error is made once, where it is noticed, and handled once, by whoever called the crate.
//! At the border it becomes `{code, message, hint}` (see [`Error::report`]); codes are stable and
//! listed in `docs/errors.md`.

use crate::protocol::ErrorReport;

/// What can go wrong in this crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field of the configuration is out of range or cannot be read.
    #[error("The setting \"{field}\" cannot be used: {problem}.")]
    InvalidConfig {
        /// The field's name in the configuration and the page's address.
        field: String,
        /// What is wrong with it, as the end of a sentence.
        problem: String,
    },
    /// The manifest is of another version or names impossible shards.
    #[error("The list of data files cannot be used: {problem}.")]
    InvalidManifest {
        /// What is wrong with it, as the end of a sentence.
        problem: String,
    },
    /// The bytes start like gzip but do not decompress.
    #[error("The file is damaged: it starts like gzip but does not decompress ({problem}).")]
    Gzip {
        /// The decompressor's words.
        problem: String,
    },
    /// The file is known to be something else than records.
    #[error("This is {what}.")]
    OtherFormat {
        /// What it is, as the end of a sentence.
        what: &'static str,
        /// What to do with it, as a sentence.
        advice: &'static str,
    },
    /// An archive of files cannot be used.
    #[error("The archive cannot be used: {problem}.")]
    Archive {
        /// What is wrong with it, as the end of a sentence.
        problem: String,
    },
    /// The bytes are not a whole number of CIFAR-10 records.
    #[error("{}", not_whole(*bytes, *record_bytes))]
    RecordLength {
        /// Length of the decompressed bytes.
        bytes: usize,
        /// Length of one record.
        record_bytes: usize,
    },
    /// More bytes than all of CIFAR-10, in one file or with those that are held.
    #[error("That is too much: there would be more than {limit_bytes} bytes of records.")]
    TooLarge {
        /// The largest length accepted.
        limit_bytes: usize,
    },
    /// A record's label is not a class.
    #[error("This is not CIFAR-10: record {} has the label {label}, and labels are 0 to 9.", record + 1)]
    Label {
        /// Index of the record in the file, from 0.
        record: usize,
        /// The label found.
        label: u8,
    },
    /// Pictures of a shape or a number of classes, or records, that cannot be used as data.
    #[error("These pictures cannot be used: {problem}.")]
    Dataset {
        /// What is wrong with them, as the end of a sentence.
        problem: String,
    },
    /// The bytes are not those that the manifest promises.
    #[error("The file does not match the list of data files: its SHA-256 is {found}.")]
    HashMismatch {
        /// The digest found.
        found: String,
    },
    /// The same bytes were added before.
    #[error("These records are already loaded{}.", .name.as_ref().map(|n| format!(" ({n})")).unwrap_or_default())]
    Duplicate {
        /// Name of the official file or shard.
        name: Option<String>,
    },
    /// Training was asked for before there was enough data.
    #[error("There is not enough data yet: {have} of {need} {split} records are loaded.")]
    DataMissing {
        /// `training` or `test`.
        split: &'static str,
        /// Records held.
        have: u32,
        /// Records that the configuration asks for.
        need: u32,
    },
    /// Something other than `load` was called first.
    #[error("Nothing is loaded yet.")]
    NotLoaded,
    /// Another call is still running.
    #[error("\"{running}\" is still running.")]
    Busy {
        /// The call that runs.
        running: &'static str,
    },
    /// A run that a driver brings on is under way or paused.
    #[error("A run is under way.")]
    RunUnderWay,
    /// The pixels given to `predict` are not those of so many images.
    #[error("The pixels are {bytes} bytes long, and {images} × {image_bytes} bytes were expected.")]
    PixelLength {
        /// Number of bytes given.
        bytes: usize,
        /// Number of images asked about.
        images: usize,
        /// Bytes of one image.
        image_bytes: usize,
    },
    /// The backend asked for cannot run here.
    #[error("The backend \"{backend}\" cannot run here: {problem}.")]
    BackendUnavailable {
        /// Its name in the configuration.
        backend: &'static str,
        /// Why not, as the end of a sentence.
        problem: String,
    },
    /// The backend computes something else than the CPU does.
    #[error("The backend \"{backend}\" is refused: {problem}.")]
    SelfCheck {
        /// Its name in the configuration.
        backend: &'static str,
        /// What differs and by how much, as the end of a sentence.
        problem: String,
    },
    /// The loss is no number any more.
    #[error("Training diverged: the loss became {loss} in epoch {epoch}. Most likely {cause}.")]
    Diverged {
        /// Number of the epoch, from 1.
        epoch: u32,
        /// `NaN` or `inf`.
        loss: String,
        /// What is likely to have caused it, as the end of a sentence.
        cause: &'static str,
    },
    /// Burn could not run an operation or read a tensor back.
    #[error("The backend failed while computing: {problem}.")]
    Compute {
        /// The backend's words.
        problem: String,
    },
    /// A file is no run or weights of this network.
    #[error("The file cannot be used as a run: {problem}.")]
    Checkpoint {
        /// What is wrong with it, as the end of a sentence.
        problem: String,
    },
    /// A saved run cannot go on, because the records held are not those that it was trained on.
    #[error("The run cannot go on with these images: it was trained on others. It needs {wanted}.")]
    OtherData {
        /// The files to add, as the end of a sentence.
        wanted: String,
    },
    /// A value passed by JavaScript has the wrong form.
    #[error("The argument \"{argument}\" has the wrong form: {problem}.")]
    InvalidArgument {
        /// The parameter's name.
        argument: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A JavaScript function passed in threw.
    #[error("The progress function threw: {problem}.")]
    Callback {
        /// What it threw.
        problem: String,
    },
}

impl Error {
    /// Shorthand for [`Error::InvalidConfig`].
    pub(crate) fn invalid_config(field: &str, problem: String) -> Self {
        let field = field.to_owned();
        Self::InvalidConfig { field, problem }
    }

    /// Shorthand for [`Error::Checkpoint`].
    pub(crate) fn checkpoint(problem: String) -> Self {
        Self::Checkpoint { problem }
    }

    /// The stable code by which a program tells errors apart.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidConfig { .. } => "invalid_config",
            Self::InvalidManifest { .. } => "invalid_manifest",
            Self::Gzip { .. } => "gzip",
            Self::OtherFormat { .. } => "other_format",
            Self::Archive { .. } => "archive",
            Self::RecordLength { .. } => "record_length",
            Self::TooLarge { .. } => "too_large",
            Self::Label { .. } => "label",
            Self::Dataset { .. } => "dataset",
            Self::HashMismatch { .. } => "hash_mismatch",
            Self::Duplicate { .. } => "duplicate",
            Self::DataMissing { .. } => "data_missing",
            Self::NotLoaded => "not_loaded",
            Self::Busy { .. } | Self::RunUnderWay => "busy",
            Self::PixelLength { .. } => "pixel_length",
            Self::BackendUnavailable { .. } => "backend_unavailable",
            Self::SelfCheck { .. } => "self_check",
            Self::Diverged { .. } => "diverged",
            Self::Compute { .. } => "compute",
            Self::Checkpoint { .. } | Self::OtherData { .. } => "checkpoint",
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::Callback { .. } => "callback",
        }
    }

    /// What to do next, as a sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InvalidConfig { .. } => "Change the setting and try again.",
            Self::InvalidManifest { .. } => {
                "Use your own copy of CIFAR-10, or try again later: the server's list has to be put there anew."
            }
            Self::Gzip { .. } => "Download the file again.",
            Self::HashMismatch { .. } => {
                "Use your own copy of CIFAR-10, or try again later: the server's files and its list do not belong together."
            }
            Self::OtherFormat { advice, .. } => advice,
            Self::Archive { .. } => {
                "Use cifar-10-binary.tar.gz, or unpack it and use the .bin files in it."
            }
            Self::RecordLength { .. } | Self::Label { .. } | Self::TooLarge { .. } => {
                "Use the files data_batch_1.bin to data_batch_5.bin and test_batch.bin of the CIFAR-10 binary version."
            }
            Self::Dataset { .. } => {
                "Give pictures of one shape, 1 or 3 channels with sides of 8 to 96 pixels, and a label for each, of 2 to 100 classes."
            }
            Self::Duplicate { .. } => "Nothing to do; the records are used once.",
            Self::DataMissing { .. } => "Wait for the rest of the data, or ask for fewer records.",
            Self::NotLoaded => "Call `load` and wait for it first.",
            Self::RunUnderWay => "Stop it first, then try again.",
            Self::Busy { .. } => {
                "Wait for it to finish; `pause` and `stop` can be called at any time."
            }
            Self::PixelLength { .. } => {
                "Give the bytes of each image plane by plane, row by row (of CIFAR-10 3,072: 1,024 red, 1,024 green, 1,024 blue; no alpha), and say how many images they are."
            }
            Self::BackendUnavailable { .. } => "Choose \"auto\" or \"flex\".",
            Self::SelfCheck { .. } => {
                "Choose \"flex\": it trains on the processor. A newer browser or graphics driver may mend it."
            }
            Self::Diverged { .. } => {
                "Go on from before it with a smaller learning rate, or start again with one, for example 0.001."
            }
            Self::Compute { .. } => "Start again; choose \"flex\" if it happens again.",
            Self::Checkpoint { .. } => "Use a .safetensors file that this page saved.",
            Self::OtherData { .. } => {
                "Drop exactly those files, or go back to the server's images if it was trained on these."
            }
            Self::InvalidArgument { .. } => "Pass a value of the documented type.",
            Self::Callback { .. } => "Mend the function that was passed to `train_epoch`.",
        }
    }

    /// The error as it crosses the border. What it quotes may come from a stranger's file: the message is
    /// cut where it would fill the page.
    pub fn report(&self) -> ErrorReport {
        ErrorReport {
            code: self.code().to_owned(),
            message: shortened(self.to_string()),
            hint: self.hint().to_owned(),
        }
    }
}

/// What is wrong with a file that is not made of whole records.
fn not_whole(bytes: usize, record_bytes: usize) -> String {
    match (bytes, bytes % record_bytes) {
        (0, _) => "The file is empty.".to_owned(),
        (_, 1) => format!(
            "The file is cut short or is not CIFAR-10: 1 byte is left over after whole records of {record_bytes} bytes."
        ),
        (_, left) => format!(
            "The file is cut short or is not CIFAR-10: {left} bytes are left over after whole records of {record_bytes} bytes."
        ),
    }
}

/// Characters of the longest message that crosses the border.
const MESSAGE_MAX: usize = 500;

fn shortened(text: String) -> String {
    match text.char_indices().nth(MESSAGE_MAX) {
        None => text,
        Some((end, _)) => format!("{} …", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_quotes_a_whole_file_is_cut_between_two_characters() {
        let long = Error::checkpoint("ü".repeat(100_000)).report().message;
        assert_eq!(long.chars().count(), MESSAGE_MAX + 2);
        assert!(long.ends_with("ü …"));
        let short = Error::checkpoint("it is short".into());
        assert_eq!(short.report().message, short.to_string());
    }
}
