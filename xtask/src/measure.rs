//! `cargo xtask reproduce` and `cargo xtask bench`: what BENCHMARKS.md tells, measured anew.
//!
//! This sets up and builds; what is measured and how stands in `bench/`.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::browser::CHROMIUM;
use crate::crates::metadata;
use crate::dist;
use crate::error::{Error, Result};
use crate::kernels;
use crate::setup::{Need, ensure};
use crate::sizes;
use crate::step::timed;
use crate::test::NATIVE_FEATURES;
use crate::tools;
use crate::workspace::{Workspace, cargo, run};

/// What is measured, and how.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    what: What,
    /// Rounds of each, by turns.
    #[arg(long, value_name = "N", conflicts_with_all = ["size", "steady", "soak", "limits", "first_build"])]
    rounds: Option<u32>,
    /// Only trainers with one of these in their names, or what is compared with another build; nothing is written.
    #[arg(long, value_name = "NAME,…", conflicts_with_all = ["size", "steady", "soak", "pool", "optimizers", "cold", "limits", "first_build"])]
    only: Option<String>,
    /// Keras too.
    #[arg(long, conflicts_with = "what")]
    native: bool,
    /// Of the soak's faults: a printed seed repeats them.
    #[arg(long, value_name = "N", requires = "soak")]
    seed: Option<u32>,
    /// Of the soak's run on flex.
    #[arg(long, value_name = "N", requires = "soak")]
    epochs: Option<u32>,
    /// Write nothing.
    #[arg(long, requires = "by_turns")]
    dry: bool,
}

/// The measurements beside the comparison.
#[derive(Args)]
#[group(id = "what", multiple = false)]
struct What {
    /// The modules' sizes, by crate.
    #[arg(long)]
    size: bool,
    /// Long tasks and memory over 23 epochs.
    #[arg(long)]
    steady: bool,
    /// Long runs with faults.
    #[arg(long)]
    soak: bool,
    /// Several workers beside one.
    #[arg(long, group = "by_turns")]
    pool: bool,
    /// This build beside another one, the `dist/` of another commit.
    #[arg(long, value_name = "DIST", group = "by_turns")]
    against: Option<PathBuf>,
    /// All cores over a visit's first steps.
    #[arg(long)]
    cold: bool,
    /// A step beside native Keras's.
    #[arg(long)]
    keras: bool,
    /// A step of each optimiser beside SGD's.
    #[arg(long, group = "by_turns")]
    optimizers: bool,
    /// A step beside what the processor can multiply.
    #[arg(long)]
    limits: bool,
    /// From empty folders to the page in use; takes as long as that.
    #[arg(long)]
    first_build: bool,
}

impl Options {
    /// The script in `bench/` that measures it.
    fn script(&self) -> &'static str {
        match &self.what {
            What { steady: true, .. } => "bench/steady.mjs",
            What { soak: true, .. } => "bench/soak.mjs",
            What { cold: true, .. } => "bench/cold.mjs",
            What { keras: true, .. } => "bench/beside-keras.mjs",
            What { limits: true, .. } => "bench/limits.mjs",
            What { pool: true, .. } => "bench/pool.mjs",
            What {
                optimizers: true, ..
            } => "bench/optimizers.mjs",
            What {
                against: Some(_), ..
            } => "bench/against.mjs",
            _ => "bench/compare.mjs",
        }
    }

    /// The options as that script reads them.
    fn words(&self) -> Vec<String> {
        let against = self.what.against.as_ref();
        let values = [
            ("rounds", self.rounds.map(|it| it.to_string())),
            ("only", self.only.clone()),
            ("seed", self.seed.map(|it| it.to_string())),
            ("epochs", self.epochs.map(|it| it.to_string())),
            ("against", against.map(|it| it.display().to_string())),
        ];
        let flags = [("native", self.native), ("dry", self.dry)];
        let values = values
            .into_iter()
            .filter_map(|(name, value)| Some(format!("--{name}={}", value?)));
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        values
            .chain(flags.map(|(name, _)| format!("--{name}")))
            .collect()
    }
}

/// Which whole runs are trained.
#[derive(Args)]
pub struct Reproduction {
    /// Seeds of the runs [default: 1,2,3; of a recipe 1,2].
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    seeds: Vec<u32>,
    /// A recipe of `src/protocol/recipes.rs`, natively, in place of the tutorial's run in the page.
    #[arg(long, value_name = "NAME")]
    recipe: Option<String>,
    /// Of a recipe with one cure more or less each: `all`, or names of `bench/recipe-runs.mjs`.
    #[arg(
        long,
        value_name = "NAME,…",
        requires = "recipe",
        conflicts_with = "in_page"
    )]
    variants: Option<String>,
    /// A recipe in the page, on all cores, in place of natively.
    #[arg(long, requires = "recipe")]
    in_page: bool,
}

/// The tutorial's whole run over some seeds, or a recipe's.
///
/// # Errors
/// Something needed cannot be installed, the build fails, or what is required of the runs is not met.
pub fn reproduce(workspace: &mut Workspace, options: &Reproduction) -> Result<()> {
    let given = |default: &[u32]| {
        let seeds = match options.seeds.as_slice() {
            [] => default,
            seeds => seeds,
        };
        let seeds: Vec<String> = seeds.iter().map(u32::to_string).collect();
        seeds.join(",")
    };
    if let Some(recipe) = &options.recipe {
        return reproduce_recipe(workspace, options, recipe, &given(&[1, 2]));
    }
    prepare(workspace)?;
    timed("The first epoch from Keras's weights, natively", || {
        first_epoch(workspace)
    })?;
    run(
        script(workspace, "bench/reproduce.mjs")?.args(["--seeds", &given(&[1, 2, 3])]),
        TRAINED_IS_KEPT,
    )
}

