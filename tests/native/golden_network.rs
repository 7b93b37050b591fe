//! A network with layers that the tutorial's has not computes what Keras computes of it, in one group of records and in
//! two: forward, backward, ten steps of the optimiser, and the running statistics after them.

use std::path::Path;

use burn::tensor::Device;
use convburn::cifar::Dataset;
use convburn::device;
use convburn::protocol::{Backend, Config, Split};
use pollster::block_on;

use crate::network_values::{CASES, measure};

/// The first 2,000 training records.
pub fn dataset() -> Dataset {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let path = Path::new(&folder).join("data/cifar10/train-00.bin.gz");
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|_| panic!("{} is missing: run `cargo xtask data`", path.display()));
    let mut dataset = Dataset::new(None).unwrap();
    dataset.add(Split::Train, bytes).unwrap();
    dataset
}

fn open(backend: Backend) -> Device {
    let config = Config {
        backend,
        ..Config::default()
    };
    block_on(device::open(&config)).unwrap().device
}

fn computes_what_keras_computes(backend: Backend) {
    let device = open(backend);
    let dataset = dataset();
    for case in &CASES {
        let distance = block_on(measure(dataset.train(), case, &device));
        println!("{backend:?}, {}: {distance:?}", case.name);
        distance.assert_within(1e-4);
    }
}

#[test]
fn flex_computes_what_keras_computes() {
    computes_what_keras_computes(Backend::Flex);
}

#[test]
fn ndarray_computes_what_keras_computes() {
    computes_what_keras_computes(Backend::Ndarray);
}
