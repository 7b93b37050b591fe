//! The session with helpers: a step and a measurement that are split over several workers. With one
//! worker nothing here runs.

use std::rc::Rc;
use std::sync::Arc;

use super::Session;
use crate::batch::{self, Augmentation, RecordBytes, RecordSlice};
use crate::error::Error;
use crate::metrics::RunningMean;
use crate::optimizer::Share;
use crate::pool::{Helpers, Job, Pool, Task};
use crate::protocol::Backend;
use crate::random::Draws;
use crate::replica;
use crate::train::{Learner, SliceResult};

impl Session {
    /// From now on `helpers` compute too, as many as the configuration wants. The backend tells how many.
    pub fn use_helpers(&mut self, helpers: Rc<dyn Helpers>) {
        let pool = self.pool_of(helpers, self.backend.active.active);
        self.backend.active.workers = crate::cifar::count(pool.workers());
        self.pool = Some(pool);
    }

    /// Those of `helpers` that the run wants on `backend`.
    pub(super) fn pool_of(&self, helpers: Rc<dyn Helpers>, backend: Backend) -> Pool {
        let batch = self.config.batch as usize;
        // As many slices as there could be.
        let parts = self.learner.slice_sizes(batch, batch).len();
        Pool::new(helpers, &self.config, backend, parts)
    }

    /// After the backend has changed: another one wants other helpers.
    pub(super) fn choose_helpers(&mut self) {
        if let Some(pool) = self.pool.take() {
            self.use_helpers(pool.helpers());
        }
    }

    /// The helpers, if there are any to ask.
    pub(super) fn pool(&self) -> Option<Pool> {
        self.pool.clone().filter(|pool| pool.workers() > 1)
    }

    /// One optimiser step whose gradients are computed in slices; adds what it came to to `mean`.
    pub(super) async fn step_data_parallel(
        &mut self,
        pool: &Pool,
        indices: &[usize],
        augmentation: Augmentation,
        lr: f64,
        mean: &mut RunningMean,
    ) -> Result<(), Error> {
        let records = self.plan.train_records(&self.dataset);
        let bytes = batch::gather_bytes(records, indices, Some(augmentation));
        let draws = Draws {
            seed: augmentation.seed,
            epoch: augmentation.epoch,
            step: augmentation.step,
            first_record: 0,
        };
        step_on_all(&mut self.learner, pool, &bytes, draws, lr, mean).await
    }

    /// Logits of several batches of images, one for each worker at a time.
    pub(super) async fn logits_data_parallel(
        &self,
        pool: &Pool,
        batches: &[&[u8]],
    ) -> Result<Vec<f32>, Error> {
        let plan = Arc::clone(self.learner.plan());
        let values = self.learner.joined_as_shown().await?;
        let mut logits = Vec::new();
        for round in batches.chunks(pool.workers()) {
            let Some((own, others)) = round.split_first() else {
                continue;
            };
            let jobs: Vec<Job<'_>> = others
                .iter()
                .map(|pixels| Job {
                    task: Task::Logits,
                    model: &plan.spec,
                    arithmetic: self.learner.arithmetic(),
                    label_smoothing: self.learner.label_smoothing(),
                    values: &values,
                    draws: Draws::default(),
                    pixels,
                    labels: &[],
                    answer_numbers: pixels.len() / plan.spec.image.bytes() * plan.classes(),
                })
                .collect();
            let asked = pool.ask(jobs.iter().copied());
            let images = batch::images(own, plan.spec.image, self.learner.device());
            logits.extend(self.learner.logits(images).await?);
            for (answer, job) in asked.answers().await.into_iter().zip(&jobs) {
                logits.extend(or_here(&self.learner, answer, job).await?);
            }
        }
        Ok(logits)
    }

    /// The logits of images, by all workers if there are several.
    ///
    /// # Shapes
    /// `n` images' bytes → `n · classes` numbers.
    pub(super) async fn logits_of(
        &self,
        pixels: &[u8],
        batch_images: usize,
    ) -> Result<Vec<f32>, Error> {
        let image = self.dataset.image();
        let batches: Vec<&[u8]> = pixels.chunks(batch_images * image.bytes()).collect();
        if let Some(pool) = self.pool().filter(|_| batches.len() > 1) {
            return self.logits_data_parallel(&pool, &batches).await;
        }
        let mut logits = Vec::new();
        for batch in batches {
            let images = batch::images(batch, image, self.learner.device());
            logits.extend(self.learner.logits(images).await?);
        }
        Ok(logits)
    }
}

