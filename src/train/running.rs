//! Batch normalisation's running statistics: once a step, from the groups' mean and total variance in the groups'
//! order, so that they do not depend on who computed which group.

use burn::tensor::Tensor;

use crate::model::{Model, Statistics, Value};
use crate::network::NetworkPlan;
use crate::protocol::Layer;

/// Moves `model`'s running statistics by one step, on its device. `statistics` are of each layer that has them, of
/// each of the groups of `records`.
pub(super) fn advance(model: &mut Model, statistics: &[Statistics], records: &[usize]) {
    let plan = model.plan().clone();
    let per_layer = statistics.chunks_exact(records.len().max(1));
    for ((places, momentum), found) in norms(&plan).into_iter().zip(per_layer) {
        for (place, seen) in places
            .into_iter()
            .zip(total(found, records).into_iter().flatten())
        {
            let (Some(entry), Some(value)) = (plan.entries.get(place), model.values().get(place))
            else {
                continue;
            };
            let moved = value.flat() * momentum + seen * (1.0 - momentum);
            model.set(place, Value::of_flat(entry, Tensor::from_inner(moved)));
        }
    }
}

/// Mean and variance over all groups; none where there are no groups.
fn total(groups: &[Statistics], records: &[usize]) -> Option<[Tensor<1>; 2]> {
    if let [one] = groups {
        return Some([one.mean.clone(), one.variance.clone()]);
    }
    let all: usize = records.iter().sum();
    let weighted = |of: &dyn Fn(&Statistics) -> Tensor<1>| {
        let pairs = groups.iter().zip(records);
        let terms = pairs.map(|(group, count)| of(group) * (*count as f64 / all.max(1) as f64));
        terms.reduce(|sum, term| sum + term)
    };
    let mean = weighted(&|group| group.mean.clone())?;
    let spread =
        |group: &Statistics| group.variance.clone() + (group.mean.clone() - mean.clone()).square();
    let variance = weighted(&spread)?;
    Some([mean, variance])
}

/// Where the running mean and variance of each such layer are, and the share of them that a step keeps.
fn norms(plan: &NetworkPlan) -> Vec<([usize; 2], f64)> {
    let layers = plan.norms().into_iter();
    let found = layers.filter_map(|layer| match &layer.layer {
        Layer::BatchNorm(norm) => Some((layer.places.running?, norm.momentum)),
        _ => None,
    });
    found.collect()
}

/// The same on plain numbers: `statistics` are of each slice of a batch, of each layer, of each group of the slice,
/// mean and variance, as `Learner::slice_gradients` gives them; `records` are the groups of each slice.
pub(super) fn advance_host(
    plan: &NetworkPlan,
    mut place_numbers: impl FnMut(usize, &mut dyn FnMut(&mut [f32])),
    statistics: &[&[f32]],
    records: &[Vec<usize>],
) {
    let all: usize = records.iter().flatten().sum();
    let mut from = vec![0; statistics.len()];
    for (places, momentum) in norms(plan) {
        let features = plan
            .entries
            .get(places[0])
            .map_or(0, |entry| entry.entries());
        let mut groups: Vec<(f64, &[f32], &[f32])> = Vec::new();
        for ((slice, from), records) in statistics.iter().zip(&mut from).zip(records) {
            for count in records {
                let share = *count as f64 / all.max(1) as f64;
                let mean = slice.get(*from..*from + features).unwrap_or_default();
                *from += features;
                let variance = slice.get(*from..*from + features).unwrap_or_default();
                *from += features;
                groups.push((share, mean, variance));
            }
        }
        let at = |numbers: &[f32], n: usize| f64::from(numbers.get(n).copied().unwrap_or(0.0));
        let mean_of = |n: usize| {
            groups
                .iter()
                .map(|(s, mean, _)| s * at(mean, n))
                .sum::<f64>()
        };
        let spread = |n: usize, mean: f64| {
            let terms = groups.iter();
            let terms = terms.map(|(s, m, v)| s * (at(v, n) + (at(m, n) - mean).powi(2)));
            terms.sum::<f64>()
        };
        let moved =
            |old: f32, seen: f64| (f64::from(old) * momentum + seen * (1.0 - momentum)) as f32;
        place_numbers(places[0], &mut |numbers| {
            for (n, number) in numbers.iter_mut().enumerate() {
                *number = moved(*number, mean_of(n));
            }
        });
        place_numbers(places[1], &mut |numbers| {
            for (n, number) in numbers.iter_mut().enumerate() {
                *number = moved(*number, spread(n, mean_of(n)));
            }
        });
    }
}
