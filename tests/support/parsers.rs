//! What must hold of each parser whatever it is given: it answers with a value that is valid, or with a
//! typed error whose sentence is short. Anything else is a panic here.
//!
//! `tests/hostile.rs` and the targets of `fuzz/` both call these, so that a finding of one is a test of
//! the other. It makes no inputs.

use convburn::checkpoint::{Checkpoint, Tensors, decode, encode_run, encode_weights};
use convburn::cifar::{Dataset, RECORD, RECORD_BYTES, RECORDS_MAX, open_file, split_of};
use convburn::error::Error;
use convburn::network::{NetworkPlan, Role, resolve};
use convburn::plan::{Plan, status};
use convburn::protocol::{Config, Manifest, ModelSpec, Split, limits};
use convburn::rule::Rule;
use serde_json::Value;

/// Longer text of an error would fill the page.
const SENTENCE_MAX: usize = 600;

/// A code of `allowed`, told in sentences that fit on a page.
fn check_error(error: &Error, allowed: &[&str]) {
    let report = error.report();
    assert!(allowed.contains(&report.code.as_str()), "{report:?}");
    for text in [&report.message, &report.hint] {
        assert!(!text.is_empty() && text.chars().count() <= SENTENCE_MAX);
    }
}

/// What the records of a visitor's file come to. Returns whether they were taken.
pub fn cifar(split: Split, bytes: &[u8]) -> bool {
    let mut dataset = Dataset::new(None).expect("an empty dataset");
    let added = match dataset.add(split, bytes.to_vec()) {
        Ok(added) => added,
        Err(error) => {
            check_error(&error, &["gzip", "record_length", "too_large", "label"]);
            assert!(dataset.train().is_empty() && dataset.test().is_empty());
            return false;
        }
    };
    let records = match added.split {
        Split::Train => dataset.train(),
        Split::Test => dataset.test(),
    };
    assert!(added.records > 0 && records.len() == added.records);
    let counted: u32 = records.class_counts().iter().sum();
    assert_eq!(counted as usize, added.records);
    for index in [0, added.records - 1] {
        let record = records.get(index).expect("a record that is there");
        assert!(usize::from(record.label) < RECORD.classes);
        assert_eq!(record.pixels.len(), RECORD_BYTES - 1);
    }
    assert!(records.get(added.records).is_none());
    status(&dataset, &Config::default());
    let twice = dataset.add(split, bytes.to_vec());
    check_error(&twice.expect_err("held already"), &["duplicate"]);
    true
}

/// The same records beside a list that does not name them.
pub fn cifar_beside_a_list(manifest: &Manifest, split: Split, bytes: &[u8]) {
    let mut dataset = Dataset::new(Some(manifest.clone())).expect("a valid list");
    match dataset.add(split, bytes.to_vec()) {
        Ok(added) => assert!(added.name.is_some()),
        Err(error) => {
            let codes = [
                "gzip",
                "record_length",
                "too_large",
                "label",
                "hash_mismatch",
            ];
            check_error(&error, &codes);
        }
    }
}

/// A file of a visitor's, whatever it is. Returns whether it was taken.
pub fn opened(name: &str, bytes: &[u8]) -> bool {
    let opened = match open_file(name, bytes.to_vec()) {
        Ok(opened) => opened,
        Err(error) => {
            let codes = [
                "other_format",
                "archive",
                "gzip",
                "record_length",
                "too_large",
                "label",
            ];
            check_error(&error, &codes);
            return false;
        }
    };
    let files = &opened.found.files;
    assert_eq!(files.len(), opened.records.len());
    assert!(files.len() + opened.found.refused.len() <= 100);
    let bytes: usize = opened.records.iter().map(Vec::len).sum();
    assert!(bytes <= RECORDS_MAX * RECORD_BYTES);
    for (file, records) in files.iter().zip(&opened.records) {
        assert_eq!(file.records as usize * RECORD_BYTES, records.len());
        assert!(file.known.is_some() || file.split == split_of(&file.name));
        let mut dataset = Dataset::new(None).expect("an empty dataset");
        let added = dataset.add(file.split, records.clone());
        assert_eq!(
            added.expect("records that were checked").sha256,
            file.sha256
        );
    }
    true
}

