//! `convburn evaluate RUN`: the figures on the run's test images, or on those that it was trained on.

use clap::ArgMatches;

use super::failure::Failure;
use super::output::Output;
use super::{data, options, run_file, text};
use crate::checkpoint::Checkpoint;
use crate::platform::block_on;
use crate::protocol::{Config, DataMatch, Evaluation, Split};
use crate::session::Session;

/// Runs the command.
///
/// # Errors
/// The file or the images cannot be read; the backend cannot run here.
pub fn run(given: &ArgMatches, output: &Output) -> Result<(), Failure> {
    let session = opened(given)?;
    if session.data().restored == Some(DataMatch::Other) {
        output.note("These are other images than the run was trained on and measured on.");
    }
    let on = given.get_one::<String>(options::ON);
    let set = match on.map(String::as_str) {
        Some("train") => Split::Train,
        _ => Split::Test,
    };
    let evaluation = if given.get_flag(options::FLIPS) {
        block_on(session.evaluate_with_flips(set))?
    } else {
        block_on(session.evaluate(set))?
    };
    output.json(&evaluation);
    say(&evaluation, session.dataset().class_names(), output);
    Ok(())
}

fn opened(given: &ArgMatches) -> Result<Session, Failure> {
    let path = options::path_of(given, options::DATA);
    match run_file::read(&options::path_of(given, options::RUN))? {
        Checkpoint::Run(state, tensors) => {
            let mut config = state.config();
            options::change(&mut config, given)?;
            let dataset = data::load(&path, &config)?;
            run_file::restored(*state, &tensors, config, None, dataset)
        }
        Checkpoint::Weights(model, tensors) => {
            let mut config = Config::default();
            options::set(&mut config, given)?;
            let dataset = data::load(&path, &config)?;
            run_file::begun_with(&model, &tensors, config, dataset)
        }
    }
}

fn say(found: &Evaluation, class_names: &[String], output: &Output) {
    output.line(&format!(
        "accuracy: {:.4} — loss: {:.4}{} — {} in {:.1} s\n",
        found.accuracy,
        found.loss,
        text::by_averaged(found.weights),
        text::counted(found.records.into(), "image"),
        found.seconds
    ));
    if let Some(flips) = found.flips {
        output.line(&format!(
            "averaged over each image and its mirror image — accuracy: {:.4} — loss: {:.4}\n",
            flips.accuracy, flips.loss
        ));
    }
    for (name, accuracy) in class_names.iter().zip(&found.class_accuracy) {
        let said = accuracy.map_or_else(|| "–".into(), text::percent);
        output.line(&format!("{name:<16}{said:>8}"));
    }
}
