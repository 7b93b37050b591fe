//! The page before its full module is built: trunk serves it without that module, while cargo builds it.
//!
//! The full module is most of a first build, and a page on the processor does without it. Trunk serves a page only once all
//! its modules are built, so it is given a page of our own that lacks the link to that one; what it builds for it, it finds
//! built when the ordinary page's turn has come.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use crate::crates::metadata;
use crate::dist::trunk;
use crate::error::{CHECK_DISK, Context, Error, Result};
use crate::family;
use crate::workspace::{Workspace, cargo_with, command_line};

/// The module that the first page does without.
const FULL: &str = "convburn_full";
const TARGET: &str = "wasm32-unknown-unknown";
/// How a link of `www/index.html` begins that trunk follows.
const LINK: &str = "<link data-trunk ";
/// From our page's folder to that of the page.
const TO_PAGE: &str = "../../www/";
const LOOK_EVERY: Duration = Duration::from_millis(100);
const TRUNK_HINT: &str = "Read trunk's message above.";

/// Whether the full module has never been built here.
///
/// # Errors
/// cargo cannot say where builds go.
pub fn is_due(workspace: &Workspace) -> Result<bool> {
    let target = metadata(workspace, &["--no-deps"])?.target_directory;
    let module = target.join(TARGET).join("release").join(FULL);
    Ok(!module.with_extension("wasm").is_file())
}

/// Serves the page without its full module until that one is built, or has failed to: then trunk says so itself, as it builds
/// the ordinary page.
///
/// # Errors
/// The page cannot be made, trunk ends before, or the build is interrupted.
pub fn serve(workspace: &Workspace, port: u16, options: &[String]) -> Result<()> {
    let folder = workspace.root().join("target").join("first-page");
    let (page, dist) = (folder.join("index.html"), folder.join("dist"));
    clear(&folder)?;
    let whole = workspace.root().join("www").join("index.html");
    let html = fs::read_to_string(&whole).context("read www/index.html", CHECK_DISK)?;
    fs::create_dir_all(&dist).context(making(&folder), CHECK_DISK)?;
    fs::write(&page, without_full_module(&html)?).context(making(&page), CHECK_DISK)?;

    let mut serve = trunk(workspace);
    serve
        .args(["serve", "--release", "--port", &port.to_string()])
        .args(options)
        .arg("--dist")
        .arg(&dist)
        .arg(&page);
    // Trunk's own words for that link.
    let words = format!("build --target={TARGET} --release --bin {FULL}");
    let is_built = serve_while(
        &mut serve,
        &dist.join("index.html"),
        &mut cargo_with(workspace, &words),
    )?;
    if is_built {
        println!("==> The full module is built: serving the page with it");
        println!("    Reload the page once trunk says again that it listens.");
    } else {
        println!("==> The full module cannot be built, as cargo says above: trunk goes on alone");
    }
    clear(&folder)
}

/// Starts a server; once `page` is there, builds while it serves. Tells whether the build succeeded; the server is ended in
/// any case.
///
/// # Errors
/// One of them cannot be started, the server ends, or the build is ended by a signal: whoever sent it means us too.
fn serve_while(server: &mut Command, page: &Path, build: &mut Command) -> Result<bool> {
    let line = command_line(server);
    let mut server = Running::start(server)?;
    // Trunk serves after a build that failed too, and builds again once a file has changed.
    while !page.is_file() {
        server.require(&line)?;
        thread::sleep(LOOK_EVERY);
    }
    println!("==> The page can be used, on the processor: the full module is being built");
    println!("    Until it is there, WebGPU and ndarray cannot be chosen.");
    let mut build = Running::start(build)?;
    loop {
        server.require(&line)?;
        if let Some(status) = build.ended()? {
            return match status.code() {
                Some(code) => Ok(code == 0),
                None => Err(Error::new(
                    "The build was interrupted.",
                    "Start it again: it goes on from there.",
                )),
            };
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// A program that ends, with all that it started, when it is let go.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Result<Self> {
        let doing = format!("start `{}`", command_line(command));
        command.spawn().map(Self).context(doing, TRUNK_HINT)
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.0.try_wait().context("wait for a program", TRUNK_HINT)
    }

    /// # Errors
    /// It has ended.
    fn require(&mut self, line: &str) -> Result<()> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => Err(Error::new(
                format!("`{line}` ended ({status})."),
                TRUNK_HINT,
            )),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        family::end(&mut self.0);
    }
}

fn making(path: &Path) -> String {
    format!("make {}", path.display())
}

