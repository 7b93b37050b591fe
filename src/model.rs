//! [`Batch`](crate::batch::Batch) images → logits: the network as a list of layers, by default the
//! tutorial's, and its summary table computed from the model.
//!
//! Source of the network: the Keras and TensorFlow tutorial "Convolutional Neural Network (CNN)",
//! <https://www.tensorflow.org/tutorials/images/cnn>. Burn keeps images as NCHW where Keras has NHWC,
//! so the 1,024 features after Flatten come in another order; the function learnt is the same.
//!
//! This is not where a model is trained or stored; it knows nothing of gradients.

mod blocks;

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, Relu};
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

#[cfg(feature = "webgpu")]
use blocks::gpu_block;
use blocks::{blocks_of, forward_blocks};

use crate::block;
use crate::error::Error;
#[cfg(feature = "webgpu")]
use crate::gpu;
use crate::layout::Slot;
use crate::protocol::{ImageSpec, LayerSummary, RecordSpec, Summary};
use crate::random::{Stream, generator};

/// A layer on feature maps, `[n, channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapLayerSpec {
    /// Convolution without padding, stride 1, then ReLU.
    Conv2d {
        /// Number of output channels.
        filters: usize,
        /// Height and width of the kernel.
        kernel: usize,
    },
    /// The largest of each `size` × `size` window; stride `size`.
    MaxPool2d {
        /// Height and width of the window.
        size: usize,
    },
}

/// A layer on vectors, `[n, units]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenseSpec {
    /// Number of outputs.
    pub units: usize,
    /// True when ReLU follows.
    pub relu: bool,
}

/// A network: layers on feature maps, Flatten, layers on vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSpec {
    /// One input image.
    pub input: ImageSpec,
    /// The layers before Flatten.
    pub maps: Vec<MapLayerSpec>,
    /// The layers after Flatten.
    pub dense: Vec<DenseSpec>,
}

impl NetworkSpec {
    /// The tutorial's network, for records like these.
    pub fn tutorial(records: RecordSpec) -> Self {
        use MapLayerSpec::{Conv2d, MaxPool2d};
        let conv = |filters| Conv2d { filters, kernel: 3 };
        let pool = MaxPool2d { size: 2 };
        let dense = |units, relu| DenseSpec { units, relu };
        Self {
            input: records.image,
            maps: vec![conv(32), pool, conv(64), pool, conv(64)],
            dense: vec![dense(64, true), dense(records.classes, false)],
        }
    }

    /// Checks that the images are large enough for the layers.
    ///
    /// # Errors
    /// [`Error::Dataset`].
    pub fn check(&self) -> Result<(), Error> {
        let [_, height, width] = self.input.dims();
        let after = |side: usize, layer: &MapLayerSpec| match *layer {
            MapLayerSpec::Conv2d { kernel, .. } => (side + 1).saturating_sub(kernel),
            MapLayerSpec::MaxPool2d { size } => side / size.max(1),
        };
        if [height, width]
            .iter()
            .all(|side| self.maps.iter().fold(*side, after) > 0)
        {
            return Ok(());
        }
        Err(Error::Dataset {
            problem: format!("{height} × {width} pixels are too few for the network's layers"),
        })
    }
}

/// A layer on feature maps with its weights.
#[derive(Module, Debug)]
enum MapLayer {
    Conv2d(Conv2d),
    MaxPool2d(MaxPool2d),
}

/// A layer on vectors with its weights.
#[derive(Module, Debug)]
struct DenseLayer {
    linear: Linear,
    relu: Option<Relu>,
}

/// The network with its weights on one device.
#[derive(Module, Debug)]
pub struct Model {
    /// Channels, height and width of one input image.
    input: [usize; 3],
    maps: Vec<MapLayer>,
    dense: Vec<DenseLayer>,
    /// Whether blocks of `block.rs` are used where the device has them and the layers are such.
    in_blocks: bool,
}

