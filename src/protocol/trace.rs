//! The curve of a run's live loss: short however long the run is, so that it can go into the run's file.

use serde::{Deserialize, Serialize};

/// Most points that are kept: with more, every second one goes.
const POINTS_MAX: usize = 600;
/// Most resumptions that are kept: with more, the oldest goes.
const RESUMED_MAX: usize = 100;

/// A point of the live loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct TracePoint {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Epochs trained by then, counted from 0: 1.5 in the middle of the second one.
    pub at: f32,
    /// Running mean of the training loss over the epoch so far.
    pub loss: f32,
}

/// The live loss of a run from its first step on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Trace {
    /// In the order in which they were measured.
    pub points: Vec<TracePoint>,
    /// Where the run was restored from a file and went on, in epochs from 0.
    pub resumed_at: Vec<f32>,
}

impl Trace {
    /// Adds a point.
    pub fn add(&mut self, epoch: u32, at: f64, loss: f64) {
        if self.points.len() >= POINTS_MAX {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        let loss = loss.min(f64::from(f32::MAX)) as f32; // JSON has no infinity.
        let at = at as f32;
        self.points.push(TracePoint { epoch, at, loss });
    }

    /// Notes that the run was restored and goes on here.
    pub fn resume(&mut self, at: f64) {
        if self.resumed_at.len() >= RESUMED_MAX {
            self.resumed_at.remove(0);
        }
        self.resumed_at.push(at as f32);
    }

    /// Whether it can be the curve of a run that has trained `epochs` whole epochs.
    pub fn fits(&self, epochs: usize) -> bool {
        let last = epochs as f32 + 1.0;
        let is_within = |at: &f32| (0.0..=last).contains(at);
        self.points.len() <= POINTS_MAX
            && self.resumed_at.len() <= RESUMED_MAX
            && self
                .points
                .iter()
                .all(|point| is_within(&point.at) && point.loss.is_finite())
            && self.points.is_sorted_by(|a, b| a.at <= b.at)
            && self.resumed_at.iter().all(is_within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_a_short_curve_from_its_first_point_to_its_last() {
        let mut trace = Trace::default();
        for step in 1..=5_000 {
            trace.add(1, f64::from(step) / 5_000.0, f64::INFINITY);
        }
        assert!((POINTS_MAX / 2..=POINTS_MAX).contains(&trace.points.len()));
        let ends = [trace.points.first(), trace.points.last()];
        assert_eq!(
            ends.map(|point| point.map(|point| (point.at, point.loss))),
            [Some((0.0002, f32::MAX)), Some((1.0, f32::MAX))]
        );
        for times in 0..150 {
            trace.resume(f64::from(times) / 150.0);
        }
        assert_eq!(trace.resumed_at.len(), RESUMED_MAX);
        assert!(trace.fits(0));
    }

    #[test]
    fn a_curve_that_is_not_of_its_run_does_not_fit() {
        let curve = |points: &[f32], resumed_at: &[f32]| Trace {
            points: points
                .iter()
                .map(|at| TracePoint {
                    epoch: 1,
                    at: *at,
                    loss: 2.0,
                })
                .collect(),
            resumed_at: resumed_at.to_vec(),
        };
        assert!(curve(&[0.5, 0.5, 1.0], &[0.5]).fits(0));
        assert!(!curve(&[0.5, 0.4], &[]).fits(0));
        assert!(!curve(&[2.5], &[]).fits(1));
        assert!(!curve(&[], &[-0.5]).fits(1));
        assert!(!curve(&[0.0; POINTS_MAX + 1], &[]).fits(1));
    }
}
