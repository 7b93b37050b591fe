//! Whether a run's description is what it may be, and its parts fit each other.

use super::{RunPosition, RunState, VERSION_BYTES_MAX};
use crate::error::Error;
use crate::protocol::{Evaluation, limits};

impl RunState {
    /// Whether the parts are what they may be, and fit each other.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.config().validate()?;
        self.fits()
            .map_err(|problem| Error::checkpoint(problem.into()))
    }

    fn fits(&self) -> Result<(), &'static str> {
        let epochs = self.history.len();
        let in_order = self
            .history
            .iter()
            .zip(1..)
            .all(|(row, number)| row.epoch == number);
        if !in_order {
            return Err("its epochs are not in order");
        }
        // What follows from these is allocated before any data is asked for.
        let fits = (1..=self.recipe.train).contains(&self.train_used)
            && self.validation_used <= self.recipe.train - self.train_used.min(self.recipe.train)
            && (self.validation_used > 0) == self.config().keeps_best()
            && (1..=self.recipe.test).contains(&self.test_used);
        if self.optimizer_steps < 0 || !fits {
            return Err("its numbers of steps and records make no sense");
        }
        let classes = self.recipe.model.classes as usize;
        if !limits::are_class_names(&self.class_names) || self.class_names.len() != classes {
            return Err("it does not name its classes");
        }
        let version = self.origin.as_ref().map_or("", |origin| &origin.version);
        if version.len() > VERSION_BYTES_MAX {
            return Err("the version that saved it is none");
        }
        if self.data.as_ref().is_some_and(|data| !data.is_plausible()) {
            return Err("what it says of its records makes no sense");
        }
        if !self.trace.fits(epochs) {
            return Err("its curve is not of its run");
        }
        if self
            .evaluation
            .as_ref()
            .is_some_and(|found| !self.came_to(found))
        {
            return Err("its evaluation is not of its run");
        }
        let Some(position) = &self.position else {
            return Ok(());
        };
        let steps = self.config().steps(self.train_used);
        let sums = [position.loss_sum, position.correct, position.train_ms];
        let fits = position.epoch as usize == epochs
            && (position.epoch < position.epochs_end || self.measures_at_end(position))
            && position.epochs_end - position.epoch <= self.recipe.epochs
            && position.step <= steps
            && u64::from(position.records)
                <= u64::from(position.step) * u64::from(self.recipe.batch)
            && position.records <= self.train_used
            && sums.iter().all(|sum| sum.is_finite() && *sum >= 0.0);
        if fits {
            Ok(())
        } else {
            Err("its position is not in its run")
        }
    }
}

impl RunState {
    /// Whether all that is left is to measure the test records.
    fn measures_at_end(&self, position: &RunPosition) -> bool {
        let is_at_end = position.epoch == position.epochs_end && position.epoch > 0;
        is_at_end && position.step == 0 && self.validation_used > 0
    }

    /// Whether an evaluation can be this run's.
    fn came_to(&self, found: &Evaluation) -> bool {
        let classes = self.class_names.len();
        let is_square = found.confusion.len() == classes
            && found.class_accuracy.len() == classes
            && found.confusion.iter().all(|row| row.len() == classes);
        let cells = found.confusion.iter().flatten();
        let counted: u64 = cells.map(|n| u64::from(*n)).sum();
        let shares = found.class_accuracy.iter().flatten();
        is_square
            && counted == u64::from(found.records)
            && [self.test_used, self.validation_used].contains(&found.records)
            && shares
                .chain([&found.accuracy])
                .all(|share| (0.0..=1.0).contains(share))
            && [found.loss, found.seconds]
                .iter()
                .all(|n| n.is_finite() && *n >= 0.0)
    }
}
