//! Files of runs and weights: older formats and Python's are read, and what is not as it should be is refused with the
//! reason.

use convburn::checkpoint::{Checkpoint, RunState};
use convburn::protocol::{Config, Evaluation};
use pollster::block_on;

use super::{Metadata, Tensors, config, dataset, end, finish, fresh, restored, rewritten, set};

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
        ("format 4", changed(|_, m| set(m, "format_version", "4"))),
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

/// A file of the format 1, which does not say what computed the run, is read.
#[test]
fn a_run_of_the_format_before_is_read() {
    let old = changed(|_, metadata| {
        let mut run: serde_json::Value = serde_json::from_str(&metadata["run"]).unwrap();
        for key in ["origin", "trace", "evaluation"] {
            run.as_object_mut().unwrap().remove(key).unwrap();
        }
        set(metadata, "run", &run.to_string());
        set(metadata, "format_version", "1");
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
    let Checkpoint::Weights(numbers) = other.read(&bytes).unwrap() else {
        panic!("no weights");
    };
    other.take_weights(&numbers).unwrap();
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
        let Checkpoint::Weights(found) = session.read(&bytes).unwrap() else {
            panic!("no weights");
        };
        assert_eq!(found.parameters, expected.parameters);
        assert!(found.means.is_empty() && found.squares.is_empty());
    }
}
