//! The session before its first step on a GPU: is a batch uploaded whole, and does the GPU compute what
//! the CPU computes? One part a pull, so that the host can say what goes on.

use super::Session;
use crate::device::OpenDevice;
use crate::error::Error;
use crate::model::NetworkSpec;
use crate::plan::Plan;
use crate::protocol::{Backend, CompilePart, Event};
use crate::self_check;
use crate::train::Learner;

/// What is left to do before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// Everything, and nobody has been told.
    New,
    /// This part has been announced, and comes next.
    Announced(CompilePart),
    /// Nothing: the CPU needs no preparation.
    Done,
}

impl Preparation {
    pub(super) fn of(backend: &OpenDevice) -> Self {
        if backend.active.active == Backend::Webgpu {
            Self::New
        } else {
            Self::Done
        }
    }
}

impl Session {
    /// Does the next part and announces the one after it. Returns false when there is nothing left.
    ///
    /// # Errors
    /// [`Error::SelfCheck`] when the backend was asked for by name and computes something else; the
    /// next run tries again.
    pub(super) async fn prepare(
        &mut self,
        plan: &Plan,
        events: &mut Vec<Event>,
    ) -> Result<bool, Error> {
        let found = match self.preparation {
            Preparation::New => {
                self.announce(CompilePart::Upload, events);
                return Ok(true);
            }
            Preparation::Announced(CompilePart::Upload) => self.check_upload(plan).await,
            Preparation::Announced(CompilePart::Comparison) => {
                self.check_computing(plan, events).await
            }
            Preparation::Announced(CompilePart::FirstStep) | Preparation::Done => {
                self.preparation = Preparation::Done;
                return Ok(false);
            }
        };
        match found {
            Ok(next) => self.announce(next, events),
            Err(problem) => self.leave_gpu(problem, events)?,
        }
        Ok(true)
    }

    fn announce(&mut self, part: CompilePart, events: &mut Vec<Event>) {
        self.preparation = Preparation::Announced(part);
        events.push(Event::Compiling {
            part,
            done: part.done(),
            of: CompilePart::COUNT,
        });
    }

    /// A batch as large as the run's, because large uploads are the ones that have failed.
    async fn check_upload(&self, plan: &Plan) -> Result<CompilePart, String> {
        let indices: Vec<usize> = (0..plan.train.min(self.config.batch as usize)).collect();
        self_check::upload(self.dataset.train(), &indices, &self.backend.device).await?;
        Ok(CompilePart::Comparison)
    }

    async fn check_computing(
        &mut self,
        plan: &Plan,
        events: &mut Vec<Event>,
    ) -> Result<CompilePart, String> {
        let indices: Vec<usize> = (0..plan.train.min(self.config.batch as usize)).collect();
        let found = self_check::compare(
            &NetworkSpec::default(),
            self.config.seed,
            self.dataset.train(),
            &indices,
            &self.backend.device,
        )
        .await?;
        self.backend.passed(found);
        let backend = self.backend.active.clone();
        events.push(Event::Backend { backend });
        Ok(CompilePart::FirstStep)
    }

    /// To the CPU, with new weights from the same seed: nothing has been learnt yet.
    fn leave_gpu(&mut self, problem: String, events: &mut Vec<Event>) -> Result<(), Error> {
        self.preparation = Preparation::New;
        self.backend.refuse(problem)?;
        self.preparation = Preparation::Done;
        self.learner = Learner::new(
            &NetworkSpec::default(),
            self.config.seed,
            &self.backend.device,
        );
        let backend = self.backend.active.clone();
        events.push(Event::Backend { backend });
        Ok(())
    }
}
