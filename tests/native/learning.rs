//! The network, the rule of learning and the session, natively on flex and ndarray.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use convburn::cifar::{Dataset, IMAGE, RECORD_BYTES};
use convburn::device;
use convburn::model::{Mode, Model, Value};
use convburn::network::{NetworkPlan, Shape};
use convburn::protocol::{Augment, Backend, Config, Event, Layer, ModelSpec, MoreEpochs, Split};
use convburn::session::Session;
use pollster::block_on;

use crate::support;
use crate::support::networks::{dense, model_of};

fn session(config: Config) -> Session {
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, support::records(200, 1)).unwrap();
    dataset.add(Split::Test, support::records(100, 2)).unwrap();
    let backend = block_on(device::open(&config)).unwrap();
    Session::new(config, backend, dataset).unwrap()
}

#[test]
fn the_summary_is_the_tutorials_table() {
    let summary = Model::new(support::tutorial(), 1, &Device::flex()).summary();
    let rows: Vec<(&str, Vec<u32>, u32)> = summary
        .layers
        .iter()
        .map(|l| (l.name.as_str(), l.output_shape.clone(), l.parameters))
        .collect();
    let expected = [
        ("conv2d", vec![32, 30, 30], 896),
        ("max_pooling2d", vec![32, 15, 15], 0),
        ("conv2d_1", vec![64, 13, 13], 18_496),
        ("max_pooling2d_1", vec![64, 6, 6], 0),
        ("conv2d_2", vec![64, 4, 4], 36_928),
        ("flatten", vec![1024], 0),
        ("dense", vec![64], 65_600),
        ("dense_1", vec![10], 650),
    ];
    assert_eq!(rows, expected);
    assert_eq!(summary.total_parameters, 122_570);
    assert_eq!(
        summary
            .layers
            .iter()
            .take(5)
            .map(|l| l.parameters)
            .sum::<u32>(),
        56_320
    );
}

/// Cut off after each layer in turn, the network gives what the table lists for that layer.
#[test]
fn the_model_really_computes_the_shapes_it_lists() {
    let device = Device::flex();
    let whole = Model::new(support::tutorial(), 1, &device);
    let listed = whole.summary();
    let all: Vec<Layer> = (whole.plan().spec.network.layers.iter())
        .map(|layer| layer.layer.clone())
        .collect();
    let images = || Tensor::zeros([2, 3, 32, 32], &device);
    let built = |spec: &ModelSpec| {
        let plan = NetworkPlan::new(spec).unwrap();
        Model::new(Arc::new(plan), 1, &device)
    };

    let mut shape = vec![3, 32, 32];
    let mut compared = 0;
    for layers in 0..=all.len() {
        let before = whole.plan().layers[..layers].last();
        // An activation has no row of its own: it leaves its layer's shape.
        let row = before.and_then(|layer| listed.layers.iter().find(|row| row.name == layer.name));
        if let Some(row) = row {
            shape.clone_from(&row.output_shape);
            compared += 1;
        }
        let mut cut = all[..layers].to_vec();
        let has_dense = cut.iter().any(|layer| matches!(layer, Layer::Dense(_)));
        if has_dense {
            let [units] = shape[..] else {
                panic!("{shape:?} behind a dense layer")
            };
            let pass = built(&model_of(cut, IMAGE, units)).forward(images(), Mode::Evaluate);
            assert_eq!(pass.logits.dims(), [2, units as usize], "{layers} layers");
            continue;
        }
        if shape.len() == 3 {
            cut.push(Layer::Flatten);
        }
        // A unit takes as many numbers as Flatten gives, or Burn refuses to multiply them.
        cut.push(dense(2));
        let model = built(&model_of(cut, IMAGE, 2));
        let pass = model.forward(images(), Mode::Evaluate);
        assert_eq!(pass.logits.dims(), [2, 2]);
        let weight = model.values().iter().rev().find_map(|value| match value {
            Value::Matrix(weight) => Some(weight.dims()),
            _ => None,
        });
        let numbers = shape.iter().product::<u32>() as usize;
        assert_eq!(weight, Some([numbers, 2]), "{layers} layers");
    }
    assert_eq!(compared, listed.layers.len());
    let numbers = whole.values().iter().map(|value| value.flat().dims()[0]);
    assert_eq!(numbers.sum::<usize>() as u32, listed.total_parameters);
}

