//! A run's file while it is trained: written anew with each checkpoint, and at the end given the name that the page would
//! give it (`www/runs/file-names.js`), unless a name was asked for.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::data;
use super::failure::Failure;
use super::options::DATA_DEFAULT;
use crate::protocol::{Config, NetworkChoice};
use crate::session::Session;

const HINT: &str = "Name another place by --save.";
const EXTENSION: &str = "safetensors";

/// Where a run is written.
#[derive(Debug)]
pub struct Saving {
    path: PathBuf,
    /// The folder in which its name is still to be found; none where it was named.
    folder: Option<PathBuf>,
    /// Whether it was written.
    kept: bool,
}

impl Saving {
    /// To the file that was asked for, or to one in that folder, or in this one. Tries whether it can be written, before
    /// anybody waits for it.
    ///
    /// # Errors
    /// It cannot be.
    pub fn new(asked: Option<&PathBuf>, config: &Config) -> Result<Self, Failure> {
        let here = PathBuf::new();
        let folder = match asked {
            None => Some(here),
            Some(path) if path.is_dir() => Some(path.clone()),
            Some(_) => None,
        };
        let path = match (&folder, asked) {
            (None, Some(file)) => file.clone(),
            (folder, _) => {
                let name = join(&["run", &recipe(config), "unfinished"], None);
                free(folder.as_deref().unwrap_or(Path::new("")), &name)
            }
        };
        if path.exists() && !path.is_file() {
            let why = "it is no file";
            return Err(Failure::file(&path, "written", &why, HINT));
        }
        let saving = Self {
            path,
            folder,
            kept: false,
        };
        saving.write(&[]).map_err(|error| saving.refused(&error))?;
        let _ = fs::remove_file(saving.part()); // The next one is written over it.
        Ok(saving)
    }

    /// Writes the run. A file of before is whole until the new one is.
    ///
    /// # Errors
    /// It cannot be written; a file of before stays.
    pub fn keep(&mut self, run: &[u8]) -> Result<(), Failure> {
        let written = self.write(run);
        let written = written.and_then(|()| fs::rename(self.part(), &self.path));
        written.map_err(|error| {
            let _ = fs::remove_file(self.part()); // It may hold half a run.
            self.refused(&error)
        })?;
        self.kept = true;
        Ok(())
    }

    /// Where the run was written; none before it was.
    pub fn kept(&self) -> Option<&Path> {
        self.kept.then_some(self.path.as_path())
    }

    /// Gives the file the name of what the run has come to, and says where it is.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub fn finish(&mut self, session: &Session) -> Result<PathBuf, Failure> {
        if let Some(folder) = self.folder.take() {
            let named = free(&folder, &name(session));
            fs::rename(&self.path, &named).map_err(|error| self.refused(&error))?;
            self.path = named;
        }
        Ok(self.path.clone())
    }

    fn part(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".part");
        name.into()
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = File::create(self.part())?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn refused(&self, error: &std::io::Error) -> Failure {
        Failure::file(&self.path, "written", &data::said(error), HINT)
    }
}

/// The command that goes on with a run, on a line of its own.
pub fn how_to_go_on(run: &Path, images: &Path) -> String {
    let program = std::env::args_os().next().unwrap_or("convburn".into());
    let mut words = vec![
        quoted(&program),
        "train".into(),
        "--from".into(),
        quoted(run.as_os_str()),
    ];
    if images != Path::new(DATA_DEFAULT) {
        words.extend(["--data".into(), quoted(images.as_os_str())]);
    }
    format!("Go on with:\n  {}", words.join(" "))
}

