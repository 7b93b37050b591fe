//! `cargo xtask bench --size`, and the step of `cargo xtask test` that watches what it recorded: how large the
//! page's modules are. This builds; what is measured stands in `bench/size.mjs`.

use std::path::PathBuf;
use std::process::Command;

use crate::crates::metadata;
use crate::dist;
use crate::error::Result;
use crate::step::timed;
use crate::workspace::{Workspace, cargo, run};

/// A module of the page: its binary, its profile and its features, as `www/index.html` asks trunk for it.
struct Module {
    binary: &'static str,
    profile: &'static str,
    features: &'static [&'static str],
}

const MODULES: [Module; 3] = [
    Module {
        binary: "convburn_cpu",
        profile: "release",
        features: &["--no-default-features"],
    },
    Module {
        binary: "convburn_cpu_relaxed",
        profile: "release",
        features: &["--no-default-features"],
    },
    Module {
        binary: "convburn_full",
        profile: "release",
        features: &[],
    },
];

const TARGET: &str = "wasm32-unknown-unknown";

/// Measures the modules into BENCHMARKS.md and records their sizes.
///
/// # Errors
/// Something needed cannot be installed, or a build fails.
pub fn measure(workspace: &mut Workspace) -> Result<()> {
    dist::make(workspace)?;
    let named = timed("Linking the modules with their names", || {
        link_with_names(workspace)
    })?;
    run(
        script(workspace).env("CONVBURN_NAMED", named),
        "Read the message above; BENCHMARKS.md is as it was.",
    )
}

/// Holds the modules of `dist/` against the sizes that were recorded.
pub fn check(workspace: &Workspace) -> Command {
    let mut command = script(workspace);
    command.arg("--check");
    command
}

fn script(workspace: &Workspace) -> Command {
    let mut command = workspace.command("node");
    command
        .arg("bench/size.mjs")
        .env("CONVBURN_DIST", workspace.dist());
    command
}

/// The same modules with their functions' names, which wasm-bindgen makes readable: only the last link is done anew.
/// Returns their folder.
fn link_with_names(workspace: &Workspace) -> Result<PathBuf> {
    let target = metadata(workspace, &["--no-deps"])?.target_directory;
    let named = target.join("named");
    for module in &MODULES {
        let mut command = workspace.command(&cargo());
        command
            .args(["rustc", "--package", "convburn", "--target", TARGET])
            .args(["--profile", module.profile, "--bin", module.binary])
            .args(module.features)
            // Later words win: the profile strips.
            .args(["--", "-C", "strip=none"]);
        run(&mut command, "Read the compiler's message above.")?;
        let folder = target.join(TARGET).join(module.profile);
        let mut command = workspace.command("wasm-bindgen");
        command
            .args(["--target", "web", "--no-typescript", "--out-dir"])
            .arg(&named)
            .arg(folder.join(module.binary).with_extension("wasm"));
        run(&mut command, "Read wasm-bindgen's message above.")?;
    }
    Ok(named.into())
}

#[cfg(test)]
mod tests {
    use super::MODULES;

    #[test]
    fn the_modules_are_those_that_the_page_asks_for() {
        let page = include_str!("../../www/index.html");
        for module in &MODULES {
            let link = page
                .split("<link ")
                .find(|link| link.contains(&format!("data-bin=\"{}\"", module.binary)));
            let link = link.unwrap_or_default();
            let is_small = module.features == ["--no-default-features"];
            assert_eq!(link.contains("data-cargo-no-default-features"), is_small);
            let profile = format!("data-cargo-profile=\"{}\"", module.profile);
            assert!(module.profile == "release" || link.contains(&profile));
        }
        assert_eq!(page.matches("rel=\"rust\"").count(), MODULES.len());
    }
}
