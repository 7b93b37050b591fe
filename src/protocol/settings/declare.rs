//! The macro behind the table of settings: one row is a field of [`Config`](super::Config), of the part that it
//! belongs to, its default, its check and its entry in [`SETTINGS`](super::SETTINGS).
//!
//! It writes out what is the same for every setting and decides nothing. What a row says stands in `settings.rs`.

/// Makes `Config`, `Recipe`, `Compute`, what turns one into the others, and `SETTINGS` from the rows:
///
/// ```text
/// /// The sentence that says what it does.
/// name: Type = default, Kind, "default as JSON", "unit", Some("what the form calls it");
/// ```
///
/// Those of `network` and `model` are settings that a recipe keeps inside its `model`: the network in full, the others
/// under the same name. Those of `recipe` and `compute` are fields there.
macro_rules! settings {
    (
        network { #[doc = $n_doc:literal] $network:ident : $n_type:ty = $n_default:expr, $n_kind:ident($n_range:expr), $n_json:literal, $n_unit:literal, $n_label:expr; }
        model { $( #[doc = $m_doc:literal] $model:ident : $m_type:ty = $m_default:expr, $m_kind:ident($m_range:expr), $m_json:literal, $m_unit:literal, $m_label:expr; )* }
        recipe { $( #[doc = $r_doc:literal] $recipe:ident : $r_type:ty = $r_default:expr, $r_kind:ident($r_range:expr), $r_json:literal, $r_unit:literal, $r_label:expr; )* }
        compute { $( #[doc = $c_doc:literal] $compute:ident : $c_type:ty = $c_default:expr, $c_kind:ident($c_range:expr), $c_json:literal, $c_unit:literal, $c_label:expr; )* }
    ) => {
        /// Everything that determines a run, as `load` reads it. A field left out has the tutorial's value.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[serde(default, deny_unknown_fields)]
        pub struct Config {
            #[doc = $n_doc] pub $network: $n_type,
            $( #[doc = $m_doc] pub $model: $m_type, )*
            $( #[doc = $r_doc] pub $recipe: $r_type, )*
            $( #[doc = $c_doc] pub $compute: $c_type, )*
        }

        impl Default for Config {
            fn default() -> Self {
                Self {
                    $network: $n_default,
                    $( $model: $m_default, )*
                    $( $recipe: $r_default, )*
                    $( $compute: $c_default, )*
                }
            }
        }

        /// The part of a configuration that says what a run computes. Two runs with one recipe, on the same
        /// records, compute the same up to rounding.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default = "recipe_of_before", deny_unknown_fields)]
        pub struct Recipe {
            /// The network and what it sees.
            pub model: ModelSpec,
            $( #[doc = $r_doc] pub $recipe: $r_type, )*
        }

        /// The part of a configuration that says how a run is computed: on what, and how often it says so.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default = "compute_of_before", deny_unknown_fields)]
        pub struct Compute {
            $( #[doc = $c_doc] pub $compute: $c_type, )*
        }

        #[allow(clippy::clone_on_copy, reason = "some settings are no copies")]
        impl Config {
            /// What it computes, of the model that its network came to.
            pub fn recipe(&self, model: ModelSpec) -> Recipe {
                Recipe { model, $( $recipe: self.$recipe.clone(), )* }
            }

            /// How it is computed.
            pub fn compute(&self) -> Compute {
                Compute { $( $compute: self.$compute.clone(), )* }
            }

            /// Both parts as one, of a network that is called so.
            pub fn of(recipe: &Recipe, compute: &Compute, $network: $n_type) -> Self {
                Self {
                    $network,
                    $( $model: recipe.model.$model.clone(), )*
                    $( $recipe: recipe.$recipe.clone(), )*
                    $( $compute: compute.$compute.clone(), )*
                }
            }

            /// The settings that are numbers.
            fn numbers(&self) -> Vec<(&'static str, f64)> {
                let all = [
                    $( (stringify!($model), number!($m_kind, self.$model)), )*
                    $( (stringify!($recipe), number!($r_kind, self.$recipe)), )*
                    $( (stringify!($compute), number!($c_kind, self.$compute)), )*
                ];
                all.into_iter().filter_map(|(name, number)| Some((name, number?))).collect()
            }

            /// The settings that are lists.
            fn lists(&self) -> Vec<(&'static str, &[u32])> {
                let all = [ $( (stringify!($recipe), list!($r_kind, self.$recipe)), )* ];
                all.into_iter().filter_map(|(name, list)| Some((name, list?))).collect()
            }
        }

        impl Recipe {
            /// The model, and apart from it the settings that are numbers, but no whole ones, in the table's order.
            pub fn model_and_reals(&mut self) -> (&mut ModelSpec, Vec<&mut f64>) {
                let all = [ $( real!($r_kind, self.$recipe), )* ];
                (&mut self.model, all.into_iter().flatten().collect())
            }
        }

        /// All settings, the recipe's first.
        pub const SETTINGS: &[Setting] = &[
            row!(Recipe, $network, $n_kind($n_range), $n_json, $n_unit, $n_doc, $n_label),
            $( row!(Recipe, $model, $m_kind($m_range), $m_json, $m_unit, $m_doc, $m_label), )*
            $( row!(Recipe, $recipe, $r_kind($r_range), $r_json, $r_unit, $r_doc, $r_label), )*
            $( row!(Compute, $compute, $c_kind($c_range), $c_json, $c_unit, $c_doc, $c_label), )*
        ];
    };
}

macro_rules! row {
    ($part:ident, $name:ident, $kind:ident($range:expr), $json:literal, $unit:literal, $doc:literal, $label:expr) => {
        Setting {
            name: stringify!($name),
            part: Part::$part,
            kind: Kind::$kind($range),
            default: $json,
            unit: $unit,
            sentence: $doc.trim_ascii(),
            label: $label,
        }
    };
}

/// What of a kind is a number, as one; none of the others.
macro_rules! number {
    (Whole, $value:expr) => {
        Some(f64::from($value))
    };
    (Positive, $value:expr) => {
        Some($value)
    };
    (Between, $value:expr) => {
        Some($value)
    };
    (Below, $value:expr) => {
        Some($value)
    };
    ($other:ident, $value:expr) => {
        None
    };
}

/// A number that is no whole one, to be changed; none of the other kinds.
macro_rules! real {
    (Positive, $value:expr) => {
        Some(&mut $value)
    };
    (Between, $value:expr) => {
        Some(&mut $value)
    };
    (Below, $value:expr) => {
        Some(&mut $value)
    };
    ($other:ident, $value:expr) => {
        None
    };
}

/// The numbers of a list; none of the other kinds.
macro_rules! list {
    (List, $value:expr) => {
        Some($value.as_slice())
    };
    ($other:ident, $value:expr) => {
        None
    };
}

pub(super) use {list, number, real, row, settings};
