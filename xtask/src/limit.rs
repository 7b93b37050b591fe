//! A program with a time limit, so that a check that hangs is told by name and does not take the
//! rest of the run's time.
//!
//! The program stays in our process group, because Ctrl+C has to reach it; what it started is
//! therefore found by its parents and not by a group.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Context, Error, Result};
use crate::family;
use crate::step::duration;
use crate::workspace::{command_line, outcome};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Runs a program to its end or to the limit, its output going where ours goes.
///
/// # Errors
/// It cannot be started, it says that it failed, or it was ended at the limit.
pub fn run_within(limit: Duration, command: &mut Command, hint: &str) -> Result<()> {
    let line = command_line(command);
    let started = Instant::now();
    let mut child = command.spawn().context(format!("start `{line}`"), hint)?;
    loop {
        let ended = child.try_wait();
        if let Some(status) = ended.context(format!("wait for `{line}`"), hint)? {
            return outcome(&line, status, hint);
        }
        if started.elapsed() > limit {
            family::end(&mut child);
            return Err(Error::new(
                format!(
                    "`{line}` still ran after {} and was ended.",
                    duration(limit)
                ),
                "If it was still building, run the command again: it goes on from there. If it hung, look at its last lines above.",
            ));
        }
        thread::sleep(LOOK_EVERY);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_program_that_hangs_is_ended_with_its_children() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", "(sleep 60 & sleep 60; true) & sleep 60; true"])
            .stdout(writer);
        let error = run_within(Duration::from_millis(300), &mut command, "");
        assert!(error.err().unwrap().to_string().contains("was ended"));
        drop(command);
        // The pipe ends when the last of them has.
        let started = Instant::now();
        std::io::read_to_string(&mut reader).unwrap();
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[cfg(unix)]
    #[test]
    fn within_the_limit_a_program_says_how_it_ended() {
        let limit = Duration::from_secs(60);
        assert!(run_within(limit, &mut Command::new("true"), "").is_ok());
        assert!(run_within(limit, &mut Command::new("false"), "").is_err());
    }
}
