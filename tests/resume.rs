//! A run is one file: interrupted anywhere and restored, it ends as one that never stopped; and a file
//! that is not what it should be is refused, with the running model untouched.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests"
)]
#![allow(clippy::disallowed_methods, reason = "native tests may block")]

mod support;

use std::collections::HashMap;

use convburn::checkpoint::{Checkpoint, Numbers, Origin, RunState};
use convburn::cifar::Dataset;
use convburn::device;
use convburn::protocol::{Augment, Backend, Changes, Config, EpochResult, Event, Split};
use convburn::session::Session;
use pollster::block_on;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

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
    let backend = block_on(device::open(&config)).unwrap();
    Session::new(config, backend, dataset()).unwrap()
}

fn restored(bytes: &[u8], dataset: Dataset) -> Session {
    let Checkpoint::Run(state, numbers) = fresh(config()).read(bytes).unwrap() else {
        panic!("no run");
    };
    let backend = block_on(device::open(&state.config)).unwrap();
    Session::restored(*state, &numbers, backend, dataset).unwrap()
}

fn is_over(events: &[Event]) -> bool {
    events
        .iter()
        .any(|event| matches!(event, Event::Done { .. }))
}

fn finish(session: &mut Session) {
    while !is_over(&block_on(session.advance(1e3)).unwrap()) {}
}

/// All bits of the weights and moments, and the history without its times.
fn end(session: &mut Session) -> (Vec<u32>, Vec<EpochResult>) {
    let bytes = block_on(session.save()).unwrap();
    let Checkpoint::Run(state, numbers) = session.read(&bytes).unwrap() else {
        panic!("no run");
    };
    let Numbers {
        parameters,
        means,
        squares,
    } = numbers;
    let all = [parameters, means, squares].concat();
    let rows = state.history.into_iter().map(|row| EpochResult {
        seconds: 0.0,
        step_ms: 0.0,
        ..row
    });
    (
        all.into_iter().flatten().map(f32::to_bits).collect(),
        rows.collect(),
    )
}

#[test]
fn a_run_interrupted_anywhere_ends_with_the_same_bits() {
    let mut undisturbed = fresh(config());
    finish(&mut undisturbed);
    let expected = end(&mut undisturbed);
    assert_eq!(expected.1.len(), 2);

    // A budget of nothing is one step a pull: before the first step, within each epoch, at its last
    // step, in the validation, and between two epochs.
    for pulls in [0, 1, 7, 10, 11, 12, 15, 21] {
        let mut interrupted = fresh(config());
        for _ in 0..pulls {
            block_on(interrupted.advance(0.0)).unwrap();
        }
        let bytes = block_on(interrupted.save()).unwrap();
        drop(interrupted);
        let mut resumed = restored(&bytes, dataset());
        if pulls > 0 {
            assert!(resumed.position().is_some(), "after {pulls} pulls");
        }
        finish(&mut resumed);
        assert_eq!(end(&mut resumed), expected, "after {pulls} pulls");
    }
}

#[test]
fn saving_does_not_disturb_the_run() {
    let mut saved = fresh(config());
    let mut plain = fresh(config());
    loop {
        let events = block_on(saved.advance(0.0)).unwrap();
        block_on(saved.save()).unwrap();
        if is_over(&events) {
            break;
        }
    }
    finish(&mut plain);
    assert_eq!(end(&mut saved), end(&mut plain));
}

#[test]
fn a_restored_run_waits_for_its_data_and_refuses_other_data() {
    let mut session = fresh(config());
    block_on(session.advance(0.0)).unwrap();
    let bytes = block_on(session.save()).unwrap();

    let mut waiting = restored(&bytes, Dataset::new(None).unwrap());
    let error = block_on(waiting.advance(0.0)).unwrap_err();
    assert_eq!(error.code(), "data_missing");
    let train = support::records(200, 1);
    waiting.add_shard(Split::Train, train).unwrap();
    let test = support::records(100, 2);
    waiting.add_shard(Split::Test, test).unwrap();
    finish(&mut waiting);

    let mut few = Dataset::new(None).unwrap();
    few.add(Split::Train, support::records(150, 1)).unwrap();
    few.add(Split::Test, support::records(100, 2)).unwrap();
    let mut other = restored(&bytes, few);
    let error = block_on(other.advance(0.0)).unwrap_err();
    assert_eq!(error.code(), "checkpoint");
    assert!(error.to_string().contains("200 images"), "{error}");
    assert!(other.position().is_some(), "the run waits");
}

#[test]
fn weights_alone_begin_a_new_run() {
    let mut session = fresh(config());
    finish(&mut session);
    let before = block_on(session.predict(&[90; 3_072])).unwrap();
    let bytes = block_on(session.save_weights()).unwrap();
    let mut other = fresh(Config {
        seed: 8,
        ..config()
    });
    let Checkpoint::Weights(numbers) = other.read(&bytes).unwrap() else {
        panic!("no weights");
    };
    other.take_weights(&numbers).unwrap();
    assert_eq!(block_on(other.predict(&[90; 3_072])).unwrap(), before);
    assert!(other.history().is_empty() && other.position().is_none());
    finish(&mut other);
    assert_eq!(other.history().len(), 2);
}

type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;
type Metadata = HashMap<String, String>;

