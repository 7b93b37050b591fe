//! The session and its records: what is added, what a run uses, and whether a restored run may go on with it.

use std::sync::Arc;

use super::Session;
use crate::checkpoint::{RunData, RunState};
use crate::cifar::{Dataset, count};
use crate::error::Error;
use crate::plan::Plan;
use crate::protocol::{DataMatch, DataSource, DataStatus, ShardAdded, Split, SplitChoice};

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
    /// [`Error::Busy`] during a run, whose records must not change; else as [`Dataset::add_named`].
    pub fn add_shard(
        &mut self,
        split: impl Into<SplitChoice>,
        bytes: Vec<u8>,
        name: Option<&str>,
    ) -> Result<ShardAdded, Error> {
        if self.is_running() && self.signals.take_stop() {
            self.run = None; // A paused run that was stopped and not asked since.
        }
        // A restored run that has not gone on may still be waiting for its records.
        if self.is_running() && self.restored.is_none() {
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

    /// Records as the official files have them, 3,073 bytes each: of those that a run would train on, or measure on,
    /// `count` from `first` on, or as many as there are.
    pub fn records(&self, split: Split, first: usize, count: usize) -> Vec<u8> {
        let records = match split {
            Split::Train => self.plan.train_records(&self.dataset),
            Split::Test => self.plan.test_records(&self.dataset),
        };
        records.bytes(first, count)
    }

    /// Whether the restored run that waits, if there is one, may go on with the records held.
    ///
    /// # Errors
    /// [`Error::DataMissing`] while they are not complete, [`Error::OtherData`] when they are others. The
    /// run waits.
    pub fn check_restored(&self) -> Result<(), Error> {
        match self.compared() {
            Some(DataMatch::Awaited) => self.plan.check(&self.dataset, &self.config),
            Some(DataMatch::Other) => Err(Error::OtherData {
                wanted: wanted(self.restored.as_ref().map(|(state, _)| state)),
            }),
            Some(DataMatch::Same | DataMatch::Unknown) | None => Ok(()),
        }
    }

    /// The files that the restored run was trained on and measured on, where it waits and says so.
    pub fn sources(&self) -> Vec<DataSource> {
        let data = self
            .restored
            .as_ref()
            .and_then(|(state, _)| state.data.clone());
        data.map_or_else(Vec::new, |data| data.sources)
    }

    /// The identity of what a run uses.
    pub(super) fn run_data(&self) -> RunData {
        let mut sources = self.plan.sources(&self.dataset);
        sources.truncate(SOURCES_MAX);
        RunData {
            digest: self.plan.digest(&self.dataset),
            sources,
        }
    }

    /// The records held beside those of the restored run that waits; none where none waits.
    fn compared(&self) -> Option<DataMatch> {
        let (state, _) = self.restored.as_ref()?;
        let plan = &self.plan;
        if plan.check(&self.dataset, &self.config).is_err() {
            return Some(DataMatch::Awaited);
        }
        let used = (count(plan.train.len()), count(plan.test.len()));
        let is_alike = used == (state.train_used, state.test_used)
            && plan.held_out == state.held_out
            && self.dataset.class_names() == state.class_names;
        Some(match &state.data {
            _ if !is_alike => DataMatch::Other,
            None => DataMatch::Unknown,
            Some(data) if data.digest == plan.digest(&self.dataset) => DataMatch::Same,
            Some(_) => DataMatch::Other,
        })
    }
}

/// What a run was trained on, as the end of a sentence.
fn wanted(state: Option<&RunState>) -> String {
    let Some(state) = state else {
        return String::new();
    };
    let sources = state.data.as_ref().map_or(&[][..], |data| &data.sources);
    if sources.is_empty() {
        let (train, test) = (state.train_used, state.test_used);
        return format!("{train} images to train on and {test} to measure on");
    }
    let said: Vec<String> = sources.iter().take(SOURCES_SAID).map(named).collect();
    match sources.len() - said.len() {
        0 => said.join(", "),
        more => format!("{}, and {more} more", said.join(", ")),
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