/// What a plan says of each layer is what comes out of it, whatever the layer.
#[test]
fn a_plan_of_every_kind_of_layer_is_what_the_model_computes() {
    let device = Device::flex();
    let network = support::networks::every_layer();
    let image = support::networks::GRAY;
    let all: Vec<Layer> = (network.layers.into_iter())
        .map(|layer| layer.layer)
        .collect();
    for layers in 1..all.len() {
        let mut cut = all[..layers].to_vec();
        let has_dense = cut.iter().any(|layer| matches!(layer, Layer::Dense(_)));
        if !has_dense && !cut.contains(&Layer::Flatten) {
            cut.push(Layer::Flatten);
        }
        cut.push(dense(3));
        let plan = NetworkPlan::new(&model_of(cut, image, 3)).unwrap();
        let [.., last, _] = &plan.layers[..] else {
            panic!("no layers")
        };
        let Shape::Vector(expected) = last.output else {
            panic!("{:?} before a dense layer", last.output)
        };
        let model = Model::new(Arc::new(plan), 1, &device);
        let images = Tensor::zeros([2, 1, 28, 28], &device);
        let pass = model.forward(images, Mode::Evaluate);
        assert_eq!(pass.logits.dims(), [2, 3], "{layers} layers");
        let weight = model.values().iter().rev().find_map(|value| match value {
            Value::Matrix(weight) => Some(weight.dims()),
            _ => None,
        });
        assert_eq!(weight, Some([expected, 3]), "{layers} layers");
    }
}

#[test]
fn initial_weights_are_glorot_uniform_with_zero_biases() {
    let model = Model::new(support::tutorial(), 3, &Device::flex());
    let entries = model.plan().entries.iter();
    assert_eq!((entries.len(), model.values().len()), (10, 10));
    for (entry, value) in entries.zip(model.values()) {
        let shape = &entry.shape;
        let values: Vec<f32> = value.flat().into_data().try_into_vec().unwrap();
        let (fan_in, fan_out) = match shape[..] {
            [filters, channels, h, w] => (channels * h * w, filters * h * w),
            [inputs, units] => (inputs, units),
            _ => {
                assert!(values.iter().all(|v| *v == 0.0), "bias {shape:?}");
                continue;
            }
        };
        let limit = (6.0 / (fan_in + fan_out) as f32).sqrt();
        let largest = values.iter().fold(0f32, |a, v| a.max(v.abs()));
        let variance = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!(largest <= limit && largest > 0.97 * limit, "{shape:?}");
        // A uniform distribution's variance is limit² / 3.
        assert!(
            (variance / (limit * limit / 3.0) - 1.0).abs() < 0.2,
            "{shape:?}"
        );
    }
}

