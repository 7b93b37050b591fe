//! The list of the page's files, each with its SHA-256, that the build writes into `sw.js`: what the
//! service worker keeps for a visit without a network, and how it knows that a file is of its version.
//!
//! `cargo xtask dist` asks for it, through a hook of trunk's. `trunk serve` does not: a page that is
//! worked on is not to be kept by the browser that it is looked at in.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use walkdir::{DirEntry, WalkDir};

use crate::data::sha256_hex;
use crate::error::{CHECK_DISK, Context, Error, Result};
use crate::workspace::Workspace;

/// The variable by which `dist` asks for the list.
pub const ASKED: &str = "CONVBURN_RELEASE_LIST";
/// Where trunk puts the page together before it becomes `dist/`.
const STAGING: &str = "TRUNK_STAGING_DIR";
/// The script that holds the list.
const SCRIPT: &str = "sw.js";
/// How the script's line begins that the list stands in.
const MARK: &str = "/* release */ ";
/// What is large and not for everyone: it is kept once it is used.
const LATER: [&str; 2] = ["convburn_full_bg.wasm", "licences.txt"];
/// What the page does not need to work: the card is for those who show a link to it.
const NOT_KEPT: [&str; 2] = [SCRIPT, "icons/card.png"];
/// Kept elsewhere, shard by shard.
const DATA: &str = "data";

/// The list as `sw.js` reads it: paths from the page's folder, with their sums.
#[derive(Debug, Serialize)]
struct Release {
    version: String,
    files: BTreeMap<String, String>,
    later: BTreeMap<String, String>,
}

/// `cargo xtask stamp`: writes the list into the page that trunk has put together, if that was asked
/// for, or, outside of trunk, into `dist/`.
///
/// # Errors
/// The page is not there or not whole.
pub fn stamp(workspace: &Workspace) -> Result<()> {
    let Some(staging) = env::var_os(STAGING) else {
        return write_list(&workspace.dist());
    };
    if env::var_os(ASKED).is_none() {
        println!("    {SCRIPT} gets no list of files: this page is for development.");
        return Ok(());
    }
    write_list(&PathBuf::from(staging))
}

/// Writes the list of a folder's files into its `sw.js`.
fn write_list(folder: &Path) -> Result<()> {
    let path = folder.join(SCRIPT);
    let script = fs::read_to_string(&path).context(reading(&path), CHECK_DISK)?;
    let release = release_of(sums_of(folder)?, &with_list(&script, "null")?)?;
    let list = serde_json::to_string(&release).context("write the list of files", CHECK_DISK)?;
    let stamped = with_list(&script, &list)?;
    fs::write(&path, stamped).context(format!("write {}", path.display()), CHECK_DISK)?;
    println!(
        "    {SCRIPT} lists {} files of the version {}.",
        release.files.len() + release.later.len(),
        release.version
    );
    Ok(())
}

fn reading(path: &Path) -> String {
    format!("read {}", path.display())
}

/// The sums of all files below a folder that the page may be asked for, by their paths with slashes.
fn sums_of(folder: &Path) -> Result<BTreeMap<String, String>> {
    let path_of = |entry: &DirEntry| {
        let parts = entry.path().strip_prefix(folder).into_iter().flatten();
        let names: Vec<_> = parts.map(|name| name.to_string_lossy()).collect();
        names.join("/")
    };
    // Names with a dot are what trunk left of a build that failed; hosts keep such names back.
    let is_asked = |entry: &DirEntry| {
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        entry.depth() == 0 || !(is_hidden || path_of(entry) == DATA)
    };
    let mut sums = BTreeMap::new();
    for entry in WalkDir::new(folder).into_iter().filter_entry(is_asked) {
        let entry = entry.context(reading(folder), CHECK_DISK)?;
        let path = path_of(&entry);
        if entry.file_type().is_file() && !NOT_KEPT.contains(&path.as_str()) {
            let bytes = fs::read(entry.path()).context(reading(entry.path()), CHECK_DISK)?;
            sums.insert(path, sha256_hex(&bytes));
        }
    }
    Ok(sums)
}

