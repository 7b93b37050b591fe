//! `www/protocol/settings.js`: the table of settings as data for the page.

use std::fmt::Write as _;

use crate::protocol::settings::{Kind, Part, SETTINGS, Setting};

const BEGINNING: &str = "\
/**
 * The table of settings, generated from `src/protocol/settings.rs`, which says what each of these fields is. `label` is
 * null where neither the form nor a link has the setting.
 */

export const SETTINGS = /** @type {const} */ ([
";

/// The module's text.
pub(super) fn settings(_: &str) -> String {
    let mut text = BEGINNING.to_owned();
    for setting in SETTINGS {
        let _ = writeln!(text, "  {{\n{}  }},", row(setting));
    }
    text + "]);\n"
}

fn row(setting: &Setting) -> String {
    let part = match setting.part {
        Part::Recipe => "recipe",
        Part::Compute => "compute",
    };
    let kind = match &setting.kind {
        Kind::Whole(range) => format!("'whole', low: {}, high: {}", range.start(), range.end()),
        Kind::Positive(most) => format!("'positive', high: {most}"),
        Kind::Between(range) => format!("'between', low: {}, high: {}", range.start(), range.end()),
        Kind::Below(end) => format!("'below', end: {end}"),
        Kind::List(range) => format!("'list', low: {}, high: {}", range.start(), range.end()),
        Kind::Choice(words) => format!("'choice', words: {}", list(words)),
        Kind::Structure(words) => format!("'structure', words: {}", list(words)),
    };
    let default = setting.default.replace('"', "'");
    let default = match setting.kind {
        // Else its type would be that of this one list.
        Kind::List(_) => format!("/** @type {{number[]}} */ ({default})"),
        _ => default,
    };
    let label = setting.label.map_or("null".to_owned(), quoted);
    format!(
        "    name: {}, part: '{part}', kind: {kind}, default: {},\n    unit: {}, label: {label},\n    sentence: {},\n",
        quoted(setting.name),
        default,
        quoted(setting.unit),
        quoted(setting.sentence),
    )
}

fn list(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().copied().map(quoted).collect();
    format!("[{}]", words.join(", "))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
