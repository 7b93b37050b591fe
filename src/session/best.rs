//! A run that ends with the weights of its best epoch: which that is, when no better one is waited for any more, and what
//! is measured at the end.
//!
//! All follows from the run's history, so that a run which was interrupted comes to the same end. The best epoch is the one
//! with the smallest loss on held-out records; the test records are measured once, with its weights.

use super::Session;
use crate::cifar::count;
use crate::error::Error;
use crate::plan::{Measured, Plan};
use crate::protocol::{EpochResult, Event, KeptEpoch};
use crate::run::Run;

impl Session {
    /// After an epoch: keeps its weights if none was better before, and ends the run where it has waited long enough for
    /// one. Nothing happens in a run that ends with its last weights.
    ///
    /// # Errors
    /// [`Error::Compute`] when the weights cannot be read back.
    pub(super) async fn choose_best(&mut self, run: &mut Run) -> Result<(), Error> {
        if !self.config.keeps_best() {
            return Ok(());
        }
        if best_epoch(&self.history) == Some(count(self.history.len())) {
            self.best = self.learner.result_tensors().await?;
        }
        if self.is_out_of_patience() {
            run.epochs_end = run.epoch;
        }
        Ok(())
    }

    /// Whether no epoch has been better than the best for as many as the run waits.
    fn is_out_of_patience(&self) -> bool {
        let since = best_epoch(&self.history).map(|best| count(self.history.len()) - best);
        self.config.patience > 0 && since >= Some(self.config.patience)
    }

    /// Measures the next of the test records with the best weights. Returns true when all are measured, which
    /// then are the run's evaluation.
    ///
    /// # Errors
    /// [`Error::Compute`].
    pub(super) async fn end_with_best(
        &mut self,
        run: &mut Run,
        plan: &Plan,
    ) -> Result<bool, Error> {
        if run.ending.is_none() {
            self.show_best();
        }
        let unmeasured = || self.measurement(Measured::Test);
        let mut measurement = run.ending.take().unwrap_or_else(unmeasured);
        self.measure(plan, &mut measurement).await?;
        let is_done = measurement.done >= plan.test.len();
        if is_done {
            self.evaluation = Some(self.evaluation_of(&measurement));
        }
        run.ending = Some(measurement);
        Ok(is_done)
    }

    /// From now on images are classified by the weights of the best epoch.
    pub(super) fn show_best(&mut self) {
        // They were read from this network, so they fit it.
        let _ = self.learner.show_best(&self.best);
    }

    /// What is said at the end of a run.
    pub(super) fn done(&self, run: &Run) -> Event {
        let keeps_best = self.config.keeps_best();
        let best = best_epoch(&self.history).filter(|_| keeps_best);
        Event::Done {
            epochs: run.epochs_end,
            more: self.more_epochs(false),
            kept: best.map(|epoch| KeptEpoch {
                epoch,
                stopped_early: run.epochs_end < self.config.epochs,
            }),
            evaluation: self.evaluation.clone().filter(|_| keeps_best).map(Box::new),
        }
    }
}

/// Number (from 1) of the epoch with the smallest loss on what each is measured on, the first of several; none before one
/// is complete.
fn best_epoch(history: &[EpochResult]) -> Option<u32> {
    let best = history
        .iter()
        .min_by(|a, b| a.val_loss.total_cmp(&b.val_loss));
    best.map(|row| row.epoch)
}
