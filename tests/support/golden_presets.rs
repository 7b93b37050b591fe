//! What Keras and NumPy computed of the presets (`tests/reference/presets.py`), and how far a run of this crate is from it.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;

use burn::tensor::Device;
use convburn::batch::gather;
use convburn::checkpoint::Tensors;
use convburn::cifar::Records;
use convburn::layout::transposed;
use convburn::metrics::RunningMean;
use convburn::network::{Entry, NetworkPlan, resolve, tutorial_model};
use convburn::protocol::recipes::NamedRecipe;
use convburn::protocol::{Config, Flip, Initializer, ModelSpec, NormGroup};
use convburn::random::Draws;
use convburn::rule::{Rule, Schedule};
use convburn::train::Learner;
use safetensors::SafeTensors;
use std::sync::Arc;

const TENSORS: &[u8] = include_bytes!("../fixtures/golden_presets.safetensors");
const FIGURES: &str = include_str!("../fixtures/golden_presets.json");

/// The recipes beside the tutorial's, which has a golden of its own.
pub const PRESETS: [&str; 4] = ["tutorial-cured", "same-size", "small", "large"];
/// Steps of a run, over which its learning rate rises and falls.
pub const STEPS: usize = 10;
/// Records of a step, and of the measurement after the last one.
pub const BATCH: usize = 64;
/// Records of each of the two steps on every backend, in two groups.
const SHORT_BATCH: usize = 8;
/// Products of a tensor with random numbers; its length follows them.
const PROJECTIONS: usize = 16;

/// Figures of a preset.
#[derive(serde::Deserialize)]
pub struct Figures {
    /// The numbers of its rule, by the names of the table of settings.
    pub settings: BTreeMap<String, f64>,
    /// Those that are others here: at the preset's own rates rounding would grow too fast.
    changed: Changed,
    /// Learning rate of each step.
    pub rates: Vec<f64>,
    /// Plain cross-entropy before each step.
    pub losses: Vec<f64>,
    /// That of the test records by the averaged weights.
    pub evaluated: f64,
    /// Of two small steps.
    pub short: Short,
}

/// Settings that are not the preset's own.
#[derive(serde::Deserialize)]
struct Changed {
    lr: f64,
    muon_lr: Option<f64>,
    weight_decay: Option<f64>,
}

/// Figures of two small steps.
#[derive(serde::Deserialize)]
pub struct Short {
    pub losses: Vec<f64>,
}

/// What was computed of all presets.
pub struct Golden {
    file: SafeTensors<'static>,
    figures: BTreeMap<String, Figures>,
}

/// How far a run is from it, at most.
#[derive(Debug)]
pub struct Distance {
    /// Of any loss, and of the measurement after the last step.
    pub loss: f64,
    /// Of the tensors.
    pub tensors: Apart,
}

/// How far tensors are from the reference's, as shares of their lengths; and which is the furthest.
#[derive(Debug)]
pub struct Apart {
    /// Of weights, running figures, and the averages of both.
    pub weights: (f64, String),
    /// Of momenta. Where rounding makes another place the maximum of a pooling, the gradient goes elsewhere at once, and
    /// the weights only by a step.
    pub momenta: (f64, String),
}

impl Distance {
    pub fn assert_within(&self, bound: f64) {
        let Apart { weights, momenta } = &self.tensors;
        let largest = self.loss.max(weights.0).max(momenta.0);
        assert!(largest <= bound, "{self:?}");
    }
}

impl Golden {
    pub fn open() -> Self {
        #[derive(serde::Deserialize)]
        struct File {
            presets: BTreeMap<String, Figures>,
        }
        let read: File = serde_json::from_str(FIGURES).unwrap();
        assert!(PRESETS.iter().all(|name| read.presets.contains_key(*name)));
        Self {
            file: SafeTensors::deserialize(TENSORS).unwrap(),
            figures: read.presets,
        }
    }

