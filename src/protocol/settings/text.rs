//! A setting from a text, as a command line or a link has it.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::check::{no_list, not_below, not_between, not_positive, outside};
use super::{Kind, find};
use crate::error::Error;
use crate::protocol::Config;

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
                Ok(value) => outside(value.into(), range).map_or_else(|| Ok(value.into()), Err),
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
            Self::Between(range) => match text.parse::<f64>() {
                Ok(value) => not_between(value, range).map_or_else(|| Ok(value.into()), Err),
                Err(_) => {
                    let (low, high) = (range.start(), range.end());
                    Err(format!("\"{quoted}\" is not a number from {low} to {high}"))
                }
            },
            Self::Below(end) => match text.parse::<f64>() {
                Ok(value) => not_below(value, *end).map_or_else(|| Ok(value.into()), Err),
                Err(_) => Err(format!(
                    "\"{quoted}\" is not a number from 0 to below {end}"
                )),
            },
            Self::List(range) => list(text, range),
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

/// Reads `5,8` or `[5, 8]`; nothing is no number.
fn list(text: &str, range: &RangeInclusive<u32>) -> Result<Value, String> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let words = bare.split(',').map(str::trim);
    let read = match bare.trim() {
        "" => Some(Vec::new()),
        _ => words.map(|word| word.parse::<u32>().ok()).collect(),
    };
    let values = read.ok_or("it is not a list of whole numbers, such as 5,8")?;
    match no_list(&values, range) {
        None => Ok(values.into()),
        Some(problem) => Err(problem),
    }
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "a failed test")]

    use super::*;
    use crate::protocol::settings::SETTINGS;
    use crate::protocol::{Augment, NormGroup};

    /// What a text can set: each default, whatever can be chosen, and nothing that is none of it.
    #[test]
    fn a_setting_is_set_from_its_text_or_refused_by_name() {
        for setting in SETTINGS {
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
            ("momentum", "0.9"),
            ("warm_up", "1"),
            ("drops", "5, 8"),
        ] {
            assert_eq!(config.set(name, text), Ok(()));
        }
        assert_eq!((config.momentum, config.warm_up), (0.9, 1.0));
        assert_eq!(config.drops, [5, 8]);
        assert_eq!(config.set("drops", "[]"), Ok(()));
        let set = (config.lr, config.train, config.augment, config.norm_group);
        let expected = (2e-4, 2_000, Augment::FlipShift, NormGroup::Records(64));
        assert_eq!(set, expected);
        let before = config.clone();
        for (name, text, word) in [
            ("lr", "0", "above 0"),
            ("lr", "fast", "above 0"),
            ("lr", "NaN", "above 0"),
            ("momentum", "1", "from 0 to below 1"),
            ("momentum", "0.999999999", "from 0 to below 1"),
            ("momentum", "much", "from 0 to below 1"),
            ("lr_end", "1.1", "from 0 to 1"),
            ("lr_end", "NaN", "from 0 to 1"),
            ("drops", "8,5", "each larger"),
            ("drops", "0", "from 1 to 1000"),
            ("drops", "5,x", "such as 5,8"),
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
}
