//! The one table of settings: what each field of [`Config`] is, which part of a run's configuration it belongs to, and
//! what it may be. The checks are made from it; whatever else lists settings is held to it by tests.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::{Config, limits};
use crate::error::Error;

/// Which part of a configuration a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What a run computes.
    Recipe,
    /// How it is computed.
    Compute,
}

/// What a setting may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A whole number of the range.
    Whole(RangeInclusive<u32>),
    /// A number above 0 and up to this.
    Positive(f64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, or something with fields of its own (as JSON), which is checked where the network is
    /// planned.
    Structure(&'static [&'static str]),
}

/// The networks with a name, the tutorial's first. `network/presets.rs` has their layers.
pub const NETWORKS: [&str; 2] = ["tutorial", "t"];

/// A setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name in a configuration and in a link.
    pub name: &'static str,
    /// The part that it belongs to.
    pub part: Part,
    /// What it may be.
    pub kind: Kind,
    /// What it is where nobody says, as JSON.
    pub default: &'static str,
    /// What it is counted in; empty where it is no number.
    pub unit: &'static str,
    /// What it does, for people.
    pub sentence: &'static str,
}

const fn setting(
    name: &'static str,
    part: Part,
    kind: Kind,
    default: &'static str,
    unit: &'static str,
    sentence: &'static str,
) -> Setting {
    Setting {
        name,
        part,
        kind,
        default,
        unit,
        sentence,
    }
}

/// All settings, the recipe's first.
#[rustfmt::skip]
pub const SETTINGS: [Setting; 17] = [
    setting("network", Part::Recipe, Kind::Structure(&NETWORKS), "\"tutorial\"", "", "The network: a preset's name, or its layers."),
    setting("pixels", Part::Recipe, Kind::Structure(&["unit"]), "\"unit\"", "", "What is done to pixels first."),
    setting("norm_group", Part::Recipe, Kind::Structure(&["batch"]), "{\"records\":32}", "images", "How many images batch normalisation takes together."),
    setting("train", Part::Recipe, Kind::Whole(1..=limits::RECORDS), "50000", "images", "Training images: the first ones in official order."),
    setting("test", Part::Recipe, Kind::Whole(1..=limits::RECORDS), "10000", "images", "Test images: the first ones in official order."),
    setting("epochs", Part::Recipe, Kind::Whole(limits::EPOCHS), "10", "epochs", "Passes over the training images."),
    setting("batch", Part::Recipe, Kind::Whole(limits::BATCH), "32", "images", "Images in one optimiser step."),
    setting("last_batch", Part::Recipe, Kind::Choice(&["keep", "drop"]), "\"keep\"", "", "What becomes of the images that fill no whole batch."),
    setting("lr", Part::Recipe, Kind::Positive(limits::LR), "0.001", "", "Learning rate."),
    setting("seed", Part::Recipe, Kind::Whole(0..=u32::MAX), "1", "", "Seed of all random numbers."),
    setting("optimizer", Part::Recipe, Kind::Choice(&["adam"]), "\"adam\"", "", "The rule that turns gradients into new weights."),
    setting("augment", Part::Recipe, Kind::Choice(&["none", "flip-shift"]), "\"none\"", "", "What is done to a training image before each step."),
    setting("hold_out", Part::Recipe, Kind::Choice(&["by-class", "last"]), "\"by-class\"", "", "Which images are held out where there are no test images."),
    setting("backend", Part::Compute, Kind::Choice(&["auto", "webgpu", "flex", "ndarray"]), "\"auto\"", "", "What computes."),
    setting("workers", Part::Compute, Kind::Whole(limits::WORKERS), "0", "workers", "CPU workers; 0: as many as pay here."),
    setting("operators", Part::Compute, Kind::Choice(&["blocks", "layers"]), "\"blocks\"", "", "What computes convolutions on flex."),
    setting("report_every_ms", Part::Compute, Kind::Whole(limits::REPORT_EVERY_MS), "250", "ms", "Time between two progress events."),
];

