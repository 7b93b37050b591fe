//! A run as one file and back: parameters, Adam's moments, and where the run stands.
//!
//! A `.safetensors` file: tensors under Keras's layer names and PyTorch's parameter names
//! (`conv2d.weight`, `dense.bias`) in PyTorch's layout, and `optimizer.exp_avg.…`,
//! `optimizer.exp_avg_sq.…` beside them; in the metadata `kind` (`run`, or `weights` for parameters
//! alone), `format_version` and, for a run, `run`: a [`RunState`] as JSON, and `bits`: its numbers' (`exact.rs`).
//!
//! Reading is strict, because a file comes from a stranger's disk: a tensor too many, too few, of another
//! shape or with a number that is not finite is refused with a sentence, before anything is touched.
//! This knows no tensors of Burn and no session.

mod data;
mod exact;

use std::collections::HashMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

pub use data::RunData;

use crate::error::Error;
use crate::layout::{Slot, transposed};
use crate::protocol::{Backend, Config, EpochResult, Evaluation, HoldOut, Trace, limits};

/// Goes up when an older reader would misread a file.
/// 2: a run says where it was made. 3: it has its curve and its last evaluation, says which records it was
/// trained on, and how some were held out.
pub const FORMAT_VERSION: u32 = 3;

/// The first format that says how records were held out; before it the last ones were.
const HOLD_OUT_SAID: u32 = 3;

/// Largest file read: the tutorial's run takes 1.5 MB, and a stranger's file must not fill the memory.
const LARGEST_BYTES: usize = 64 << 20;

/// Longest header read: its JSON takes many times its length in memory. A run of 10,000 epochs has room.
const HEADER_BYTES_MAX: u64 = 4 << 20;

/// Longest version of this crate that a file may name: the page says it.
const VERSION_BYTES_MAX: usize = 40;

const MEAN_PREFIX: &str = "optimizer.exp_avg.";
const SQUARE_PREFIX: &str = "optimizer.exp_avg_sq.";

/// The numbers of a learner: one vector a slot, as the model has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// The parameters.
    pub parameters: Vec<Vec<f32>>,
    /// Adam's running means of the gradients; empty before the first step.
    pub means: Vec<Vec<f32>>,
    /// Adam's running means of the squared gradients; empty before the first step.
    pub squares: Vec<Vec<f32>>,
}

/// Where a run stands, and what it is a run of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// The run's configuration.
    pub config: Config,
    /// Names of the classes in the order of the labels.
    pub class_names: Vec<String>,
    /// Training records that the run uses; the data it goes on with must give as many.
    pub train_used: u32,
    /// Records that it measures on.
    pub test_used: u32,
    /// True when those are held out of the training records.
    pub held_out: bool,
    /// Optimiser steps since the optimiser was fresh.
    pub adam_steps: i32,
    /// The epochs trained.
    pub history: Vec<EpochResult>,
    /// Where the run goes on; none when it is over.
    pub position: Option<RunPosition>,
    /// The live loss so far; empty in files of the formats 1 and 2.
    #[serde(default)]
    pub trace: Trace,
    /// What the last whole epoch came to on the test records; files of the formats 1 and 2 do not say.
    #[serde(default)]
    pub evaluation: Option<Evaluation>,
    /// What computed it last; files of the format 1 do not say.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// Which records it was trained on; files up to the format 2 do not say.
    #[serde(default)]
    pub data: Option<RunData>,
}

/// What computed a run: another one rounds otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The backend that ran; never `auto`.
    pub backend: Backend,
    /// Number of CPU workers.
    pub workers: u32,
    /// Version of this crate.
    pub version: String,
}

impl Origin {
    /// What keeps a run of `self` from going on with the same bits in `next`: a sentence each.
    pub fn differences(&self, next: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.backend != next.backend {
            let [was, is] = [self.backend, next.backend].map(named);
            found.push(format!(
                "It was computed by {was} and goes on with {is}, which rounds otherwise."
            ));
        } else if next.backend == Backend::Webgpu {
            found.push("Graphics cards and their drivers round differently.".into());
        } else if self.workers != next.workers {
            found.push(format!(
                "It was computed by {} workers and goes on with {}, whose sums round otherwise.",
                self.workers, next.workers
            ));
        }
        if self.version != next.version {
            found.push(format!(
                "It was saved by version {}, and this is {}.",
                self.version, next.version
            ));
        }
        found
    }
}

