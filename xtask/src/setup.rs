//! What a chore needs before it can start, and how each such thing is made to be there.
//!
//! Everything is checked first and installed only when missing, so a second run costs seconds.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use cargo_metadata::semver::Version;

use crate::browser;
use crate::data;
use crate::error::{Error, Result};
use crate::licences;
use crate::step::timed;
use crate::tools;
use crate::workspace::{Workspace, cargo, output_of, run};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Something that has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// rustfmt and clippy.
    RustComponents,
    /// The standard library for wasm.
    WasmTarget,
    /// The npm packages of package-lock.json.
    NpmPackages,
    /// The npm packages of bench/package-lock.json: the trainers that ours is compared with.
    BenchPeers,
    /// trunk.
    Trunk,
    /// wasm-pack.
    WasmPack,
    /// wasm-bindgen's program.
    WasmBindgen,
    /// Chromium and its driver.
    Chromium,
    /// Firefox.
    Firefox,
    /// Firefox's driver.
    Geckodriver,
    /// cargo-deny.
    CargoDeny,
    /// cargo-fuzz.
    CargoFuzz,
    /// The dataset.
    Data,
}

/// Makes sure that something is there, and says how long it took.
///
/// # Errors
/// It is not there and cannot be installed.
pub fn ensure(need: Need, workspace: &mut Workspace) -> Result<()> {
    match need {
        Need::RustComponents => timed("Set-up: rustfmt and clippy", || rust_components(workspace)),
        Need::WasmTarget => timed("Set-up: Rust for wasm", || wasm_target(workspace)),
        Need::NpmPackages => timed("Set-up: npm packages", || {
            npm_packages(workspace, workspace.root())
        }),
        Need::BenchPeers => timed("Set-up: the other trainers", || {
            npm_packages(workspace, &workspace.root().join("bench"))
        }),
        Need::Trunk => timed("Set-up: trunk", || tools::trunk().ensure(workspace)),
        Need::WasmPack => timed("Set-up: wasm-pack", || tools::wasm_pack().ensure(workspace)),
        Need::WasmBindgen => timed("Set-up: wasm-bindgen", || {
            tools::wasm_bindgen(workspace)?.ensure(workspace)
        }),
        Need::Chromium => timed("Set-up: Chromium", || {
            browser::ensure(&[&browser::CHROMIUM, &browser::CHROMEDRIVER], workspace)
        }),
        Need::Firefox => timed("Set-up: Firefox", || {
            browser::ensure(&[&browser::FIREFOX], workspace)
        }),
        Need::Geckodriver => timed("Set-up: geckodriver", || geckodriver(workspace)),
        Need::CargoDeny => timed("Set-up: cargo-deny", || {
            tools::cargo_deny().ensure(workspace)
        }),
        Need::CargoFuzz => timed("Set-up: cargo-fuzz", || {
            tools::cargo_fuzz().ensure(workspace)
        }),
        Need::Data => timed("Set-up: CIFAR-10", || {
            data::run(workspace, &data::Options::default())
        }),
    }
}

/// `cargo xtask prepare`: the little that trunk's build needs and that is quick, for its hook.
///
/// # Errors
/// The folder cannot be made or npm fails.
pub fn prepare(workspace: &Workspace) -> Result<()> {
    data::ensure_folder(workspace)?;
    npm_packages(workspace, workspace.root())?;
    licences::write(workspace)
}

fn rust_components(workspace: &Workspace) -> Result<()> {
    let parts = [("fmt", "rustfmt"), ("clippy", "clippy")];
    for (subcommand, component) in parts {
        let answer = output_of(workspace.command(&cargo()).args([subcommand, "--version"]));
        if answer.is_some() {
            println!("    {component} is there.");
            continue;
        }
        let mut command = workspace.command("rustup");
        command.args(["component", "add", component]);
        run(
            &mut command,
            "Install the component by the means that Rust was installed by.",
        )?;
    }
    Ok(())
}

fn wasm_target(workspace: &Workspace) -> Result<()> {
    // Asks the compiler and not rustup, which is not everywhere.
    let words = ["--print", "target-libdir", "--target", WASM_TARGET];
    let libdir = output_of(workspace.command("rustc").args(words));
    if libdir.is_some_and(|folder| Path::new(&folder).is_dir()) {
        println!("    {WASM_TARGET} is there.");
        return Ok(());
    }
    let mut command = workspace.command("rustup");
    command.args(["target", "add", WASM_TARGET]);
    run(
        &mut command,
        "Install Rust by rustup (https://rustup.rs), or your distribution's package of the wasm32 standard library.",
    )
}

fn geckodriver(workspace: &mut Workspace) -> Result<()> {
    if let Some(path) = browser::GECKODRIVER.named() {
        println!("    {} is there.", path.display());
        return Ok(());
    }
    tools::geckodriver().ensure(workspace)
}

/// The packages of the lock file in `folder`.
fn npm_packages(workspace: &Workspace, folder: &Path) -> Result<()> {
    let hint = "Install Node 20.11 or newer with npm (https://nodejs.org).";
    require_node(workspace, hint)?;
    if npm_is_current(folder) {
        println!("    The npm packages are there.");
        return Ok(());
    }
    if workspace.find_program("npm").is_none() {
        return Err(Error::new("npm is not on PATH.", hint));
    }
    let mut command = workspace.command("npm");
    command.current_dir(folder).args(["ci", "--loglevel=error"]);
    run(&mut command, hint)
}

/// The oldest Node whose test runner has what the tests use.
const NODE_OLDEST: Version = Version::new(20, 11, 0);

fn require_node(workspace: &Workspace, hint: &str) -> Result<()> {
    let Some(version) = output_of(workspace.command("node").arg("--version")) else {
        return Err(Error::new("Node is not on PATH.", hint));
    };
    if node_version(&version).is_some_and(|version| version >= NODE_OLDEST) {
        return Ok(());
    }
    Err(Error::new(format!("Node {version} is too old."), hint))
}

/// The version in `v20.11.1`.
fn node_version(text: &str) -> Option<Version> {
    Version::parse(text.strip_prefix('v')?).ok()
}

/// Whether npm has installed since the lock file last changed.
fn npm_is_current(folder: &Path) -> bool {
    let modified = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    // npm leaves its own list of what it installed.
    let installed = modified(&folder.join("node_modules").join(".package-lock.json"));
    installed.is_some() && installed >= modified(&folder.join("package-lock.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_compare_by_number() {
        assert!(node_version("v20.20.2") >= Some(NODE_OLDEST));
        assert!(node_version("v18.19.0") < Some(NODE_OLDEST));
        assert!(node_version("v20.9.0") < Some(NODE_OLDEST));
        assert!(node_version("v100.0.0") >= Some(NODE_OLDEST));
        assert_eq!(node_version("nonsense"), None);
    }
}
