//! Where the numbers of a network lie when they are one vector: what is sent to helpers, and what they answer.

use std::ops::Range;

use crate::network::{NetworkPlan, Role};

/// Where each of the network's tensors lies in one vector of all: the trainable ones first, so that the optimiser has
/// them in one piece.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// By the plan's places.
    ranges: Vec<Range<usize>>,
    /// Number of trainable numbers.
    pub(super) trainable: usize,
    /// Number of all numbers.
    pub(super) all: usize,
}

impl Layout {
    pub(super) fn of(plan: &NetworkPlan) -> Self {
        let mut ranges = vec![0..0; plan.entries.len()];
        let mut end = 0;
        let mut trainable = 0;
        for role in [Role::Trainable, Role::Frozen, Role::Buffer] {
            for place in plan.places_of(role) {
                let entries = plan.entries.get(place).map_or(0, |entry| entry.entries());
                if let Some(range) = ranges.get_mut(place) {
                    *range = end..end + entries;
                }
                end += entries;
            }
            if role == Role::Trainable {
                trainable = end;
            }
        }
        Self {
            ranges,
            trainable,
            all: end,
        }
    }

    pub(super) fn range(&self, place: usize) -> Range<usize> {
        self.ranges.get(place).cloned().unwrap_or_default()
    }

    /// The places in the order in which their numbers lie.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.ranges.len()).collect();
        places.sort_by_key(|place| self.range(*place).start);
        places
    }
}
