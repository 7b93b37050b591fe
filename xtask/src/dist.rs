//! `cargo xtask dist`: the folder to upload to any static host. All its addresses are relative, so
//! it works under a sub-path too.

use std::path::Path;
use std::process::Command;

use walkdir::WalkDir;

use crate::error::{CHECK_DISK, Context, Result};
use crate::release;
use crate::setup::{Need, ensure};
use crate::step::timed;
use crate::workspace::{Workspace, run};

/// What trunk's build needs.
pub const NEEDS: [Need; 5] = [
    Need::WasmTarget,
    Need::NpmPackages,
    Need::WasmBindgen,
    Need::Trunk,
    Need::Data,
];

/// Makes the folder, with all that it takes.
///
/// # Errors
/// Something needed cannot be installed, or the build fails.
pub fn make(workspace: &mut Workspace) -> Result<()> {
    for need in NEEDS {
        ensure(need, workspace)?;
    }
    timed("Building the page for release", || {
        let hint = "Read trunk's message above.";
        run(&mut trunk_build(workspace), hint)
    })?;
    let dist = workspace.dist();
    let megabytes = bytes_in(&dist)? as f64 / 1e6;
    println!("{} is ready to upload ({megabytes:.0} MB).", dist.display());
    Ok(())
}

/// Trunk's release build into `dist/`.
pub fn trunk_build(workspace: &Workspace) -> Command {
    let mut command = trunk(workspace);
    command
        .args(["build", "--release"])
        .env(release::ASKED, "true");
    command
}

/// Trunk, made to look nowhere but here.
pub fn trunk(workspace: &Workspace) -> Command {
    let mut command = workspace.command("trunk");
    command
        .env("TRUNK_SKIP_VERSION_CHECK", "true")
        // Trunk 0.21 reads this variable as true or false and refuses the usual `1`.
        .env_remove("NO_COLOR");
    command
}

fn bytes_in(folder: &Path) -> Result<u64> {
    let entries = WalkDir::new(folder).into_iter();
    let bytes = entries.map(|entry| {
        Ok(entry?.metadata()?).map(|facts| if facts.is_file() { facts.len() } else { 0 })
    });
    let bytes: walkdir::Result<u64> = bytes.sum();
    bytes.context(format!("measure {}", folder.display()), CHECK_DISK)
}