/// Divides the files, and names their version after all of them and the script that hands them out.
fn release_of(mut files: BTreeMap<String, String>, script: &str) -> Result<Release> {
    let mut later = BTreeMap::new();
    for name in LATER {
        let sum = files.remove(name).ok_or_else(|| {
            Error::new(
                format!("The page has no {name}."),
                "Compare `LATER` in xtask/src/release.rs with what trunk makes.",
            )
        })?;
        later.insert(name.to_owned(), sum);
    }
    let text = format!("{files:?} {later:?} {script}");
    let version = sha256_hex(text.as_bytes()).chars().take(16).collect();
    Ok(Release {
        version,
        files,
        later,
    })
}

/// The script with another list in its line.
fn with_list(script: &str, list: &str) -> Result<String> {
    let mut found = 0;
    let lines: Vec<String> = script
        .lines()
        .map(|line| {
            let Some(at) = line.find(MARK) else {
                return line.to_owned();
            };
            found += 1;
            format!("{}{MARK}{list}", line.get(..at).unwrap_or_default())
        })
        .collect();
    if found == 1 {
        return Ok(lines.join("\n") + "\n");
    }
    Err(Error::new(
        format!("{SCRIPT} has {found} lines for the list of files, not one."),
        "Compare `MARK` in xtask/src/release.rs with www/sw.js.",
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use tempfile::TempDir;

    use super::*;

    /// A page of a few files in a folder of its own, deleted after the test.
    struct Page(TempDir);

    impl Page {
        fn new() -> Self {
            let page = Self(TempDir::new().unwrap());
            for inside in ["views", "icons", "data/cifar10", ".stage"] {
                fs::create_dir_all(page.0.path().join(inside)).unwrap();
            }
            page.put(SCRIPT, include_str!("../../www/sw.js"));
            for file in ["index.html", "views/data.js", "icons/card.png"] {
                page.put(file, file);
            }
            page.put("data/cifar10/manifest.json", "{}");
            page.put(".stage/index.html", "half a page");
            for name in LATER {
                page.put(name, "large");
            }
            page
        }

        fn put(&self, file: &str, text: &str) {
            fs::write(self.0.path().join(file), text).unwrap();
        }

        /// The list that its script has got.
        fn list(&self) -> serde_json::Value {
            write_list(self.0.path()).unwrap();
            let script = fs::read_to_string(self.0.path().join(SCRIPT)).unwrap();
            let line = script.lines().find(|line| line.contains(MARK)).unwrap();
            serde_json::from_str(line.trim_start().strip_prefix(MARK).unwrap()).unwrap()
        }
    }

    #[test]
    fn the_list_has_all_that_the_page_needs_and_the_large_module_apart() {
        let page = Page::new();
        let list = page.list();
        let files: Vec<&String> = list["files"].as_object().unwrap().keys().collect();
        assert_eq!(files, ["index.html", "views/data.js"]);
        assert_eq!(list["files"]["index.html"], sha256_hex(b"index.html"));
        assert_eq!(list["later"][LATER[0]], sha256_hex(b"large"));
    }

    #[test]
    fn the_version_is_another_one_when_any_file_is_and_only_then() {
        let page = Page::new();
        let first = page.list();
        assert_eq!(page.list(), first, "a second stamp changes nothing");
        page.put("views/data.js", "changed");
        let second = page.list();
        assert_ne!(second["version"], first["version"]);
        page.put("data/cifar10/manifest.json", "[]");
        assert_eq!(page.list(), second);
        let script = include_str!("../../www/sw.js");
        page.put(SCRIPT, &format!("{script}// changed\n"));
        assert_ne!(page.list()["version"], second["version"]);
    }

    #[test]
    fn a_page_without_its_large_module_or_its_line_is_refused() {
        let page = Page::new();
        page.put(SCRIPT, "const RELEASE = null;\n");
        assert!(write_list(page.0.path()).is_err());
        page.put(SCRIPT, include_str!("../../www/sw.js"));
        fs::remove_file(page.0.path().join(LATER[0])).unwrap();
        assert!(write_list(page.0.path()).is_err());
    }
}
