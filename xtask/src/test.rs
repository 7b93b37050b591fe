//! `cargo xtask test`: every check of the repository, the quick ones first, so that a common
//! mistake is told within a minute.
//!
//! What a step needs is installed just before it, for the same reason. The first failure ends the
//! run: a later step would take minutes to repeat it.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::browser::{CHROMEDRIVER, CHROMIUM, FIREFOX, GECKODRIVER, Program};
use crate::dist;
use crate::error::{Error, Result};
use crate::kernels;
use crate::licences;
use crate::limit::run_within;
use crate::setup::{Need, ensure};
use crate::sizes;
use crate::step::{duration, timed};
use crate::workspace::{Workspace, cargo_with, command_line, run};

/// The features of native builds: the command line and every room but WebGPU's, whose native backend costs minutes to
/// build and has no adapter to run on. The wasm steps cover it.
pub const NATIVE_FEATURES: [&str; 3] = ["--no-default-features", "--features", "ndarray,cli"];

/// One check.
struct Step {
    /// Its name on the command line.
    name: &'static str,
    /// What it does, for people.
    title: &'static str,
    /// What has to be there.
    needs: &'static [Need],
    /// The command it runs.
    command: fn(&Workspace) -> Result<Command>,
    /// How long it may take.
    limit: Duration,
    /// What to do when it fails.
    hint: &'static str,
}

/// The limit of a step that only reads or runs what is there.
const QUICK: Duration = Duration::from_secs(10 * 60);
/// The limit of a step that builds from nothing, or trains in a browser, on a slow machine.
const LONG: Duration = Duration::from_secs(45 * 60);

