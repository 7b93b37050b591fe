//! Networks as values: whatever list of layers is within the limits is refused with a sentence or trains, each group of
//! layers is computed by itself, and a network with every kind of layer learns, pauses and goes on with the same bits.

use std::sync::Arc;

use burn::tensor::Device;
use convburn::batch::RecordBytes;
use convburn::checkpoint::Checkpoint;
use convburn::cifar::Dataset;
use convburn::device;
use convburn::metrics::RunningMean;
use convburn::model::Kernel;
use convburn::network::NetworkPlan;
use convburn::protocol::*;
use convburn::random::Draws;
use convburn::session::Session;
use convburn::train::Learner;
use pollster::block_on;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::helpers;
use crate::support::networks::{
    GRAY, dense, every_layer, gray_dataset, max_pool, model_of, numbered, plain_conv, relu,
};

fn model(network: NetworkSpec, image: ImageSpec, classes: u32) -> ModelSpec {
    ModelSpec {
        network,
        image,
        classes,
        pixels: Pixels::Unit,
        norm_group: NormGroup::Records(8),
    }
}

fn learnt(initializer: Initializer) -> TensorSpec {
    TensorSpec::learnt(initializer)
}

/// A layer as a visitor could ask for it, some of them impossible.
fn any_layer(rng: &mut ChaCha8Rng, depth: u32) -> Layer {
    let begins = [
        Initializer::Glorot,
        Initializer::Kaiming,
        Initializer::Dirac,
        Initializer::Zeros,
        Initializer::Ones,
    ];
    let whitening = Initializer::Whitening { epsilon: 5e-4 };
    match rng.random_range(0..14) {
        0..=2 => Layer::Conv(Conv {
            filters: rng.random_range(1..12),
            kernel: rng.random_range(1..=7),
            padding: *[Padding::Valid, Padding::Same].choose(rng).unwrap(),
            stride: rng.random_range(1..=2),
            weight: TensorSpec {
                initializer: if rng.random_range(0..12) > 0 {
                    *begins.choose(rng).unwrap()
                } else {
                    whitening
                },
                trainable: rng.random_range(0..5) > 0,
            },
            bias: rng.random::<bool>().then(|| learnt(Initializer::Zeros)),
        }),
        3 => Layer::BatchNorm(BatchNorm {
            scale: rng.random::<bool>().then(|| learnt(Initializer::Ones)),
            offset: learnt(Initializer::Zeros),
            epsilon: 1e-3,
            momentum: 0.9,
        }),
        4 => Layer::Activation(
            *[Activation::Relu, Activation::Gelu, Activation::Silu]
                .choose(rng)
                .unwrap(),
        ),
        5 => Layer::MaxPool(Window {
            size: rng.random_range(1..=4),
        }),
        6 => Layer::AvgPool(Window {
            size: rng.random_range(1..=4),
        }),
        7 => Layer::Dropout {
            rate: f64::from(rng.random_range(0..950)) / 1_000.0,
        },
        8 => Layer::Pad {
            width: rng.random_range(1..=3),
            with: *[Border::Zero, Border::Reflect].choose(rng).unwrap(),
        },
        9 => Layer::Scale {
            factor: f64::from(rng.random_range(-2_000..2_000)) / 1_000.0,
        },
        10 if depth == 0 => {
            let count = rng.random_range(1..4);
            let layers = (0..count).map(|_| any_layer(rng, 1)).collect();
            let layers = numbered(layers, rng.random_range(1_000..1_000_000));
            Layer::Residual { layers }
        }
        11 => Layer::GlobalMaxPool,
        12 => Layer::GlobalAvgPool,
        _ => Layer::Flatten,
    }
}

/// A network whose end fits its beginning more often than chance would have it.
fn any_network(rng: &mut ChaCha8Rng, classes: u32) -> NetworkSpec {
    let count = rng.random_range(0..7);
    let mut layers: Vec<Layer> = (0..count).map(|_| any_layer(rng, 0)).collect();
    let flat = [Layer::Flatten, Layer::GlobalMaxPool, Layer::GlobalAvgPool];
    if rng.random_range(0..8) > 0 {
        layers.push(flat.choose(rng).unwrap().clone());
    }
    layers.push(Layer::Dense(Dense {
        units: if rng.random_range(0..10) > 0 {
            classes
        } else {
            7
        },
        weight: learnt(Initializer::Glorot),
        bias: rng.random::<bool>().then(|| learnt(Initializer::Zeros)),
    }));
    NetworkSpec {
        seeding: Seeding::ByLayer,
        layers: numbered(layers, 1),
    }
}

