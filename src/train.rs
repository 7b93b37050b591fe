//! [`Batch`] + [`Model`] → a better [`Model`]: one optimiser step, and logits read back to measure.
//!
//! The loss stays on the device; [`Learner::read_running`] fetches what has gathered there. This is
//! not a loop: how many steps, when to report and when to stop are `session.rs`'s business.

mod average;
mod grouping;
mod host_state;
mod layout;
mod loss;
mod running;
mod state;

use std::sync::Arc;

use burn::tensor::{Device, Gradients, Tensor};

use crate::batch::{Batch, numbers};
use crate::error::Error;
use crate::metrics::RunningMean;
use crate::model::{Mode, Model, Pass};
use crate::network::NetworkPlan;
use crate::optimizer::Optimizer;
use crate::protocol::{Arithmetic, Summary, WeightsKind};
use crate::random::Draws;
use crate::rule::Rule;

use average::Average;
pub use grouping::{group_sizes, slice_sizes};
use host_state::HostState;
pub use host_state::SliceResult;
use loss::{Loss, figures};
pub use state::read_flat;

/// The model, its optimiser and what they gather on the device between two reads.
#[derive(Debug)]
pub struct Learner {
    model: Model,
    arithmetic: Arithmetic,
    optimizer: Optimizer,
    /// How much of a target is spread over all classes.
    label_smoothing: f32,
    /// The averaged weights; none where there are none, and before the first step.
    average: Option<Average>,
    /// The model that images are classified by in the place of the last step's.
    shown: Option<(WeightsKind, Model)>,
    /// For each step since the last read: `[2]`, its mean loss and number classified correctly.
    gathered: Vec<Tensor<1>>,
    /// Number of records of each of those steps.
    gathered_records: Vec<usize>,
    inner_device: Device,
    /// After steps with helpers: the state as plain numbers.
    host_state: Option<HostState>,
}

impl Learner {
    /// A fresh model from `seed` on `device` (without autodiff; it is added here), which learns by the tutorial's rule.
    pub fn new(plan: &Arc<NetworkPlan>, seed: u32, device: &Device) -> Self {
        let rule = Arc::new(Rule::of_tutorial(plan));
        Self {
            model: Model::new(Arc::clone(plan), seed, &device.clone().autodiff()),
            arithmetic: Arithmetic::default(),
            optimizer: Optimizer::new(&rule, 0),
            label_smoothing: 0.0,
            average: None,
            shown: None,
            gathered: Vec::new(),
            gathered_records: Vec::new(),
            inner_device: device.clone(),
            host_state: None,
        }
    }

    /// The same learner, computed by Burn's own operators alone.
    #[must_use]
    pub fn layer_by_layer(mut self) -> Self {
        self.model = self.model.layer_by_layer();
        self
    }

    /// The same learner, whose blocks on flex round so.
    #[must_use]
    pub fn with_arithmetic(mut self, arithmetic: Arithmetic) -> Self {
        self.model = self.model.with_arithmetic(arithmetic);
        self.arithmetic = arithmetic;
        self
    }

