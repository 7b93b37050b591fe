//! JavaScript's values in words, for whoever passed the wrong one. Reading a value may run its own code, so
//! nothing here lets an exception through.

use js_sys::{Array, Function, Reflect, Symbol};
use wasm_bindgen::prelude::*;

/// Characters of a text that are quoted.
const QUOTED_MAX: usize = 40;

/// `undefined`, `the text "trian"`, `a Float32Array of 3,072`, `an ImageData of 48 × 48`.
pub(super) fn described(value: &JsValue) -> String {
    if value.is_undefined() {
        return "undefined".to_owned();
    }
    if value.is_null() {
        return "null".to_owned();
    }
    if let Some(flag) = value.as_bool() {
        return flag.to_string();
    }
    if let Some(number) = value.as_f64() {
        return format!("the number {number}");
    }
    if let Some(text) = value.as_string() {
        return quoted(&text);
    }
    if value.is_symbol() {
        return "a symbol".to_owned();
    }
    if value.is_bigint() {
        return "a BigInt".to_owned();
    }
    if value.is_function() {
        return "a function".to_owned();
    }
    let Some(name) = name_of(value) else {
        return "an object that cannot be read".to_owned();
    };
    let article = match name.starts_with(['A', 'E', 'I', 'O']) {
        true => "an",
        false => "a",
    };
    match name.as_str() {
        "Object" => "an object".to_owned(),
        "Promise" => "a Promise, which has to be awaited,".to_owned(),
        _ => format!("{article} {name}{}", size_of(value)),
    }
}

/// What something that was thrown says: an error's message, anything else in words.
pub(super) fn said_by(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &"message".into()).ok();
    let message = message.and_then(|message| message.as_string());
    message.unwrap_or_else(|| described(thrown))
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        None => format!("the text {text:?}"),
        Some((end, _)) => format!("a text that begins with {:?}", &text[..end]),
    }
}

/// The name of an object's kind, as `Object.prototype.toString` has it, else its constructor's; `Object` where it
/// has none, and none where reading it throws.
pub(super) fn name_of(value: &JsValue) -> Option<String> {
    if value.is_instance_of::<Array>() {
        return Some("Array".to_owned());
    }
    let tag = Reflect::get(value, &Symbol::to_string_tag()).ok()?;
    if let Some(tag) = tag.as_string().filter(|tag| !tag.is_empty()) {
        return Some(tag);
    }
    let constructor = Reflect::get(value, &"constructor".into()).ok()?;
    let name = constructor
        .dyn_ref::<Function>()
        .and_then(|constructor| Reflect::get(constructor, &"name".into()).ok())
        .and_then(|name| name.as_string())
        .filter(|name| !name.is_empty());
    Some(name.unwrap_or_else(|| "Object".to_owned()))
}

/// ` of 48 × 48`, ` of 3,072`, ` of 3,072 bytes`; nothing where an object has no size.
fn size_of(value: &JsValue) -> String {
    let number = |name: &str| {
        let found = Reflect::get(value, &name.into()).ok()?.as_f64()?;
        Some(grouped(found))
    };
    if let (Some(width), Some(height)) = (number("width"), number("height")) {
        return format!(" of {width} × {height}");
    }
    if let Some(length) = number("length").or_else(|| number("size")) {
        return format!(" of {length}");
    }
    number("byteLength").map_or_else(String::new, |bytes| format!(" of {bytes} bytes"))
}

/// `3,072`.
pub(super) fn grouped(number: f64) -> String {
    let digits = number.to_string();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits;
    }
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
