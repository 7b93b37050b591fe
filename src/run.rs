//! Where a run stands: epoch, stage, running figures and time, as plain numbers.
//!
//! Not the work itself: `session.rs` does the steps and tells this what they came to.

use crate::metrics::{RunningMean, Tally};
use crate::plan::Measured;
use crate::protocol::{EpochResult, Evaluation, FlipsEvaluation, Position, Progress, Stage};

/// A measurement under way, batch by batch.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// On which of the run's records it is.
    pub set: Measured,
    /// What the records so far came to.
    pub tally: Tally,
    /// The same with each picture's mirror image beside it; none where that was not asked for.
    pub flips: Option<Tally>,
    /// Number of records done.
    pub done: usize,
    /// Milliseconds spent.
    pub elapsed_ms: f64,
    /// Milliseconds of the last batch, and its records; none before the first.
    pub last: Option<(f64, usize)>,
}

impl Measurement {
    /// Nothing of so many classes measured yet, on records of this set.
    pub fn new(set: Measured, classes: usize) -> Self {
        Self {
            set,
            tally: Tally::new(classes),
            flips: None,
            done: 0,
            elapsed_ms: 0.0,
            last: None,
        }
    }

    /// The same measurement, of each picture and its mirror image too.
    #[must_use]
    pub fn with_flips(mut self) -> Self {
        self.flips = Some(self.tally.clone());
        self
    }

    /// The figures so far.
    pub fn evaluation(&self) -> Evaluation {
        let flips = self.flips.as_ref().map(|tally| {
            let Evaluation { loss, accuracy, .. } = tally.evaluation(0.0);
            FlipsEvaluation { loss, accuracy }
        });
        Evaluation {
            flips,
            ..self.tally.evaluation(self.elapsed_ms / 1e3)
        }
    }
}

/// An epoch under way.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// Order in which the records are visited.
    pub order: Vec<usize>,
    /// Steps done.
    pub step: u32,
    /// Steps in all.
    pub steps: u32,
    /// Running means of what has been read back.
    pub mean: RunningMean,
    /// Milliseconds of training.
    pub train_ms: f64,
    /// The validation, once the last step is done.
    pub validation: Option<Measurement>,
}

/// A step that took so much longer than the others was interrupted: the machine slept, or the tab was frozen.
const INTERRUPTED_MS: f64 = 10_000.0;
const INTERRUPTED_TIMES: f64 = 20.0;

impl Epoch {
    /// Adds what a step or a read took; of one that was interrupted as much as the others took.
    pub fn spend(&mut self, took_ms: f64) {
        let usual_ms = self.train_ms / f64::from(self.step.max(1));
        let was_interrupted = self.train_ms > 0.0
            && took_ms > INTERRUPTED_MS
            && took_ms > INTERRUPTED_TIMES * usual_ms;
        self.train_ms += if was_interrupted { usual_ms } else { took_ms };
    }

    /// The log's row of a complete epoch.
    pub fn result(&self, epoch: u32, evaluation: &Evaluation) -> EpochResult {
        EpochResult {
            epoch: epoch + 1,
            loss: self.mean.loss(),
            accuracy: self.mean.accuracy(),
            val_loss: evaluation.loss,
            val_accuracy: evaluation.accuracy,
            seconds: self.train_ms / 1e3 + evaluation.seconds,
            step_ms: self.train_ms / f64::from(self.steps.max(1)),
            lr: None,
            weights: evaluation.weights,
        }
    }
}

impl EpochResult {
    /// What was reported at this epoch's end, after `steps` steps over `images` images, of a run of `epochs` epochs.
    pub fn progress(&self, images: u32, steps: u32, epochs: u32) -> Progress {
        let train_s = self.step_ms * f64::from(steps) / 1e3;
        Progress {
            stage: Stage::Validating,
            epoch: self.epoch,
            epochs,
            step: steps,
            steps,
            loss: self.loss,
            accuracy: self.accuracy,
            images_per_second: if train_s > 0.0 {
                f64::from(images) / train_s
            } else {
                0.0
            },
            epoch_eta_s: 0.0,
            run_eta_s: self.seconds * f64::from(epochs.saturating_sub(self.epoch)),
        }
    }
}

