//! Layer by layer: what comes out of it, which tensors it has and what an image costs, or why it cannot be.

use super::{Entry, Places, PlannedLayer, Role, Shape};
use crate::protocol::{
    BatchNorm, Border, Conv, Dense, Initializer, Layer, LayerSpec, Padding, TensorSpec, Window,
};

/// Plans layers and gathers their tensors; problems are the ends of sentences.
#[derive(Default)]
pub(super) struct Planner {
    stems: Vec<&'static str>,
    entries: Vec<Entry>,
}

impl Planner {
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    pub(super) fn plan_all(
        &mut self,
        layers: &[LayerSpec],
        input: Shape,
    ) -> Result<Vec<PlannedLayer>, String> {
        let mut shape = input;
        let mut planned = Vec::with_capacity(layers.len());
        for layer in layers {
            let next = self.plan(layer, shape)?;
            shape = next.output;
            planned.push(next);
        }
        Ok(planned)
    }

    fn plan(&mut self, spec: &LayerSpec, input: Shape) -> Result<PlannedLayer, String> {
        let name = self.name(stem(&spec.layer));
        let refuse = |problem: String| format!("the layer {name} (id {}) {problem}", spec.id);
        let output = output(&spec.layer, input).map_err(refuse)?;
        let mut planned = PlannedLayer {
            id: spec.id,
            name: name.clone(),
            layer: spec.layer.clone(),
            input,
            output,
            places: Places::default(),
            multiply_adds: 0,
            inner: Vec::new(),
            projection: None,
        };
        match &spec.layer {
            Layer::Conv(conv) => self.conv(&mut planned, conv),
            Layer::Dense(dense) => self.dense(&mut planned, dense),
            Layer::BatchNorm(norm) => self.batch_norm(&mut planned, norm),
            Layer::Residual { layers } => self.residual(&mut planned, layers)?,
            _ => {}
        }
        Ok(planned)
    }

    /// Numbered as Keras does: `conv2d`, `conv2d_1`.
    fn name(&mut self, stem: &'static str) -> String {
        let earlier = self.stems.iter().filter(|known| **known == stem).count();
        self.stems.push(stem);
        match earlier {
            0 => stem.to_owned(),
            earlier => format!("{stem}_{earlier}"),
        }
    }

    fn entry(
        &mut self,
        of: &PlannedLayer,
        part: &str,
        shape: &[usize],
        spec: TensorSpec,
        fans: [usize; 2],
    ) -> Option<usize> {
        self.push(Entry {
            name: format!("{}.{part}", of.name),
            shape: shape.to_vec(),
            role: if spec.trainable {
                Role::Trainable
            } else {
                Role::Frozen
            },
            initializer: spec.initializer,
            fans,
            layer: of.id,
        })
    }

    fn push(&mut self, entry: Entry) -> Option<usize> {
        self.entries.push(entry);
        Some(self.entries.len() - 1)
    }

    fn conv(&mut self, planned: &mut PlannedLayer, conv: &Conv) {
        let (inputs, filters) = (planned.input.features(), conv.filters as usize);
        let kernel = conv.kernel as usize;
        let area = kernel * kernel;
        let shape = [filters, inputs, kernel, kernel];
        let fans = [inputs * area, filters * area];
        planned.places.weight = self.entry(planned, "weight", &shape, conv.weight, fans);
        if let Some(bias) = conv.bias {
            planned.places.bias = self.entry(planned, "bias", &[filters], bias, fans);
        }
        let weights = (filters * inputs * area) as u64;
        let places = (planned.output.entries() / filters.max(1)) as u64;
        planned.multiply_adds = weights.saturating_mul(places);
    }

    fn dense(&mut self, planned: &mut PlannedLayer, dense: &Dense) {
        let fans = [planned.input.features(), dense.units as usize];
        planned.places.weight = self.entry(planned, "weight", &fans, dense.weight, fans);
        if let Some(bias) = dense.bias {
            planned.places.bias = self.entry(planned, "bias", &[fans[1]], bias, fans);
        }
        planned.multiply_adds = (fans[0] as u64).saturating_mul(fans[1] as u64);
    }

    fn batch_norm(&mut self, planned: &mut PlannedLayer, norm: &BatchNorm) {
        let features = [planned.input.features()];
        let fans = [1, 1];
        if let Some(scale) = norm.scale {
            planned.places.weight = self.entry(planned, "weight", &features, scale, fans);
        }
        planned.places.bias = self.entry(planned, "bias", &features, norm.offset, fans);
        let mut running = |part: &str, initializer| {
            self.entries.push(Entry {
                name: format!("{}.{part}", planned.name),
                shape: features.to_vec(),
                role: Role::Buffer,
                initializer,
                fans,
                layer: planned.id,
            });
            self.entries.len() - 1
        };
        planned.places.running = Some([
            running("running_mean", Initializer::Zeros),
            running("running_var", Initializer::Ones),
        ]);
    }

