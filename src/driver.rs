//! Drives a run: when its next slice of training is due, when it is to be kept as a file, which of its epochs is the best so
//! far, and how pause, stop, reset and more epochs meet.
//!
//! The page's worker, the command line and the tests all do the same: a command, then [`Driver::turn`] again and again while
//! it says that there is more. A turn brings events and, where one is due, a checkpoint. Between two turns the host serves
//! whatever else it has to.
//!
//! It computes nothing and holds no session: the host lends its own for each call, so that a prediction is served between
//! two turns. It knows no browser and no file system.

use std::cell::Cell;

use crate::error::Error;
use crate::platform::now_ms;
use crate::protocol::Event;
use crate::session::{Session, Signals};

/// How long a turn is, and how often a run is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cadence {
    /// Milliseconds of training in a turn; a pause waits that long at most.
    pub turn_ms: f64,
    /// Milliseconds of training after which a checkpoint is due, beside each epoch's end.
    pub checkpoint_every_ms: f64,
    /// Least milliseconds between two epochs' ends whose checkpoints are due; the best so far is always due.
    pub epoch_checkpoint_every_ms: f64,
}

impl Default for Cadence {
    fn default() -> Self {
        Self {
            turn_ms: 100.0,
            checkpoint_every_ms: 30_000.0,
            epoch_checkpoint_every_ms: 1_000.0,
        }
    }
}

/// How a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunState {
    /// There is none, or it is over.
    #[default]
    Idle,
    /// Turns bring it on.
    Running,
    /// It was paused.
    Paused,
    /// It was stopped or restored, and waits to go on.
    Waiting,
}

/// A run as a file, to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What [`Session::save`] made.
    pub bytes: Vec<u8>,
    /// Milliseconds that this took.
    pub save_ms: f64,
    /// Whether it ends an epoch that did better on the test images than all before.
    pub is_best: bool,
}

/// What a turn brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The run after these events, where it is due.
    pub checkpoint: Option<Checkpoint>,
    /// Whether the next turn is due.
    pub goes_on: bool,
}

/// The state of the run that is driven. All is in cells: a pause or a stop comes while a turn is awaited.
#[derive(Debug, Default)]
pub struct Driver {
    cadence: Cadence,
    state: Cell<RunState>,
    /// It went on by a command that nobody has been told of.
    resumed: Cell<bool>,
    /// It waited, and no turn has come to its end since it goes on.
    waited: Cell<bool>,
    /// It was told to stop, and has not.
    stopping: Cell<bool>,
    /// Its best accuracy on the test images; none before an epoch is complete.
    best_accuracy: Cell<Option<f64>>,
    /// When the last checkpoint was made, or the run began or went on.
    checkpoint_ms: Cell<f64>,
}

impl Driver {
    /// A driver of no run yet.
    pub fn new(cadence: Cadence) -> Self {
        Self {
            cadence,
            ..Self::default()
        }
    }

    /// How the run stands.
    pub fn state(&self) -> RunState {
        self.state.get()
    }

    /// Whether another run, other data or other settings may take the run's place.
    ///
    /// # Errors
    /// [`Error::RunUnderWay`] while it is under way or paused.
    pub fn check_free(&self) -> Result<(), Error> {
        match self.state.get() {
            RunState::Idle | RunState::Waiting => Ok(()),
            RunState::Running | RunState::Paused => Err(Error::RunUnderWay),
        }
    }

    /// Whether the network may be measured or forgotten.
    ///
    /// # Errors
    /// [`Error::RunUnderWay`] while it learns.
    pub fn check_still(&self) -> Result<(), Error> {
        match self.state.get() {
            RunState::Running => Err(Error::RunUnderWay),
            RunState::Idle | RunState::Paused | RunState::Waiting => Ok(()),
        }
    }

    /// A new run begins with the next turn.
    pub fn begin(&self) {
        self.best_accuracy.set(None);
        self.waited.set(false);
        self.go(false);
    }

    /// The host has another session, or one whose run was taken away or restored: what it has of a run waits.
    pub fn take(&self, session: &Session) {
        let waits = session.position().is_some();
        self.state.set(if waits {
            RunState::Waiting
        } else {
            RunState::Idle
        });
        self.stopping.set(false);
        self.resumed.set(false);
        let accuracies = session.history().iter().map(|epoch| epoch.val_accuracy);
        self.best_accuracy.set(accuracies.reduce(f64::max));
    }

    /// A run that is paused, was stopped or was restored goes on with the next turn. Returns whether there is one.
    ///
    /// # Errors
    /// As [`Session::check_restored`]: a restored run that lacks its images waits on.
    pub fn resume(&self, session: &Session) -> Result<bool, Error> {
        match self.state.get() {
            RunState::Idle | RunState::Running => return Ok(false),
            RunState::Waiting => session.check_restored()?,
            RunState::Paused => {}
        }
        self.waited.set(self.state.get() == RunState::Waiting);
        self.go(true);
        Ok(true)
    }

