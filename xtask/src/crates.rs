//! Which crates are really built, and what each says of itself: asked of cargo by both who list licences
//! (`licences.rs`) and who judge them (`policy.rs`).

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Deserialize;

use crate::error::{Context, Error, Result};
use crate::workspace::{Workspace, cargo, output_of};

/// A crate as cargo's metadata tells it.
#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    pub repository: Option<String>,
    /// The registry or repository it was fetched from; nothing for a package of this repository.
    pub source: Option<String>,
    pub manifest_path: PathBuf,
}

/// The crates of a tree, given by `cargo tree`'s own words; `metadata` narrows what cargo looks through for them.
///
/// # Errors
/// cargo cannot be asked.
pub fn in_tree(workspace: &Workspace, tree: &[&str], metadata: &[&str]) -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    // Only the tree knows which features are on; only the metadata knows licences.
    let words = ["tree", "--locked", "--prefix", "none"];
    let tree = cargo_says(workspace, &[&words, tree].concat())?;
    let words = ["metadata", "--locked", "--format-version", "1"];
    let answer = cargo_says(workspace, &[&words, metadata].concat())?;
    let answer: Metadata =
        serde_json::from_str(&answer).context("read what cargo says", "Update cargo.")?;
    let named = named(&tree);
    let packages = answer.packages.into_iter();
    Ok(packages
        .filter(|package| named.contains(&(package.name.as_str(), package.version.as_str())))
        .collect())
}

fn cargo_says(workspace: &Workspace, words: &[&str]) -> Result<String> {
    output_of(workspace.command(&cargo()).args(words)).ok_or_else(|| {
        Error::new(
            "cargo cannot say what is built.",
            format!(
                "`cargo {}` says why; the first time it needs a network.",
                words.join(" ")
            ),
        )
    })
}

/// Name and version of each line of a tree: `burn v0.22.1 (*)`.
fn named<'a>(tree: &'a str) -> BTreeSet<(&'a str, &'a str)> {
    let lines = tree.lines().filter_map(|line| line.split_once(" v"));
    let entry = |(name, rest): (&'a str, &'a str)| Some((name, rest.split(' ').next()?));
    lines.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_tree_gives_each_crate_once() {
        let tree =
            "convburn v0.1.0 (/somewhere/v1 here)\nburn v0.22.1\nserde v1.0.0\nburn v0.22.1 (*)\n";
        let found: Vec<_> = named(tree).into_iter().collect();
        assert_eq!(
            found,
            [
                ("burn", "0.22.1"),
                ("convburn", "0.1.0"),
                ("serde", "1.0.0")
            ]
        );
    }
}
