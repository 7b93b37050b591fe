//! The networks that have a name: functions of the image and the number of classes.

use crate::error::Error;
use crate::protocol::settings::NETWORKS;
use crate::protocol::{
    Activation, BatchNorm, Conv, Dense, ImageSpec, Initializer, Layer, LayerSpec, ModelSpec,
    NetworkChoice, NetworkSpec, NormGroup, Padding, Pixels, Seeding, TensorSpec, Window,
};

/// The network that a configuration asks for, for so many classes.
///
/// # Errors
/// [`Error::InvalidConfig`] when no preset has that name.
pub fn resolve(choice: &NetworkChoice, classes: u32) -> Result<NetworkSpec, Error> {
    match choice {
        NetworkChoice::Spec(spec) => Ok(spec.clone()),
        NetworkChoice::Preset(name) => preset(name, classes).ok_or_else(|| {
            // A name may be as long as a link.
            let name: String = name.chars().take(40).collect();
            let known = NETWORKS.join(", ");
            Error::invalid_config("network", format!("\"{name}\" is none of {known}"))
        }),
    }
}

/// The network of a model as a configuration names it: by its name if it has one.
pub fn choice(model: &ModelSpec) -> NetworkChoice {
    let is = |name: &&str| preset(name, model.classes).as_ref() == Some(&model.network);
    match NETWORKS.into_iter().find(is) {
        Some(name) => NetworkChoice::Preset(name.to_owned()),
        None => NetworkChoice::Spec(model.network.clone()),
    }
}

/// The tutorial's model on CIFAR-10: what files of before are of.
pub fn tutorial_model() -> ModelSpec {
    ModelSpec {
        network: NetworkSpec::tutorial(10),
        image: ImageSpec {
            channels: 3,
            height: 32,
            width: 32,
        },
        classes: 10,
        pixels: Pixels::Unit,
        norm_group: NormGroup::default(),
    }
}

fn preset(name: &str, classes: u32) -> Option<NetworkSpec> {
    match name {
        "tutorial" => Some(NetworkSpec::tutorial(classes)),
        "t" => Some(NetworkSpec::t(classes)),
        "s-24-48-72" => Some(NetworkSpec::s([24, 48, 72], Activation::Gelu, 0.6, classes)),
        "s-40-48-60" => Some(NetworkSpec::s([40, 48, 60], Activation::Gelu, 0.6, classes)),
        "s-32-64-96" => Some(NetworkSpec::s([32, 64, 96], Activation::Gelu, 0.6, classes)),
        "s-40-68-92" => Some(NetworkSpec::s([40, 68, 92], Activation::Silu, 0.9, classes)),
        "s-64-112-128" => Some(NetworkSpec::s(
            [64, 112, 128],
            Activation::Gelu,
            0.9,
            classes,
        )),
        _ => None,
    }
}

impl NetworkSpec {
    /// The network of the Keras and TensorFlow tutorial "Convolutional Neural Network (CNN)",
    /// <https://www.tensorflow.org/tutorials/images/cnn>.
    pub fn tutorial(classes: u32) -> Self {
        let conv = |filters| conv(filters, 3, Some(zeros()));
        let dense = |units| dense(units, Some(zeros()));
        let layers = vec![
            conv(32),
            relu(),
            max_pool(2),
            conv(64),
            relu(),
            max_pool(2),
            conv(64),
            relu(),
            Layer::Flatten,
            dense(64),
            relu(),
            dense(classes),
        ];
        numbered(Seeding::OneStream, layers)
    }

    /// The tutorial's layers with batch normalisation before each ReLU, after the pooling where there is one; what
    /// is normalised needs no bias.
    pub fn t(classes: u32) -> Self {
        let layers = vec![
            conv(32, 3, None),
            max_pool(2),
            norm(),
            relu(),
            conv(64, 3, None),
            max_pool(2),
            norm(),
            relu(),
            conv(64, 3, None),
            norm(),
            relu(),
            Layer::Flatten,
            dense(64, None),
            norm(),
            relu(),
            dense(classes, Some(zeros())),
        ];
        numbered(Seeding::ByLayer, layers)
    }

