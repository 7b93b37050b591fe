//! [`Dataset`] + [`Config`] → [`Plan`]: which records a run trains on and which it measures on.
//!
//! The first records in official order, so that a link gives the same run to everyone. Without a
//! test batch a fifth of the training records is held out (`hold_out.rs`), and where a run chooses its best epoch a tenth
//! of those that it would train on, to choose by. This is not the order of training,
//! which is reshuffled each epoch (`batch.rs`).

mod hold_out;

use std::collections::HashSet;

use crate::cifar::{Dataset, Records, Selection, count, identity};
use crate::error::Error;
use crate::protocol::{Config, DataSource, DataStatus, HoldOut, Split};

use hold_out::HeldOut;

/// One in so many training records is held out when there is no test batch.
const HELD_OUT_ONE_IN: usize = 5;
/// One in so many of a run's training records is held out to choose its best epoch by.
const VALIDATION_ONE_IN: usize = 10;

/// What a network is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// The records that it trains on.
    Train,
    /// Training records that are held out to choose the best epoch by.
    Validation,
    /// The test records, or those held out in their place.
    Test,
}

impl From<Split> for Measured {
    fn from(split: Split) -> Self {
        match split {
            Split::Train => Self::Train,
            Split::Test => Self::Test,
        }
    }
}

/// The records of a run, as indices in official order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The training records.
    pub train: Vec<usize>,
    /// The training records to choose the best epoch by, which are measured after each; none where nothing is chosen,
    /// and each epoch is measured on `test`.
    pub validation: Vec<usize>,
    /// The records to measure on.
    pub test: Vec<usize>,
    /// True when `test` indexes the training records, because there is no test batch.
    pub held_out: bool,
}

impl Plan {
    /// What a run of `config` would use of what is held now.
    pub fn new(dataset: &Dataset, config: &Config) -> Self {
        let (train, test) = (dataset.train().len(), dataset.test().len());
        let wanted = config.test as usize;
        let held_out = test == 0 && dataset.promised(Split::Test).unwrap_or(0) == 0;
        let HeldOut { mut train, test } = match config.hold_out {
            _ if !held_out => HeldOut {
                train: (0..train).collect(),
                test: (0..test.min(wanted)).collect(),
            },
            HoldOut::Last => last(train, wanted),
            HoldOut::ByClass => {
                let labels: Vec<u8> = dataset.train().labels().collect();
                let held = train / HELD_OUT_ONE_IN;
                let classes = dataset.spec().classes;
                hold_out::by_class(&labels, classes, config.seed, held, wanted)
            }
        };
        train.truncate(config.train as usize);
        let mut plan = Self {
            train,
            validation: Vec::new(),
            test,
            held_out,
        };
        if config.keeps_best() {
            plan.hold_out_validation(dataset, config.seed);
        }
        plan
    }

    /// Takes a tenth of each class from the training records, one at least.
    fn hold_out_validation(&mut self, dataset: &Dataset, seed: u32) {
        let records = self.train_records(dataset);
        let label = |position| records.get(position).map_or(0, |record| record.label);
        let labels: Vec<u8> = (0..records.len()).map(label).collect();
        let held = (labels.len() / VALIDATION_ONE_IN).max(1);
        let classes = dataset.spec().classes;
        let found = hold_out::by_class(&labels, classes, seed, held, held);
        let at = |positions: Vec<usize>| -> Vec<usize> {
            let positions = positions.into_iter();
            positions
                .filter_map(|position| self.train.get(position).copied())
                .collect()
        };
        (self.train, self.validation) = (at(found.train), at(found.test));
    }

    /// The indices of a set, which count the training records where it is held out of those.
    pub fn indices(&self, set: Measured) -> &[usize] {
        match set {
            Measured::Train => &self.train,
            Measured::Validation => &self.validation,
            Measured::Test => &self.test,
        }
    }

    /// What is measured after each epoch.
    pub fn after_epoch(&self) -> Measured {
        if self.validation.is_empty() {
            Measured::Test
        } else {
            Measured::Validation
        }
    }

    /// The records of a set.
    pub fn records<'a>(&'a self, dataset: &'a Dataset, set: Measured) -> Selection<'a> {
        match set {
            Measured::Train => self.train_records(dataset),
            Measured::Validation => Selection::new(dataset.train(), &self.validation),
            Measured::Test => self.test_records(dataset),
        }
    }

    /// The records to train on.
    pub fn train_records<'a>(&'a self, dataset: &'a Dataset) -> Selection<'a> {
        Selection::new(dataset.train(), &self.train)
    }

    /// The records to measure on.
    pub fn test_records<'a>(&'a self, dataset: &'a Dataset) -> Selection<'a> {
        let records = if self.held_out {
            dataset.train()
        } else {
            dataset.test()
        };
        Selection::new(records, &self.test)
    }

