//! README.md's tables of settings, between two markers: what a link carries, and what it cannot.

use std::fmt::Write as _;

use super::between;
use crate::protocol::settings::{Kind, SETTINGS, Setting};

const END: &str = "<!-- end of the generated table -->";

/// The file with its tables made anew.
pub(super) fn tables(text: &str) -> String {
    let (linked, others): (Vec<_>, Vec<_>) =
        SETTINGS.iter().partition(|setting| setting.label.is_some());
    let text = between(
        text,
        "<!-- `cargo xtask generate` makes this table: the settings of a link -->",
        END,
        &table("key", &linked),
    );
    // The end of the first table stands before the second one.
    let second = "<!-- `cargo xtask generate` makes this table: the other settings -->";
    let (before, rest) = text.split_once(second).unwrap();
    let rest = between(
        &format!("{second}{rest}"),
        second,
        END,
        &table("setting", &others),
    );
    before.to_owned() + &rest
}

fn table(first: &str, settings: &[&Setting]) -> String {
    let mut text =
        format!("\n| {first} | what it is | values | default |\n| --- | --- | --- | --- |\n");
    for setting in settings {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | `{}` |",
            setting.name,
            setting.sentence,
            values(setting),
            setting.default.trim_matches('"')
        );
    }
    text
}

fn values(setting: &Setting) -> String {
    let of = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(" ")
    };
    match &setting.kind {
        Kind::Whole(range) => {
            let unit = match setting.unit {
                unit @ ("ms" | "px") => format!(" {unit}"),
                _ => String::new(),
            };
            format!("{} to {}{unit}", range.start(), range.end())
        }
        Kind::Positive(most) => format!("above 0 and up to {most}"),
        Kind::Between(range) => format!("{} to {}", range.start(), range.end()),
        Kind::Below(end) => format!("0 to below {end}"),
        Kind::List(range) => format!(
            "whole numbers from {} to {}, growing",
            range.start(),
            range.end()
        ),
        Kind::Choice(words) => of(words),
        Kind::Structure(words) => format!("{}, or an object", of(words)),
    }
}
