//! Between JavaScript's values and the protocol's types, errors included.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use crate::error::Error;

/// Converts an answer; an option that is none becomes null.
pub(super) fn to_js(value: &impl Serialize) -> Result<JsValue, Error> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|error| Error::Compute {
            problem: format!("the answer could not be converted ({error})"),
        })
}

/// Converts an argument; none when it is null or undefined.
pub(super) fn from_js<T: DeserializeOwned>(
    argument: &'static str,
    value: JsValue,
) -> Result<Option<T>, Error> {
    serde_wasm_bindgen::from_value(value).map_err(|error| Error::InvalidArgument {
        argument,
        problem: error.to_string(),
    })
}

/// A misspelt setting must not be ignored: serde-wasm-bindgen 0.6 only asks an object for the fields it
/// knows, whatever `deny_unknown_fields` says.
///
/// `known`: a value with all the keys that there are.
pub(super) fn reject_unknown_keys(config: &JsValue, known: &impl Serialize) -> Result<(), Error> {
    let known = to_js(known)?;
    for key in Object::keys(config.unchecked_ref::<Object>()) {
        if !Reflect::has(&known, &key).unwrap_or(false) {
            let problem = "there is no such setting".to_owned();
            return Err(Error::InvalidConfig {
                field: key.as_string().unwrap_or_default(),
                problem,
            });
        }
    }
    Ok(())
}

/// An error becomes a JavaScript `Error` with `code` and `hint` beside its `message`.
pub(super) fn answer(result: Result<JsValue, Error>) -> Result<JsValue, JsValue> {
    result.map_err(|error| {
        let report = error.report();
        let object = js_sys::Error::new(&report.message);
        for (key, value) in [("code", report.code), ("hint", report.hint)] {
            // Setting a property of a fresh object does not fail.
            let _ = Reflect::set(&object, &key.into(), &value.into());
        }
        object.into()
    })
}
