//! The command line: `convburn train | evaluate | predict | info`, native, on all cores.
//!
//! It reads options (made from the table of settings), files of images and runs, drives a session with threads as its
//! helpers, and says what comes of it: to people, or with `--json` to programs. What a run is and when it is kept is
//! not decided here. Exit codes: 0 fine, 1 failed, 2 wrong use, 130 interrupted.

mod data;
mod evaluate;
mod failure;
mod info;
mod options;
mod output;
mod picture;
mod predict;
mod progress;
mod run_file;
mod saving;
mod text;
mod train;

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::process::ExitCode;

use failure::{Exit, Failure};
use output::Output;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(tell_fault));
    let ended = catch_unwind(AssertUnwindSafe(run));
    ended.unwrap_or(Exit::Failed).into()
}

fn run() -> Exit {
    let matches = match options::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print(); // There is nobody else to tell.
            return Exit::of_parsing(&error);
        }
    };
    let Some((name, given)) = matches.subcommand() else {
        return Exit::Usage; // The parser asks for one.
    };
    let output = Output::new(given.get_flag(options::JSON));
    let ended = match name {
        "train" => train::run(given, &output),
        "evaluate" => evaluate::run(given, &output).map(|()| Exit::Fine),
        "predict" => predict::run(given, &output).map(|()| Exit::Fine),
        _ => info::run(given, &output).map(|()| Exit::Fine),
    };
    ended.unwrap_or_else(|failure: Failure| {
        output.failure(&failure.report);
        failure.exit
    })
}

/// A panic as two sentences.
fn tell_fault(panic: &PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("no reason was given");
    let place = panic.location().map_or_else(String::new, |location| {
        format!(" ({}:{})", location.file(), location.line())
    });
    output::note(&format!(
        "ConvBurn failed by a fault of its own{place}: {said}\nPlease report it with the command that you typed."
    ));
}
