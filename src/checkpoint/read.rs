//! A file → a run or a network's tensors, strictly read. Files of every earlier format still open.

use std::collections::HashMap;

use safetensors::SafeTensors;
use serde::Deserialize;

use super::{
    AVERAGED_PREFIX, BEST_PREFIX, Checkpoint, FORMAT_VERSION, HEADER_BYTES_MAX, LARGEST_BYTES,
    Origin, RunData, RunPosition, RunState, SLOT_PREFIX, Tensors, exact, tensors,
};
use crate::error::Error;
use crate::network::{NetworkPlan, tutorial_model};
use crate::protocol::{
    Compute, Config, EpochResult, Evaluation, HoldOut, ModelSpec, Recipe, Trace,
};
use crate::rule::Rule;

/// The first format that says how records were held out; before it the last ones were.
const HOLD_OUT_SAID: u32 = 3;
/// The first format that says which network it is of; before it all were the tutorial's.
const MODEL_SAID: u32 = 4;

/// Reads a file. `present` is the network of a file that another program wrote, which does not say its own.
///
/// # Errors
/// [`Error::Checkpoint`], with what is wrong.
pub fn decode(bytes: &[u8], present: &NetworkPlan) -> Result<Checkpoint, Error> {
    if bytes.len() > LARGEST_BYTES {
        return Err(Error::checkpoint(format!(
            "it is larger than {} MiB",
            LARGEST_BYTES >> 20
        )));
    }
    check_header(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    drop(header); // The next line reads it again.
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    if !metadata.contains_key("kind") && !metadata.contains_key("format_version") {
        return bare_weights(&file, present);
    }
    let version = version(&metadata)?;
    match metadata.get("kind").map(String::as_str) {
        Some("run") => {
            let state = run_state(&metadata, version)?;
            let plan = planned(&state.recipe.model)?;
            let rule = (state.optimizer_steps > 0).then(|| Rule::new(&state.recipe, &plan));
            let has_best = state.config().keeps_best() && !state.history.is_empty();
            let tensors = tensors::read(&file, &plan, rule.as_ref(), has_best)?;
            Ok(Checkpoint::Run(Box::new(state), tensors))
        }
        Some("weights") => {
            let plan = planned(&model(&metadata, version)?)?;
            let tensors = tensors::read(&file, &plan, None, false)?;
            Ok(Checkpoint::Weights(Box::new(plan.spec), tensors))
        }
        Some(other) => Err(Error::checkpoint(format!(
            "it is of the unknown kind \"{other}\""
        ))),
        None => Err(Error::checkpoint("it was not written by ConvBurn".into())),
    }
}

/// Tensors from a file that another program wrote, Python for one: those of the present network by their names and
/// shapes. What an optimiser remembers and averages beside them, of a run that was saved again, are left out.
fn bare_weights(file: &SafeTensors<'_>, plan: &NetworkPlan) -> Result<Checkpoint, Error> {
    let is_ours = |name: &str| {
        let of_slot = name.strip_prefix(SLOT_PREFIX);
        let of_slot = of_slot.and_then(|rest| Some(rest.split_once('.')?.1));
        let others = [AVERAGED_PREFIX, BEST_PREFIX];
        let of_other = || others.iter().find_map(|prefix| name.strip_prefix(prefix));
        let bare = of_slot.or_else(of_other).unwrap_or(name);
        plan.entries.iter().any(|entry| entry.name == bare)
    };
    if let Some(other) = file.names().into_iter().find(|name| !is_ours(name)) {
        return Err(Error::checkpoint(format!(
            "it was not written by ConvBurn, and its tensor \"{other}\" is none of this network's"
        )));
    }
    let found = Tensors {
        values: tensors::read_values(file, plan, "")?,
        ..Tensors::default()
    };
    Ok(Checkpoint::Weights(Box::new(plan.spec.clone()), found))
}

/// A safetensors file begins with the length of its header, in eight bytes.
///
/// # Errors
/// [`Error::Checkpoint`] when it is longer than any that is read.
pub(super) fn check_header(bytes: &[u8]) -> Result<(), Error> {
    let length = bytes
        .first_chunk()
        .map(|length| u64::from_le_bytes(*length));
    if length > Some(HEADER_BYTES_MAX) {
        return Err(Error::checkpoint(format!(
            "it is no complete safetensors file (its header is longer than {} MiB)",
            HEADER_BYTES_MAX >> 20
        )));
    }
    Ok(())
}

/// The version of the file's format.
fn version(metadata: &HashMap<String, String>) -> Result<u32, Error> {
    let Some(text) = metadata.get("format_version") else {
        return Err(Error::checkpoint("it was not written by ConvBurn".into()));
    };
    match text.parse::<u32>() {
        Ok(known @ 1..=FORMAT_VERSION) => Ok(known),
        Ok(newer) if newer > FORMAT_VERSION => Err(Error::checkpoint(format!(
            "it has the format {newer}, and this version reads up to {FORMAT_VERSION}"
        ))),
        _ => Err(Error::checkpoint(format!(
            "\"{text}\" is no version of its format"
        ))),
    }
}

/// The network that the file says; of a format that does not, the tutorial's.
fn model(metadata: &HashMap<String, String>, version: u32) -> Result<ModelSpec, Error> {
    if version < MODEL_SAID {
        return Ok(tutorial_model());
    }
    parsed(metadata, "model", "network")
}

/// A network in a file that cannot be is the file's fault.
fn planned(model: &ModelSpec) -> Result<NetworkPlan, Error> {
    NetworkPlan::new(model).map_err(|error| match error {
        Error::InvalidConfig { problem, .. } | Error::Dataset { problem } => {
            Error::checkpoint(format!("its network cannot be used ({problem})"))
        }
        other => other,
    })
}

fn parsed<T: for<'de> Deserialize<'de>>(
    metadata: &HashMap<String, String>,
    key: &str,
    what: &str,
) -> Result<T, Error> {
    let json = metadata.get(key).map_or("", String::as_str);
    let refuse = |error| Error::checkpoint(format!("its {what} cannot be read ({error})"));
    serde_json::from_str(json).map_err(refuse)
}

/// What the formats 1 to 3 wrote.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatState {
    config: Config,
    class_names: Vec<String>,
    train_used: u32,
    test_used: u32,
    held_out: bool,
    adam_steps: i32,
    history: Vec<EpochResult>,
    position: Option<RunPosition>,
    #[serde(default)]
    trace: Trace,
    #[serde(default)]
    evaluation: Option<Evaluation>,
    #[serde(default)]
    origin: Option<Origin>,
    #[serde(default)]
    data: Option<RunData>,
}

