//! The one table of settings: what each field of [`Config`] is, which part of a run's configuration it belongs to, and
//! what it may be. [`Config`] and its parts [`Recipe`] and [`Compute`] are made from it, and their checks; so are the
//! page's table, the schema of its report, the types for JavaScript and README.md's table (`generated/`).

mod check;
mod declare;
mod text;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{
    Arithmetic, Augment, Backend, Border, Decay, DecayOf, Flip, HoldOut, ImageSpec, Keep,
    LastBatch, ModelSpec, NetworkChoice, NetworkSpec, NormGroup, Operators, OptimizerKind, Pixels,
    ScheduleKind, Seeding, Switch, Velocity, limits,
};
use declare::{list, number, real, row, settings};

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
    /// A number of the range.
    Between(RangeInclusive<f64>),
    /// A number from 0 to below this.
    Below(f64),
    /// Some whole numbers of the range, each larger than the one before.
    List(RangeInclusive<u32>),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, or something with fields of its own (as JSON), which is checked where the network is
    /// planned.
    Structure(&'static [&'static str]),
}

/// The networks with a name, the tutorial's first. `network/presets.rs` has their layers.
pub const NETWORKS: [&str; 7] = [
    "tutorial",
    "t",
    "s-24-48-72",
    "s-40-48-60",
    "s-32-64-96",
    "s-40-68-92",
    "s-64-112-128",
];

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
    /// What the page's form calls it; none where neither the form nor a link has it.
    pub label: Option<&'static str>,
}

