//! `licences.txt` beside the page: what the page is built from, under which licence, and those licences' texts; and
//! the same for the npm package, which is the crate without the page.
//!
//! It is written before trunk and wasm-pack build, from what cargo and npm have resolved, so that it cannot fall behind. What
//! licences are allowed is `deny.toml`'s business.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::crates::in_tree;
use crate::error::{CHECK_DISK, Context, Result};
use crate::workspace::{Workspace, output_of};

/// How the files begin that hold a licence or a notice, in capitals.
const TEXT_FILES: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];

/// Only what is linked for the page counts.
const TARGET: &str = "wasm32-unknown-unknown";

/// A work that the page contains.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Work {
    name: String,
    version: String,
    licence: String,
    /// Where its source is; empty where the package does not say.
    source: String,
    texts: Vec<String>,
}

impl Work {
    fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// Writes the list to where `www/index.html` has it copied from.
///
/// # Errors
/// cargo or npm's packages cannot be asked, or the file cannot be written.
pub fn write(workspace: &Workspace) -> Result<()> {
    let mut works = crates(workspace)?;
    works.extend(npm_packages(workspace)?);
    works.push(standard_library(workspace));
    works.sort();
    let text = listed("page", &works);
    let path = workspace.licences();
    // Left alone where it is the same: a build that watches would start again.
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    println!("    The licences of {} works are listed.", works.len());
    fs::write(&path, text).context(format!("write {}", path.display()), CHECK_DISK)
}

/// Writes the list into the npm package. npm takes along whatever is called `LICENSE` or `LICENSE.` and something,
/// and nothing else that wasm-pack does not list: hence the name.
///
/// # Errors
/// cargo cannot be asked, or the file cannot be written.
pub fn write_for_package(workspace: &Workspace) -> Result<()> {
    let mut works = crates(workspace)?;
    works.push(standard_library(workspace));
    works.sort();
    let folder = workspace.root().join("pkg");
    let path = folder.join("LICENSE.dependencies.txt");
    let writing = format!("write {}", path.display());
    fs::create_dir_all(&folder).context(&writing, CHECK_DISK)?;
    fs::write(&path, listed("npm package", &works)).context(&writing, CHECK_DISK)
}

/// The crates that are linked into the full module, which has all that the small one has.
fn crates(workspace: &Workspace) -> Result<Vec<Work>> {
    let tree = ["--target", TARGET, "--edges", "normal,no-proc-macro"];
    let packages = in_tree(workspace, &tree, &["--filter-platform", TARGET])?;
    packages
        .into_iter()
        .map(|package| {
            let folder = package.manifest_path.parent();
            let texts = folder.map_or_else(|| Ok(Vec::new()), |it| texts_in(it.as_std_path()))?;
            Ok(Work {
                name: package.name.to_string(),
                version: package.version.to_string(),
                licence: package.license.unwrap_or_default(),
                source: package.repository.unwrap_or_default(),
                texts,
            })
        })
        .collect()
}

/// What the page takes from npm: the dependencies of package.json, and no packages of the tests.
fn npm_packages(workspace: &Workspace) -> Result<Vec<Work>> {
    #[derive(Deserialize)]
    struct Page {
        dependencies: BTreeMap<String, String>,
    }
    #[derive(Deserialize)]
    struct Npm {
        version: String,
        license: String,
        homepage: Option<String>,
    }
    let hint = "Run `npm ci`.";
    let page: Page = read_json(&workspace.root().join("package.json"), hint)?;
    let names = page.dependencies.into_keys();
    names
        .map(|name| {
            let folder = workspace.root().join("node_modules").join(&name);
            let package: Npm = read_json(&folder.join("package.json"), hint)?;
            Ok(Work {
                name,
                version: package.version,
                licence: package.license,
                source: package.homepage.unwrap_or_default(),
                texts: texts_in(&folder)?,
            })
        })
        .collect()
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path, hint: &str) -> Result<T> {
    let reading = format!("read {}", path.display());
    let text = fs::read_to_string(path).context(&reading, hint)?;
    serde_json::from_str(&text).context(&reading, hint)
}

/// It is in every module, and no package.
fn standard_library(workspace: &Workspace) -> Work {
    let version = output_of(workspace.command("rustc").arg("--version"));
    let version = version.and_then(|text| Some(text.split_whitespace().nth(1)?.to_owned()));
    Work {
        name: "Rust's standard library".to_owned(),
        version: version.unwrap_or_default(),
        licence: "MIT OR Apache-2.0".to_owned(),
        source: "https://github.com/rust-lang/rust".to_owned(),
        texts: Vec::new(),
    }
}

/// The texts that a package ships, in the order of the files' names.
fn texts_in(folder: &Path) -> Result<Vec<String>> {
    let reading = format!("read {}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).context(&reading, CHECK_DISK)? {
        let path = entry.context(&reading, CHECK_DISK)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        if path.is_file() && TEXT_FILES.iter().any(|begin| name.starts_with(begin)) {
            paths.push(path);
        }
    }
    paths.sort();
    let text = |path: &PathBuf| {
        let bytes = fs::read(path).context(&reading, CHECK_DISK)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        Ok(lines.join("\n").trim_matches('\n').to_owned())
    };
    paths.iter().map(text).collect()
}

/// The file: a line a work, then each text once, under the works that come with it.
fn listed(product: &str, works: &[Work]) -> String {
    // It begins with a byte order mark, because a static host need not say that a text is UTF-8.
    let mut file = format!(
        "\u{feff}What ConvBurn's {product} is built from\n\nOne line a work: name, version, licence, where its source is. The licences' texts follow, \
         as the works ship them.\n\n",
    );
    // Texts that differ in nothing but their line breaks are one.
    let mut texts: BTreeMap<String, (&str, Vec<String>)> = BTreeMap::new();
    for work in works {
        // Writing to a String cannot fail.
        let _ = writeln!(
            file,
            "{} · {} · {}",
            work.title(),
            work.licence,
            work.source
        );
        for text in work.texts.iter().filter(|text| !text.is_empty()) {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let (_, titles) = texts.entry(words).or_insert((text, Vec::new()));
            titles.push(work.title());
        }
    }
    let silent = works.iter().filter(|work| work.texts.is_empty());
    let silent: Vec<String> = silent.map(Work::title).collect();
    if !silent.is_empty() {
        let _ = writeln!(
            file,
            "\nWithout a text of their own, under licences whose texts come with others: {}.",
            silent.join(", ")
        );
    }
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by(|a, b| a.1.cmp(&b.1));
    for (text, mut titles) in texts {
        titles.dedup();
        let _ = write!(
            file,
            "\n{}\n{}\n\n{text}\n",
            "-".repeat(72),
            titles.join(", ")
        );
    }
    file
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    /// The list is held against what the page certainly contains.
    #[test]
    fn the_crates_of_the_page_are_found_with_their_licences() {
        let workspace = Workspace::find().unwrap();
        let works = crates(&workspace).unwrap();
        for name in ["burn", "burn-wgpu", "convburn", "wasm-bindgen"] {
            let work = works.iter().find(|work| work.name == name).unwrap();
            assert!(work.licence.contains("MIT"), "{work:?}");
        }
        assert!(!works.iter().any(|work| work.name == "criterion"));
        assert!(!works.iter().any(|work| work.name == "syn"));
    }

    #[test]
    fn each_text_stands_once_under_all_that_come_with_it() {
        let work = |name: &str, texts: &[&str]| Work {
            name: name.into(),
            version: "1".into(),
            licence: "MIT".into(),
            source: "https://x".into(),
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
        };
        let works = [
            work("a", &["You may\ncopy it."]),
            work("b", &["You may copy it."]),
            work("c", &["You may not."]),
            work("d", &[]),
        ];
        let file = listed("page", &works);
        assert!(file.contains("\na 1 · MIT · https://x\nb 1 · MIT · https://x\n"));
        assert!(file.contains("\na 1, b 1\n\nYou may\ncopy it.\n"));
        assert_eq!(file.matches("copy it").count(), 1);
        assert!(file.contains("\nc 1\n\nYou may not.\n"));
        assert!(file.contains("come with others: d 1."));
    }

    /// The repository's own files are found; a name that only contains a word of these is none.
    #[test]
    fn the_texts_of_a_folder_are_found_by_their_names() {
        let workspace = Workspace::find().unwrap();
        let texts = texts_in(workspace.root()).unwrap();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].contains("Apache License"));
        assert!(texts[1].contains("MIT License") || texts[1].contains("Permission is hereby"));
    }
}
