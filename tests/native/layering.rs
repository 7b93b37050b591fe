//! Holds the rooms table of ARCHITECTURE.md against the code: a room knows its left neighbours only.
//!
//! It reads the sources and fails when a room names what it may not: a crate, or another room.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A row of the rooms table.
struct Room {
    name: String,
    /// The rooms it may know.
    rooms: Vec<String>,
    /// The guarded crates it may name.
    crates: Vec<String>,
}

/// The rows of the table under a heading of ARCHITECTURE.md, cell by cell. A row begins with its bar, so the first cell is empty.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once(heading).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| row.split('|').map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    assert!(rows.len() > 7, "the table under {heading:?} is read");
    rows
}

/// The table `| room | what it does | rooms | crates |`.
fn rooms() -> Vec<Room> {
    let room = |cells: &Vec<String>| Room {
        name: words(&cells[1]).remove(0),
        rooms: words(&cells[3]),
        crates: words(&cells[4]),
    };
    table("## The crate's rooms").iter().map(room).collect()
}

/// The words of a cell, without backticks and commas; `none` is no word.
fn words(cell: &str) -> Vec<String> {
    cell.split([' ', ',', '`'])
        .filter(|word| !word.is_empty() && *word != "none")
        .map(str::to_owned)
        .collect()
}

/// Crates that only the rooms which list them may name.
const GUARDED: &[&str] = &[
    "burn",
    "burn_cubecl",
    "burn_ndarray",
    "burn_wgpu",
    "clap",
    "ctrlc",
    "indicatif",
    "js_sys",
    "png",
    "serde_wasm_bindgen",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "web_sys",
];

/// Asked at run time: a target folder shared between clones may hold another clone's build of this.
fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
}

/// The code of a file: without comments and without its unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names `b` in `a::b` for a given `a`, and the group form `a::{b, c::d}`.
fn named_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || before == '_' {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let name: String = rest
            .trim_start_matches('{')
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        assert!(
            !rest.starts_with('{'),
            "write `use {prefix}…` one room a line"
        );
        names.insert(name);
    }
    names
}

fn mentions(code: &str, krate: &str) -> bool {
    let path = format!("{krate}::");
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(&path).any(|(at, _)| {
        let before = &code[..at];
        // `crate::burn::…` or `my_burn::…` would be something else.
        !before.ends_with("::") && !before.chars().next_back().is_some_and(is_word)
    })
}

/// The Rust files in a folder, at every depth; none where there is no such folder.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    files_with(folder, "rs")
}

/// The files in a folder, at every depth, whose names end so; none where there is no such folder.
fn files_with(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_with(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            files.push(path);
        }
    }
    files
}

/// The files of a room: the first is its own, the others lie in its folder. A room that is a crate has all in its folder.
fn files(src: &Path, room: &str) -> Vec<PathBuf> {
    let own = src.join(format!("{room}.rs"));
    let own = own.exists().then_some(own).into_iter().collect();
    let found: Vec<PathBuf> = [own, files_under(&src.join(room))].concat();
    assert!(!found.is_empty(), "{room} has no file");
    found
}

/// What the rooms' files under `src` name and may not.
fn trespasses(src: &Path, all: &[Room]) -> Vec<String> {
    let mut found = Vec::new();
    for room in all {
        for file in files(src, &room.name) {
            let code = code(&file);
            let file = file.strip_prefix(src).unwrap().display();
            for other in named_after(&code, "crate::") {
                let is_room = all.iter().any(|each| each.name == other);
                if is_room && other != room.name && !room.rooms.contains(&other) {
                    found.push(format!("{file} may not know crate::{other}"));
                }
            }
            for krate in GUARDED {
                if mentions(&code, krate) && !room.crates.iter().any(|each| each == krate) {
                    found.push(format!("{file} may not know {krate}"));
                }
            }
        }
    }
    found
}

#[test]
fn every_source_file_is_a_room_of_the_table_and_every_room_has_a_file() {
    let src = root().join("src");
    let rooms = rooms();
    let seen: Vec<PathBuf> = rooms
        .iter()
        .flat_map(|room| files(&src, &room.name))
        .collect();
    for path in files_under(&src) {
        let beside = path.starts_with(src.join("bin")) || path == src.join("lib.rs");
        let known = beside || seen.contains(&path);
        assert!(known, "{} is in no row of the table", path.display());
    }
    for path in &seen {
        assert!(path.is_file(), "{} is not there", path.display());
        assert!(code(path).len() > 100, "{} is read", path.display());
    }
    for room in rooms {
        for krate in room.crates {
            assert!(GUARDED.contains(&krate.as_str()), "{krate} is not guarded");
        }
    }
}

#[test]
fn a_room_knows_its_left_neighbours_only() {
    let none: Vec<String> = Vec::new();
    assert_eq!(trespasses(&root().join("src"), &rooms()), none);
}

