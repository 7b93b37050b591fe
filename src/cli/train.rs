//! `convburn train`: a new run, or one that goes on, to its end or to Ctrl+C.

use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ArgMatches;
use serde::Serialize;

use super::failure::{Code, Exit, Failure};
use super::output::Output;
use super::progress::Shown;
use super::saving::{self, Saving};
use super::{data, options, run_file, text};
use crate::checkpoint::{Checkpoint, RunState, Tensors};
use crate::driver::{Cadence, Driver};
use crate::platform::block_on;
use crate::protocol::{Config, Event, Loaded};
use crate::session::{Session, Signals};

/// What is said to programs beside the events.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    /// Before the first step.
    Loaded(&'a Loaded),
    /// At the end.
    Saved {
        file: &'a Path,
        /// False when it was interrupted.
        complete: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read or written, a setting cannot be what was typed, or the run failed.
pub fn run(given: &ArgMatches, output: &Output) -> Result<Exit, Failure> {
    let driver = Driver::new(Cadence::default());
    let session = opened(given, &driver, output)?;
    let loaded = session.loaded();
    let asked = given.get_one::<PathBuf>(options::SAVE);
    let saving = Saving::new(asked, &loaded.config)?;
    output.json(&Line::Loaded(&loaded));
    introduce(&loaded, output);
    let interrupted = listen(session.signals())?;
    let shown = Shown::new(*output, epochs(&session, &loaded.config));
    let mut training = Training {
        driver,
        session,
        saving,
        shown,
        interrupted,
    };
    let ended = training.finish();
    training.shown.end();
    let is_complete = ended.map_err(|failure| training.with_place(failure))?;
    training.report(is_complete, &options::path_of(given, options::DATA), output)
}

/// The session, with a run that the driver's next turn begins or goes on with.
fn opened(given: &ArgMatches, driver: &Driver, output: &Output) -> Result<Session, Failure> {
    let images = options::path_of(given, options::DATA);
    let found = given.get_one::<PathBuf>(options::FROM);
    let found = found.map(|path| run_file::read(path)).transpose()?;
    if let Some(Checkpoint::Run(state, tensors)) = found {
        return gone_on(given, &images, *state, &tensors, driver, output);
    }
    let mut config = options::beginning(given)?;
    options::set(&mut config, given)?;
    config.validate()?;
    let dataset = data::load(&images, &config)?;
    let session = match found {
        Some(Checkpoint::Weights(model, tensors)) => {
            run_file::begun_with(&model, &tensors, config, dataset)?
        }
        _ => run_file::session(config, dataset)?,
    };
    driver.take(&session);
    driver.begin();
    Ok(session)
}

fn gone_on(
    given: &ArgMatches,
    images: &Path,
    state: RunState,
    tensors: &Tensors,
    driver: &Driver,
    output: &Output,
) -> Result<Session, Failure> {
    let mut config = state.config();
    options::change(&mut config, given)?;
    let epochs = options::is_typed(given, "epochs").then_some(config.epochs);
    if state.position.is_none() && epochs.is_none() {
        let trained = text::counted(state.history.len() as u64, "epoch");
        return Err(Failure::usage(
            format!("This run is complete after {trained}."),
            "Say of how many epochs in all it is to be, for example --epochs 20.",
        ));
    }
    config.validate()?;
    let dataset = data::load(images, &config)?;
    let session = run_file::restored(state, tensors, config, epochs, dataset)?;
    driver.take(&session);
    driver.resume(&session)?;
    if let Some(place) = session.position() {
        let (epoch, step) = (place.epoch, place.step);
        output.note(&format!(
            "The run goes on in epoch {epoch}, after step {step}."
        ));
    }
    for remark in session.remarks() {
        output.note(&remark);
    }
    Ok(session)
}

/// How many epochs the run is of in all.
fn epochs(session: &Session, config: &Config) -> u32 {
    let progress = session.progress();
    progress.map_or(config.epochs, |progress| progress.epochs.max(config.epochs))
}

fn introduce(loaded: &Loaded, output: &Output) {
    let workers = text::counted(loaded.backend.workers.into(), "worker");
    output.note(&format!(
        "{} learn from {}, {} to measure on; {workers}. {}",
        text::counted(loaded.summary.total_parameters.into(), "parameter"),
        text::counted(loaded.data.train_used.into(), "image"),
        text::count(loaded.data.test_used.into()),
        loaded.backend.reason,
    ));
    let validation = loaded.data.validation_used;
    if validation > 0 {
        output.note(&format!(
            "{} of the training images are held out to choose the best epoch by: its accuracy is theirs until the end.",
            text::count(validation.into())
        ));
    }
    if !loaded.data.unseen_classes.is_empty() {
        let classes = loaded.data.unseen_classes.join(", ");
        output.note(&format!("There are no training images of {classes}."));
    }
}

/// From now on the first Ctrl+C stops the run, and the second ends the program.
fn listen(signals: Arc<Signals>) -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&interrupted);
    let handler = move || {
        if asked.swap(true, Ordering::Relaxed) {
            exit(Exit::Interrupted.code().into());
        }
        signals.stop();
    };
    ctrlc::set_handler(handler).map_err(|error| {
        let message = format!("The program cannot listen for Ctrl+C: {error}.");
        Failure::new(Code::Signals, message, "Try again.")
    })?;
    Ok(interrupted)
}

/// A run under way.
struct Training {
    driver: Driver,
    session: Session,
    saving: Saving,
    shown: Shown,
    interrupted: Arc<AtomicBool>,
}

impl Training {
    /// Returns whether the run is complete; else it was stopped.
    fn finish(&mut self) -> Result<bool, Failure> {
        let mut is_complete = false;
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                // The session forgets a signal that comes before the run has begun.
                self.driver.stop(&self.session.signals());
            }
            let turn = block_on(self.driver.turn(&mut self.session))?;
            for event in &turn.events {
                is_complete = matches!(event, Event::Done { .. });
                self.shown.event(event);
            }
            if !turn.goes_on {
                let bytes = match turn.checkpoint {
                    Some(checkpoint) => checkpoint.bytes,
                    None => block_on(self.session.save())?, // The driver's failed: this says why.
                };
                self.saving.keep(&bytes)?;
                return Ok(is_complete);
            }
            if let Some(checkpoint) = turn.checkpoint
                && let Err(failure) = self.saving.keep(&checkpoint.bytes)
            {
                self.shown.note(&failure.report.message); // There may be room again at the next one.
            }
        }
    }

    /// A failure, and what is left of the run.
    fn with_place(&self, mut failure: Failure) -> Failure {
        if let Some(path) = self.saving.kept() {
            let kept = format!(" What was saved before is in {}.", path.display());
            failure.report.hint.push_str(&kept);
        }
        failure
    }

    fn report(
        mut self,
        is_complete: bool,
        images: &Path,
        output: &Output,
    ) -> Result<Exit, Failure> {
        let file = self.saving.finish(&self.session)?;
        output.json(&Line::Saved {
            file: &file,
            complete: is_complete,
        });
        if is_complete {
            output.note(&format!("Saved to {}.", file.display()));
            return Ok(Exit::Fine);
        }
        output.note(&format!(
            "Stopped, and saved to {}. {}",
            file.display(),
            saving::how_to_go_on(&file, images)
        ));
        Ok(Exit::Interrupted)
    }
}