fn named(backend: Backend) -> &'static str {
    match backend {
        Backend::Auto => "auto",
        Backend::Webgpu => "webgpu",
        Backend::Flex => "flex",
        Backend::Ndarray => "ndarray",
    }
}

/// Where in a run it stands; epochs are counted from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPosition {
    /// The epoch under way.
    pub epoch: u32,
    /// The epoch after the last one.
    pub epochs_end: u32,
    /// Optimiser steps done in the epoch. The shuffle follows from seed and epoch.
    pub step: u32,
    /// Sum of the losses of the epoch's records so far.
    pub loss_sum: f64,
    /// Number of them classified rightly.
    pub correct: f64,
    /// Number of them.
    pub records: u32,
    /// Milliseconds of training in the epoch.
    pub train_ms: f64,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Checkpoint {
    /// A run, to go on with.
    Run(Box<RunState>, Numbers),
    /// Parameters alone, to begin with.
    Weights(Numbers),
}

/// Writes a run.
///
/// # Errors
/// [`Error::Checkpoint`] when a number is not finite: such a run is not worth a file.
pub fn encode_run(state: &RunState, numbers: &Numbers, slots: &[Slot]) -> Result<Vec<u8>, Error> {
    let json =
        serde_json::to_string(state).map_err(|error| Error::checkpoint(error.to_string()))?;
    let groups = [
        ("", &numbers.parameters),
        (MEAN_PREFIX, &numbers.means),
        (SQUARE_PREFIX, &numbers.squares),
    ];
    let more = [("run", json), ("bits", exact::bits(state))];
    encode("run", &more, &groups, slots)
}

/// Writes parameters alone.
///
/// # Errors
/// As [`encode_run`].
pub fn encode_weights(parameters: &Vec<Vec<f32>>, slots: &[Slot]) -> Result<Vec<u8>, Error> {
    encode("weights", &[], &[("", parameters)], slots)
}

fn encode(
    kind: &str,
    more: &[(&str, String)],
    groups: &[(&str, &Vec<Vec<f32>>)],
    slots: &[Slot],
) -> Result<Vec<u8>, Error> {
    let mut tensors = Vec::new();
    for (prefix, numbers) in groups {
        for (slot, values) in slots.iter().zip(*numbers) {
            let name = format!("{prefix}{}", slot.name);
            check_finite(&name, values)?;
            let (shape, values) = to_file(&slot.shape, values);
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            tensors.push((name, shape, bytes));
        }
    }
    let mut metadata = HashMap::from([
        ("kind".to_owned(), kind.to_owned()),
        ("format_version".to_owned(), FORMAT_VERSION.to_string()),
        (
            "made_by".to_owned(),
            concat!("convburn ", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
    ]);
    metadata.extend(
        more.iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone())),
    );
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        view.map(|view| (name.as_str(), view))
    });
    let views: Vec<_> = views.collect::<Result<_, _>>().map_err(unreadable)?;
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(unreadable)?;
    check_header(&bytes)?; // What could not be read again is no file.
    Ok(bytes)
}

