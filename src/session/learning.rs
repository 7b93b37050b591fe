//! What of a session follows from its rule of learning: a step's rate, and which weights it is judged by.
//!
//! Until its last epoch a run is judged by what the last step left, and from then on by the averaged weights, which are
//! its result.

use super::{Session, planning};
use crate::protocol::{ScheduleKind, WeightsKind};
use crate::rule::Rule;

impl Session {
    /// What moves the network's tensors.
    pub(super) fn rule(&self) -> Rule {
        planning::rule(&self.config, &self.network)
    }

    /// The learning rate of a step (from 0) of an epoch (from 0) of so many.
    pub(super) fn lr(&self, epoch: u32, step: u32, steps: u32) -> f64 {
        let at = u64::from(epoch) * u64::from(steps) + u64::from(step);
        self.config.lr * self.schedule.factor(at, steps, self.config.epochs)
    }

    /// That of an epoch's last step, where a schedule moves it.
    pub(super) fn scheduled_lr(&self, epoch: u32, steps: u32) -> Option<f64> {
        let moves = self.config.schedule != ScheduleKind::Constant;
        moves.then(|| self.lr(epoch, steps.saturating_sub(1), steps))
    }

    /// Which weights images are classified by, where there are averaged ones.
    pub(super) fn weights_kind(&self) -> Option<WeightsKind> {
        let averages = self.config.averaging > 0.0;
        averages.then(|| match self.learner.shows_average() {
            true => WeightsKind::Averaged,
            false => WeightsKind::Last,
        })
    }
}
