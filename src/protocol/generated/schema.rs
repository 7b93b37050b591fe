//! The parts of `www/report.schema.json` that are about settings: what a report says of a run's recipe, and of how it
//! was computed. A setting with fields of its own has them by hand, in `$defs` under the setting's name.

use serde_json::{Value, json};

use crate::protocol::limits;
use crate::protocol::settings::{Kind, Part, SETTINGS, Setting};

/// The file with its parts made anew.
pub(super) fn report(text: &str) -> String {
    let text = with(text, "recipe", Part::Recipe);
    with(&text, "compute", Part::Compute)
}

/// The definition `name` ends at the first line that closes its brace, as far to the right.
fn with(text: &str, name: &str, part: Part) -> String {
    let begin = format!("\n    \"{name}\": {{\n");
    super::between(text, &begin, "\n    },\n", &definition(part))
}

fn definition(part: Part) -> String {
    let of_part: Vec<&Setting> = SETTINGS.iter().filter(|it| it.part == part).collect();
    let names: Vec<&str> = of_part.iter().map(|setting| setting.name).collect();
    let what = match part {
        Part::Recipe => "What the run computes.",
        Part::Compute => "How the run is computed, as asked for; `backend` says what came of it.",
    };
    let properties: Vec<String> = of_part
        .iter()
        .map(|setting| format!("        {:?}: {}", setting.name, property(setting)))
        .collect();
    format!(
        "      \"type\": \"object\",\n      \"description\": {},\n      \"additionalProperties\": false,\n      \"required\": {},\n      \"properties\": {{\n{}\n      }}",
        json!(what),
        spaced(&json!(names)),
        properties.join(",\n")
    )
}

/// One setting's own schema, on one line.
fn property(setting: &Setting) -> String {
    let rule = match &setting.kind {
        Kind::Whole(range) => format!(
            "\"type\": \"integer\", \"minimum\": {}, \"maximum\": {}",
            range.start(),
            range.end()
        ),
        Kind::Positive(most) => {
            format!("\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": {most}")
        }
        Kind::Between(range) => format!(
            "\"type\": \"number\", \"minimum\": {}, \"maximum\": {}",
            range.start(),
            range.end()
        ),
        Kind::Below(end) => {
            format!("\"type\": \"number\", \"minimum\": 0, \"exclusiveMaximum\": {end}")
        }
        Kind::List(range) => format!(
            "\"type\": \"array\", \"maxItems\": {}, \"items\": {{ \"type\": \"integer\", \"minimum\": {}, \"maximum\": {} }}",
            limits::LIST,
            range.start(),
            range.end()
        ),
        Kind::Choice(words) => format!("\"enum\": {}", spaced(&json!(words))),
        Kind::Structure(words) => format!(
            "\"anyOf\": [{{ \"enum\": {} }}, {{ \"$ref\": \"#/$defs/{}\" }}]",
            spaced(&json!(words)),
            setting.name
        ),
    };
    format!("{{ {rule}, \"description\": {} }}", json!(setting.sentence))
}

/// A list of words on one line, with a space behind each comma.
fn spaced(words: &Value) -> String {
    words.to_string().replace("\",\"", "\", \"")
}
