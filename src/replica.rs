//! What a helper is made of: a model that takes over the numbers of each job and computes it.
//!
//! Nothing is kept from one job to the next but the memory, so any replica answers any job with the same
//! bits. It has no optimiser and no data; `pool.rs` says what is asked.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Device;

use crate::batch::{self, RecordSlice};
use crate::error::Error;
use crate::network::NetworkPlan;
use crate::optimizer::{Matrices, Orthogonal, Share};
use crate::pool::{Job, Task};
use crate::protocol::{Arithmetic, ModelSpec, RecordSpec};
use crate::random::Draws;
use crate::train::Learner;

/// A model without a state of its own.
#[derive(Debug)]
pub struct Replica {
    device: Device,
    /// Of the last job's model, arithmetic and smoothing; the next one's may be others.
    learner: Option<Learner>,
    orthogonal: Orthogonal,
}

impl Replica {
    /// A replica on `device` (without autodiff), of whatever model its jobs are.
    pub fn new(device: &Device) -> Self {
        Self {
            device: device.clone(),
            learner: None,
            orthogonal: Orthogonal::default(),
        }
    }

    /// Computes a job, whose numbers it takes over.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when its network cannot be; [`Error::Checkpoint`] when the numbers are another
    /// network's; [`Error::Compute`].
    pub async fn answer(&mut self, job: &Job<'_>) -> Result<Vec<f32>, Error> {
        if let Task::Directions(share) = job.task {
            return self.directions(job.model, share, job.values.to_vec());
        }
        let of = |range: Range<usize>| job.values.get(range).unwrap_or_default().to_vec();
        let how = (job.arithmetic, job.label_smoothing);
        self.take(job.model, how, job.values.len(), of)?;
        let pieces = self.pieces(job.task, job.draws, job.pixels, job.labels);
        Ok(pieces.await?.concat())
    }

    /// Takes over a model with `entries` numbers in all, of which `numbers` gives those in a range: so each is copied
    /// once. `how`: how its blocks round, and how much of a target is spread over all classes.
    ///
    /// # Errors
    /// As [`Replica::answer`].
    pub fn take(
        &mut self,
        model: &ModelSpec,
        how: (Arithmetic, f32),
        entries: usize,
        numbers: impl FnMut(Range<usize>) -> Vec<f32>,
    ) -> Result<(), Error> {
        let is_same = |learner: &Learner| {
            (learner.arithmetic(), learner.label_smoothing()) == how
                && learner.plan().spec == *model
        };
        if !self.learner.as_ref().is_some_and(is_same) {
            let plan = Arc::new(NetworkPlan::new(model)?);
            // The seed is of no matter: each job brings the numbers.
            let (arithmetic, label_smoothing) = how;
            let learner = Learner::new(&plan, 0, &self.device).with_arithmetic(arithmetic);
            self.learner = Some(learner.with_label_smoothing(label_smoothing));
        }
        match &mut self.learner {
            Some(learner) => learner.load_flat(entries, numbers),
            None => Ok(()), // There always is one by now.
        }
    }

    /// Makes the directions of these steps of a share of the model's matrices equally strong.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when its network cannot be; [`Error::Checkpoint`] when the steps are another network's.
    pub fn directions(
        &mut self,
        model: &ModelSpec,
        share: Share,
        steps: Vec<f32>,
    ) -> Result<Vec<f32>, Error> {
        let known = self.learner.as_ref().map(Learner::plan);
        let plan = match known.filter(|plan| plan.spec == *model) {
            Some(plan) => Arc::clone(plan),
            None => Arc::new(NetworkPlan::new(model)?),
        };
        directions(&plan, share, &mut self.orthogonal, steps)
    }

    /// Computes what [`answer`] does with the numbers that were taken, in pieces: joined they would be
    /// copied once more.
    ///
    /// # Errors
    /// [`Error::NotLoaded`] before any were taken; [`Error::Compute`].
    pub async fn pieces(
        &self,
        task: Task,
        draws: Draws,
        pixels: &[u8],
        labels: &[u8],
    ) -> Result<Vec<Vec<f32>>, Error> {
        let learner = self.learner.as_ref().ok_or(Error::NotLoaded)?;
        pieces(learner, task, draws, pixels, labels).await
    }
}

/// Computes a job with the numbers that `learner` has: they have to be the job's.
///
/// # Errors
/// [`Error::Compute`]; [`Error::Checkpoint`] when steps are another network's.
pub async fn answer(learner: &Learner, job: &Job<'_>) -> Result<Vec<f32>, Error> {
    if let Task::Directions(share) = job.task {
        let mut room = Orthogonal::default();
        return directions(learner.plan(), share, &mut room, job.values.to_vec());
    }
    let pieces = pieces(learner, job.task, job.draws, job.pixels, job.labels).await?;
    Ok(pieces.concat())
}

fn directions(
    plan: &NetworkPlan,
    share: Share,
    room: &mut Orthogonal,
    mut steps: Vec<f32>,
) -> Result<Vec<f32>, Error> {
    let fits = Matrices::of(plan).flatten(share, room, &mut steps);
    let answer = fits.then_some(steps);
    answer.ok_or_else(|| Error::checkpoint("a helper's steps are of another network".into()))
}

async fn pieces(
    learner: &Learner,
    task: Task,
    draws: Draws,
    pixels: &[u8],
    labels: &[u8],
) -> Result<Vec<Vec<f32>>, Error> {
    let model = &learner.plan().spec;
    match task {
        Task::Gradients => {
            let spec = RecordSpec {
                image: model.image,
                classes: model.classes as usize,
            };
            let slice = RecordSlice {
                spec,
                pixels,
                labels,
            };
            let batch = slice.upload(learner.device());
            learner.slice_gradients(&batch, draws).await
        }
        Task::Logits => {
            let images = batch::images(pixels, model.image, learner.device());
            Ok(vec![learner.logits(images).await?])
        }
        Task::Directions(_) => Ok(Vec::new()), // They need no numbers of a model.
    }
}
