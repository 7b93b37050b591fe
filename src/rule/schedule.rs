//! How the learning rate goes from step to step: a pure function of the step.

use crate::protocol::{Recipe, ScheduleKind};

/// A schedule with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    kind: ScheduleKind,
    /// Share of all steps in which the rate rises to its peak.
    warm_up: f64,
    /// What it begins with and ends with, as factors of the peak.
    start: f64,
    end: f64,
    /// Numbers of the epochs after which it drops.
    drops: Vec<u32>,
    drop_factor: f64,
}

impl Schedule {
    /// The schedule of `recipe`.
    pub fn new(recipe: &Recipe) -> Self {
        Self {
            kind: recipe.schedule,
            warm_up: recipe.warm_up,
            start: recipe.lr_start,
            end: recipe.lr_end,
            drops: recipe.drops.clone(),
            drop_factor: recipe.drop_factor,
        }
    }

    /// The share of the learning rate that step `step` (from 0) takes, of so many in each of so many epochs.
    pub fn factor(&self, step: u64, epoch_steps: u32, epochs: u32) -> f64 {
        let epoch_steps = u64::from(epoch_steps.max(1));
        let all = (epoch_steps * u64::from(epochs)) as f64;
        let falling = |how: fn(f64) -> f64| {
            let (at, top) = (step as f64, self.warm_up * all);
            if at < top {
                return self.start + (1.0 - self.start) * at / top;
            }
            // A run that goes on after its end stays there.
            let done = ((at - top) / (all - top).max(1.0)).min(1.0);
            self.end + (1.0 - self.end) * how(done)
        };
        match self.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::OneCycle => falling(|done| 1.0 - done),
            ScheduleKind::Cosine => falling(|done| 0.5 + 0.5 * (std::f64::consts::PI * done).cos()),
            ScheduleKind::Drops => {
                let epoch = step / epoch_steps;
                let past = self.drops.iter().filter(|drop| u64::from(**drop) <= epoch);
                self.drop_factor.powi(past.count() as i32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(kind: ScheduleKind) -> Schedule {
        Schedule {
            kind,
            warm_up: 0.2,
            start: 0.2,
            end: 0.0,
            drops: vec![5, 8],
            drop_factor: 0.1,
        }
    }

    /// The factors of some steps, of 100 in each of 10 epochs.
    fn factors<const N: usize>(schedule: &Schedule, steps: [u64; N]) -> [f64; N] {
        steps.map(|step| (schedule.factor(step, 100, 10) * 1e6).round() / 1e6)
    }

    #[test]
    fn a_constant_rate_stays_to_the_bit() {
        let constant = schedule(ScheduleKind::Constant);
        assert_eq!(factors(&constant, [0, 1, 999, 5_000]), [1.0; 4]);
    }

    #[test]
    fn one_cycle_rises_from_a_fifth_in_a_fifth_and_falls_to_nothing() {
        let one_cycle = schedule(ScheduleKind::OneCycle);
        let found = factors(&one_cycle, [0, 100, 200, 600, 999, 1_000, 2_000]);
        assert_eq!(found, [0.2, 0.6, 1.0, 0.5, 0.00125, 0.0, 0.0]);
        let no_warm_up = Schedule {
            warm_up: 0.0,
            end: 0.1,
            ..one_cycle.clone()
        };
        assert_eq!(factors(&no_warm_up, [0, 500, 1_000]), [1.0, 0.55, 0.1]);
        let warm_up_alone = Schedule {
            warm_up: 1.0,
            ..one_cycle
        };
        assert_eq!(factors(&warm_up_alone, [0, 500, 1_000]), [0.2, 0.6, 1.0]);
    }

    #[test]
    fn a_cosine_falls_slowly_at_both_ends() {
        let cosine = schedule(ScheduleKind::Cosine);
        let found = factors(&cosine, [0, 200, 400, 600, 800, 1_000]);
        assert_eq!(found, [0.2, 1.0, 0.853553, 0.5, 0.146447, 0.0]);
    }

    #[test]
    fn drops_come_after_the_epochs_that_they_name() {
        let drops = schedule(ScheduleKind::Drops);
        let found = factors(&drops, [0, 499, 500, 799, 800, 999]);
        assert_eq!(found, [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]);
    }

    /// Whatever the numbers, the rate is one.
    #[test]
    fn a_rate_is_between_nothing_and_its_peak() {
        for kind in [
            ScheduleKind::Constant,
            ScheduleKind::OneCycle,
            ScheduleKind::Cosine,
            ScheduleKind::Drops,
        ] {
            for warm_up in [0.0, 1e-9, 0.5, 1.0] {
                let schedule = Schedule {
                    warm_up,
                    ..schedule(kind)
                };
                for step in 0..12 {
                    let factor = schedule.factor(step, 1, 10);
                    assert!((0.0..=1.0).contains(&factor), "{kind:?} {step}: {factor}");
                }
            }
        }
    }
}
