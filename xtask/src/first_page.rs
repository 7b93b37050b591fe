//! The page before its full module is built: trunk serves it without that module, and builds it meanwhile.
//!
//! The full module is most of a first build, and a page on the processor does without it. Trunk serves a page only once all
//! the modules that it links to are built, so it is given a copy of the page that lacks that link. Once the copy is served,
//! the link is put in and trunk builds again; while it builds, it serves what it has.
//!
//! It is one trunk from beginning to end, because one that is started anew compiles the crate twice again: a library that is
//! a `cdylib` has one file, whatever its features, so that the builds of the two modules take it from each other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::crates::metadata;
use crate::dist::trunk;
use crate::error::{CHECK_DISK, Context, Error, Result};
use crate::family;
use crate::workspace::{Workspace, command_line, outcome};

/// The module that the first page does without.
const FULL: &str = "convburn_full";
/// How a link of `www/index.html` begins that trunk follows.
const LINK: &str = "<link data-trunk ";
/// From the copy's folder to that of the page.
const TO_PAGE: &str = "../../www/";
const LOOK_EVERY: Duration = Duration::from_millis(100);
const TRUNK_HINT: &str = "Read trunk's message above.";

/// Whether the full module has never been built here.
///
/// # Errors
/// cargo cannot say where builds go.
pub fn is_due(workspace: &Workspace) -> Result<bool> {
    let target = metadata(workspace, &["--no-deps"])?.target_directory;
    let folder = target.join("wasm32-unknown-unknown").join("release");
    Ok(!folder.join(FULL).with_extension("wasm").is_file())
}

/// Serves the page until trunk ends: without its full module first, and with it once it is built.
///
/// # Errors
/// The page cannot be copied, or trunk fails.
pub fn serve(workspace: &Workspace, port: u16, options: &[String]) -> Result<()> {
    clear(workspace)?;
    let source = workspace.root().join("www").join("index.html");
    let mut copy = Copy::new(source, folder(workspace))?;
    let mut server = trunk(workspace);
    server
        .args(["serve", "--release", "--port", &port.to_string()])
        .args(options)
        .arg("--dist")
        .arg(copy.dist());
    for path in watched(workspace)?.iter().chain([&copy.signals()]) {
        server.arg("--watch").arg(path);
    }
    server.arg(copy.page());
    serve_both(&mut server, &mut copy)
}

/// Takes away what an earlier first build has left.
///
/// # Errors
/// It cannot be removed.
pub fn clear(workspace: &Workspace) -> Result<()> {
    let folder = folder(workspace);
    match fs::remove_dir_all(&folder) {
        Err(cause) if folder.exists() => {
            Err(cause).context(format!("remove {}", folder.display()), CHECK_DISK)
        }
        _ => Ok(()),
    }
}

/// Not below `target/`, because trunk does not watch what is there.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root().join("data").join("first-page")
}

/// What trunk watches by its configuration, which an option of ours would replace.
fn watched(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    #[derive(Deserialize)]
    struct Configuration {
        watch: Watch,
    }
    #[derive(Deserialize)]
    struct Watch {
        watch: Vec<PathBuf>,
    }
    let path = workspace.root().join("Trunk.toml");
    let text = fs::read_to_string(&path).context("read Trunk.toml", CHECK_DISK)?;
    let restore = "Restore Trunk.toml: `git checkout Trunk.toml`.";
    let configuration: Configuration = toml::from_str(&text).context("read Trunk.toml", restore)?;
    let paths = configuration.watch.watch.iter();
    Ok(paths.map(|path| workspace.root().join(path)).collect())
}

