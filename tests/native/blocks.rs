//! ConvBurn's own blocks compute what Burn's layers compute, for the layers that have them.

use std::sync::Arc;

use burn::tensor::Device;
use convburn::batch::gather;
use convburn::cifar::{Dataset, IMAGE};
use convburn::model::{Group, Kernel};
use convburn::network::{NetworkPlan, tutorial_model};
use convburn::protocol::{
    Activation, Conv, Layer, ModelSpec, Operators, Padding, Split, TensorSpec,
};
use convburn::random::Draws;
use convburn::session::Session;
use convburn::train::{Learner, Probe};
use pollster::block_on;

use crate::support;
use crate::support::networks::{dense, max_pool, model_of, plain_conv, relu};

/// What a step on 20 records would follow.
fn probe(learner: &Learner) -> Probe {
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, support::records(20, 1)).unwrap();
    let indices: Vec<usize> = (0..20).collect();
    let batch = gather(dataset.train(), &indices, None, learner.device());
    block_on(learner.probe(&batch, Draws::default())).unwrap()
}

fn is_block(group: &Group) -> bool {
    matches!(group.kernel, Kernel::Block { .. })
}

/// Number of layers that blocks compute.
fn in_blocks(learner: &Learner) -> usize {
    let groups = learner.model_as_built().groups().iter();
    groups.filter(|g| is_block(g)).map(|g| g.layers).sum()
}

/// The same step in both ways, and the number of layers that are computed in blocks in the first.
fn both(spec: &ModelSpec) -> ([Probe; 2], usize) {
    let plan = Arc::new(NetworkPlan::new(spec).unwrap());
    let blocks = Learner::new(&plan, 5, &Device::flex());
    let layers = Learner::new(&plan, 5, &Device::flex()).layer_by_layer();
    assert_eq!(in_blocks(&layers), 0);
    ([probe(&blocks), probe(&layers)], in_blocks(&blocks))
}

/// Every number within 1e-5 of its tensor's largest: rounding in another order. Nothing would be rounded otherwise
/// if the blocks were not used.
fn assert_same_function([blocks, layers]: &[Probe; 2]) {
    assert_ne!(blocks.logits, layers.logits, "they are two ways");
    assert_ne!(blocks.gradients, layers.gradients, "they are two ways");
    assert_eq!(blocks.gradients.len(), layers.gradients.len());
    let pairs = blocks.gradients.iter().zip(&layers.gradients);
    for (blocks, layers) in pairs.chain([(&blocks.logits, &layers.logits)]) {
        assert_eq!(blocks.len(), layers.len());
        let largest = layers.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        for (blocks, layers) in blocks.iter().zip(layers) {
            let apart = (blocks - layers).abs();
            assert!(apart <= 1e-5 * largest, "{blocks}, {layers}");
        }
    }
}

/// These layers on CIFAR-10, with a dense layer at their end.
fn network(mut layers: Vec<Layer>) -> ModelSpec {
    layers.extend([Layer::Flatten, dense(10)]);
    model_of(layers, IMAGE, 10)
}

#[test]
fn blocks_learn_the_tutorials_network_as_layers_do() {
    let (probes, in_blocks) = both(&tutorial_model());
    assert_eq!(in_blocks, 8);
    assert_same_function(&probes);
}

#[test]
fn blocks_learn_uneven_networks_as_layers_do() {
    let (probes, in_blocks) = both(&network(vec![
        plain_conv(5, 3),
        relu(),
        plain_conv(9, 3),
        relu(),
        max_pool(2),
        plain_conv(12, 3),
        relu(),
        max_pool(2),
    ]));
    assert_eq!(in_blocks, 8);
    assert_same_function(&probes);
}

fn without_bias(mut layer: Layer) -> Layer {
    if let Layer::Conv(conv) = &mut layer {
        conv.bias = None;
    }
    layer
}

fn same(mut layer: Layer) -> Layer {
    if let Layer::Conv(conv) = &mut layer {
        conv.padding = Padding::Same;
    }
    layer
}

/// What has no block between layers that have one, before and behind them: those keep theirs.
#[test]
fn layers_beside_one_without_a_block_are_learnt_in_blocks() {
    for (layers, expected) in [
        (vec![max_pool(2), plain_conv(4, 3), relu()], 2),
        (vec![plain_conv(4, 3), relu(), max_pool(3)], 2),
        (vec![plain_conv(4, 3), relu(), max_pool(2), max_pool(2)], 3),
        (vec![plain_conv(4, 3), max_pool(2), relu()], 3),
        (
            vec![plain_conv(4, 3), Layer::Activation(Activation::Gelu)],
            1,
        ),
        (
            vec![
                without_bias(plain_conv(20, 3)),
                relu(),
                without_bias(plain_conv(17, 3)),
                max_pool(2),
            ],
            4,
        ),
        (
            vec![
                plain_conv(4, 3),
                relu(),
                max_pool(2),
                Layer::Scale { factor: 0.5 },
                plain_conv(6, 6),
                relu(),
                plain_conv(5, 3),
                relu(),
            ],
            5,
        ),
        (
            vec![plain_conv(4, 5), max_pool(2), same(plain_conv(6, 5))],
            3,
        ),
        (
            vec![
                plain_conv(17, 2),
                same(plain_conv(16, 3)),
                max_pool(2),
                same(plain_conv(18, 3)),
                same(plain_conv(9, 1)),
            ],
            5,
        ),
    ] {
        let (probes, in_blocks) = both(&network(layers));
        assert_eq!(in_blocks, expected);
        assert_same_function(&probes);
    }
}

/// There is no block for any of these, and nothing changes.
#[test]
fn what_has_no_block_goes_layer_by_layer() {
    let changed = |change: fn(&mut Conv)| {
        let mut layer = plain_conv(4, 3);
        if let Layer::Conv(conv) = &mut layer {
            change(conv);
        }
        vec![layer, relu(), max_pool(2)]
    };
    for layers in [
        vec![plain_conv(4, 6), relu(), max_pool(2)],
        vec![same(plain_conv(4, 2)), relu(), max_pool(2)],
        changed(|conv| conv.stride = 2),
    ] {
        let ([asked, layers], in_blocks) = both(&network(layers));
        assert_eq!(in_blocks, 0);
        assert_eq!(asked, layers);
    }
}

/// A frozen kernel has a block, and no gradient.
#[test]
fn a_block_with_a_frozen_kernel_learns_its_bias_alone() {
    let mut frozen = plain_conv(4, 3);
    if let Layer::Conv(conv) = &mut frozen {
        conv.weight = TensorSpec::frozen(conv.weight.initializer);
    }
    let layers = vec![frozen, relu(), max_pool(2), plain_conv(5, 3), relu()];
    let (probes, in_blocks) = both(&network(layers));
    assert_eq!(in_blocks, 5);
    let lengths = probes[0].gradients.iter().map(Vec::len);
    assert_eq!(lengths.collect::<Vec<_>>(), [4, 180, 5, 8_450, 10]);
    assert_same_function(&probes);
}

#[test]
fn a_run_can_be_told_to_use_layers() {
    let logits = |operators| {
        let config = convburn::protocol::Config {
            operators,
            ..support::config()
        };
        let backend = block_on(convburn::device::open(&config)).unwrap();
        let session = Session::new(config, backend, Dataset::new(None).unwrap()).unwrap();
        block_on(session.predict(&support::records(1, 3)[1..])).unwrap()
    };
    assert_ne!(logits(Operators::Blocks), logits(Operators::Layers));
}