const TRAINED_IS_KEPT: &str =
    "Read the message above. What was trained is kept: the same command goes on from there.";

/// A recipe over some seeds, by the command line with all cores.
fn reproduce_recipe(
    workspace: &mut Workspace,
    options: &Reproduction,
    recipe: &str,
    seeds: &str,
) -> Result<()> {
    ensure(Need::NpmPackages, workspace)?;
    ensure(Need::Data, workspace)?;
    timed("Building the command line", || {
        let mut command = workspace.command(&cargo());
        command.args(["build", "--release", "--bin", "convburn"]);
        command.args(["--no-default-features", "--features", "cli"]);
        run(&mut command, "Read cargo's message above.")
    })?;
    let program = format!("convburn{}", std::env::consts::EXE_SUFFIX);
    let target = PathBuf::from(metadata(workspace, &["--no-deps"])?.target_directory);
    let program = target.join("release").join(program);
    if options.in_page {
        prepare(workspace)?;
    }
    let mut command = if options.in_page {
        script(workspace, "bench/recipes.mjs")?
    } else {
        let mut command = workspace.command("node");
        command.arg("bench/recipes.mjs");
        command
    };
    command
        .args(["--recipe", recipe, "--seeds", seeds])
        .env("CONVBURN_PROGRAM", program);
    if options.in_page {
        command.arg("--in-page");
    }
    if let Some(variants) = &options.variants {
        command.args(["--variants", variants]);
    }
    run(&mut command, TRAINED_IS_KEPT)
}

/// What the options name: the comparison with other trainers, unless it is another measurement.
///
/// # Errors
/// Something needed cannot be installed, a build fails, or what is required of the figures is not met.
pub fn bench(workspace: &mut Workspace, options: &Options) -> Result<()> {
    let hint =
        "Read the message above; if the figures stand there, they are not what they have to be.";
    if options.what.first_build {
        // It sets up and builds for itself, in folders of its own.
        return run(workspace.command("node").arg("bench/first-build.mjs"), hint);
    }
    if options.what.size {
        return sizes::measure(workspace);
    }
    prepare(workspace)?;
    let mut command = script(workspace, options.script())?;
    command.args(options.words());
    if options.what.limits {
        command.env("CONVBURN_KERNELS", kernels::build(workspace)?);
    }
    if options.script() == "bench/compare.mjs" {
        ensure(Need::BenchPeers, workspace)?;
    }
    if options.native || options.what.keras {
        command.env("CONVBURN_KERAS_PYTHON", keras(workspace)?);
    }
    run(&mut command, hint)
}

/// The whole of what `cargo xtask test` trains the beginning of.
fn first_epoch(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.command(&cargo());
    command
        .args(["test", "--workspace"])
        .args(NATIVE_FEATURES)
        .args(["--test", "native", "golden::the_first_epoch"])
        .args(["--", "--nocapture"])
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
    let hint = "Install Python 3.11 or newer with venv and pip, or leave Keras away.";
    if !python.is_file() {
        let system = ["python3", "python"]
            .into_iter()
            .find(|name| workspace.find_program(name).is_some())
            .ok_or_else(|| Error::new("Python is not on PATH.", hint))?;
        let mut command = workspace.command(system);
        run(command.args(["-m", "venv"]).arg(&folder), hint)?;
    }
    let mut command = Command::new(&python);
    command
        .current_dir(workspace.root())
        .args(["-m", "pip", "install", "--quiet"])
        .args(["--requirement", "tests/reference/requirements.txt"]);
    run(&mut command, hint)?;
    Ok(python)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn the_options_choose_a_script_and_go_on_to_it() {
        for (line, expected) in [
            ("", "bench/compare.mjs"),
            (
                "--native --rounds 3 --only flex,jax",
                "bench/compare.mjs --rounds=3 --only=flex,jax --native",
            ),
            ("--steady", "bench/steady.mjs"),
            (
                "--soak --seed 7 --epochs 20",
                "bench/soak.mjs --seed=7 --epochs=20",
            ),
            ("--cold --rounds 9", "bench/cold.mjs --rounds=9"),
            ("--limits", "bench/limits.mjs"),
            ("--keras --rounds 3", "bench/beside-keras.mjs --rounds=3"),
            ("--pool --dry", "bench/pool.mjs --dry"),
            ("--optimizers --rounds 9", "bench/optimizers.mjs --rounds=9"),
            (
                "--against a/dist --rounds 20",
                "bench/against.mjs --rounds=20 --against=a/dist",
            ),
            (
                "--against a/dist --only flex",
                "bench/against.mjs --only=flex --against=a/dist",
            ),
        ] {
            let words = ["bench"].into_iter().chain(line.split_whitespace());
            let options = Line::try_parse_from(words).unwrap().options;
            let words = [vec![options.script().to_owned()], options.words()].concat();
            assert_eq!(words.join(" "), expected);
        }
    }
}
