//! Small valid inputs of each parser, from which hostile ones are made; and a few that a test found.
//!
//! `fuzz/seeds/` holds them as files: `cargo test --no-default-features --features ndarray --test hostile
//! -- --ignored` writes them anew.

use std::collections::BTreeMap;

use convburn::checkpoint::{Tensors, encode_run, encode_weights};
use convburn::cifar::{CLASS_NAMES, RECORD_BYTES};
use convburn::network::{NetworkPlan, Role, tutorial_model};
use convburn::protocol::{Config, Manifest, NetworkChoice, NetworkSpec};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

use crate::parsers;
use crate::support;

/// Inputs, each with the name of its file.
pub type Seeds = Vec<(&'static str, Vec<u8>)>;

/// Records, raw and gzip.
pub fn cifar() -> Seeds {
    let black = vec![0; RECORD_BYTES];
    let two = support::records(2, 1);
    let members = [
        support::gzip(&black),
        support::gzip(&support::records(1, 2)),
    ]
    .concat();
    vec![
        ("black.bin", black),
        ("two.bin.gz", support::gzip(&two)),
        ("two.bin", two),
        ("members.bin.gz", members),
    ]
}

/// Files as visitors have them: an archive, raw and gzip; one of no use; records, raw and with zeros behind them.
pub fn open() -> Seeds {
    let one = support::records(1, 1);
    let files: [(&str, &[u8]); 4] = [
        ("data_batch_1.bin", &one),
        ("batches.meta.txt", b"airplane"),
        ("data_batch_2", b"\x80\x02}q"),
        ("test_batch.bin", &one),
    ];
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive
            .append_data(&mut header, name, bytes)
            .expect("a Vec takes all bytes");
    }
    let archive = archive.into_inner().expect("a Vec takes all bytes");
    vec![
        ("records.tar.gz", support::gzip(&archive)),
        ("records.tar", archive),
        ("padded.bin.gz", [support::gzip(&one), vec![0; 64]].concat()),
        ("one.bin", one),
    ]
}

/// Lists of data files.
pub fn manifest() -> Seeds {
    let shard = |file: &str, split: &str, records: usize| {
        json!({
            "file": file, "split": split, "records": records, "bytes": records * RECORD_BYTES,
            "sha256": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        })
    };
    let list = |shards: serde_json::Value| json!({ "format_version": 1, "class_names": CLASS_NAMES, "shards": shards });
    let two = json!([
        shard("train-00.bin.gz", "train", 2_000),
        shard("test-00.bin.gz", "test", 2_000)
    ]);
    vec![
        ("none.json", list(json!([])).to_string().into_bytes()),
        ("two.json", list(two).to_string().into_bytes()),
    ]
}

/// The list of two shards as a value.
pub fn two_shards() -> Manifest {
    let (_, json) = manifest().remove(1);
    serde_json::from_slice(&json).expect("a valid list")
}

/// Configurations: every field, some, none; a network by its name, and layer by layer.
pub fn config() -> Seeds {
    let all = json!(Config::default());
    let some = json!({
        "backend": "flex", "train": 2_000, "test": 1_000, "epochs": 1, "lr": 0.0005,
        "augment": "flip-shift", "workers": 2, "operators": "layers",
        "optimizer": "sgd", "momentum": 0.9, "schedule": "drops", "drops": [1, 5],
    });
    let named = json!({ "network": "t", "norm_group": "batch", "last_batch": "drop" });
    let layers = json!(Config {
        network: NetworkChoice::Spec(NetworkSpec::t(10)),
        ..Config::default()
    });
    vec![
        ("all.json", all.to_string().into_bytes()),
        ("some.json", some.to_string().into_bytes()),
        ("none.json", b"{}".to_vec()),
        ("named.json", named.to_string().into_bytes()),
        ("layers.json", layers.to_string().into_bytes()),
    ]
}