/// A list of data files, from its JSON. Returns whether it was taken.
pub fn manifest(json: &[u8]) -> bool {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(json) else {
        return false;
    };
    let dataset = match Dataset::new(Some(manifest.clone())) {
        Ok(dataset) => dataset,
        Err(error) => {
            check_error(&error, &["invalid_manifest"]);
            return false;
        }
    };
    assert_eq!(dataset.class_names().len(), RECORD.classes);
    let config = Config::default();
    let now = status(&dataset, &config);
    assert_eq!((now.train_records, now.test_records), (0, 0));
    assert!(
        Plan::new(&dataset, &config)
            .check(&dataset, &config)
            .is_err()
    );
    let again = serde_json::to_vec(&manifest).expect("it is written");
    let again: Manifest = serde_json::from_slice(&again).expect("it is read again");
    assert_eq!(again, manifest);
    true
}

/// A configuration, from its JSON. Returns whether it was taken.
pub fn config(json: &[u8]) -> bool {
    let Ok(config) = serde_json::from_slice::<Config>(json) else {
        return false;
    };
    if let Err(error) = config.validate() {
        check_error(&error, &["invalid_config"]);
        return false;
    }
    let plan = match planned(&config) {
        Ok(plan) => plan,
        Err(error) => {
            check_error(&error, &["invalid_config"]);
            return false;
        }
    };
    check_plan(&plan);
    let records = 1..=limits::RECORDS;
    assert!(records.contains(&config.train) && records.contains(&config.test));
    assert!((1..=config.train).contains(&config.batch) && config.lr > 0.0);
    let again = serde_json::to_vec(&config).expect("it is written");
    let again: Config = serde_json::from_slice(&again).expect("it is read again");
    let [again, config] = [again, config].map(|config| serde_json::json!(config));
    assert!(is_near(&again, &config), "{again} and {config}");
    true
}

/// The network that a configuration asks for, on CIFAR-10, if a step of it may be taken.
pub fn planned(config: &Config) -> Result<NetworkPlan, Error> {
    let classes = RECORD.classes as u32;
    let plan = NetworkPlan::new(&ModelSpec {
        network: resolve(&config.network, classes)?,
        image: RECORD.image,
        classes,
        pixels: config.pixels.clone(),
        norm_group: config.norm_group,
    })?;
    plan.check_memory(config.batch, config.batch, 1)?;
    Ok(plan)
}

/// What is allocated for a network is within the limits, and each of its tensors has a name of its own.
fn check_plan(plan: &NetworkPlan) {
    assert!((1..=64).contains(&plan.spec.network.layers.len()));
    assert!(!plan.places_of(Role::Trainable).is_empty());
    let of_role = |buffers: bool| {
        let entries = plan.entries.iter();
        let entries = entries.filter(move |entry| (entry.role == Role::Buffer) == buffers);
        entries.map(|entry| entry.entries() as u64).sum::<u64>()
    };
    assert!((1..=5_000_000).contains(&of_role(false)));
    assert!(of_role(true) <= 2 * 64 * (1 << 20));
    let names: std::collections::BTreeSet<&str> =
        plan.entries.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names.len(), plan.entries.len());
    assert!(plan.entries.iter().all(|entry| entry.entries() > 0));
    let summary = plan.summary(|_| false);
    assert_eq!(u64::from(summary.total_parameters), of_role(false));
}

/// The same JSON, but that numbers may be a unit in the last place apart: so JSON is read now and then. (What a saved
/// run does about that is `exact.rs`'s.)
fn is_near(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let [a, b] = [a, b].map(|number| number.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 1e-15 * b.abs() + 1e-320
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_near(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let near = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| is_near(a, b));
            a.len() == b.len() && a.iter().all(near)
        }
        _ => a == b,
    }
}

/// A small network, so that a file is small: tensors of every shape and role. It is also the present one, as whose a
/// file that another program wrote is read.
pub fn plan() -> NetworkPlan {
    NetworkPlan::new(&model()).expect("a small network")
}

