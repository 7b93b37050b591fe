//! The session's other half: what the model makes of records and pictures, without training it.

use super::Session;
use crate::batch::{self, ResidentImages};
use crate::error::Error;
use crate::metrics::softmax;
use crate::plan::{Measured, Plan};
use crate::platform::now_ms;
use crate::protocol::{Evaluation, MEASURE_BATCH, RecordSpec, Split};
use crate::run::Measurement;

/// Training records that are measured at most: as many as CIFAR-10 has test records.
const TRAINING_MEASURED_MAX: usize = 10_000;
const BATCH: usize = MEASURE_BATCH as usize;
/// Longest time that a batch may keep others (a pause, a prediction) waiting.
const LARGE_BATCH_MS: f64 = 200.0;

impl Session {
    /// Measures the next batch of its records, or as many as there are workers.
    pub(super) async fn measure(
        &self,
        plan: &Plan,
        measurement: &mut Measurement,
    ) -> Result<(), Error> {
        let started_ms = now_ms();
        let records = plan.records(&self.dataset, measurement.set);
        let first = measurement.done;
        let wanted = self.measure_batch(plan, measurement);
        let end = measured_count(plan, measurement.set).min(first + wanted);
        let indices: Vec<usize> = (first..end).collect();
        let logits = match self.resident(plan, measurement.set) {
            Some(resident) => {
                let images = resident.images(&indices, self.learner.device());
                self.learner.logits(images).await?
            }
            None => {
                let bytes = batch::gather_bytes(records, &indices, None);
                self.logits_of(&bytes.pixels, BATCH).await?
            }
        };
        let classes = records.spec().classes;
        let labels: Vec<u8> = (indices.iter())
            .filter_map(|index| Some(records.get(*index)?.label))
            .collect();
        measurement.tally.add_all(&logits, classes, &labels);
        if let Some(flips) = &mut measurement.flips {
            let bytes = batch::gather_bytes(records, &indices, None);
            let mirrored = batch::mirrored(&bytes.pixels, self.dataset.image().width as usize);
            let others = self.logits_of(&mirrored, BATCH).await?;
            let pairs = logits.iter().zip(&others);
            let both: Vec<f32> = pairs.map(|(one, other)| (one + other) / 2.0).collect();
            flips.add_all(&both, classes, &labels);
        }
        measurement.done += indices.len();
        let took_ms = now_ms() - started_ms;
        measurement.elapsed_ms += took_ms;
        measurement.last = Some((took_ms, indices.len()));
        Ok(())
    }

    /// Records of the next batch: a hundred for each worker; on a GPU that is quick enough as many as its
    /// buffers take, since a read costs it more than a hundred records.
    fn measure_batch(&self, plan: &Plan, measurement: &Measurement) -> usize {
        let Some(_) = self.resident(plan, measurement.set) else {
            return BATCH * self.pool().map_or(1, |pool| pool.workers());
        };
        let large = self.backend.measure_batch_max.max(BATCH);
        let quick = |(took_ms, records): (f64, usize)| {
            records >= BATCH && took_ms * large as f64 / records as f64 <= LARGE_BATCH_MS
        };
        match measurement.last {
            Some(last) if quick(last) => large,
            _ => BATCH,
        }
    }

    /// What a measurement came to.
    pub fn evaluation_of(&self, measurement: &Measurement) -> Evaluation {
        Evaluation {
            weights: self.weights_kind(),
            ..measurement.evaluation()
        }
    }

    /// A measurement on records of this set that has not begun.
    pub fn measurement(&self, set: impl Into<Measured>) -> Measurement {
        Measurement::new(set.into(), self.dataset.spec().classes)
    }

    /// The records of a set that the graphics card holds: those that each epoch is measured on.
    fn resident(&self, plan: &Plan, set: Measured) -> Option<&ResidentImages> {
        let resident = self.resident_measured.as_ref();
        resident.filter(|_| set == plan.after_epoch())
    }

    /// Measures the next batch for `evaluate`. Returns true while there is more to do, so that a host
    /// can serve others in between.
    ///
    /// # Errors
    /// [`Error::DataMissing`] without the run's records; [`Error::Compute`].
    pub async fn evaluate_some(&self, measurement: &mut Measurement) -> Result<bool, Error> {
        self.plan.check(&self.dataset, &self.config)?;
        self.measure(&self.plan, measurement).await?;
        Ok(measurement.done < measured_count(&self.plan, measurement.set))
    }

    /// Measures on all chosen test records, or on the first 10,000 of those that it trains on, which are
    /// not augmented then: how far it does better on these is the gap that overfitting opens.
    ///
    /// # Errors
    /// As [`Session::evaluate_some`].
    pub async fn evaluate(&self, set: Split) -> Result<Evaluation, Error> {
        let mut measurement = self.measurement(set);
        while self.evaluate_some(&mut measurement).await? {}
        Ok(self.evaluation_of(&measurement))
    }

    /// The same beside the figure that averages over each picture and its mirror image.
    ///
    /// # Errors
    /// As [`Session::evaluate_some`].
    pub async fn evaluate_with_flips(&self, set: Split) -> Result<Evaluation, Error> {
        let mut measurement = self.measurement(set).with_flips();
        while self.evaluate_some(&mut measurement).await? {}
        Ok(self.evaluation_of(&measurement))
    }

    /// Classifies images of the data's shape, each plane by plane. Returns for each as many probabilities as there are
    /// classes.
    ///
    /// # Errors
    /// [`Error::PixelLength`] when `pixels` is empty or no whole number of images;
    /// [`Error::Compute`].
    pub async fn predict(&self, pixels: &[u8]) -> Result<Vec<f32>, Error> {
        let RecordSpec { image, classes } = self.dataset.spec();
        let image_bytes = image.bytes();
        if pixels.is_empty() || !pixels.len().is_multiple_of(image_bytes) {
            return Err(Error::PixelLength {
                bytes: pixels.len(),
                images: pixels.len().div_ceil(image_bytes).max(1),
                image_bytes,
            });
        }
        let logits = self.logits_of(pixels, BATCH).await?;
        Ok(logits.chunks_exact(classes).flat_map(softmax).collect())
    }
}

/// How many records of a set are measured.
fn measured_count(plan: &Plan, set: Measured) -> usize {
    let all = plan.indices(set).len();
    match set {
        Measured::Train => all.min(TRAINING_MEASURED_MAX),
        Measured::Validation | Measured::Test => all,
    }
}