const STEPS: [Step; 14] = [
    Step {
        name: "format",
        title: "Rust is formatted",
        needs: &[Need::RustComponents],
        command: |workspace| Ok(cargo_with(workspace, "fmt --all --check")),
        limit: QUICK,
        hint: "Run `cargo fmt --all`.",
    },
    Step {
        name: "types",
        title: "JavaScript's types agree",
        needs: &[Need::NpmPackages],
        command: |workspace| Ok(npm_run(workspace, "typecheck")),
        limit: QUICK,
        hint: "Correct the JSDoc types at the lines above; `npm run typecheck` repeats it.",
    },
    Step {
        name: "unit",
        title: "JavaScript unit tests",
        needs: &[Need::NpmPackages],
        command: |workspace| Ok(npm_run(workspace, "test:unit")),
        limit: QUICK,
        hint: "Read the first failing test above; `npm run test:unit` repeats it.",
    },
    Step {
        name: "licences",
        title: "Every crate has an allowed licence and comes from the registry",
        needs: &[],
        command: |workspace| Ok(cargo_with(workspace, "xtask licences")),
        limit: QUICK,
        hint: "Read the crates above; `deny.toml` says what is allowed. `cargo xtask advisories` asks for known faults, which needs a network.",
    },
    Step {
        name: "clippy",
        title: "Clippy on the native build",
        needs: &[Need::RustComponents],
        command: |workspace| {
            let mut command = cargo_with(workspace, "clippy --workspace --all-targets");
            command.args(NATIVE_FEATURES).args(["--", "-D", "warnings"]);
            Ok(command)
        },
        limit: LONG,
        hint: "Correct the code at the lines above; `cargo xtask test clippy` repeats it.",
    },
    Step {
        name: "native",
        title: "Native tests",
        needs: &[Need::Data],
        command: |workspace| {
            let mut command = cargo_with(workspace, "test --workspace");
            command.args(NATIVE_FEATURES);
            Ok(command)
        },
        limit: LONG,
        hint: "Read the first failing test above; `cargo xtask test native` repeats it.",
    },
    Step {
        name: "doc",
        title: "The documentation builds without warnings",
        needs: &[],
        command: |workspace| {
            let mut command = cargo_with(workspace, "doc --workspace --no-deps");
            command
                .args(NATIVE_FEATURES)
                .env("RUSTDOCFLAGS", "-D warnings");
            Ok(command)
        },
        limit: LONG,
        hint: "Correct the doc comments at the lines above; `cargo xtask test doc` repeats it.",
    },
    Step {
        name: "clippy-wasm",
        title: "Clippy on the wasm build",
        needs: &[Need::RustComponents, Need::WasmTarget],
        command: |workspace| {
            let words = "clippy --package convburn --package convburn-kernels-relaxed --target wasm32-unknown-unknown --all-targets -- -D warnings";
            Ok(cargo_with(workspace, words))
        },
        limit: LONG,
        hint: "Correct the code at the lines above; `cargo xtask test clippy-wasm` repeats it.",
    },
    Step {
        name: "wasm",
        title: "Rust tests in Chromium, with a software WebGPU adapter",
        needs: &[
            Need::WasmTarget,
            Need::WasmBindgen,
            Need::WasmPack,
            Need::Data,
            Need::Chromium,
        ],
        command: wasm_in_chromium,
        limit: LONG,
        hint: "Read the first failing test above; `wasm-pack test --headless --chrome` repeats it.",
    },
    Step {
        name: "wasm-firefox",
        title: "Rust tests in Firefox",
        needs: &[
            Need::WasmTarget,
            Need::WasmBindgen,
            Need::WasmPack,
            Need::Data,
            Need::Firefox,
            Need::Geckodriver,
        ],
        command: wasm_in_firefox,
        limit: LONG,
        hint: "Read the first failing test above; `cargo xtask test wasm-firefox` repeats it.",
    },
    Step {
        name: "dist",
        title: "The page is built for release",
        needs: &dist::NEEDS,
        command: |workspace| Ok(dist::trunk_build(workspace)),
        limit: LONG,
        hint: "Read trunk's message above; `cargo xtask dist` repeats it.",
    },
    Step {
        name: "size",
        title: "No module has outgrown its recorded size",
        needs: &[],
        command: |workspace| Ok(sizes::check(workspace)),
        limit: QUICK,
        hint: "`cargo xtask bench --size` shows whose code it is, and records the new size.",
    },
    Step {
        name: "package",
        title: "The crate is packed as a library",
        needs: &[Need::WasmTarget, Need::WasmBindgen, Need::WasmPack],
        command: |workspace| {
            licences::write_for_package(workspace)?;
            let mut command = workspace.command("wasm-pack");
            command.args(["build", "--target", "web"]);
            Ok(command)
        },
        limit: LONG,
        hint: "Read wasm-pack's message above; `cargo xtask test package` repeats it.",
    },
    Step {
        name: "page",
        title: "The page in Chromium and in Firefox",
        needs: &[
            Need::NpmPackages,
            Need::Chromium,
            Need::Firefox,
            Need::Geckodriver,
        ],
        command: page_test,
        limit: LONG,
        hint: "Read the first failing test above; `cargo xtask test dist package page` builds all it needs and repeats it.",
    },
];

/// `cargo xtask advisories`: all that cargo-deny checks, known faults of the crates among it. No check of `cargo xtask test`, because the
/// database is fetched from GitHub, and because a fault that is published is no change of this repository.
///
/// # Errors
/// cargo-deny cannot be installed, the database cannot be fetched, or a crate has a known fault or is not allowed.
pub fn advisories(workspace: &mut Workspace) -> Result<()> {
    ensure(Need::CargoDeny, workspace)?;
    run_within(
        QUICK,
        &mut cargo_with(workspace, "deny --locked check"),
        "Read cargo-deny's message above; it fetches the database from GitHub.",
    )
}

fn npm_run(workspace: &Workspace, script: &str) -> Command {
    let mut command = workspace.command("npm");
    command.args(["run", "--silent", script]);
    command
}

fn wasm_in_chromium(workspace: &Workspace) -> Result<Command> {
    wasm_pack_test(workspace, ["--chrome", "--chromedriver"], &CHROMEDRIVER)
}

