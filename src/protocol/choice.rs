//! A network as a configuration names it: a preset, or a list of layers.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::NetworkSpec;

/// A network that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum NetworkChoice {
    /// By the name of a preset, for as many classes as the data has.
    Preset(String),
    /// Layer by layer.
    Spec(NetworkSpec),
}

impl Default for NetworkChoice {
    /// The tutorial's.
    fn default() -> Self {
        Self::Preset("tutorial".into())
    }
}

impl<'de> Deserialize<'de> for NetworkChoice {
    /// By hand, because serde's words for an untagged enum name no field.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Choice;
        impl<'de> Visitor<'de> for Choice {
            type Value = NetworkChoice;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a network, or its layers")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(NetworkChoice::Preset(name.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Self::Value, M::Error> {
                NetworkSpec::deserialize(MapAccessDeserializer::new(map)).map(NetworkChoice::Spec)
            }
        }
        deserializer.deserialize_any(Choice)
    }
}