    /// The run is to end after `epochs` epochs in all. One that was stopped, restored or is over goes on with the next turn,
    /// and where there is none one of so many epochs begins; one that is paused stays so, one under way ends earlier or
    /// later.
    ///
    /// # Errors
    /// As [`Session::extend`]; nothing changes.
    pub fn extend(&self, session: &mut Session, epochs: u32) -> Result<(), Error> {
        session.extend(epochs)?;
        if matches!(self.state.get(), RunState::Idle | RunState::Waiting) {
            self.waited.set(session.position().is_some());
            self.go(true);
        }
        Ok(())
    }

    fn go(&self, resumed: bool) {
        self.state.set(RunState::Running);
        self.stopping.set(false);
        self.resumed.set(resumed);
        self.checkpoint_ms.set(now_ms());
    }

    /// The run pauses before its next step. One that is not under way does nothing.
    pub fn pause(&self, signals: &Signals) {
        if self.state.get() == RunState::Running {
            signals.pause();
        }
    }

    /// The run stops before its next step: also one that is paused, by its next turn.
    pub fn stop(&self, signals: &Signals) {
        if matches!(self.state.get(), RunState::Running | RunState::Paused) {
            self.stopping.set(true);
            self.state.set(RunState::Running);
            signals.stop();
        }
    }

    /// Brings the run on: about [`Cadence::turn_ms`] of training. Where none is under way nothing happens.
    ///
    /// # Errors
    /// As [`Session::advance`]. The run is over then, but for one that waited and lacks its images: it waits on.
    pub async fn turn(&self, session: &mut Session) -> Result<Turn, Error> {
        if self.state.get() != RunState::Running {
            return Ok(Turn::default());
        }
        if self.resumed.take() {
            return Ok(Turn {
                events: vec![Event::Resumed],
                checkpoint: None,
                goes_on: true,
            });
        }
        if self.stopping.get() {
            session.signals().stop(); // The pause that came before it may have taken it.
        }
        let events = match session.advance(self.cadence.turn_ms).await {
            Ok(events) => events,
            Err(error) => {
                self.end_by(&error);
                return Err(error);
            }
        };
        self.waited.set(false);
        for event in &events {
            self.follow(event);
        }
        let is_best = self.is_best(&events);
        let checkpoint = if is_best || self.is_due(&events) {
            self.checkpoint(session, is_best).await
        } else {
            None
        };
        Ok(Turn {
            events,
            checkpoint,
            goes_on: self.state.get() == RunState::Running,
        })
    }

    fn follow(&self, event: &Event) {
        match event {
            Event::Stopped { .. } => self.rest(RunState::Waiting),
            Event::Done { .. } => self.rest(RunState::Idle),
            // A stop that came while the session was pausing is for the next turn.
            Event::Paused { .. } if !self.stopping.get() => self.rest(RunState::Paused),
            _ => {}
        }
    }

    fn rest(&self, state: RunState) {
        self.state.set(state);
        self.stopping.set(false);
    }

    fn end_by(&self, error: &Error) {
        let lacks_images = ["checkpoint", "data_missing"].contains(&error.code());
        self.rest(if self.waited.get() && lacks_images {
            RunState::Waiting
        } else {
            RunState::Idle
        });
    }

    /// Whether these events end an epoch that did better on the test images than every one before.
    fn is_best(&self, events: &[Event]) -> bool {
        let mut is_best = false;
        for event in events {
            let Event::EpochEnd { result, .. } = event else {
                continue;
            };
            if self
                .best_accuracy
                .get()
                .is_none_or(|best| result.val_accuracy > best)
            {
                self.best_accuracy.set(Some(result.val_accuracy));
                is_best = true;
            }
        }
        is_best
    }

    /// Whether the run is to be kept after these events. One of short epochs ends hundreds of them in the time that a few
    /// checkpoints take.
    fn is_due(&self, events: &[Event]) -> bool {
        let mut every_ms = self.cadence.checkpoint_every_ms;
        for event in events {
            match event {
                Event::Paused { .. } | Event::Stopped { .. } | Event::Done { .. } => return true,
                Event::Compiling { .. } | Event::Backend { .. } => return false,
                Event::EpochEnd { .. } => every_ms = self.cadence.epoch_checkpoint_every_ms,
                Event::Progress(_) | Event::Resumed => {}
            }
        }
        now_ms() - self.checkpoint_ms.get() >= every_ms
    }

    /// The run as a file; none where there is nothing worth one, as after a loss that is no number.
    async fn checkpoint(&self, session: &mut Session, is_best: bool) -> Option<Checkpoint> {
        let began_ms = now_ms();
        let bytes = session.save().await.ok()?;
        self.checkpoint_ms.set(now_ms());
        Some(Checkpoint {
            bytes,
            save_ms: now_ms() - began_ms,
            is_best,
        })
    }
}
