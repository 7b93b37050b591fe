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
use convburn::cifar::{Dataset, RECORD_BYTES};
use convburn::device;
use convburn::protocol::{
    Augment, Backend, Changes, Config, DataMatch, EpochResult, Evaluation, Event, HoldOut,
    Position, Progress, Split, Stage, Trace,
};
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
    fresh_on(dataset(), config)
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
    waiting.add_shard(Split::Train, train, None).unwrap();
    let test = support::records(100, 2);
    waiting.add_shard(Split::Test, test, None).unwrap();
    finish(&mut waiting);

    let mut few = Dataset::new(None).unwrap();
    few.add(Split::Train, support::records(150, 1)).unwrap();
    few.add(Split::Test, support::records(100, 2)).unwrap();
    let mut other = restored(&bytes, few);
    let error = block_on(other.advance(0.0)).unwrap_err();
    assert_eq!(error.code(), "checkpoint");
    assert!(
        error.to_string().contains("200 images for training"),
        "{error}"
    );
    assert!(other.position().is_some(), "the run waits");
}

/// A run under way whose records came from two files of these names.
fn run_of(files: [(&str, Vec<u8>); 2]) -> Vec<u8> {
    let [train, test] = files;
    let mut session = fresh_on(Dataset::new(None).unwrap(), config());
    session
        .add_shard(Split::Train, train.1, Some(train.0))
        .unwrap();
    session
        .add_shard(Split::Test, test.1, Some(test.0))
        .unwrap();
    block_on(session.advance(0.0)).unwrap();
    block_on(session.save()).unwrap()
}

fn fresh_on(dataset: Dataset, config: Config) -> Session {
    let backend = block_on(device::open(&config)).unwrap();
    Session::new(config, backend, dataset).unwrap()
}

#[test]
fn a_run_goes_on_with_the_same_records_alone_and_names_the_files_to_drop() {
    let (train, test) = (support::records(200, 1), support::records(100, 2));
    let bytes = run_of([("mine.bin", train.clone()), ("seen.bin", test.clone())]);

    // As many others, one of which differs in one pixel: the counts are the same.
    let mut changed = train.clone();
    changed[100 * RECORD_BYTES + 17] ^= 1;
    let mut others = Dataset::new(None).unwrap();
    others.add(Split::Train, changed).unwrap();
    others.add(Split::Test, test.clone()).unwrap();
    let mut other = restored(&bytes, others);
    assert_eq!(other.data().restored, Some(DataMatch::Other));
    for _ in 0..2 {
        let error = block_on(other.advance(0.0)).unwrap_err();
        assert_eq!(error.code(), "checkpoint");
        let wanted = "“mine.bin” (200 images for training), “seen.bin” (100 images for testing)";
        assert!(error.to_string().contains(wanted), "{error}");
        assert_eq!(other.position().unwrap().step, 1, "the run waits");
    }
    assert_eq!(other.check_restored().unwrap_err().code(), "checkpoint");

    // The same records in other files, under other names: the data is the same.
    let mut halves = Dataset::new(None).unwrap();
    let middle = 80 * RECORD_BYTES;
    halves.add(Split::Train, train[..middle].to_vec()).unwrap();
    halves.add(Split::Train, train[middle..].to_vec()).unwrap();
    let mut same = restored(&bytes, halves);
    assert_eq!(same.data().restored, Some(DataMatch::Other), "held out yet");
    let added = same.add_shard(Split::Test, test, None).unwrap();
    assert_eq!(added.data.restored, Some(DataMatch::Same));
    assert_eq!(same.sources().len(), 2);
    same.check_restored().unwrap();
    block_on(same.advance(0.0)).unwrap();
    assert_eq!(same.data().restored, None, "it has gone on");
    finish(&mut same);
}

