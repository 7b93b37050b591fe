//! The protocol's types as JavaScript's values, errors included.

use js_sys::Reflect;
use serde::Serialize;
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

/// A plain object of these properties.
pub(super) fn object<const N: usize>(properties: [(&str, JsValue); N]) -> JsValue {
    let object = js_sys::Object::new();
    for (key, value) in properties {
        // Setting a property of a fresh object does not fail.
        let _ = Reflect::set(&object, &key.into(), &value);
    }
    object.into()
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
