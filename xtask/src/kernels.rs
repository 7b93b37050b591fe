//! The CPU's kernels as wasm modules of their own (`tests/kernels`), to be tested and timed without the engine.

use std::fs;
use std::path::PathBuf;

use crate::crates::metadata;
use crate::error::{CHECK_DISK, Context, Result};
use crate::workspace::{Workspace, cargo_with, run};

/// Builds them without and with relaxed SIMD, which takes seconds, and returns their folder.
///
/// # Errors
/// A build fails, or the disk is full.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let target = PathBuf::from(metadata(workspace, &["--no-deps"])?.target_directory);
    let folder = target.join("kernels");
    fs::create_dir_all(&folder).context(format!("make {}", folder.display()), CHECK_DISK)?;
    for (name, features) in [("plain.wasm", ""), ("relaxed.wasm", "relaxed")] {
        let words = "build --release --package convburn-kernels-wasm --target wasm32-unknown-unknown --features";
        let mut build = cargo_with(workspace, words);
        run(build.arg(features), "Read cargo's message above.")?;
        let built = target.join("wasm32-unknown-unknown/release/convburn_kernels_wasm.wasm");
        fs::copy(&built, folder.join(name))
            .context(format!("copy {}", built.display()), CHECK_DISK)?;
    }
    Ok(folder)
}
