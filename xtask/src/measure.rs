//! `cargo xtask reproduce` and `cargo xtask bench`: what BENCHMARKS.md tells, measured anew.
//!
//! This sets up and builds; what is measured and how stands in `bench/`.

use std::path::PathBuf;
use std::process::Command;

use crate::browser::CHROMIUM;
use crate::dist;
use crate::error::{Error, Result};
use crate::setup::{Need, ensure};
use crate::step::timed;
use crate::test::NATIVE_FEATURES;
use crate::tools;
use crate::workspace::{Workspace, cargo, run};

/// The tutorial's whole run over some seeds. The arguments go to the script.
///
/// # Errors
/// Something needed cannot be installed, the build fails, or what is required of the runs is not met.
pub fn reproduce(workspace: &mut Workspace, arguments: &[String]) -> Result<()> {
    prepare(workspace)?;
    timed("The first epoch from Keras's weights, natively", || {
        first_epoch(workspace)
    })?;
    run(
        script(workspace, "bench/reproduce.mjs")?.args(arguments),
        "Read the message above. What was trained is kept: the same command goes on from there.",
    )
}

/// The comparison with other trainers, with `--pool` several workers beside one, or with `--against` another build. The arguments go to the
/// script; `--native` needs Keras too.
///
/// # Errors
/// Something needed cannot be installed, the build fails, or a trainer does not learn.
pub fn bench(workspace: &mut Workspace, arguments: &[String]) -> Result<()> {
    prepare(workspace)?;
    if arguments.iter().any(|word| word == "--pool") {
        let rest = arguments.iter().filter(|word| *word != "--pool");
        return run(
            script(workspace, "bench/pool.mjs")?.args(rest),
            "Read the message above.",
        );
    }
    if arguments.iter().any(|word| word == "--against") {
        return run(
            script(workspace, "bench/against.mjs")?.args(arguments),
            "Read the message above; the folder is the `dist/` that another commit's `cargo xtask test dist` built.",
        );
    }
    ensure(Need::BenchPeers, workspace)?;
    let mut command = script(workspace, "bench/compare.mjs")?;
    if arguments.iter().any(|word| word == "--native") {
        command.env("CONVBURN_KERAS_PYTHON", keras(workspace)?);
    }
    run(
        command.args(arguments),
        "Read the message above; BENCHMARKS.md is as it was.",
    )
}

/// What a long run does to the page: tasks that block it, and memory. The script says which is too much.
///
/// # Errors
/// Something needed cannot be installed, the build fails, or what is required is not met.
pub fn steady(workspace: &mut Workspace) -> Result<()> {
    prepare(workspace)?;
    run(
        &mut script(workspace, "bench/steady.mjs")?,
        "Read the message above.",
    )
}

/// Long runs to which faults happen. The arguments go to the script, which says what was lost.
///
/// # Errors
/// Something needed cannot be installed, the build fails, or a run was not what it has to be.
pub fn soak(workspace: &mut Workspace, arguments: &[String]) -> Result<()> {
    prepare(workspace)?;
    run(
        script(workspace, "bench/soak.mjs")?.args(arguments),
        "Read the message above.",
    )
}

/// The whole of what `cargo xtask test` trains the beginning of.
fn first_epoch(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.command(&cargo());
    command
        .args(["test", "--workspace"])
        .args(NATIVE_FEATURES)
        .args([
            "--test",
            "native",
            "golden::the_first_epoch",
            "--",
            "--nocapture",
        ])
        .env("CONVBURN_WHOLE_EPOCH", "1");
    run(&mut command, "Read the distances above.")
}

fn prepare(workspace: &mut Workspace) -> Result<()> {
    dist::make(workspace)?;
    ensure(Need::Chromium, workspace)
}

fn script(workspace: &Workspace, path: &str) -> Result<Command> {
    let mut command = workspace.command("node");
    command
        .arg(path)
        .env("CONVBURN_DIST", workspace.dist())
        .env(CHROMIUM.variable, CHROMIUM.require(workspace)?);
    Ok(command)
}

/// A Python that has Keras, as `tests/reference/requirements.txt` pins it, in a folder of our own.
fn keras(workspace: &Workspace) -> Result<PathBuf> {
    let folder = tools::folder()?.join("keras");
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let hint = "Install Python 3.11 or newer with venv and pip, or leave --native away.";
    if !python.is_file() {
        let system = ["python3", "python"]
            .into_iter()
            .find(|name| workspace.find_program(name).is_some())
            .ok_or_else(|| Error::new("Python is not on PATH.", hint))?;
        let mut command = workspace.command(system);
        run(command.args(["-m", "venv"]).arg(&folder), hint)?;
    }
    let mut command = Command::new(&python);
    command.current_dir(workspace.root()).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--requirement",
        "tests/reference/requirements.txt",
    ]);
    run(&mut command, hint)?;
    Ok(python)
}
