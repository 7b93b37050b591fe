//! Which crates are really built, and what each says of itself: asked of cargo by both who list licences
//! (`licences.rs`) and who judge them (`policy.rs`).

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::error::{Context, Error, Result};
use crate::workspace::{Workspace, cargo, output_of};

const OFFLINE: &str = "The first time cargo needs a network.";

/// The crates of a tree, given by `cargo tree`'s own words; `options` narrow what cargo looks through for them.
///
/// # Errors
/// cargo cannot be asked.
pub fn in_tree(workspace: &Workspace, tree: &[&str], options: &[&str]) -> Result<Vec<Package>> {
    // Only the tree knows which features are on; only the metadata knows licences.
    let words = [&["tree", "--locked", "--prefix", "none"], tree].concat();
    let tree = output_of(workspace.command(&cargo()).args(&words)).ok_or_else(|| {
        let says = format!("`cargo {}` says why. {OFFLINE}", words.join(" "));
        Error::new("cargo cannot say what is built.", says)
    })?;
    let named = named(&tree);
    let mut packages = metadata(workspace, &[&["--locked"], options].concat())?.packages;
    packages.retain(|it| named.contains(&(it.name.as_str(), it.version.to_string().as_str())));
    Ok(packages)
}

/// What cargo says of the workspace.
///
/// # Errors
/// cargo cannot be asked.
pub fn metadata(workspace: &Workspace, options: &[&str]) -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.cargo_path(cargo()).current_dir(workspace.root());
    command.other_options(
        options
            .iter()
            .copied()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    );
    command.exec().context("ask cargo for metadata", OFFLINE)
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