    /// Which records these are, whatever files they came from: SHA-256 over the hashes of the training records in
    /// order, then of those to choose by, then of those to measure on.
    pub fn digest(&self, dataset: &Dataset) -> String {
        let hashes = |records: Selection<'_>| {
            let found: Vec<u64> = (0..records.len())
                .filter_map(|position| records.hash(position))
                .collect();
            found
        };
        let all = [Measured::Train, Measured::Validation, Measured::Test];
        let all = all.map(|set| hashes(self.records(dataset, set)));
        identity::digest(all.into_iter().flatten())
    }

    /// The files that these records are in, training first.
    pub fn sources(&self, dataset: &Dataset) -> Vec<DataSource> {
        let trains = |index| {
            let has = |indices: &[usize]| indices.binary_search(&index).is_ok();
            has(&self.train) || has(&self.validation)
        };
        let tests = |index| self.test.binary_search(&index).is_ok();
        if self.held_out {
            let uses = |index| trains(index) || tests(index);
            return dataset.train().sources(Split::Train, uses);
        }
        let mut found = dataset.train().sources(Split::Train, trains);
        found.extend(dataset.test().sources(Split::Test, tests));
        found
    }

    /// Number of training records of each class.
    fn class_counts(&self, dataset: &Dataset) -> Vec<u32> {
        let mut counts = vec![0; dataset.spec().classes];
        let records = self.train_records(dataset);
        for record in (0..records.len()).filter_map(|position| records.get(position)) {
            if let Some(count) = counts.get_mut(usize::from(record.label)) {
                *count += 1;
            }
        }
        counts
    }

    /// Names of the classes of which there is no training record; none while there are no records at all.
    fn unseen_classes(&self, dataset: &Dataset) -> Vec<String> {
        if self.train.is_empty() {
            return Vec::new();
        }
        let names = dataset.class_names().iter();
        let named = names.zip(self.class_counts(dataset));
        let unseen = named.filter(|(_, count)| *count == 0);
        unseen.map(|(name, _)| name.clone()).collect()
    }

    /// Number of the records to measure on that are among those to train on too, by their hashes. A manifest
    /// names data whose test is none of its training, so that only files without one are looked through.
    fn test_in_train(&self, dataset: &Dataset) -> usize {
        if dataset.manifest().is_some() {
            return 0;
        }
        let measured = if self.held_out {
            dataset.train()
        } else {
            dataset.test()
        };
        let trained: HashSet<u64> = hashes_at(dataset.train(), &self.train)
            .into_iter()
            .collect();
        let measured = hashes_at(measured, &self.test);
        let found = measured.iter().filter(|hash| trained.contains(*hash));
        found.count()
    }

    /// What is held and what a run would use of it, for people. Of a restored run it knows nothing.
    pub fn status(&self, dataset: &Dataset, config: &Config) -> DataStatus {
        DataStatus {
            class_names: dataset.class_names().to_vec(),
            train_records: count(dataset.train().len()),
            test_records: count(dataset.test().len()),
            train_used: count(self.train.len()),
            test_used: count(self.test.len()),
            validation_used: count(self.validation.len()),
            held_out: self.held_out && !self.test.is_empty(),
            complete: self.check(dataset, config).is_ok(),
            has_unknown: dataset.has_unknown(),
            train_class_counts: dataset.train().class_counts().to_vec(),
            test_class_counts: dataset.test().class_counts().to_vec(),
            unseen_classes: self.unseen_classes(dataset),
            test_in_train: count(self.test_in_train(dataset)),
            restored: None,
        }
    }

    /// Checks that all is there that the configuration asks for and the manifest promises; without a
    /// manifest, that there is something to train and to measure on.
    ///
    /// # Errors
    /// [`Error::DataMissing`] for the first split that is short.
    pub fn check(&self, dataset: &Dataset, config: &Config) -> Result<(), Error> {
        let kept = |all: u32| {
            if self.held_out {
                all - all / HELD_OUT_ONE_IN as u32
            } else {
                all
            }
        };
        let need = |split, wanted: u32| {
            let promised = dataset.promised(split);
            promised.map_or(1, |all| kept(all).min(wanted))
        };
        let train = (
            "training",
            self.train.len() + self.validation.len(),
            need(Split::Train, config.train),
        );
        let need_test = if self.held_out {
            1
        } else {
            need(Split::Test, config.test)
        };
        let test = ("test", self.test.len(), need_test);
        for (split, have, need) in [train, test] {
            let (have, need) = (count(have), need.max(1));
            if have < need {
                return Err(Error::DataMissing { split, have, need });
            }
        }
        Ok(())
    }
}

/// The hashes of the records at `indices`.
fn hashes_at(records: &Records, indices: &[usize]) -> Vec<u64> {
    let all: Vec<u64> = records.hashes().collect(); // To look one up in them does not walk over the files.
    let found = indices.iter().filter_map(|index| all.get(*index));
    found.copied().collect()
}

/// The rule of runs of before: the last fifth.
fn last(records: usize, wanted: usize) -> HeldOut {
    let kept = records - records / HELD_OUT_ONE_IN;
    let end = records.min(kept.saturating_add(wanted));
    HeldOut {
        train: (0..kept).collect(),
        test: (kept..end).collect(),
    }
}

/// What is held and what a run would use of it, for people.
pub fn status(dataset: &Dataset, config: &Config) -> DataStatus {
    Plan::new(dataset, config).status(dataset, config)
}
