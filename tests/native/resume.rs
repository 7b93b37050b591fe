//! A run is one file: interrupted anywhere and restored, it ends as one that never stopped; and a file
//! that is not what it should be is refused, with the running model untouched.

mod bits;
mod data;
mod files;
mod formats;
mod opened;

use std::collections::HashMap;

use convburn::checkpoint::Checkpoint;
use convburn::cifar::Dataset;
use convburn::device;
use convburn::network::tutorial_model;
use convburn::protocol::{Augment, Config, EpochResult, Event, Split};
use convburn::session::Session;
use pollster::block_on;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde_json::Value;

use crate::support;

/// Two epochs of ten steps, augmented, so that every source of random numbers is in use.
fn config() -> Config {
    Config {
        augment: Augment::FlipShift,
        ..support::config()
    }
}

fn dataset() -> Dataset {
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, support::records(200, 1)).unwrap();
    dataset.add(Split::Test, support::records(100, 2)).unwrap();
    dataset
}

fn fresh(config: Config) -> Session {
    fresh_on(dataset(), config)
}

fn fresh_on(dataset: Dataset, config: Config) -> Session {
    let backend = block_on(device::open(&config)).unwrap();
    Session::new(config, backend, dataset).unwrap()
}

fn restored(bytes: &[u8], dataset: Dataset) -> Session {
    let Checkpoint::Run(state, tensors) = fresh(config()).read(bytes).unwrap() else {
        panic!("no run");
    };
    let backend = block_on(device::open(&state.config())).unwrap();
    Session::restored(*state, &tensors, backend, dataset).unwrap()
}

fn is_over(events: &[Event]) -> bool {
    events
        .iter()
        .any(|event| matches!(event, Event::Done { .. }))
}

fn finish(session: &mut Session) {
    assert!(is_over(&support::drive(session)));
}

fn stop(session: &mut Session) {
    session.signals().stop();
    let events = block_on(session.advance(1e3)).unwrap();
    assert!(matches!(events.last(), Some(Event::Stopped { .. })));
}

/// All bits of the weights and moments, and the history without its times.
fn end(session: &mut Session) -> (Vec<u32>, Vec<EpochResult>) {
    let bytes = block_on(session.save()).unwrap();
    let Checkpoint::Run(state, tensors) = session.read(&bytes).unwrap() else {
        panic!("no run");
    };
    let rows = state.history.into_iter().map(|row| EpochResult {
        seconds: 0.0,
        step_ms: 0.0,
        ..row
    });
    (support::bits(&tensors), rows.collect())
}

/// Over as many epochs in one go.
fn whole(epochs: u32) -> (Vec<u32>, Vec<EpochResult>) {
    let mut whole = fresh(Config { epochs, ..config() });
    finish(&mut whole);
    end(&mut whole)
}

type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;
type Metadata = HashMap<String, String>;

/// A file, changed.
fn rewritten(bytes: &[u8], change: impl FnOnce(&mut Tensors, &mut Metadata)) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    let file = SafeTensors::deserialize(bytes).unwrap();
    let mut tensors: Tensors = file
        .iter()
        .map(|(name, view)| {
            let numbers = view.data().chunks_exact(4);
            let numbers = numbers.map(|b| f32::from_le_bytes(b.try_into().unwrap()));
            (name.to_owned(), view.shape().to_vec(), numbers.collect())
        })
        .collect();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    change(&mut tensors, &mut metadata);
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, values)| {
            let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name, shape, bytes)
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    safetensors::serialize(views, Some(metadata)).unwrap()
}

/// Makes of a run's description what the formats up to 3 had: one flat configuration, without what came with the
/// format 4.
fn flatten(metadata: &mut Metadata, format: &str, change: impl FnOnce(&mut Value)) {
    let mut run: Value = serde_json::from_str(&metadata["run"]).unwrap();
    let fields = run.as_object_mut().unwrap();
    let parts = ["recipe", "compute"].map(|part| fields.remove(part).unwrap());
    let mut config = serde_json::Map::new();
    for part in parts {
        config.extend(part.as_object().unwrap().clone());
    }
    config.remove("model").unwrap();
    let known = [
        "augment",
        "backend",
        "batch",
        "epochs",
        "hold_out",
        "lr",
        "operators",
        "optimizer",
        "report_every_ms",
        "seed",
        "test",
        "train",
        "workers",
    ];
    config.retain(|name, _| known.contains(&name.as_str()));
    assert_eq!(config.len(), known.len(), "what the format 3 knew");
    let steps = fields.remove("optimizer_steps").unwrap();
    fields.insert("adam_steps".into(), steps);
    fields.insert("config".into(), config.into());
    change(&mut run);
    // Of the recipe's numbers the learning rate alone had its bits there.
    let numbers = Config::default()
        .recipe(tutorial_model())
        .model_and_reals()
        .1
        .len();
    let bits = metadata["bits"].split(' ').enumerate();
    let known = bits.filter(|(at, _)| !(1..numbers).contains(at));
    let bits: Vec<&str> = known.map(|(_, word)| word).collect();
    let bits = bits.join(" ");
    set(metadata, "bits", &bits);
    set(metadata, "run", &run.to_string());
    set(metadata, "format_version", format);
}

fn set(metadata: &mut Metadata, key: &str, value: &str) {
    metadata.insert(key.into(), value.into());
}
