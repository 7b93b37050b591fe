//! Which training records are held out to measure on, where there is no test batch: about a fifth of each class,
//! drawn with the run's seed, so that files sorted by class have every class in both parts.

use rand::seq::SliceRandom;

use crate::random::{Stream, generator};

/// The records that are left to train on, and those to measure on: indices in ascending order.
#[derive(Debug, Default)]
pub(super) struct HeldOut {
    pub(super) train: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// Holds `held` of the records with these labels out, of each of the `classes` its share, and measures on `measured`
/// of them, again of each class its share.
pub(super) fn by_class(
    labels: &[u8],
    classes: usize,
    seed: u32,
    held: usize,
    measured: usize,
) -> HeldOut {
    let mut classes = vec![Vec::new(); classes];
    for (index, label) in labels.iter().enumerate() {
        if let Some(class) = classes.get_mut(usize::from(*label)) {
            class.push(index);
        }
    }
    let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
    let held = shares(&sizes, held);
    let measured = shares(&held, measured);
    let mut rng = generator(seed, Stream::HoldOut);
    let mut found = HeldOut::default();
    for (class, (held, measured)) in classes.iter_mut().zip(held.into_iter().zip(measured)) {
        class.shuffle(&mut rng);
        let (out, kept) = class.split_at(held);
        found.test.extend(out.iter().take(measured));
        found.train.extend(kept);
    }
    found.train.sort_unstable();
    found.test.sort_unstable();
    found
}

/// `wanted` of all records, or all of them, divided among the classes by their sizes: whole numbers, what is left
/// over to the largest remainders, and among equals to the larger classes.
fn shares(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    if all == 0 {
        return sizes.to_vec();
    }
    let wanted = wanted.min(all);
    // In 64 bits: on wasm32 the product of two numbers of records has no room.
    let product = |size: usize| size as u64 * wanted as u64;
    let whole = |size: &usize| (product(*size) / all as u64) as usize;
    let mut found: Vec<usize> = sizes.iter().map(whole).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|class| {
        let size = sizes[*class];
        std::cmp::Reverse((product(size) % all as u64, size))
    });
    let left = wanted - found.iter().sum::<usize>();
    for class in order.into_iter().take(left) {
        found[class] += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_and_add_up() {
        assert_eq!(shares(&[1_000; 10], 2_000), [200; 10]);
        let uneven = [100, 50, 0, 3, 1, 1, 0, 0, 0, 45];
        let found = shares(&uneven, 40);
        assert_eq!(found, [20, 10, 0, 1, 0, 0, 0, 0, 0, 9]);
        assert_eq!(shares(&uneven, 1_000), uneven);
        assert_eq!(shares(&[0; 10], 5), [0; 10]);
    }

    #[test]
    fn the_last_record_of_a_class_is_trained_on_while_others_have_more() {
        // Five records: one is held out, of the class that has two.
        let found = by_class(&[3, 0, 1, 0, 2], 10, 1, 1, 1);
        assert!(found.test == [1] || found.test == [3], "{:?}", found.test);
        assert_eq!(found.train.len(), 4);
    }
}
