//! The records, at the border: `add_shard`, `records`, `check_restored`.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use super::convert::{answer, to_js};
use super::{Claim, arguments, lock};
use crate::error::Error;
use crate::protocol::{Config, Split, SplitChoice};

/// Records that are augmented at a time, to be looked at.
const AUGMENTED_MAX: u32 = 1_000;

/// Checks a file of CIFAR-10 records, raw or gzip, and adds them. With a manifest the manifest says where they go;
/// without one `split` does: `"train"`, `"test"`, or `"auto"`: where the official file with these bytes belongs, else
/// where the name says (`test` as a word of its own), else to training. `name`: what people call the file; a
/// saved run names what it was trained on by it.
///
/// # Errors
/// `invalid_argument`, `gzip`, `record_length`, `too_large`, `label`, `hash_mismatch`, `duplicate`, `not_loaded`,
/// `busy` (also while a run is paused: its records must not change).
#[wasm_bindgen(unchecked_return_type = "ShardAdded")]
pub async fn add_shard(
    #[wasm_bindgen(unchecked_param_type = "Split | \"auto\"")] split: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "string | null")] name: JsValue,
) -> Result<JsValue, JsValue> {
    answer(add_shard_bytes(split, bytes, name).await)
}

async fn add_shard_bytes(split: JsValue, bytes: JsValue, name: JsValue) -> Result<JsValue, Error> {
    let split: SplitChoice = arguments::choice("split", &split)?;
    let bytes = arguments::file("bytes", &bytes)?;
    let name = arguments::optional_text("name", &name)?;
    let claim = Claim::new("add_shard")?;
    let mut session = lock(&claim.0).await?;
    let added = session.get()?.add_shard(split, bytes, name.as_deref())?;
    to_js(&added)
}

/// Records as CIFAR-10's official files have them, a label and a picture's bytes each: of those that a run of the present configuration would
/// train on (`"train"`) or measure on (`"test"`), held-out ones among them, `count` from `first` on, or as many as
/// there are. Served between the steps of a running epoch.
///
/// # Errors
/// `invalid_argument`, `not_loaded`.
#[wasm_bindgen(unchecked_return_type = "Uint8Array")]
pub async fn records(
    #[wasm_bindgen(unchecked_param_type = "Split")] set: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] first: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] count: JsValue,
) -> Result<JsValue, JsValue> {
    answer(read_records(set, &first, &count).await)
}

async fn read_records(set: JsValue, first: &JsValue, count: &JsValue) -> Result<JsValue, Error> {
    let set: Split = arguments::choice("set", &set)?;
    let first = arguments::whole("first", first, 0..=u32::MAX)? as usize;
    let count = arguments::whole("count", count, 0..=u32::MAX)? as usize;
    let border = super::border();
    let bytes = lock(&border).await?.get()?.records(set, first, count);
    Ok(Uint8Array::from(bytes.as_slice()).into())
}

/// Records as `config`'s augmentation lays them down, each with its label before it: `count` from `first` on of those that a
/// run of the present configuration trains on, or as many as there are. The draws are those of an epoch (from 0) that
/// visits these records first. Nothing changes; served between the steps of a running epoch.
///
/// # Errors
/// `invalid_argument`, `invalid_config`, `not_loaded`.
#[wasm_bindgen(unchecked_return_type = "Uint8Array")]
pub async fn augmented(
    #[wasm_bindgen(unchecked_param_type = "Partial<Config>")] config: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] first: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] count: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] epoch: JsValue,
) -> Result<JsValue, JsValue> {
    answer(augment_records(config, [first, count, epoch]).await)
}

async fn augment_records(config: JsValue, numbers: [JsValue; 3]) -> Result<JsValue, Error> {
    let config: Config = arguments::settings("config", &config)?;
    config.validate()?;
    let [first, count, epoch] = numbers;
    let first = arguments::whole("first", &first, 0..=u32::MAX)? as usize;
    let count = arguments::whole("count", &count, 0..=AUGMENTED_MAX)? as usize;
    let epoch = arguments::whole("epoch", &epoch, 0..=u32::MAX)?;
    let border = super::border();
    let bytes = lock(&border).await?.get()?.augmented(
        &config,
        first..first.saturating_add(count),
        epoch,
    )?;
    Ok(Uint8Array::from(bytes.as_slice()).into())
}

/// Rejects where a run that was restored and waits cannot go on with the records held: the run waits all the same.
/// [`advance`](super::advance) and [`train_epoch`](super::train_epoch) ask the same before they do a step.
///
/// # Errors
/// `checkpoint` (its records are others: the message names the files to add), `data_missing`, `not_loaded`.
#[wasm_bindgen]
pub async fn check_restored() -> Result<(), JsValue> {
    answer(check_session().await.map(|()| JsValue::UNDEFINED)).map(drop)
}

async fn check_session() -> Result<(), Error> {
    let border = super::border();
    lock(&border).await?.get()?.check_restored()
}
