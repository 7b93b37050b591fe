//! [`Batch`] + [`Model`] → a better [`Model`]: one optimiser step, and logits read back to measure.
//!
//! The loss stays on the device; [`Learner::read_running`] fetches what has gathered there. This is
//! not a loop: how many steps, when to report and when to stop are `session.rs`'s business.

mod joint;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Gradients, Int, Tensor};

use crate::adam::Adam;
use crate::batch::{Batch, numbers};
use crate::checkpoint::Numbers;
use crate::error::Error;
use crate::layout::Slot;
use crate::metrics::RunningMean;
use crate::model::{Model, NetworkSpec};
use crate::parameters::{self, read_flat};
use crate::protocol::Summary;

use joint::Joint;
pub use joint::SliceResult;

/// The model, its optimiser and what they gather on the device between two reads.
#[derive(Debug)]
pub struct Learner {
    model: Model,
    adam: Adam,
    /// For each step since the last read: `[2]`, its mean loss and number classified rightly.
    gathered: Vec<Tensor<1>>,
    /// Number of records of each of those steps.
    gathered_records: Vec<usize>,
    inner_device: Device,
    /// After steps with helpers: the state as plain numbers.
    joint: Option<Joint>,
}

impl Learner {
    /// A fresh model from `seed` on `device` (without autodiff; it is added here).
    pub fn new(spec: &NetworkSpec, seed: u32, device: &Device) -> Self {
        Self {
            model: Model::new(spec, seed, &device.clone().autodiff()),
            adam: Adam::default(),
            gathered: Vec::new(),
            gathered_records: Vec::new(),
            inner_device: device.clone(),
            joint: None,
        }
    }

    /// The same learner, computed by Burn's own operators alone.
    #[must_use]
    pub fn layer_by_layer(mut self) -> Self {
        self.model = self.model.layer_by_layer();
        self
    }

    /// The device that batches are to be uploaded to.
    pub fn device(&self) -> &Device {
        &self.inner_device
    }

    /// The network's table.
    pub fn summary(&self) -> Summary {
        self.model.summary()
    }

    /// The optimiser forgets its moments; the weights stay.
    pub fn restart_optimizer(&mut self) {
        self.adam = Adam::default();
        self.joint = None;
    }

    /// Uploads what the next step needs beside its batch; better before the batch is gathered than after.
    pub fn upload_step_size(&mut self, lr: f64) {
        self.adam.upload_step_size(lr, &self.inner_device);
    }

    /// One optimiser step: forward, backward, Adam. Nothing is read back.
    pub fn step(&mut self, batch: &Batch, lr: f64) {
        self.end_joint();
        #[cfg(feature = "webgpu")]
        if crate::gpu::runs_on(&self.inner_device) {
            return self.step_on_gpu(batch, lr);
        }
        let (logits, loss) = forward(&self.model, batch);
        let mut gradients = loss.backward();
        self.model = self.adam.step(self.model.clone(), &mut gradients, lr);
        self.gather(loss.inner(), logits.inner(), batch);
    }

    /// The same where loss and number classified rightly come out of one kernel.
    #[cfg(feature = "webgpu")]
    fn step_on_gpu(&mut self, batch: &Batch, lr: f64) {
        let logits = self.model.forward(batch.images.clone().autodiff());
        let found = crate::gpu::classify(logits, batch.targets.clone());
        let mut gradients = found.loss.backward();
        self.model = self.adam.step(self.model.clone(), &mut gradients, lr);
        self.gathered.push(found.tally); // [2]
        self.gathered_records.push(batch.records);
    }

    /// What a step would follow, read back; the model stays as it is.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read it back.
    pub async fn probe(&self, batch: &Batch) -> Result<Probe, Error> {
        let model = self.model();
        let (logits, loss) = forward(&model, batch);
        let gradients = loss.backward();
        let mut collector = Collector {
            gradients: &gradients,
            flat: Vec::new(),
        };
        model.visit(&mut collector);
        Ok(Probe {
            logits: numbers(logits.inner()).await?,
            loss: numbers(loss.inner()).await?,
            gradients: read_flat(collector.flat).await?,
        })
    }

