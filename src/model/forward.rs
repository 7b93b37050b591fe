//! One forward pass, group by group.

use burn::tensor::Tensor;

use super::groups::{Group, Kernel};
use super::{Mode, Model, Pass, Statistics, norm, operators};
use crate::activate::activate;
use crate::block;
#[cfg(feature = "webgpu")]
use crate::gpu;
use crate::kernels::Activation;
use crate::network::PlannedLayer;
use crate::protocol::{BatchNorm, Layer};

/// What goes from group to group.
#[derive(Clone)]
enum Flow {
    /// `[n, channels, height, width]`.
    Maps(Tensor<4>),
    /// `[n, height, width, channels]`: as flex's blocks have them.
    ChannelsLast(Tensor<4>),
    /// `[n, units]`.
    Vectors(Tensor<2>),
}

impl Flow {
    /// Channels first, whatever they were.
    fn maps(self) -> Self {
        match self {
            Self::ChannelsLast(maps) => Self::Maps(maps.permute([0, 3, 1, 2])),
            other => other,
        }
    }
}

/// An activation on flex: where a number lies is of no matter.
fn activated(function: Activation, flow: Flow) -> Flow {
    match flow {
        Flow::Maps(maps) => Flow::Maps(activate(maps, function)),
        Flow::ChannelsLast(maps) => Flow::ChannelsLast(activate(maps, function)),
        Flow::Vectors(vectors) => Flow::Vectors(activate(vectors, function)),
    }
}

/// A forward pass under way.
pub(super) struct Forward<'a> {
    model: &'a Model,
    mode: Mode<'a>,
    statistics: Vec<Statistics>,
}

impl<'a> Forward<'a> {
    pub(super) fn new(model: &'a Model, mode: Mode<'a>) -> Self {
        Self {
            model,
            mode,
            statistics: Vec::new(),
        }
    }

    pub(super) fn run(mut self, images: Tensor<4>) -> Pass {
        let model = self.model;
        let flow = self.groups(
            &model.groups,
            &model.plan.layers,
            Flow::Maps(operators::standardized(&model.plan.spec.pixels, images)),
        );
        let logits = match flow.maps() {
            Flow::Vectors(vectors) => vectors,
            // A planned network ends in a vector.
            Flow::Maps(maps) | Flow::ChannelsLast(maps) => maps.flatten(1, 3),
        };
        Pass {
            logits,
            statistics: self.statistics,
        }
    }

    fn groups(&mut self, groups: &[Group], layers: &[PlannedLayer], input: Flow) -> Flow {
        groups.iter().fold(input, |flow, group| {
            let end = group.first + group.layers;
            self.group(
                &group.kernel,
                layers.get(group.first..end).unwrap_or_default(),
                flow,
            )
        })
    }

    fn group(&mut self, kernel: &Kernel, layers: &[PlannedLayer], flow: Flow) -> Flow {
        let Some(first) = layers.first() else {
            return flow;
        };
        match kernel {
            Kernel::Operators => layers.iter().fold(flow, |flow, l| self.layer(l, flow)),
            Kernel::Residual(inner) => self.residual(inner, first, flow),
            Kernel::Block(kind) => self.block(first, *kind, flow),
            Kernel::Norm(activation) => self.norm(first, *activation, flow),
            Kernel::Activation(activation) => activated(*activation, flow),
            #[cfg(feature = "webgpu")]
            Kernel::GpuBlock(block) => self.gpu_block(first, *block, flow),
            #[cfg(feature = "webgpu")]
            Kernel::GpuDense { relu } => self.gpu_dense(first, *relu, flow),
        }
    }

    fn block(&self, conv: &PlannedLayer, kind: block::Kind, flow: Flow) -> Flow {
        let maps = match flow {
            Flow::ChannelsLast(maps) => maps,
            Flow::Maps(maps) => maps.permute([0, 2, 3, 1]),
            Flow::Vectors(_) => return flow,
        };
        let places = &conv.places;
        let Some(weight) = self.model.kernel(places.weight) else {
            return Flow::ChannelsLast(maps); // A planned convolution has one.
        };
        let bias = self.model.vector(places.bias).unwrap_or_else(|| {
            let [filters, ..] = weight.dims();
            Tensor::zeros([filters], &weight.device())
        });
        Flow::ChannelsLast(block::block(maps, weight, bias, kind))
    }

    /// Batch normalisation on flex, with channels last.
    fn norm(&mut self, layer: &PlannedLayer, then: Option<Activation>, flow: Flow) -> Flow {
        let Layer::BatchNorm(norm) = &layer.layer else {
            return flow; // The grouping saw one.
        };
        match flow {
            Flow::Vectors(vectors) => Flow::Vectors(self.normalized(layer, norm, then, vectors)),
            Flow::Maps(maps) => {
                let maps = maps.permute([0, 2, 3, 1]);
                Flow::ChannelsLast(self.normalized(layer, norm, then, maps))
            }
            Flow::ChannelsLast(maps) => {
                Flow::ChannelsLast(self.normalized(layer, norm, then, maps))
            }
        }
    }

    /// # Shapes
    /// `[n, …, features]` → the same.
    fn normalized<const D: usize>(
        &mut self,
        layer: &PlannedLayer,
        norm: &BatchNorm,
        then: Option<Activation>,
        input: Tensor<D>,
    ) -> Tensor<D> {
        let Mode::Train { groups, .. } = self.mode else {
            let output = norm::evaluate_last(self.model, layer, norm, input);
            return match then {
                Some(activation) => activate(output, activation),
                None => output,
            };
        };
        let (output, found) = norm::train_last(self.model, layer, norm, then, input, groups);
        self.statistics.extend(found);
        output
    }