impl FlatState {
    fn into_state(self, version: u32) -> RunState {
        let recipe: Recipe = self.config.recipe(tutorial_model());
        let compute: Compute = self.config.compute();
        let mut state = RunState {
            recipe,
            compute,
            class_names: self.class_names,
            train_used: self.train_used,
            validation_used: 0,
            test_used: self.test_used,
            held_out: self.held_out,
            optimizer_steps: self.adam_steps,
            history: self.history,
            position: self.position,
            trace: self.trace,
            evaluation: self.evaluation,
            origin: self.origin,
            data: self.data,
        };
        if version < HOLD_OUT_SAID {
            state.recipe.hold_out = HoldOut::Last;
        }
        state
    }
}

fn run_state(metadata: &HashMap<String, String>, version: u32) -> Result<RunState, Error> {
    let mut state = if version < MODEL_SAID {
        let flat: FlatState = parsed(metadata, "run", "description")?;
        flat.into_state(version)
    } else {
        parsed(metadata, "run", "description")?
    };
    state.check()?;
    if let Some(bits) = metadata.get("bits") {
        exact::restore(&mut state, bits, version)?; // Files of before have none.
        state.check()?;
    }
    Ok(state)
}

/// What the library says of a file that it cannot read.
pub(super) fn unreadable(error: safetensors::SafeTensorError) -> Error {
    Error::checkpoint(format!("it is no complete safetensors file ({error})"))
}
