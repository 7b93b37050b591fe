//! ConvBurn's own blocks compute what Burn's layers compute, for the networks that have them.

use burn::tensor::Device;
use convburn::batch::gather;
use convburn::cifar::Dataset;
use convburn::model::{DenseSpec, MapLayerSpec, NetworkSpec};
use convburn::protocol::{Operators, Split};
use convburn::session::Session;
use convburn::train::{Learner, Probe};
use pollster::block_on;

use crate::support;

/// What a step on 20 records would follow.
fn probe(learner: &Learner) -> Probe {
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, support::records(20, 1)).unwrap();
    let indices: Vec<usize> = (0..20).collect();
    let batch = gather(dataset.train(), &indices, None, learner.device());
    block_on(learner.probe(&batch)).unwrap()
}

/// The same step in both ways.
fn both(spec: &NetworkSpec) -> [Probe; 2] {
    let learner = || Learner::new(spec, 5, &Device::flex());
    [probe(&learner()), probe(&learner().layer_by_layer())]
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

fn network(maps: Vec<MapLayerSpec>) -> NetworkSpec {
    let units = 10;
    let relu = false;
    let dense = vec![DenseSpec { units, relu }];
    NetworkSpec { maps, dense }
}

#[test]
fn blocks_learn_the_tutorials_network_as_layers_do() {
    assert_same_function(&both(&NetworkSpec::default()));
}

#[test]
fn blocks_learn_uneven_networks_as_layers_do() {
    use MapLayerSpec::{Conv2d, MaxPool2d};
    let conv = |filters| Conv2d { filters, kernel: 3 };
    let pool = MaxPool2d { size: 2 };
    assert_same_function(&both(&network(vec![
        conv(5),
        conv(9),
        pool,
        conv(12),
        pool,
    ])));
}

/// A kernel of 5 × 5, or pooling that follows no convolution: there is no block for it, and nothing changes.
#[test]
fn what_has_no_block_goes_layer_by_layer() {
    use MapLayerSpec::{Conv2d, MaxPool2d};
    let conv = |kernel| Conv2d { filters: 4, kernel };
    let pool = |size| MaxPool2d { size };
    for maps in [
        vec![conv(5), pool(2)],
        vec![pool(2), conv(3)],
        vec![conv(3), pool(3)],
        vec![conv(3), pool(2), pool(2)],
    ] {
        let [asked, layers] = both(&network(maps));
        assert_eq!(asked, layers);
    }
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
