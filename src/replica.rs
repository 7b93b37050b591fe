//! What a helper is made of: a model that takes over the parameters of each job and computes it.
//!
//! Nothing is kept from one job to the next but the memory, so any replica answers any job with the same
//! bits. It has no optimiser and no data; `pool.rs` says what is asked.

use std::ops::Range;

use crate::batch::{self, RecordSlice};
use crate::error::Error;
use crate::model::NetworkSpec;
use crate::pool::{Job, Task};
use crate::protocol::RecordSpec;
use crate::train::Learner;
use burn::tensor::Device;

/// A model without a state of its own.
#[derive(Debug)]
pub struct Replica {
    spec: RecordSpec,
    learner: Learner,
}

impl Replica {
    /// A replica of the tutorial's network for records like these, on `device` (without autodiff).
    ///
    /// # Errors
    /// [`Error::Dataset`] when the pictures are too small for it.
    pub fn new(spec: RecordSpec, device: &Device) -> Result<Self, Error> {
        let network = NetworkSpec::tutorial(spec);
        network.check()?;
        // The seed is of no matter: each job brings the parameters.
        let learner = Learner::new(&network, 0, device);
        Ok(Self { spec, learner })
    }

    /// What the records of its jobs are.
    pub fn spec(&self) -> RecordSpec {
        self.spec
    }

    /// Computes a job, whose parameters it takes over.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when the parameters are another network's; [`Error::Compute`].
    pub async fn answer(&mut self, job: &Job<'_>) -> Result<Vec<f32>, Error> {
        self.learner.set_parameters(job.parameters)?;
        answer(&self.learner, job).await
    }

    /// Takes over parameters, `entries` in all, of which `numbers` gives those in a range: so each is copied once.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when they are another network's.
    pub fn take(
        &mut self,
        entries: usize,
        numbers: impl FnMut(Range<usize>) -> Vec<f32>,
    ) -> Result<(), Error> {
        self.learner.take_parameters(entries, numbers)
    }

    /// Computes what [`answer`] does with the parameters that were taken, in pieces: joined they would be
    /// copied once more.
    ///
    /// # Errors
    /// [`Error::Compute`].
    pub async fn pieces(
        &self,
        task: Task,
        pixels: &[u8],
        labels: &[u8],
    ) -> Result<Vec<Vec<f32>>, Error> {
        let slice = RecordSlice {
            spec: self.spec,
            pixels,
            labels,
        };
        pieces(&self.learner, task, slice).await
    }
}

/// Computes a job with the parameters that `learner` has: they have to be the job's.
///
/// # Errors
/// [`Error::Compute`].
pub async fn answer(learner: &Learner, job: &Job<'_>) -> Result<Vec<f32>, Error> {
    let Job {
        spec,
        pixels,
        labels,
        ..
    } = *job;
    let slice = RecordSlice {
        spec,
        pixels,
        labels,
    };
    let pieces = pieces(learner, job.task, slice).await?;
    Ok(pieces.concat())
}

async fn pieces(
    learner: &Learner,
    task: Task,
    slice: RecordSlice<'_>,
) -> Result<Vec<Vec<f32>>, Error> {
    match task {
        Task::Gradients => {
            let batch = slice.upload(learner.device());
            learner.slice_gradients(&batch).await
        }
        Task::Logits => {
            let images = batch::images(slice.pixels, slice.spec.image, learner.device());
            Ok(vec![learner.logits(images).await?])
        }
    }
}