settings! {
    network {
        /// The network: a preset's name (`t` has batch normalisation before each ReLU; `s-…` are deeper, of so many filters), or its layers.
        network: NetworkChoice = NetworkChoice::default(), Structure(&NETWORKS), "\"tutorial\"", "", Some("Network");
    }
    model {
        /// What is done to pixels first: ÷ 255 alone, or then less each channel's mean, over its deviation.
        pixels: Pixels = Pixels::Unit, Structure(&["unit"]), "\"unit\"", "", Some("Pixels");
        /// How many images batch normalisation takes together: so many, or all of a batch, which one worker computes.
        norm_group: NormGroup = NormGroup::Records(32), Structure(&["batch"]), "{\"records\":32}", "images", Some("Images normalised together");
    }
    recipe {
        /// Training images: the first ones in official order.
        train: u32 = 50_000, Whole(1..=limits::RECORDS), "50000", "images", Some("Training images");
        /// Test images: the first ones in official order.
        test: u32 = 10_000, Whole(1..=limits::RECORDS), "10000", "images", Some("Test images");
        /// Passes over the training images.
        epochs: u32 = 10, Whole(limits::EPOCHS), "10", "epochs", Some("Epochs");
        /// Images in one optimiser step.
        batch: u32 = 32, Whole(limits::BATCH), "32", "images", Some("Batch size");
        /// What becomes of an epoch's images that fill no whole batch: a smaller batch, or they are left out.
        last_batch: LastBatch = LastBatch::Keep, Choice(&["keep", "drop"]), "\"keep\"", "", Some("Last batch");
        /// Learning rate.
        lr: f64 = 0.001, Positive(limits::LR), "0.001", "", Some("Learning rate");
        /// Seed of the initial weights, the shuffles, the augmentation and of what is held out.
        seed: u32 = 1, Whole(0..=u32::MAX), "1", "", Some("Seed");
        /// The rule that turns gradients into new weights.
        optimizer: OptimizerKind = OptimizerKind::Adam, Choice(&["adam", "adamw", "sgd", "rmsprop", "muon"]), "\"adam\"", "", Some("Optimiser");
        /// Momentum of `sgd`, of `rmsprop` and of what `muon` leaves to SGD.
        momentum: f64 = 0.0, Below(1.0), "0.0", "", Some("Momentum");
        /// Whether SGD's momentum looks ahead, as Nesterov has it.
        nesterov: Switch = Switch::Off, Choice(&["off", "on"]), "\"off\"", "", Some("Nesterov");
        /// Where the learning rate enters SGD's velocity: inside it, as in Keras, or outside, as in PyTorch.
        velocity: Velocity = Velocity::RateInside, Choice(&["rate-inside", "rate-outside"]), "\"rate-inside\"", "", Some("Velocity");
        /// How strongly each step draws weights towards 0; of what `muon` moves the length is fixed, and does not decay.
        weight_decay: f64 = 0.0, Between(0.0..=1.0), "0.0", "", Some("Weight decay");
        /// How they decay: as a part of the gradient, or beside it as Keras's `weight_decay` does.
        decay: Decay = Decay::Decoupled, Choice(&["coupled", "decoupled"]), "\"decoupled\"", "", Some("Way of decay");
        /// What decays: kernels and matrices alone, or biases and normalisation too.
        decay_of: DecayOf = DecayOf::Weights, Choice(&["weights", "all"]), "\"weights\"", "", Some("What decays");
        /// Factor on the learning rate of normalisation's biases.
        norm_bias_lr_factor: f64 = 1.0, Positive(limits::LR_FACTOR), "1.0", "", Some("Factor for norm biases");
        /// Learning rate of the kernels and matrices that `muon` moves.
        muon_lr: f64 = 0.05, Positive(limits::LR), "0.05", "", Some("Muon’s learning rate");
        /// Their momentum, which looks ahead.
        muon_momentum: f64 = 0.6, Below(1.0), "0.6", "", Some("Muon’s momentum");
        /// How often Muon's polynomial is applied to a step, to make its directions equally strong.
        muon_iterations: u32 = 3, Whole(limits::MUON_ITERATIONS), "3", "", Some("Muon’s iterations");
        /// How the learning rates go from step to step.
        schedule: ScheduleKind = ScheduleKind::Constant, Choice(&["constant", "one-cycle", "cosine", "drops"]), "\"constant\"", "", Some("Schedule");
        /// Share of all steps in which `one-cycle` and `cosine` rise to the learning rate.
        warm_up: f64 = 0.2, Between(0.0..=1.0), "0.2", "", Some("Warm-up");
        /// What they begin with, as a factor of the learning rate.
        lr_start: f64 = 0.2, Between(0.0..=1.0), "0.2", "", Some("Begins with");
        /// What they end with, as a factor of the learning rate.
        lr_end: f64 = 0.0, Between(0.0..=1.0), "0.0", "", Some("Ends with");
        /// Numbers of the epochs after which `drops` multiplies the learning rate.
        drops: Vec<u32> = Vec::new(), List(limits::EPOCHS), "[]", "epochs", Some("Drops after epochs");
        /// What it multiplies it by.
        drop_factor: f64 = 0.1, Positive(1.0), "0.1", "", Some("Drop factor");
        /// How much of a target is spread over all classes; the loss that is shown is that without.
        label_smoothing: f64 = 0.0, Below(1.0), "0.0", "", Some("Label smoothing");
        /// How much of the averaged weights stays each fifth step; 0: none are kept. After the last step they are the network's.
        averaging: f64 = 0.0, Below(1.0), "0.0", "", Some("Averaged weights");
        /// What is done to a training image first: nothing but what `flip`, `shift_px` and `cutout_px` say, or a horizontal flip half of the time and a shift by up to 2 pixels.
        augment: Augment = Augment::None, Choice(&["none", "flip-shift"]), "\"none\"", "", Some("Augmentation");
        /// Whether training images are mirrored left to right: not, by chance, or in every other epoch.
        flip: Flip = Flip::None, Choice(&["none", "random", "alternating"]), "\"none\"", "", Some("Mirroring");
        /// Largest shift of a training image, each way.
        shift_px: u32 = 0, Whole(limits::SHIFT_PX), "0", "px", Some("Shift in pixels");
        /// What a shift brings in: black, or the image mirrored at its edge.
        shift_edge: Border = Border::Zero, Choice(&["zero", "reflect"]), "\"zero\"", "", Some("Edge of a shift");
        /// Side of a square of a training image that is made black; 0: none is.
        cutout_px: u32 = 0, Whole(limits::CUTOUT_PX), "0", "px", Some("Cutout in pixels");
        /// Which training images are held out to measure on where there are no test images.
        hold_out: HoldOut = HoldOut::ByClass, Choice(&["by-class", "last"]), "\"by-class\"", "", Some("Held-out images");
        /// Epochs without a smaller loss on held-out images after which a run stops, with the weights of its best epoch; 0: it goes on to its end. A tenth of the training images is held out for it.
        patience: u32 = 0, Whole(limits::PATIENCE), "0", "epochs", Some("Stop when no better for");
        /// The weights that a run ends with: those of its last step, or of the epoch whose loss on held-out images was smallest. A tenth of the training images is held out for it.
        keep: Keep = Keep::Last, Choice(&["last", "best"]), "\"last\"", "", Some("Weights to end with");
    }
    compute {
        /// What computes: `auto` is WebGPU on a hardware adapter that is faster than the CPU, else flex.
        backend: Backend = Backend::Auto, Choice(&["auto", "webgpu", "flex", "ndarray"]), "\"auto\"", "", Some("Backend");
        /// CPU workers that share a step on flex; 0: as many as pay here.
        workers: u32 = 0, Whole(limits::WORKERS), "0", "workers", Some("Processor cores");
        /// What computes the convolutions on flex: ConvBurn's own blocks, or Burn's operators, to compare with.
        operators: Operators = Operators::Blocks, Choice(&["blocks", "layers"]), "\"blocks\"", "", None;
        /// How those blocks round: as is fastest on the machine, or as every machine can, to the same bits.
        arithmetic: Arithmetic = Arithmetic::Auto, Choice(&["auto", "portable"]), "\"auto\"", "", Some("Arithmetic");
        /// Time between two progress events.
        report_every_ms: u32 = 250, Whole(limits::REPORT_EVERY_MS), "250", "ms", None;
    }
}

