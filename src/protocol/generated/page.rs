//! `www/protocol/settings.js` and `recipes.js`: the tables of settings and of recipes as data for the page.

use std::fmt::Write as _;

use crate::protocol::recipes::{NamedRecipe, RECIPES};
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

const RECIPES_BEGINNING: &str = "\
/**
 * The recipes that have a name, generated from `src/protocol/recipes.rs`, which says what each of these fields is.
 *
 * @import { Config } from './protocol.js'
 */

/**
 * @typedef {{ name: string, title: string, sentence: string, citation: string, cores: number, parameters: number,
 *   reached: { accuracy: number, gap: number, runs: number } | null,
 *   cures: readonly { name: string, points: number, runs: number }[], settings: Partial<Config> }} NamedRecipe
 */

/** The tutorial's first. @type {readonly NamedRecipe[]} */
export const RECIPES = [
";

/// The module's text.
pub(super) fn recipes(_: &str) -> String {
    let rows: String = RECIPES.iter().map(recipe).collect();
    format!("{RECIPES_BEGINNING}{rows}];\n")
}

fn recipe(recipe: &NamedRecipe) -> String {
    let settings: serde_json::Value = serde_json::from_str(recipe.settings).unwrap();
    let settings = serde_json::to_string(&settings).unwrap();
    let reached = recipe.reached.map_or("null".to_owned(), |reached| {
        format!(
            "{{ accuracy: {}, gap: {}, runs: {} }}",
            reached.accuracy, reached.gap, reached.runs
        )
    });
    let cures: Vec<String> = (recipe.cures.iter())
        .map(|cure| {
            let name = quoted(cure.name);
            format!(
                "{{ name: {name}, points: {}, runs: {} }}",
                cure.points, cure.runs
            )
        })
        .collect();
    let cures = cures.join(", ");
    format!(
        "  {{\n    name: {}, title: {},\n    sentence: {},\n    citation: {},\n    cores: {}, parameters: {}, reached: {reached},\n    cures: [{cures}],\n    settings: {settings},\n  }},\n",
        quoted(recipe.name),
        quoted(recipe.title),
        quoted(recipe.sentence),
        quoted(recipe.citation),
        recipe.cores,
        recipe.parameters,
    )
}

fn list(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().copied().map(quoted).collect();
    format!("[{}]", words.join(", "))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
