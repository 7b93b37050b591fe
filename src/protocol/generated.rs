//! Every text of the repository that says again what this room says: made here, checked in, and held to it by a test
//! that names the stale file. `cargo xtask generate` writes them.
//!
//! This is part of the tests alone, and of no module.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod border;
mod fixture;
mod page;
mod readme;
mod schema;
mod types;

use std::path::PathBuf;
use std::{env, fs};

/// Set by `cargo xtask generate`: what is stale is written instead of complained of.
const RENEW: &str = "CONVBURN_GENERATE";

/// A file, and what makes its text, given the one that it has: some have parts that are written by hand.
type Text = (&'static str, fn(&str) -> String);

const TEXTS: [Text; 8] = [
    ("src/bindings/types.d.ts", types::declarations),
    ("types/convburn_cpu.d.ts", border::functions),
    ("www/protocol/protocol.js", types::page),
    ("www/protocol/settings.js", page::settings),
    ("www/protocol/recipes.js", page::recipes),
    ("www/report.schema.json", schema::report),
    ("tests/fixtures/protocol.json", fixture::values),
    ("README.md", readme::tables),
];

/// Asked at run time: a target folder shared between clones may hold another clone's build of this.
fn root() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap())
}

/// A file of the repository; empty where there is none yet.
fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_default()
}

#[test]
fn what_is_generated_is_as_its_source_says() {
    let made = TEXTS.map(|(file, make)| {
        let old = read(file);
        let new = make(&old);
        (file, new != old, new)
    });
    let stale = made.iter().filter(|(_, is_stale, _)| *is_stale);
    if env::var_os(RENEW).is_some() {
        for (file, _, text) in stale {
            fs::write(root().join(file), text).unwrap();
            println!("{file} is renewed");
        }
        return;
    }
    let stale: Vec<&str> = stale.map(|(file, ..)| *file).collect();
    assert!(
        stale.is_empty(),
        "not what the Rust types and the table of settings say: {}; `cargo xtask generate` renews them",
        stale.join(", ")
    );
}

/// `text` with what lies between two markers replaced; both stay.
fn between(text: &str, begin: &str, end: &str, new: &str) -> String {
    let missing = || panic!("{begin:?} … {end:?} is missing");
    let (before, rest) = text.split_once(begin).unwrap_or_else(missing);
    let (_, after) = rest.split_once(end).unwrap_or_else(missing);
    format!("{before}{begin}{new}{end}{after}")
}