    /// A network whose first layer whitens 2 × 2 pixels, then three times two convolutions of so many filters, with batch
    /// normalisation of this momentum and the activation behind each: after Keller Jordan's "94% on CIFAR-10 in 3.29 Seconds
    /// on a Single GPU" (2024).
    pub fn s(filters: [u32; 3], activation: Activation, momentum: f64, classes: u32) -> Self {
        let whitening = TensorSpec::frozen(Initializer::Whitening { epsilon: 5e-4 });
        let mut layers = vec![
            Layer::Conv(Conv {
                filters: 24,
                kernel: 2,
                padding: Padding::Valid,
                stride: 1,
                weight: whitening,
                bias: Some(zeros()),
            }),
            Layer::Activation(activation),
        ];
        for filters in filters {
            let conv = || same_conv(filters);
            let behind = || [offset_norm(momentum), Layer::Activation(activation)];
            layers.extend([conv(), max_pool(2)].into_iter().chain(behind()));
            layers.extend([conv()].into_iter().chain(behind()));
        }
        layers.extend([
            Layer::GlobalMaxPool,
            dense(classes, None),
            Layer::Scale { factor: 0.25 },
        ]);
        numbered(Seeding::ByLayer, layers)
    }
}

fn numbered(seeding: Seeding, layers: Vec<Layer>) -> NetworkSpec {
    let numbered = layers.into_iter().zip(1..);
    NetworkSpec {
        seeding,
        layers: numbered
            .map(|(layer, id)| LayerSpec { id, layer })
            .collect(),
    }
}

const fn zeros() -> TensorSpec {
    TensorSpec::learnt(Initializer::Zeros)
}

const fn glorot() -> TensorSpec {
    TensorSpec::learnt(Initializer::Glorot)
}

fn conv(filters: u32, kernel: u32, bias: Option<TensorSpec>) -> Layer {
    Layer::Conv(Conv {
        filters,
        kernel,
        padding: Padding::Valid,
        stride: 1,
        weight: glorot(),
        bias,
    })
}

fn dense(units: u32, bias: Option<TensorSpec>) -> Layer {
    Layer::Dense(Dense {
        units,
        weight: glorot(),
        bias,
    })
}

/// PyTorch's epsilon, and the momentum with which the recipe was measured.
fn norm() -> Layer {
    Layer::BatchNorm(BatchNorm {
        scale: Some(TensorSpec::learnt(Initializer::Ones)),
        offset: zeros(),
        epsilon: 1e-5,
        momentum: 0.6,
    })
}

/// Without a scale, as the recipe of the `s` networks has it.
fn offset_norm(momentum: f64) -> Layer {
    Layer::BatchNorm(BatchNorm {
        scale: None,
        offset: zeros(),
        epsilon: 1e-5,
        momentum,
    })
}

/// A convolution that keeps the maps' size, and begins by handing its input on.
fn same_conv(filters: u32) -> Layer {
    Layer::Conv(Conv {
        filters,
        kernel: 3,
        padding: Padding::Same,
        stride: 1,
        weight: TensorSpec::learnt(Initializer::Dirac),
        bias: None,
    })
}

fn relu() -> Layer {
    Layer::Activation(Activation::Relu)
}

fn max_pool(size: u32) -> Layer {
    Layer::MaxPool(Window { size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::NetworkPlan;

    #[test]
    fn every_name_is_a_network_that_can_be_built_and_is_known_again() {
        let parameters = NETWORKS.map(|name| {
            let model = ModelSpec {
                network: preset(name, 10)?,
                ..tutorial_model()
            };
            assert_eq!(choice(&model), NetworkChoice::Preset(name.to_owned()));
            let plan = NetworkPlan::new(&model).ok()?;
            Some(plan.summary(|_| false).total_parameters)
        });
        let of_s = [120_552, 120_584, 211_320, 223_248, 506_776].map(Some);
        assert_eq!(parameters[..2], [Some(122_570), Some(122_794)]);
        assert_eq!(parameters[2..], of_s);
        let unknown = NetworkChoice::Preset("resnet".into());
        let refused = resolve(&unknown, 10).err().map(|error| error.to_string());
        assert!(refused.is_some_and(|text| text.contains("tutorial, t")));
    }

    /// Where the page has the networks that have a name, for ten classes; `cargo xtask generate` writes it.
    const FILE: &str = "www/protocol/networks.js";
    const BEGINNING: &str = "\
/**
 * The networks that have a name, layer by layer, for ten classes: generated from `src/network/presets.rs`.
 *
 * @import { NetworkSpec } from './protocol.js'
 */

/** By their names; the tutorial's first. @type {Readonly<Record<string, NetworkSpec>>} */
export const NAMED_NETWORKS = {
";

    #[test]
    fn the_page_has_the_named_networks_as_they_are_here() {
        let rows = NETWORKS.map(|name| {
            let layers = serde_json::to_string(&preset(name, 10)).unwrap_or_default();
            format!("  '{name}': {layers},\n")
        });
        let text = format!("{BEGINNING}{}}};\n", rows.concat());
        let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
        let path = std::path::Path::new(&root).join(FILE);
        if std::env::var_os("CONVBURN_GENERATE").is_some() {
            assert!(std::fs::write(&path, text).is_ok());
            return;
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "{FILE} is stale; `cargo xtask generate` renews it"
        );
    }
}
