//! `convburn info RUN`: what a file holds, without any images.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde::Serialize;
use serde_json::Value;

use super::failure::Failure;
use super::output::Output;
use super::{options, run_file, saving, text};
use crate::checkpoint::{Checkpoint, Origin, RunState, Tensors};
use crate::cifar::Dataset;
use crate::network;
use crate::protocol::settings::{Part, SETTINGS};
use crate::protocol::{
    Backend, Config, DataSource, EpochResult, Evaluation, FileKind, ModelSpec, Position, Progress,
    Summary, Trace,
};
use crate::session::Session;

/// All that is said of a file, for programs.
#[derive(Serialize)]
struct Info {
    kind: FileKind,
    /// What the run was asked for; of weights only what is of the network.
    config: Config,
    summary: Summary,
    class_names: Vec<String>,
    history: Vec<EpochResult>,
    /// Where the run stands; none when it is over.
    position: Option<Position>,
    progress: Option<Progress>,
    evaluation: Option<Evaluation>,
    trace: Trace,
    /// What computed it last.
    origin: Option<Origin>,
    /// The files that it was trained on and measured on.
    sources: Vec<DataSource>,
}

/// Runs the command.
///
/// # Errors
/// The file cannot be read.
pub fn run(given: &ArgMatches, output: &Output) -> Result<(), Failure> {
    let path = options::path_of(given, options::RUN);
    let info = match run_file::read(&path)? {
        Checkpoint::Run(state, tensors) => of_run(*state, &tensors)?,
        Checkpoint::Weights(model, tensors) => of_weights(&model, &tensors)?,
    };
    output.json(&info);
    if !output.json {
        say(&path, &info, output);
    }
    Ok(())
}

/// Only looked at, so whatever computed it need not be here.
fn looked_at(config: Config) -> Config {
    Config {
        backend: Backend::Flex,
        workers: 1,
        ..config
    }
}

fn of_run(state: RunState, tensors: &Tensors) -> Result<Info, Failure> {
    let config = state.config();
    let (class_names, origin) = (state.class_names.clone(), state.origin.clone());
    let empty = Dataset::new(None)?;
    let session = run_file::restored(state, tensors, looked_at(config.clone()), None, empty)?;
    Ok(Info {
        class_names,
        origin,
        ..of_session(FileKind::Run, config, &session)
    })
}

fn of_weights(model: &ModelSpec, tensors: &Tensors) -> Result<Info, Failure> {
    let config = Config {
        network: network::choice(model),
        pixels: model.pixels.clone(),
        norm_group: model.norm_group,
        ..Config::default()
    };
    let begun = looked_at(Config::default());
    let session = run_file::begun_with(model, tensors, begun, Dataset::new(None)?)?;
    Ok(of_session(FileKind::Weights, config, &session))
}

fn of_session(kind: FileKind, config: Config, session: &Session) -> Info {
    Info {
        kind,
        config,
        summary: session.summary(),
        class_names: session.dataset().class_names().to_vec(),
        history: session.history().to_vec(),
        position: session.position(),
        progress: session.progress(),
        evaluation: session.evaluation().cloned(),
        trace: session.trace().clone(),
        origin: None,
        sources: session.sources(),
    }
}

fn say(path: &Path, info: &Info, output: &Output) {
    let parameters = text::counted(info.summary.total_parameters.into(), "parameter");
    let (what, name) = match info.kind {
        FileKind::Run => ("A run of a network", path.display()),
        FileKind::Weights => ("Weights of a network", path.display()),
    };
    output.line(&format!("{name}: {what} of {parameters}.\n"));
    table(&info.summary, output);
    if info.kind == FileKind::Weights {
        return;
    }
    output.line("");
    settings(&info.config, output);
    output.line("");
    for row in &info.history {
        output.line(&text::log_line(row, info.config.epochs));
    }
    place(path, info, output);
}

fn table(summary: &Summary, output: &Output) {
    let shape = |sides: &[u32]| {
        let sides: Vec<String> = sides.iter().map(u32::to_string).collect();
        sides.join(" × ")
    };
    let row = |name: &str, kind: &str, out: &str, parameters: &str| {
        output.line(&format!("{name:<24}{kind:<28}{out:<16}{parameters:>12}"));
    };
    row("Layer", "Kind", "Output", "Parameters");
    row("input", "", &shape(&summary.input_shape), "0");
    for layer in &summary.layers {
        let parameters = text::count(layer.parameters.into());
        let output = shape(&layer.output_shape);
        row(&layer.name, &layer.kind, &output, &parameters);
    }
}

/// The settings as options, the recipe's first.
fn settings(config: &Config, output: &Output) {
    let values = serde_json::to_value(config).unwrap_or_default();
    let said = |part: Part| {
        let settings = SETTINGS.iter().filter(|setting| setting.part == part);
        let said = settings.map(|setting| {
            let name = options::dashed(setting.name);
            match values.get(setting.name) {
                Some(Value::String(word)) => format!("{name} {word}"),
                Some(value) if value.is_object() && setting.name == "network" => {
                    format!("{name} (its layers)")
                }
                other => format!("{name} {}", other.unwrap_or(&Value::Null)),
            }
        });
        said.collect::<Vec<_>>().join(", ")
    };
    output.line(&format!("Recipe: {}", said(Part::Recipe)));
    output.line(&format!("Computed with: {}", said(Part::Compute)));
}

fn place(path: &Path, info: &Info, output: &Output) {
    let trained = text::counted(info.history.len() as u64, "epoch");
    match info.position {
        None => output.line(&format!("It is complete after {trained}.")),
        Some(Position { epoch, step }) => {
            output.line(&format!("It stands in epoch {epoch}, after step {step}."));
            output.line(&saving::how_to_go_on(
                path,
                &PathBuf::from(options::DATA_DEFAULT),
            ));
        }
    }
}
