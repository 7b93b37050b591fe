//! What of a session follows from its rule of learning: a step's rate, and which weights it is judged by.
//!
//! Until its last epoch a run is judged by what the last step left, and from then on by the averaged weights, which are
//! its result.

use super::{Session, planning};
use crate::network::tutorial_model;
use crate::protocol::{Config, LearningRates, OptimizerKind, ScheduleKind, WeightsKind};
use crate::rule::{Rule, Schedule};

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

    /// The learning rates over the steps of a run of `config`, at no more than `points` of them, the first and the last
    /// among them.
    pub fn learning_rates(config: &Config, points: u32) -> LearningRates {
        let schedule = Schedule::new(&config.recipe(tutorial_model()));
        let epoch_steps = config.steps(config.train);
        let all = u64::from(epoch_steps) * u64::from(config.epochs);
        let points = u64::from(points.max(2)).min(all).max(1);
        let at = |point: u64| point * all.saturating_sub(1) / (points - 1).max(1);
        let steps: Vec<u64> = (0..points).map(at).collect();
        let factor = |step: &u64| schedule.factor(*step, epoch_steps, config.epochs);
        let rates = |peak: f64| steps.iter().map(|step| peak * factor(step)).collect();
        LearningRates {
            epoch_steps,
            lr: rates(config.lr),
            muon_lr: (config.optimizer == OptimizerKind::Muon).then(|| rates(config.muon_lr)),
            steps: steps.iter().map(|step| *step as f64).collect(),
        }
    }

    /// Which weights images are classified by, where there are others than the last step's.
    pub(super) fn weights_kind(&self) -> Option<WeightsKind> {
        let kind = self.learner.shown_kind();
        (self.config.averaging > 0.0 || kind == WeightsKind::Best).then_some(kind)
    }
}
