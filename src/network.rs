//! [`ModelSpec`] → [`NetworkPlan`]: shapes, tensors, multiply-adds and a name for every layer,
//! computed before anything is allocated; or a sentence that says which layer cannot be, and why.
//!
//! The plan is the one index table: whoever means a tensor names its place in [`NetworkPlan::entries`].
//! Nothing here computes with numbers of a tensor: that is `model.rs`.

mod check;
mod layers;
mod memory;
mod presets;
mod summary;

use crate::error::Error;
use crate::protocol::{Initializer, Layer, ModelSpec, Seeding};

pub use memory::{LargestBuffers, STEP_BYTES_MAX, WORKER_BYTES_MAX};
pub use presets::{choice, resolve, tutorial_model};

/// Most layers, those in residual ones among them.
const LAYERS_MAX: usize = 64;
/// Most filters of a convolution, and most units of a dense layer.
const FILTERS_MAX: u32 = 1_024;
/// Most trained and frozen numbers of a network.
const PARAMETERS_MAX: u64 = 5_000_000;

/// Shape of what goes from layer to layer, without the batch dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[channels, height, width]`.
    Maps([usize; 3]),
    /// `[units]`.
    Vector(usize),
}

impl Shape {
    /// Number of numbers.
    pub fn entries(self) -> usize {
        match self {
            Self::Maps(sides) => sides.into_iter().fold(1, usize::saturating_mul),
            Self::Vector(units) => units,
        }
    }

    /// Channels of maps, units of a vector: what batch normalisation tells apart.
    pub fn features(self) -> usize {
        match self {
            Self::Maps([channels, ..]) => channels,
            Self::Vector(units) => units,
        }
    }

    /// As the summary table has it.
    pub fn sides(self) -> Vec<usize> {
        match self {
            Self::Maps(sides) => sides.to_vec(),
            Self::Vector(units) => vec![units],
        }
    }
}

/// What a tensor of the network is to training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The optimiser moves it.
    Trainable,
    /// It stays as it began.
    Frozen,
    /// Running statistics: each step moves it, without a gradient.
    Buffer,
}

/// A tensor of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Keras's layer name and PyTorch's parameter name: `conv2d.weight`.
    pub name: String,
    /// As Burn has it: `[64, 32, 3, 3]`, dense matrices `[in, out]`.
    pub shape: Vec<usize>,
    /// What it is to training.
    pub role: Role,
    /// How it begins.
    pub initializer: Initializer,
    /// Numbers that go into an output, and outputs that a number goes into.
    pub fans: [usize; 2],
    /// The layer's id, which names the stream of its first values.
    pub layer: u32,
}

impl Entry {
    /// Number of numbers; the most there can be where it is more, since wasm's `usize` has 32 bits.
    pub fn entries(&self) -> usize {
        let sides = self.shape.iter();
        sides.fold(1, |entries, side| entries.saturating_mul(*side))
    }
}

/// Where a layer's tensors are in [`NetworkPlan::entries`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The kernel, the matrix or the scale.
    pub weight: Option<usize>,
    /// The bias or the offset.
    pub bias: Option<usize>,
    /// Running mean and running variance.
    pub running: Option<[usize; 2]>,
}

/// A layer whose shapes are known.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedLayer {
    /// The number that it has in the network.
    pub id: u32,
    /// Its name, numbered as Keras numbers them.
    pub name: String,
    /// What it does. Of a residual layer, [`PlannedLayer::inner`] are the layers.
    pub layer: Layer,
    /// Shape of what comes in.
    pub input: Shape,
    /// Shape of what goes out.
    pub output: Shape,
    /// Its tensors.
    pub places: Places,
    /// Multiplications of one image.
    pub multiply_adds: u64,
    /// The layers of a residual one.
    pub inner: Vec<PlannedLayer>,
    /// The 1 × 1 convolution of a residual layer's input, where one is needed.
    pub projection: Option<Box<PlannedLayer>>,
}

/// A network whose shapes are known, and all its tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkPlan {
    /// What it was planned from.
    pub spec: ModelSpec,
    /// The layers in the order of the data.
    pub layers: Vec<PlannedLayer>,
    /// The tensors in the order of the layers.
    pub entries: Vec<Entry>,
}

impl NetworkPlan {
    /// Plans `spec`.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] that names the first layer that cannot be, and why.
    pub fn new(spec: &ModelSpec) -> Result<Self, Error> {
        check::model(spec)?;
        let mut planner = layers::Planner::default();
        let image = Shape::Maps(input_shape(spec));
        let layers = planner
            .plan_all(&spec.network.layers, image)
            .map_err(refused)?;
        let plan = Self {
            spec: spec.clone(),
            layers,
            entries: planner.into_entries(),
        };
        check::whole(&plan).map_err(refused)?;
        Ok(plan)
    }

    /// Shape of an image, without the batch dimension.
    pub fn input_shape(&self) -> [usize; 3] {
        input_shape(&self.spec)
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.spec.classes as usize
    }

    /// Every layer, each residual one before those in it, its projection last.
    pub fn all_layers(&self) -> Vec<&PlannedLayer> {
        fn extend<'a>(found: &mut Vec<&'a PlannedLayer>, layers: &'a [PlannedLayer]) {
            for layer in layers {
                found.push(layer);
                extend(found, &layer.inner);
                found.extend(layer.projection.as_deref());
            }
        }
        let mut found = Vec::new();
        extend(&mut found, &self.layers);
        found
    }

    /// The layers with running statistics, in the order in which a forward pass meets them.
    pub fn norms(&self) -> Vec<&PlannedLayer> {
        let all = self.all_layers().into_iter();
        all.filter(|layer| layer.places.running.is_some()).collect()
    }

    /// Whether a forward pass depends on which records are computed together.
    pub fn is_grouped(&self) -> bool {
        !self.norms().is_empty()
    }

    /// Places of the tensors of a role.
    pub fn places_of(&self, role: Role) -> Vec<usize> {
        let entries = self.entries.iter().enumerate();
        let of_role = entries.filter(|(_, entry)| entry.role == role);
        of_role.map(|(place, _)| place).collect()
    }

    /// Whether the initial values come from one stream.
    pub fn is_one_stream(&self) -> bool {
        self.spec.network.seeding == Seeding::OneStream
    }
}

fn input_shape(spec: &ModelSpec) -> [usize; 3] {
    let image = spec.image;
    [image.channels, image.height, image.width].map(|side| side as usize)
}

fn refused(problem: String) -> Error {
    Error::invalid_config("network", problem)
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