/// What a recipe has that does not say it: a setting of a younger version has the default, which computes what was
/// computed before there was a choice. A model it has to say: this one is none, and cannot be planned.
fn recipe_of_before() -> Recipe {
    let config = Config::default();
    config.recipe(ModelSpec {
        network: NetworkSpec {
            seeding: Seeding::ByLayer,
            layers: Vec::new(),
        },
        image: ImageSpec {
            channels: 0,
            height: 0,
            width: 0,
        },
        classes: 0,
        pixels: config.pixels.clone(),
        norm_group: config.norm_group,
    })
}

/// The same of the other part.
fn compute_of_before() -> Compute {
    Config::default().compute()
}

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
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
        for setting in SETTINGS {
            let default: Value = serde_json::from_str(setting.default).unwrap_or_default();
            assert_eq!(
                defaults.get(setting.name),
                Some(&default),
                "{}",
                setting.name
            );
            let is_number = matches!(
                setting.kind,
                Kind::Whole(_) | Kind::Positive(_) | Kind::Between(_) | Kind::Below(_)
            );
            let mut numbers = config.numbers().into_iter();
            let read = numbers.find(|(name, _)| *name == setting.name);
            assert_eq!(
                read.map(|(_, value)| value),
                default.as_f64().filter(|_| is_number),
                "{}",
                setting.name
            );
        }
    }

    /// A file from before a setting does not say it; its model it says.
    #[test]
    fn a_part_that_lacks_a_setting_has_its_default() {
        let config = Config::default();
        let recipe = config.recipe(crate::network::tutorial_model());
        let whole = [
            serde_json::to_value(&recipe).unwrap_or_default(),
            serde_json::to_value(config.compute()).unwrap_or_default(),
        ];
        for name in SETTINGS.iter().map(|setting| setting.name) {
            let [recipe_left, compute_left] = whole.clone().map(|mut value| {
                value.as_object_mut().map(|fields| fields.remove(name));
                value
            });
            let read: Option<Recipe> = serde_json::from_value(recipe_left).ok();
            assert_eq!(read.as_ref(), Some(&recipe), "{name}");
            let read: Option<Compute> = serde_json::from_value(compute_left).ok();
            assert_eq!(read, Some(config.compute()), "{name}");
        }
        let without_model: Option<Recipe> = serde_json::from_value(json!({})).ok();
        let plan = without_model.map(|it| crate::network::NetworkPlan::new(&it.model).is_err());
        assert_eq!(plan, Some(true));
    }

    /// Each word of a choice is taken, and another is not.
    #[test]
    fn choices_are_those_of_the_types() {
        for setting in SETTINGS {
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
