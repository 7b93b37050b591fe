//! What JavaScript passes in, checked before anything is claimed or locked.
//!
//! An exception in wasm-bindgen's glue crosses the module without unwinding: the promise never settles, and
//! what was claimed stays so. So every exported function takes `JsValue`s, and whatever is read from
//! one is read here, where an exception becomes an error that says what was expected and what came.

use std::ops::RangeInclusive;

use js_sys::{Array, ArrayBuffer, Function, JSON, Object, Reflect, Symbol, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use super::convert::to_js;
use super::words::{described, grouped, name_of};
use crate::error::Error;
use crate::protocol::{ImageSpec, Manifest, limits};

/// The longest file that is copied into the module: a whole split in one, in an archive.
const FILE_BYTES_MAX: usize = limits::SPLIT_BYTES + (1 << 20);

/// The longest setting with fields of its own: 64 layers take some 15,000 bytes.
const STRUCTURE_BYTES_MAX: usize = 1 << 18;

/// What was expected, and what came.
fn refused(argument: &'static str, expected: &str, value: &JsValue) -> Error {
    Error::InvalidArgument {
        argument,
        problem: format!("{expected} was expected, and {} came", described(value)),
    }
}

fn is_missing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// A `Uint8Array`, of this realm or another one (a frame's, Node's `Buffer`). Nothing else is taken for
/// bytes: other views would be rounded, and an `ArrayBuffer` has no length of its own.
fn view<'a>(
    argument: &'static str,
    value: &'a JsValue,
    expected: &str,
) -> Result<&'a Uint8Array, Error> {
    let is_bytes = ArrayBuffer::is_view(value) && name_of(value).as_deref() == Some("Uint8Array");
    if is_bytes {
        Ok(value.unchecked_ref())
    } else {
        Err(refused(argument, expected, value))
    }
}

/// The bytes of a file, copied.
///
/// # Errors
/// [`Error::InvalidArgument`]; [`Error::TooLarge`] before more is copied than any file has.
pub(super) fn file(argument: &'static str, value: &JsValue) -> Result<Vec<u8>, Error> {
    let bytes = view(argument, value, "a Uint8Array")?;
    if bytes.length() as usize > FILE_BYTES_MAX {
        return Err(Error::TooLarge {
            limit_bytes: FILE_BYTES_MAX,
        });
    }
    if bytes.length() == 0 {
        return Ok(Vec::new()); // Of an array that was given away (transferred), copying throws.
    }
    Ok(bytes.to_vec())
}

/// The pixels of so many images of this shape, copied; of one where `images` is missing.
///
/// # Errors
/// [`Error::InvalidArgument`]; [`Error::PixelLength`].
pub(super) fn pixels(
    value: &JsValue,
    images: &JsValue,
    image: ImageSpec,
) -> Result<Vec<u8>, Error> {
    let image_bytes = image.bytes();
    let each = grouped(image_bytes as f64);
    let expected = format!("a Uint8Array of {each} bytes an image");
    let bytes = view("pixels", value, &expected)?;
    let most = limits::records(image_bytes.saturating_add(1)) as u32;
    let images = match is_missing(images) {
        true => 1,
        false => whole("images", images, 1..=most)? as usize,
    };
    let length = bytes.length() as usize;
    if length != images * image_bytes {
        return Err(Error::PixelLength {
            bytes: length,
            images,
            image_bytes,
        });
    }
    Ok(bytes.to_vec())
}

/// An `ArrayBuffer`.
pub(super) fn buffer(argument: &'static str, value: &JsValue) -> Result<ArrayBuffer, Error> {
    let found = value.dyn_ref::<ArrayBuffer>().cloned();
    found.ok_or_else(|| refused(argument, "an ArrayBuffer", value))
}

/// A whole number of `range`.
pub(super) fn whole(
    argument: &'static str,
    value: &JsValue,
    range: RangeInclusive<u32>,
) -> Result<u32, Error> {
    let (low, high) = (f64::from(*range.start()), f64::from(*range.end()));
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && (low..=high).contains(&number) => {
            Ok(number as u32)
        }
        _ => {
            let expected = format!("a whole number from {low} to {high}");
            Err(refused(argument, &expected, value))
        }
    }
}

