//! A visitor's file at the border: `open_file`, which needs no session.

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use super::arguments;
use super::convert::{answer, to_js};
use crate::cifar::{self, Opened};
use crate::error::Error;

/// Says what a file is, by its content, and unpacks it: records raw or gzip, or a tar archive of such files.
/// Each file that comes out has its name, its split (by digest, else by name) and its decompressed bytes,
/// ready for `add_shard`. Files of an archive that are something else are in `refused`. Both lists are
/// empty for a file that only goes with CIFAR-10's, such as its list of class names. Needs no `load`.
///
/// # Errors
/// `other_format`, `archive`, `gzip`, `record_length`, `label`, `too_large`, `invalid_argument`.
#[wasm_bindgen(unchecked_return_type = "OpenedFile")]
pub async fn open_file(
    #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
) -> Result<JsValue, JsValue> {
    console_error_panic_hook::set_once();
    answer(open(&name, &bytes))
}

fn open(name: &JsValue, bytes: &JsValue) -> Result<JsValue, Error> {
    let name = arguments::text("name", name)?;
    let bytes = arguments::file("bytes", bytes)?;
    let Opened { found, records } = cifar::open_file(&name, bytes)?;
    let answer = to_js(&found)?;
    let files = Reflect::get(&answer, &"files".into()).unwrap_or_default();
    // Each file's bytes are let go as soon as they are JavaScript's.
    for (file, records) in Array::from(&files).iter().zip(records) {
        // Setting a property of a fresh object does not fail.
        let _ = Reflect::set(
            &file,
            &"bytes".into(),
            &Uint8Array::from(records.as_slice()),
        );
    }
    Ok(answer)
}
