//! `cargo xtask serve`: from a fresh clone to the page in a browser, in one command.
//!
//! Trunk builds and serves; this sets up what it needs, says where the page will be, and steps
//! aside. The first time it waits for no more than the page's small modules (`first_page.rs`).

use std::net::TcpListener;
use std::process::Command;

use clap::Parser;

use crate::dist::{NEEDS, trunk};
use crate::error::{Error, Result};
use crate::family;
use crate::first_page;
use crate::setup::ensure;
use crate::workspace::Workspace;

/// Build for release and serve the page.
#[derive(Debug, Parser)]
pub struct Options {
    /// Where the page is served.
    #[arg(long, short, value_name = "N", default_value_t = 8080)]
    port: u16,
    /// Further options of trunk's, as they are.
    #[arg(
        value_name = "TRUNK'S OPTION",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    trunk: Vec<String>,
}

impl Options {
    /// Behind the first option of trunk's own, clap leaves ours to trunk too: it is read from there on again.
    fn with_later_port(mut self) -> std::result::Result<Self, clap::Error> {
        let is_port =
            |word: &String| word == "-p" || word == "--port" || word.starts_with("--port=");
        let Some(at) = self.trunk.iter().position(is_port) else {
            return Ok(self);
        };
        let later = self.trunk.split_off(at);
        let words = ["cargo xtask serve".to_owned()].into_iter().chain(later);
        let later = Self::try_parse_from(words)?;
        self.trunk.extend(later.trunk);
        Ok(Self {
            port: later.port,
            ..self
        })
    }
}

const HINT: &str = "Add `--port 8081`, or end what listens there.";

/// Serves the page until it is interrupted.
///
/// # Errors
/// Something needed cannot be installed, the port is not free, or trunk fails.
pub fn serve(workspace: &mut Workspace, options: Options) -> Result<()> {
    let options = options.with_later_port();
    let Options { port, trunk: rest } = options.unwrap_or_else(|mistake| mistake.exit());
    require_free(port)?;
    family::end_with_us()?;
    for need in NEEDS {
        ensure(need, workspace)?;
    }
    let comes_first = only_say_where(&rest) && first_page::is_due(workspace)?;
    println!("==> Building for release, which takes minutes the first time, and serving");
    println!(
        "    Open http://127.0.0.1:{port}/ once trunk says that it listens there; Ctrl+C ends it."
    );
    if comes_first {
        return first_page::serve(workspace, port, &rest);
    }
    first_page::clear(workspace)?;
    let mut command = trunk(workspace);
    command
        .args(["serve", "--release", "--port", &port.to_string()])
        .args(rest);
    become_program(&mut command)
}

/// Whether trunk's options only say where the page is served, and not what is built, from what or into which folder. With
/// others trunk is left to build everything first, as they say.
fn only_say_where(options: &[String]) -> bool {
    let mut words = options.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--open" => {}
            "-a" | "--address" => drop(words.next()),
            _ if word.starts_with("--address=") => {}
            _ => return false,
        }
    }
    true
}

/// Asks before the build, which takes minutes, what trunk asks after it.
fn require_free(port: u16) -> Result<()> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(cause) => Err(Error::new(
            format!("Nothing can be served on port {port}: {cause}."),
            HINT,
        )),
    }
}

/// Lets trunk take this process over, so that a signal to us reaches it: as a child it would go on
/// serving after we are gone.
#[cfg(unix)]
fn become_program(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    family::go_on_unless_ending();
    let cause = command.exec();
    Err(Error::new(format!("Cannot start trunk: {cause}."), HINT))
}

/// Elsewhere a process cannot be taken over: trunk is a child that we wait for.
#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<()> {
    crate::workspace::run(command, HINT)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn read(line: &str) -> std::result::Result<(u16, String), clap::Error> {
        let words = ["serve"].into_iter().chain(line.split_whitespace());
        let options = Options::try_parse_from(words)?.with_later_port()?;
        Ok((options.port, options.trunk.join(" ")))
    }

    #[test]
    fn a_taken_port_is_told_before_the_build() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(require_free(port).is_err());
        drop(taken);
        assert!(require_free(port).is_ok());
    }

    #[test]
    fn options_that_say_what_is_built_leave_it_to_trunk() {
        let options = |line: &str| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        for line in [
            "",
            "--open",
            "--address 0.0.0.0 --open",
            "-a ::1",
            "--address=::1",
        ] {
            assert!(only_say_where(&options(line)), "{line}");
        }
        for line in [
            "--dist a",
            "--open other.html",
            "--features x",
            "--address ::1 --minify",
        ] {
            assert!(!only_say_where(&options(line)), "{line}");
        }
    }

    #[test]
    fn the_port_is_read_in_every_spelling() {
        for (line, port, rest) in [
            ("", 8080, ""),
            ("--open --port 9000", 9000, "--open"),
            ("-p 9001", 9001, ""),
            ("--port=9002 --open", 9002, "--open"),
            ("--dist a -p 9003 --open", 9003, "--dist a --open"),
        ] {
            assert_eq!(read(line).unwrap(), (port, rest.to_owned()), "{line}");
        }
        assert!(read("--port").is_err());
        assert!(read("--open --port many").is_err());
    }
}
