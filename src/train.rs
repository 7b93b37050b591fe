//! [`Batch`] + [`Model`] → a better [`Model`]: one optimiser step, and logits read back to measure.
//!
//! The loss stays on the device; [`Learner::read_running`] fetches what has gathered there. This is
//! not a loop: how many steps, when to report and when to stop are `session.rs`'s business.

use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};

use crate::adam::Adam;
use crate::batch::Batch;
use crate::error::Error;
use crate::metrics::RunningMean;
use crate::model::{Model, NetworkSpec};
use crate::protocol::Summary;

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
        }
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
    }

    /// One optimiser step: forward, backward, Adam. Nothing is read back.
    pub fn step(&mut self, batch: &Batch, lr: f64) {
        let logits = self.model.forward(batch.images.clone().autodiff()); // [n, 10]
        let loss = cross_entropy(logits.clone(), &batch.targets); // [1]
        let mut gradients = loss.backward();
        self.model = self.adam.step(self.model.clone(), &mut gradients, lr);
        self.gather(loss.inner(), logits.inner(), batch);
    }

    /// Sums are left to the host: added up here in `f32`, they would depend on when they are read.
    fn gather(&mut self, loss: Tensor<1>, logits: Tensor<2>, batch: &Batch) {
        let predicted: Tensor<1, Int> = logits.argmax(1).squeeze_dim(1); // [n]
        let right = predicted.equal(batch.labels.clone()).float().sum(); // [1]
        self.gathered.push(Tensor::cat(vec![loss, right], 0)); // [2]
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
        let steps = read(Tensor::cat(std::mem::take(&mut self.gathered), 0)).await?; // [2 · steps]
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
        read(self.model.valid().forward(images)).await
    }
}

/// Mean categorical cross-entropy from logits. One-hot targets instead of labels and `gather`, whose
/// backward pass is a scatter: a multiplication fuses.
///
/// # Shapes
/// Logits and targets `[n, 10]` → `[1]`.
fn cross_entropy(logits: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
    let [records, _] = logits.dims();
    (log_softmax(logits, 1) * targets.clone().autodiff()).sum() / -(records as f64)
}

async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    let data = tensor
        .into_data_async()
        .await
        .map_err(|error| compute_error(&error))?;
    data.try_into_vec::<f32>()
        .map_err(|error| compute_error(&error))
}

fn compute_error(error: &impl std::fmt::Debug) -> Error {
    Error::Compute {
        problem: format!("{error:?}"),
    }
}
