//! The session as a file and back. A flex run that is saved at any step and restored ends with the same
//! bits as one that never stopped: weights, moments and running sums are kept whole, the shuffle and the
//! augmentation follow from seed and position, and a validation that was cut short begins anew.

use std::sync::Arc;

use super::{DataUsed, Session};
use crate::batch;
use crate::checkpoint::{self, Checkpoint, Origin, Rounding, RunPosition, RunState, Tensors};
use crate::cifar::{Dataset, count};
use crate::device::OpenDevice;
use crate::error::Error;
use crate::metrics::RunningMean;
use crate::network;
use crate::plan::Plan;
use crate::protocol::{Config, ImageSpec, ModelSpec, RecordSpec, WeightsKind};
use crate::run::{Epoch, Run};

/// Training images from whose patches a whitening layer begins.
const FIRST_IMAGES: usize = 5_000;

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
        let (mut tensors, optimizer_steps) = self.learner.tensors().await?;
        tensors.best.clone_from(&self.best);
        // The data may have changed, or not have come, since the run rests.
        let used = self
            .trained_on
            .clone()
            .unwrap_or_else(|| DataUsed::now(&self.dataset, &self.plan));
        let state = RunState {
            recipe: self.config.recipe(self.network.spec.clone()),
            compute: self.config.compute(),
            class_names: used.class_names,
            train_used: used.train,
            validation_used: used.validation,
            test_used: used.test,
            held_out: used.held_out,
            optimizer_steps,
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
        checkpoint::encode_run(&state, &tensors, &self.network)
    }

    /// What computes here.
    fn origin(&self) -> Origin {
        Origin {
            backend: self.backend.active.active,
            workers: self.backend.active.workers,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rounding: self.learner.rounds_once().map(|once| match once {
                true => Rounding::Once,
                false => Rounding::Twice,
            }),
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

    /// The network's tensors alone, as a file: the averaged ones or those of the best epoch where images are classified by them.
    ///
    /// # Errors
    /// As [`Session::save`].
    pub async fn save_weights(&self) -> Result<Vec<u8>, Error> {
        let values = match self.learner.shown_kind() {
            WeightsKind::Best => self.best.clone(),
            WeightsKind::Averaged | WeightsKind::Last => self.learner.result_tensors().await?,
        };
        let tensors = Tensors {
            values,
            ..Tensors::default()
        };
        checkpoint::encode_weights(&tensors, &self.network)
    }

    /// Reads a file, whatever network it is of. Nothing changes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`], also when it is of other pictures or classes than the records held.
    pub fn read(&self, bytes: &[u8]) -> Result<Checkpoint, Error> {
        let found = checkpoint::decode(bytes, &self.network)?;
        let model = match &found {
            Checkpoint::Run(state, _) => &state.recipe.model,
            Checkpoint::Weights(model, _) => model,
        };
        check_kind(&self.dataset, model)?;
        Ok(found)
    }

    /// A session with a run that was read: the next [`Session::advance`] goes on with it.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], [`Error::Checkpoint`].
    pub fn restored(
        state: RunState,
        tensors: &Tensors,
        backend: OpenDevice,
        dataset: Dataset,
    ) -> Result<Self, Error> {
        let dataset = of_the_kind(dataset, &state.recipe.model, Some(&state.class_names))?;
        let mut session = Self::new(state.config(), backend, dataset)?;
        session.learner.load_state(tensors, state.optimizer_steps)?;
        session.history.clone_from(&state.history);
        session.run = state
            .position
            .as_ref()
            .map(|position| run(position, &state));
        session.stopped = session.run.is_some();
        session.best.clone_from(&tensors.best);
        if session.run.is_none() {
            session.show_result();
        }
        session.trained_on = Some(DataUsed::of(&state));
        session.trace.clone_from(&state.trace);
        session.evaluation.clone_from(&state.evaluation);
        session.restored = Some((state, tensors.clone()));
        Ok(session)
    }

    /// Images are classified by the weights that the run ended with.
    fn show_result(&mut self) {
        if self.config.keeps_best() && !self.best.is_empty() {
            self.show_best();
        } else {
            self.learner.show_average(true);
        }
    }

    /// Begins anew from weights that were read, with their network: a fresh optimiser, no history. The data stays.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when the network cannot be trained under this configuration; [`Error::Checkpoint`].
    /// The session is as it was.
    pub fn take_weights(&mut self, model: &ModelSpec, tensors: &Tensors) -> Result<(), Error> {
        check_kind(&self.dataset, model)?;
        let config = Config {
            network: network::choice(model),
            pixels: model.pixels.clone(),
            norm_group: model.norm_group,
            ..self.config.clone()
        };
        let records = RecordSpec {
            image: model.image,
            classes: model.classes as usize,
        };
        let network = super::planning::planned(&config, records)?;
        let mut learner = super::planning::fresh_learner(&network, &config, &self.backend);
        learner.load_state(tensors, 0)?;
        if records != self.dataset.spec() {
            let empty = Dataset::new(None)?;
            self.dataset = of_the_kind(std::mem::replace(&mut self.dataset, empty), model, None)?;
            self.plan = Arc::new(Plan::new(&self.dataset, &config));
        }
        (self.config, self.network) = (config, network);
        self.reset();
        self.learner = learner;
        self.weights = Some(tensors.clone());
        self.choose_helpers(); // Another network may be split otherwise.
        Ok(())
    }

    /// Sets what of fresh weights follows from the training images.
    pub(super) fn begin_from_images(&mut self, plan: &Plan) {
        if self.weights.is_some() || !self.learner.model_as_built().needs_images() {
            return;
        }
        let records = plan.train_records(&self.dataset);
        let indices: Vec<usize> = (0..records.len().min(FIRST_IMAGES)).collect();
        let bytes = batch::gather_bytes(records, &indices, None);
        let pixels = bytes.as_seen(&self.network.spec.pixels);
        self.learner.begin_from(&pixels);
    }
}

/// `dataset` where its records are of `model`'s kind; an empty one of that kind where there are no records yet.
///
/// # Errors
/// [`Error::Checkpoint`] when there are records of another kind.
fn of_the_kind(
    dataset: Dataset,
    model: &ModelSpec,
    class_names: Option<&[String]>,
) -> Result<Dataset, Error> {
    let here = dataset.spec();
    if (here.image, here.classes) == (model.image, model.classes as usize) {
        return Ok(dataset);
    }
    check_kind(&dataset, model)?;
    let names = match class_names {
        Some(names) => names.to_vec(),
        None => (1..=model.classes).map(|n| format!("class {n}")).collect(),
    };
    Dataset::of(model.image, names)
}

/// # Errors
/// [`Error::Checkpoint`] when there are records, of another kind than `model`'s.
fn check_kind(dataset: &Dataset, model: &ModelSpec) -> Result<(), Error> {
    let RecordSpec { image, classes } = dataset.spec();
    let is_same = (image, classes) == (model.image, model.classes as usize);
    if is_same || (dataset.train().is_empty() && dataset.test().is_empty()) {
        return Ok(());
    }
    let said = |image: ImageSpec, classes: usize| {
        let ImageSpec {
            channels,
            height,
            width,
        } = image;
        format!("{classes} classes of images of {channels} × {height} × {width}")
    };
    Err(Error::checkpoint(format!(
        "it is of {}, and the images here are {}",
        said(model.image, model.classes as usize),
        said(image, classes)
    )))
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
    let config = state.config();
    let mut run = Run::new(position.epoch, 0);
    run.epochs_end = position.epochs_end;
    if position.step > 0 {
        run.state = Some(Epoch {
            order: super::planning::order(&config, train, position.epoch),
            step: position.step,
            steps: config.steps(state.train_used),
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
