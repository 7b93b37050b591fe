//! Small valid inputs of each parser, from which hostile ones are made; and a few that a test found.
//!
//! `fuzz/seeds/` holds them as files: `cargo test --no-default-features --features ndarray --test hostile
//! -- --ignored` writes them anew.

use convburn::checkpoint::{Numbers, encode_run, encode_weights};
use convburn::cifar::{CLASS_NAMES, RECORD_BYTES};
use convburn::protocol::{Config, Manifest};
use serde_json::json;

use crate::parsers::slots;
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

/// Configurations: every field, some, none.
pub fn config() -> Seeds {
    let all = json!(Config::default());
    let some = json!({
        "backend": "flex", "train": 2_000, "test": 1_000, "epochs": 1, "lr": 0.0005,
        "augment": "flip-shift", "workers": 2, "operators": "layers",
    });
    vec![
        ("all.json", all.to_string().into_bytes()),
        ("some.json", some.to_string().into_bytes()),
        ("none.json", b"{}".to_vec()),
    ]
}

/// Files of a small network: a run before its first step, one under way, one that is over, weights.
pub fn checkpoint() -> Seeds {
    let slots = slots();
    // 1, 2, 3 … of the scale, so that every number is another one.
    let group = |scale: f32| -> Vec<Vec<f32>> {
        let mut next = 0.0;
        let mut numbers = Vec::new();
        for slot in &slots {
            let length: usize = slot.shape.iter().product();
            numbers.push(
                (0..length)
                    .map(|_| {
                        next += scale;
                        next
                    })
                    .collect(),
            );
        }
        numbers
    };
    let fresh = Numbers {
        parameters: group(0.01),
        ..Numbers::default()
    };
    let trained = Numbers {
        parameters: group(-0.02),
        means: group(0.001),
        squares: group(1e-6),
    };
    let row = json!({
        "epoch": 1, "loss": 1.5, "accuracy": 0.4, "val_loss": 1.4, "val_accuracy": 0.5,
        "seconds": 4.2, "step_ms": 12.5,
    });
    let position = json!({
        "epoch": 1, "epochs_end": 3, "step": 2, "loss_sum": 61.03, "correct": 17.0, "records": 40,
        "train_ms": 31.25,
    });
    let run = |numbers: &Numbers, adam_steps: i32, history, position| {
        let state = json!({
            "config": { "backend": "flex", "train": 200, "test": 100, "epochs": 2, "batch": 20 },
            "class_names": CLASS_NAMES, "train_used": 200, "test_used": 100, "held_out": false,
            "adam_steps": adam_steps, "history": history, "position": position,
            "origin": { "backend": "flex", "workers": 2, "version": "0.1.0" },
            "data": {
                "digest": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
                "sources": [{ "name": "data_batch_1.bin", "split": "train", "records": 10_000 }],
            },
        });
        let state = serde_json::from_value(state).expect("a run's state");
        encode_run(&state, numbers, &slots).expect("a run's file")
    };
    let weights = encode_weights(&fresh.parameters, &slots).expect("a file of weights");
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
        ("weights.safetensors", weights),
    ]
}
