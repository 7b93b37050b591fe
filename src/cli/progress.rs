//! How a run goes on, for people: a bar with figures where the standard error is a terminal, else a line now and then.
//! Epochs' lines are results and go to the standard output.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use super::output::{Output, note};
use super::text;
use crate::platform::now_ms;
use crate::protocol::{CompilePart, Event, Progress};

/// Milliseconds between two lines where there is no bar.
const LINE_EVERY_MS: f64 = 10_000.0;

const TEMPLATE: &str = "{prefix} [{bar:24}] {pos}/{len} — {msg}";

/// What people see of a run.
#[derive(Debug)]
pub struct Shown {
    output: Output,
    /// None where the standard error is no terminal, or programs are spoken to.
    bar: Option<ProgressBar>,
    line_ms: f64,
    /// Epochs of the run.
    epochs: u32,
}

impl Shown {
    /// Nothing yet, of a run of so many epochs.
    pub fn new(output: Output, epochs: u32) -> Self {
        let has_bar = stderr().is_terminal() && !output.json;
        Self {
            output,
            bar: has_bar.then(bar),
            line_ms: now_ms(),
            epochs,
        }
    }

    /// Shows what happened.
    pub fn event(&mut self, event: &Event) {
        self.output.json(event);
        match event {
            Event::Progress(progress) => self.progress(progress),
            Event::EpochEnd { result, .. } => {
                let line = text::log_line(result, self.epochs);
                self.beside_bar(|output| output.line(&line));
            }
            Event::Compiling { part, .. } => {
                let doing = doing(*part);
                self.beside_bar(|output| output.note(doing));
            }
            Event::Backend { backend } => {
                let reason = backend.reason.clone();
                self.beside_bar(|output| output.note(&reason));
            }
            Event::Done {
                kept: Some(kept),
                evaluation,
                ..
            } => {
                let line = text::kept_line(*kept, evaluation.as_deref());
                self.beside_bar(|output| output.line(&line));
            }
            Event::Paused { .. } | Event::Resumed | Event::Stopped { .. } | Event::Done { .. } => {}
        }
    }

    /// Says something that belongs to no event.
    pub fn note(&self, text: &str) {
        self.beside_bar(|output| output.note(text));
    }

    /// No more comes: the bar goes.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn beside_bar(&self, say: impl FnOnce(Output)) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(self.output)),
            None => say(self.output),
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let Progress {
            epoch,
            epochs,
            step,
            steps,
            ..
        } = *progress;
        if let Some(bar) = &self.bar {
            bar.set_prefix(format!("Epoch {epoch}/{epochs}"));
            bar.set_length(steps.into());
            bar.set_position(step.into());
            bar.set_message(text::figures(progress));
        } else if now_ms() - self.line_ms >= LINE_EVERY_MS && !self.output.json {
            self.line_ms = now_ms();
            let figures = text::figures(progress);
            note(&format!(
                "Epoch {epoch}/{epochs} — step {step}/{steps} — {figures}"
            ));
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template(TEMPLATE);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()); // The template is sound.
    ProgressBar::new(0).with_style(style.progress_chars("=> "))
}

fn doing(part: CompilePart) -> &'static str {
    match part {
        CompilePart::Upload => "Checking what the graphics card gets …",
        CompilePart::Comparison => "Comparing the graphics card with the processor …",
        CompilePart::Calibration => "Timing the graphics card and the processor …",
        CompilePart::FirstStep => "Compiling for the graphics card …",
    }
}