/// A finished run is its data's too: whatever goes on with it trains on those records.
#[test]
fn a_finished_run_that_is_opened_does_not_go_on_with_other_records() {
    let mut session = fresh(config());
    finish(&mut session);
    let bytes = block_on(session.save()).unwrap();
    let mut others = Dataset::new(None).unwrap();
    others.add(Split::Train, support::records(200, 3)).unwrap();
    others.add(Split::Test, support::records(100, 2)).unwrap();
    let mut other = restored(&bytes, others);
    let error = block_on(other.advance(0.0)).unwrap_err();
    assert_eq!(error.code(), "checkpoint");
}

/// A file of the format 2: it does not say which records it was trained on.
fn of_format_2(config: Config, dataset: Dataset) -> Vec<u8> {
    let mut session = fresh_on(dataset, config);
    block_on(session.advance(0.0)).unwrap();
    let bytes = block_on(session.save()).unwrap();
    rewritten(&bytes, |_, metadata| {
        let mut run: serde_json::Value = serde_json::from_str(&metadata["run"]).unwrap();
        run.as_object_mut().unwrap().remove("data").unwrap();
        let config = run["config"].as_object_mut().unwrap();
        config.remove("hold_out").unwrap();
        set(metadata, "run", &run.to_string());
        set(metadata, "format_version", "2");
    })
}

#[test]
fn a_run_of_before_is_asked_about_and_says_so_no_more_once_it_is_saved() {
    let old = of_format_2(config(), dataset());
    let mut waiting = restored(&old, Dataset::new(None).unwrap());
    assert_eq!(waiting.data().restored, Some(DataMatch::Awaited));
    assert_eq!(waiting.check_restored().unwrap_err().code(), "data_missing");
    let train = support::records(200, 1);
    waiting.add_shard(Split::Train, train, None).unwrap();
    let test = support::records(100, 2);
    let added = waiting.add_shard(Split::Test, test, None).unwrap();
    assert_eq!(added.data.restored, Some(DataMatch::Unknown));
    assert!(waiting.sources().is_empty());
    block_on(waiting.advance(0.0)).unwrap();
    let new = block_on(waiting.save()).unwrap();
    let again = restored(&new, dataset());
    assert_eq!(again.data().restored, Some(DataMatch::Same));
}

