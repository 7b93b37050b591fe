//! The session before its first step on a GPU: is a batch uploaded whole, and does the GPU compute what
//! the CPU computes? One part a pull, so that the host can say what goes on.

use std::sync::Arc;

use super::Session;
use crate::batch::ResidentImages;
use crate::cifar::count;
use crate::device::OpenDevice;
use crate::error::Error;
use crate::plan::Plan;
use crate::protocol::{Backend, CompilePart, Event};
use crate::self_check;

/// What is left to do before the first step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// This part comes next, and nobody has been told.
    Ahead(CompilePart),
    /// This part comes next, and has been announced.
    Announced(CompilePart),
    /// Nothing, and nothing may come: the GPU was asked for by name and refused for this reason.
    Refused(String),
    /// Nothing: the CPU needs no preparation.
    Done,
}

impl Preparation {
    pub(super) fn of(backend: &OpenDevice) -> Self {
        if backend.active.active == Backend::Webgpu {
            Self::Ahead(CompilePart::Upload)
        } else {
            Self::Done
        }
    }

    /// What was announced before a pause is announced again after it.
    pub(super) fn paused(&mut self) {
        if let Self::Announced(part) = *self {
            *self = Self::Ahead(part);
        }
    }
}

impl Session {
    /// Does the next part and announces the one after it. Returns false when there is nothing left.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] from then on when the backend was asked for by name and computes something
    /// else.
    pub(super) async fn prepare(
        &mut self,
        plan: &Plan,
        events: &mut Vec<Event>,
    ) -> Result<bool, Error> {
        let found = match &self.preparation {
            Preparation::Ahead(part) => Ok(*part),
            Preparation::Announced(CompilePart::Upload) => self.check_upload(plan).await,
            Preparation::Announced(CompilePart::Comparison) => {
                self.check_computing(plan, events).await
            }
            Preparation::Announced(CompilePart::Calibration) => {
                match self.calibrate(plan, events).await.transpose() {
                    Some(found) => found,
                    None => return Ok(true),
                }
            }
            Preparation::Announced(CompilePart::FirstStep) | Preparation::Done => {
                self.preparation = Preparation::Done;
                return Ok(false);
            }
            Preparation::Refused(problem) => {
                return Err(Error::SelfCheck {
                    backend: "webgpu",
                    problem: problem.clone(),
                });
            }
        };
        match found {
            Ok(next) => self.announce(next, events),
            Err(problem) => self.leave_gpu(problem, events),
        }
        Ok(true)
    }

    fn announce(&mut self, part: CompilePart, events: &mut Vec<Event>) {
        self.preparation = Preparation::Announced(part);
        let parts = CompilePart::all(self.config.backend);
        let before = parts.iter().take_while(|each| **each != part);
        events.push(Event::Compiling {
            part,
            done: count(before.count()),
            of: count(parts.len()),
        });
    }

    /// A batch as large as the run's, from all over the records, because large uploads are the ones that
    /// have failed.
    async fn check_upload(&mut self, plan: &Plan) -> Result<CompilePart, String> {
        self.make_resident(plan);
        self.call_rivals(); // They start meanwhile.
        let batch = self.first_batch(plan).len();
        let indices: Vec<usize> = (0..batch).map(|n| n * plan.train.len() / batch).collect();
        let records = plan.train_records(&self.dataset);
        self_check::upload(
            records,
            self.resident_train.as_ref(),
            &indices,
            &self.backend.device,
        )
        .await?;
        Ok(CompilePart::Comparison)
    }

    /// Keeps the run's images on the GPU, unless they are there.
    pub(super) fn make_resident(&mut self, plan: &Plan) {
        let device = &self.backend.device;
        if self.resident_train.is_none() {
            self.resident_train = ResidentImages::new(plan.train_records(&self.dataset), device);
        }
        if self.resident_measured.is_none() {
            self.resident_measured =
                ResidentImages::new(plan.records(&self.dataset, plan.after_epoch()), device);
        }
    }

    /// Nothing is kept on the GPU any more: the records are others, or the GPU is left.
    pub(super) fn let_go(&mut self) {
        self.resident_train = None;
        self.resident_measured = None;
    }

    async fn check_computing(
        &mut self,
        plan: &Plan,
        events: &mut Vec<Event>,
    ) -> Result<CompilePart, String> {
        let indices = self.first_batch(plan);
        let found = self_check::compare(
            &self.network,
            self.config.seed,
            plan.train_records(&self.dataset),
            &indices,
            &self.backend.device,
        )
        .await?;
        self.backend.passed(found);
        self.tell_backend(events);
        Ok(match self.config.backend {
            Backend::Auto => CompilePart::Calibration,
            _ => CompilePart::FirstStep,
        })
    }

    pub(super) fn first_batch(&self, plan: &Plan) -> Vec<usize> {
        (0..plan.train.len().min(self.config.batch as usize)).collect()
    }

    /// To the CPU, with the weights that the session began with: the GPU has taken no step. Also when it
    /// was asked for by name, so that what is predicted before the next `load` is not its work.
    pub(super) fn leave_gpu(&mut self, problem: String, events: &mut Vec<Event>) {
        self.preparation = if self.config.backend == Backend::Auto {
            Preparation::Done
        } else {
            Preparation::Refused(problem.clone())
        };
        self.backend.refuse(problem);
        self.move_to_cpu(events);
    }

    /// What the session began with, on the CPU that `backend` names by now.
    pub(super) fn move_to_cpu(&mut self, events: &mut Vec<Event>) {
        self.let_go();
        self.choose_helpers();
        self.learner = super::planning::fresh_learner(&self.network, &self.config, &self.backend);
        if let Some((state, numbers)) = &self.restored
            && let Err(error) = self.learner.load_state(numbers, state.optimizer_steps)
        {
            // The same numbers were taken over once, so this does not happen.
            self.preparation = Preparation::Refused(error.to_string());
        }
        if self.restored.is_none() {
            self.begin_again();
        }
        self.tell_backend(events);
    }

    /// A fresh learner begins as the one before it did: with a file's weights, or with what follows from the images.
    fn begin_again(&mut self) {
        if let Some(weights) = &self.weights
            && let Err(error) = self.learner.load_state(weights, 0)
        {
            self.preparation = Preparation::Refused(error.to_string());
        }
        let plan = Arc::clone(&self.plan);
        self.begin_from_images(&plan);
    }

    pub(super) fn tell_backend(&self, events: &mut Vec<Event>) {
        let backend = self.backend.active.clone();
        events.push(Event::Backend { backend });
    }
}