/// The check itself: it looks into every folder.
#[test]
fn a_trespass_is_seen_at_every_depth() {
    let room = |name: &str, rooms: &[&str], crates: &[&str]| Room {
        name: name.into(),
        rooms: rooms.iter().map(|&room| room.into()).collect(),
        crates: crates.iter().map(|&krate| krate.into()).collect(),
    };
    let src = std::env::temp_dir().join(format!("convburn-layering-{}", std::process::id()));
    let deep = src.join("near/deep/deeper");
    fs::create_dir_all(&deep).unwrap();
    fs::write(src.join("near.rs"), "mod deep;\n").unwrap();
    fs::write(src.join("far.rs"), "// use crate::near;\n").unwrap();
    let text = "use burn::tensor::Tensor;\nuse crate::far::Far;\nuse crate::near::deep;\n";
    fs::write(deep.join("file.rs"), text).unwrap();

    let closed = [room("near", &[], &[]), room("far", &["near"], &["burn"])];
    let open = [room("near", &["far"], &["burn"]), room("far", &[], &[])];
    let found = [trespasses(&src, &closed), trespasses(&src, &open)];
    fs::remove_dir_all(&src).unwrap();
    let file = "near/deep/deeper/file.rs may not know";
    let expected = [format!("{file} crate::far"), format!("{file} burn")];
    assert_eq!(found, [expected.to_vec(), Vec::new()]);
}

/// `from` parts of the import lines of a JavaScript file, and its own text.
fn imports(path: &Path) -> (Vec<String>, String) {
    let text = fs::read_to_string(path).unwrap();
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with(['*', '/']))
        .collect::<Vec<_>>()
        .join("\n");
    let is_import = |line: &&str| {
        ["import ", "export ", "} from "]
            .iter()
            .any(|word| line.starts_with(word))
    };
    let froms = code
        .lines()
        .filter(is_import)
        .filter_map(|line| line.split_once("from ")?.1.split(['\'', '"']).nth(1))
        .map(str::to_owned)
        .collect();
    (froms, code)
}

/// A row of the wings table of ARCHITECTURE.md.
struct Wing {
    folder: String,
    knows: Vec<String>,
}

/// The table `| wing | what it does | knows | never |`.
fn wings() -> Vec<Wing> {
    let wing = |cells: &Vec<String>| Wing {
        folder: words(&cells[1]).remove(0),
        knows: words(&cells[3]),
    };
    table("## The page's wings").iter().map(wing).collect()
}

/// Where the page's scripts lie.
fn www() -> PathBuf {
    root().join("www")
}

/// The page's scripts, at every depth, as paths from `www` with slashes.
fn scripts() -> Vec<String> {
    let paths: Vec<String> = files_with(&www(), "js")
        .iter()
        .map(|path| {
            path.strip_prefix(www())
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/")
        })
        .collect();
    assert!(paths.len() > 60, "the wings are read");
    paths
}

/// A script's folder, from `www`; empty at the top.
fn wing_of(script: &str) -> &str {
    script.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The script or file that `from` names when `script` imports it, from `www`.
fn imported(script: &str, from: &str) -> String {
    let mut parts: Vec<&str> = wing_of(script)
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in from.split('/') {
        match part {
            "." => {}
            ".." => assert!(
                parts.pop().is_some(),
                "{script} imports from outside: {from}"
            ),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The wasm modules' bindings, as the build names them.
const MODULES: [&str; 3] = [
    "convburn_cpu.js",
    "convburn_cpu_relaxed.js",
    "convburn_full.js",
];

#[test]
fn only_the_worker_imports_the_module_and_it_never_touches_the_page() {
    for script in scripts() {
        let (_, code) = imports(&www().join(&script));
        let is_worker = script == "engine/worker.js";
        let imports_module = MODULES.iter().any(|name| code.contains(name));
        assert_eq!(imports_module, is_worker, "{script}");
        if is_worker {
            assert!(!code.contains("document.") && !code.contains("window."));
        }
    }
}

#[test]
fn a_wing_knows_the_wings_of_its_row_only() {
    let wings = wings();
    for Wing { folder, .. } in &wings {
        assert!(www().join(folder).is_dir(), "{folder} is not there");
    }
    for script in scripts()
        .iter()
        .filter(|script| !wing_of(script).is_empty())
    {
        let own = wing_of(script);
        let wing = wings.iter().find(|wing| wing.folder == own);
        let wing = wing.unwrap_or_else(|| panic!("{script} is in no row of the table"));
        let (froms, _) = imports(&www().join(script));
        for from in froms {
            let path = imported(script, &from);
            let other = wing_of(&path);
            let beside = other == "vendor" || MODULES.contains(&path.as_str());
            let known = other == own || wing.knows.iter().any(|each| each == other);
            assert!(known || beside, "{script} imports {path}");
        }
    }
}

#[test]
fn the_state_is_pure() {
    let pure = ["state", "protocol"];
    for script in scripts()
        .iter()
        .filter(|script| pure.contains(&wing_of(script)))
    {
        let (_, code) = imports(&www().join(script));
        for word in ["document.", "window.", "fetch(", "postMessage"] {
            assert!(!code.contains(word), "{script} uses {word}");
        }
    }
}

#[test]
fn views_know_neither_the_worker_nor_each_other() {
    for script in scripts()
        .iter()
        .filter(|script| script.starts_with("views/"))
    {
        let (froms, code) = imports(&www().join(script));
        for word in ["new Worker", "postMessage"].iter().chain(&MODULES) {
            assert!(!code.contains(word), "{script} uses {word}");
        }
        for from in froms {
            let path = imported(script, &from);
            let is_panel = wing_of(script) == "views" && wing_of(&path) == "views";
            assert!(!is_panel, "{script} imports the panel {path}");
        }
    }
}
