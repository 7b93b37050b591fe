//! The recipes that have a name: a network and a rule of learning, whose they are, and what they reached here. The page's
//! presets, `convburn train --recipe` and `cargo xtask reproduce --recipe` are made from this table.
//!
//! A recipe says what is learnt and how; on which machine it is computed, with how many workers and from which seed is
//! not its business.

use super::Config;
use crate::error::Error;

/// What a recipe reached on the test images with this crate: `bench/recipes.json` has the runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// Mean of the runs' test accuracies after the last epoch.
    pub accuracy: f64,
    /// How far training accuracy was above it, both with the final weights: mean of the runs.
    pub gap: f64,
    /// Number of runs, each with a seed of its own.
    pub runs: u32,
}

/// What one of a recipe's cures for overfitting gives: how much less it reached without it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurePoints {
    /// What the page calls it (`www/state/cures.js`).
    pub name: &'static str,
    /// The variant of `bench/recipe-runs.mjs` in which it is left out.
    pub left_out: &'static str,
    /// Mean accuracy with all cures less that without this one, over the same seeds, in points; below 0 it is better without.
    pub points: f64,
    /// Number of runs without it.
    pub runs: u32,
}

/// A recipe with a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NamedRecipe {
    /// What links, files and the command line call it.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it is, for people.
    pub sentence: &'static str,
    /// Where it comes from.
    pub citation: &'static str,
    /// How many workers its batch is made for: batch normalisation takes groups of it.
    pub cores: u32,
    /// Parameters of its network, for ten classes of CIFAR-10's pictures.
    pub parameters: u32,
    /// What it reached; none before it was measured.
    pub reached: Option<Reached>,
    /// What each of its cures gives, as far as that was measured.
    pub cures: &'static [CurePoints],
    /// Its settings, as JSON; what it leaves out is as the table of settings has it.
    pub settings: &'static str,
}

/// The means and deviations of CIFAR-10's training images, with which the recipes were measured.
macro_rules! standardized {
    () => {
        r#""pixels": {"standardized": {"mean": [0.4914, 0.4822, 0.4465], "deviation": [0.247, 0.2435, 0.2616]}}"#
    };
}

/// What the recipes beside the tutorial's have in common.
macro_rules! cures {
    () => {
        concat!(
            standardized!(),
            r#", "last_batch": "drop", "nesterov": "on", "velocity": "rate-outside", "momentum": 0.9, "decay": "coupled",
            "schedule": "one-cycle", "averaging": 0.98, "flip": "alternating", "shift_px": 2, "shift_edge": "reflect""#
        )
    };
}

/// Where the networks `s-…` and their rules come from.
const JORDAN: &str = "After Keller Jordan, “94% on CIFAR-10 in 3.29 Seconds on a Single GPU”, 2024, arXiv:2404.00498.";

/// What each of `tutorial-cured`'s cures gives it.
const CURED: [CurePoints; 6] = [
    cure("normalisation", "without-normalisation", 0.1),
    cure("augmentation", "without-augmentation", 2.9),
    cure("rate", "without-one-cycle", 4.2),
    cure("smoothing", "without-smoothing", 0.2),
    cure("averaging", "without-averaging", 0.0),
    cure("muon", "step-4", 2.2),
];

const fn cure(name: &'static str, left_out: &'static str, points: f64) -> CurePoints {
    CurePoints {
        name,
        left_out,
        points,
        runs: 2,
    }
}

/// Every recipe, the tutorial's first.
pub const RECIPES: [NamedRecipe; 5] = [
    NamedRecipe {
        name: "tutorial",
        title: "The tutorial’s run",
        sentence: "Three convolutions and two dense layers, Adam, ten epochs: it learns its images by heart.",
        citation: "Keras and TensorFlow, “Convolutional Neural Network (CNN)”, https://www.tensorflow.org/tutorials/images/cnn.",
        cores: 8,
        parameters: 122_570,
        reached: None,
        cures: &[],
        settings: r#"{"network": "tutorial"}"#,
    },
    NamedRecipe {
        name: "tutorial-cured",
        title: "The tutorial’s layers, cured",
        sentence: "The same layers with batch normalisation, moved and mirrored images, and a rate that rises and falls.",
        citation: "The tutorial’s layers; Muon after Keller Jordan and others, “Muon: An optimizer for hidden layers in neural networks”, 2024, https://kellerjordan.github.io/posts/muon/.",
        cores: 4,
        parameters: 122_794,
        reached: Some(Reached {
            accuracy: 0.8434,
            gap: 0.0367,
            runs: 2,
        }),
        cures: &CURED,
        settings: concat!(
            r#"{"network": "t", "batch": 128, "optimizer": "muon", "lr": 0.1, "muon_lr": 0.05, "muon_momentum": 0.6,
            "muon_iterations": 3, "norm_bias_lr_factor": 4, "warm_up": 0.2, "label_smoothing": 0.1, "#,
            cures!(),
            "}"
        ),
    },
    NamedRecipe {
        name: "same-size",
        title: "Another network of the same size",
        sentence: "As many parameters as the tutorial’s, in seven convolutions instead of three.",
        citation: JORDAN,
        cores: 4,
        parameters: 120_584,
        reached: Some(Reached {
            accuracy: 0.8912,
            gap: 0.0314,
            runs: 1,
        }),
        cures: &[],
        settings: concat!(
            r#"{"network": "s-40-48-60", "batch": 128, "optimizer": "sgd", "lr": 0.4, "weight_decay": 0.0005,
            "warm_up": 0.2, "label_smoothing": 0.1, "#,
            cures!(),
            "}"
        ),
    },
    NamedRecipe {
        name: "small",
        title: "Twice the size",
        sentence: "Seven convolutions with more filters, Muon, and batches of 256 images for up to eight cores.",
        citation: JORDAN,
        cores: 8,
        parameters: 223_248,
        reached: Some(Reached {
            accuracy: 0.8993,
            gap: 0.0424,
            runs: 1,
        }),
        cures: &[],
        settings: concat!(
            r#"{"network": "s-40-68-92", "batch": 256, "optimizer": "muon", "lr": 0.2, "muon_lr": 0.06, "muon_momentum": 0.6,
            "muon_iterations": 3, "norm_bias_lr_factor": 4, "weight_decay": 0.0005, "warm_up": 0.1, "label_smoothing": 0.2, "#,
            cures!(),
            "}"
        ),
    },
    NamedRecipe {
        name: "large",
        title: "Four times the size",
        sentence: "The same network with half a million parameters: the best of these, and the slowest.",
        citation: JORDAN,
        cores: 4,
        parameters: 506_776,
        reached: None,
        cures: &[],
        settings: concat!(
            r#"{"network": "s-64-112-128", "batch": 128, "optimizer": "muon", "lr": 0.2, "muon_lr": 0.03, "muon_momentum": 0.6,
            "muon_iterations": 3, "norm_bias_lr_factor": 4, "weight_decay": 0.002, "warm_up": 0.1, "label_smoothing": 0.1, "#,
            cures!(),
            "}"
        ),
    },
];