impl Model {
    /// Builds `spec` on `device` with Keras's initial values: Glorot-uniform weights, zero biases.
    /// The numbers come from the run's seed, so they are the same on every device.
    pub fn new(spec: &NetworkSpec, seed: u32, device: &Device) -> Self {
        let mut rng = generator(seed, Stream::Weights);
        let input = spec.input.dims();
        let [mut channels, mut height, mut width] = input;
        let mut maps = Vec::with_capacity(spec.maps.len());
        for layer in &spec.maps {
            match *layer {
                MapLayerSpec::Conv2d { filters, kernel } => {
                    let layer = conv2d(channels, filters, kernel, &mut rng, device);
                    maps.push(MapLayer::Conv2d(layer));
                    channels = filters;
                    (height, width) = (height + 1 - kernel, width + 1 - kernel);
                }
                MapLayerSpec::MaxPool2d { size } => {
                    let config = MaxPool2dConfig::new([size, size]).with_strides([size, size]);
                    maps.push(MapLayer::MaxPool2d(config.init()));
                    (height, width) = (height / size, width / size);
                }
            }
        }
        let mut inputs = channels * height * width;
        let mut dense = Vec::with_capacity(spec.dense.len());
        for layer in &spec.dense {
            dense.push(DenseLayer {
                linear: linear(inputs, layer.units, &mut rng, device),
                relu: layer.relu.then(Relu::new),
            });
            inputs = layer.units;
        }
        Self {
            input,
            maps,
            dense,
            in_blocks: true,
        }
    }

    /// The same model, computed by Burn's own operators alone.
    #[must_use]
    pub fn layer_by_layer(mut self) -> Self {
        self.in_blocks = false;
        self
    }

    /// Computes the logits: one number a class, before softmax.
    ///
    /// # Shapes
    /// `[n, channels, height, width]` → `[n, classes]`. The comments give the tutorial's network on CIFAR-10.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let blocks = if self.in_blocks && block::runs_on(&images.device()) {
            blocks_of(&self.maps)
        } else {
            None
        };
        let maps = match blocks {
            Some(blocks) => forward_blocks(&blocks, images),
            None => self.forward_maps(images),
        };
        let mut vectors: Tensor<2> = maps.flatten(1, 3); // [n, 1024]
        for layer in &self.dense {
            #[cfg(feature = "webgpu")]
            if let Some(bias) = &layer.linear.bias
                && gpu::runs_on(&vectors.device())
            {
                let weight = layer.linear.weight.val();
                vectors = gpu::dense(vectors, weight, bias.val(), layer.relu.is_some());
                continue;
            }
            vectors = layer.linear.forward(vectors); // [n, 64], then [n, 10]
            if let Some(relu) = &layer.relu {
                vectors = relu.forward(vectors);
            }
        }
        vectors // [n, 10]
    }

    /// # Shapes
    /// `[n, 3, 32, 32]` → `[n, 64, 4, 4]`
    fn forward_maps(&self, images: Tensor<4>) -> Tensor<4> {
        let mut maps = images; // [n, 3, 32, 32]
        let mut layers = self.maps.as_slice();
        while let [layer, after @ ..] = layers {
            #[cfg(feature = "webgpu")]
            if let Some((weight, bias, block, taken)) = gpu_block(layers, &maps) {
                maps = gpu::block(maps, weight, bias, block);
                layers = layers.get(taken..).unwrap_or_default();
                continue;
            }
            maps = match layer {
                // [n, 32, 30, 30], then [n, 64, 13, 13], then [n, 64, 4, 4]
                MapLayer::Conv2d(conv) => burn::tensor::activation::relu(conv.forward(maps)),
                // [n, 32, 15, 15], then [n, 64, 6, 6]
                MapLayer::MaxPool2d(pool) => pool.forward(maps),
            };
            layers = after;
        }
        maps
    }

    /// Name and shape of every parameter, in the module's order.
    pub fn slots(&self) -> Vec<Slot> {
        let summary = self.summary();
        let trained = summary.layers.iter().filter(|layer| layer.parameters > 0);
        let names = trained.flat_map(|layer| {
            let name = |part: &str| format!("{}.{part}", layer.name);
            [name("weight"), name("bias")]
        });
        let slots = names.zip(crate::parameters::shapes(self));
        slots.map(|(name, shape)| Slot { name, shape }).collect()
    }

    /// The network as a table: every layer's output shape and number of parameters.
    pub fn summary(&self) -> Summary {
        let mut table = Table::default();
        let [mut channels, mut height, mut width] = self.input;
        for layer in &self.maps {
            match layer {
                MapLayer::Conv2d(conv) => {
                    let [filters, _, kernel_height, kernel_width] = conv.weight.dims();
                    channels = filters;
                    (height, width) = (height + 1 - kernel_height, width + 1 - kernel_width);
                    let kind = format!("Conv2D {kernel_height}×{kernel_width}, ReLU");
                    table.push(
                        "conv2d",
                        kind,
                        &[channels, height, width],
                        layer.num_params(),
                    );
                }
                MapLayer::MaxPool2d(pool) => {
                    let [pool_height, pool_width] = pool.kernel_size;
                    (height, width) = (height / pool_height, width / pool_width);
                    let kind = format!("MaxPooling2D {pool_height}×{pool_width}");
                    table.push("max_pooling2d", kind, &[channels, height, width], 0);
                }
            }
        }
        table.push("flatten", "Flatten".into(), &[channels * height * width], 0);
        for layer in &self.dense {
            let [_, units] = layer.linear.weight.dims();
            let kind = if layer.relu.is_some() {
                "Dense, ReLU"
            } else {
                "Dense, logits"
            };
            table.push("dense", kind.into(), &[units], layer.num_params());
        }
        table.finish(self.input)
    }
}

