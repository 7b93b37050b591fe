//! What can be typed. A command's options for a run are the settings of the table, each with its own sentence, range
//! and default.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::failure::Failure;
use crate::protocol::Config;
use crate::protocol::recipes::{NamedRecipe, RECIPES};
use crate::protocol::settings::{Kind, Part, SETTINGS, Setting};

/// Names of the arguments that are no settings.
pub const JSON: &str = "json";
pub const DATA: &str = "data";
pub const FROM: &str = "from";
pub const SAVE: &str = "save";
pub const RUN: &str = "run";
pub const PICTURES: &str = "pictures";
pub const ON: &str = "on";
pub const FLIPS: &str = "flips";
pub const RECIPE: &str = "recipe";

/// Where the images are when nobody says: what `cargo xtask data` makes.
pub const DATA_DEFAULT: &str = "data/cifar10";

/// The settings of a recipe that a run which goes on may change: how boldly, and how long.
const CHANGEABLE: [&str; 2] = ["lr", "epochs"];

/// Everything that can be typed.
pub fn command() -> Command {
    Command::new("convburn")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Trains a convolutional network on CIFAR-10, as the page does; run files go from one to the other.")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(train())
        .subcommand(evaluate())
        .subcommand(predict())
        .subcommand(info())
}

fn train() -> Command {
    Command::new("train")
        .about("Trains a network, or goes on with a run, and saves it. Ctrl+C saves it too, and says how to go on.")
        .arg(path(FROM, "RUN").long(FROM).help(
            "Goes on with a run, or begins with the weights in a file. Of a run's settings only lr, epochs and how it is computed may change",
        ))
        .arg(data())
        .arg(
            Arg::new(RECIPE)
                .long(RECIPE)
                .value_name("NAME")
                .value_parser(PossibleValuesParser::new(RECIPES.iter().map(|recipe| recipe.name)))
                .conflicts_with(FROM)
                .help("Begins with the settings of a recipe; options that are given beside it count"),
        )
        .arg(path(SAVE, "FILE").long(SAVE).help(
            "Where the run is saved: after each epoch, every 30 s and at its end [default: a name that says what it is]",
        ))
        .args(SETTINGS.iter().map(option))
        .arg(json("One event a line, as JSON"))
}

fn evaluate() -> Command {
    Command::new("evaluate")
        .about("Measures a run's network on its test images.")
        .arg(run())
        .arg(
            Arg::new(ON)
                .long(ON)
                .value_name("SET")
                .value_parser(["test", "train"])
                .default_value("test")
                .help(
                    "The images: the run's test images, or the first 10,000 that it is trained on",
                ),
        )
        .arg(
            Arg::new(FLIPS).long(FLIPS).action(ArgAction::SetTrue).help(
                "Beside the plain figures those averaged over each image and its mirror image",
            ),
        )
        .arg(data())
        .args(compute())
        .arg(json("The figures as JSON"))
}

fn predict() -> Command {
    Command::new("predict")
        .about("Asks a run's network about pictures: of each the middle square, averaged down to what the network sees.")
        .arg(run())
        .arg(
            path(PICTURES, "PICTURE.png")
                .required(true)
                .num_args(1..)
                .help("PNG pictures"),
        )
        .arg(json("One picture a line, as JSON"))
}

fn info() -> Command {
    Command::new("info")
        .about("Says what a file holds: the network, the recipe, the epochs trained, and where the run stands.")
        .arg(run())
        .arg(json("All of it as JSON"))
}

fn path(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name)
        .value_name(value)
        .value_parser(value_parser!(PathBuf))
}

fn run() -> Arg {
    let help = "A .safetensors file, saved here or on the page";
    path(RUN, "RUN").required(true).help(help)
}

fn data() -> Arg {
    path(DATA, "PATH")
        .long(DATA)
        .default_value(DATA_DEFAULT)
        .help("The images: a folder that `cargo xtask data` made, or CIFAR-10's binary version, a folder, a .tar.gz or a .bin")
}

fn json(help: &'static str) -> Arg {
    Arg::new(JSON)
        .long(JSON)
        .action(ArgAction::SetTrue)
        .help(help)
}