/// Reads a file for a model with these slots.
///
/// # Errors
/// [`Error::Checkpoint`], with what is wrong.
pub fn decode(bytes: &[u8], slots: &[Slot]) -> Result<Checkpoint, Error> {
    if bytes.len() > LARGEST_BYTES {
        return Err(Error::checkpoint(format!(
            "it is larger than {} MiB",
            LARGEST_BYTES >> 20
        )));
    }
    check_header(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    drop(header); // The next line reads it again.
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    if !metadata.contains_key("kind") && !metadata.contains_key("format_version") {
        return bare_weights(&file, slots);
    }
    let version = version(&metadata)?;
    match metadata.get("kind").map(String::as_str) {
        Some("run") => {
            let state = run_state(&metadata, version)?;
            let trained = state.adam_steps > 0;
            let numbers = Numbers {
                parameters: read_group(&file, "", slots)?,
                means: read_group(&file, MEAN_PREFIX, if trained { slots } else { &[] })?,
                squares: read_group(&file, SQUARE_PREFIX, if trained { slots } else { &[] })?,
            };
            check_count(
                &file,
                if trained {
                    3 * slots.len()
                } else {
                    slots.len()
                },
            )?;
            if numbers.squares.iter().flatten().any(|value| *value < 0.0) {
                return Err(Error::checkpoint("a mean of squares is negative".into()));
            }
            Ok(Checkpoint::Run(Box::new(state), numbers))
        }
        Some("weights") => {
            let parameters = read_group(&file, "", slots)?;
            check_count(&file, slots.len())?;
            Ok(Checkpoint::Weights(Numbers {
                parameters,
                ..Numbers::default()
            }))
        }
        Some(other) => Err(Error::checkpoint(format!(
            "it is of the unknown kind \"{other}\""
        ))),
        None => Err(Error::checkpoint("it was not written by ConvBurn".into())),
    }
}

/// Parameters from a file that another program wrote, Python for one: those of this network by their names and
/// shapes. An optimiser's moments beside them, of a run that was saved again, are left out.
fn bare_weights(file: &SafeTensors<'_>, slots: &[Slot]) -> Result<Checkpoint, Error> {
    let is_ours = |name: &str| {
        let prefixes = [MEAN_PREFIX, SQUARE_PREFIX];
        let bare = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
        slots.iter().any(|slot| slot.name == bare.unwrap_or(name))
    };
    if let Some(other) = file.names().into_iter().find(|name| !is_ours(name)) {
        return Err(Error::checkpoint(format!(
            "it was not written by ConvBurn, and its tensor \"{other}\" is none of this network's"
        )));
    }
    Ok(Checkpoint::Weights(Numbers {
        parameters: read_group(file, "", slots)?,
        ..Numbers::default()
    }))
}

/// A safetensors file begins with the length of its header, in eight bytes.
fn check_header(bytes: &[u8]) -> Result<(), Error> {
    let length = bytes
        .first_chunk()
        .map(|length| u64::from_le_bytes(*length));
    if length > Some(HEADER_BYTES_MAX) {
        return Err(Error::checkpoint(format!(
            "it is no complete safetensors file (its header is longer than {} MiB)",
            HEADER_BYTES_MAX >> 20
        )));
    }
    Ok(())
}

/// The version of the file's format.
fn version(metadata: &HashMap<String, String>) -> Result<u32, Error> {
    let Some(text) = metadata.get("format_version") else {
        return Err(Error::checkpoint("it was not written by ConvBurn".into()));
    };
    match text.parse::<u32>() {
        Ok(known @ 1..=FORMAT_VERSION) => Ok(known),
        Ok(newer) if newer > FORMAT_VERSION => Err(Error::checkpoint(format!(
            "it has the format {newer}, and this version reads up to {FORMAT_VERSION}"
        ))),
        _ => Err(Error::checkpoint(format!(
            "\"{text}\" is no version of its format"
        ))),
    }
}

fn run_state(metadata: &HashMap<String, String>, version: u32) -> Result<RunState, Error> {
    let json = metadata.get("run").map_or("", String::as_str);
    let mut state: RunState = serde_json::from_str(json)
        .map_err(|error| Error::checkpoint(format!("its description cannot be read ({error})")))?;
    if version < HOLD_OUT_SAID {
        state.config.hold_out = HoldOut::Last;
    }
    state.check()?;
    if let Some(bits) = metadata.get("bits") {
        exact::restore(&mut state, bits)?; // Files of before have none.
        state.check()?;
    }
    Ok(state)
}

impl RunState {
    /// Whether the parts are what they may be, and fit each other.
    fn check(&self) -> Result<(), Error> {
        self.config.validate()?;
        self.fits()
            .map_err(|problem| Error::checkpoint(problem.into()))
    }

    fn fits(&self) -> Result<(), &'static str> {
        let epochs = self.history.len();
        let in_order = self
            .history
            .iter()
            .zip(1..)
            .all(|(row, number)| row.epoch == number);
        if !in_order {
            return Err("its epochs are not in order");
        }
        // What follows from these is allocated before any data is asked for.
        let fits = (1..=self.config.train).contains(&self.train_used)
            && (1..=self.config.test).contains(&self.test_used);
        if self.adam_steps < 0 || !fits {
            return Err("its numbers of steps and records make no sense");
        }
        if !limits::are_class_names(&self.class_names) {
            return Err("it does not name from 2 to 100 classes");
        }
        let version = self.origin.as_ref().map_or("", |origin| &origin.version);
        if version.len() > VERSION_BYTES_MAX {
            return Err("the version that saved it is none");
        }
        if self.data.as_ref().is_some_and(|data| !data.is_plausible()) {
            return Err("what it says of its records makes no sense");
        }
        if !self.trace.fits(epochs) {
            return Err("its curve is not of its run");
        }
        if self
            .evaluation
            .as_ref()
            .is_some_and(|found| !self.came_to(found))
        {
            return Err("its evaluation is not of its run");
        }
        let Some(position) = &self.position else {
            return Ok(());
        };
        let steps = self.train_used.div_ceil(self.config.batch);
        let sums = [position.loss_sum, position.correct, position.train_ms];
        let fits = position.epoch as usize == epochs
            && position.epoch < position.epochs_end
            && position.epochs_end - position.epoch <= self.config.epochs
            && position.step <= steps
            && u64::from(position.records)
                <= u64::from(position.step) * u64::from(self.config.batch)
            && position.records <= self.train_used
            && sums.iter().all(|sum| sum.is_finite() && *sum >= 0.0);
        if fits {
            Ok(())
        } else {
            Err("its position is not in its run")
        }
    }
}