/// Gathers the rows of a summary and numbers the names as Keras does.
#[derive(Default)]
struct Table {
    stems: Vec<&'static str>,
    layers: Vec<LayerSummary>,
}

impl Table {
    fn push(&mut self, stem: &'static str, kind: String, output_shape: &[usize], params: usize) {
        let name = match self
            .stems
            .iter()
            .filter(|earlier| **earlier == stem)
            .count()
        {
            0 => stem.to_owned(),
            earlier => format!("{stem}_{earlier}"),
        };
        self.stems.push(stem);
        self.layers.push(LayerSummary {
            name,
            kind,
            output_shape: output_shape
                .iter()
                .copied()
                .map(crate::cifar::count)
                .collect(),
            parameters: crate::cifar::count(params),
        });
    }

    fn finish(self, input: [usize; 3]) -> Summary {
        Summary {
            input_shape: input.map(crate::cifar::count).to_vec(),
            total_parameters: self.layers.iter().map(|layer| layer.parameters).sum(),
            layers: self.layers,
        }
    }
}

fn conv2d(
    inputs: usize,
    filters: usize,
    kernel: usize,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Conv2d {
    let area = kernel * kernel;
    let weight = glorot_uniform(
        [filters, inputs, kernel, kernel],
        inputs * area,
        filters * area,
        rng,
        device,
    );
    let config =
        Conv2dConfig::new([inputs, filters], [kernel, kernel]).with_initializer(Initializer::Zeros);
    Conv2d {
        weight,
        ..config.init(device)
    }
}

fn linear(inputs: usize, units: usize, rng: &mut ChaCha8Rng, device: &Device) -> Linear {
    let weight = glorot_uniform([inputs, units], inputs, units, rng, device);
    let config = LinearConfig::new(inputs, units).with_initializer(Initializer::Zeros);
    Linear {
        weight,
        ..config.init(device)
    }
}

/// Uniform in ±√(6 / (fan in + fan out)): Glorot and Bengio, 2010, equation 16; Keras's default.
fn glorot_uniform<const D: usize>(
    shape: [usize; D],
    fan_in: usize,
    fan_out: usize,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Param<Tensor<D>> {
    let limit = (6.0 / (fan_in + fan_out) as f32).sqrt();
    let values = (0..shape.iter().product::<usize>())
        .map(|_| rng.random_range(-limit..limit))
        .collect::<Vec<f32>>();
    Param::from_data(TensorData::new(values, shape), device)
}
