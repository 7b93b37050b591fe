//! Owns the run: configuration, data, model, history. [`Session::advance`] does some steps and
//! returns what happened as events.
//!
//! The host pulls: pausing is not calling, so the same session serves a worker, a page of somebody
//! else and a native test. Nothing here knows JavaScript, and nothing here blocks: reads are awaited.

mod best;
mod calibrate;
mod data;
mod data_parallel;
mod learning;
mod measure;
mod planning;
mod prepare;
mod resting;
mod saving;
mod signals;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::batch::{self, Augmentation, ResidentImages};
use crate::checkpoint::{RunState, Tensors};
use crate::cifar::{Dataset, count};
use crate::device::OpenDevice;
use crate::error::Error;
use crate::network::NetworkPlan;
use crate::plan::Plan;
use crate::platform::now_ms;
use crate::pool::Pool;
use crate::protocol::{
    Backend, Config, EpochResult, Evaluation, Event, Loaded, Stage, Summary, Trace,
};
use crate::random::Draws;
use crate::rule::Schedule;
use crate::run::{Epoch, Measurement, Run};
use crate::train::Learner;

use data::DataUsed;
use planning::{fresh_learner, order, planned};
use prepare::Preparation;

pub use signals::Signals;

/// Most steps between two reads. Nothing else throttles submissions on wasm's WebGPU: without a read
/// the queue and its memory grow.
const STEPS_PER_READ_MAX: usize = 16;
/// Milliseconds of steps between two reads, because a pause waits for what is queued.
const READ_EVERY_MS: f64 = 200.0;

/// Adam trains this network stably up to about this learning rate (the tutorial's is a tenth of it).
const LR_SAFE: f64 = 0.01;

/// One visitor's run and all it needs.
#[derive(Debug)]
pub struct Session {
    config: Config,
    dataset: Dataset,
    /// What a run uses of the records held.
    plan: Arc<Plan>,
    /// The network that learns.
    network: Arc<NetworkPlan>,
    /// How its learning rate goes.
    schedule: Schedule,
    backend: OpenDevice,
    learner: Learner,
    /// The weights of a file with which a run is to begin.
    weights: Option<Tensors>,
    history: Vec<EpochResult>,
    /// The network's tensors after its best epoch, by their names, where the run ends with those.
    best: BTreeMap<String, Vec<f32>>,
    /// What the last whole epoch came to on the test records.
    evaluation: Option<Evaluation>,
    /// The live loss since the weights were new.
    trace: Trace,
    /// The run under way, paused, or stopped.
    run: Option<Run>,
    /// Whether the run was stopped, or restored and has not gone on.
    stopped: bool,
    /// The data that the run is of; none before it began.
    trained_on: Option<DataUsed>,
    signals: Arc<Signals>,
    preparation: Preparation,
    /// The training images on the GPU.
    resident_train: Option<ResidentImages>,
    /// The images to measure on, on the GPU.
    resident_measured: Option<ResidentImages>,
    /// What the session was restored from, until its run goes on.
    restored: Option<(RunState, Tensors)>,
    /// Who else computes; none where there is one worker only.
    pool: Option<Pool>,
}

impl Session {
    /// A session with a fresh model of the network that `config` asks for, for the pictures and classes of `dataset`.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`], also when the network cannot be built for these pictures.
    pub fn new(config: Config, backend: OpenDevice, dataset: Dataset) -> Result<Self, Error> {
        config.validate()?;
        let network = planned(&config, dataset.spec())?;
        let learner = fresh_learner(&network, &config, &backend);
        let preparation = Preparation::of(&backend);
        Ok(Self {
            plan: Arc::new(Plan::new(&dataset, &config)),
            schedule: Schedule::new(&config.recipe(network.spec.clone())),
            config,
            dataset,
            network,
            backend,
            learner,
            weights: None,
            history: Vec::new(),
            best: BTreeMap::new(),
            evaluation: None,
            trace: Trace::default(),
            run: None,
            stopped: false,
            trained_on: None,
            signals: Arc::default(),
            preparation,
            resident_train: None,
            resident_measured: None,
            restored: None,
            pool: None,
        })
    }

