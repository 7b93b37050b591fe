//! Networks and pictures that are not the tutorial's, for tests.

use convburn::cifar::Dataset;
use convburn::protocol::*;

/// Small gray pictures.
pub const GRAY: ImageSpec = ImageSpec {
    channels: 1,
    height: 28,
    width: 28,
};

/// Layers with the ids from `first` on.
pub fn numbered(layers: Vec<Layer>, first: u32) -> Vec<LayerSpec> {
    let numbered = layers.into_iter().zip(first..);
    numbered
        .map(|(layer, id)| LayerSpec { id, layer })
        .collect()
}

/// A convolution inside the edge with a bias.
pub fn plain_conv(filters: u32, kernel: u32) -> Layer {
    let weight = TensorSpec::learnt(Initializer::Glorot);
    conv(filters, kernel, Padding::Valid, 1, weight)
}

pub fn relu() -> Layer {
    Layer::Activation(Activation::Relu)
}

pub fn max_pool(size: u32) -> Layer {
    Layer::MaxPool(Window { size })
}

pub fn dense(units: u32) -> Layer {
    Layer::Dense(Dense {
        units,
        weight: TensorSpec::learnt(Initializer::Glorot),
        bias: Some(TensorSpec::learnt(Initializer::Zeros)),
    })
}

/// The network of these layers on pictures of a shape.
pub fn model_of(layers: Vec<Layer>, image: ImageSpec, classes: u32) -> ModelSpec {
    ModelSpec {
        network: NetworkSpec {
            seeding: Seeding::ByLayer,
            layers: numbered(layers, 1),
        },
        image,
        classes,
        pixels: Pixels::Unit,
        norm_group: NormGroup::default(),
    }
}

fn conv(filters: u32, kernel: u32, padding: Padding, stride: u32, weight: TensorSpec) -> Layer {
    Layer::Conv(Conv {
        filters,
        kernel,
        padding,
        stride,
        weight,
        bias: Some(TensorSpec::learnt(Initializer::Zeros)),
    })
}

fn norm(scale: bool) -> Layer {
    Layer::BatchNorm(BatchNorm {
        scale: scale.then_some(TensorSpec::learnt(Initializer::Ones)),
        offset: TensorSpec::learnt(Initializer::Zeros),
        epsilon: 1e-3,
        momentum: 0.9,
    })
}

/// A network with every kind of layer, for [`GRAY`] pictures of 3 classes.
pub fn every_layer() -> NetworkSpec {
    let learnt = TensorSpec::learnt;
    let whitens = TensorSpec::frozen(Initializer::Whitening { epsilon: 5e-4 });
    let inner = numbered(
        vec![
            conv(6, 3, Padding::Same, 1, learnt(Initializer::Dirac)),
            norm(true),
            Layer::Activation(Activation::Gelu),
            conv(10, 3, Padding::Same, 2, learnt(Initializer::Kaiming)),
        ],
        100,
    );
    let layers = vec![
        conv(8, 2, Padding::Valid, 1, whitens),
        Layer::Activation(Activation::Silu),
        Layer::Pad {
            width: 1,
            with: Border::Reflect,
        },
        conv(8, 3, Padding::Valid, 1, learnt(Initializer::Glorot)),
        Layer::Activation(Activation::Relu),
        Layer::MaxPool(Window { size: 2 }),
        Layer::Residual { layers: inner },
        norm(false),
        Layer::Pad {
            width: 1,
            with: Border::Zero,
        },
        Layer::AvgPool(Window { size: 2 }),
        Layer::Residual {
            layers: numbered(
                vec![
                    conv(10, 3, Padding::Same, 1, learnt(Initializer::Glorot)),
                    Layer::Activation(Activation::Relu),
                ],
                200,
            ),
        },
        Layer::Flatten,
        Layer::Dense(Dense {
            units: 24,
            weight: learnt(Initializer::Kaiming),
            bias: None,
        }),
        norm(true),
        Layer::Activation(Activation::Gelu),
        Layer::Dropout { rate: 0.5 },
        Layer::Dense(Dense {
            units: 3,
            weight: learnt(Initializer::Glorot),
            bias: Some(TensorSpec::learnt(Initializer::Zeros)),
        }),
        Layer::Scale { factor: 0.5 },
    ];
    NetworkSpec {
        seeding: Seeding::ByLayer,
        layers: numbered(layers, 1),
    }
}

/// Gray pictures of 3 classes, in turn: where a bright bar lies, with noise.
pub fn gray_dataset(train: usize, test: usize) -> Dataset {
    let names = ["left", "middle", "right"].map(str::to_owned).to_vec();
    let mut dataset = Dataset::of(GRAY, names).unwrap();
    for (split, count, salt) in [(Split::Train, train, 1u32), (Split::Test, test, 2)] {
        let mut state = 0x9e37_79b9_u32 ^ salt.wrapping_mul(0x85eb_ca6b);
        let mut noise = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8 / 4
        };
        let labels: Vec<u8> = (0..count).map(|n| (n % 3) as u8).collect();
        let mut pixels = Vec::with_capacity(count * GRAY.bytes());
        for label in &labels {
            for at in 0..GRAY.bytes() {
                let inside = (at % 28) / 10 == usize::from(*label);
                pixels.push(if inside { 150 } else { 40 } + noise());
            }
        }
        dataset.add_records(split, &labels, &pixels, None).unwrap();
    }
    dataset
}