    /// A preset's settings, but for the length of the run, the batch, what is done to the images, and what is changed.
    pub fn config(&self, preset: &str) -> Config {
        let config = NamedRecipe::find(preset).unwrap().config().unwrap();
        let changed = &self.figures(preset).changed;
        Config {
            lr: changed.lr,
            muon_lr: changed.muon_lr.unwrap_or(config.muon_lr),
            weight_decay: changed.weight_decay.unwrap_or(config.weight_decay),
            train: (STEPS * BATCH) as u32,
            test: BATCH as u32,
            batch: BATCH as u32,
            epochs: 1,
            flip: Flip::None,
            shift_px: 0,
            report_every_ms: 10,
            ..config
        }
    }

    pub fn figures(&self, preset: &str) -> &Figures {
        &self.figures[preset]
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        let found = self.file.tensor(name).unwrap_or_else(|_| panic!("{name}"));
        let numbers = found.data().chunks_exact(4);
        let values = numbers.map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().unwrap())));
        values.collect()
    }

    /// The first kernel of the networks that whiten, from the first 640 training images.
    pub fn whitening(&self) -> Vec<f32> {
        let numbers = self.numbers("whitening").into_iter();
        numbers.map(|number| number as f32).collect()
    }

    /// What all runs of `plan` begin with.
    pub fn initial(&self, plan: &NetworkPlan) -> Tensors {
        let entries = plan.entries.iter();
        let values = entries.map(|entry| (entry.name.clone(), self.first_value(entry)));
        Tensors {
            values: values.collect(),
            ..Tensors::default()
        }
    }

    /// As the initialiser says, but with random numbers that the reference has too.
    fn first_value(&self, entry: &Entry) -> Vec<f32> {
        let count = entry.entries();
        let inputs = match entry.shape[..] {
            [inputs, _] => inputs,
            [_, ref rest @ ..] => rest.iter().product(),
            [] => 0,
        };
        let limit = (6.0 / inputs as f64).sqrt();
        let drawn = || uniform(&entry.name).map(|number| (number * limit) as f32);
        match entry.initializer {
            Initializer::Zeros => vec![0.0; count],
            Initializer::Ones => vec![1.0; count],
            Initializer::Whitening { .. } => self.whitening(),
            Initializer::Glorot | Initializer::Kaiming => {
                from_file(entry, drawn().take(count).collect())
            }
            Initializer::Dirac => {
                // Not identity alone: a pixel's equal neighbours would be equal maxima.
                let mut numbers: Vec<f32> = drawn().take(count).collect();
                for (channel, kernel) in numbers.chunks_mut(inputs).take(inputs / 9).enumerate() {
                    kernel[channel * 9 + 4] += 1.0;
                }
                numbers
            }
        }
    }

    /// How far `found` is from what the names that begin with `prefix` are of. All of them have to be there.
    pub fn apart(&self, prefix: &str, plan: &NetworkPlan, found: &Tensors) -> Apart {
        let of = |name: &str| {
            plan.entries
                .iter()
                .find(|entry| entry.name == name)
                .unwrap()
        };
        let mut all: Vec<(String, &Entry, &[f32])> = Vec::new();
        for entry in &plan.entries {
            let name = &entry.name;
            all.push((format!("final/{name}"), entry, &found.values[name]));
        }
        for (name, slots) in &found.slots {
            assert_eq!(slots.len(), 1, "{name}");
            all.push((format!("momentum/{name}"), of(name), &slots[0]));
        }
        for (name, average) in &found.averaged {
            // Two small steps have not moved it.
            if self
                .file
                .tensor(&format!("{prefix}/averaged/{name}"))
                .is_ok()
            {
                all.push((format!("averaged/{name}"), of(name), average));
            }
        }
        let expected = self.file.names().into_iter();
        let is_of = |name: &&str| {
            let rest = name
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| !rest.starts_with("short/"))
        };
        assert_eq!(expected.filter(is_of).count(), all.len(), "{prefix}");
        let mut apart = Apart {
            weights: (0.0, String::new()),
            momenta: (0.0, String::new()),
        };
        for (name, entry, values) in all {
            let expected = self.numbers(&format!("{prefix}/{name}"));
            let found = distance(&name, &to_file(entry, values), &expected);
            let furthest = match name.starts_with("momentum/") {
                true => &mut apart.momenta,
                false => &mut apart.weights,
            };
            if found > furthest.0 {
                *furthest = (found, name);
            }
        }
        apart
    }
}