/// Files of a small network: a run before its first step, one under way, one that is over, weights.
pub fn checkpoint() -> Seeds {
    let plan = parsers::plan();
    // 1, 2, 3 … of the scale, so that every number is another one; variances are not below 0.
    let values = |scale: f32| -> BTreeMap<String, Vec<f32>> {
        let mut next = 0.0;
        let mut number = |is_variance: bool| {
            next += scale;
            if is_variance { f32::abs(next) } else { next }
        };
        let entries = plan.entries.iter();
        let numbered = entries.map(|entry| {
            let is_variance = entry.name.ends_with("running_var");
            let numbers = (0..entry.entries()).map(|_| number(is_variance));
            (entry.name.clone(), numbers.collect())
        });
        numbered.collect()
    };
    let slots = || {
        let [means, squares] = [values(0.001), values(1e-6)];
        let trainable = plan.places_of(Role::Trainable).into_iter();
        let slots = trainable.map(|place| {
            let name = &plan.entries[place].name;
            let slots = [&means, &squares].map(|group| group[name].clone());
            (name.clone(), slots.to_vec())
        });
        slots.collect()
    };
    let fresh = Tensors {
        values: values(0.01),
        ..Tensors::default()
    };
    let trained = Tensors {
        values: values(-0.02),
        slots: slots(),
        ..Tensors::default()
    };
    // As many averages as a step moves, and one slot of each that learns.
    let averaged = {
        let frozen = |name: &String| {
            let entry = plan.entries.iter().find(|entry| entry.name == *name);
            entry.is_none_or(|entry| entry.role == Role::Frozen)
        };
        let mut averaged = values(0.5);
        averaged.retain(|name, _| !frozen(name));
        averaged
    };
    let momenta = slots().into_iter();
    let momenta = momenta.map(|(name, slots): (String, Vec<Vec<f32>>)| (name, slots[..1].to_vec()));
    let by_muon = Tensors {
        best: Default::default(),
        values: values(-0.02),
        slots: momenta.collect(),
        averaged,
    };
    let row = json!({
        "epoch": 1, "loss": 1.5, "accuracy": 0.4, "val_loss": 1.4, "val_accuracy": 0.5,
        "seconds": 4.2, "step_ms": 12.5,
    });
    let position = json!({
        "epoch": 1, "epochs_end": 3, "step": 2, "loss_sum": 61.03, "correct": 17.0, "records": 40,
        "train_ms": 31.25,
    });
    let run_of = |tensors: &Tensors, rule: Value, steps: i32, history, position| {
        let mut state = json!({
            "recipe": {
                "model": plan.spec, "train": 200, "test": 100, "epochs": 2, "batch": 20,
                "last_batch": "keep", "lr": 0.001, "seed": 1, "optimizer": "adam",
                "augment": "none", "hold_out": "by-class",
            },
            "compute": {
                "backend": "flex", "workers": 0, "operators": "blocks", "report_every_ms": 250,
            },
            "class_names": ["one", "two", "three"],
            "train_used": 200, "test_used": 100, "held_out": false,
            "optimizer_steps": steps, "history": history, "position": position,
            "trace": { "points": [], "resumed_at": [] },
            "evaluation": null,
            "origin": { "backend": "flex", "workers": 2, "version": "0.1.0" },
            "data": source(),
        });
        let recipe = state["recipe"].as_object_mut().expect("an object");
        recipe.extend(rule.as_object().expect("an object").clone());
        let state = serde_json::from_value(state).expect("a run's state");
        encode_run(&state, tensors, &plan).expect("a run's file")
    };
    let run = |tensors: &Tensors, steps: i32, history, position| {
        run_of(tensors, json!({}), steps, history, position)
    };
    let muon = json!({
        "optimizer": "muon", "momentum": 0.9, "nesterov": "on", "velocity": "rate-outside",
        "schedule": "one-cycle", "label_smoothing": 0.1, "averaging": 0.98, "drops": [2, 5],
    });
    let judged = json!({
        "epoch": 1, "loss": 1.5, "accuracy": 0.4, "val_loss": 1.4, "val_accuracy": 0.5,
        "seconds": 4.2, "step_ms": 12.5, "lr": 0.0125, "weights": "last",
    });
    let weights = encode_weights(&fresh, &plan).expect("a file of weights");
    vec![
        ("fresh.safetensors", run(&fresh, 0, json!([]), json!(null))),
        (
            "under-way.safetensors",
            run(&trained, 12, json!([row]), position),
        ),
        (
            "over.safetensors",
            run(&trained, 10, json!([row]), json!(null)),
        ),
        (
            "muon.safetensors",
            run_of(&by_muon, muon, 12, json!([judged]), json!(null)),
        ),
        ("weights.safetensors", weights),
    ]
}

/// Which records a run was trained on.
fn source() -> Value {
    json!({
        "digest": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "sources": [{ "name": "data_batch_1.bin", "split": "train", "records": 10_000 }],
    })
}

/// A file of a run before its first step as the format 3 had it. It is of the tutorial's network, as all of them were,
/// and half a megabyte large: too large for `fuzz/seeds`.
pub fn of_format_3() -> Vec<u8> {
    let plan = NetworkPlan::new(&tutorial_model()).expect("the tutorial's network");
    let run = json!({
        "config": { "backend": "flex", "train": 200, "test": 100, "epochs": 2, "batch": 20 },
        "class_names": CLASS_NAMES, "train_used": 200, "test_used": 100, "held_out": false,
        "adam_steps": 0, "history": [], "position": null,
        "origin": { "backend": "flex", "workers": 2, "version": "0.1.0" },
        "data": source(),
    });
    let metadata = [
        ("kind", "run".to_owned()),
        ("format_version", "3".to_owned()),
        ("run", run.to_string()),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value));
    let tensors: Vec<(&str, Vec<usize>, Vec<u8>)> = (plan.entries.iter())
        .map(|entry| {
            let shape = match entry.shape[..] {
                [inputs, outputs] => vec![outputs, inputs],
                _ => entry.shape.clone(),
            };
            (entry.name.as_str(), shape, vec![0; 4 * entry.entries()])
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        (*name, view.expect("as many bytes as its shape has"))
    });
    safetensors::serialize(views, Some(metadata.into())).expect("a file")
}