/// Takes away what a run before has left.
fn clear(folder: &PathBuf) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(cause) if folder.exists() => {
            Err(cause).context(format!("remove {}", folder.display()), CHECK_DISK)
        }
        _ => Ok(()),
    }
}

/// The page without the link to its full module, to lie in a folder of ours.
fn without_full_module(page: &str) -> Result<String> {
    let mut parts = page.split(LINK);
    let mut html = parts.next().unwrap_or_default().to_owned();
    let mut left_out = 0;
    for part in parts {
        let (link, rest) = part.split_once('>').unwrap_or((part, ""));
        if link.contains(&format!("data-bin=\"{FULL}\"")) {
            left_out += 1;
        } else {
            let moved = link.replace(" href=\"", &format!(" href=\"{TO_PAGE}"));
            html.extend([LINK, &moved, ">"]);
        }
        html.push_str(rest);
    }
    if left_out == 1 {
        return Ok(html);
    }
    Err(Error::new(
        format!("www/index.html links {left_out} times to {FULL}, not once."),
        "Compare `FULL` in xtask/src/first_page.rs with www/index.html.",
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn the_first_page_lacks_one_module_and_finds_every_other_file() {
        let page = include_str!("../../www/index.html");
        let first = without_full_module(page).unwrap();
        assert!(!first.contains(FULL) && first.contains("data-bin=\"convburn_cpu\""));
        assert_eq!(first.matches(LINK).count(), page.matches(LINK).count() - 1);
        assert_eq!(first.matches(TO_PAGE).count(), first.matches(LINK).count());
        // What the browser looks for stays where it is.
        assert!(first.contains("<script type=\"module\" src=\"main.js\">"));
        assert!(without_full_module("<link data-trunk href=\"main.js\">").is_err());
    }

    #[cfg(unix)]
    mod processes {
        use std::io::{PipeReader, Read, pipe};
        use std::time::Instant;

        use tempfile::TempDir;

        use super::super::*;

        /// A server and a build, each with a child of its own, as scripts of a shell.
        struct Case {
            folder: TempDir,
            lifeline: PipeReader,
            server: Command,
            build: Command,
        }

        impl Case {
            fn new(server: &str, build: &str) -> Self {
                let folder = TempDir::new().unwrap();
                let (lifeline, writer) = pipe().unwrap();
                let command = |script: &str| {
                    let mut command = Command::new("sh");
                    command
                        .args(["-c", script])
                        .current_dir(folder.path())
                        .stdout(writer.try_clone().unwrap());
                    command
                };
                let (server, build) = (command(server), command(build));
                Self {
                    folder,
                    lifeline,
                    server,
                    build,
                }
            }

            /// What came of it, and whether the build began; by then nothing runs any more.
            fn outcome(self) -> (Result<bool>, bool) {
                let Self {
                    folder,
                    mut lifeline,
                    mut server,
                    mut build,
                } = self;
                let started = Instant::now();
                let result = serve_while(&mut server, &folder.path().join("page"), &mut build);
                drop((server, build));
                // The pipe ends when the last of them has.
                lifeline.read_to_end(&mut Vec::new()).unwrap();
                assert!(started.elapsed() < Duration::from_secs(30));
                (result, folder.path().join("begun").exists())
            }
        }

        /// Serves for a minute, a moment later.
        const SERVES: &str = "sleep 60 & sleep 0.3; touch page; sleep 60";

        #[test]
        fn the_build_begins_once_the_page_is_there_and_the_server_ends_with_it() {
            let build = "test -e page && touch begun";
            let (result, begun) = Case::new(SERVES, build).outcome();
            assert!(result.unwrap() && begun);
        }

        #[test]
        fn a_build_that_fails_is_told_and_ends_the_server_too() {
            let (result, _) = Case::new(SERVES, "exit 101").outcome();
            assert!(!result.unwrap());
        }

        #[test]
        fn a_server_that_ends_ends_the_build_too() {
            let server = "touch page; while ! test -e begun; do sleep 0.1; done";
            let build = "touch begun; sleep 60 & sleep 60";
            let (result, begun) = Case::new(server, build).outcome();
            assert!(result.err().unwrap().to_string().contains("ended") && begun);
            let (result, begun) = Case::new("exit 1", "touch begun").outcome();
            assert!(result.is_err() && !begun);
        }

        #[test]
        fn a_build_that_is_interrupted_ends_all() {
            let (result, _) = Case::new(SERVES, "kill -INT $$").outcome();
            assert!(result.err().unwrap().to_string().contains("interrupted"));
        }
    }
}