/// A number of milliseconds, which may be infinite.
pub(super) fn milliseconds(argument: &'static str, value: &JsValue) -> Result<f64, Error> {
    let found = value.as_f64().filter(|number| *number >= 0.0);
    found.ok_or_else(|| refused(argument, "a number of milliseconds, 0 or more,", value))
}

/// A text.
pub(super) fn text(argument: &'static str, value: &JsValue) -> Result<String, Error> {
    let found = value.as_string();
    found.ok_or_else(|| refused(argument, "a text", value))
}

/// A text, or none when it is null or undefined.
pub(super) fn optional_text(
    argument: &'static str,
    value: &JsValue,
) -> Result<Option<String>, Error> {
    match is_missing(value) {
        true => Ok(None),
        false => text(argument, value).map(Some),
    }
}

/// A function.
pub(super) fn function(argument: &'static str, value: &JsValue) -> Result<Function, Error> {
    let found = value
        .is_function()
        .then(|| value.unchecked_ref::<Function>().clone());
    found.ok_or_else(|| refused(argument, "a function", value))
}

/// Yes or no; no when it is null or undefined.
pub(super) fn switch(argument: &'static str, value: &JsValue) -> Result<bool, Error> {
    match is_missing(value) {
        true => Ok(false),
        false => value
            .as_bool()
            .ok_or_else(|| refused(argument, "true or false", value)),
    }
}

/// A function, or none when it is null or undefined.
pub(super) fn optional_function(
    argument: &'static str,
    value: &JsValue,
) -> Result<Option<Function>, Error> {
    match is_missing(value) {
        true => Ok(None),
        false => function(argument, value).map(Some),
    }
}

/// One of an enum's words.
pub(super) fn choice<T: DeserializeOwned>(
    argument: &'static str,
    value: &JsValue,
) -> Result<T, Error> {
    // A text has nothing in it that could throw.
    let found = value
        .is_string()
        .then(|| serde_wasm_bindgen::from_value(value.clone()).ok());
    found
        .flatten()
        .ok_or_else(|| refused(argument, &expectation::<T>("?".into()), value))
}