#[test]
fn any_list_of_layers_is_refused_with_a_sentence_or_trains() {
    let mut rng = ChaCha8Rng::seed_from_u64(15);
    let (mut trained, mut refused) = (0, 0);
    for number in 0..300 {
        let image = ImageSpec {
            channels: *[1, 3].choose(&mut rng).unwrap(),
            height: rng.random_range(8..14),
            width: rng.random_range(8..14),
        };
        let classes = rng.random_range(2..6);
        let network = any_network(&mut rng, classes);
        let spec = model(network, image, classes);
        let plan = match NetworkPlan::new(&spec) {
            Ok(plan) => Arc::new(plan),
            Err(error) => {
                let text = error.to_string();
                assert!(
                    text.contains("layer") || text.contains("whiten"),
                    "{number}: {text}"
                );
                refused += 1;
                continue;
            }
        };
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<ModelSpec>(&json).unwrap(), spec);
        let records = 9;
        let bytes = RecordBytes {
            spec: RecordSpec {
                image,
                classes: classes as usize,
            },
            pixels: (0..records * image.bytes()).map(|_| rng.random()).collect(),
            labels: (0..records as u8).map(|n| n % classes as u8).collect(),
        };
        let mut learner = Learner::new(&plan, number, &Device::flex());
        for all in bytes.slices(&[records]) {
            for step in 0..2 {
                let draws = Draws {
                    step,
                    ..Draws::default()
                };
                learner.step(&all.upload(learner.device()), draws, 0.001);
            }
        }
        let mut mean = RunningMean::default();
        block_on(learner.read_running(&mut mean)).unwrap();
        assert_eq!(mean.records, 2 * records, "{number}");
        let (tensors, _) = block_on(learner.tensors()).unwrap();
        for entry in &plan.entries {
            assert_eq!(
                tensors.values[&entry.name].len(),
                entry.entries(),
                "{number}"
            );
        }
        trained += 1;
    }
    println!("{trained} trained, {refused} were refused");
    assert!(trained > 80 && refused > 60, "{trained}, {refused}");
}

