//! `types/convburn_cpu.d.ts`: the functions of the wasm module as the page's type check sees them, read off the
//! attributes of `src/bindings.rs` and the files in its folder. wasm-bindgen writes the like into the package, but only
//! beside a built module, and the type check does without one.

use std::fmt::Write as _;
use std::fs;

use super::{read, root};

const BEGINNING: &str = "\
// The wasm modules' bindings, which the build puts beside worker.js. Made by `cargo xtask generate` from what
// `src/bindings.rs` and its folder export.

import type * as T from '../src/bindings/types.js';

/** Fetches and starts the module; the rest may be called after it. */
export default function init(
  input?: { module_or_path: string | URL | Request | Response | BufferSource | WebAssembly.Module },
): Promise<unknown>;
";

/// The functions' declarations, by name.
pub(super) fn functions(_: &str) -> String {
    let names: Vec<String> = type_names();
    let mut found: Vec<String> = Vec::new();
    for source in sources() {
        let parts = source.split("\n#[wasm_bindgen").skip(1);
        found.extend(parts.filter_map(|part| function(part, &names)));
    }
    found.sort();
    let mut text = BEGINNING.to_owned();
    for declaration in found {
        let _ = writeln!(text, "{declaration}");
    }
    text
}

/// The text of every file of the room.
fn sources() -> Vec<String> {
    let folder = fs::read_dir(root().join("src/bindings")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let in_folder = files.filter(|file| file.extension().is_some_and(|end| end == "rs"));
    let texts = in_folder.map(|file| fs::read_to_string(file).unwrap());
    [read("src/bindings.rs")].into_iter().chain(texts).collect()
}

/// The names that `src/bindings/types.d.ts` declares.
fn type_names() -> Vec<String> {
    let text = super::types::declarations("");
    let declared = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("export type ");
        rest.or_else(|| line.strip_prefix("export interface "))
    });
    let name = |rest: &str| rest.split([' ', '<']).next().unwrap_or_default().to_owned();
    declared.map(name).collect()
}

/// One exported function, from behind `#[wasm_bindgen`; none where something else is exported.
fn function(part: &str, names: &[String]) -> Option<String> {
    let (attributes, rest) = part.split_once("\npub ")?;
    let (is_async, rest) = match rest.strip_prefix("async fn ") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix("fn ")?),
    };
    let (name, rest) = rest.split_once('(')?;
    let (arguments, _) = rest
        .split_once(") -> ")
        .or_else(|| rest.split_once(") {"))?;
    let arguments: Vec<String> = arguments
        .split("#[wasm_bindgen(")
        .skip(1)
        .map(|argument| {
            let (kind, rest) = argument.trim().split_once(" = ").unwrap();
            let (told, rest) = literal(rest);
            let name = rest.trim_start_matches([')', ']', ' ', '\n']);
            let (name, _) = name.split_once(':').unwrap();
            let mark = if kind == "unchecked_optional_param_type" {
                "?"
            } else {
                ""
            };
            format!("{name}{mark}: {}", qualified(&told, names))
        })
        .collect();
    let answer = match attributes.split_once("unchecked_return_type = ") {
        // Bytes that come out are copies with a buffer of their own, which can be handed on.
        Some((_, rest)) => qualified(&literal(rest).0, names)
            .replace("T.OpenedFile", "T.OpenedFile<Uint8Array>")
            .replace("T.Turn", "T.Turn<Uint8Array>")
            .replace("Uint8Array", "Uint8Array<ArrayBuffer>"),
        None => "void".to_owned(),
    };
    let answer = if is_async {
        format!("Promise<{answer}>")
    } else {
        answer
    };
    Some(format!(
        "export function {name}({}): {answer};",
        arguments.join(", ")
    ))
}

/// A literal of Rust at the text's beginning, and what follows.
fn literal(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            _ => value.push(letter),
        }
    }
    panic!("a literal without end: {text}");
}

/// A type with what stands in `types.d.ts` called by its module.
fn qualified(told: &str, names: &[String]) -> String {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut text = String::new();
    let mut rest = told;
    while !rest.is_empty() {
        let word: String = rest
            .chars()
            .take_while(|letter| is_letter(*letter))
            .collect();
        let is_member = text.ends_with('.') || text.ends_with('"');
        if names.contains(&word) && !is_member {
            text.push_str("T.");
        }
        if word.is_empty() {
            let letter = rest.chars().next().unwrap();
            text.push(letter);
            rest = &rest[letter.len_utf8()..];
        } else {
            text.push_str(&word);
            rest = &rest[word.len()..];
        }
    }
    text
}