#[test]
fn a_run_learns_and_reports_every_epoch() {
    let mut session = session(Config {
        epochs: 6,
        ..support::config()
    });
    let events = support::drive(&mut session);
    let history = session.history();
    assert_eq!(
        history.iter().map(|e| e.epoch).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    assert!(history[5].loss < history[0].loss * 0.5, "{history:?}");
    assert!(history[5].val_accuracy > 0.9, "{history:?}");
    assert!(matches!(events.last(), Some(Event::Done { epochs: 6, .. })));
    let evaluation = block_on(session.evaluate(Split::Test)).unwrap();
    assert_eq!(evaluation.records, 100);
    assert!((evaluation.loss - history[5].val_loss).abs() < 1e-9);
    assert_eq!(evaluation.accuracy, history[5].val_accuracy);
    assert_eq!(evaluation.confusion.iter().flatten().sum::<u32>(), 100);
}

#[test]
fn ndarray_and_flex_agree() {
    let config = Config {
        epochs: 1,
        train: 8,
        test: 4,
        batch: 4,
        ..support::config()
    };
    let mut flex = session(config.clone());
    support::drive(&mut flex);
    let mut ndarray = session(Config {
        backend: Backend::Ndarray,
        ..config
    });
    support::drive(&mut ndarray);
    let (a, b) = (&flex.history()[0], &ndarray.history()[0]);
    assert!((a.loss - b.loss).abs() < 1e-4, "{a:?} {b:?}");
    assert!((a.val_loss - b.val_loss).abs() < 1e-4, "{a:?} {b:?}");
}

#[test]
fn one_seed_gives_one_run_and_another_seed_another() {
    let config = Config {
        epochs: 1,
        augment: Augment::FlipShift,
        ..support::config()
    };
    let run = |seed| {
        let mut session = session(Config {
            seed,
            ..config.clone()
        });
        support::drive(&mut session);
        let last = &session.history()[0];
        (last.loss, last.val_loss)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn the_partial_last_batch_trains_too() {
    let pixels = &support::records(1, 5)[1..];
    let mut session = session(Config {
        train: 50,
        epochs: 1,
        ..support::config()
    });
    // One step a call, since a budget of nothing still does one.
    block_on(session.advance(0.0)).unwrap();
    block_on(session.advance(0.0)).unwrap();
    session.signals().pause();
    let events = block_on(session.advance(0.0)).unwrap();
    let Some(Event::Progress(progress)) = events.first() else {
        panic!("{events:?}")
    };
    assert_eq!((progress.step, progress.steps), (2, 3));
    let after_two = block_on(session.predict(pixels)).unwrap();
    support::drive(&mut session);
    let after_three = block_on(session.predict(pixels)).unwrap();
    assert_ne!(
        after_two, after_three,
        "the last 10 records change the weights"
    );
}

#[test]
fn pause_and_resume_change_nothing() {
    let mut plain = session(support::config());
    support::drive(&mut plain);

    let mut paused = session(support::config());
    block_on(paused.advance(0.0)).unwrap();
    paused.signals().pause();
    let events = block_on(paused.advance(1e9)).unwrap();
    assert!(
        matches!(events.last(), Some(Event::Paused { epoch: 1, step: 1 })),
        "{events:?}"
    );
    assert!(paused.is_running());
    let busy = paused
        .add_shard(Split::Train, support::records(10, 9), None)
        .unwrap_err();
    assert_eq!(busy.code(), "busy");
    support::drive(&mut paused);
    let figures = |s: &Session| {
        s.history()
            .iter()
            .map(|e| (e.loss, e.accuracy, e.val_loss))
            .collect::<Vec<_>>()
    };
    assert_eq!(figures(&plain), figures(&paused));
}

/// The mean of two logits is, as a probability, the geometric mean of the two.
#[test]
fn a_measurement_can_look_at_each_picture_and_its_mirror_image() {
    let mut session = session(support::config());
    support::drive(&mut session);
    let found = block_on(session.evaluate_with_flips(Split::Test)).unwrap();
    let plain = block_on(session.evaluate(Split::Test)).unwrap();
    assert_eq!(
        (found.loss, &found.confusion),
        (plain.loss, &plain.confusion)
    );
    assert_eq!(plain.flips, None);
    let (mut loss, mut right) = (0.0, 0);
    let records = session.records(Split::Test, 0, 100);
    for record in records.chunks_exact(RECORD_BYTES) {
        let (label, pixels) = (usize::from(record[0]), &record[1..]);
        let turned: Vec<u8> = pixels
            .chunks(32)
            .flat_map(|row| row.iter().rev().copied())
            .collect();
        let [one, other] =
            [pixels, &turned].map(|pixels| block_on(session.predict(pixels)).unwrap());
        let both: Vec<f64> = one
            .iter()
            .zip(&other)
            .map(|(a, b)| (f64::from(*a) * f64::from(*b)).sqrt())
            .collect();
        loss -= (both[label] / both.iter().sum::<f64>()).ln() / 100.0;
        right += usize::from(both.iter().all(|share| *share <= both[label]));
    }
    let flips = found.flips.unwrap();
    assert!((flips.loss - loss).abs() < 1e-4, "{} {loss}", flips.loss);
    assert!((flips.accuracy - right as f64 / 100.0).abs() < 1e-9);
    assert_ne!(flips.loss, found.loss);
}

#[test]
fn stop_keeps_the_model_and_reset_renews_it() {
    let pixels = &support::records(1, 5)[1..];
    let mut session = session(support::config());
    let fresh = block_on(session.predict(pixels)).unwrap();
    block_on(session.advance(50.0)).unwrap();
    session.signals().stop();
    let events = block_on(session.advance(1e9)).unwrap();
    assert!(
        matches!(
            events.last(),
            Some(Event::Stopped {
                epoch: 1,
                more: Some(MoreEpochs { least: 1, .. }),
                ..
            })
        ),
        "{events:?}"
    );
    assert!(!session.is_running());
    let trained = block_on(session.predict(pixels)).unwrap();
    assert_ne!(fresh, trained);
    session.reset();
    assert_eq!(fresh, block_on(session.predict(pixels)).unwrap());
    assert!((fresh.iter().sum::<f32>() - 1.0).abs() < 1e-5);
}

#[test]
fn a_paused_run_that_is_stopped_lets_go_of_its_records() {
    let mut session = session(support::config());
    block_on(session.advance(0.0)).unwrap();
    session.signals().pause();
    block_on(session.advance(0.0)).unwrap();
    session.signals().stop();
    let added = session.add_shard(Split::Train, support::records(10, 9), None);
    assert_eq!(added.unwrap().data.train_records, 210);
    assert!(!session.is_running());
}

#[test]
fn a_second_run_continues_the_first() {
    let mut session = session(Config {
        epochs: 1,
        ..support::config()
    });
    support::drive(&mut session);
    support::drive(&mut session);
    let epochs: Vec<u32> = session.history().iter().map(|e| e.epoch).collect();
    assert_eq!(epochs, [1, 2]);
    assert!(session.history()[1].loss < session.history()[0].loss);
}

#[test]
fn bad_calls_are_typed() {
    let mut session = session(support::config());
    for pixels in [&[0u8; 3071][..], &[]] {
        assert_eq!(
            block_on(session.predict(pixels)).unwrap_err().code(),
            "pixel_length"
        );
    }
    let backend = block_on(device::open(&support::config())).unwrap();
    let empty = Dataset::new(None).unwrap();
    let mut hungry = Session::new(support::config(), backend, empty).unwrap();
    assert_eq!(
        block_on(hungry.advance(0.0)).unwrap_err().code(),
        "data_missing"
    );
    let wrong = session
        .add_shard(Split::Train, vec![1, 2, 3], None)
        .unwrap_err();
    assert_eq!(wrong.code(), "record_length");
}
