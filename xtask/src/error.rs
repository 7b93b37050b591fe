//! The one error of the chores: what went wrong and what to do about it, as sentences for people.
//!
//! A chore only ever prints its errors and stops, so there is nothing to match on: two strings do
//! what an enum of causes would do.

use std::fmt::Display;

/// What went wrong, and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    hint: String,
}

/// The result of every chore.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error with its way out.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// What to do next, as a sentence.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// Says what was being done when something of the standard library failed.
pub trait Context<T> {
    /// Turns the error into ours: `Cannot {doing}: {cause}`, with a way out.
    ///
    /// # Errors
    /// The same error, dressed.
    fn context(self, doing: impl Display, hint: &str) -> Result<T>;
}

impl<T, E: Display> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl Display, hint: &str) -> Result<T> {
        self.map_err(|cause| Error::new(format!("Cannot {doing}: {cause}."), hint))
    }
}

/// The way out of a failed file operation.
pub const CHECK_DISK: &str = "Check the path, its permissions and the free disk space.";