/// The options that say how something is computed.
fn compute() -> impl Iterator<Item = Arg> {
    let of_computing = SETTINGS.iter().filter(|s| s.part == Part::Compute);
    of_computing
        .filter(|s| s.name != "report_every_ms")
        .map(option)
}

/// A setting as an option. What it may be is the table's to say, once it is set.
fn option(setting: &Setting) -> Arg {
    let value = match setting.unit {
        "" => "VALUE",
        unit => unit,
    };
    Arg::new(setting.name)
        .long(dashed(setting.name))
        .alias(setting.name)
        .value_name(value.to_uppercase())
        .allow_negative_numbers(true)
        .help(help(setting))
}

/// The option's name, without the dashes before it.
pub fn dashed(name: &str) -> String {
    name.replace('_', "-")
}

fn help(setting: &Setting) -> String {
    let may_be = match &setting.kind {
        Kind::Whole(range) => format!("{} to {}", range.start(), range.end()),
        Kind::Positive(most) => format!("above 0, up to {most}"),
        Kind::Between(range) => format!("{} to {}", range.start(), range.end()),
        Kind::Below(end) => format!("0 to below {end}"),
        Kind::List(range) => format!(
            "whole numbers from {} to {}, with commas between them",
            range.start(),
            range.end()
        ),
        Kind::Choice(words) => words.join(", "),
        Kind::Structure(words) => format!("{}, or JSON", words.join(", ")),
    };
    let default = setting.default.trim_matches('"');
    let sentence = setting.sentence.trim_end_matches('.');
    format!("{sentence} [{may_be}; default: {default}]")
}

/// A path that was typed, or stands there when none was.
pub fn path_of(given: &ArgMatches, name: &str) -> PathBuf {
    given.get_one::<PathBuf>(name).cloned().unwrap_or_default()
}

/// Which settings were typed, and what.
fn typed(given: &ArgMatches) -> impl Iterator<Item = (&'static Setting, &String)> {
    let text = |setting: &'static Setting| {
        let text = given.try_get_one::<String>(setting.name).ok().flatten()?;
        Some((setting, text))
    };
    SETTINGS.iter().filter_map(text)
}

/// The settings that a run begins with: a recipe's, if one was named.
///
/// # Errors
/// None but of a recipe that cannot be read, which the tests rule out.
pub fn beginning(given: &ArgMatches) -> Result<Config, Failure> {
    let named = given.get_one::<String>(RECIPE);
    match named.and_then(|name| NamedRecipe::find(name)) {
        Some(recipe) => Ok(recipe.config()?),
        None => Ok(Config::default()),
    }
}

/// Sets what was typed.
///
/// # Errors
/// A setting cannot be that.
pub fn set(config: &mut Config, given: &ArgMatches) -> Result<(), Failure> {
    for (setting, text) in typed(given) {
        config.set(setting.name, text)?;
    }
    Ok(())
}

/// Sets what was typed about a run that goes on.
///
/// # Errors
/// A setting cannot be that, or is the run's own.
pub fn change(config: &mut Config, given: &ArgMatches) -> Result<(), Failure> {
    for (setting, text) in typed(given) {
        if setting.part == Part::Recipe && !CHANGEABLE.contains(&setting.name) {
            let name = dashed(setting.name);
            return Err(Failure::usage(
                format!("--{name} cannot be given with --from: a run that goes on keeps its own."),
                "Leave it out, or begin a new run without --from.",
            ));
        }
        config.set(setting.name, text)?;
    }
    Ok(())
}

/// Whether a setting was typed.
pub fn is_typed(given: &ArgMatches, name: &str) -> bool {
    typed(given).any(|(setting, _)| setting.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_an_option_that_says_what_it_may_be() {
        command().debug_assert();
        let mut command = command();
        let train = command.find_subcommand_mut("train");
        let help = train.map_or_else(String::new, |train| train.render_long_help().to_string());
        for setting in SETTINGS {
            let option = format!("--{} ", dashed(setting.name));
            assert!(help.contains(&option), "{option} in {help}");
            assert!(help.contains(setting.sentence.trim_end_matches('.')));
            assert!(help.contains(setting.default.trim_matches('"')));
        }
    }
}