/// Or it would be tested on what it was trained on.
#[test]
fn a_run_of_before_keeps_its_rule_of_holding_out() {
    let only_train = || {
        let mut dataset = Dataset::new(None).unwrap();
        dataset.add(Split::Train, support::records(200, 1)).unwrap();
        dataset
    };
    let last = Config {
        hold_out: HoldOut::Last,
        ..config()
    };
    let old = of_format_2(last.clone(), only_train());
    let mut old = restored(&old, only_train());
    assert_eq!(old.loaded().config.hold_out, HoldOut::Last);
    let measured = old.records(Split::Test, 0, 40);
    let all = support::records(200, 1);
    assert!(measured == all[160 * RECORD_BYTES..]);
    finish(&mut old);
    let mut plain = fresh_on(only_train(), last);
    finish(&mut plain);
    assert_eq!(end(&mut old), end(&mut plain));

    let mut new = fresh_on(only_train(), config());
    block_on(new.advance(0.0)).unwrap();
    let bytes = block_on(new.save()).unwrap();
    let new = restored(&bytes, only_train());
    assert_eq!(new.loaded().config.hold_out, HoldOut::ByClass);
    assert_eq!(new.data().restored, Some(DataMatch::Same));
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

fn stop(session: &mut Session) {
    session.signals().stop();
    let events = block_on(session.advance(1e3)).unwrap();
    assert!(matches!(events.last(), Some(Event::Stopped { .. })));
}

/// Over as many epochs in one go.
fn whole(epochs: u32) -> (Vec<u32>, Vec<EpochResult>) {
    let mut whole = fresh(Config { epochs, ..config() });
    finish(&mut whole);
    end(&mut whole)
}

/// In memory and by way of its file, before and within an epoch, after a stop that came twice.
#[test]
fn a_stopped_run_goes_on_to_the_same_bits() {
    let expected = whole(2);
    for pulls in [1, 7, 12, 15, 21] {
        let mut stopped = fresh(config());
        for _ in 0..pulls {
            block_on(stopped.advance(0.0)).unwrap();
        }
        stop(&mut stopped);
        assert!(!stopped.is_running());
        let position = stopped.position().unwrap();
        let bytes = block_on(stopped.save()).unwrap();
        let mut opened = restored(&bytes, dataset());
        assert_eq!(opened.position(), Some(position));
        finish(&mut opened);
        assert_eq!(end(&mut opened), expected, "opened after {pulls} pulls");

        stopped.signals().stop();
        finish(&mut stopped);
        assert_eq!(end(&mut stopped), expected, "after {pulls} pulls");
    }
}

#[test]
fn two_epochs_and_one_more_have_the_bits_of_three() {
    let expected = whole(3);
    let mut two = fresh(config());
    finish(&mut two);
    let bytes = block_on(two.save()).unwrap();
    two.extend(3).unwrap();
    assert_eq!(two.position().map(|at| (at.epoch, at.step)), Some((3, 0)));
    finish(&mut two);
    assert_eq!(end(&mut two), expected, "in memory");

    let mut opened = restored(&bytes, dataset());
    assert_eq!((opened.position(), opened.is_running()), (None, false));
    opened.extend(3).unwrap();
    let pending = block_on(opened.save()).unwrap();
    finish(&mut opened);
    assert_eq!(end(&mut opened), expected, "by way of a file");
    let mut opened = restored(&pending, dataset());
    finish(&mut opened);
    assert_eq!(end(&mut opened), expected, "extended, then saved");

    let mut stopped = fresh(config());
    for _ in 0..15 {
        block_on(stopped.advance(0.0)).unwrap();
    }
    stop(&mut stopped);
    stopped.extend(3).unwrap();
    finish(&mut stopped);
    assert_eq!(end(&mut stopped), expected, "stopped in between");

    let mut thrice = fresh(Config {
        epochs: 1,
        ..config()
    });
    for _ in 0..3 {
        finish(&mut thrice);
    }
    assert_eq!(end(&mut thrice), expected, "a run after a run");
}

#[test]
fn a_run_is_extended_beyond_what_is_trained_and_within_what_may_be_asked() {
    let mut session = fresh(config());
    finish(&mut session);
    for epochs in [0, 2, 1_001] {
        let error = session.extend(epochs).unwrap_err();
        assert_eq!(error.code(), "invalid_config", "{epochs}");
    }
    assert_eq!(session.position(), None);
    assert_eq!(session.loaded().config, config());
    let mut unbegun = fresh(config());
    unbegun.extend(1).unwrap();
    finish(&mut unbegun);
    assert_eq!(unbegun.history().len(), 1);
}

/// What rests takes other records, and goes on only if it uses none of them; its file tells of its own.
#[test]
fn a_run_that_rests_goes_on_with_its_own_data_only() {
    let mut stopped = fresh(Config {
        train: 300,
        ..config()
    });
    block_on(stopped.advance(0.0)).unwrap();
    stop(&mut stopped);
    let mut over = fresh(Config {
        train: 300,
        ..config()
    });
    finish(&mut over);
    over.extend(3).unwrap();
    for mut session in [stopped, over] {
        let more = support::records(60, 3);
        session.add_shard(Split::Train, more, None).unwrap();
        let error = block_on(session.advance(0.0)).unwrap_err();
        assert_eq!(error.code(), "checkpoint");
        assert!(error.to_string().contains("200 images"), "{error}");
        assert!(session.position().is_some(), "the run waits");
        let bytes = block_on(session.save()).unwrap();
        let mut opened = restored(&bytes, dataset());
        finish(&mut opened);
    }

    let mut unused = fresh(config());
    block_on(unused.advance(0.0)).unwrap();
    stop(&mut unused);
    unused
        .add_shard(Split::Train, support::records(60, 3), None)
        .unwrap();
    finish(&mut unused);
    assert_eq!(end(&mut unused), whole(2));
}

/// Its figures, its curve and its last evaluation are those that it had; where it was restored is marked.
#[test]
fn a_run_that_is_opened_is_as_it_was() {
    let often = Config {
        report_every_ms: 10,
        ..config()
    };
    let mut session = fresh(often);
    let (mut last, mut points) = (None, Vec::new());
    let is_amid = |at: Position| at.epoch == 2 && at.step > 0;
    while !session.position().is_some_and(is_amid) {
        for event in block_on(session.advance(0.0)).unwrap() {
            let Event::Progress(progress) = event else {
                continue;
            };
            if progress.stage == Stage::Training {
                points.push((progress.epoch, progress.loss as f32));
            }
            last = Some(progress);
        }
    }
    session.signals().stop();
    for event in block_on(session.advance(0.0)).unwrap() {
        if let Event::Progress(progress) = event {
            points.push((progress.epoch, progress.loss as f32));
            last = Some(progress);
        }
    }
    let bytes = block_on(session.save()).unwrap();
    let mut opened = restored(&bytes, dataset());
    let figures = |progress: Option<Progress>| {
        progress.map(|p| (p.epoch, p.epochs, p.step, p.steps, p.loss, p.accuracy))
    };
    assert_eq!(figures(opened.progress()), figures(last));
    let speed = |progress: Option<Progress>| progress.unwrap().images_per_second;
    assert_eq!(speed(opened.progress()), speed(session.progress()));
    let curve = |trace: &Trace| -> Vec<(u32, f32)> {
        trace.points.iter().map(|p| (p.epoch, p.loss)).collect()
    };
    assert!(points.len() >= 2, "a first report and the one of the stop");
    assert_eq!(curve(opened.trace()), points);
    assert_eq!(opened.evaluation(), session.evaluation());
    assert_eq!(opened.evaluation().unwrap().records, 100);
    assert!(opened.trace().resumed_at.is_empty());

    let at = opened.position().unwrap();
    let mut last = None;
    while opened.position().is_some() {
        for event in block_on(opened.advance(0.0)).unwrap() {
            if let Event::Progress(progress) = event {
                last = Some(progress);
            }
        }
    }
    let marks = &opened.trace().resumed_at;
    assert_eq!(*marks, [(at.epoch - 1) as f32 + at.step as f32 / 10.0]);
    let bytes = block_on(opened.save()).unwrap();
    let over = restored(&bytes, dataset());
    let row = opened.history().last().unwrap();
    let shown = over.progress().unwrap();
    assert_eq!(Some(&shown), last.as_ref(), "the rate and the times too");
    assert_eq!((shown.epoch, shown.epochs, shown.step), (2, 2, 10));
    assert_eq!((shown.loss, shown.accuracy), (row.loss, row.accuracy));
    assert_eq!(over.trace(), opened.trace());
    let evaluation = over.evaluation().unwrap();
    assert_eq!(evaluation.accuracy, row.val_accuracy);
    assert_eq!(evaluation, opened.evaluation().unwrap());
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

type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;
type Metadata = HashMap<String, String>;

/// A good file, changed.
fn changed(change: impl FnOnce(&mut Tensors, &mut Metadata)) -> Vec<u8> {
    let mut session = fresh(config());
    block_on(session.advance(0.0)).unwrap();
    rewritten(&block_on(session.save()).unwrap(), change)
}

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

/// A run that goes on may be computed otherwise and with another learning rate; what it is a run of stays.
#[test]
fn backend_workers_learning_rate_and_epochs_may_change_when_a_run_goes_on() {
    let changes: Changes =
        serde_json::from_str(r#"{"backend":"flex","lr":0.0001,"epochs":5}"#).unwrap();
    let before = config();
    let after = changes.applied_to(&before);
    assert_eq!((after.lr, after.epochs), (0.0001, 5));
    assert_eq!(
        Config {
            lr: before.lr,
            epochs: before.epochs,
            ..after
        },
        Config {
            backend: Backend::Flex,
            ..before
        }
    );
    assert!(serde_json::from_str::<Changes>(r#"{"seed":2}"#).is_err());
}
