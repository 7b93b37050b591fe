//! Whether a setting is what its row of the table says it may be, alone.

use std::ops::RangeInclusive;

use super::{Config, Kind, find};
use crate::error::Error;
use crate::protocol::limits;

impl Config {
    /// Checks every setting by the table, alone.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] naming the first that is out of range.
    pub(in crate::protocol) fn check_settings(&self) -> Result<(), Error> {
        for (name, value) in self.numbers() {
            let problem = match find(name).map(|setting| &setting.kind) {
                Some(Kind::Whole(range)) => outside(value, range),
                Some(Kind::Positive(most)) => not_positive(value, *most),
                Some(Kind::Between(range)) => not_between(value, range),
                Some(Kind::Below(end)) => not_below(value, *end),
                // Types let nothing else in.
                _ => None,
            };
            if let Some(problem) = problem {
                return Err(Error::invalid_config(name, problem));
            }
        }
        for (name, values) in self.lists() {
            if let Some(Kind::List(range)) = find(name).map(|setting| &setting.kind)
                && let Some(problem) = no_list(values, range)
            {
                return Err(Error::invalid_config(name, problem));
            }
        }
        Ok(())
    }
}

pub(super) fn outside(value: f64, range: &RangeInclusive<u32>) -> Option<String> {
    let (low, high) = (range.start(), range.end());
    let fits = (f64::from(*low)..=f64::from(*high)).contains(&value);
    (!fits).then(|| format!("{value} is not between {low} and {high}"))
}

/// In `f32`, as the optimiser has it: there the least numbers are 0, and nothing would be learnt.
pub(super) fn not_positive(value: f64, most: f64) -> Option<String> {
    let fits = value as f32 > 0.0 && value <= most;
    (!fits).then(|| format!("{value} is not a number above 0 and up to {most}"))
}

pub(super) fn not_between(value: f64, range: &RangeInclusive<f64>) -> Option<String> {
    let (low, high) = (range.start(), range.end());
    (!range.contains(&value)).then(|| format!("{value} is not a number from {low} to {high}"))
}

/// In `f32`, as it is used: there the largest numbers below 1 are 1.
pub(super) fn not_below(value: f64, end: f64) -> Option<String> {
    let fits = value >= 0.0 && f64::from(value as f32) < end;
    (!fits).then(|| format!("{value} is not a number from 0 to below {end}"))
}

pub(super) fn no_list(values: &[u32], range: &RangeInclusive<u32>) -> Option<String> {
    let (low, high) = (range.start(), range.end());
    let fits = values.len() <= limits::LIST
        && values.iter().all(|value| range.contains(value))
        && values.is_sorted_by(|a, b| a < b);
    (!fits).then(|| {
        format!(
            "it is not a list of at most {} whole numbers from {low} to {high}, each larger than the one before",
            limits::LIST
        )
    })
}
