//! ConvBurn's set-up and chores, started as `cargo xtask …`. Two commands do all of it on a fresh
//! machine: `cargo xtask serve` for the page, `cargo xtask test` for every check.
//!
//! This is not where the product is: nothing here knows the network, the training or the page.

mod browser;
mod crates;
mod data;
mod dist;
mod error;
mod family;
mod first_page;
mod fuzz;
mod generate;
mod kernels;
mod licences;
mod limit;
mod measure;
mod native_gpu;
mod policy;
mod release;
mod serve;
mod setup;
mod sizes;
mod step;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, Parser, Subcommand};

use error::{CHECK_DISK, Context, Result};
use workspace::Workspace;

const VARIABLES: &str = "\
Variables: CONVBURN_CIFAR10 (source of the data), CONVBURN_TOOLS (folder of installed tools),
CONVBURN_CHROMIUM and CONVBURN_CHROMEDRIVER, CONVBURN_FIREFOX and CONVBURN_GECKODRIVER (the browsers of the
tests and their drivers).";

/// ConvBurn's chores. Each installs what it needs and is missing.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", after_help = VARIABLES)]
struct CommandLine {
    #[command(subcommand)]
    chore: Option<Chore>,
}

#[derive(Subcommand)]
enum Chore {
    Serve(serve::Options),
    /// Run every check, or the named ones.
    Test {
        /// List the checks.
        #[arg(long)]
        list: bool,
        /// Names of checks.
        #[arg(value_name = "STEP", value_parser = PossibleValuesParser::new(test::names()), hide_possible_values = true)]
        steps: Vec<String>,
    },
    /// Make data/cifar10 from a folder or .tar.gz with the official .bin files (or CONVBURN_CIFAR10), else by npm, else by curl.
    Data(data::Options),
    /// Train the tutorial's whole run in the page, or a recipe by the command line, into BENCHMARKS.md; goes on where it was interrupted.
    Reproduce(measure::Reproduction),
    /// Compare with other trainers, or measure what an option names, into BENCHMARKS.md.
    Bench(measure::Options),
    /// Fuzz each parser of the crate.
    Fuzz {
        /// For how long each; four times the default make an hour and more.
        // Of 0 libFuzzer makes a run without end.
        #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
        minutes: u32,
    },
    /// Train by the command line on a graphics card, or on Chromium's software adapter, and compare with the processor.
    NativeGpu,
    /// Write what is made from the Rust types and the table of settings.
    Generate,
    /// Hold every crate's licence and source against deny.toml.
    Licences,
    /// Ask the advisory database about every crate; needs GitHub.
    Advisories,
    /// Make dist/, the folder to upload to a static host.
    Dist,
    /// What trunk's hook calls: the folder data/cifar10, npm packages, licences.
    Prepare,
    /// What its other hook calls: the list of dist/'s files into its sw.js.
    Stamp,
}

fn main() -> ExitCode {
    match run(CommandLine::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            family::go_on_unless_ending();
            eprintln!("\nerror: {error}\n  to do: {}", error.hint());
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Option<Chore>) -> Result<()> {
    let Some(chore) = chore else {
        return CommandLine::command()
            .print_help()
            .context("print", CHECK_DISK);
    };
    if matches!(chore, Chore::Test { list: true, .. }) {
        test::list();
        return Ok(());
    }
    let mut workspace = Workspace::find()?;
    match chore {
        Chore::Serve(options) => serve::serve(&mut workspace, options),
        Chore::Test { steps, .. } => test::run_steps(&mut workspace, &steps),
        Chore::Data(options) => step::timed("CIFAR-10 into data/cifar10", || {
            data::run(&workspace, &options)
        }),
        Chore::Reproduce(options) => measure::reproduce(&mut workspace, &options),
        Chore::Bench(options) => measure::bench(&mut workspace, &options),
        Chore::Fuzz { minutes } => fuzz::fuzz(&mut workspace, minutes),
        Chore::NativeGpu => native_gpu::native_gpu(&mut workspace),
        Chore::Generate => generate::generate(&workspace),
        Chore::Licences => policy::check(&workspace),
        Chore::Advisories => test::advisories(&mut workspace),
        Chore::Dist => dist::make(&mut workspace),
        Chore::Prepare => setup::prepare(&workspace),
        Chore::Stamp => release::stamp(&workspace),
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a failed unwrap is a failed test"
    )]

    use super::*;

    fn read(line: &str) -> std::result::Result<Option<Chore>, clap::Error> {
        let words = ["cargo xtask"].into_iter().chain(line.split_whitespace());
        CommandLine::try_parse_from(words).map(|line| line.chore)
    }

    #[test]
    fn the_command_line_holds_together() {
        CommandLine::command().debug_assert();
        assert!(read("").unwrap().is_none());
    }

    #[test]
    fn the_data_options_are_read() {
        let Ok(Some(Chore::Data(options))) = read("data --from somewhere --force") else {
            panic!("no data");
        };
        assert_eq!(options.from, Some("somewhere".into()));
        assert!(options.force);
    }

    #[test]
    fn mistakes_on_the_command_line_are_told() {
        for (line, told) in [
            ("tset", "test"),
            ("test formatt", "format"),
            ("data --from", "--from"),
            ("data --form somewhere", "--from"),
            ("fuzz --minutes many", "many"),
            ("fuzz --minutes 0", "0 is not in 1.."),
            ("fuzz --minutes -1", "-1"),
            ("reproduce --seeds 1,two", "two"),
            ("bench --size --steady", "--steady"),
            ("bench --size --rounds 5", "--rounds"),
            ("bench --pool --native", "--native"),
            ("dist now", "now"),
        ] {
            let error = read(line).err().map(|error| error.to_string());
            assert!(error.is_some_and(|text| text.contains(told)), "{line}");
        }
        assert!(matches!(
            read("fuzz").unwrap(),
            Some(Chore::Fuzz { minutes: 15 })
        ));
    }
}