impl Kind {
    /// Reads a text as a value of this kind.
    ///
    /// # Errors
    /// The end of a sentence that says what the text is not.
    fn read(&self, text: &str) -> Result<Value, String> {
        // As much of it as a sentence can hold.
        let quoted: String = text.chars().take(40).collect();
        match self {
            Self::Whole(range) => match text.parse::<u32>() {
                Ok(value) => outside(value, range).map_or_else(|| Ok(value.into()), Err),
                Err(_) => {
                    let (low, high) = (range.start(), range.end());
                    Err(format!(
                        "\"{quoted}\" is not a whole number between {low} and {high}"
                    ))
                }
            },
            Self::Positive(most) => match text.parse::<f64>() {
                Ok(value) => not_positive(value, *most).map_or_else(|| Ok(value.into()), Err),
                Err(_) => Err(format!(
                    "\"{quoted}\" is not a number above 0 and up to {most}"
                )),
            },
            Self::Choice(words) if !words.contains(&text) => {
                Err(format!("\"{quoted}\" is none of {}", words.join(", ")))
            }
            Self::Choice(_) => Ok(text.into()),
            Self::Structure(_) if text.starts_with('{') => {
                serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error})"))
            }
            Self::Structure(words) if !words.contains(&text) => Err(format!(
                "\"{quoted}\" is none of {}, and no object in JSON",
                words.join(", ")
            )),
            Self::Structure(_) => Ok(text.into()),
        }
    }
}

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

impl Config {
    /// Sets one setting from a text, as a command line or a link has it: `("lr", "0.01")`, `("backend", "flex")`,
    /// `("norm_group", "{\"records\":64}")`. Whether settings fit each other is [`Config::validate`]'s to say, once
    /// all are set.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] when there is no such setting, or it cannot be that; nothing has changed then.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let told = |problem: String| Error::invalid_config(name, problem);
        let setting = find(name).ok_or_else(|| told("there is no setting of this name".into()))?;
        let value = setting.kind.read(text).map_err(told)?;
        let mut fields = serde_json::to_value(&*self).map_err(|error| told(error.to_string()))?;
        if let Some(fields) = fields.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
        *self = serde_json::from_value(fields).map_err(|error| told(error.to_string()))?;
        Ok(())
    }

    /// Checks every setting by the table, alone.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the first that is out of range.
    pub(super) fn check_settings(&self) -> Result<(), Error> {
        for Setting { name, kind, .. } in &SETTINGS {
            let problem = match kind {
                Kind::Whole(range) => self.whole(name).and_then(|value| outside(value, range)),
                Kind::Positive(most) => {
                    let value = self.number(name);
                    value.and_then(|value| not_positive(value, *most))
                }
                // Types let nothing else in.
                Kind::Choice(_) | Kind::Structure(_) => None,
            };
            if let Some(problem) = problem {
                return Err(Error::invalid_config(name, problem));
            }
        }
        Ok(())
    }

    fn whole(&self, name: &str) -> Option<u32> {
        Some(match name {
            "train" => self.train,
            "test" => self.test,
            "epochs" => self.epochs,
            "batch" => self.batch,
            "seed" => self.seed,
            "workers" => self.workers,
            "report_every_ms" => self.report_every_ms,
            _ => return None,
        })
    }

    fn number(&self, name: &str) -> Option<f64> {
        (name == "lr").then_some(self.lr)
    }
}

fn outside(value: u32, range: &RangeInclusive<u32>) -> Option<String> {
    let (low, high) = (range.start(), range.end());
    (!range.contains(&value)).then(|| format!("{value} is not between {low} and {high}"))
}

