//! The page's scripts, named in its `index.html`: a browser then fetches all of them at once, where it would learn of each
//! only from the one that imports it, six levels deep.
//!
//! Which these are follows from the scripts themselves, from the first one on. A worker's are fetched by the worker.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::error::{CHECK_DISK, Context, Error, Result};

const PAGE: &str = "index.html";
/// The script that imports all others of the page.
const FIRST: &str = "main.js";
/// How a line begins that names a script.
const LINK: &str = "<link rel=\"modulepreload\" href=\"";
/// Before this they stand.
const BEFORE: &str = "<link rel=\"stylesheet\"";

/// Names every script in a folder's `index.html`.
///
/// # Errors
/// A script or the page is not there, or has no place for them.
pub fn write(folder: &Path) -> Result<()> {
    let path = folder.join(PAGE);
    let page = fs::read_to_string(&path).context(reading(&path), CHECK_DISK)?;
    let scripts = scripts_from(folder, FIRST)?;
    let named = with_scripts(&page, &scripts)?;
    fs::write(&path, named).context(format!("write {}", path.display()), CHECK_DISK)?;
    println!("    {PAGE} names {} scripts.", scripts.len());
    Ok(())
}

fn reading(path: &Path) -> String {
    format!("read {}", path.display())
}

/// A script and all that it imports, and all that these do, by their paths from the folder.
fn scripts_from(folder: &Path, first: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut left = vec![first.to_owned()];
    while let Some(script) = left.pop() {
        if !found.insert(script.clone()) {
            continue;
        }
        let path = folder.join(&script);
        let text = fs::read_to_string(&path).context(reading(&path), CHECK_DISK)?;
        let parent = Path::new(&script).parent().unwrap_or(Path::new(""));
        left.extend(imports(&text).map(|import| resolved(parent, import)));
    }
    Ok(found)
}

/// What a script imports as it is loaded, by addresses that begin with a dot.
fn imports(script: &str) -> impl Iterator<Item = &str> {
    script.lines().filter_map(|line| {
        let is_import = ["import ", "export ", "} from "]
            .iter()
            .any(|start| line.starts_with(start));
        let named = line.split_once(" from '").filter(|_| is_import);
        let (_, quoted) = named.or_else(|| Some(("", line.strip_prefix("import '")?)))?;
        let address = quoted.split('\'').next();
        address.filter(|address| address.starts_with('.'))
    })
}

/// An address from a folder, as a path with slashes.
fn resolved(parent: &Path, import: &str) -> String {
    let mut path = PathBuf::new();
    for part in parent.join(import).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
    names.join("/")
}

/// The page with these scripts named, and no others.
fn with_scripts(page: &str, scripts: &BTreeSet<String>) -> Result<String> {
    let mut lines: Vec<String> = page
        .lines()
        .filter(|line| !line.trim_start().starts_with(LINK))
        .map(str::to_owned)
        .collect();
    let at = lines.iter().position(|line| line.contains(BEFORE));
    let at = at.ok_or_else(|| {
        Error::new(
            format!("{PAGE} has no place to name scripts in."),
            "Compare `BEFORE` in xtask/src/preloads.rs with www/index.html.",
        )
    })?;
    let links = scripts.iter().map(|script| format!("  {LINK}{script}\">"));
    lines.splice(at..at, links);
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn the_page_names_every_script_that_its_first_one_comes_to_and_no_other() {
        let www = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www");
        let scripts = scripts_from(&www, "state/store.js").unwrap();
        assert!(scripts.contains("state/fields.js") && scripts.contains("protocol/settings.js"));
        assert!(!scripts.iter().any(|script| script.starts_with("views/")));
        let text = "import { a } from './a.js';\nimport {\n  b,\n} from '../b.js';\nexport { c } from './c.js';\nimport './d.js';\n// './e.js'\nconst late = () => import('./f.js');\nnew URL('./g.js', import.meta.url);\n * @import { H } from './h.js'\n";
        let found: Vec<&str> = imports(text).collect();
        assert_eq!(found, ["./a.js", "../b.js", "./c.js", "./d.js"]);
        assert_eq!(resolved(Path::new("views/shared"), "../../b.js"), "b.js");
    }

    #[test]
    fn they_are_named_once_however_often_that_is_done() {
        let page = "<head>\n  <link rel=\"stylesheet\" href=\"a.css\">\n</head>\n";
        let scripts = BTreeSet::from(["main.js".to_owned(), "views/data.js".to_owned()]);
        let once = with_scripts(page, &scripts).unwrap();
        assert_eq!(once.matches("modulepreload").count(), 2);
        assert!(once.find("views/data.js") < once.find("stylesheet"));
        assert_eq!(with_scripts(&once, &scripts).unwrap(), once);
        assert!(with_scripts("<head></head>", &scripts).is_err());
    }
}