impl RunState {
    /// Whether an evaluation can be this run's.
    fn came_to(&self, found: &Evaluation) -> bool {
        let classes = self.class_names.len();
        let is_square = found.confusion.len() == classes
            && found.class_accuracy.len() == classes
            && found.confusion.iter().all(|row| row.len() == classes);
        let cells = found.confusion.iter().flatten();
        let counted: u64 = cells.map(|n| u64::from(*n)).sum();
        let shares = found.class_accuracy.iter().flatten();
        is_square
            && counted == u64::from(found.records)
            && found.records == self.test_used
            && shares
                .chain([&found.accuracy])
                .all(|share| (0.0..=1.0).contains(share))
            && [found.loss, found.seconds]
                .iter()
                .all(|n| n.is_finite() && *n >= 0.0)
    }
}

fn read_group(
    file: &SafeTensors<'_>,
    prefix: &str,
    slots: &[Slot],
) -> Result<Vec<Vec<f32>>, Error> {
    let read = |slot: &Slot| {
        let name = format!("{prefix}{}", slot.name);
        let tensor = file
            .tensor(&name)
            .map_err(|_| Error::checkpoint(format!("the tensor \"{name}\" is missing")))?;
        let (expected, _) = to_file(&slot.shape, &[]);
        if tensor.dtype() != Dtype::F32 || tensor.shape() != expected {
            return Err(Error::checkpoint(format!(
                "the tensor \"{name}\" is {:?} {:?}, where {expected:?} of F32 is expected",
                tensor.dtype(),
                tensor.shape()
            )));
        }
        let numbers = tensor.data().chunks_exact(4);
        let values: Vec<f32> = numbers
            .filter_map(|bytes| Some(f32::from_le_bytes(bytes.try_into().ok()?)))
            .collect();
        check_finite(&name, &values)?;
        Ok(from_file(&slot.shape, values))
    };
    slots.iter().map(read).collect()
}

fn check_count(file: &SafeTensors<'_>, expected: usize) -> Result<(), Error> {
    let found = file.len();
    if found == expected {
        return Ok(());
    }
    Err(Error::checkpoint(format!(
        "it has {found} tensors, where {expected} are expected"
    )))
}

fn check_finite(name: &str, values: &[f32]) -> Result<(), Error> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Error::checkpoint(format!(
        "the tensor \"{name}\" has a number that is not finite"
    )))
}

/// To PyTorch's layout: dense matrices are `[out, in]`.
fn to_file(shape: &[usize], values: &[f32]) -> (Vec<usize>, Vec<f32>) {
    match *shape {
        [inputs, outputs] => (vec![outputs, inputs], transposed(values, [inputs, outputs])),
        _ => (shape.to_vec(), values.to_vec()),
    }
}

fn from_file(shape: &[usize], values: Vec<f32>) -> Vec<f32> {
    match *shape {
        [inputs, outputs] => transposed(&values, [outputs, inputs]),
        _ => values,
    }
}

fn unreadable(error: safetensors::SafeTensorError) -> Error {
    Error::checkpoint(format!("it is no complete safetensors file ({error})"))
}
