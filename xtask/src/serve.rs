//! `cargo xtask serve`: from a fresh clone to the page in a browser, in one command.
//!
//! Trunk builds and serves; this sets up what it needs, says where the page will be, and steps
//! aside.

use std::net::TcpListener;
use std::process::Command;

use crate::dist::{NEEDS, trunk};
use crate::error::{Error, Result};
use crate::setup::ensure;
use crate::workspace::Workspace;

/// The port in Trunk.toml.
const PORT: u16 = 8080;
const HINT: &str = "Add `--port 8081`, or end what listens there.";

/// Serves the page until it is interrupted. The arguments go to trunk; `--port` is read here too.
///
/// # Errors
/// Something needed cannot be installed, the port is not a number, or trunk fails.
pub fn serve(workspace: &mut Workspace, arguments: &[String]) -> Result<()> {
    let port = port_of(arguments)?;
    require_free(port)?;
    for need in NEEDS {
        ensure(need, workspace)?;
    }
    println!("==> Building for release, which takes minutes the first time, and serving");
    println!(
        "    Open http://127.0.0.1:{port}/ once trunk says that it listens there; Ctrl+C ends it."
    );
    let mut command = trunk(workspace);
    command.args(["serve", "--release"]).args(arguments);
    become_program(&mut command)
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

    let cause = command.exec();
    Err(Error::new(format!("Cannot start trunk: {cause}."), HINT))
}

/// Elsewhere a process cannot be taken over: trunk is a child that we wait for.
#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<()> {
    crate::workspace::run(command, HINT)
}

fn port_of(arguments: &[String]) -> Result<u16> {
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let value = match word.as_str() {
            "--port" | "-p" => rest.next().map(String::as_str),
            other => match other.strip_prefix("--port=") {
                Some(value) => Some(value),
                None => continue,
            },
        };
        return value.and_then(|value| value.parse().ok()).ok_or_else(|| {
            Error::new(
                "--port is not followed by a port number.",
                "Give one, as in `--port 8081`.",
            )
        });
    }
    Ok(PORT)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn port(words: &[&str]) -> Result<u16> {
        port_of(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
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
    fn the_port_is_read_in_every_spelling() {
        assert_eq!(port(&[]).unwrap(), PORT);
        assert_eq!(port(&["--open", "--port", "9000"]).unwrap(), 9000);
        assert_eq!(port(&["-p", "9001"]).unwrap(), 9001);
        assert_eq!(port(&["--port=9002", "--open"]).unwrap(), 9002);
        assert!(port(&["--port"]).is_err());
        assert!(port(&["--port", "many"]).is_err());
    }
}