/// An object of settings, those that it lacks as `T`'s default has them; the default when it is null or
/// undefined. Each value is read once, and a misspelt setting is not ignored.
///
/// # Errors
/// [`Error::InvalidArgument`]; [`Error::InvalidConfig`] when there is no setting of a name.
pub(super) fn settings<T>(argument: &'static str, value: &JsValue) -> Result<T, Error>
where
    T: DeserializeOwned + Default + Serialize,
{
    if is_missing(value) {
        return Ok(T::default());
    }
    let unreadable = || refused(argument, "an object of settings", value);
    if !is_plain(value) {
        return Err(unreadable());
    }
    let known = to_js(&T::default())?;
    for key in Reflect::own_keys(value).map_err(|_| unreadable())? {
        if key.is_string() && !Reflect::has(&known, &key).unwrap_or(false) {
            let key = key.as_string().unwrap_or_default();
            return Err(Error::invalid_config(
                &key,
                "there is no such setting".to_owned(),
            ));
        }
    }
    let found = Object::new();
    for key in Object::keys(known.unchecked_ref::<Object>()) {
        let setting = Reflect::get(value, &key).map_err(|_| unreadable())?;
        if setting.is_undefined() {
            continue;
        }
        // An object's own code would run while serde reads it: it is read from what JSON makes of it.
        let inert = if is_plain(&setting) {
            structure::<T>(argument, &key, &setting)?
        } else if setting.is_instance_of::<Array>() {
            // Most settings are no list: what came instead is said below.
            structure::<T>(argument, &key, &setting).unwrap_or_else(|_| setting.clone())
        } else {
            setting.clone()
        };
        let is_read = (inert != setting || !setting.is_object())
            && serde_wasm_bindgen::from_value::<T>(alone(&key, &inert)).is_ok();
        if !is_read {
            let name = key.as_string().unwrap_or_default();
            let expected = expectation::<T>(alone(&key, &"?".into()));
            let came = described(&setting);
            return Err(Error::InvalidArgument {
                argument,
                problem: format!("for its \"{name}\" {expected} was expected, and {came} came"),
            });
        }
        // Setting a property of a fresh object does not fail.
        let _ = Reflect::set(&found, &key, &inert);
    }
    serde_wasm_bindgen::from_value(found.into()).map_err(|_| unreadable())
}

/// A setting that has fields of its own, as JSON has it: no more than data, of a bounded depth and length.
///
/// # Errors
/// [`Error::InvalidArgument`] with what is wrong in it.
fn structure<T: DeserializeOwned>(
    argument: &'static str,
    key: &JsValue,
    setting: &JsValue,
) -> Result<JsValue, Error> {
    let name = key.as_string().unwrap_or_default();
    let refused = |problem: String| Error::InvalidArgument {
        argument,
        problem: format!("its \"{name}\" cannot be read: {problem}"),
    };
    // What throws when it is read, or contains itself, ends here.
    let text = JSON::stringify(setting)
        .ok()
        .and_then(|text| text.as_string());
    let text = text.filter(|text| text.len() <= STRUCTURE_BYTES_MAX);
    let text = text.ok_or_else(|| refused("it is no data, or too long".into()))?;
    // serde_json has a limit to how deep it reads.
    serde_json::from_str::<T>(&format!("{{{name:?}:{text}}}"))
        .map_err(|error| refused(error.to_string()))?;
    JSON::parse(&text).map_err(|_| refused("it is no data".into()))
}

/// A manifest, or none when it is null or undefined.
pub(super) fn manifest(argument: &'static str, value: &JsValue) -> Result<Option<Manifest>, Error> {
    if is_missing(value) {
        return Ok(None);
    }
    let refused = || refused(argument, "a manifest, as `manifest.json` has it,", value);
    // It is JSON by nature, and what throws when it is read, or contains itself, ends here.
    let text = is_plain(value).then(|| JSON::stringify(value).ok());
    let text = text.flatten().and_then(|text| text.as_string());
    let text = text.ok_or_else(refused)?;
    let found = serde_json::from_str(&text).map(Some);
    found.map_err(|error| match refused() {
        Error::InvalidArgument { argument, problem } => Error::InvalidArgument {
            argument,
            problem: format!("{problem} ({error})"),
        },
        other => other,
    })
}

/// Whether `value` is an object of names and values: no list, no promise, no map, nothing with a kind of its own.
fn is_plain(value: &JsValue) -> bool {
    let tag = Reflect::get(value, &Symbol::to_string_tag()).map(|tag| tag.as_string());
    // A namespace of a module (`import * as config`) is a `Module`.
    let is_tagged = |tag: &str| !["", "Object", "Module"].contains(&tag);
    value.is_object()
        && !value.is_instance_of::<Array>()
        && tag.is_ok_and(|tag| !tag.as_deref().is_some_and(is_tagged))
}

/// An object with one setting.
fn alone(key: &JsValue, setting: &JsValue) -> JsValue {
    let object = Object::new();
    // Setting a property of a fresh object does not fail.
    let _ = Reflect::set(&object, key, setting);
    object.into()
}

/// What serde would have taken in place of a `wrong` value, in words.
fn expectation<T: DeserializeOwned>(wrong: JsValue) -> String {
    let Err(error) = serde_wasm_bindgen::from_value::<T>(wrong) else {
        return "something else".to_owned();
    };
    match error.to_string().split_once(", expected ") {
        Some((_, "u32")) => format!("a whole number from 0 to {}", u32::MAX),
        Some((_, "f64")) => "a number".to_owned(),
        Some((_, words)) => words.to_owned(),
        None => "something else".to_owned(),
    }
}