fn wasm_in_firefox(workspace: &Workspace) -> Result<Command> {
    let mut command = wasm_pack_test(workspace, ["--firefox", "--geckodriver"], &GECKODRIVER)?;
    // wasm-bindgen's runner gives these words to the driver, which by itself knows only `firefox`.
    let binary = FIREFOX.require(workspace)?;
    command.env(
        "GECKODRIVER_ARGS",
        format!("--binary '{}'", binary.display()),
    );
    Ok(command)
}

fn wasm_pack_test(workspace: &Workspace, words: [&str; 2], driver: &Program) -> Result<Command> {
    let mut command = workspace.command("wasm-pack");
    // The driver is named, because wasm-pack otherwise downloads one.
    command
        .args(["test", "--headless"])
        .args(words)
        .arg(driver.require(workspace)?);
    Ok(command)
}

fn page_test(workspace: &Workspace) -> Result<Command> {
    let dist = workspace.dist();
    let package = workspace.root().join("pkg/convburn.d.ts");
    if !dist.join("index.html").is_file() || !package.is_file() {
        return Err(Error::new(
            "The page or the package is not built.",
            "Run `cargo xtask test dist package page`.",
        ));
    }
    // The program that a run goes to and comes from. The native tests have built it already, as part of their own build: a
    // build without the tests' dependencies would have other features, and compile everything again.
    let mut build = cargo_with(workspace, "test --workspace --test cli --no-run");
    run(build.args(NATIVE_FEATURES), "Read cargo's message above.")?;
    let kernels = kernels::build(workspace)?;
    let mut command = npm_run(workspace, "test:page");
    command
        .env("CONVBURN_DIST", dist)
        .env("CONVBURN_KERNELS", kernels);
    for program in [&CHROMIUM, &FIREFOX, &GECKODRIVER] {
        command.env(program.variable, program.require(workspace)?);
    }
    Ok(command)
}

/// The steps' names.
pub fn names() -> [&'static str; STEPS.len()] {
    STEPS.map(|step| step.name)
}

/// Prints the steps' names and what they check.
pub fn list() {
    for step in &STEPS {
        println!("{:<12} {}", step.name, step.title);
    }
}

/// Runs the named steps, or all when none is named.
///
/// # Errors
/// Something needed cannot be installed, or a step fails.
pub fn run_steps(workspace: &mut Workspace, names: &[String]) -> Result<()> {
    let steps = chosen(names);
    let started = Instant::now();
    let mut met: Vec<Need> = Vec::new();
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for step in &steps {
        for &need in step.needs {
            if !met.contains(&need) {
                ensure(need, workspace)?;
                met.push(need);
            }
        }
        let step_started = Instant::now();
        run_step(workspace, step)?;
        times.push((step.name, step_started.elapsed()));
    }
    println!("==> All {} steps passed", steps.len());
    for (name, time) in times {
        println!("    {name:<12} {}", duration(time));
    }
    println!("    {:<12} {}", "in all", duration(started.elapsed()));
    Ok(())
}

fn run_step(workspace: &Workspace, step: &Step) -> Result<()> {
    timed(&format!("{}: {}", step.name, step.title), || {
        let mut command = (step.command)(workspace)?;
        println!("    {}", command_line(&command));
        run_within(step.limit, &mut command, step.hint)
    })
}

/// The named steps, in their own order; all, when none is named.
fn chosen(names: &[String]) -> Vec<&'static Step> {
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    STEPS.iter().filter(wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_names_choose_all_and_names_keep_the_order_of_the_steps() {
        assert_eq!(chosen(&[]).len(), STEPS.len());
        let some = chosen(&["page".to_owned(), "dist".to_owned()]);
        let some: Vec<_> = some.iter().map(|step| step.name).collect();
        assert_eq!(some, ["dist", "page"]);
    }
}
