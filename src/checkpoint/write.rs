//! A run or a network's tensors → a file.

use std::collections::HashMap;

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::read::{check_header, unreadable};
use super::tensors::{check_finite, slot_prefix, to_file};
use super::{AVERAGED_PREFIX, BEST_PREFIX, FORMAT_VERSION, RunState, Tensors, exact};
use crate::error::Error;
use crate::network::{self, NetworkPlan};
use crate::protocol::NetworkChoice;
use crate::rule::Rule;

/// Writes a run, whose network `plan` is.
///
/// # Errors
/// [`Error::Checkpoint`] when a number is not finite: such a run is not worth a file.
pub fn encode_run(
    state: &RunState,
    tensors: &Tensors,
    plan: &NetworkPlan,
) -> Result<Vec<u8>, Error> {
    let more = [("run", json(state)?), ("bits", exact::bits(state))];
    let rule = Rule::new(&state.recipe, plan);
    encode("run", &more, tensors, plan, Some(&rule))
}

/// Writes a network's tensors alone.
///
/// # Errors
/// As [`encode_run`].
pub fn encode_weights(tensors: &Tensors, plan: &NetworkPlan) -> Result<Vec<u8>, Error> {
    let alone = Tensors {
        values: tensors.values.clone(),
        ..Tensors::default()
    };
    let model = [("model", json(&plan.spec)?)];
    encode("weights", &model, &alone, plan, None)
}

fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::checkpoint(error.to_string()))
}

fn encode(
    kind: &str,
    more: &[(&str, String)],
    found: &Tensors,
    plan: &NetworkPlan,
    rule: Option<&Rule>,
) -> Result<Vec<u8>, Error> {
    let mut tensors = Vec::new();
    for (place, entry) in plan.entries.iter().enumerate() {
        let slots = rule.map_or(&[][..], |rule| rule.slots(place));
        let remembered = found.slots.get(&entry.name).into_iter().flatten();
        let slots = slots.iter().map(|slot| slot_prefix(*slot)).zip(remembered);
        let values = found.values.get(&entry.name);
        let values = values.map(|values| (String::new(), values));
        let average = found.averaged.get(&entry.name);
        let average = average.map(|average| (AVERAGED_PREFIX.to_owned(), average));
        let best = found.best.get(&entry.name);
        let best = best.map(|best| (BEST_PREFIX.to_owned(), best));
        let all = values.into_iter().chain(slots).chain(average).chain(best);
        for (prefix, values) in all {
            let name = format!("{prefix}{}", entry.name);
            check_finite(&name, values)?;
            let (shape, values) = to_file(&entry.shape, values);
            let numbers = values.iter().flat_map(|value| value.to_le_bytes());
            tensors.push((name, shape, numbers.collect::<Vec<u8>>()));
        }
    }
    let mut metadata = HashMap::from([
        ("kind".to_owned(), kind.to_owned()),
        ("format_version".to_owned(), FORMAT_VERSION.to_string()),
        (
            "made_by".to_owned(),
            concat!("convburn ", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
    ]);
    // For whoever looks at a file without reading networks; this crate goes by the layers.
    if let NetworkChoice::Preset(name) = network::choice(&plan.spec) {
        metadata.insert("network".to_owned(), name);
    }
    let more = more.iter();
    metadata.extend(more.map(|(key, value)| ((*key).to_owned(), value.clone())));
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        view.map(|view| (name.as_str(), view))
    });
    let views: Vec<_> = views.collect::<Result<_, _>>().map_err(unreadable)?;
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(unreadable)?;
    check_header(&bytes)?; // What could not be read again is no file.
    Ok(bytes)
}
