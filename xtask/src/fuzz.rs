//! `cargo xtask fuzz`: libFuzzer on each parser of the crate, one after the other. What the targets are and
//! what must hold stands in `fuzz/`; this installs, runs and counts.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::error::{CHECK_DISK, Context, Error, Result};
use crate::limit::run_within;
use crate::setup::{Need, ensure};
use crate::step::timed;
use crate::workspace::{Workspace, cargo, command_line, run};

/// A target, and the longest input that it is given.
const TARGETS: [(&str, u32); 5] = [
    ("cifar", 16_384),
    ("open", 16_384),
    ("manifest", 8_192),
    ("checkpoint", 8_192),
    ("config", 4_096),
];
/// MiB of memory of the process; the parsers' own bounds are held by `tests/hostile.rs`.
const MEMORY_MB: u32 = 1_024;
/// Seconds for one input.
const HANGS_AFTER_S: u32 = 20;

/// Fuzzes each target for so many minutes.
///
/// # Errors
/// cargo-fuzz cannot be installed, a target does not build, or something was found.
pub fn fuzz(workspace: &mut Workspace, minutes: u32) -> Result<()> {
    ensure(Need::CargoFuzz, workspace)?;
    let hint = "Read cargo's message above.";
    timed("Building the fuzz targets", || {
        run(&mut cargo_fuzz(workspace, &["build"]), hint)
    })?;
    let mut found = Vec::new();
    for target in TARGETS {
        let title = format!("Fuzzing {} for {minutes} minutes", target.0);
        found.extend(timed(&title, || fuzz_one(workspace, target, minutes))?);
    }
    if found.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = found
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(Error::new(
        format!(
            "Inputs were found that break a parser: {}.",
            list.join(", ")
        ),
        "`cargo fuzz run TARGET FILE` repeats one; its test belongs into tests/hostile.rs.",
    ))
}

/// cargo-fuzz, with what stable Rust keeps for nightly's: it instruments the code by options of that kind.
fn cargo_fuzz(workspace: &Workspace, words: &[&str]) -> Command {
    let mut command = workspace.command(&cargo());
    command.arg("fuzz").args(words).env("RUSTC_BOOTSTRAP", "1");
    // Beside the other builds, not among them: every crate is built anew.
    if let Some(folder) = env::var_os("CARGO_TARGET_DIR") {
        let folder = Path::new(&folder).join("fuzz");
        command.arg("--target-dir").arg(folder);
    }
    command
}

/// Fuzzes one target; returns the inputs that break it.
fn fuzz_one(
    workspace: &Workspace,
    (name, longest): (&str, u32),
    minutes: u32,
) -> Result<Vec<PathBuf>> {
    let fuzz = workspace.root().join("fuzz");
    let (corpus, artifacts) = (
        fuzz.join("corpus").join(name),
        fuzz.join("artifacts").join(name),
    );
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).context(format!("make {}", folder.display()), CHECK_DISK)?;
    }
    let log = artifacts.with_extension("log");
    let writing = format!("write {}", log.display());
    let mut command = cargo_fuzz(workspace, &["run"]);
    command
        .arg(name)
        .args([&corpus, &fuzz.join("seeds").join(name)])
        .args(["--", "-print_final_stats=1"])
        .arg(format!("-max_total_time={}", minutes * 60))
        .arg(format!("-max_len={longest}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB}"))
        .arg(format!("-timeout={HANGS_AFTER_S}"))
        .arg(format!("-dict=fuzz/dictionaries/{name}.dict"))
        .stderr(File::create(&log).context(&writing, CHECK_DISK)?);
    println!("    {}", command_line(&command));
    let limit = Duration::from_secs(u64::from(minutes) * 60 + 10 * 60);
    let ended = run_within(limit, &mut command, "Read the log named below.");
    let text = fs::read(&log).context(format!("read {}", log.display()), CHECK_DISK)?;
    let text = String::from_utf8_lossy(&text);
    let found = files_in(&artifacts)?;
    println!(
        "    {name}: {} inputs, {} that break it. The log is {}.",
        executed(&text).unwrap_or("an unknown number of"),
        found.len(),
        log.display()
    );
    // An end without a finding is no crash of the parser, but of the run.
    if found.is_empty() {
        ended.map(|()| found)
    } else {
        Ok(found)
    }
}

/// The number of inputs, from libFuzzer's last lines.
fn executed(log: &str) -> Option<&str> {
    let line = log
        .lines()
        .find(|line| line.starts_with("stat::number_of_executed_units:"))?;
    line.split_whitespace().last()
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let reading = format!("read {}", folder.display());
    let entries = fs::read_dir(folder).context(&reading, CHECK_DISK)?;
    let paths = entries.map(|entry| Ok(entry.context(&reading, CHECK_DISK)?.path()));
    paths.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn the_number_of_inputs_is_read_from_the_log() {
        let log =
            "#1024\tNEW cov: 12\nstat::number_of_executed_units: 4242\nstat::peak_rss_mb: 99\n";
        assert_eq!(executed(log), Some("4242"));
        assert_eq!(executed("ERROR"), None);
    }

    /// Each target has its program, its seeds and its words.
    #[test]
    fn every_target_is_there() {
        let fuzz = Workspace::find().unwrap().root().join("fuzz");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for (name, longest) in TARGETS {
            assert!(
                fuzz.join("fuzz_targets")
                    .join(format!("{name}.rs"))
                    .is_file()
            );
            assert!(
                fuzz.join("dictionaries")
                    .join(format!("{name}.dict"))
                    .is_file()
            );
            for seed in files_in(&fuzz.join("seeds").join(name)).unwrap() {
                assert!(fs::metadata(seed).unwrap().len() <= u64::from(longest));
            }
        }
    }
}