    /// The same learner, with a fresh optimiser of another rule.
    #[must_use]
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self.label_smoothing = rule.label_smoothing as f32;
        self.optimizer = Optimizer::new(&Arc::new(rule), 0);
        self.restart_optimizer();
        self
    }

    /// The same learner, whose targets are spread so much over all classes: what a helper knows of a rule.
    #[must_use]
    pub fn with_label_smoothing(mut self, label_smoothing: f32) -> Self {
        self.label_smoothing = label_smoothing;
        self
    }

    /// How much of a target is spread over all classes.
    pub fn label_smoothing(&self) -> f32 {
        self.label_smoothing
    }

    /// Whether its blocks round a product and a sum in one, on this machine; none where no block computes.
    pub fn rounds_once(&self) -> Option<bool> {
        self.model.rounds_once()
    }

    /// How its blocks are to round.
    pub fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// The network that learns.
    pub fn plan(&self) -> &Arc<NetworkPlan> {
        self.model.plan()
    }

    /// The model, whose tensors may be those of an earlier step.
    pub fn model_as_built(&self) -> &Model {
        &self.model
    }

    /// What of the network follows from the training images is set from these: whole images in `[0, 1]`.
    pub fn begin_from(&mut self, pixels: &[f32]) {
        self.model.begin_from(pixels);
    }

    /// The device that batches are to be uploaded to.
    pub fn device(&self) -> &Device {
        &self.inner_device
    }

    /// The network's table.
    pub fn summary(&self) -> Summary {
        self.model.summary()
    }

    /// The optimiser forgets what it remembers, and averages go; the weights stay.
    pub fn restart_optimizer(&mut self) {
        self.optimizer = Optimizer::new(self.optimizer.rule(), 0);
        self.average = None;
        self.shown = None;
        self.host_state = None;
    }

    /// Uploads what the next step needs beside its batch; better before the batch is gathered than after.
    pub fn upload_step_size(&mut self, lr: f64) {
        self.optimizer.upload_step_size(lr, &self.inner_device);
    }

    /// One optimiser step: forward, backward, the rule, running statistics, averages. Nothing is read back.
    pub fn step(&mut self, batch: &Batch, draws: Draws, lr: f64) {
        self.end_host_state();
        self.shown = None;
        if self.average.is_none() && self.optimizer.rule().averaging > 0.0 {
            self.average = Some(average::begin(&self.model));
        }
        let groups = self.groups(batch.records);
        let Pass { logits, statistics } = forward(&self.model, batch, draws, &groups);
        let mut gradients = self.gathering(logits, batch);
        self.optimizer.step(&mut self.model, &mut gradients, lr);
        running::advance(&mut self.model, &statistics, &groups);
        self.advance_average();
    }

    /// Goes backward from a batch's logits, and leaves its loss and number classified correctly to be read.
    fn gathering(&mut self, logits: Tensor<2>, batch: &Batch) -> Gradients {
        // On WebGPU loss and number classified correctly come out of one kernel.
        #[cfg(feature = "webgpu")]
        if crate::gpu::runs_on(&self.inner_device) {
            let targets = batch.targets.clone();
            let found = crate::gpu::classify(logits, targets, self.label_smoothing);
            let gradients = found.loss.backward();
            self.gather(found.tally, batch); // [2]
            return gradients;
        }
        let Loss { learnt, plain } = self.loss(logits.clone(), batch);
        let gradients = learnt.backward();
        self.gather(figures(plain, logits.inner(), batch), batch);
        gradients
    }

    /// What is learnt from a batch's logits, and what is said of it.
    fn loss(&self, logits: Tensor<2>, batch: &Batch) -> Loss {
        loss::loss(logits, &batch.targets, self.label_smoothing)
    }

    /// Numbers of records of a batch that are normalised together.
    fn groups(&self, records: usize) -> Vec<usize> {
        if self.model.plan().is_grouped() {
            group_sizes(records, self.plan().spec.norm_group)
        } else {
            vec![records]
        }
    }

    /// Numbers of records of a batch that each of so many workers computes: whole groups where records are
    /// normalised together, else as even as may be.
    pub fn slice_sizes(&self, records: usize, workers: usize) -> Vec<usize> {
        if self.model.plan().is_grouped() {
            slice_sizes(&group_sizes(records, self.plan().spec.norm_group), workers)
        } else {
            slice_sizes(&vec![1; records], workers)
        }
    }

    /// What a step would follow, read back; the model stays as it is.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read it back.
    pub async fn probe(&self, batch: &Batch, draws: Draws) -> Result<Probe, Error> {
        let model = self.model();
        let groups = self.groups(batch.records);
        let Pass { logits, .. } = forward(&model, batch, draws, &groups);
        let Loss { learnt, plain } = self.loss(logits.clone(), batch);
        let mut gradients = learnt.backward();
        let places = model.trainable().into_iter();
        let found = places.filter_map(|place| model.values().get(place));
        let flat = found.filter_map(|value| value.take_gradient(&mut gradients));
        let flat = flat.collect();
        Ok(Probe {
            logits: numbers(logits.inner()).await?,
            loss: numbers(plain).await?,
            gradients: read_flat(flat).await?,
        })
    }

    /// Sums are left to the host: added up here in `f32`, they would depend on when they are read.
    fn gather(&mut self, figures: Tensor<1>, batch: &Batch) {
        self.gathered.push(figures);
        self.gathered_records.push(batch.records);
    }

    /// Number of steps since the last read.
    pub fn unread_steps(&self) -> usize {
        self.gathered.len()
    }

    /// Waits for the steps so far and adds what they came to to `mean`.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read it back.
    pub async fn read_running(&mut self, mean: &mut RunningMean) -> Result<(), Error> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let records = std::mem::take(&mut self.gathered_records);
        let steps = numbers(Tensor::cat(std::mem::take(&mut self.gathered), 0)).await?; // [2 · steps]
        for (step, records) in steps.chunks_exact(2).zip(records) {
            if let [loss, right] = *step {
                mean.add(f64::from(loss), f64::from(right), records);
            }
        }
        Ok(())
    }

    /// Computes logits without gradients and reads them back: a number a class of each image.
    ///
    /// # Shapes
    /// `[n, channels, height, width]` → `n · classes` numbers.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read them back.
    pub async fn logits(&self, images: Tensor<4>) -> Result<Vec<f32>, Error> {
        let model = match &self.shown {
            Some((_, shown)) => shown.valid(),
            None => self.model().valid(),
        };
        numbers(model.forward(images, Mode::Evaluate).logits).await
    }
}

/// Loss and gradients of one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// `[n, classes]`, row by row.
    pub logits: Vec<f32>,
    /// `[1]`: mean loss over the batch.
    pub loss: Vec<f32>,
    /// The gradient of each trainable tensor, flattened, in the plan's order.
    pub gradients: Vec<Vec<f32>>,
}

/// A training pass over a batch.
fn forward(model: &Model, batch: &Batch, draws: Draws, groups: &[usize]) -> Pass {
    let mode = Mode::Train { draws, groups };
    model.forward(batch.images.clone().autodiff(), mode)
}