/// A step of `learner` on a batch, by all workers. What a helper does not answer is computed here, so the
/// step is the same whoever died.
pub(super) async fn step_on_all(
    learner: &mut Learner,
    pool: &Pool,
    bytes: &RecordBytes,
    draws: Draws,
    lr: f64,
    mean: &mut RunningMean,
) -> Result<(), Error> {
    let plan = Arc::clone(learner.plan());
    let values = learner.joined().await?;
    let slices = bytes.slices(&learner.slice_sizes(bytes.labels.len(), pool.workers()));
    let Some((own, others)) = slices.split_first() else {
        return Ok(());
    };
    let mut first_record = own.labels.len() as u32;
    let job = |slice: &RecordSlice<'_>| {
        let first = first_record;
        first_record += slice.labels.len() as u32;
        (first, learner.slice_numbers(slice.labels.len()))
    };
    let places: Vec<(u32, usize)> = others.iter().map(job).collect();
    let jobs = others.iter().zip(places);
    let jobs: Vec<Job<'_>> = jobs
        .map(|(slice, (first_record, answer_numbers))| Job {
            task: Task::Gradients,
            model: &plan.spec,
            arithmetic: learner.arithmetic(),
            label_smoothing: learner.label_smoothing(),
            values: &values,
            draws: Draws {
                first_record,
                ..draws
            },
            pixels: slice.pixels,
            labels: slice.labels,
            answer_numbers,
        })
        .collect();
    let asked = pool.ask(jobs.iter().copied());
    learner.catch_up(); // Now that the others have something to do.
    let batch = own.upload(learner.device());
    let mut found = vec![SliceResult {
        numbers: learner.slice_gradients(&batch, draws).await?.concat(),
        records: batch.records,
    }];
    for (answer, job) in asked.answers().await.into_iter().zip(&jobs) {
        found.push(SliceResult {
            numbers: or_here(learner, answer, job).await?,
            records: job.labels.len(),
        });
    }
    drop(jobs);
    drop(values); // Else the step would write into a copy.
    learner.begin_step(&found).await?;
    flatten_on_all(learner, pool).await?;
    learner.end_step(&found, lr, mean);
    Ok(())
}

/// Where Muon moves matrices, makes the directions of their steps equally strong, by all workers.
async fn flatten_on_all(learner: &mut Learner, pool: &Pool) -> Result<(), Error> {
    let parts = crate::cifar::count(pool.workers());
    let Some(own) = learner.share(0, parts) else {
        return Ok(());
    };
    let plan = Arc::clone(learner.plan());
    let shares = (1..parts).filter_map(|part| learner.share(part, parts));
    let steps: Vec<(Share, Vec<f32>)> = (shares.map(|share| (share, learner.steps_of(share))))
        .filter(|(_, steps)| !steps.is_empty()) // There may be more workers than matrices.
        .collect();
    let jobs = steps.iter().map(|(share, steps)| Job {
        task: Task::Directions(*share),
        model: &plan.spec,
        arithmetic: learner.arithmetic(),
        label_smoothing: learner.label_smoothing(),
        values: steps,
        draws: Draws::default(),
        pixels: &[],
        labels: &[],
        answer_numbers: steps.len(),
    });
    let asked = pool.ask(jobs);
    learner.flatten(own);
    for (answer, (share, _)) in asked.answers().await.into_iter().zip(&steps) {
        match answer {
            Some(flattened) => learner.take_flattened(*share, &flattened),
            None => learner.flatten(*share),
        }
    }
    Ok(())
}

async fn or_here(
    learner: &Learner,
    answer: Option<Vec<f32>>,
    job: &Job<'_>,
) -> Result<Vec<f32>, Error> {
    match answer {
        Some(numbers) => Ok(numbers),
        None => replica::answer(learner, job).await,
    }
}