/// Starts trunk and says what it serves from when on, until it ends.
///
/// # Errors
/// It cannot be started, it fails, or the page cannot be copied.
fn serve_both(server: &mut Command, copy: &mut Copy) -> Result<()> {
    let line = command_line(server);
    let mut server = Running::start(server)?;
    // Trunk goes on after a build that failed too, and builds again once a file has changed.
    loop {
        if let Some(status) = server.ended()? {
            return outcome(&line, status, TRUNK_HINT);
        }
        copy.renew();
        match copy.stage {
            Stage::Small if copy.dist().join("index.html").is_file() => {
                println!(
                    "==> Building the full module; meanwhile the page can be used, on the processor"
                );
                println!("    WebGPU and ndarray come with the full module.");
                copy.complete()?;
            }
            Stage::Full if copy.dist().join(format!("{FULL}_bg.wasm")).is_file() => {
                println!("    The full module is built: reload the page to use WebGPU or ndarray.");
                copy.stage = Stage::Done;
            }
            _ => {}
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// What is awaited.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// The page with its small modules.
    Small,
    /// The full module.
    Full,
    /// Nothing more.
    Done,
}

/// The copy of the page that trunk builds.
struct Copy {
    source: PathBuf,
    folder: PathBuf,
    stage: Stage,
    /// Of what the source was when it was copied.
    copied: Option<SystemTime>,
}

impl Copy {
    fn new(source: PathBuf, folder: PathBuf) -> Result<Self> {
        let mut copy = Self {
            source,
            folder,
            stage: Stage::Small,
            copied: None,
        };
        for folder in [copy.dist(), copy.signals()] {
            fs::create_dir_all(&folder).context(making(&folder), CHECK_DISK)?;
        }
        copy.write()?;
        Ok(copy)
    }

    fn page(&self) -> PathBuf {
        self.folder.join("index.html")
    }

    fn dist(&self) -> PathBuf {
        self.folder.join("dist")
    }

    /// A folder that trunk watches. A new folder in it is one change, where a file that is written may be several, and would
    /// be as many builds.
    fn signals(&self) -> PathBuf {
        self.folder.join("signals")
    }

    fn write(&mut self) -> Result<()> {
        let copied = modified(&self.source);
        let html = fs::read_to_string(&self.source).context("read www/index.html", CHECK_DISK)?;
        let html = html_of(&html, self.stage != Stage::Small)?;
        fs::write(self.page(), html).context(making(&self.page()), CHECK_DISK)?;
        self.copied = copied;
        Ok(())
    }

    /// Follows the source. Trunk, which saw the change too, reads the copy only after its hook, a second later.
    fn renew(&mut self) {
        if modified(&self.source) != self.copied {
            // Half a file, while an editor writes it, is looked at again.
            let _ = self.write();
        }
    }

    /// Puts the full module in, and has trunk build again.
    fn complete(&mut self) -> Result<()> {
        self.stage = Stage::Full;
        self.write()?;
        let signal = self.signals().join("full");
        fs::create_dir(&signal).context(making(&signal), CHECK_DISK)
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
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
}

impl Drop for Running {
    fn drop(&mut self) {
        family::end(&mut self.0);
    }
}

fn making(path: &Path) -> String {
    format!("make {}", path.display())
}

/// The page, to lie in the copy's folder: with the link to its full module, or without.
fn html_of(page: &str, has_full: bool) -> Result<String> {
    let mut parts = page.split(LINK);
    let mut html = parts.next().unwrap_or_default().to_owned();
    let mut found = 0;
    for part in parts {
        let (link, rest) = part.split_once('>').unwrap_or((part, ""));
        let is_full = link.contains(&format!("data-bin=\"{FULL}\""));
        found += usize::from(is_full);
        if has_full || !is_full {
            let moved = link.replace(" href=\"", &format!(" href=\"{TO_PAGE}"));
            html.extend([LINK, &moved, ">"]);
        }
        html.push_str(rest);
    }
    if found == 1 {
        return Ok(html);
    }
    Err(Error::new(
        format!("www/index.html links {found} times to {FULL}, not once."),
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
        let (first, whole) = (html_of(page, false).unwrap(), html_of(page, true).unwrap());
        assert!(!first.contains(FULL) && first.contains("data-bin=\"convburn_cpu\""));
        assert_eq!(first.matches(LINK).count(), page.matches(LINK).count() - 1);
        assert_eq!(first.matches(TO_PAGE).count(), first.matches(LINK).count());
        // What the browser looks for stays where it is.
        assert!(first.contains("<script type=\"module\" src=\"main.js\">"));
        assert_eq!(whole.replace(TO_PAGE, ""), page);
        assert!(html_of("<link data-trunk href=\"main.js\">", false).is_err());
    }

    #[cfg(unix)]
    mod processes {
        use std::io::{PipeReader, Read, pipe};
        use std::time::Instant;

        use tempfile::TempDir;

        use super::super::*;

        const PAGE: &str = "<link data-trunk data-bin=\"convburn_full\" href=\"../Cargo.toml\">";

        /// A copy of a page, and in trunk's place a shell's script, which runs in the copy's folder.
        struct Case {
            folder: TempDir,
            copy: Copy,
        }

        impl Case {
            fn new() -> Self {
                let folder = TempDir::new().unwrap();
                let source = folder.path().join("source.html");
                fs::write(&source, PAGE).unwrap();
                let copy = Copy::new(source, folder.path().join("copy")).unwrap();
                Self { folder, copy }
            }

            /// What comes of it when the script has ended; by then nothing that it started runs any more.
            fn outcome(&mut self, script: &str) -> Result<()> {
                let (mut lifeline, writer): (PipeReader, _) = pipe().unwrap();
                let mut server = Command::new("sh");
                server
                    .args(["-c", script])
                    .current_dir(self.folder.path().join("copy"))
                    .stdout(writer);
                let started = Instant::now();
                let result = serve_both(&mut server, &mut self.copy);
                drop(server);
                // The pipe ends when the last of them has.
                lifeline.read_to_end(&mut Vec::new()).unwrap();
                assert!(started.elapsed() < Duration::from_secs(30));
                result
            }
        }

        #[test]
        fn the_full_module_is_put_in_once_the_page_is_served() {
            let mut case = Case::new();
            let script = "grep -q convburn_full index.html && exit 3
                touch dist/index.html
                while ! test -d signals/full; do sleep 0.1; done
                grep -q convburn_full index.html || exit 4
                touch dist/convburn_full_bg.wasm; sleep 0.5";
            case.outcome(script).unwrap();
            assert_eq!(case.copy.stage, Stage::Done);
        }

        #[test]
        fn the_page_is_copied_again_when_it_changes() {
            let mut case = Case::new();
            let script = "sleep 0.1; echo '<p>new</p>' >> ../source.html
                while ! grep -q new index.html; do sleep 0.1; done";
            case.outcome(script).unwrap();
            assert_eq!(case.copy.stage, Stage::Small);
        }

        #[test]
        fn a_server_that_fails_is_told() {
            let error = Case::new().outcome("exit 101").err().unwrap();
            assert!(error.to_string().contains("failed"));
        }

        #[test]
        fn what_the_server_started_ends_with_an_error_of_ours() {
            let mut case = Case::new();
            // Where the signal should go is a file.
            let script = "rmdir signals; touch signals dist/index.html; sleep 60 & sleep 60";
            assert!(case.outcome(script).is_err());
        }
    }
}
