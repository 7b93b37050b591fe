//! `convburn predict RUN PICTURE.png…`: what a run's network takes pictures for.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde::Serialize;

use super::failure::{Code, Failure};
use super::output::Output;
use super::{options, picture, run_file, text};
use crate::checkpoint::Checkpoint;
use crate::cifar::Dataset;
use crate::platform::block_on;
use crate::protocol::{Backend, Config, ImageSpec};
use crate::session::Session;

/// As many of the likeliest classes are named.
const NAMED: usize = 3;

/// What is said of a picture, for programs.
#[derive(Serialize)]
struct Prediction<'a> {
    picture: &'a Path,
    /// The likeliest class.
    class: &'a str,
    /// The classes, the likeliest first.
    probabilities: Vec<(&'a str, f32)>,
}

/// Runs the command.
///
/// # Errors
/// The run or a picture cannot be read.
pub fn run(given: &ArgMatches, output: &Output) -> Result<(), Failure> {
    let (session, class_names) = opened(&options::path_of(given, options::RUN))?;
    let side = side(session.dataset().image())?;
    let pictures: Vec<&PathBuf> = given
        .get_many(options::PICTURES)
        .unwrap_or_default()
        .collect();
    for path in pictures {
        let pixels = picture::planes(path, side)?;
        let found = block_on(session.predict(&pixels))?;
        say(path, &class_names, &found, output);
    }
    Ok(())
}

/// The session, and what its classes are called. A few pictures are no work for more than one core.
fn opened(path: &Path) -> Result<(Session, Vec<String>), Failure> {
    let alone = |config: Config| Config {
        backend: Backend::Flex,
        workers: 1,
        ..config
    };
    let empty = Dataset::new(None)?;
    Ok(match run_file::read(path)? {
        Checkpoint::Run(state, tensors) => {
            let (config, names) = (alone(state.config()), state.class_names.clone());
            let session = run_file::restored(*state, &tensors, config, None, empty)?;
            (session, names)
        }
        Checkpoint::Weights(model, tensors) => {
            let config = alone(Config::default());
            let session = run_file::begun_with(&model, &tensors, config, empty)?;
            let names = session.dataset().class_names().to_vec();
            (session, names)
        }
    })
}

/// Pixels along a side of what the network sees.
fn side(image: ImageSpec) -> Result<usize, Failure> {
    if image.channels == 3 && image.height == image.width {
        return Ok(image.width as usize);
    }
    Err(Failure::new(
        Code::Picture,
        format!(
            "This network sees images of {} × {} × {}, and pictures are made into squares of three colours only.",
            image.channels, image.height, image.width
        ),
        "Name a run on such images.",
    ))
}

fn say(path: &Path, class_names: &[String], found: &[f32], output: &Output) {
    let mut ranked: Vec<(&str, f32)> = class_names
        .iter()
        .map(String::as_str)
        .zip(found.iter().copied())
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named: Vec<String> = ranked
        .iter()
        .take(NAMED)
        .map(|(name, share)| format!("{name} {}", text::percent(f64::from(*share))))
        .collect();
    output.line(&format!("{}: {}", path.display(), named.join(", ")));
    output.json(&Prediction {
        picture: path,
        class: ranked.first().map_or("", |(name, _)| name),
        probabilities: ranked,
    });
}