/// Each list that cannot be is refused with the layer and the reason.
#[test]
fn a_network_that_cannot_be_is_refused_with_the_layer_and_why() {
    let residual = |layers: Vec<Layer>, first: u32| Layer::Residual {
        layers: numbered(layers, first),
    };
    let whitens = |at: usize| {
        let mut layers = vec![plain_conv(4, 2), plain_conv(4, 2)];
        if let Layer::Conv(conv) = &mut layers[at] {
            conv.weight = TensorSpec::frozen(Initializer::Whitening { epsilon: 5e-4 });
        }
        layers
    };
    let changed = |change: fn(&mut Conv)| {
        let mut layer = plain_conv(4, 3);
        if let Layer::Conv(conv) = &mut layer {
            change(conv);
        }
        vec![layer]
    };
    let dropout = |rate| vec![Layer::Dropout { rate }];
    let nested = residual(vec![plain_conv(4, 7)], 40);
    for (layers, words) in [
        (vec![plain_conv(1_025, 3)], "id 1 has filters of 1025"),
        (vec![plain_conv(4, 8)], "id 1 has a kernel of 8"),
        (changed(|conv| conv.stride = 3), "id 1 has a stride of 3"),
        (changed(|conv| conv.stride = 0), "id 1 has a stride of 0"),
        (vec![max_pool(0)], "id 1 has a window of 0"),
        (dropout(1.0), "rate of 1,"),
        (dropout(-0.5), "rate of -0.5,"),
        (dropout(f64::NAN), "rate of NaN,"),
        (vec![Layer::Scale { factor: 1e9 }], "id 1 has a factor"),
        (
            whitens(1),
            "id 2 is to whiten pictures, and is not the first",
        ),
        (vec![residual(Vec::new(), 9)], "id 1 is residual and has no"),
        // Wherever it stands: what is inside is looked at nowhere else.
        (
            vec![residual(vec![nested.clone()], 30)],
            "id 1 is residual, and so is the layer of id 30",
        ),
        (
            vec![relu(), residual(vec![relu(), nested], 30)],
            "id 2 is residual, and so is the layer of id 31",
        ),
        (
            vec![residual(vec![plain_conv(4, 7)], 30)],
            "as large, or half as large",
        ),
        (vec![residual(vec![Layer::Flatten], 30)], "end in a vector"),
        (
            vec![relu(), residual(vec![relu()], 1)],
            "two layers have the id 1",
        ),
        (vec![relu(); 63], "it has 65 layers, and 64 are the most"),
        (
            vec![max_pool(9)],
            "max_pooling2d (id 1) has a window of 9 × 9, larger than the maps of 8 × 12",
        ),
        (
            vec![plain_conv(4, 7), plain_conv(4, 3)],
            "conv2d_1 (id 2) has a kernel of 3 × 3, larger than the maps of 2 × 6",
        ),
        (
            vec![Layer::Flatten, max_pool(2)],
            "max_pooling2d (id 2) takes maps, and gets a vector of 288 numbers",
        ),
        (
            vec![
                Layer::Flatten,
                dense(1_024),
                dense(1_024),
                dense(1_024),
                dense(1_024),
                dense(1_024),
                dense(1_024),
            ],
            "parameters, and 5000000 are the most",
        ),
        (
            vec![Layer::Pad {
                width: 8,
                with: Border::Reflect,
            }],
            "mirrors 8 pixels, and the maps are only 8 × 12",
        ),
    ] {
        let image = ImageSpec {
            channels: 3,
            height: 8,
            width: 12,
        };
        let mut layers = layers;
        if !layers.contains(&Layer::Flatten) {
            layers.push(Layer::Flatten);
        }
        layers.push(dense(3));
        let error = NetworkPlan::new(&model_of(layers, image, 3)).expect_err(words);
        assert_eq!(error.code(), "invalid_config", "{words}");
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    assert!(
        NetworkPlan::new(&model_of(
            [whitens(0), vec![Layer::Flatten, dense(3)]].concat(),
            GRAY,
            3
        ))
        .is_ok()
    );

    let end = |layers: Vec<Layer>| {
        NetworkPlan::new(&model_of(layers, GRAY, 3))
            .unwrap_err()
            .to_string()
    };
    assert!(end(Vec::new()).contains("it has no layers"));
    assert!(end(vec![plain_conv(3, 3)]).contains("gives maps"));
    assert!(
        end(vec![Layer::Flatten, dense(4)]).contains("gives 4 numbers, and there are 3 classes")
    );
    assert!(
        end(vec![plain_conv(3, 3), dense(3)])
            .contains("dense (id 2) takes a vector, and gets maps of 3 × 26 × 26")
    );
}

/// What computes each group of a network's layers on flex, and how many layers that is.
fn groups_of(layers: Vec<Layer>) -> Vec<(&'static str, usize)> {
    let network = NetworkSpec {
        seeding: Seeding::ByLayer,
        layers: numbered(layers, 1),
    };
    let image = ImageSpec {
        channels: 3,
        height: 32,
        width: 32,
    };
    let plan = Arc::new(NetworkPlan::new(&model(network, image, 10)).unwrap());
    let learner = Learner::new(&plan, 1, &Device::flex());
    let named = |kernel: &Kernel| match kernel {
        Kernel::Block { .. } => "block",
        Kernel::Norm(_) => "norm",
        Kernel::Activation(_) => "activation",
        Kernel::Residual(_) => "residual",
        _ => "operators",
    };
    let groups = learner.model_as_built().groups().iter();
    groups
        .map(|group| (named(&group.kernel), group.layers))
        .collect()
}

#[test]
fn a_foreign_layer_slows_down_its_own_group_alone() {
    let tutorial = NetworkSpec::tutorial(10).layers;
    let layers: Vec<Layer> = tutorial.into_iter().map(|layer| layer.layer).collect();
    assert_eq!(
        groups_of(layers.clone()),
        [
            ("block", 3),
            ("block", 3),
            ("block", 2),
            ("operators", 2),
            ("activation", 1),
            ("operators", 1)
        ]
    );
    let t = NetworkSpec::t(10).layers.into_iter();
    assert_eq!(
        groups_of(t.map(|layer| layer.layer).collect()),
        [
            ("block", 2),
            ("norm", 2),
            ("block", 2),
            ("norm", 2),
            ("block", 1),
            ("norm", 2),
            ("operators", 2),
            ("norm", 2),
            ("operators", 1)
        ]
    );
    let s = NetworkSpec::s([24, 48, 72], Activation::Gelu, 0.6, 10)
        .layers
        .into_iter();
    let twice = [("block", 2), ("norm", 2), ("block", 1), ("norm", 2)];
    let begin = [("block", 1), ("activation", 1)];
    assert_eq!(
        groups_of(s.map(|layer| layer.layer).collect()),
        [&begin[..], &twice.repeat(3), &[("operators", 3)]].concat()
    );
    // A dropout between two blocks, and a convolution by steps of two pixels in the place of the last.
    let mut foreign = layers;
    foreign.insert(3, Layer::Dropout { rate: 0.1 });
    let Layer::Conv(conv) = &mut foreign[7] else {
        panic!()
    };
    conv.stride = 2;
    assert_eq!(
        groups_of(foreign),
        [
            ("block", 3),
            ("operators", 1),
            ("block", 3),
            ("operators", 1),
            ("activation", 1),
            ("operators", 2),
            ("activation", 1),
            ("operators", 1)
        ]
    );
}

/// The values of a session's network.
fn tensors(session: &mut Session) -> convburn::checkpoint::Tensors {
    let bytes = block_on(session.save()).unwrap();
    match session.read(&bytes).unwrap() {
        Checkpoint::Run(_, tensors) => tensors,
        Checkpoint::Weights(..) => panic!("a run was saved"),
    }
}

fn config(backend: Backend, workers: u32) -> Config {
    Config {
        backend,
        workers,
        network: NetworkChoice::Spec(every_layer()),
        train: 288,
        test: 60,
        epochs: 2,
        batch: 96,
        lr: 0.003,
        seed: 5,
        report_every_ms: 10,
        ..Config::default()
    }
}

fn session(backend: Backend, workers: u32) -> Session {
    let config = config(backend, workers);
    let device = block_on(device::open(&config)).unwrap();
    let mut session = Session::new(config, device, gray_dataset(288, 60)).unwrap();
    if workers > 1 {
        session.use_helpers(helpers::here());
    }
    session
}

fn finish(session: &mut Session) -> Vec<EpochResult> {
    crate::support::drive(session);
    session.history().to_vec()
}

#[test]
fn every_kind_of_layer_learns_three_classes_of_gray_pictures() {
    for backend in [Backend::Flex, Backend::Ndarray] {
        let mut session = session(backend, 1);
        let history = finish(&mut session);
        assert!(history[1].loss < history[0].loss * 0.9, "{history:?}");
        let evaluation = session.evaluation().unwrap();
        assert_eq!(evaluation.confusion.len(), 3);
        assert!(evaluation.confusion.iter().all(|row| row.len() == 3));
        assert_eq!(evaluation.records, 60);
    }
}

#[test]
fn a_run_with_dropout_and_statistics_resumes_to_the_bit_in_a_session_of_another_network() {
    for workers in [1, 3] {
        let mut whole = session(Backend::Flex, workers);
        finish(&mut whole);

        let mut first = session(Backend::Flex, workers);
        while first.position().is_none_or(|at| at.step != 1) {
            first.signals().pause();
            block_on(first.advance(0.0)).unwrap();
        }
        let bytes = block_on(first.save()).unwrap();
        let open = Config {
            backend: Backend::Flex,
            ..Config::default()
        };
        let device = block_on(device::open(&open)).unwrap();
        let other = Session::new(open, device.clone(), Dataset::new(None).unwrap()).unwrap();
        let Checkpoint::Run(state, found) = other.read(&bytes).unwrap() else {
            panic!("a run was saved")
        };
        let mut opened = Session::restored(*state, &found, device, gray_dataset(288, 60)).unwrap();
        if workers > 1 {
            opened.use_helpers(helpers::here());
        }
        finish(&mut opened);
        assert_eq!(
            tensors(&mut opened),
            tensors(&mut whole),
            "{workers} workers"
        );
        assert_eq!(opened.loaded().summary, whole.loaded().summary);
    }
}

/// A learner whose whitening is of `dataset`'s pictures.
fn begun(plan: &Arc<NetworkPlan>, dataset: &Dataset) -> Learner {
    let indices: Vec<usize> = (0..dataset.train().len()).collect();
    let bytes = convburn::batch::gather_bytes(dataset.train(), &indices, None);
    let pixels: Vec<f32> = bytes
        .pixels
        .iter()
        .map(|byte| f32::from(*byte) / 255.0)
        .collect();
    let mut learner = Learner::new(plan, 3, &Device::flex());
    learner.begin_from(&pixels);
    learner
}

/// Three workers' slices of one batch: whole groups of records, so that what is normalised does not change.
#[test]
fn three_workers_learn_what_one_does() {
    let distance = |a: &[f32], b: &[f32]| {
        let apart = a
            .iter()
            .zip(b)
            .map(|(a, b)| f64::from(a - b).powi(2))
            .sum::<f64>();
        let length = b.iter().map(|b| f64::from(*b).powi(2)).sum::<f64>();
        (apart / length.max(1e-30)).sqrt()
    };
    let spec = model(every_layer(), GRAY, 3);
    let spec = ModelSpec {
        norm_group: NormGroup::Records(32),
        ..spec
    };
    let plan = Arc::new(NetworkPlan::new(&spec).unwrap());
    let dataset = gray_dataset(288, 60);
    let mut learner = begun(&plan, &dataset);
    for step in 0..50 {
        let indices: Vec<usize> = (0..96).map(|n| (n + step * 17) % 288).collect();
        let bytes = convburn::batch::gather_bytes(dataset.train(), &indices, None);
        let draws = |first_record| Draws {
            seed: 3,
            epoch: 0,
            step: step as u32,
            first_record,
        };
        let gradients = |workers: usize| {
            let sizes = learner.slice_sizes(96, workers);
            assert_eq!(sizes.len(), workers);
            let mut first = 0;
            let mut sum: Vec<f32> = Vec::new();
            for slice in bytes.slices(&sizes) {
                let batch = slice.upload(learner.device());
                let found = block_on(learner.slice_gradients(&batch, draws(first)))
                    .unwrap()
                    .concat();
                let share = batch.records as f32 / 96.0;
                let trainable: usize = plan
                    .entries
                    .iter()
                    .filter(|e| e.role == convburn::network::Role::Trainable)
                    .map(|e| e.entries())
                    .sum();
                let weighted = found[2..2 + trainable].iter().map(|g| g * share);
                sum = match sum.is_empty() {
                    true => weighted.collect(),
                    false => sum.iter().zip(weighted).map(|(a, b)| a + b).collect(),
                };
                first += batch.records as u32;
            }
            sum
        };
        let apart = distance(&gradients(3), &gradients(1));
        assert!(apart < 1e-5, "step {step}: {apart}");
        for all in bytes.slices(&[96]) {
            learner.step(&all.upload(learner.device()), draws(0), 0.003);
        }
    }
}

/// Asking changes nothing: not the weights, not the running statistics, not what the next step comes to.
#[test]
fn asking_a_network_changes_nothing() {
    let spec = model(every_layer(), GRAY, 3);
    let plan = Arc::new(NetworkPlan::new(&spec).unwrap());
    let dataset = gray_dataset(96, 30);
    let indices: Vec<usize> = (0..40).collect();
    let run = |asks: bool| {
        let mut learner = begun(&plan, &dataset);
        let batch = convburn::batch::gather(dataset.train(), &indices, None, learner.device());
        for step in 0..3 {
            let draws = Draws {
                step,
                ..Draws::default()
            };
            if asks {
                let before = block_on(learner.tensors()).unwrap();
                block_on(learner.probe(&batch, draws)).unwrap();
                block_on(learner.logits(batch.images.clone())).unwrap();
                block_on(learner.slice_gradients(&batch, draws)).unwrap();
                assert_eq!(block_on(learner.tensors()).unwrap(), before);
            }
            learner.step(&batch, draws, 0.003);
        }
        block_on(learner.tensors()).unwrap()
    };
    assert_eq!(run(true), run(false));
}
