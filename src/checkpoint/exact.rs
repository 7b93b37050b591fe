//! A run's numbers to their last bit, beside the JSON that describes it.
//!
//! serde_json writes every number so that it can be read exactly, but reads about one in ten of 17 digits one unit
//! in the last place off. A run goes on with the same bits only if its sums do, so those bits are kept too. (Its
//! feature `float_roundtrip` would do instead, and have everything that depends on it built anew.)

use super::{FORMAT_VERSION, RunState};
use crate::error::Error;
use crate::protocol::{Initializer, Layer};

/// The first format whose recipes have numbers beside the learning rate.
const RULES_SAID: u32 = 5;

/// The bits of all numbers that are no integers, in hexadecimal.
pub(super) fn bits(state: &RunState) -> String {
    let mut state = state.clone();
    let words: Vec<String> = numbers(&mut state, FORMAT_VERSION)
        .iter()
        .map(|number| format!("{:016x}", number.to_bits()))
        .collect();
    words.join(" ")
}

/// Gives the numbers that were read from JSON the bits that they were written with.
///
/// # Errors
/// [`Error::Checkpoint`] when the bits are those of other numbers.
pub(super) fn restore(state: &mut RunState, text: &str, version: u32) -> Result<(), Error> {
    let other = || Error::checkpoint("its exact numbers are not those of its description".into());
    let mut words = text.split_ascii_whitespace();
    for number in numbers(state, version) {
        let word = words
            .next()
            .and_then(|word| u64::from_str_radix(word, 16).ok());
        let exact = f64::from_bits(word.ok_or_else(other)?);
        if !is_near(*number, exact) {
            return Err(other());
        }
        *number = exact;
    }
    words.next().map_or(Ok(()), |_| Err(other()))
}

/// Apart by no more than reading costs; what is no number is near nothing.
fn is_near(read: f64, exact: f64) -> bool {
    (read - exact).abs() <= 4.0 * f64::EPSILON * exact.abs() + f64::from_bits(4)
}

/// All numbers that are no integers, in the order in which files of a version of the format have their bits.
fn numbers(state: &mut RunState, version: u32) -> Vec<&mut f64> {
    let (model, mut found) = state.recipe.model_and_reals();
    if version < RULES_SAID {
        found.truncate(1); // The learning rate was the only one.
    }
    for layer in &mut model.network.layers {
        of_layer(&mut layer.layer, &mut found);
    }
    for row in &mut state.history {
        found.extend([
            &mut row.loss,
            &mut row.accuracy,
            &mut row.val_loss,
            &mut row.val_accuracy,
            &mut row.seconds,
            &mut row.step_ms,
        ]);
        found.extend(&mut row.lr);
    }
    if let Some(evaluation) = &mut state.evaluation {
        found.extend([
            &mut evaluation.loss,
            &mut evaluation.accuracy,
            &mut evaluation.seconds,
        ]);
        found.extend(evaluation.class_accuracy.iter_mut().flatten());
    }
    if let Some(position) = &mut state.position {
        found.extend([
            &mut position.loss_sum,
            &mut position.correct,
            &mut position.train_ms,
        ]);
    }
    found
}

fn of_layer<'a>(layer: &'a mut Layer, found: &mut Vec<&'a mut f64>) {
    match layer {
        Layer::BatchNorm(norm) => found.extend([&mut norm.epsilon, &mut norm.momentum]),
        Layer::Dropout { rate } => found.push(rate),
        Layer::Scale { factor } => found.push(factor),
        Layer::Conv(conv) => {
            if let Initializer::Whitening { epsilon } = &mut conv.weight.initializer {
                found.push(epsilon);
            }
        }
        Layer::Residual { layers } => {
            for inner in layers {
                of_layer(&mut inner.layer, found);
            }
        }
        Layer::Activation(_)
        | Layer::MaxPool(_)
        | Layer::AvgPool(_)
        | Layer::GlobalMaxPool
        | Layer::GlobalAvgPool
        | Layer::Pad { .. }
        | Layer::Flatten
        | Layer::Dense(_) => {}
    }
}
