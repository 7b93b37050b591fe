//! The session and its records: what is added, what a run uses, and whether a restored run may go on with it.

use std::ops::Range;
use std::sync::Arc;

use super::{Session, planning};
use crate::batch::{self, Augmentation};
use crate::checkpoint::{RunData, RunState};
use crate::cifar::{Dataset, count};
use crate::error::Error;
use crate::plan::Plan;
use crate::protocol::{Config, DataMatch, DataSource, DataStatus, ShardAdded, Split, SplitChoice};

/// Most files that a run's description names: records can come in as many files as there are records.
const SOURCES_MAX: usize = 100;
/// Most files that a sentence names.
const SOURCES_SAID: usize = 4;

impl Session {
    /// The records held.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Gives the records up, for a session with another configuration.
    pub fn into_dataset(self) -> Dataset {
        self.dataset
    }

    /// Checks a file and adds its records. `name` is what people call the file.
    ///
    /// # Errors
    /// [`Error::Busy`] during a run, whose records must not change; else as [`Dataset::add_named`]. A run that was
    /// stopped takes them, and goes on only if it uses none of them.
    pub fn add_shard(
        &mut self,
        split: impl Into<SplitChoice>,
        bytes: Vec<u8>,
        name: Option<&str>,
    ) -> Result<ShardAdded, Error> {
        if self.is_running() && self.signals.take_stop() {
            self.stopped = true; // A paused run that was stopped and not asked since.
        }
        if self.is_running() {
            return Err(Error::Busy { running: "train" });
        }
        let added = self.dataset.add_named(split.into(), bytes, name)?;
        self.plan = Arc::new(Plan::new(&self.dataset, &self.config));
        self.let_go();
        Ok(added.into_protocol(self.data()))
    }

    /// What is held, what a run would use of it, and whether a restored run may go on with it.
    pub fn data(&self) -> DataStatus {
        DataStatus {
            restored: self.compared(),
            ..self.plan.status(&self.dataset, &self.config)
        }
    }

    /// Records as CIFAR-10's official files have them, a label and a picture's bytes each: of those that a run would train on, or measure on,
    /// `count` from `first` on, or as many as there are.
    pub fn records(&self, split: Split, first: usize, count: usize) -> Vec<u8> {
        let records = match split {
            Split::Train => self.plan.train_records(&self.dataset),
            Split::Test => self.plan.test_records(&self.dataset),
        };
        records.bytes(first, count)
    }

    /// Training records as `config`'s augmentation lays them down, each with its label before it, with the draws of an epoch
    /// (from 0) that visits these first. Nothing changes.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] where there can be no such run on these records.
    pub fn augmented(
        &self,
        config: &Config,
        records: Range<usize>,
        epoch: u32,
    ) -> Result<Vec<u8>, Error> {
        planning::planned(config, self.dataset.spec())?;
        let augmentation = Augmentation {
            kind: config.augmentation(),
            seed: config.seed,
            epoch,
            step: 0,
        };
        let held = self.plan.train_records(&self.dataset);
        let indices: Vec<usize> = (records.start..records.end.min(held.len())).collect();
        let laid = batch::gather_bytes(held, &indices, Some(augmentation));
        let pictures = laid.pixels.chunks_exact(laid.spec.image.bytes());
        let labelled = laid.labels.iter().zip(pictures);
        Ok(labelled
            .flat_map(|(label, picture)| [std::slice::from_ref(label), picture].concat())
            .collect())
    }

    /// Before a run that was restored, stopped or completed goes on: are the records held those that it was trained on?
    ///
    /// # Errors
    /// [`Error::DataMissing`] while they are not complete, [`Error::OtherData`] when they are others. The
    /// run waits.
    pub fn check_restored(&self) -> Result<(), Error> {
        match self.compared() {
            Some(DataMatch::Awaited) => self.plan.check(&self.dataset, &self.config),
            Some(DataMatch::Other) => Err(Error::OtherData {
                wanted: self
                    .trained_on
                    .as_ref()
                    .map_or_else(String::new, DataUsed::wanted),
            }),
            Some(DataMatch::Same | DataMatch::Unknown) | None => Ok(()),
        }
    }

    /// The files that the run was trained on and measured on; none where there is no run or its file does not say.
    pub fn sources(&self) -> Vec<DataSource> {
        let used = self.trained_on.as_ref();
        let data = used.and_then(|used| used.data.clone());
        data.map_or_else(Vec::new, |data| data.sources)
    }

    /// The records held beside those of the run that rests; none where none does.
    fn compared(&self) -> Option<DataMatch> {
        let used = self.trained_on.as_ref().filter(|_| !self.is_running())?;
        if self.plan.check(&self.dataset, &self.config).is_err() {
            return Some(DataMatch::Awaited);
        }
        Some(used.compared(&DataUsed::now(&self.dataset, &self.plan)))
    }
}

/// The data that a run is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DataUsed {
    pub class_names: Vec<String>,
    pub train: u32,
    pub validation: u32,
    pub test: u32,
    pub held_out: bool,
    /// Which records those are; none where a file of before does not say.
    pub data: Option<RunData>,
}

impl DataUsed {
    /// What a run would use now.
    pub(super) fn now(dataset: &Dataset, plan: &Plan) -> Self {
        let mut sources = plan.sources(dataset);
        sources.truncate(SOURCES_MAX);
        Self {
            class_names: dataset.class_names().to_vec(),
            train: count(plan.train.len()),
            validation: count(plan.validation.len()),
            test: count(plan.test.len()),
            held_out: plan.held_out,
            data: Some(RunData {
                digest: plan.digest(dataset),
                sources,
            }),
        }
    }

    /// How many records each epoch is measured on.
    pub(super) fn after_epoch(&self) -> u32 {
        match self.validation {
            0 => self.test,
            validation => validation,
        }
    }

    pub(super) fn of(state: &RunState) -> Self {
        Self {
            class_names: state.class_names.clone(),
            train: state.train_used,
            validation: state.validation_used,
            test: state.test_used,
            held_out: state.held_out,
            data: state.data.clone(),
        }
    }

    /// Whether `now` is the same data, in whatever files it came.
    fn compared(&self, now: &Self) -> DataMatch {
        let digest = |used: &Self| used.data.as_ref().map(|data| data.digest.clone());
        let of = |used: &Self| (used.train, used.validation, used.test, used.held_out);
        let is_alike = of(self) == of(now) && self.class_names == now.class_names;
        match digest(self) {
            _ if !is_alike => DataMatch::Other,
            None => DataMatch::Unknown,
            mine if mine == digest(now) => DataMatch::Same,
            Some(_) => DataMatch::Other,
        }
    }

    /// The files to add, as the end of a sentence.
    fn wanted(&self) -> String {
        let sources = self.data.as_ref().map_or(&[][..], |data| &data.sources);
        if sources.is_empty() {
            return format!(
                "{} images to train on and {} to measure on",
                self.train + self.validation,
                self.test
            );
        }
        let said: Vec<String> = sources.iter().take(SOURCES_SAID).map(named).collect();
        match sources.len() - said.len() {
            0 => said.join(", "),
            more => format!("{}, and {more} more", said.join(", ")),
        }
    }
}

fn named(source: &DataSource) -> String {
    let images = if source.records == 1 {
        "image"
    } else {
        "images"
    };
    let part = match source.split {
        Split::Train => "training",
        Split::Test => "testing",
    };
    format!("“{}” ({} {images} for {part})", source.name, source.records)
}
