//! `src/bindings/types.d.ts`: the types of what crosses the border, as ts-rs reads them off the Rust types. And their
//! names once more for the page's JSDoc, which cannot import a file's types all at once.
//!
//! What no Rust type says stands in `src/bindings/by_hand.d.ts`. What ts-rs does not hand on: the comments of an enum's
//! variants.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ts_rs::{Config as Options, TS, TypeVisitor};

use super::{between, read};
use crate::protocol::settings::NETWORKS;
use crate::protocol::{
    BackendStatus, Changes, Config, EpochOutcome, ErrorReport, Evaluation, Event, LearningRates,
    Loaded, Manifest, RecordFile, RefusedFile, Restored, ShardAdded, SplitChoice, Summary,
};

/// What JavaScript hands in and gets back. A type that crosses anew has its line here; those of its fields come along.
fn crossing(found: &mut Found) {
    found.visit::<BackendStatus>();
    found.visit::<Changes>();
    found.visit::<Config>();
    found.visit::<EpochOutcome>();
    found.visit::<ErrorReport>();
    found.visit::<Evaluation>();
    found.visit::<Event>();
    found.visit::<Loaded>();
    found.visit::<Manifest>();
    found.visit::<RecordFile>();
    found.visit::<RefusedFile>();
    found.visit::<Restored>();
    found.visit::<ShardAdded>();
    found.visit::<SplitChoice>();
    found.visit::<Summary>();
    found.visit::<LearningRates>();
}

/// The declarations found, by name.
#[derive(Default)]
struct Found(BTreeMap<String, String>);

impl TypeVisitor for Found {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        let options = Options::new();
        if T::output_path().is_none() {
            // A number, a list or a box: what it is of is visited by itself.
            T::visit_generics(self);
            return;
        }
        let name = T::name(&options);
        if self.0.contains_key(&name) {
            return;
        }
        let declaration = match name.as_str() {
            // In Rust any text; which names there are, the table says.
            "NetworkChoice" => format!("type {name} = {} | NetworkSpec;", quoted(&NETWORKS)),
            _ => T::decl(&options),
        };
        let docs = T::docs().unwrap_or_default();
        self.0
            .insert(name, tidy(&format!("{docs}export {declaration}")));
        T::visit_dependencies(self);
    }
}

fn quoted(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("{word:?}"))
        .collect::<Vec<_>>()
        .join(" | ")
}

fn found() -> BTreeMap<String, String> {
    let mut found = Found::default();
    crossing(&mut found);
    found.0
}

/// The package's types.
pub(super) fn declarations(_: &str) -> String {
    let mut text = String::from(
        "// Made by `cargo xtask generate` from the types of `src/protocol.rs`, all but the end.\n",
    );
    for declaration in found().values() {
        let _ = write!(text, "\n{declaration}\n");
    }
    text + "\n" + &read("src/bindings/by_hand.d.ts")
}

/// `www/protocol/protocol.js` with the names of the package's types as types of the page.
pub(super) fn page(text: &str) -> String {
    let mut names = String::from("\n");
    for name in found().keys() {
        let _ = writeln!(
            names,
            "/** @typedef {{import('../../src/bindings/types.js').{name}}} {name} */"
        );
    }
    let begin = "// Generated from the types of `src/protocol.rs`.";
    between(text, begin, "// End of the generated lines.", &names)
}

/// ts-rs's text with comments of one line on one line, indented by its braces, and without rustdoc's links.
fn tidy(declaration: &str) -> String {
    let text = declaration
        .replace("[`", "`")
        .replace("`]", "`")
        .replace(", }", ",\n}")
        .replace("; }", ";\n}");
    let mut lines: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    let mut comment: Option<Vec<String>> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut push = |depth: usize, line: &str| lines.push("    ".repeat(depth) + line);
        if line == "/**" {
            comment = Some(Vec::new());
        } else if let Some(said) = comment.as_mut().filter(|_| line != "*/") {
            said.push(line.trim_start_matches('*').trim().to_owned());
        } else if let Some(said) = comment.take() {
            push(depth, &format!("/** {} */", said.join(" ").trim()));
        } else {
            depth -= usize::from(line.starts_with('}'));
            push(depth, line);
            depth = (depth + line.matches('{').count() + usize::from(line.starts_with('}')))
                .saturating_sub(line.matches('}').count());
        }
    }
    lines.join("\n")
}
