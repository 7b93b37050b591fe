//! Averaged weights: every fifth step `s ← s + (1 − d)(w − s)`, with `d = min(decay, 1 − 1 / (1 + k/5))` after k steps, so
//! that the first weights are soon forgotten. Running statistics are averaged with them, since they belong to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Tensor;

use super::Learner;
use crate::error::Error;
use crate::model::{Model, Value};
use crate::network::Role;
use crate::protocol::WeightsKind;

/// Steps from one average to the next.
const EVERY_STEPS: i32 = 5;

/// How far an average moves towards the weights after `steps` steps; none after a step that it leaves out.
pub(super) fn share(decay: f64, steps: i32) -> Option<f64> {
    if decay == 0.0 || steps % EVERY_STEPS != 0 {
        return None;
    }
    let averages = f64::from(steps / EVERY_STEPS);
    Some(1.0 - decay.min(1.0 - 1.0 / (1.0 + averages)))
}

/// Moves an average of plain numbers.
pub(super) fn advance_host(average: &mut [f32], values: &[f32], share: f64) {
    let share = share as f32;
    for (average, value) in average.iter_mut().zip(values) {
        *average += (value - *average) * share;
    }
}

/// The averages on a device, by the plan's places; none of what does not move.
pub(super) type Average = Vec<Option<Tensor<1>>>;

/// What an average begins with: the tensors as they are.
pub(super) fn begin(model: &Model) -> Average {
    let pairs = model.plan().entries.iter().zip(model.values());
    let averages = pairs.map(|(entry, value)| (entry.role != Role::Frozen).then(|| value.flat()));
    averages.collect()
}

impl Learner {
    /// Moves the averages after a step on the device.
    pub(super) fn advance_average(&mut self) {
        let rule = self.optimizer.rule();
        let Some(share) = share(rule.averaging, self.optimizer.steps()) else {
            return;
        };
        for (average, value) in self.average.iter_mut().flatten().zip(self.model.values()) {
            if let Some(average) = average {
                let apart = value.flat() - average.clone();
                *average = average.clone() + apart * share;
            }
        }
    }

    /// From now on images are classified by the averaged weights, until the next step; or no longer. Nothing changes
    /// where there are none.
    pub fn show_average(&mut self, shows: bool) {
        self.shown = None;
        if shows {
            let model = self.averaged_model();
            self.shown = model.map(|model| (WeightsKind::Averaged, model));
        }
    }

    /// From now on images are classified by these weights of the network, of its best epoch, until the next step.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when they are another network's; nothing changes.
    pub fn show_best(&mut self, values: &BTreeMap<String, Vec<f32>>) -> Result<(), Error> {
        let plan = Arc::clone(self.plan());
        let named = |place: usize| values.get(&plan.entries.get(place)?.name).cloned();
        let model = self.model.clone().with_numbers(named)?;
        self.shown = Some((WeightsKind::Best, model));
        Ok(())
    }

    /// By which weights images are classified.
    pub fn shown_kind(&self) -> WeightsKind {
        self.shown
            .as_ref()
            .map_or(WeightsKind::Last, |(kind, _)| *kind)
    }

    fn averaged_model(&self) -> Option<Model> {
        if let Some(host) = &self.host_state {
            let average = host.average.as_ref()?;
            let numbers = |place| average.get(host.layout.range(place)).map(<[f32]>::to_vec);
            return self.model.clone().with_numbers(numbers).ok();
        }
        let average = self.average.as_ref()?;
        let mut model = self.model.clone();
        for (place, entry) in self.plan().entries.iter().enumerate() {
            if let Some(Some(average)) = average.get(place) {
                model.set(place, Value::of_flat(entry, average.clone()));
            }
        }
        Some(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_of_all_steps_at_first_and_forgets_later() {
        let shares = [0, 4, 5, 10, 15, 245, 250, 5_000].map(|steps| share(0.98, steps));
        let expected = [1.0, 0.5, 1.0 / 3.0, 0.25, 0.02, 0.02, 0.02];
        assert_eq!(shares[1], None);
        let found = shares.into_iter().flatten();
        assert!(found.zip(expected).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(share(0.0, 5), None);
    }
}