    /// The handle by which a run is paused or stopped from outside.
    pub fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }

    /// The epochs trained since the weights were new.
    pub fn history(&self) -> &[EpochResult] {
        &self.history
    }

    /// What the last whole epoch came to on the test records; none before one is complete.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        self.evaluation.as_ref()
    }

    /// The live loss since the weights were new.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What `load` answers.
    pub fn loaded(&self) -> Loaded {
        Loaded {
            config: self.config.clone(),
            backend: self.backend.active.clone(),
            summary: self.summary(),
            data: self.data(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The network's table.
    pub fn summary(&self) -> Summary {
        self.learner.summary()
    }

    /// Forgets the run: new weights from the seed, no history. The data stays.
    pub fn reset(&mut self) {
        self.learner = fresh_learner(&self.network, &self.config, &self.backend);
        self.weights = None;
        self.history.clear();
        self.best.clear();
        self.evaluation = None;
        self.trace = Trace::default();
        self.restored = None;
        self.run = None;
        self.stopped = false;
        self.trained_on = None;
        self.signals.clear();
    }

    /// Trains for about `budget_ms` milliseconds, at least one step, and returns what happened; of a run's
    /// first step at once. It
    /// goes on with a run that was stopped or restored; where there is none it begins one of `config.epochs`
    /// epochs, after an earlier one with its weights and its optimiser's state. It returns at the end of an
    /// epoch, whatever is left of the budget.
    ///
    /// # Errors
    /// [`Error::DataMissing`] before a run; [`Error::Checkpoint`] when the data is not what the run was trained
    /// on, and the run waits; [`Error::Diverged`] or [`Error::Compute`] end it.
    pub async fn advance(&mut self, budget_ms: f64) -> Result<Vec<Event>, Error> {
        let plan = Arc::clone(&self.plan);
        if !self.is_running() {
            self.begin(&plan)?;
        }
        let Some(mut run) = self.run.take() else {
            return Ok(Vec::new()); // There always is one by now.
        };
        let until_ms = now_ms() + budget_ms;
        let mut events = Vec::new();
        // On an error the run is not put back: it is over, the model stays.
        let goes_on = self
            .advance_run(&mut run, &plan, until_ms, &mut events)
            .await?;
        if goes_on {
            self.run = Some(run);
        }
        Ok(events)
    }

    /// Returns true when there is more to do.
    async fn advance_run(
        &mut self,
        run: &mut Run,
        plan: &Plan,
        until_ms: f64,
        events: &mut Vec<Event>,
    ) -> Result<bool, Error> {
        loop {
            if self.obey_signals(run, plan, events).await? {
                return Ok(true);
            }
            if self.prepare(plan, events).await? {
                return Ok(true);
            }
            if self.restored.take().is_some() {
                self.trace.resume(run.epochs_done());
            }
            if run.epoch >= run.epochs_end {
                // Only the test records are left.
                if self.end_with_best(run, plan).await? {
                    events.push(self.done(run));
                    return Ok(false);
                }
            } else if self.work(run, plan).await? {
                self.end_epoch(run, events);
                self.choose_best(run).await?;
                let goes_on = run.epoch < run.epochs_end || self.config.keeps_best();
                if !goes_on {
                    events.push(self.done(run));
                }
                return Ok(goes_on);
            }
            let now = now_ms();
            if now - run.reported_ms >= f64::from(self.config.report_every_ms) {
                let is_first = run.reported_ms.is_infinite();
                self.report(run, plan, events).await?;
                if is_first {
                    return Ok(true); // The host shows the first figures at once.
                }
            }
            if now >= until_ms {
                return Ok(true);
            }
        }
    }

    async fn report(
        &mut self,
        run: &mut Run,
        plan: &Plan,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        self.read_running(run).await?;
        if let Some(progress) = run.progress(plan.indices(plan.after_epoch()).len()) {
            if progress.stage == Stage::Training && progress.step > 0 {
                self.trace
                    .add(progress.epoch, run.epochs_done(), progress.loss);
            }
            events.push(Event::Progress(progress));
        }
        run.reported_ms = now_ms();
        Ok(())
    }

    async fn read_running(&mut self, run: &mut Run) -> Result<(), Error> {
        let Some(epoch) = &mut run.state else {
            return Ok(());
        };
        let started_ms = now_ms();
        self.learner.read_running(&mut epoch.mean).await?;
        epoch.spend(now_ms() - started_ms);
        let loss = epoch.mean.loss();
        if loss.is_finite() {
            return Ok(());
        }
        Err(Error::Diverged {
            epoch: run.epoch + 1,
            loss: loss.to_string(),
            cause: self.cause_of_divergence(),
        })
    }

    /// Why a loss is no number, as the end of a sentence.
    fn cause_of_divergence(&self) -> &'static str {
        if self.config.lr > LR_SAFE {
            "the learning rate is too high: each step overshoots"
        } else if self.backend.active.active == Backend::Webgpu {
            "the graphics card computed something wrong, since the learning rate is a usual one"
        } else {
            "the learning rate is too high for these images and this batch size"
        }
    }

    /// Does one step or measures one batch. Returns true when the epoch is complete.
    async fn work(&mut self, run: &mut Run, plan: &Plan) -> Result<bool, Error> {
        if run.state.is_none() {
            self.make_resident(plan); // Records may have come since an earlier run.
            run.ending = None;
        }
        let config = &self.config;
        let epoch = run.state.get_or_insert_with(|| Epoch {
            order: order(config, plan.train.len(), run.epoch),
            step: 0,
            steps: config.steps(count(plan.train.len())),
            mean: Default::default(),
            train_ms: 0.0,
            validation: None,
        });
        if epoch.step < epoch.steps {
            self.train_step(run.epoch, epoch).await?;
            let queued = self.learner.unread_steps();
            // None is queued after a step with helpers, whose loss is known at once.
            if queued == 0 || epoch.step == epoch.steps || queued >= steps_per_read(epoch) {
                self.read_running(run).await?;
            }
            return Ok(false);
        }
        let classes = self.dataset.spec().classes;
        if epoch.validation.is_none() {
            let is_last = run.epoch + 1 >= run.epochs_end;
            self.learner.show_average(is_last);
        }
        let set = plan.after_epoch();
        let unmeasured = || Measurement::new(set, classes);
        let measurement = epoch.validation.get_or_insert_with(unmeasured);
        self.measure(plan, measurement).await?;
        Ok(measurement.done >= plan.indices(set).len())
    }

    async fn train_step(&mut self, epoch_index: u32, epoch: &mut Epoch) -> Result<(), Error> {
        let started_ms = now_ms();
        let first = epoch.step as usize * self.config.batch as usize;
        let end = epoch.order.len().min(first + self.config.batch as usize);
        let indices = epoch.order.get(first..end).unwrap_or_default();
        let lr = self.lr(epoch_index, epoch.step, epoch.steps);
        let augmentation = Augmentation {
            kind: self.config.augmentation(),
            seed: self.config.seed,
            epoch: epoch_index,
            step: epoch.step,
        };
        if let Some(pool) = self.pool() {
            self.step_data_parallel(&pool, indices, augmentation, lr, &mut epoch.mean)
                .await?;
        } else {
            self.learner.upload_step_size(lr);
            let records = self.plan.train_records(&self.dataset);
            let device = self.learner.device();
            let batch = match &self.resident_train {
                Some(resident) => resident.gather(records, indices, Some(augmentation), device),
                None => batch::gather(records, indices, Some(augmentation), device),
            };
            let draws = Draws {
                seed: self.config.seed,
                epoch: epoch_index,
                step: epoch.step,
                first_record: 0,
            };
            self.learner.step(&batch, draws, lr);
        }
        epoch.step += 1;
        epoch.spend(now_ms() - started_ms);
        Ok(())
    }

    /// The last report before an epoch's end may be steps old, so another comes with it: what stands then is what
    /// [`Session::progress`] says of the run wherever it is opened.
    fn end_epoch(&mut self, run: &mut Run, events: &mut Vec<Event>) {
        let Some(epoch) = run.state.take() else {
            return;
        };
        let validation = epoch.validation.clone();
        let validation = validation.unwrap_or_else(|| self.measurement(self.plan.after_epoch()));
        let evaluation = Box::new(self.evaluation_of(&validation));
        let mut result = epoch.result(run.epoch, &evaluation);
        result.lr = self.scheduled_lr(run.epoch, epoch.steps);
        self.evaluation = Some((*evaluation).clone());
        self.history.push(result.clone());
        run.epoch += 1;
        run.last_validation_ms = Some(validation.elapsed_ms);
        let images = count(epoch.order.len());
        let progress = result.progress(images, epoch.steps, run.epochs_end);
        events.push(Event::Progress(progress));
        events.push(Event::EpochEnd { result, evaluation });
    }
}

/// How many steps may be queued before the next read: few where a step is slow. One until a step has
/// been waited for, since before that nobody knows.
fn steps_per_read(epoch: &Epoch) -> usize {
    if epoch.mean.records == 0 {
        return 1;
    }
    let step_ms = epoch.train_ms / f64::from(epoch.step.max(1));
    ((READ_EVERY_MS / step_ms) as usize).clamp(1, STEPS_PER_READ_MAX)
}
