//! Files of runs and weights: older formats and Python's are read, and what is not as it should be is refused with the
//! reason.

use convburn::checkpoint::{Checkpoint, RunState};
use convburn::network::tutorial_model;
use convburn::protocol::{
    Config, Conv, Evaluation, Layer, NetworkChoice, NetworkSpec, OptimizerKind,
};
use pollster::block_on;
use serde_json::{Value, json};

use super::{
    Metadata, Tensors, config, dataset, end, finish, flatten, fresh, fresh_on, restored, rewritten,
    set,
};

/// A good file, changed.
fn changed(change: impl FnOnce(&mut Tensors, &mut Metadata)) -> Vec<u8> {
    let mut session = fresh(config());
    block_on(session.advance(0.0)).unwrap();
    rewritten(&block_on(session.save()).unwrap(), change)
}

/// Changes the run's description.
fn described(change: impl FnOnce(&mut RunState)) -> Vec<u8> {
    changed(|_, metadata| {
        let mut state: RunState = serde_json::from_str(&metadata["run"]).unwrap();
        change(&mut state);
        metadata.insert("run".into(), serde_json::to_string(&state).unwrap());
    })
}

fn first_conv(state: &mut RunState) -> &mut Conv {
    match &mut state.recipe.model.network.layers[0].layer {
        Layer::Conv(conv) => conv,
        other => panic!("{other:?}"),
    }
}

/// Puts something at a place of the run's description.
fn in_description(place: &str, key: &str, value: Value) -> Vec<u8> {
    changed(|_, metadata| {
        let mut run: Value = serde_json::from_str(&metadata["run"]).unwrap();
        let fields = run.pointer_mut(place).and_then(Value::as_object_mut);
        fields.expect(place).insert(key.into(), value);
        set(metadata, "run", &run.to_string());
    })
}

/// The run's description without one of its parts.
fn without(part: &str) -> Vec<u8> {
    changed(|_, metadata| {
        let mut run: Value = serde_json::from_str(&metadata["run"]).unwrap();
        run.as_object_mut().unwrap().remove(part).unwrap();
        set(metadata, "run", &run.to_string());
    })
}

