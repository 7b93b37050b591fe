//! `cargo xtask licences`: holds every crate of Cargo.lock against `deny.toml`: its licence and where it comes from.
//!
//! cargo-deny reads the same file and checks more (`cargo xtask advisories`), but a bare machine would have to
//! build it, for two questions that cargo's metadata answers.

use std::fs;

use cargo_metadata::Package;
use serde::Deserialize;
use spdx::{Expression, LicenseReq, Licensee};

use crate::crates::in_tree;
use crate::error::{CHECK_DISK, Context, Error, Result};
use crate::workspace::Workspace;

const HINT: &str = "Choose another crate, or allow it in `deny.toml` and say there why.";

/// What `deny.toml` says, as far as it is checked here.
#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    krate: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// Checks every crate and says what each refused one is refused for.
///
/// # Errors
/// A crate is not allowed, or cargo or `deny.toml` cannot be read.
pub fn check(workspace: &Workspace) -> Result<()> {
    let path = workspace.root().join("deny.toml");
    let text = fs::read_to_string(&path).context("read deny.toml", CHECK_DISK)?;
    let policy: Policy = toml::from_str(&text).context("read deny.toml", "Correct it.")?;
    // Whatever the platform, the features and the use, as in cargo-deny.
    let tree = [
        "--workspace",
        "--all-features",
        "--target",
        "all",
        "--edges",
        "all",
    ];
    let packages = in_tree(workspace, &tree, &["--all-features"])?;
    let faults: Vec<String> = packages
        .iter()
        .flat_map(|package| faults(&policy, package))
        .collect();
    if faults.is_empty() {
        println!("    {} crates are allowed.", packages.len());
        return Ok(());
    }
    Err(Error::new(faults.join("\n"), HINT))
}

/// What is wrong with a crate, a sentence each.
fn faults(policy: &Policy, package: &Package) -> Vec<String> {
    let title = format!("{} {}", package.name, package.version);
    let mut faults = Vec::new();
    if let Some(source) = &package.source {
        let registry = source
            .repr
            .strip_prefix("registry+")
            .unwrap_or(&source.repr);
        let mut allowed = policy.sources.allow_registry.iter();
        if !allowed.any(|it| it == registry) {
            faults.push(format!("{title} comes from {source}."));
        }
    }
    match &package.license {
        None => faults.push(format!("{title} names no licence.")),
        Some(text) => match is_allowed(policy, &package.name, text) {
            Ok(true) => {}
            Ok(false) => faults.push(format!("{title} is under {text}.")),
            Err(cause) => faults.push(format!("{title}'s licence is not understood: {cause}.")),
        },
    }
    faults
}

fn is_allowed(policy: &Policy, krate: &str, text: &str) -> std::result::Result<bool, String> {
    let exceptions = policy.licenses.exceptions.iter();
    let own = exceptions
        .filter(|exception| exception.krate == krate)
        .flat_map(|exception| &exception.allow);
    let allowed = policy.licenses.allow.iter().chain(own);
    let allowed: Vec<Licensee> = allowed
        .map(|name| Licensee::parse(name).map_err(|error| error.to_string()))
        .collect::<std::result::Result<_, _>>()?;
    // Older crates write `MIT/Apache-2.0`, which cargo still takes.
    let expression =
        Expression::parse_mode(text, spdx::ParseMode::LAX).map_err(|error| error.to_string())?;
    let permits = |wanted: &LicenseReq| allowed.iter().any(|licence| licence.satisfies(wanted));
    Ok(expression.evaluate(permits))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const REGISTRY: &str = "https://github.com/rust-lang/crates.io-index";

    fn refused(name: &str, license: Option<&str>, source: &str) -> Vec<String> {
        let policy: Policy = toml::from_str(include_str!("../../deny.toml")).unwrap();
        let package = serde_json::json!({
            "name": name, "version": "1.0.0", "id": name, "license": license, "source": source,
            "manifest_path": "Cargo.toml", "dependencies": [], "targets": [], "features": {},
        });
        faults(&policy, &serde_json::from_value(package).unwrap())
    }

    #[test]
    fn a_licence_is_allowed_by_the_list_or_for_its_crate() {
        let here = format!("registry+{REGISTRY}");
        for text in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(refused("a", Some(text), &here).is_empty(), "{text}");
        }
        assert!(refused("colored", Some("MPL-2.0"), &here).is_empty());
        for text in [
            "MPL-2.0",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "no licence",
        ] {
            assert_eq!(refused("a", Some(text), &here).len(), 1, "{text}");
        }
        assert_eq!(refused("a", None, &here), ["a 1.0.0 names no licence."]);
    }

    #[test]
    fn a_crate_from_elsewhere_is_refused() {
        for source in [
            "git+https://github.com/x/y#1234",
            "registry+https://example.org/index",
        ] {
            let faults = refused("a", Some("MIT"), source);
            assert_eq!(faults, [format!("a 1.0.0 comes from {source}.")]);
        }
    }
}