/// What it is planned from.
fn model() -> ModelSpec {
    let learnt =
        |initializer: Value| serde_json::json!({ "initializer": initializer, "trainable": true });
    let [zeros, ones, glorot] = ["zeros", "ones", "glorot"].map(|name| learnt(name.into()));
    let whitening = serde_json::json!({
        "initializer": { "whitening": { "epsilon": 0.0005 } }, "trainable": false,
    });
    let model = serde_json::json!({
        "network": { "seeding": "by-layer", "layers": [
            { "id": 1, "layer": { "conv": {
                "filters": 2, "kernel": 3, "padding": "valid", "stride": 1, "weight": whitening,
                "bias": zeros,
            } } },
            { "id": 2, "layer": { "activation": "gelu" } },
            { "id": 3, "layer": { "residual": { "layers": [
                { "id": 4, "layer": { "conv": {
                    "filters": 3, "kernel": 1, "padding": "same", "stride": 2, "weight": glorot,
                    "bias": null,
                } } },
                { "id": 5, "layer": { "batch_norm": {
                    "scale": ones, "offset": zeros, "epsilon": 1e-5, "momentum": 0.9,
                } } },
            ] } } },
            { "id": 6, "layer": { "max_pool": { "size": 2 } } },
            { "id": 7, "layer": { "pad": { "width": 1, "with": "zero" } } },
            { "id": 8, "layer": "global_avg_pool" },
            { "id": 9, "layer": { "dropout": { "rate": 0.25 } } },
            { "id": 10, "layer": { "dense": { "units": 3, "weight": glorot, "bias": zeros } } },
            { "id": 11, "layer": { "scale": { "factor": 0.125 } } },
        ] },
        "image": { "channels": 1, "height": 8, "width": 8 },
        "classes": 3,
        "pixels": { "standardized": { "mean": [0.5], "deviation": [0.25] } },
        "norm_group": { "records": 32 },
    });
    serde_json::from_value(model).expect("a model")
}

/// A run's or weights' file. Returns whether it was taken.
pub fn checkpoint(bytes: &[u8]) -> bool {
    let present = plan();
    let found = match decode(bytes, &present) {
        Ok(found) => found,
        Err(error) => {
            check_error(&error, &["checkpoint", "invalid_config"]);
            return false;
        }
    };
    let plan_of = |model: &ModelSpec| NetworkPlan::new(model).expect("it was planned");
    let again = match &found {
        Checkpoint::Run(state, tensors) => {
            // What the session makes of these allocates and divides by them.
            let recipe = &state.recipe;
            assert!(state.config().validate().is_ok());
            assert!((1..=recipe.train).contains(&state.train_used));
            assert!((1..=recipe.test).contains(&state.test_used));
            assert!(limits::are_class_names(&state.class_names));
            assert_eq!(state.class_names.len(), recipe.model.classes as usize);
            let versions = state.origin.iter().map(|origin| origin.version.len());
            assert!(versions.max().unwrap_or(0) <= 40);
            if let Some(position) = &state.position {
                assert!(position.epochs_end - position.epoch <= recipe.epochs);
            }
            let plan = plan_of(&recipe.model);
            check_plan(&plan);
            let rule = Rule::new(recipe, &plan);
            check_tensors(tensors, &plan, (state.optimizer_steps > 0).then_some(&rule));
            encode_run(state, tensors, &plan)
        }
        Checkpoint::Weights(model, tensors) => {
            let plan = plan_of(model);
            check_plan(&plan);
            check_tensors(tensors, &plan, None);
            encode_weights(tensors, &plan)
        }
    };
    let again = decode(&again.expect("it is written"), &present).expect("it is read again");
    match (&again, &found) {
        (Checkpoint::Weights(again, tensors), Checkpoint::Weights(model, expected)) => {
            assert_eq!(tensors, expected);
            let [again, model] = [again, model].map(|model| serde_json::json!(model));
            assert!(is_near(&again, &model), "{again} and {model}");
        }
        _ => assert_eq!(again, found),
    }
    true
}

/// One vector for each tensor, as long as it, and what `rule` remembers of those that learn.
fn check_tensors(tensors: &Tensors, plan: &NetworkPlan, rule: Option<&Rule>) {
    assert_eq!(tensors.values.len(), plan.entries.len());
    let (mut remembered, mut averaged) = (0, 0);
    for (place, entry) in plan.entries.iter().enumerate() {
        let slots = rule.map_or(0, |rule| rule.slots(place).len());
        let found = tensors.slots.get(&entry.name);
        assert_eq!(found.map_or(0, Vec::len), slots);
        remembered += usize::from(slots > 0);
        let averages = rule.is_some_and(|rule| rule.averaging > 0.0) && entry.role != Role::Frozen;
        let average = tensors.averaged.get(&entry.name);
        assert_eq!(average.is_some(), averages);
        averaged += usize::from(averages);
        let values = &tensors.values[&entry.name];
        for numbers in found.into_iter().flatten().chain(average).chain([values]) {
            assert_eq!(numbers.len(), entry.entries());
            assert!(numbers.iter().all(|value| value.is_finite()));
        }
    }
    assert_eq!(tensors.slots.len(), remembered);
    assert_eq!(tensors.averaged.len(), averaged);
}