/// A good file, changed.
fn changed(change: impl FnOnce(&mut Tensors, &mut Metadata)) -> Vec<u8> {
    let mut session = fresh(config());
    block_on(session.advance(0.0)).unwrap();
    let bytes = block_on(session.save()).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
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

/// Changes the run's description.
fn described(change: impl FnOnce(&mut RunState)) -> Vec<u8> {
    changed(|_, metadata| {
        let mut state: RunState = serde_json::from_str(&metadata["run"]).unwrap();
        change(&mut state);
        metadata.insert("run".into(), serde_json::to_string(&state).unwrap());
    })
}

fn set(metadata: &mut Metadata, key: &str, value: &str) {
    metadata.insert(key.into(), value.into());
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused_with_the_reason() {
    let good = changed(|_, _| {});
    let mut session = fresh(config());
    assert!(session.read(&good).is_ok());
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("no complete", Vec::new()),
        ("no complete", b"not a file of tensors".to_vec()),
        ("no complete", good[..good.len() - 1].to_vec()),
        ("no complete", [&good[..], &[0]].concat()),
        ("larger than", vec![0; (64 << 20) + 1]),
        (
            "\"conv2d.bias\" is missing",
            changed(|t, _| t.retain(|t| t.0 != "conv2d.bias")),
        ),
        (
            "where 30 are expected",
            changed(|t, _| t.push(("extra".into(), vec![1], vec![0.0]))),
        ),
        (
            "[32] of F32 is expected",
            changed(|t, _| t[0].1 = vec![2, 16]),
        ),
        ("not finite", changed(|t, _| t[1].2[3] = f32::NAN)),
        ("not finite", changed(|t, _| t[2].2[0] = f32::INFINITY)),
        ("format 3", changed(|_, m| set(m, "format_version", "3"))),
        (
            "no version",
            changed(|_, m| set(m, "format_version", "new")),
        ),
        ("not written by ConvBurn", changed(|_, m| m.clear())),
        ("unknown kind", changed(|_, m| set(m, "kind", "cake"))),
        (
            "where 10 are expected",
            changed(|_, m| set(m, "kind", "weights")),
        ),
        ("description", changed(|_, m| set(m, "run", "{}"))),
        (
            "position",
            described(|s| s.position.as_mut().unwrap().step = 11),
        ),
        (
            "position",
            described(|s| s.position.as_mut().unwrap().epoch = 1),
        ),
        (
            "position",
            described(|s| s.position.as_mut().unwrap().loss_sum = -1.0),
        ),
        ("no sense", described(|s| s.train_used = 0)),
        ("are expected", described(|s| s.adam_steps = 0)),
    ];
    for (words, bytes) in cases {
        let error = session.read(&bytes).unwrap_err();
        assert_eq!(error.code(), "checkpoint", "{words}");
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    let error = session
        .read(&described(|s| s.config.batch = 0))
        .unwrap_err();
    assert_eq!(error.code(), "invalid_config");
    finish(&mut session); // It is as it was.
}

/// What computed a run is in its file, and what rounds otherwise where it goes on is told.
#[test]
fn a_run_that_goes_on_elsewhere_says_what_will_not_be_equal() {
    let mut session = fresh(config());
    block_on(session.advance(0.0)).unwrap();
    let bytes = block_on(session.save()).unwrap();
    assert!(restored(&bytes, dataset()).remarks().is_empty());

    let Checkpoint::Run(mut state, numbers) = session.read(&bytes).unwrap() else {
        panic!("no run");
    };
    let origin = state.origin.clone().unwrap();
    assert_eq!((origin.backend, origin.workers), (Backend::Flex, 1));
    let said = |origin: Option<Origin>, state: &mut RunState| {
        state.origin = origin;
        let backend = block_on(device::open(&state.config)).unwrap();
        let session = Session::restored(state.clone(), &numbers, backend, dataset()).unwrap();
        session.remarks().join(" ")
    };
    let from = |backend, workers, version: &str| {
        Some(Origin {
            backend,
            workers,
            version: version.into(),
        })
    };
    let version = origin.version.as_str();
    let text = said(from(Backend::Webgpu, 1, version), &mut state);
    assert!(text.contains("by webgpu and goes on with flex"), "{text}");
    let text = said(from(Backend::Flex, 4, version), &mut state);
    assert!(text.contains("by 4 workers and goes on with 1"), "{text}");
    let text = said(from(Backend::Flex, 1, "0.0.1"), &mut state);
    assert!(text.contains("by version 0.0.1"), "{text}");
    assert!(said(None, &mut state).contains("older version"));
}

/// A file of the format 1, which does not say what computed the run, is read.
#[test]
fn a_run_of_the_format_before_is_read() {
    let old = changed(|_, metadata| {
        let mut run: serde_json::Value = serde_json::from_str(&metadata["run"]).unwrap();
        run.as_object_mut().unwrap().remove("origin").unwrap();
        set(metadata, "run", &run.to_string());
        set(metadata, "format_version", "1");
    });
    let mut old = restored(&old, dataset());
    finish(&mut old);
    let mut session = fresh(config());
    finish(&mut session);
    assert_eq!(end(&mut old), end(&mut session));
}

/// A run that goes on may be computed otherwise and with another learning rate; what it is a run of stays.
#[test]
fn backend_workers_and_learning_rate_may_change_when_a_run_goes_on() {
    let changes: Changes = serde_json::from_str(r#"{"backend":"flex","lr":0.0001}"#).unwrap();
    let before = config();
    let after = changes.applied_to(&before);
    assert_eq!(after.lr, 0.0001);
    assert_eq!(
        Config {
            lr: before.lr,
            ..after
        },
        Config {
            backend: Backend::Flex,
            ..before
        }
    );
    assert!(serde_json::from_str::<Changes>(r#"{"seed":2}"#).is_err());
}
