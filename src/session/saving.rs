//! The session as a file and back. A flex run that is saved at any step and restored ends with the same
//! bits as one that never stopped: weights, moments and running sums are kept whole, the shuffle and the
//! augmentation follow from seed and position, and a validation that was cut short begins anew.

use super::{DataUsed, Session};
use crate::batch;
use crate::checkpoint::{self, Checkpoint, Numbers, Origin, RunPosition, RunState};
use crate::cifar::{Dataset, count};
use crate::device::OpenDevice;
use crate::error::Error;
use crate::metrics::RunningMean;
use crate::run::{Epoch, Run};

impl Session {
    /// The run as a file (see [`checkpoint`]), under way or not. Training goes on as if nothing had been
    /// read.
    ///
    /// # Errors
    /// [`Error::Compute`]; [`Error::Checkpoint`] when a weight is not finite.
    pub async fn save(&mut self) -> Result<Vec<u8>, Error> {
        let position = match self.run.take() {
            None => None,
            Some(mut run) => {
                let read = self.read_running(&mut run).await;
                let position = position(&run);
                self.run = Some(run);
                read?;
                Some(position)
            }
        };
        let (numbers, adam_steps) = self.learner.numbers().await?;
        // The data may have changed, or not have come, since the run rests.
        let used = self
            .trained_on
            .clone()
            .unwrap_or_else(|| DataUsed::now(&self.dataset, &self.plan));
        let state = RunState {
            config: self.config.clone(),
            class_names: used.class_names,
            train_used: used.train,
            test_used: used.test,
            held_out: used.held_out,
            adam_steps,
            history: self.history.clone(),
            position,
            trace: self.trace.clone(),
            evaluation: self
                .evaluation
                .clone()
                .filter(|found| found.loss.is_finite()),
            origin: Some(self.origin()),
            data: used.data,
        };
        checkpoint::encode_run(&state, &numbers, &self.learner.slots())
    }

    /// What computes here.
    fn origin(&self) -> Origin {
        Origin {
            backend: self.backend.active.active,
            workers: self.backend.active.workers,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// What keeps a restored run from going on with the bits that it would have had: a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let Some((state, _)) = &self.restored else {
            return Vec::new();
        };
        match &state.origin {
            Some(origin) => origin.differences(&self.origin()),
            None => vec!["It does not say what computed it: an older version saved it.".into()],
        }
    }

    /// The network's parameters alone, as a file.
    ///
    /// # Errors
    /// As [`Session::save`].
    pub async fn save_weights(&self) -> Result<Vec<u8>, Error> {
        let (numbers, _) = self.learner.numbers().await?;
        checkpoint::encode_weights(&numbers.parameters, &self.learner.slots())
    }

    /// Reads a file for this session's network. Nothing changes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn read(&self, bytes: &[u8]) -> Result<Checkpoint, Error> {
        let found = checkpoint::decode(bytes, &self.learner.slots())?;
        if let Checkpoint::Run(state, _) = &found {
            let (saved, here) = (state.class_names.len(), self.dataset.spec().classes);
            if saved != here {
                return Err(Error::checkpoint(format!(
                    "it tells {saved} classes apart, and the images here are of {here}"
                )));
            }
        }
        Ok(found)
    }

    /// A session with a run that was read: the next [`Session::advance`] goes on with it.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], [`Error::Checkpoint`].
    pub fn restored(
        state: RunState,
        numbers: &Numbers,
        backend: OpenDevice,
        dataset: Dataset,
    ) -> Result<Self, Error> {
        let mut session = Self::new(state.config.clone(), backend, dataset)?;
        session.learner.take_over(numbers, state.adam_steps)?;
        session.history.clone_from(&state.history);
        session.run = state
            .position
            .as_ref()
            .map(|position| run(position, &state));
        session.stopped = session.run.is_some();
        session.trained_on = Some(DataUsed::of(&state));
        session.trace.clone_from(&state.trace);
        session.evaluation.clone_from(&state.evaluation);
        session.restored = Some((state, numbers.clone()));
        Ok(session)
    }

    /// Begins anew from weights that were read: a fresh optimiser, no history. The data stays.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn take_weights(&mut self, numbers: &Numbers) -> Result<(), Error> {
        self.reset();
        self.learner.take_over(numbers, 0)
    }
}

fn position(run: &Run) -> RunPosition {
    let epoch = run.state.as_ref();
    let mean = epoch.map(|epoch| epoch.mean).unwrap_or_default();
    RunPosition {
        epoch: run.epoch,
        epochs_end: run.epochs_end,
        step: epoch.map_or(0, |epoch| epoch.step),
        loss_sum: mean.loss_sum,
        correct: mean.correct,
        records: count(mean.records),
        train_ms: epoch.map_or(0.0, |epoch| epoch.train_ms),
    }
}

fn run(position: &RunPosition, state: &RunState) -> Run {
    let train = state.train_used as usize;
    let mut run = Run::new(position.epoch, 0);
    run.epochs_end = position.epochs_end;
    if position.step > 0 {
        run.state = Some(Epoch {
            order: batch::shuffled(train, state.config.seed, position.epoch),
            step: position.step,
            steps: state.train_used.div_ceil(state.config.batch),
            mean: RunningMean {
                loss_sum: position.loss_sum,
                correct: position.correct,
                records: position.records as usize,
            },
            train_ms: position.train_ms,
            validation: None,
        });
    }
    run
}
