//! [`Dataset`] + [`Config`] → [`Plan`]: which records a run trains on and which it measures on.
//!
//! The first records in official order, so that a link gives the same run to everyone. Without a
//! test batch the last 20 % of the training records are held out. This is not the order of training,
//! which is reshuffled each epoch (`batch.rs`).

use std::ops::Range;

use crate::cifar::{Dataset, Records, count};
use crate::error::Error;
use crate::protocol::{Config, DataStatus, Split};

/// One in so many training records is held out when there is no test batch.
const HELD_OUT_ONE_IN: usize = 5;

/// The records of a run, as indices in official order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Number of training records: those from 0 on.
    pub train: usize,
    /// The records to measure on.
    pub test: Range<usize>,
    /// True when `test` indexes the training records, because there is no test batch.
    pub held_out: bool,
}

impl Plan {
    /// What a run of `config` would use of what is held now.
    pub fn new(dataset: &Dataset, config: &Config) -> Self {
        let (train, test) = (dataset.train().len(), dataset.test().len());
        let held_out = test == 0 && dataset.promised(Split::Test).unwrap_or(0) == 0;
        let (train, test) = if held_out {
            let kept = train - train / HELD_OUT_ONE_IN;
            (kept, kept..train)
        } else {
            (train, 0..test)
        };
        let test_end = test.end.min(test.start + config.test as usize);
        Self {
            train: train.min(config.train as usize),
            test: test.start..test_end,
            held_out,
        }
    }

    /// The records that `test` indexes.
    pub fn test_records<'a>(&self, dataset: &'a Dataset) -> &'a Records {
        if self.held_out {
            dataset.train()
        } else {
            dataset.test()
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
        let train = ("training", self.train, need(Split::Train, config.train));
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

/// What is held and what a run would use of it, for people.
pub fn status(dataset: &Dataset, config: &Config) -> DataStatus {
    let plan = Plan::new(dataset, config);
    DataStatus {
        class_names: dataset.class_names(),
        train_records: count(dataset.train().len()),
        test_records: count(dataset.test().len()),
        train_used: count(plan.train),
        test_used: count(plan.test.len()),
        held_out: plan.held_out && !plan.test.is_empty(),
        complete: plan.check(dataset, config).is_ok(),
        has_unknown: dataset.has_unknown(),
        train_class_counts: dataset.train().class_counts(),
        test_class_counts: dataset.test().class_counts(),
    }
}
