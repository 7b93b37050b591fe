//! Which records of a batch are normalised together, and how they are shared out.

use crate::protocol::NormGroup;

/// A rest of fewer records joins the group before: a mean over so few says little.
const REST_MIN: usize = 8;

/// Numbers of records of the groups of a batch, in its order.
pub fn group_sizes(records: usize, group: NormGroup) -> Vec<usize> {
    let size = match group {
        NormGroup::Batch => records,
        NormGroup::Records(size) => size as usize,
    };
    if size == 0 || records <= size {
        return vec![records];
    }
    let (whole, rest) = (records / size, records % size);
    let mut sizes = vec![size; whole];
    match sizes.last_mut() {
        Some(last) if rest < REST_MIN => *last += rest,
        _ => sizes.push(rest),
    }
    sizes
}

/// Numbers of records that each of at most `workers` workers gets of `groups`, which are handed out whole: as even as
/// may be, the first ones a group more.
pub fn slice_sizes(groups: &[usize], workers: usize) -> Vec<usize> {
    let workers = workers.clamp(1, groups.len().max(1));
    let (each, more) = (groups.len() / workers, groups.len() % workers);
    let mut rest = groups;
    let share = |worker: usize| {
        let (own, others) = rest.split_at(each + usize::from(worker < more));
        rest = others;
        own.iter().sum()
    };
    (0..workers).map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_rest_joins_the_group_before() {
        let sizes = |records| group_sizes(records, NormGroup::Records(32));
        assert_eq!(sizes(20), [20]);
        assert_eq!(sizes(32), [32]);
        assert_eq!(sizes(39), [39]);
        assert_eq!(sizes(40), [32, 8]);
        assert_eq!(sizes(128), [32; 4]);
        assert_eq!(sizes(71), [32, 39]);
        assert_eq!(group_sizes(128, NormGroup::Batch), [128]);
    }

    #[test]
    fn groups_are_handed_out_whole() {
        assert_eq!(slice_sizes(&[32, 32, 32], 3), [32, 32, 32]);
        assert_eq!(slice_sizes(&[32, 32, 39], 2), [64, 39]);
        assert_eq!(slice_sizes(&[32], 4), [32]);
        assert_eq!(slice_sizes(&[1; 7], 3), [3, 2, 2]);
        assert_eq!(slice_sizes(&[1; 7], 9), [1; 7]);
    }
}
