//! What ends a command: an exit code, and for people a sentence and a hint.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use crate::error::Error;
use crate::protocol::ErrorReport;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done.
    Fine,
    /// It could not be done.
    Failed,
    /// It was not asked for rightly.
    Usage,
    /// It was interrupted, by Ctrl+C for one.
    Interrupted,
}

impl Exit {
    /// What asking for help, or asking wrongly, ends with.
    pub fn of_parsing(error: &clap::Error) -> Self {
        match error.exit_code() {
            0 => Self::Fine,
            _ => Self::Usage,
        }
    }

    /// The number that shells know.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// The command line's own codes, beside the crate's (`docs/errors.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A file cannot be read or written.
    File,
    /// There are no images where they are looked for.
    NoImages,
    /// A picture cannot be used.
    Picture,
    /// Ctrl+C cannot be listened for.
    Signals,
    /// Options that do not go together.
    Usage,
}

impl Code {
    /// As a program reads it.
    fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::NoImages => "no_images",
            Self::Picture => "picture",
            Self::Signals => "signals",
            Self::Usage => "usage",
        }
    }
}

/// Why a command was not done.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is said.
    pub report: ErrorReport,
    /// What the process ends with.
    pub exit: Exit,
}

impl Failure {
    /// Something outside could not be done: a file could not be read, say.
    pub fn new(code: Code, message: String, hint: &str) -> Self {
        Self {
            report: ErrorReport {
                code: code.word().into(),
                message,
                hint: hint.into(),
            },
            exit: Exit::Failed,
        }
    }

    /// The command was typed wrongly.
    pub fn usage(message: String, hint: &str) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::new(Code::Usage, message, hint)
        }
    }

    /// A file could not be read or written.
    pub fn file(path: &Path, doing: &str, why: &dyn Display, hint: &str) -> Self {
        let message = format!("{} cannot be {doing}: {why}.", path.display());
        Self::new(Code::File, message, hint)
    }

    /// The same about a file, by its name.
    #[must_use]
    pub fn about(mut self, path: &Path) -> Self {
        let message = &self.report.message;
        self.report.message = format!("{}: {message}", path.display());
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut report = error.report();
        if let Some(hint) = hint(&error) {
            report.hint = hint.into();
        }
        let exit = match error {
            Error::InvalidConfig { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Self { report, exit }
    }
}

/// What to do at a terminal, where the error's own hint speaks of the page.
fn hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::InvalidConfig { .. } => "`convburn train --help` says what each option may be.",
        Error::InvalidManifest { .. } | Error::HashMismatch { .. } => {
            "Make the folder anew with `cargo xtask data`, or name CIFAR-10's binary version by --data."
        }
        Error::OtherFormat { .. } | Error::Archive { .. } => {
            "Name cifar-10-binary.tar.gz by --data, or the folder with the .bin files in it."
        }
        Error::DataMissing { .. } => {
            "Ask for fewer by --train and --test, or name a folder with more of them by --data."
        }
        Error::Checkpoint { .. } => {
            "Name a .safetensors file that ConvBurn saved, on the page or here."
        }
        Error::OtherData { .. } => "Name the folder with exactly those files by --data.",
        Error::BackendUnavailable { .. } => "Choose another one: --backend flex.",
        Error::SelfCheck { .. } => "Train on the processor: --backend flex.",
        Error::Diverged { .. } => "Begin again with a smaller learning rate: --lr 0.0003.",
        Error::Compute { .. } => "Try again; with --backend flex if it happens again.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let section = text.split("## Codes of the command line").nth(1);
        let section = section.unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let all = [
            Code::File,
            Code::NoImages,
            Code::Picture,
            Code::Signals,
            Code::Usage,
        ];
        for code in all {
            let row = format!("| `{}` |", code.word());
            assert!(section.contains(&row), "{code:?}");
        }
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        assert_eq!(rows.count(), all.len());
    }
}