/// How far a tensor is from one of which `expected` has the products and the length, as a share of that length.
fn distance(name: &str, values: &[f32], expected: &[f64]) -> f64 {
    assert!(values.iter().all(|value| value.is_finite()), "{name}");
    let (length, products) = expected.split_last().unwrap();
    assert_eq!(products.len(), PROJECTIONS);
    let squares = products.iter().enumerate().map(|(at, expected)| {
        let terms = values.iter().zip(uniform(&format!("{name}#{at}")));
        let product: f64 = terms
            .map(|(value, factor)| f64::from(*value) * factor)
            .sum();
        (product - expected).powi(2)
    });
    // A factor's square is 1/3 in the mean.
    (3.0 * squares.sum::<f64>() / PROJECTIONS as f64).sqrt() / length
}

/// Numbers in [-1, 1) that follow from a name (FNV-1a) and their place (MurmurHash3's finaliser).
fn uniform(name: &str) -> impl Iterator<Item = f64> + use<> {
    let salt = name.bytes().fold(0x811c_9dc5_u32, |salt, byte| {
        (salt ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (0..u32::MAX).map(move |at| {
        let mut x = at.wrapping_add(salt);
        x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
        x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
        x ^= x >> 16;
        f64::from(x >> 8) / 8_388_608.0 - 1.0
    })
}

/// From PyTorch's layout, in which all is drawn and multiplied: dense matrices are `[out, in]` there.
fn from_file(entry: &Entry, values: Vec<f32>) -> Vec<f32> {
    match entry.shape[..] {
        [inputs, outputs] => transposed(&values, [outputs, inputs]),
        _ => values,
    }
}

fn to_file(entry: &Entry, values: &[f32]) -> Vec<f32> {
    match entry.shape[..] {
        [inputs, outputs] => transposed(values, [inputs, outputs]),
        _ => values.to_vec(),
    }
}

/// The network of a configuration.
pub fn model(config: &Config) -> ModelSpec {
    ModelSpec {
        network: resolve(&config.network, 10).unwrap(),
        pixels: config.pixels.clone(),
        norm_group: config.norm_group,
        ..tutorial_model()
    }
}

/// Makes two small steps of a preset on `device`, the first training records in order, and measures how far it gets.
pub async fn measure_two_steps(preset: &str, records: &Records, device: &Device) -> Distance {
    let golden = Golden::open();
    let config = Config {
        norm_group: NormGroup::Records(SHORT_BATCH as u32 / 2),
        ..golden.config(preset)
    };
    let plan = Arc::new(NetworkPlan::new(&model(&config)).unwrap());
    let recipe = config.recipe(plan.spec.clone());
    let mut learner = Learner::new(&plan, 1, device).with_rule(Rule::new(&recipe, &plan));
    learner.load_state(&golden.initial(&plan), 0).unwrap();
    let schedule = Schedule::new(&recipe);
    let mut loss = 0.0;
    for (step, expected) in golden.figures(preset).short.losses.iter().enumerate() {
        let indices: Vec<usize> = (step * SHORT_BATCH..(step + 1) * SHORT_BATCH).collect();
        let lr = recipe.lr * schedule.factor(step as u64, STEPS as u32, 1);
        learner.step(
            &gather(records, &indices, None, device),
            Draws::default(),
            lr,
        );
        let mut mean = RunningMean::default();
        learner.read_running(&mut mean).await.unwrap();
        loss = f64::max(loss, (mean.loss() - expected).abs());
    }
    let (found, _) = learner.tensors().await.unwrap();
    Distance {
        loss,
        tensors: golden.apart(&format!("{preset}/short"), &plan, &found),
    }
}
