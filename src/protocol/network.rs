//! A network as a value: a flat list of layers, as a recipe, a run file and a link carry it.
//!
//! Types alone. What follows from them (shapes, numbers of parameters, whether it can be built at all) is
//! `network.rs`'s; what computes them is `model.rs`'s.

use serde::{Deserialize, Serialize};

use super::ImageSpec;

/// A network: its layers in the order of the data, from the image to the logits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct NetworkSpec {
    /// From which random numbers the initial weights are drawn.
    pub seeding: Seeding,
    /// The layers.
    pub layers: Vec<LayerSpec>,
}

/// From which random numbers the initial weights are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Seeding {
    /// From one stream, one layer after the other: the tutorial's network, whose figures are published.
    OneStream,
    /// From a stream of each layer's own, addressed by its id: a further layer leaves the others' weights alone.
    #[default]
    ByLayer,
}

/// A layer with its place in the run's random numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct LayerSpec {
    /// Number of the layer, unique in the network. It stays when others are added before it.
    pub id: u32,
    /// What it does.
    pub layer: Layer,
}

/// What a layer does. Maps are `[channels, height, width]`, vectors `[units]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// A convolution of maps.
    Conv(Conv),
    /// Batch normalisation of maps (by channel) or vectors (by unit).
    BatchNorm(BatchNorm),
    /// A function of each number.
    Activation(Activation),
    /// The largest of each window of maps; windows do not overlap, and what is left at the edge is dropped.
    MaxPool(Window),
    /// The mean of each window of maps, as for `max_pool`.
    AvgPool(Window),
    /// The largest number of each map.
    GlobalMaxPool,
    /// The mean of each map.
    GlobalAvgPool,
    /// Sets a share of the numbers to 0 while training, and scales the others up by as much.
    Dropout {
        /// Share of the numbers, from 0 to below 1.
        rate: f64,
    },
    /// Lays a border around maps.
    Pad {
        /// Width of the border in pixels.
        width: u32,
        /// What it is filled with.
        with: Border,
    },
    /// Multiplies every number.
    Scale {
        /// By this.
        factor: f64,
    },
    /// Maps to a vector: channel by channel, row by row.
    Flatten,
    /// A fully connected layer on vectors.
    Dense(Dense),
    /// Layers on maps whose output is added to their input; where the shapes differ, the input goes through a
    /// 1 × 1 convolution.
    Residual {
        /// The layers; none of them is residual.
        layers: Vec<LayerSpec>,
    },
}

/// A convolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// Number of output channels.
    pub filters: u32,
    /// Height and width of the kernel.
    pub kernel: u32,
    /// What lies beyond the edge.
    pub padding: Padding,
    /// Pixels from one window to the next, 1 or 2.
    pub stride: u32,
    /// The kernel's numbers.
    pub weight: TensorSpec,
    /// The bias; none where there is none.
    pub bias: Option<TensorSpec>,
}

/// What lies beyond the edge of a convolution's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Nothing: windows stay inside.
    Valid,
    /// Zeros, so that stride 1 keeps the size. Where their number is odd, the larger part is at the end, as in
    /// Keras.
    Same,
}

/// Batch normalisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct BatchNorm {
    /// The scale (γ); none where there is none.
    pub scale: Option<TensorSpec>,
    /// The offset (β).
    pub offset: TensorSpec,
    /// Added to the variance.
    pub epsilon: f64,
    /// Share of the running statistics that a step keeps, as Keras counts (PyTorch's is 1 minus it).
    pub momentum: f64,
}

/// A function of each number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// x · Φ(x), with the error function itself (Hendrycks and Gimpel, 2016).
    Gelu,
    /// x · σ(x), also called swish.
    Silu,
}

/// A pooling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Height and width in pixels, and how far it moves.
    pub size: u32,
}

/// What a `pad` layer's border is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Border {
    /// Zeros.
    Zero,
    /// The picture mirrored at its edge, the edge itself once.
    Reflect,
}

/// A fully connected layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Number of outputs.
    pub units: u32,
    /// The matrix.
    pub weight: TensorSpec,
    /// The bias; none where there is none.
    pub bias: Option<TensorSpec>,
}

/// How a tensor begins, and whether it learns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct TensorSpec {
    /// How it begins.
    pub initializer: Initializer,
    /// False for a frozen tensor, which stays as it began.
    pub trainable: bool,
}

/// How a tensor begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Initializer {
    /// Zeros.
    Zeros,
    /// Ones.
    Ones,
    /// Uniform in ±√(6 / (fan in + fan out)): Glorot and Bengio, 2010; Keras's default.
    Glorot,
    /// Uniform in ±√(6 / fan in): He and others, 2015; Keras's `he_uniform`.
    Kaiming,
    /// A convolution that hands its first input channels on, and begins the others as [`Initializer::Kaiming`]:
    /// PyTorch's `dirac_` on as many filters as there are input channels.
    Dirac,
    /// From the training images: the eigenvectors of their patches' covariance over √(eigenvalue + epsilon), the
    /// largest first, and their negatives. For the first layer of a network.
    Whitening {
        /// Added to the eigenvalues.
        epsilon: f64,
    },
}

impl TensorSpec {
    /// A tensor that learns.
    pub const fn learnt(initializer: Initializer) -> Self {
        Self {
            initializer,
            trainable: true,
        }
    }

    /// A tensor that stays as it begins.
    pub const fn frozen(initializer: Initializer) -> Self {
        Self {
            initializer,
            trainable: false,
        }
    }
}

/// All that decides what a model computes from an image: the network, what it sees, and how it is normalised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The network.
    pub network: NetworkSpec,
    /// Shape of an image.
    pub image: ImageSpec,
    /// Number of classes.
    pub classes: u32,
    /// What is done to pixels first.
    pub pixels: Pixels,
    /// How many records are normalised together.
    pub norm_group: NormGroup,
}

/// How many records batch normalisation takes together while training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NormGroup {
    /// All of the batch, which one worker computes.
    Batch,
    /// So many; a rest of fewer than 8 joins the group before.
    Records(u32),
}

impl Default for NormGroup {
    fn default() -> Self {
        Self::Records(32)
    }
}

impl Pixels {
    /// What becomes of a byte of a channel.
    pub fn of_channel(&self, channel: usize) -> impl Fn(u8) -> f32 + Copy + use<> {
        let (mean, deviation) = match self {
            Self::Unit => (0.0, 1.0),
            Self::Standardized { mean, deviation } => (
                mean.get(channel).copied().unwrap_or(0.0),
                deviation.get(channel).copied().unwrap_or(1.0),
            ),
        };
        move |byte| (f32::from(byte) / 255.0 - mean) / deviation
    }
}

/// What is done to pixels before the first layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Pixels {
    /// Divided by 255, so that they lie between 0 and 1: the tutorial's way.
    #[default]
    Unit,
    /// Divided by 255, less each channel's mean, over its deviation.
    Standardized {
        /// Of each channel, from 0 to 1.
        mean: Vec<f32>,
        /// Of each channel, above 0.
        deviation: Vec<f32>,
    },
}
