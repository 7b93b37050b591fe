//! Which worker makes the directions of which matrix equally strong, where Muon's step is shared among several.
//!
//! A matrix is computed whole, by one worker, so the bits are the same whoever does. The largest is given away first, each
//! to whoever has least to do. Nothing is sent here: `session/data_parallel.rs` asks the helpers.

use std::ops::Range;

use super::muon::{MatrixShape, Orthogonal};
use crate::network::NetworkPlan;
use crate::rule;

/// A worker's share of the matrices: the `part`th of `parts` shares, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which share.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
    /// How often Muon's polynomial is applied.
    pub iterations: u32,
}

impl Share {
    /// All of them, as they are.
    pub const ALL: Self = Self {
        part: 0,
        parts: 1,
        iterations: 0,
    };
}

/// The matrices that Muon moves, in the network's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrices {
    shapes: Vec<Vec<usize>>,
}

impl Matrices {
    /// Those of these shapes.
    pub(super) fn new(shapes: Vec<Vec<usize>>) -> Self {
        Self { shapes }
    }

    /// Those of a network that learns by Muon.
    pub fn of(plan: &NetworkPlan) -> Self {
        let places = rule::muon_places(plan).into_iter();
        let entries = places.filter_map(|place| plan.entries.get(place));
        Self::new(entries.map(|entry| entry.shape.clone()).collect())
    }

    /// Numbers of all of them.
    pub(super) fn numbers(&self) -> usize {
        self.shapes.iter().map(|shape| numbers(shape)).sum()
    }

    /// Where the numbers of a share's matrices lie among those of all.
    pub(super) fn ranges(&self, share: Share) -> Vec<Range<usize>> {
        let mut end = 0;
        let all = self.shapes.iter().map(|shape| {
            end += numbers(shape);
            end - numbers(shape)..end
        });
        let all: Vec<Range<usize>> = all.collect();
        let owned = self.owned(share).into_iter();
        owned.filter_map(|at| all.get(at).cloned()).collect()
    }

    /// Makes the directions of a share's matrices equally strong, whose numbers lie one after the other. Returns whether
    /// there were as many numbers.
    pub fn flatten(&self, share: Share, room: &mut Orthogonal, steps: &mut [f32]) -> bool {
        let mut rest = steps;
        for at in self.owned(share) {
            let shape = self.shapes.get(at).map_or(&[][..], Vec::as_slice);
            let Some((step, further)) = rest.split_at_mut_checked(numbers(shape)) else {
                return false;
            };
            room.flatten(step, shape, share.iterations);
            rest = further;
        }
        rest.is_empty()
    }

    /// Which matrices a share has, in the network's order.
    fn owned(&self, share: Share) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.shapes.len()).collect();
        let cost = |at: &usize| self.shapes.get(*at).map_or(0, |shape| cost(shape));
        order.sort_by_key(|at| std::cmp::Reverse(cost(at)));
        // More workers than matrices have nothing to do.
        let parts = (share.parts as usize).clamp(1, self.shapes.len().max(1));
        let mut loads = vec![0u64; parts];
        let mut owned = Vec::new();
        for at in order {
            // Among equals the first: every worker comes to the same shares.
            let least = (0..loads.len()).min_by_key(|part| loads.get(*part).copied());
            let Some(part) = least else { continue };
            if let Some(load) = loads.get_mut(part) {
                *load += cost(&at);
            }
            if part == share.part as usize {
                owned.push(at);
            }
        }
        owned.sort_unstable();
        owned
    }
}

fn numbers(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Multiply-adds of a matrix, roughly: the products of its rows and with them, and a few squares of as many rows.
fn cost(shape: &[usize]) -> u64 {
    let [rows, columns] = MatrixShape::of(shape).wide();
    rows as u64 * rows as u64 * (columns + 4 * rows) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The network `t`'s: three kernels, and its first dense layer's.
    fn matrices() -> Matrices {
        Matrices::new(vec![
            vec![32, 3, 3, 3],
            vec![64, 32, 3, 3],
            vec![64, 64, 3, 3],
            vec![1_024, 64],
        ])
    }

    fn share(part: u32, parts: u32) -> Share {
        Share {
            part,
            parts,
            iterations: 3,
        }
    }

    #[test]
    fn every_matrix_has_one_owner_and_the_largest_is_given_away_first() {
        let all = matrices();
        assert_eq!(all.owned(share(0, 2)), [0, 3]);
        assert_eq!(all.owned(share(1, 2)), [1, 2]);
        for parts in 1..=6 {
            let mut owned: Vec<usize> = (0..parts)
                .flat_map(|part| all.owned(share(part, parts)))
                .collect();
            owned.sort_unstable();
            assert_eq!(owned, [0, 1, 2, 3], "{parts}");
        }
        assert!(all.owned(share(5, 6)).is_empty());
        assert_eq!(all.owned(share(3, u32::MAX)), [0]);
    }

    #[test]
    fn bits_are_the_same_whoever_owns_what() {
        let all = matrices();
        let steps: Vec<f32> = (0..all.numbers())
            .map(|at| (at as f32 * 0.754_877_7).fract() - 0.5)
            .collect();
        let flattened = |parts: u32| {
            let mut found = steps.clone();
            for part in 0..parts {
                let ranges = all.ranges(share(part, parts));
                let mut own: Vec<f32> = ranges
                    .iter()
                    .flat_map(|range| steps[range.clone()].to_vec())
                    .collect();
                assert!(all.flatten(share(part, parts), &mut Orthogonal::default(), &mut own));
                let mut rest = own.as_slice();
                for range in ranges {
                    let (numbers, further) = rest.split_at(range.len());
                    found[range].copy_from_slice(numbers);
                    rest = further;
                }
            }
            found
        };
        let alone = flattened(1);
        assert!(alone != steps);
        assert!((2..=5).all(|parts| flattened(parts) == alone));
    }

    #[test]
    fn other_numbers_than_a_share_has_are_refused() {
        let all = matrices();
        let numbers = all.numbers();
        for length in [0, numbers - 1, numbers + 1] {
            assert!(!all.flatten(
                share(0, 1),
                &mut Orthogonal::default(),
                &mut vec![0.5; length]
            ));
        }
    }
}