impl NamedRecipe {
    /// The recipe of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        RECIPES.iter().find(|recipe| recipe.name == name)
    }

    /// A configuration with its settings, and all else as the table of settings has it.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] where its settings are none, which the tests rule out.
    pub fn config(&self) -> Result<Config, Error> {
        let read: Result<Config, _> = serde_json::from_str(self.settings);
        read.map_err(|error| Error::invalid_config("recipe", error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{self, NetworkPlan, tutorial_model};
    use crate::protocol::ModelSpec;

    /// The runs of a recipe's variant by the command line, as they stand in the file: accuracy on test and training images.
    fn figures(recipe: &str, variant: &str) -> Vec<[f64; 2]> {
        // Asked at run time: a target folder shared between clones may hold another clone's build of this.
        let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        let text = std::fs::read_to_string(root + "/bench/recipes.json").unwrap_or_default();
        let runs: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
        let of_variant = runs.iter().filter(|run| {
            run["recipe"] == recipe && run["variant"] == variant && run["by"] == "command line"
        });
        of_variant
            .map(|run| ["accuracy", "training_accuracy"].map(|of| run[of].as_f64()))
            .map(|found| found.map(Option::unwrap_or_default))
            .collect()
    }

    fn mean(figures: &[[f64; 2]], of: fn(&[f64; 2]) -> f64) -> f64 {
        figures.iter().map(of).sum::<f64>() / figures.len() as f64
    }

    /// What the page says of a recipe was measured: the means of its runs by the command line.
    #[test]
    fn what_a_recipe_reached_is_what_was_measured() {
        for recipe in RECIPES {
            let Some(reached) = recipe.reached else {
                continue;
            };
            let name = recipe.name;
            let whole = figures(name, "whole");
            assert_eq!(whole.len(), reached.runs as usize, "{name}");
            let [accuracy, gap] = [
                mean(&whole, |run| run[0]),
                mean(&whole, |run| run[1] - run[0]),
            ];
            assert!(
                (reached.accuracy - accuracy).abs() < 1e-4,
                "{name}: {accuracy}"
            );
            assert!((reached.gap - gap).abs() < 1e-4, "{name}: {gap}");
            for cure in recipe.cures {
                let without = figures(name, cure.left_out);
                let points = 100.0 * (accuracy - mean(&without, |run| run[0]));
                assert_eq!(without.len(), cure.runs as usize, "{}", cure.name);
                assert!(
                    (cure.points - points).abs() < 0.051,
                    "{}: {points}",
                    cure.name
                );
            }
        }
    }

    #[test]
    fn every_recipe_is_a_configuration_of_its_own_whose_network_can_be_built() {
        for recipe in RECIPES {
            let config = recipe.config().unwrap_or_default();
            assert!(config.validate().is_ok(), "{}", recipe.name);
            let network = network::resolve(&config.network, 10).ok();
            let model = network.map(|network| ModelSpec {
                network,
                pixels: config.pixels.clone(),
                ..tutorial_model()
            });
            let plan = model.and_then(|model| NetworkPlan::new(&model).ok());
            let parameters = plan.map(|plan| plan.summary(|_| false).total_parameters);
            assert_eq!(parameters, Some(recipe.parameters), "{}", recipe.name);
            let fits = config.batch / 32 >= recipe.cores;
            assert!(fits || config.batch == 32, "{}", recipe.name);
            let same = |other: &&NamedRecipe| other.config().unwrap_or_default() == config;
            assert_eq!(RECIPES.iter().filter(same).count(), 1, "{}", recipe.name);
        }
    }
}
