//! A program with a time limit, so that a check that hangs is told by name and does not take the
//! rest of the run's time.
//!
//! The program stays in our process group, because Ctrl+C has to reach it; what it started is
//! therefore found by its parents and not by a group.

use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Context, Error, Result};
use crate::step::duration;
use crate::workspace::{command_line, outcome, output_of};

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
            end(&mut child);
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

/// Ends a program and all that it started. What fails here fails because it has ended already.
fn end(child: &mut Child) {
    let root = child.id();
    if cfg!(windows) {
        output_of(Command::new("taskkill").args(["/T", "/F", "/PID", &root.to_string()]));
    } else if let Some(listing) = output_of(Command::new("ps").args(["-A", "-o", "pid=,ppid="])) {
        let tree = family(root, &listing).into_iter().map(|id| id.to_string());
        output_of(
            Command::new("sh")
                .args(["-c", "kill -KILL \"$@\"", "sh"])
                .args(tree),
        );
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A process and its descendants, from lines of a process and its parent.
fn family(root: u32, listing: &str) -> Vec<u32> {
    let pair = |line: &str| -> Option<(u32, u32)> {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    let pairs: Vec<(u32, u32)> = listing.lines().filter_map(pair).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(
            pairs
                .iter()
                .filter(|pair| pair.1 == parent)
                .map(|pair| pair.0),
        );
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn a_family_is_found_whatever_the_order_of_the_lines() {
        let listing = "  1 0\n 12 11\n 10 1\n 11 10\n 13 10\n 20 1\nnonsense\n";
        assert_eq!(family(10, listing), [10, 11, 13, 12]);
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_hangs_is_ended_with_its_children() {
        if output_of(&mut Command::new("ps")).is_none() {
            return; // Some containers have no ps; there the program ends alone.
        }
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 60 & sleep 60; true"])
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