    #[cfg(feature = "webgpu")]
    fn gpu_block(&self, conv: &PlannedLayer, block: gpu::Block, flow: Flow) -> Flow {
        let places = &conv.places;
        let tensors = (
            self.model.kernel(places.weight),
            self.model.vector(places.bias),
        );
        match (flow.maps(), tensors) {
            (Flow::Maps(maps), (Some(weight), Some(bias))) => {
                Flow::Maps(gpu::block(maps, weight, bias, block))
            }
            (flow, _) => flow, // The grouping saw both.
        }
    }

    #[cfg(feature = "webgpu")]
    fn gpu_dense(&self, dense: &PlannedLayer, relu: bool, flow: Flow) -> Flow {
        let places = &dense.places;
        let tensors = (
            self.model.matrix(places.weight),
            self.model.vector(places.bias),
        );
        match (flow, tensors) {
            (Flow::Vectors(vectors), (Some(weight), Some(bias))) => {
                Flow::Vectors(gpu::dense(vectors, weight, bias, relu))
            }
            (flow, _) => flow, // The grouping saw both.
        }
    }

    /// The layers' output added to their input.
    fn residual(&mut self, inner: &[Group], layer: &PlannedLayer, flow: Flow) -> Flow {
        let beside = flow.clone();
        let output = self.groups(inner, &layer.inner, flow);
        let beside = match &layer.projection {
            Some(projection) => self.layer(projection, beside),
            None => beside,
        };
        match (output, beside) {
            (Flow::ChannelsLast(output), Flow::ChannelsLast(beside)) => {
                Flow::ChannelsLast(output + beside)
            }
            (output, beside) => match (output.maps(), beside.maps()) {
                (Flow::Maps(output), Flow::Maps(beside)) => Flow::Maps(output + beside),
                (output, _) => output, // A planned one gets maps.
            },
        }
    }

    /// A layer by Burn's operators.
    fn layer(&mut self, layer: &PlannedLayer, flow: Flow) -> Flow {
        // Where a number lies is of no matter to these, so maps stay as they are.
        if let (Flow::ChannelsLast(maps), Layer::Activation(_) | Layer::Scale { .. }) =
            (&flow, &layer.layer)
        {
            return Flow::ChannelsLast(self.any_layer(layer, maps.clone()));
        }
        match flow.maps() {
            Flow::Maps(maps) => self.map_layer(layer, maps),
            Flow::Vectors(vectors) => Flow::Vectors(self.vector_layer(layer, vectors)),
            other @ Flow::ChannelsLast(_) => other,
        }
    }

    fn map_layer(&mut self, layer: &PlannedLayer, maps: Tensor<4>) -> Flow {
        match &layer.layer {
            Layer::Conv(conv) => Flow::Maps(operators::conv(self.model, layer, conv, maps)),
            Layer::MaxPool(window) => Flow::Maps(operators::max_pool(*window, maps)),
            Layer::AvgPool(window) => Flow::Maps(operators::avg_pool(*window, maps)),
            Layer::GlobalMaxPool => Flow::Vectors(operators::global_max_pool(maps)),
            Layer::GlobalAvgPool => Flow::Vectors(operators::global_avg_pool(maps)),
            Layer::Pad { width, with } => Flow::Maps(operators::pad(*width, *with, maps)),
            Layer::Flatten => Flow::Vectors(maps.flatten(1, 3)),
            Layer::BatchNorm(_)
            | Layer::Activation(_)
            | Layer::Dropout { .. }
            | Layer::Scale { .. } => Flow::Maps(self.any_layer(layer, maps)),
            // A planned dense layer gets vectors, and a residual one is a group of its own.
            Layer::Dense(_) | Layer::Residual { .. } => Flow::Maps(maps),
        }
    }

    fn vector_layer(&mut self, layer: &PlannedLayer, vectors: Tensor<2>) -> Tensor<2> {
        match &layer.layer {
            Layer::Dense(_) => operators::dense(self.model, layer, vectors),
            Layer::BatchNorm(_)
            | Layer::Activation(_)
            | Layer::Dropout { .. }
            | Layer::Scale { .. } => self.any_layer(layer, vectors),
            // Planned, these get maps.
            Layer::Conv(_)
            | Layer::MaxPool(_)
            | Layer::AvgPool(_)
            | Layer::GlobalMaxPool
            | Layer::GlobalAvgPool
            | Layer::Pad { .. }
            | Layer::Flatten
            | Layer::Residual { .. } => vectors,
        }
    }

    /// What is the same on maps and on vectors; a plan has no other layer here.
    fn any_layer<const D: usize>(&mut self, layer: &PlannedLayer, input: Tensor<D>) -> Tensor<D> {
        match (&layer.layer, self.mode) {
            (Layer::Activation(function), _) => operators::activation(*function, input),
            (Layer::Scale { factor }, _) => input * *factor,
            (Layer::Dropout { rate }, Mode::Train { draws, .. }) => {
                operators::dropout(layer.id, *rate, draws, input)
            }
            (Layer::BatchNorm(norm), Mode::Train { groups, .. }) => {
                let (output, found) = norm::train(self.model, layer, norm, input, groups);
                self.statistics.extend(found);
                output
            }
            (Layer::BatchNorm(norm), Mode::Evaluate) => {
                norm::evaluate(self.model, layer, norm, input)
            }
            _ => input,
        }
    }
}