/// A word as a shell reads it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/-+=:@%,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The name that the page gives a run: convburn-run-quick-epoch-3-accuracy-0.4110.safetensors.
fn name(session: &Session) -> String {
    let trained = session.history().len();
    let within = session
        .progress()
        .filter(|progress| progress.epoch as usize > trained && progress.step > 0);
    let place = match within {
        Some(progress) => format!("epoch-{}-step-{}", progress.epoch, progress.step),
        None => format!("epoch-{trained}"),
    };
    let accuracy = session.evaluation().map(|found| found.accuracy);
    let last = session.history().last().map(|epoch| epoch.val_accuracy);
    let config = session.loaded().config;
    join(&["run", &recipe(&config), &place], accuracy.or(last))
}

fn join(parts: &[&str], accuracy: Option<f64>) -> String {
    let accuracy = accuracy.map(|accuracy| format!("-accuracy-{accuracy:.4}"));
    let parts = parts.join("-");
    format!(
        "convburn-{parts}{}.{EXTENSION}",
        accuracy.unwrap_or_default()
    )
}

/// What the page calls a recipe: one of its two presets, or how many images it takes.
fn recipe(config: &Config) -> String {
    let tutorial = Config::default();
    let quick = Config {
        train: 5_000,
        test: 1_000,
        epochs: 3,
        ..Config::default()
    };
    for (name, preset) in [("quick", &quick), ("tutorial", &tutorial)] {
        if is_of(config, preset) {
            return name.into();
        }
    }
    let network = match &config.network {
        NetworkChoice::Preset(name) if name != "tutorial" => name.as_str(),
        _ => "own",
    };
    format!("{network}-{}-images", config.train)
}

/// Whether it is the preset's recipe; seed and what computes are not of it.
fn is_of(config: &Config, preset: &Config) -> bool {
    let recipe = Config {
        seed: preset.seed,
        hold_out: preset.hold_out,
        backend: preset.backend,
        workers: preset.workers,
        operators: preset.operators,
        arithmetic: preset.arithmetic,
        report_every_ms: preset.report_every_ms,
        ..config.clone()
    };
    recipe == *preset
}

/// A name that no file of the folder has: a number is put to it where there is one.
fn free(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let stem = name.strip_suffix(EXTENSION).unwrap_or(name);
    let stem = stem.trim_end_matches('.');
    let others = (2..).map(|n: u32| folder.join(format!("{stem}-{n}.{EXTENSION}")));
    let mut all = std::iter::once(path.clone()).chain(others);
    all.find(|path| !path.exists()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::OptimizerKind;

    #[test]
    fn a_recipe_is_called_as_the_page_calls_it() {
        let config = |train, test, epochs| Config {
            train,
            test,
            epochs,
            seed: 7,
            workers: 3,
            ..Config::default()
        };
        assert_eq!(recipe(&config(50_000, 10_000, 10)), "tutorial");
        assert_eq!(recipe(&config(5_000, 1_000, 3)), "quick");
        assert_eq!(recipe(&config(5_000, 1_000, 4)), "own-5000-images");
        let by_sgd = Config {
            optimizer: OptimizerKind::Sgd,
            ..config(5_000, 1_000, 3)
        };
        assert_eq!(recipe(&by_sgd), "own-5000-images");
        let network = NetworkChoice::Preset("t".into());
        let other = Config {
            network,
            ..config(2_000, 1_000, 1)
        };
        assert_eq!(recipe(&other), "t-2000-images");
        let name = join(&["run", "quick", "epoch-3"], Some(0.411));
        assert_eq!(
            name,
            "convburn-run-quick-epoch-3-accuracy-0.4110.safetensors"
        );
    }

    #[test]
    fn a_command_is_quoted_for_a_shell() {
        let go_on = how_to_go_on(Path::new("it's mine.safetensors"), Path::new("my data"));
        let said = r"train --from 'it'\''s mine.safetensors' --data 'my data'";
        assert!(go_on.ends_with(said), "{go_on}");
        let go_on = how_to_go_on(Path::new("a/b-1.safetensors"), Path::new(DATA_DEFAULT));
        assert!(go_on.ends_with("train --from a/b-1.safetensors"), "{go_on}");
    }
}
