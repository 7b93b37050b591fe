//! The one table of settings: what each field of [`Config`] is, which part of a run's configuration it belongs to, and
//! what it may be. The checks are made from it; whatever else lists settings is held to it by tests.

use std::ops::RangeInclusive;

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
    /// Something with fields of its own, which is checked where the network is planned.
    Structure,
}

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
    setting("network", Part::Recipe, Kind::Structure, "\"tutorial\"", "", "The network: a preset's name, or its layers."),
    setting("pixels", Part::Recipe, Kind::Structure, "\"unit\"", "", "What is done to pixels first."),
    setting("norm_group", Part::Recipe, Kind::Structure, "{\"records\":32}", "images", "How many images batch normalisation takes together."),
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

impl Config {
    /// Checks every setting by the table, alone.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the first that is out of range.
    pub(super) fn check_settings(&self) -> Result<(), Error> {
        for Setting { name, kind, .. } in &SETTINGS {
            let problem = match kind {
                Kind::Whole(range) => self.whole(name).and_then(|value| outside(value, range)),
                // In `f32`, as the optimiser has it: there the least numbers are 0, and nothing would be learnt.
                Kind::Positive(most) => self.number(name).and_then(|value| {
                    let fits = value as f32 > 0.0 && value <= *most;
                    (!fits).then(|| format!("{value} is not a number above 0 and up to {most}"))
                }),
                // Types let nothing else in.
                Kind::Choice(_) | Kind::Structure => None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Compute, Recipe};
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
                Kind::Choice(_) | Kind::Structure => Some(default.clone()),
            };
            assert_eq!(read, Some(default), "{}", setting.name);
        }
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