/// A run: from `epoch` to `epochs_end`, both counted from 0.
#[derive(Clone, Debug)]
pub struct Run {
    /// The epoch under way.
    pub epoch: u32,
    /// The epoch after the last one.
    pub epochs_end: u32,
    /// The epoch's state; none between two epochs.
    pub state: Option<Epoch>,
    /// What is measured after the last epoch, on the test records, where each epoch is measured on others.
    pub ending: Option<Measurement>,
    /// Milliseconds that the last epoch's validation took; none in the first epoch.
    pub last_validation_ms: Option<f64>,
    /// When the last progress event was sent; endlessly long ago before the first.
    pub reported_ms: f64,
}

impl Run {
    /// A run of `epochs` epochs after `done` ones.
    pub fn new(done: u32, epochs: u32) -> Self {
        Self {
            epoch: done,
            epochs_end: done.saturating_add(epochs),
            state: None,
            ending: None,
            last_validation_ms: None,
            reported_ms: f64::NEG_INFINITY,
        }
    }

    /// Number of the epoch from 1, and steps done in it.
    pub fn position(&self) -> Position {
        Position {
            // While the test records are measured at its end no epoch is under way.
            epoch: self.epoch.min(self.epochs_end.saturating_sub(1)) + 1,
            step: self.state.as_ref().map_or(0, |epoch| epoch.step),
        }
    }

    /// Epochs trained, the present one in part.
    pub fn epochs_done(&self) -> f64 {
        let part = self.state.as_ref().map_or(0.0, |epoch| {
            f64::from(epoch.step) / f64::from(epoch.steps.max(1))
        });
        f64::from(self.epoch) + part
    }

    /// The figures for people; none between two epochs.
    pub fn progress(&self, test_records: usize) -> Option<Progress> {
        let epoch = self.state.as_ref()?;
        let images = epoch.mean.records as f64;
        let image_ms = if images > 0.0 {
            epoch.train_ms / images
        } else {
            0.0
        };
        let epoch_train_ms = image_ms * epoch.order.len() as f64;
        // Until one was measured: the forward pass is about a third of a training step.
        let validation_ms = self
            .last_validation_ms
            .unwrap_or(image_ms / 3.0 * test_records as f64);
        let spent_ms = epoch.train_ms + epoch.validation.as_ref().map_or(0.0, |v| v.elapsed_ms);
        let epoch_eta_ms = (epoch_train_ms + validation_ms - spent_ms).max(0.0);
        let epochs_left = f64::from(self.epochs_end.saturating_sub(self.epoch + 1));
        let run_eta_ms = epoch_eta_ms + epochs_left * (epoch_train_ms + validation_ms);
        Some(Progress {
            stage: match epoch.validation {
                None => Stage::Training,
                Some(_) => Stage::Validating,
            },
            epoch: self.epoch + 1,
            epochs: self.epochs_end,
            step: epoch.step,
            steps: epoch.steps,
            loss: epoch.mean.loss(),
            accuracy: epoch.mean.accuracy(),
            images_per_second: if image_ms > 0.0 { 1e3 / image_ms } else { 0.0 },
            epoch_eta_s: epoch_eta_ms / 1e3,
            run_eta_s: run_eta_ms / 1e3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_the_machine_slept_is_not_training_time() {
        let mut epoch = Epoch {
            order: Vec::new(),
            step: 1,
            steps: 100,
            mean: RunningMean::default(),
            train_ms: 0.0,
            validation: None,
        };
        epoch.spend(30_000.0); // The first one compiles, perhaps.
        assert_eq!(epoch.train_ms, 30_000.0);
        epoch.train_ms = 0.0;
        epoch.step = 10;
        epoch.spend(160.0);
        epoch.spend(3_600_000.0);
        assert_eq!(epoch.train_ms, 176.0);
        epoch.spend(9_000.0); // A busy machine is no sleeping one.
        assert_eq!(epoch.train_ms, 9_176.0);
    }
}