    fn residual(&mut self, planned: &mut PlannedLayer, layers: &[LayerSpec]) -> Result<(), String> {
        planned.inner = self.plan_all(layers, planned.input)?;
        let output = planned.inner.last().map_or(planned.input, |l| l.output);
        let (Shape::Maps(from), Shape::Maps(to)) = (planned.input, output) else {
            return Err(format!(
                "the layer {} (id {}) adds maps to maps, and its layers end in a vector",
                planned.name, planned.id
            ));
        };
        planned.output = output;
        if from == to {
            return Ok(());
        }
        let fits = |stride: usize| (1..3).all(|axis| from[axis].div_ceil(stride) == to[axis]);
        let Some(stride) = [1, 2].into_iter().find(|stride| fits(*stride)) else {
            return Err(format!(
                "the layer {} (id {}) cannot add its layers' {} × {} to its input's {} × {}: they must be as large, or half as large",
                planned.name, planned.id, to[1], to[2], from[1], from[2]
            ));
        };
        let conv = Layer::Conv(Conv {
            filters: super::narrow(to[0]),
            kernel: 1,
            padding: Padding::Valid,
            stride: super::narrow(stride),
            weight: TensorSpec::learnt(Initializer::Glorot),
            bias: None,
        });
        let spec = LayerSpec {
            id: planned.id,
            layer: conv,
        };
        planned.projection = Some(Box::new(self.plan(&spec, planned.input)?));
        Ok(())
    }
}

/// Keras's name of the kind, in snake case.
fn stem(layer: &Layer) -> &'static str {
    match layer {
        Layer::Conv(_) => "conv2d",
        Layer::BatchNorm(_) => "batch_normalization",
        Layer::Activation(_) => "activation",
        Layer::MaxPool(_) => "max_pooling2d",
        Layer::AvgPool(_) => "average_pooling2d",
        Layer::GlobalMaxPool => "global_max_pooling2d",
        Layer::GlobalAvgPool => "global_average_pooling2d",
        Layer::Dropout { .. } => "dropout",
        Layer::Pad { .. } => "zero_padding2d",
        Layer::Scale { .. } => "rescaling",
        Layer::Flatten => "flatten",
        Layer::Dense(_) => "dense",
        Layer::Residual { .. } => "add",
    }
}

/// Shape of what goes out; of a residual layer it is found from its layers.
fn output(layer: &Layer, input: Shape) -> Result<Shape, String> {
    match layer {
        Layer::Conv(conv) => conv_output(conv, maps(input)?),
        Layer::MaxPool(window) | Layer::AvgPool(window) => pool_output(*window, maps(input)?),
        Layer::GlobalMaxPool | Layer::GlobalAvgPool => Ok(Shape::Vector(maps(input)?[0])),
        Layer::Pad { width, with } => pad_output(*width as usize, *with, maps(input)?),
        Layer::Flatten => Ok(Shape::Vector(Shape::Maps(maps(input)?).entries())),
        Layer::Dense(dense) => match input {
            Shape::Vector(_) => Ok(Shape::Vector(dense.units as usize)),
            Shape::Maps([channels, height, width]) => Err(format!(
                "takes a vector, and gets maps of {channels} × {height} × {width}: put a flatten or a global pooling before it"
            )),
        },
        Layer::Residual { .. } => Ok(Shape::Maps(maps(input)?)),
        Layer::BatchNorm(_)
        | Layer::Activation(_)
        | Layer::Dropout { .. }
        | Layer::Scale { .. } => Ok(input),
    }
}

fn maps(input: Shape) -> Result<[usize; 3], String> {
    match input {
        Shape::Maps(sides) => Ok(sides),
        Shape::Vector(units) => Err(format!("takes maps, and gets a vector of {units} numbers")),
    }
}

fn conv_output(conv: &Conv, [_, height, width]: [usize; 3]) -> Result<Shape, String> {
    let (kernel, stride) = (conv.kernel as usize, conv.stride as usize);
    if conv.padding == Padding::Valid && kernel > height.min(width) {
        return Err(format!(
            "has a kernel of {kernel} × {kernel}, larger than the maps of {height} × {width}"
        ));
    }
    let side = |side: usize| match conv.padding {
        Padding::Valid => (side - kernel) / stride + 1,
        Padding::Same => side.div_ceil(stride),
    };
    Ok(Shape::Maps([
        conv.filters as usize,
        side(height),
        side(width),
    ]))
}

fn pool_output(window: Window, [channels, height, width]: [usize; 3]) -> Result<Shape, String> {
    let size = window.size as usize;
    if size > height.min(width) {
        return Err(format!(
            "has a window of {size} × {size}, larger than the maps of {height} × {width}"
        ));
    }
    Ok(Shape::Maps([channels, height / size, width / size]))
}

fn pad_output(
    border: usize,
    with: Border,
    [channels, height, width]: [usize; 3],
) -> Result<Shape, String> {
    if with == Border::Reflect && border >= height.min(width) {
        return Err(format!(
            "mirrors {border} pixels, and the maps are only {height} × {width}"
        ));
    }
    Ok(Shape::Maps([
        channels,
        height + 2 * border,
        width + 2 * border,
    ]))
}
