//! What a helper is made of: a model that takes over the parameters of each job and computes it.
//!
//! Nothing is kept from one job to the next but the memory, so any replica answers any job with the same
//! bits. It has no optimiser and no data; `pool.rs` says what is asked.

use crate::batch::{self, RecordSlice};
use crate::error::Error;
use crate::model::NetworkSpec;
use crate::pool::{Job, Task};
use crate::train::Learner;
use burn::tensor::Device;

/// A model without a state of its own.
#[derive(Debug)]
pub struct Replica {
    learner: Learner,
}

impl Replica {
    /// A replica of the tutorial's network on `device` (without autodiff).
    pub fn new(device: &Device) -> Self {
        // The seed is of no matter: each job brings the parameters.
        let learner = Learner::new(&NetworkSpec::default(), 0, device);
        Self { learner }
    }

    /// Computes a job.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when the parameters are another network's; [`Error::Compute`].
    pub async fn answer(&mut self, job: &Job<'_>) -> Result<Vec<f32>, Error> {
        self.learner.set_parameters(job.parameters)?;
        answer(&self.learner, job).await
    }
}

/// Computes a job with the parameters that `learner` has: they have to be the job's.
///
/// # Errors
/// [`Error::Compute`].
pub async fn answer(learner: &Learner, job: &Job<'_>) -> Result<Vec<f32>, Error> {
    let Job { pixels, labels, .. } = *job;
    match job.task {
        Task::Gradients => {
            let slice = RecordSlice { pixels, labels };
            let batch = slice.upload(learner.device());
            learner.slice_gradients(&batch).await
        }
        Task::Logits => {
            learner
                .logits(batch::images(pixels, learner.device()))
                .await
        }
    }
}