    /// Reads back all that a later learner needs to go on exactly: parameters and Adam's moments, and
    /// its number of steps.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read them back.
    pub async fn numbers(&self) -> Result<(Numbers, i32), Error> {
        if let Some(found) = self.joint_numbers() {
            return Ok(found);
        }
        let (means, squares) = self.adam.moments();
        let numbers = Numbers {
            parameters: parameters::read(&self.model).await?,
            means: read_flat(means).await?,
            squares: read_flat(squares).await?,
        };
        Ok((numbers, self.adam.steps()))
    }

    /// Takes over what [`Learner::numbers`] read.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it is of another network; the learner is as it was.
    pub fn take_over(&mut self, found: &Numbers, adam_steps: i32) -> Result<(), Error> {
        self.model = parameters::write(self.model.clone(), &found.parameters)?;
        self.adam =
            Adam::with_moments(adam_steps, &found.means, &found.squares, &self.inner_device);
        self.joint = None;
        Ok(())
    }

    /// Name and shape of every parameter.
    pub fn slots(&self) -> Vec<Slot> {
        self.model.slots()
    }

    /// Sums are left to the host: added up here in `f32`, they would depend on when they are read.
    fn gather(&mut self, loss: Tensor<1>, logits: Tensor<2>, batch: &Batch) {
        self.gathered.push(figures(loss, logits, batch));
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

    /// Computes logits without gradients and reads them back: 10 numbers an image.
    ///
    /// # Shapes
    /// `[n, 3, 32, 32]` → `n · 10` numbers.
    ///
    /// # Errors
    /// [`Error::Compute`] when the backend cannot read them back.
    pub async fn logits(&self, images: Tensor<4>) -> Result<Vec<f32>, Error> {
        numbers(self.model().valid().forward(images)).await
    }
}

/// Loss and gradients of one batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// `[n, 10]`, row by row.
    pub logits: Vec<f32>,
    /// `[1]`: mean loss over the batch.
    pub loss: Vec<f32>,
    /// The gradient of each parameter tensor, flattened, in the module's order.
    pub gradients: Vec<Vec<f32>>,
}

/// Logits `[n, 10]` and their mean loss `[1]`.
fn forward(model: &Model, batch: &Batch) -> (Tensor<2>, Tensor<1>) {
    let logits = model.forward(batch.images.clone().autodiff());
    let loss = cross_entropy(logits.clone(), &batch.targets);
    (logits, loss)
}

/// Mean loss and number classified rightly.
///
/// # Shapes
/// Loss `[1]`, logits `[n, 10]` → `[2]`.
fn figures(loss: Tensor<1>, logits: Tensor<2>, batch: &Batch) -> Tensor<1> {
    let predicted: Tensor<1, Int> = logits.argmax(1).squeeze_dim(1); // [n]
    let right = predicted.equal(batch.labels.clone()).float().sum(); // [1]
    Tensor::cat(vec![loss, right], 0)
}

/// Visits the parameters of a module in order and gathers their gradients, flattened.
struct Collector<'a> {
    gradients: &'a Gradients,
    flat: Vec<Tensor<1>>,
}

impl ModuleVisitor for Collector<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.flat.push(gradient.flatten(0, D - 1));
        }
    }
}

/// Mean categorical cross-entropy from logits. One-hot targets instead of labels and `gather`, whose
/// backward pass is a scatter: a multiplication fuses.
///
/// # Shapes
/// Logits and targets `[n, 10]` → `[1]`.
fn cross_entropy(logits: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
    #[cfg(feature = "webgpu")]
    if crate::gpu::runs_on(&logits.device()) {
        return crate::gpu::classify(logits, targets.clone()).loss;
    }
    let [records, _] = logits.dims();
    (log_softmax(logits, 1) * targets.clone().autodiff()).sum() / -(records as f64)
}