/// Of so many records, all right.
fn evaluation(records: u32) -> Evaluation {
    let mut confusion = vec![vec![0; 10]; 10];
    confusion[0][0] = records;
    Evaluation {
        records,
        loss: 0.1,
        accuracy: 1.0,
        confusion,
        class_accuracy: vec![None; 10],
        seconds: 0.1,
        flips: None,
        weights: None,
    }
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
        ("larger than", vec![0; (104 << 20) + 1]),
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
        ("format 7", changed(|_, m| set(m, "format_version", "7"))),
        // Each format has its own description, strictly read.
        (
            "unknown field `recipe`",
            changed(|_, m| set(m, "format_version", "3")),
        ),
        (
            "unknown field `config`",
            changed(|_, m| flatten(m, "4", |_| {})),
        ),
        (
            "unknown field `model`",
            changed(|_, m| flatten(m, "3", |run| run["model"] = json!(null))),
        ),
        (
            "unknown field `speed`",
            changed(|_, m| flatten(m, "3", |run| run["config"]["speed"] = json!(1))),
        ),
        (
            "unknown field `speed`",
            in_description("/recipe", "speed", json!(1)),
        ),
        (
            "unknown field `speed`",
            in_description("/compute", "speed", json!(1)),
        ),
        (
            "unknown field `speed`",
            in_description("/recipe/model", "speed", json!(1)),
        ),
        (
            "unknown field `speed`",
            in_description("/recipe/model/network", "speed", json!(1)),
        ),
        (
            "unknown field `speed`",
            in_description("/recipe/model/network/layers/0", "speed", json!(1)),
        ),
        (
            "unknown field `speed`",
            in_description(
                "/recipe/model/network/layers/0/layer/conv",
                "speed",
                json!(1),
            ),
        ),
        ("missing field `compute`", without("compute")),
        ("missing field `recipe`", without("recipe")),
        // Its network decides what its tensors are, and must be one.
        (
            "its network cannot be used",
            described(|s| s.recipe.model.network.layers.clear()),
        ),
        (
            "filters of 4000",
            described(|s| first_conv(s).filters = 4_000),
        ),
        (
            "[33, 3, 3, 3] of F32 is expected",
            described(|s| first_conv(s).filters = 33),
        ),
        (
            "where 27 are expected",
            described(|s| first_conv(s).bias = None),
        ),
        (
            "where 28 are expected",
            described(|s| first_conv(s).weight.trainable = false),
        ),
        (
            "channels is 2",
            described(|s| s.recipe.model.image.channels = 2),
        ),
        (
            "name its classes",
            described(|s| {
                s.class_names.pop();
            }),
        ),
        (
            "no version",
            changed(|_, m| set(m, "format_version", "new")),
        ),
        (
            "not written by ConvBurn",
            changed(|_, m| {
                m.remove("format_version");
            }),
        ),
        (
            "\"layer1.weight\" is none of this network's",
            changed(|t, m| {
                m.clear();
                t[0].0 = "layer1.weight".into();
            }),
        ),
        (
            "[32] of F32 is expected",
            changed(|t, m| {
                m.clear();
                t[0].1 = vec![2, 16];
            }),
        ),
        ("unknown kind", changed(|_, m| set(m, "kind", "cake"))),
        (
            "where 10 are expected",
            changed(|_, m| {
                set(m, "kind", "weights");
                set(
                    m,
                    "model",
                    &serde_json::to_string(&tutorial_model()).unwrap(),
                );
            }),
        ),
        (
            "its network cannot be read",
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
        ("curve", described(|s| s.trace.resume(3.0))),
        (
            "evaluation",
            described(|s| s.evaluation = Some(evaluation(99))),
        ),
        ("are expected", described(|s| s.optimizer_steps = 0)),
        // Its rule decides what is remembered of them.
        (
            "where 10 are expected of its network and its optimizer",
            described(|s| s.recipe.optimizer = OptimizerKind::Sgd),
        ),
        (
            "\"optimizer.square_avg.conv2d.weight\" is missing",
            described(|s| s.recipe.optimizer = OptimizerKind::RmsProp),
        ),
        (
            "its exact numbers",
            described(|s| s.recipe.averaging = 0.98),
        ),
        (
            "numbers of steps and records",
            described(|s| s.validation_used = 5),
        ),
        (
            "numbers of steps and records",
            described(|s| s.recipe.patience = 1),
        ),
    ];
    for (words, bytes) in cases {
        let error = session.read(&bytes).unwrap_err();
        assert_eq!(error.code(), "checkpoint", "{words}");
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    let error = session
        .read(&described(|s| s.recipe.batch = 0))
        .unwrap_err();
    assert_eq!(error.code(), "invalid_config");
    finish(&mut session); // It is as it was.
}

/// A file of the format 1, which does not say what computed the run, is read.
#[test]
fn a_run_of_the_format_before_is_read() {
    let old = changed(|_, metadata| {
        flatten(metadata, "1", |run| {
            for key in ["origin", "trace", "evaluation", "data"] {
                run.as_object_mut().unwrap().remove(key).unwrap();
            }
        });
    });
    let mut old = restored(&old, dataset());
    finish(&mut old);
    let mut session = fresh(config());
    finish(&mut session);
    assert_eq!(end(&mut old), end(&mut session));
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
    let Checkpoint::Weights(model, tensors) = other.read(&bytes).unwrap() else {
        panic!("no weights");
    };
    assert_eq!(*model, tutorial_model());
    other.take_weights(&model, &tensors).unwrap();
    assert_eq!(block_on(other.predict(&[90; 3_072])).unwrap(), before);
    assert!(other.history().is_empty() && other.position().is_none());
    finish(&mut other);
    assert_eq!(other.history().len(), 2);
}

/// Python writes no metadata, or its own; of a run that it saved again the weights are left.
#[test]
fn weights_that_python_saved_again_are_taken() {
    let mut session = fresh(config());
    block_on(session.advance(0.0)).unwrap();
    let run = block_on(session.save()).unwrap();
    let weights = block_on(session.save_weights()).unwrap();
    let Checkpoint::Run(_, expected) = session.read(&run).unwrap() else {
        panic!("no run");
    };
    let bare = |bytes: &[u8]| rewritten(bytes, |_, metadata| metadata.clear());
    let torch = rewritten(&weights, |_, metadata| {
        metadata.clear();
        set(metadata, "format", "pt");
    });
    for bytes in [bare(&weights), bare(&run), torch] {
        let Checkpoint::Weights(model, found) = session.read(&bytes).unwrap() else {
            panic!("no weights");
        };
        assert_eq!(*model, tutorial_model(), "the present one");
        assert_eq!(found.values, expected.values);
        assert!(found.slots.is_empty());
    }
}

/// A file of weights says its network: a session of another one takes that over, and keeps its other settings.
#[test]
fn weights_of_another_network_bring_it_along() {
    let t = Config {
        network: NetworkChoice::Preset("t".into()),
        ..config()
    };
    let mut session = fresh(t.clone());
    block_on(session.advance(0.0)).unwrap();
    let before = block_on(session.predict(&[90; 3_072])).unwrap();
    let bytes = block_on(session.save_weights()).unwrap();

    let mut other = fresh(Config {
        seed: 8,
        ..config()
    });
    let Checkpoint::Weights(model, tensors) = other.read(&bytes).unwrap() else {
        panic!("no weights");
    };
    assert_eq!(model.network, NetworkSpec::t(10));
    assert!(
        tensors
            .values
            .contains_key("batch_normalization.running_var")
    );
    other.take_weights(&model, &tensors).unwrap();
    assert_eq!(other.loaded().config, Config { seed: 8, ..t });
    assert_eq!(other.summary(), session.summary());
    assert_eq!(block_on(other.predict(&[90; 3_072])).unwrap(), before);
    finish(&mut other);
    assert_eq!(other.history().len(), 2);

    // Another program's file says none: it is read as the present network's, and this is not one.
    let bare = rewritten(&bytes, |_, metadata| metadata.clear());
    let error = fresh(config()).read(&bare).unwrap_err().to_string();
    assert!(error.contains("is none of this network's"), "{error}");
    assert!(other.read(&bare).is_ok());
}

/// A running variance below 0 has no root, and a mean of squares neither.
#[test]
fn statistics_that_none_can_be_are_refused() {
    let t = Config {
        network: NetworkChoice::Preset("t".into()),
        ..config()
    };
    let mut session = fresh_on(dataset(), t);
    block_on(session.advance(0.0)).unwrap();
    let bytes = block_on(session.save()).unwrap();
    for (name, words) in [
        (
            "batch_normalization_1.running_var",
            "running variance is negative",
        ),
        (
            "optimizer.exp_avg_sq.dense.weight",
            "mean of squares is negative",
        ),
    ] {
        let bytes = rewritten(&bytes, |tensors, _| {
            let tensor = tensors.iter_mut().find(|tensor| tensor.0 == name);
            tensor.unwrap().2[3] = -1e-3;
        });
        let error = session.read(&bytes).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    // Statistics have no moments.
    let extra = rewritten(&bytes, |tensors, _| {
        let name = "optimizer.exp_avg.batch_normalization.running_mean";
        tensors.push((name.into(), vec![32], vec![0.0; 32]));
    });
    let error = session.read(&extra).unwrap_err().to_string();
    assert!(error.contains("are expected"), "{error}");
}