/// In `f32`, as the optimiser has it: there the least numbers are 0, and nothing would be learnt.
fn not_positive(value: f64, most: f64) -> Option<String> {
    let fits = value as f32 > 0.0 && value <= most;
    (!fits).then(|| format!("{value} is not a number above 0 and up to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Augment, Compute, NormGroup, Recipe};
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    #[test]
    fn the_table_has_every_field_with_its_default_and_can_read_it() {
        let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
        let named: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        let fields = defaults.as_object().map(|fields| fields.len());
        assert_eq!(fields, Some(SETTINGS.len()));
        assert_eq!(named.len(), SETTINGS.len());
        let config = Config::default();
        for setting in &SETTINGS {
            let default: Value = serde_json::from_str(setting.default).unwrap_or_default();
            assert_eq!(
                defaults.get(setting.name),
                Some(&default),
                "{}",
                setting.name
            );
            let read = match setting.kind {
                Kind::Whole(_) => config.whole(setting.name).map(|value| json!(value)),
                Kind::Positive(_) => config.number(setting.name).map(|value| json!(value)),
                Kind::Choice(_) | Kind::Structure(_) => Some(default.clone()),
            };
            assert_eq!(read, Some(default), "{}", setting.name);
        }
    }

    /// What a text can set: each default, whatever can be chosen, and nothing that is none of it.
    #[test]
    fn a_setting_is_set_from_its_text_or_refused_by_name() {
        for setting in &SETTINGS {
            let mut config = Config::default();
            let text = setting.default.trim_matches('"');
            assert_eq!(config.set(setting.name, text), Ok(()), "{}", setting.name);
            assert_eq!(config, Config::default(), "{}", setting.name);
            if let Kind::Choice(words) | Kind::Structure(words) = setting.kind {
                let set = |word: &&str| Config::default().set(setting.name, word).is_ok();
                assert!(words.iter().all(set), "{}", setting.name);
            }
        }
        let mut config = Config::default();
        for (name, text) in [
            ("lr", "2e-4"),
            ("train", "2000"),
            ("augment", "flip-shift"),
            ("norm_group", "{\"records\":64}"),
        ] {
            assert_eq!(config.set(name, text), Ok(()));
        }
        let set = (config.lr, config.train, config.augment, config.norm_group);
        let expected = (2e-4, 2_000, Augment::FlipShift, NormGroup::Records(64));
        assert_eq!(set, expected);
        let before = config.clone();
        for (name, text, word) in [
            ("lr", "0", "above 0"),
            ("lr", "fast", "above 0"),
            ("lr", "NaN", "above 0"),
            ("epochs", "0", "between 1 and 1000"),
            ("epochs", "-1", "between 1 and 1000"),
            ("epochs", "1.5", "between 1 and 1000"),
            ("backend", "tpu", "auto, webgpu, flex, ndarray"),
            ("network", "resnet", "tutorial, t"),
            ("network", "{\"layers\":", "JSON"),
            ("network", "{\"layers\":[]}", "seeding"),
            ("bacth", "32", "no setting"),
        ] {
            let Err(Error::InvalidConfig { field, problem }) = config.set(name, text) else {
                panic!("{name}={text} is taken");
            };
            assert_eq!(field, name);
            assert!(problem.contains(word), "{problem}");
        }
        assert_eq!(config, before);
    }

    /// Each word of a choice is taken, and another is not.
    #[test]
    fn choices_are_those_of_the_types() {
        for setting in &SETTINGS {
            let Kind::Choice(words) = setting.kind else {
                continue;
            };
            let with = |word: &str| serde_json::from_value::<Config>(json!({ setting.name: word }));
            assert!(
                words.iter().all(|word| with(word).is_ok()),
                "{}",
                setting.name
            );
            let error = with("none of them").err().map(|error| error.to_string());
            let quoted = error.iter().flat_map(|error| error.matches('`')).count();
            assert_eq!(quoted / 2, 1 + words.len(), "{}: {error:?}", setting.name);
        }
    }

    /// The recipe has the recipe's settings, those of the model in it; how it is computed has the others.
    #[test]
    fn each_setting_stands_in_its_part() {
        let config = Config::default();
        let model = crate::network::tutorial_model();
        let recipe: Recipe = config.recipe(model);
        let compute: Compute = config.compute();
        let keys = |value: Value| -> BTreeSet<String> {
            let fields = value.as_object().cloned().unwrap_or_default();
            fields.into_iter().map(|(key, _)| key).collect()
        };
        let of = |part: Part| -> BTreeSet<String> {
            let settings = SETTINGS.iter().filter(|setting| setting.part == part);
            settings.map(|setting| setting.name.to_owned()).collect()
        };
        assert_eq!(
            keys(serde_json::to_value(&compute).unwrap_or_default()),
            of(Part::Compute)
        );
        let mut found = keys(serde_json::to_value(&recipe).unwrap_or_default());
        found.remove("model");
        found.extend(["network", "pixels", "norm_group"].map(str::to_owned));
        assert_eq!(found, of(Part::Recipe));
    }
}
