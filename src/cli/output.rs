//! Where words go: results to the standard output, all else to the standard error. With `--json` the standard output
//! has one JSON value a line, and nothing is said to people.

use std::io::{Write, stderr, stdout};

use serde::Serialize;

use crate::protocol::ErrorReport;

/// Who is spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Programs read it.
    pub json: bool,
}

/// How a failure is told to programs.
#[derive(Serialize)]
struct FailureLine<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    report: &'a ErrorReport,
}

impl Output {
    /// To programs, or to people.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// A result for people.
    pub fn line(self, text: &str) {
        if !self.json {
            print(text);
        }
    }

    /// A result for programs.
    pub fn json(self, value: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(value)
            && self.json
        {
            print(&text);
        }
    }

    /// What people may want to know beside the result.
    pub fn note(self, text: &str) {
        if !self.json {
            note(text);
        }
    }

    /// Why there is no result.
    pub fn failure(self, report: &ErrorReport) {
        self.json(&FailureLine {
            kind: "error",
            report,
        });
        self.note(&format!("{}\n{}", report.message, report.hint));
    }
}

/// Whoever reads may have gone (`| head`), which is no failure.
fn print(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

/// To the standard error, whoever is spoken to.
pub fn note(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}
