//! `tests/fixtures/protocol.json`: one value of each type that crosses the border, by hand. A field that a type has got
//! since, and that has a default, is filled in.

use serde::{Deserialize, Serialize};
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::protocol::{
    BackendStatus, Config, EpochOutcome, ErrorReport, Evaluation, Event, Loaded, Manifest,
    OpenedFile, Restored, ShardAdded,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    config: Config,
    manifest: Manifest,
    loaded: Loaded,
    opened_file: OpenedFile,
    shard_added: ShardAdded,
    events: Vec<Event>,
    epoch_outcomes: Vec<EpochOutcome>,
    evaluation: Evaluation,
    error: ErrorReport,
    backends: Vec<BackendStatus>,
    restored: Restored,
}

/// The file read and written again.
pub(super) fn values(text: &str) -> String {
    let values: Values = serde_json::from_str(text).unwrap();
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b" "));
    values.serialize(&mut serializer).unwrap();
    String::from_utf8(bytes).unwrap() + "\n"
}
