//! A run that rests (it was stopped, restored or completed) and how it goes on: from where it stands, with
//! its weights and its optimiser's state, as a second Keras `fit` does. Two epochs and one more have the
//! bits of three.

use super::{DataUsed, Session};
use crate::cifar::count;
use crate::error::Error;
use crate::plan::Plan;
use crate::protocol::{Event, MoreEpochs, Position, Progress};
use crate::run::Run;

impl Session {
    /// Where the run stands; none when it is over.
    pub fn position(&self) -> Option<Position> {
        self.run.as_ref().map(Run::position)
    }

    /// For how many epochs in all a run may be trained that waits to go on, or is over; none where no more may be. One whose
    /// learning rate falls until its end goes on to that end alone.
    pub fn more_epochs(&self, waits: bool) -> Option<MoreEpochs> {
        let trained = count(self.history.len());
        if self.config.schedule.has_an_end() {
            let planned = self.config.epochs;
            return waits.then_some(MoreEpochs {
                least: planned,
                most: planned,
                usual: planned,
            });
        }
        MoreEpochs::after(trained).filter(|_| waits || trained > 0)
    }

    /// True while a run is under way or paused; not while it was stopped or restored and has not gone on.
    pub fn is_running(&self) -> bool {
        self.run.is_some() && !self.stopped
    }

    /// The figures of the place where the run stands, as its last report said them; none before the first step.
    pub fn progress(&self) -> Option<Progress> {
        let used = self.trained_on.as_ref()?;
        let now = self
            .run
            .as_ref()
            .and_then(|run| run.progress(used.after_epoch() as usize));
        let epochs = self.run.as_ref().map(|run| run.epochs_end);
        now.or_else(|| {
            let last = self.history.last()?;
            let epochs = epochs.unwrap_or(last.epoch);
            let steps = self.config.steps(used.train);
            let images = used.train.min(steps.saturating_mul(self.config.batch));
            Some(last.progress(images, steps, epochs))
        })
    }

    /// The run is to end after `epochs` epochs in all: one that is complete has more to train, which the next
    /// [`Session::advance`] begins; one that is paused, stopped or under way ends earlier or later.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when no more than that are to be trained, or too many, or when the run's learning rate
    /// was to fall until another end.
    pub fn extend(&mut self, epochs: u32) -> Result<(), Error> {
        let trained = count(self.history.len());
        let was_planned = self.has_learnt() && epochs != self.config.epochs;
        self.config = self.config.extended(epochs, trained, was_planned)?;
        match &mut self.run {
            Some(run) => run.epochs_end = epochs,
            None if trained > 0 => {
                self.run = Some(Run::new(trained, epochs - trained));
                self.stopped = true;
            }
            None => {} // It has not begun, and will end there.
        }
        Ok(())
    }

    /// Begins a run, or goes on with the one that rests.
    pub(super) fn begin(&mut self, plan: &Plan) -> Result<(), Error> {
        plan.check(&self.dataset, &self.config)?;
        if self.run.is_none() && !self.history.is_empty() {
            self.config.check_may_end_elsewhere()?;
        }
        if self.has_learnt() {
            self.check_restored()?;
        }
        self.trained_on = Some(DataUsed::now(&self.dataset, plan));
        if !self.has_learnt() {
            self.begin_from_images(plan);
        }
        self.signals.clear(); // A stop that came after the run had stopped is not meant for what goes on now.
        if self.run.is_none() {
            let trained = count(self.history.len());
            self.run = Some(Run::new(trained, self.config.epochs));
        }
        if self.restored.is_none() && self.has_learnt() {
            self.make_resident(plan); // Records may have come while it rested.
        }
        self.stopped = false;
        Ok(())
    }

    /// Whether there is a run that more than its beginning is known of.
    fn has_learnt(&self) -> bool {
        let is_amid = |run: &Run| run.state.is_some();
        self.restored.is_some()
            || !self.history.is_empty()
            || self.run.as_ref().is_some_and(is_amid)
    }

    /// Answers a pending stop or pause. Returns whether the run rests or pauses.
    pub(super) async fn obey_signals(
        &mut self,
        run: &mut Run,
        plan: &Plan,
        events: &mut Vec<Event>,
    ) -> Result<bool, Error> {
        let stop = self.signals.take_stop();
        let pause = self.signals.take_pause();
        if !stop && !pause {
            return Ok(false);
        }
        self.report(run, plan, events).await?;
        self.stopped = stop || self.signals.take_stop(); // It may have come while that was read.
        let Position { epoch, step } = run.position();
        self.preparation.paused();
        events.push(if self.stopped {
            let more = self.more_epochs(true);
            Event::Stopped { epoch, step, more }
        } else {
            Event::Paused { epoch, step }
        });
        Ok(true)
    }
}
