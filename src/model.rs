//! [`NetworkPlan`] + images → logits: the network with its tensors on one device.
//!
//! The tensors are a list with the plan's places, so that whoever means one names its place: two lists of tensors are
//! never walked side by side. Neighbouring layers are computed together where the device has a kernel for them
//! (`groups.rs`); each other layer is Burn's operator. Training and evaluating are two modes of one forward pass, and a
//! forward pass changes nothing: what batch normalisation saw is handed out, and whoever trains moves the running
//! statistics.
//!
//! Burn keeps images as NCHW where Keras has NHWC, so the features after Flatten come in another order; the function
//! learnt is the same. This is not where a model is trained or stored.

mod forward;
mod groups;
mod initial;
mod norm;
mod operators;
mod value;
mod whitening;

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use crate::error::Error;
use crate::kernels;
use crate::network::{NetworkPlan, Role};
use crate::protocol::{Arithmetic, ImageSpec, Initializer, Summary};
use crate::random::Draws;

pub use groups::{Group, Kernel};
pub use norm::Statistics;
pub use value::Value;

use groups::Kernels;

/// Whether a forward pass trains.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'a> {
    /// Running statistics, and nothing is dropped.
    Evaluate,
    /// The records' own statistics, and dropout.
    Train {
        /// Where the records are in the run.
        draws: Draws,
        /// Numbers of records that are normalised together, one group after the other; they add up to the records.
        groups: &'a [usize],
    },
}

/// The table of a network that is not built, as `device` would compute it.
pub fn summary_on(plan: &NetworkPlan, device: &Device) -> Summary {
    summary(plan, &groups::lower(&plan.layers, Kernels::of(device)))
}

fn summary(plan: &NetworkPlan, groups: &[Group]) -> Summary {
    let fast = groups::names_of_kernels(groups, &plan.layers);
    plan.summary(|name| fast.contains(name))
}

/// What a forward pass came to.
#[derive(Clone, Debug)]
pub struct Pass {
    /// `[n, classes]`, before softmax.
    pub logits: Tensor<2>,
    /// Of each layer with running statistics, of each group; none when evaluating.
    pub statistics: Vec<Statistics>,
}

/// The network with its tensors on one device.
#[derive(Clone, Debug)]
pub struct Model {
    plan: Arc<NetworkPlan>,
    groups: Arc<[Group]>,
    values: Vec<Value>,
}

impl Model {
    /// Builds `plan` on `device` with first values from the run's seed, which are the same on every device.
    pub fn new(plan: Arc<NetworkPlan>, seed: u32, device: &Device) -> Self {
        let first = initial::values(&plan, seed);
        let values = plan.entries.iter().zip(first);
        let values = values.map(|(entry, numbers)| Value::new(entry, numbers, device));
        Self {
            values: values.collect(),
            groups: groups::lower(&plan.layers, Kernels::of(device)).into(),
            plan,
        }
    }

    /// The same model, computed by Burn's own operators alone.
    #[must_use]
    pub fn layer_by_layer(mut self) -> Self {
        self.groups = groups::lower(&self.plan.layers, Kernels::None).into();
        self
    }

    /// The same model, whose blocks on flex round so; what is computed elsewhere stays as it is.
    #[must_use]
    pub fn with_arithmetic(mut self, arithmetic: Arithmetic) -> Self {
        let device = self.values.first().map(Value::device);
        let kernels = device.map_or(Kernels::None, |device| Kernels::of(&device));
        self.groups = groups::lower(&self.plan.layers, kernels.rounding(arithmetic)).into();
        self
    }

    /// Whether its blocks on flex round a product and a sum in one, on this machine; none where there is no block.
    pub fn rounds_once(&self) -> Option<bool> {
        let arithmetic = groups::arithmetic_of(&self.groups)?;
        Some((kernels::of(arithmetic).rounds_once)())
    }

    /// The model without gradients, to evaluate with.
    #[must_use]
    pub fn valid(&self) -> Self {
        Self {
            plan: Arc::clone(&self.plan),
            groups: Arc::clone(&self.groups),
            values: self.values.iter().map(Value::inner).collect(),
        }
    }

    /// What the network is.
    pub fn plan(&self) -> &Arc<NetworkPlan> {
        &self.plan
    }

    /// Which layers are computed together.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The tensors, by the plan's places.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Puts another tensor in a place.
    pub(crate) fn set(&mut self, place: usize, value: Value) {
        if let Some(slot) = self.values.get_mut(place) {
            *slot = value;
        }
    }

    /// The same model with other numbers in its tensors: one vector a place.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when a length, or how many they are, is not the network's.
    pub fn with_numbers(
        mut self,
        mut numbers: impl FnMut(usize) -> Option<Vec<f32>>,
    ) -> Result<Self, Error> {
        for (place, entry) in self.plan.entries.iter().enumerate() {
            let found = numbers(place).filter(|numbers| numbers.len() == entry.entries());
            let found = found.ok_or_else(|| {
                Error::checkpoint(format!(
                    "its tensor \"{}\" is not the network's",
                    entry.name
                ))
            })?;
            if let Some(value) = self.values.get_mut(place) {
                *value = Value::new(entry, found, &value.device());
            }
        }
        Ok(self)
    }

    /// Computes the logits: one number a class, before softmax.
    ///
    /// # Shapes
    /// `[n, channels, height, width]` → `[n, classes]`.
    pub fn forward(&self, images: Tensor<4>, mode: Mode<'_>) -> Pass {
        forward::Forward::new(self, mode).run(images)
    }

    /// The first values that follow from the training images: `pixels` are whole images as the first layer gets them,
    /// one after the other. Nothing where the network has no such tensor.
    pub fn begin_from(&mut self, pixels: &[f32]) {
        let plan = Arc::clone(&self.plan);
        for (place, entry) in plan.entries.iter().enumerate() {
            if let Initializer::Whitening { epsilon } = entry.initializer
                && let Some(value) = self.values.get(place)
            {
                let device = value.device();
                let numbers = whitening::kernel(pixels, plan.spec.image, &entry.shape, epsilon);
                self.set(place, Value::new(entry, numbers, &device));
            }
        }
    }

    /// Whether some tensors begin from the training images.
    pub fn needs_images(&self) -> bool {
        let entries = self.plan.entries.iter();
        entries
            .clone()
            .any(|e| matches!(e.initializer, Initializer::Whitening { .. }))
    }

    /// The network as a table: every layer's output shape, number of parameters and what computes it.
    pub fn summary(&self) -> Summary {
        summary(&self.plan, &self.groups)
    }

    /// Shape of an image.
    pub fn image(&self) -> ImageSpec {
        self.plan.spec.image
    }

    /// Places of the tensors that the optimiser moves.
    pub fn trainable(&self) -> Vec<usize> {
        self.plan.places_of(Role::Trainable)
    }
}
